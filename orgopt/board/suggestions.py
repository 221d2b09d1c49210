"""Work: what is most worth trying next on a board, as a document that `orgopt run` takes.

A part of the task, which is a group of knobs, is worth more the more its claims gained and the less it was tried, by
the upper confidence bound of a bandit (UCB1: Auer et al. 2002, Machine Learning 47, 235). Two agents get the part that
is worth most, and one looks after the whole. The document has figures and settings of the board alone: no word that a
contributor wrote, since it is read by models.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orgopt.board.public_view import BoardView
from orgopt.board.records import ClaimRecord, ClaimStatus
from orgopt.board.sequential_test import bounded
from orgopt.tasks.knob import Settings
from orgopt.tasks.task import Task

_FAILED = 8
"""Of the claims that were no better, how many are told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What is most worth trying.

    Attributes:
        best: The claim that is best; None is the untouched script.
        settings: What it turns.
        focus: The group of knobs that is worth most.
        groups: All groups with how often each was tried, and what it gained in the mean, from 0 to 1.
        failed: Settings that were no better.
        text: The document.
    """

    best: int | None
    settings: Settings
    focus: str
    groups: tuple[tuple[str, int, float], ...]
    failed: tuple[Settings, ...]
    text: str

    def to_dict(self) -> dict[str, Any]:
        """The assignment as JSON values."""
        groups = [{"name": name, "tried": tried, "gain": gain} for name, tried, gain in self.groups]
        return {
            "best": self.best,
            "settings": dict(self.settings),
            "focus": self.focus,
            "groups": groups,
            "failed": [dict(one) for one in self.failed],
            "text": self.text,
        }


def assignment(told: BoardView, task: Task) -> Suggestion:
    """What is most worth trying on a board."""
    decided = [one for one in told.newest if one.test is not None and not one.status.open]
    before = {one.id: one.settings for one in (*told.accepted, *told.newest)}
    groups = _groups(decided, before, told, task)
    total = sum(tried for _, tried, _ in groups)
    focus = max(groups, key=lambda one: one[2] + math.sqrt(2 * math.log(total + 1) / (one[1] + 1)))[0]
    best = told.accepted[0] if told.accepted else None
    failed = tuple(one.settings for one in decided if one.status is ClaimStatus.NOT_SHOWN and one.settings)[:_FAILED]
    return Suggestion(
        best=best.id if best else None,
        settings=best.settings if best else {},
        focus=focus,
        groups=groups,
        failed=failed,
        text=_text(told, best, focus, failed),
    )


def _groups(
    decided: Sequence[ClaimRecord], before: dict[int, Settings], told: BoardView, task: Task
) -> tuple[tuple[str, int, float], ...]:
    """Each group of knobs, how many claims turned one of its knobs, and what these gained in the mean."""
    of = {knob.name: knob.group for knob in task.knobs}
    gains: dict[str, list[float]] = {knob.group: [] for knob in task.knobs}
    scale = math.sqrt(2) * told.terms.noise / (abs(told.terms.baseline) if told.terms.by_ratio else 1.0)
    for one in decided:
        old = before.get(one.against or 0, {})
        turned = {name for name in {*one.settings, *old} if one.settings.get(name) != old.get(name)}
        for group in {of[name] for name in turned if name in of}:
            gains[group].append(max(0.0, bounded(one.result.get("gain") or 0.0, scale)))
    return tuple((name, len(found), sum(found) / max(1, len(found))) for name, found in gains.items())


def _text(told: BoardView, best: ClaimRecord | None, focus: str, failed: Sequence[Settings]) -> str:
    terms = told.terms
    if best is None:
        stands = "Nothing was accepted yet: begin with the script as it is."
    elif best.script:
        stands = f"The best so far is claim {best.id}, a rewritten script. `orgopt board show {best.id}` prints it."
    else:
        stands = f"The best so far is claim {best.id}: {_listed(best.settings)}. Begin there."
    lines = [f"- {_listed(one)}" for one in failed]
    tried = "\n\nTried, and no better:\n\n" + "\n".join(lines) if lines else ""
    return f"""# Next on {terms.task}

Lower {terms.metric}. What is found is claimed on a board, where it counts once it is verified.

## Roles

### Lead
- **Headcount:** 1
- **Agent:** tpe
- **Risk tolerance:** 0.2

{stands} Look after the whole, and submit what is better by more than noise.

### Explorer
- **Headcount:** 2
- **Agent:** hill-climb
- **Focus:** {focus}
- **Risk tolerance:** 0.5

{stands} Of all parts, {focus} is most worth trying now.{tried}

## Links
- Explorer → Lead: reports to

## Rhythm
- **Stand-up:** every 8 experiments, everyone, best 2
"""


def _listed(settings: Settings) -> str:
    return ", ".join(f"{name} = {value}" for name, value in settings.items()) or "the script as it is"
