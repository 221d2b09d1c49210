"""Differences of two texts by line, with the changed words of lines that replace each other."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest
from typing import NamedTuple

CONTEXT = 2
"""Unchanged lines that are shown around a change."""

_ALIKE = 0.35  # lines less alike than that replace each other as wholes


class Line(NamedTuple):
    """A line of a diff.

    Attributes:
        mark: `+`, `-`, a space, or `…` for unchanged lines that are left out.
        text: The line, or how many are left out.
        spans: Where its words changed, as starts and ends.
    """

    mark: str
    text: str
    spans: tuple[tuple[int, int], ...] = ()


def difference(before: str, after: str) -> list[Line]:
    """The lines of two texts that differ, with some around them; empty where no line does."""
    a, b = before.splitlines(), after.splitlines()
    found: list[Line] = []
    end = 0
    for group in SequenceMatcher(None, a, b, autojunk=False).get_grouped_opcodes(CONTEXT):
        if all(tag == "equal" for tag, *_ in group):
            continue
        if skipped := group[0][1] - end:
            found.append(Line("…", _lines(skipped)))
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                found += [Line(" ", text) for text in a[i1:i2]]
            else:
                found += _replaced(a[i1:i2], b[j1:j2])
        end = group[-1][2]
    if found and len(a) > end:
        found.append(Line("…", _lines(len(a) - end)))
    return found


def _lines(number: int) -> str:
    return f"{number} line{'s' * (number != 1)}"


def _replaced(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    pairs = [_words(a, b) if a and b else ((), ()) for a, b in zip_longest(old, new, fillvalue="")]
    yield from (Line("-", text, pair[0]) for text, pair in zip(old, pairs, strict=False))
    yield from (Line("+", text, pair[1]) for text, pair in zip(new, pairs, strict=False))


def _words(old: str, new: str) -> tuple[tuple[tuple[int, int], ...], tuple[tuple[int, int], ...]]:
    """Where the words of two lines differ, in each of them; nothing where hardly any agree."""
    a, b = re.findall(r"\w+|\s+|.", old), re.findall(r"\w+|\s+|.", new)
    matcher = SequenceMatcher(None, a, b, autojunk=False)
    if matcher.ratio() < _ALIKE:
        return (), ()
    changes = [(i1, i2, j1, j2) for tag, i1, i2, j1, j2 in matcher.get_opcodes() if tag != "equal"]
    return (
        tuple(_span(a, i1, i2) for i1, i2, _, _ in changes if i1 < i2),
        tuple(_span(b, j1, j2) for _, _, j1, j2 in changes if j1 < j2),
    )


def _span(words: Sequence[str], start: int, end: int) -> tuple[int, int]:
    first = sum(map(len, words[:start]))
    return first, first + sum(map(len, words[start:end]))
