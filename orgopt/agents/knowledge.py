"""What agents may think with: the settings that were tried, ranked and as positions.

Who learns what, and what is believed, is decided in `team`.
"""

import math
from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from operator import itemgetter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from orgopt.tasks.knob import conditional, settled
from orgopt.tasks.task import Knob, Value

Array = NDArray[np.float64]
Ranking = list[tuple[float, int]]  # metric and number of a setting, best first

FAILURES = 2
"""Failures with values that never succeeded, before such values are kept from."""


class Known(NamedTuple):
    """A setting that an agent knows the results of; a tuple, because a team makes many of them.

    Attributes:
        id: An experiment that ran it, or 0 for the baseline.
        settings: The value of every knob.
        metric: The mean over its runs, lower is better; None when none succeeded.
        seeds: How many runs succeeded.
        sd: Their standard deviation; 0 for one.
        believed: Whether it may be copied and submitted.
        mine: Whether the agent ran it itself.
        failed: Whether it was run, and every run of it failed by itself: it crashed, or was over a limit.
        curve: The learning curve of its latest run, as far as it came.
    """

    id: int
    settings: Mapping[str, Value]
    metric: float | None
    seeds: int = 1
    sd: float = 0.0
    believed: bool = True
    mine: bool = True
    failed: bool = False
    curve: Sequence[float] = ()


class Fence(NamedTuple):
    """Where a knob's values fail: below `low`, above `high`, and at some choices, as positions from 0 to 1."""

    low: float
    high: float
    choices: frozenset[float]

    @classmethod
    def of(cls, knob: Knob, good: Array, bad: Array) -> "Fence":
        """The fence between the positions of settings that succeeded and of those that failed.

        Two failures beyond all successes make a fence, and two at a choice that never succeeded: one may have failed
        for another knob.
        """
        low, high = -math.inf, math.inf
        if knob.ordered and len(good):
            beyond = bad[bad > good.max()]
            high = float(beyond.min()) if len(beyond) >= FAILURES else high
            below = bad[bad < good.min()]
            low = float(below.max()) if len(below) >= FAILURES else low
        often = [unit for unit, count in Counter(map(float, bad)).items() if knob.choices and count >= FAILURES]
        return cls(low, high, frozenset(often) - frozenset(map(float, good)))

    def holds(self, unit: float) -> bool:
        """Whether a position is one that fails."""
        return unit <= self.low or unit >= self.high or unit in self.choices


class Catalogue:
    """The settings that were tried, by number; a team keeps one for all of its agents."""

    def __init__(self, knobs: Sequence[Knob]) -> None:
        self.knobs, self._conditional = knobs, conditional(knobs)
        self._values = itemgetter(*(knob.name for knob in knobs))
        self._numbers: dict[Any, int] = {}  # by the values of the knobs in their order
        self._rows: dict[int, list[float]] = {}

    def add(self, settings: Mapping[str, Value], number: int, script: str = "") -> int:
        """The number of a setting: the one given, where it was not tried before.

        `script` tells rewritten scripts apart; it is empty for the task's own.
        """
        values = self._values(self._settled(settings))
        return self._numbers.setdefault((script, values) if script else values, number)

    def find(self, settings: Mapping[str, Value], script: str = "") -> int | None:
        """The number of a setting; None where it was not tried."""
        values = self._values(self._settled(settings))
        return self._numbers.get((script, values) if script else values)

    def _settled(self, settings: Mapping[str, Value]) -> Mapping[str, Value]:
        return settled(self.knobs, settings) if self._conditional else settings

    def row(self, number: int, settings: Mapping[str, Value]) -> list[float]:
        """The positions of a setting, 0 to 1, a knob each."""
        row = self._rows.get(number)
        if row is None:
            full = self._settled(settings)
            row = self._rows[number] = [knob.unit(full[knob.name]) for knob in self.knobs]
        return row


class Knowledge:
    """The settings that an agent knows, ranked; kept up to date as results come in.

    Args:
        knobs: What can be turned.
        known: What is known, numbered from 0 in this order; the baseline first.
        catalogue: The numbers of settings, where they are not given by `known` alone.
    """

    def __init__(
        self, knobs: Sequence[Knob], known: Iterable[Known] = (), *, catalogue: Catalogue | None = None
    ) -> None:
        self.knobs = knobs
        self.all: list[Known] = []
        self.measured: Ranking = []
        self.believed: Ranking = []
        self._place: dict[int, int] = {}
        self._place_of_id: dict[int, int] = {}
        self._numbers: list[int] = []
        self._catalogue = catalogue or Catalogue(knobs)
        self._shared = catalogue is not None
        self._units: Array = np.empty((0, len(knobs)))
        self._filled = 0
        self._measures: Array = np.empty((0, 2))
        self._changed: list[int] = []
        self._failed: dict[int, None] = {}
        self._fences: list[Fence] | None = None
        for number, one in enumerate(known):
            self.put(number, one)

    def put(self, number: int, known: Known) -> None:
        """Add a setting under a number, or replace what was known of it."""
        place = self._place.get(number)
        if place is None:
            if not self._shared:
                self._catalogue.add(known.settings, number)
            place = self._place[number] = len(self.all)
            self.all.append(known)
            self._numbers.append(number)
            if known.metric is not None:
                ranked = (known.metric, number)
                insort(self.measured, ranked)
                if known.believed:
                    insort(self.believed, ranked)
        else:
            before, self.all[place] = self.all[place], known
            if before.metric != known.metric or before.believed != known.believed:
                _rerank(self.measured, number, before.metric, known.metric)
                was = before.metric if before.believed else None
                _rerank(self.believed, number, was, known.metric if known.believed else None)
        if known.failed:
            self._failed[place] = None
        elif self._failed:
            self._failed.pop(place, None)
        self._fences = None
        self._place_of_id[known.id] = place
        self._changed.append(place)

    def get(self, number: int) -> Known | None:
        """What is known of a setting."""
        place = self._place.get(number)
        return None if place is None else self.all[place]

    def has(self, settings: Mapping[str, Value]) -> bool:
        """Whether these very settings were tried."""
        return self._catalogue.find(settings) in self._place

    def tried(self, settings: Mapping[str, Value], script: str = "") -> Known | None:
        """What is known of these very settings; `script` as in `Catalogue.add`."""
        number = self._catalogue.find(settings, script)
        return None if number is None else self.get(number)

    def of(self, experiment: int) -> Known | None:
        """What is known of the setting that an experiment ran; None where it is not known under that number."""
        place = self._place_of_id.get(experiment)
        return None if place is None else self.all[place]

    def best(self, n: int | None = None) -> list[Known]:
        """The best that is believed, best first."""
        return [self.all[self._place[number]] for _, number in self.believed[:n]]

    def ranked(self, n: int | None = None) -> list[Known]:
        """The best that was measured, believed or not."""
        return [self.all[self._place[number]] for _, number in self.measured[:n]]

    def places(self, n: int | None = None) -> list[int]:
        """Where the best that was measured stands in `all` and `units`, best first."""
        return [self._place[number] for _, number in self.measured[:n]]

    @property
    def failed(self) -> list[int]:
        """Where the settings that failed stand in `all` and `units`."""
        return list(self._failed)

    def fails(self, settings: Mapping[str, Value]) -> bool:
        """Whether settings have a value where all that was tried failed, and more than once (`Fence`)."""
        if not self._failed:
            return False
        if self._fences is None:
            self._fences = self._fenced()
        pairs = zip(self.knobs, self._fences, strict=True)
        return any(fence.holds(knob.unit(settings[knob.name])) for knob, fence in pairs)

    def _fenced(self) -> list[Fence]:
        units, good = self.units(), [one.metric is not None for one in self.all]
        bad = np.zeros(len(good), dtype=bool)
        bad[self.failed] = True
        return [Fence.of(knob, units[good, column], units[bad, column]) for column, knob in enumerate(self.knobs)]

    def units(self) -> Array:
        """The settings as positions from 0 to 1, shape (len(all), n_knobs)."""
        n = len(self.all)
        self._units = _grown(self._units, n)
        for place in range(self._filled, n):
            self._units[place] = self._catalogue.row(self._numbers[place], self.all[place].settings)
        self._filled = n
        return self._units[:n]

    def measures(self) -> Array:
        """Metric (NaN where no run succeeded) and seeds of each setting, shape (len(all), 2)."""
        self._measures = _grown(self._measures, len(self.all))
        for place in self._changed:
            one = self.all[place]
            self._measures[place] = (math.nan if one.metric is None else one.metric, one.seeds)
        self._changed.clear()
        return self._measures[: len(self.all)]

    def positions(self, known: Sequence[Known]) -> Array:
        """Some known settings as positions, shape (len(known), n_knobs)."""
        return self.units()[[self._place_of_id[one.id] for one in known]]

    @cached_property
    def ordered(self) -> NDArray[np.bool_]:
        """Which knobs have an order, shape (n_knobs,)."""
        return np.array([knob.ordered for knob in self.knobs])


def _grown(array: Array, n: int) -> Array:
    """An array with room for n rows; twice as many at once, because they come one by one."""
    if n <= len(array):
        return array
    return np.concatenate([array, np.empty((2 * n - len(array), array.shape[1]))])


def _rerank(ranking: Ranking, number: int, before: float | None, after: float | None) -> None:
    if before == after:
        return
    if before is not None:
        del ranking[bisect_left(ranking, (before, number))]
    if after is not None:
        insort(ranking, (after, number))
