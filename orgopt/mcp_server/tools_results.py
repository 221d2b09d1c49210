"""The tools for what is there: tasks, studies, contests and runs, their reports and ledgers."""

from collections.abc import Callable
from typing import Any

from orgopt.api.results import Kept, find_result, results
from orgopt.mcp_server.marked import data
from orgopt.mcp_server.permissions import Permissions
from orgopt.storage.jsonl import read_lines
from orgopt.study.verdict.ending_form import text as in_words
from orgopt.tasks.source import find_tasks

MOST_LINES = 200
"""Lines of a log that one answer has."""
Tool = Callable[..., Any]


class ResultTools:
    """The tools for what is there; what each is for stands where an agent reads it."""

    def __init__(self, may: Permissions) -> None:
        self.may = may

    @property
    def tools(self) -> list[Tool]:
        """The tools."""
        return [self.list_tasks, self.list_results, self.read_report, self.read_ledger]

    def list_tasks(self) -> dict[str, Any]:
        """The tasks that can be researched here, by name."""
        from orgopt.tasks.folder import load_task

        home = self.may.workspace
        tasks = [load_task(self.may.task(name), home) for name in find_tasks(home)]
        return data({"tasks": [{"name": task.name, "title": task.title} for task in tasks]})

    def list_results(self) -> dict[str, Any]:
        """All studies, contests and runs of the workspace, the newest first: state, size, and what came of them."""
        return data({"results": [one.to_dict() for one in results(workspace=self.may.workspace)]})

    def read_report(self, name: str) -> dict[str, Any]:
        """What a study found, in plain words and as JSON: verdict, how sure that is, scores, advice, changes.

        Args:
            name: Of the study, from list_results.
        """
        one = self._named(name)
        if one.kind != "study":
            return data(one.to_dict())
        from orgopt.api.studies import open_study

        found = open_study(one.folder)
        return data({"report": in_words(found.ending), **found.to_dict()})

    def read_ledger(self, name: str, first: int = 0, lines: int = 50) -> dict[str, Any]:
        """Lines of the log of a study, a contest or a run, as they were written.

        Args:
            name: From list_results.
            first: The first line, from 0; negative counts from the end.
            lines: How many, at most 200.
        """
        one = self._named(name)
        logged = read_lines(one.log)
        begin = max(0, first if first >= 0 else len(logged) + first)
        shown = logged[begin : begin + max(0, min(lines, MOST_LINES))]
        return data({"log": one.log.name, "lines": len(logged), "first": begin, "records": shown})

    def _named(self, name: str) -> Kept:
        found = find_result(self.may.name(name), workspace=self.may.workspace)
        self.may.path(str(found.log))  # a log may be a link
        return found
