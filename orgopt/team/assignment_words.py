"""A task in words: what an assignment says of it, and how who holds it says that it ends."""

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

_STEPS = re.compile(r"\bsteps?\s*:\s*(?P<steps>.*?)(?=\bdone\s+when\b|$)", re.IGNORECASE)
_DONE = re.compile(r"\bdone\s+when\s*:?\s*(?P<done>.*)$", re.IGNORECASE)
_BELOW = re.compile(
    r"(?:below|under|less than|at most|<=?|≤)\s*(?P<number>-?\d*\.?\d+(?:e[+-]?\d+)?)"
    r"(?![\d,]*,\d|\.?\d|\s*%)",  # neither the beginning of `1,000` nor a share: what is unsure is no number
    re.IGNORECASE,
)
_ENDS = re.compile(
    r"\W*(?P<how>done|gives? up|giving up|hands? over(?:\s+to\s+(?P<to>[\w-]+))?)\s*[:.,-]\s*(?P<why>.*)", re.IGNORECASE
)
_MOST_STEPS = 12


class AssignmentWords(NamedTuple):
    """What a task is in words; one of a giver without words has none.

    Attributes:
        goal: What it is for.
        steps: A checklist.
        done_when: What counts as done.
        below: The metric at which it is, where `done_when` says a number.
    """

    goal: str = ""
    steps: tuple[str, ...] = ()
    done_when: str = ""
    below: float | None = None

    @property
    def text(self) -> str:
        """All of it."""
        return f"{self.goal}{self.rest}"

    @property
    def rest(self) -> str:
        """All but the goal."""
        steps = f" Steps: {'; '.join(self.steps)}." if self.steps else ""
        done = f" Done when {self.done_when.rstrip('.')}." if self.done_when else "."
        return f"{steps}{done}" if self.steps or self.done_when else "."


class Ended(NamedTuple):
    """How somebody says that a task ends, to whom it is handed over, and why."""

    how: Literal["done", "gave up", "handed over"]
    to: str
    why: str


def words_of(assignment: str, name: str, everyone: Sequence[str]) -> AssignmentWords | None:
    """The task of one agent in an assignment of several, `NAME: goal. Steps: a; b. Done when: … | …`; None for none.

    A part without a name is for all who are not named.
    """
    parts = [part.strip() for part in assignment.split("|") if part.strip()]
    named = {one: text for part in parts for one, text in [_addressed(part, everyone)]}
    text = named.get(name) or named.get("") or ""
    return _words(text) if text else None


def ending_of(note: str) -> Ended | None:
    """What the words of an experiment say of the end of a task: `done: …`, `give up: …` or `hand over to NAME: …`."""
    match = _ENDS.match(note)
    if match is None:
        return None
    how = match["how"].lower()
    return Ended(
        "done" if how == "done" else "handed over" if "hand" in how else "gave up", match["to"] or "", match["why"]
    )


def _addressed(part: str, everyone: Sequence[str]) -> tuple[str, str]:
    head, colon, rest = part.partition(":")
    name = head.strip().lower()
    return (name, rest.strip()) if colon and name in everyone else ("", part)


def _words(text: str) -> AssignmentWords:
    done, steps = _DONE.search(text), _STEPS.search(text)
    ends = [match.start() for match in (done, steps) if match]
    goal = text[: min(ends)] if ends else text
    listed = re.split(r"\s*;\s*|\s+\d+[.)]\s+", steps["steps"].strip(" .")) if steps else []
    done_when = done["done"].strip(" .") if done else ""
    number = _BELOW.search(done_when)
    return AssignmentWords(
        goal=goal.strip(" .") or text.strip(),
        steps=tuple(one for one in listed if one)[:_MOST_STEPS],
        done_when=done_when,
        below=float(number["number"]) if number else None,
    )
