"""The candidates as data for the page's script: documents, differences, charts and scores, each line of text once."""

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from orgopt.document import parse, read
from orgopt.draw import svg
from orgopt.errors import OrgoptError
from orgopt.org import Org
from orgopt.report.diffs import Line, difference
from orgopt.report.generations import leader, words
from orgopt.report.markup import Markup, h, visible
from orgopt.study.records.names import PHASES
from orgopt.study.view import CandidateView, StudyView
from orgopt.study.wording import count, phase_name, plain

_STYLE = re.compile(r"<style>.*?</style>\n?", re.DOTALL)
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
    """The block of JSON that the page's script reads."""
    store = _Store()
    selected = study.ahead
    candidates = [_entry(study, candidate, store) for candidate in study.candidates]
    content = {
        "lines": store.lines,
        "texts": store.texts,
        "candidates": candidates,
        "selected": selected.record.index if selected else None,
        "champion": selected.record.index if selected else None,
        "leader": leader(study),
    }
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # No text can end the block or open a comment in it.
    for char in "<>&\u2028\u2029":
        text = text.replace(char, f"\\u{ord(char):04x}")
    return h("script", Markup(text), type="application/json", id="data")


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


def _entry(study: StudyView, candidate: CandidateView, store: _Store) -> dict[str, Any]:
    parent, seed, own = study.parent(candidate), study.seed, candidate.record
    org = organization(own.program)
    drawn = own.index < MAX_CHARTS or candidate is study.best
    return {
        "i": own.index,
        "name": visible(candidate.name),
        "generation": own.generation,
        "parent": own.parent,
        "proposer": visible(own.proposer),
        "value": plain(candidate.value),
        "error": plain(candidate.error) if candidate.error is not None else "",
        "words": visible(words(study, candidate)),
        "size": _size(org),
        "changes": [visible(line) for line in own.changes],
        "text": store.text(visible("\n".join(own.program.splitlines()))),
        "chart": store.text(drawing(own.program)) if drawn else None,
        "parentDiff": _rows(difference(parent.record.program, own.program), store) if parent else None,
        "seedDiff": _rows(difference(seed.record.program, own.program), store)
        if seed and seed is not candidate
        else None,
        "scores": _scores(study, candidate),
    }


def _size(org: Org | None) -> str:
    if org is None:
        return "its document cannot be read"
    return ", ".join((count(org.headcount, "agent"), count(len(org.roles), "role"), count(len(org.links), "link")))


def _rows(lines: Sequence[Line], store: _Store) -> list[list[Any]]:
    """Lines of a diff as mark, number of the line, and changed spans."""
    found: list[list[Any]] = []
    for line in lines:
        shown = visible(line.text)
        spans = [list(span) for span in line.spans] if shown == line.text else []
        found.append([line.mark, store.line(shown), *([spans] if spans else [])])
    return found


def _scores(study: StudyView, candidate: CandidateView) -> list[list[Any]]:
    """Phase, task, and research output by seed."""
    keys = [key for key in study.runs if key[1] == candidate.name and key[0] in PHASES]
    keys.sort(key=lambda key: (PHASES.index(key[0]), key[2]))
    return [
        [phase_name(key[0]), visible(key[2]), [round(run.score.research_output, 4) for run in study.runs[key]]]
        for key in keys
    ]
