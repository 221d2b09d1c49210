"""The tools for documents: show, lint, diff, and apply edits, which writes the file where that is allowed."""

from collections.abc import Callable
from typing import Any

from orgopt.document import apply, describe, diff, lint, read, require_org
from orgopt.document.editing.base import from_dict
from orgopt.document.findings import Finding
from orgopt.document.linting.rules import RULES
from orgopt.document.saving import save
from orgopt.document.text.program import Program
from orgopt.errors import UsageError
from orgopt.mcp_server.marked import data
from orgopt.mcp_server.permissions import Permissions

Tool = Callable[..., Any]


class DocumentTools:
    """The tools for documents; what each is for stands where an agent reads it."""

    def __init__(self, may: Permissions) -> None:
        self.may = may

    @property
    def tools(self) -> list[Tool]:
        """The tools."""
        return [self.show_document, self.lint_document, self.diff_documents, self.apply_edits]

    def show_document(self, document: str) -> dict[str, Any]:
        """An organization as JSON: its roles, links and stand-ups, and the text of its document.

        Args:
            document: A path from the workspace, such as program.md, or champion@STUDY, seed@STUDY, g02-c11@STUDY.
        """
        program = self.may.document(document)
        return data({"organization": read(program).org.to_dict(), "text": program.text})

    def lint_document(self, document: str) -> dict[str, Any]:
        """What is wrong or doubtful in a document, with lines, and what to do; an empty list is a sound one.

        Args:
            document: A path from the workspace, or champion@STUDY.
        """
        program = self.may.document(document)
        return data({"findings": [_finding(program, one) for one in lint(program)]})

    def diff_documents(self, before: str, after: str) -> dict[str, Any]:
        """The edits that make one document of another, as JSON that apply_edits takes, and in words.

        Args:
            before: A path from the workspace, or seed@STUDY.
            after: Likewise, or champion@STUDY.
        """
        a, b = self.may.document(before), self.may.document(after)
        edits = diff(a, b)
        words = describe(edits, read(a).org)
        told = [{**edit.to_dict(), "words": line} for edit, line in zip(edits, words, strict=True)]
        return data({"edits": told, "same_text": a.text == b.text})

    def apply_edits(self, document: str, edits: list[dict[str, Any]], write: bool = False) -> dict[str, Any]:
        """A document after some edits, with what lint says of it; the file stays as it is unless `write` is allowed.

        Args:
            document: A path from the workspace.
            edits: As diff_documents gives them, such as {"edit": "SetKey", "role": "lead", "key": "headcount",
                "value": "2"}, {"edit": "AddLink", "link": "explorer -> lead: reports to"}, {"edit": "RemoveRole",
                "role": "explorer"}.
            write: Whether the file is written; needs `orgopt mcp --allow write`.
        """
        program = self.may.document(document)
        after = apply([from_dict({key: one[key] for key in one if key != "words"}) for one in edits], program)
        org = require_org(after)
        if write:
            self.may.require("write")
            if "@" in document and not self.may.path(document).exists():
                raise UsageError(f"{document} is a study's, and stays as it is: name a file")
            save(after)
        found = [_finding(after, one) for one in lint(after)]
        return data({"text": after.text, "headcount": org.headcount, "findings": found, "written": write})


def _finding(program: Program, one: Finding) -> dict[str, Any]:
    path, line, column = program.place(one.span.start)
    told = {"code": one.code, "name": RULES[one.code].name, "severity": one.severity, "message": one.message}
    return {**told, "help": one.help, "path": path, "line": line, "column": column}
