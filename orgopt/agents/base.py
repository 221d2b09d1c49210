"""The Agent protocol: who thinks. An agent sees a View and answers with a Proposal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from orgopt.task import Knob, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A setting that an agent knows the result of.

    Attributes:
        id: The experiment, or 0 for the baseline.
        settings: The value of every knob.
        metric: What it gave, lower is better; None when the experiment failed.
    """

    id: int
    settings: Mapping[str, Value]
    metric: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What an agent knows when it acts.

    Attributes:
        knobs: What may be turned.
        known: Every result that it ran or heard of, the baseline first.
        risk: Its risk tolerance, 0 to 1.
        rng: The source of its random choices.
    """

    knobs: Sequence[Knob]
    known: Sequence[Known]
    risk: float
    rng: np.random.Generator

    def ranked(self) -> list[Known]:
        """The known settings that have a metric, best first."""
        return sorted((k for k in self.known if k.metric is not None), key=lambda k: (k.metric, k.id))

    def knows(self, settings: Mapping[str, Value]) -> bool:
        """Whether the result of these very settings is known."""
        return any(k.settings == settings for k in self.known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """An experiment that an agent asks for: full settings, the known setting it starts from, and a note."""

    settings: Mapping[str, Value]
    parent: int
    note: str


class Agent(Protocol):
    """Decides what to try next."""

    def act(self, view: View) -> Proposal:
        """The next experiment, from what the view shows and nothing else."""
        ...


def propose(start: Known, changes: Mapping[str, Value]) -> Proposal:
    """A proposal that changes some knobs of a known setting; its note lists what differs."""
    settings = {**start.settings, **changes}
    moved = [
        f"{name} {start.settings[name]} → {value}" for name, value in changes.items() if start.settings[name] != value
    ]
    return Proposal(settings=settings, parent=start.id, note=", ".join(moved) or "the same again")
