"""The candidates as data for the page's script: documents, charts, scores and curves, each line of text once."""

import json
import re
from functools import lru_cache
from typing import Any

from orgopt.basics.markup import Markup, h, visible
from orgopt.document import parse, read
from orgopt.draw import svg
from orgopt.errors import OrgoptError
from orgopt.org import Org
from orgopt.report.budget_curves import mean_curve
from orgopt.report.generations import Kinds, leader
from orgopt.study.records.names import PHASES, SEARCH, TEST
from orgopt.study.view import CandidateView, StudyView
from orgopt.study.wording import SEED_DOCUMENT, count, duration, phase_name, plain

_STYLE = re.compile(r"<style>.*?</style>\n?", re.DOTALL)
_TIP = 90  # characters of a change where the pointer is
_POINTS = 24  # of a curve
MAX_CHARTS = 400
"""Charts of more candidates than that would make the page too large; the first and the champion have theirs."""


@lru_cache(1024)
def organization(program: str) -> Org | None:
    """The organization of a document; None where it cannot be read."""
    try:
        return read(parse(program, "program.md")).org
    except OrgoptError:
        return None


@lru_cache(1024)
def drawing(program: str) -> str:
    """The chart of a document's organization without its style sheet, which the page has once."""
    org = organization(program)
    return _STYLE.sub("", svg(org)) if org else ""


def data(study: StudyView) -> Markup:
    """The block of JSON that the page's script reads: all candidates, with their texts."""
    store, kinds = _Store(), Kinds.of(study)
    candidates = [
        {**_row(kinds, candidate), **_detail(study, candidate, store, drawn=candidate.record.index < MAX_CHARTS)}
        for candidate in study.candidates
    ]
    return block({**_choices(study), "lines": store.lines, "texts": store.texts, "candidates": candidates})


def rows(study: StudyView) -> dict[str, Any]:
    """The candidates without what their documents say, for a page that asks for that."""
    kinds = Kinds.of(study)
    return {**_choices(study), "candidates": [_row(kinds, candidate) for candidate in study.candidates]}


def detail(study: StudyView, candidate: CandidateView) -> dict[str, Any]:
    """What a page asks for of one candidate: its text, chart, changes, scores and curves, with the lines they name."""
    store = _Store()
    found = _detail(study, candidate, store, drawn=True)
    return {**found, "lines": store.lines, "texts": store.texts}


def block(content: dict[str, Any]) -> Markup:
    """Data for a page's script, inside of the page."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # No text can end the block or open a comment in it.
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return h("script", Markup(text), type="application/json", id="data")


def _choices(study: StudyView) -> dict[str, Any]:
    ahead = study.ahead
    return {
        "selected": ahead.record.index if ahead else None,
        "champion": ahead.record.index if ahead else None,
        "leader": leader(study),
        "budget": study.head.identity.budget_s,
        "digits": Kinds.of(study).digits,
        "claims": _claims(study),
    }


def _claims(study: StudyView) -> dict[str, tuple[float, float, float]]:
    """How far the champion is ahead of the seed document on test seeds, with its 95 % interval, by task."""
    found = study.final.claims if study.final else ()
    return {
        visible(one.task): (one.difference, one.low, one.high)
        for one in found
        if (one.phase, one.entrant) == (TEST, SEED_DOCUMENT) and one.low is not None and one.high is not None
    }


class _Store:
    """Distinct lines, and distinct texts as numbers of lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.texts: list[list[int]] = []
        self._line: dict[str, int] = {}
        self._text: dict[str, int] = {}

    def line(self, text: str) -> int:
        if text not in self._line:
            self._line[text] = len(self.lines)
            self.lines.append(text)
        return self._line[text]

    def text(self, text: str) -> int:
        if text not in self._text:
            self._text[text] = len(self.texts)
            self.texts.append([self.line(line) for line in text.split("\n")])
        return self._text[text]


def _row(kinds: Kinds, candidate: CandidateView) -> dict[str, Any]:
    own, standing = candidate.record, candidate.standing
    return {
        "i": own.index,
        "name": visible(candidate.name),
        "generation": own.generation,
        "parent": own.parent,
        "other": own.other,
        "proposer": visible(own.proposer),
        "value": plain(candidate.value, kinds.digits),
        "error": plain(candidate.error, kinds.digits) if candidate.error is not None else "",
        "estimate": plain(standing.estimate, kinds.digits) if standing else "",
        "words": visible(kinds.words(candidate)),
        "tip": [visible(line)[:_TIP] for line in own.changes[:4]],
    }


def _detail(study: StudyView, candidate: CandidateView, store: _Store, *, drawn: bool) -> dict[str, Any]:
    own = candidate.record
    return {
        "size": _size(organization(own.program)),
        "changes": [visible(line) for line in own.changes],
        "text": store.text(visible("\n".join(own.program.splitlines()))),
        "chart": store.text(drawing(own.program)) if drawn or candidate is study.best else None,
        "scores": _scores(study, candidate),
        "curves": _curves(study, candidate),
        "costs": _costs(study, candidate),
    }


def _costs(study: StudyView, candidate: CandidateView) -> list[str]:
    """What a run of the search took on average, in the order in which the page's script names it."""
    scores = [score for task in study.tasks for score in study.scores(SEARCH, candidate.name, task)]
    if not scores:
        return []
    busy = sum(one.utilisation for one in scores) / len(scores)
    tokens = sum(one.tokens for one in scores) / len(scores)
    return [
        count(sum(sum(one.experiments.values()) for one in scores) / len(scores)),
        f"{100 * (1 - busy):.0f} %",
        duration(sum(one.agent_s for one in scores) / len(scores)),
        count(tokens) if tokens else "",
    ]


def _curves(study: StudyView, candidate: CandidateView) -> list[list[Any]]:
    """Task, seeds, and the mean of q over the search seeds at even times of the budget."""
    found: list[list[Any]] = []
    for task in study.tasks:
        runs = [score.curve for score in study.scores(SEARCH, candidate.name, task)]
        if runs:
            found.append([visible(task), len(runs), [round(q, 3) for q in mean_curve(runs, _times(study))]])
    return found


def _times(study: StudyView) -> list[float]:
    return [study.head.identity.budget_s * i / _POINTS for i in range(_POINTS + 1)]


def _size(org: Org | None) -> str:
    if org is None:
        return "its document cannot be read"
    roles = sum(role.headcount > 0 for role in org.roles)
    return ", ".join((count(org.headcount, "agent"), count(roles, "role"), count(len(org.links_in_use), "link")))


def _scores(study: StudyView, candidate: CandidateView) -> list[list[Any]]:
    """Phase, task, and research output by seed."""
    keys = [key for key in study.runs if key[1] == candidate.name and key[0] in PHASES]
    keys.sort(key=lambda key: (PHASES.index(key[0]), key[2]))
    return [
        [phase_name(key[0]), visible(key[2]), [round(run.score.research_output, 4) for run in study.runs[key]]]
        for key in keys
    ]
