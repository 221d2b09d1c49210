"""What came of each result of a workspace, in the words of its own page, for the index."""

from threading import Lock

from orgopt.api.results import Kept
from orgopt.api.run_result import run_view
from orgopt.api.study_result import StudyResult
from orgopt.errors import OrgoptError
from orgopt.report.run_page import run_title
from orgopt.study.contest_view import contest_ending, contest_view
from orgopt.study.verdict.brief import Brief, brief
from orgopt.study.verdict.running import source_name


class Verdicts:
    """The verdicts of results, each read again only where its log was written since."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], tuple[tuple[float, str], Brief]] = {}
        self._lock = Lock()

    def of(self, one: Kept) -> Brief:
        """The verdict of a result; what the workspace says of it where there is none, or it cannot be read."""
        key, mark = (one.kind, one.name), (one.changed, one.state)
        with self._lock:
            known = self._known.get(key)
        if known is None or known[0] != mark:
            known = (mark, _read(one))
            with self._lock:
                self._known[key] = known
        return known[1]


def _read(one: Kept) -> Brief:
    if one.state in {"empty", "damaged"}:
        return Brief(one.said)
    try:
        return {"study": _study, "contest": _contest, "run": _run}[one.kind](one)
    except (OrgoptError, OSError):
        return Brief(one.said)


def _study(one: Kept) -> Brief:
    found = StudyResult.read(one.folder)
    return brief(found.ending, source_name(found.view))


def _contest(one: Kept) -> Brief:
    told = contest_view(one.folder)
    found = told.ranked()
    return brief(contest_ending(told, found)) if found else Brief(one.said)


def _run(one: Kept) -> Brief:
    view = run_view(one.folder)
    return brief(view.ending) if view.ending else Brief(run_title(view), "the metric as the team sees it")
