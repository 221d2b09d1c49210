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
from orgopt.report.generations import words
from orgopt.report.markup import Markup, h, visible
from orgopt.report.records import Candidate, Study
from orgopt.study.wording import PHASES, count, plain

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


def data(study: Study) -> Markup:
    """The block of JSON that the page's script reads."""
    store = _Store()
    champion = study.champion
    candidates = [_entry(study, candidate, store) for candidate in study.candidates]
    content = {
        "lines": store.lines,
        "texts": store.texts,
        "candidates": candidates,
        "selected": champion.index if champion else None,
        "champion": champion.index if champion else None,
        "leader": study.leader,
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


def _entry(study: Study, candidate: Candidate, store: _Store) -> dict[str, Any]:
    parent, seed = study.at(candidate.parent), study.seed
    org = organization(candidate.program)
    drawn = candidate.index < MAX_CHARTS or candidate is study.champion
    return {
        "i": candidate.index,
        "name": visible(candidate.name),
        "generation": candidate.generation,
        "parent": candidate.parent if parent else None,
        "proposer": visible(candidate.proposer),
        "value": plain(candidate.value),
        "error": plain(candidate.error) if candidate.error is not None else "",
        "words": visible(words(study, candidate)),
        "size": _size(org),
        "changes": [visible(line) for line in candidate.changes],
        "text": store.text(visible("\n".join(candidate.program.splitlines()))),
        "chart": store.text(drawing(candidate.program)) if drawn else None,
        "parentDiff": _rows(difference(parent.program, candidate.program), store) if parent else None,
        "seedDiff": _rows(difference(seed.program, candidate.program), store)
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


def _scores(study: Study, candidate: Candidate) -> list[list[Any]]:
    """Phase, task, and research output by seed."""
    keys = [key for key in study.runs if key[1] == candidate.name and key[0] in PHASES]
    keys.sort(key=lambda key: (PHASES.index(key[0]), key[2]))
    return [[key[0], visible(key[2]), [round(run.output, 4) for run in study.runs[key]]] for key in keys]
