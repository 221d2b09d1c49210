"""The Agent protocol: who thinks. An agent sees a View and answers with a Proposal.

`Knowledge` is what an agent may think with; who learns what, and what is believed, is decided in `team`.
"""

from bisect import bisect_left, insort
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from orgopt.org import CopyRule
from orgopt.task import Knob, Value

Array = NDArray[np.float64]
Ranking = list[tuple[float, int]]  # metric and number of a setting, best first


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A setting that an agent knows the results of.

    Attributes:
        id: An experiment that ran it, or 0 for the baseline.
        settings: The value of every knob.
        metric: The mean over its runs, lower is better; None when none succeeded.
        seeds: How many runs succeeded.
        sd: Their standard deviation; 0 for one.
        believed: Whether it may be copied and submitted.
        mine: Whether the agent ran it itself.
    """

    id: int
    settings: Mapping[str, Value]
    metric: float | None
    seeds: int = 1
    sd: float = 0.0
    believed: bool = True
    mine: bool = True


class Knowledge:
    """The settings that an agent knows, ranked; kept up to date as results come in.

    Args:
        knobs: What can be turned.
        known: What is known, numbered from 0 in this order; the baseline first.
        rows: Positions of settings by their number, which a team computes once for all of its agents.
    """

    def __init__(
        self, knobs: Sequence[Knob], known: Iterable[Known] = (), *, rows: dict[int, list[float]] | None = None
    ) -> None:
        self.knobs = knobs
        self.all: list[Known] = []
        self.measured: Ranking = []
        self.believed: Ranking = []
        self._names = tuple(knob.name for knob in knobs)
        self._place: dict[int, int] = {}
        self._by_values: dict[tuple[Value, ...], int] = {}
        self._numbers: list[int] = []
        self._rows: dict[int, list[float]] = {} if rows is None else rows
        self._units: Array = np.empty((0, len(self._names)))
        self._filled = 0
        for number, one in enumerate(known):
            self.put(number, one)

    def put(self, number: int, known: Known) -> None:
        """Add a setting under a number, or replace what was known of it."""
        place = self._place.get(number)
        if place is None:
            self._place[number] = len(self.all)
            self._by_values[self._key(known.settings)] = len(self.all)
            self.all.append(known)
            self._numbers.append(number)
            if known.metric is not None:
                insort(self.measured, (known.metric, number))
                if known.believed:
                    insort(self.believed, (known.metric, number))
            return
        before, self.all[place] = self.all[place], known
        _rerank(self.measured, number, before.metric, known.metric)
        was = before.metric if before.believed else None
        _rerank(self.believed, number, was, known.metric if known.believed else None)

    def get(self, number: int) -> Known | None:
        """What is known of a setting."""
        place = self._place.get(number)
        return None if place is None else self.all[place]

    def has(self, settings: Mapping[str, Value]) -> bool:
        """Whether these very settings were tried."""
        return self._key(settings) in self._by_values

    def best(self, n: int | None = None) -> list[Known]:
        """The best that is believed, best first."""
        return [self.all[self._place[number]] for _, number in self.believed[:n]]

    def ranked(self, n: int | None = None) -> list[Known]:
        """The best that was measured, believed or not."""
        return [self.all[self._place[number]] for _, number in self.measured[:n]]

    def places(self, n: int | None = None) -> list[int]:
        """Where the best that was measured stands in `all` and `units`, best first."""
        return [self._place[number] for _, number in self.measured[:n]]

    def units(self) -> Array:
        """The settings as positions from 0 to 1, shape (len(all), n_knobs)."""
        n = len(self.all)
        if n > len(self._units):
            self._units = np.concatenate([self._units, np.empty((n, len(self._names)))])
        for place in range(self._filled, n):
            number = self._numbers[place]
            row = self._rows.get(number)
            if row is None:
                settings = self.all[place].settings
                row = self._rows[number] = [knob.unit(settings[knob.name]) for knob in self.knobs]
            self._units[place] = row
        self._filled = n
        return self._units[:n]

    def positions(self, known: Sequence[Known]) -> Array:
        """Some known settings as positions, shape (len(known), n_knobs)."""
        return self.units()[[self._by_values[self._key(one.settings)] for one in known]]

    @cached_property
    def ordered(self) -> NDArray[np.bool_]:
        """Which knobs have an order, shape (n_knobs,)."""
        return np.array([knob.ordered for knob in self.knobs])

    def _key(self, settings: Mapping[str, Value]) -> tuple[Value, ...]:
        return tuple([settings[name] for name in self._names])


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """What an agent knows when it acts.

    Attributes:
        knobs: Every knob of the task.
        free: Those that the agent may turn.
        knowledge: Every setting that it knows, the baseline first.
        starts: What it may start from by its copy rule, its incumbent first; never empty.
        own: The best believed setting that it ran itself, or the baseline.
        risk: Its risk tolerance, 0 to 1.
        copy_rule: How `starts` were chosen.
        rng: The source of its random choices.
    """

    knobs: Sequence[Knob]
    free: Sequence[Knob]
    knowledge: Knowledge
    starts: Sequence[Known]
    own: Known
    risk: float
    copy_rule: CopyRule
    rng: np.random.Generator

    @classmethod
    def of(cls, knobs: Sequence[Knob], known: Sequence[Known], risk: float, rng: np.random.Generator) -> Self:
        """The view of an agent that works alone, on all knobs."""
        knowledge = Knowledge(knobs, known)
        starts = knowledge.best(STARTS)
        return cls(
            knobs=knobs,
            free=knobs,
            knowledge=knowledge,
            starts=starts,
            own=next(one for one in starts if one.mine),
            risk=risk,
            copy_rule="best",
            rng=rng,
        )

    def draw(self, n: int) -> int:
        """A whole number below n."""
        return int(self.rng.random() * n)  # a tenth of the time of rng.integers


STARTS = 5
"""How many settings an agent chooses its start from, the incumbent among them."""


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


def scatter(baseline: Known, knobs: Sequence[Knob], rng: np.random.Generator) -> Proposal:
    """A proposal that draws every knob anew, uniformly on its scale."""
    settings = {knob.name: knob.at(rng.random()) for knob in knobs}
    return Proposal(settings=settings, parent=baseline.id, note="starts at random")


def repeat(known: Known, why: str) -> Proposal:
    """A proposal to run a known setting with a new seed."""
    return Proposal(settings=known.settings, parent=known.id, note=f"{why} {known.id or 'the baseline'}")


def _rerank(ranking: Ranking, number: int, before: float | None, after: float | None) -> None:
    if before == after:
        return
    if before is not None:
        del ranking[bisect_left(ranking, (before, number))]
    if after is not None:
        insort(ranking, (after, number))
