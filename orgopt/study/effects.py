"""Which way parts of an organization went with research output: partial dependence, with intervals.

An additive Bayesian regression over the candidates of a search: each part has a curve (line and parabola of a number,
a level for each choice of others), all coefficients one normal prior, whose width and whose noise are those of the
greatest evidence (MacKay 1992, "Bayesian interpolation", Neural Computation 4). In an additive model the partial
dependence of a part (Friedman 2001) is its own curve, and its interval is exact. It says what went together in the
search, which changes what already does well, and not what causes what.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from orgopt.scoring.samples import Array
from orgopt.study.records.values import Value
from orgopt.study.view import StudyView

FEWEST = 20
"""Candidates below which effects are noise alone."""
MOST_LEVELS = 7
"""Values at which the curve of a number is told."""
_Z = 1.96
_NARROWEST = 0.1  # of the spread of scores: how narrow the prior may get, since evidence can make it a point
_STEPS = 60
_WHOLE = {"agents": "agents in all", "risk": "risk, mean over agents", "links": "links", "standups": "stand-up"}
Params = Mapping[str, Value]


class Level(NamedTuple):
    """What goes with a value of a part: research output above the mean of all candidates, with a 95 % interval.

    `tried` is how many candidates had the value, or one nearer to it than to the next.
    """

    value: Value
    effect: float
    low: float
    high: float
    tried: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Which way a part went.

    Attributes:
        name: A parameter, such as `headcount/explorer`, or what all parts have together, such as `agents in all`.
        whole: Whether it is of the whole organization.
        numeric: Whether its values are numbers, which have an order.
        levels: By value; choices from the worst to the best.
        first, last: Between which values the change is: the least and the greatest of a number that two candidates had,
            the most usual and the best of choices.
        change, low, high: What the step from the first to the last goes with.
    """

    name: str
    whole: bool
    numeric: bool
    levels: tuple[Level, ...]
    first: Value
    last: Value
    change: float
    low: float
    high: float

    @property
    def sure(self) -> bool:
        """Whether the interval of the change excludes zero."""
        return self.low > 0 or self.high < 0


def effects(study: StudyView) -> list[Effect]:
    """The effects of the whole organization, then those of single parameters, the clearest first; none of too few."""
    known = [one for one in study.candidates if one.standing]
    if len(known) < FEWEST:
        return []
    y = np.array([one.value or 0.0 for one in known])
    weights = np.array([float(one.standing.seeds) if one.standing else 1.0 for one in known])
    params = [one.record.params for one in known]
    return [*_effects([_whole(one) for one in params], y, weights, whole=True), *_effects(params, y, weights)]


class _Column(NamedTuple):
    """A part in the regression: its features at each candidate, centred where it makes a difference, and elsewhere."""

    name: str
    numeric: bool
    values: list[Value]
    active: Array
    features: Callable[[Value], Array]


def _effects(params: Sequence[Params], y: Array, weights: Array, *, whole: bool = False) -> list[Effect]:
    columns = [found for name in params[0] if (found := _column(name, params, weights, whole=whole))]
    if not columns or not float(np.ptp(y)):
        return []
    blocks = [_block(one) for one in columns]
    fitted = _Fit(np.hstack(blocks), y, weights)
    at, found = 0, list[Effect]()
    for column, block in zip(columns, blocks, strict=True):
        place = slice(at, at + block.shape[1])
        at = place.stop
        found.append(_effect(column, fitted.mean[place], fitted.covariance[place, place], whole=whole))
    if whole:
        return found
    return sorted(found, key=lambda one: -abs(one.change) / (one.high - one.low))


def _column(name: str, params: Sequence[Params], weights: Array, *, whole: bool) -> _Column | None:
    """A part that varies where it makes a difference; None for others."""
    values = [one.get(name) for one in params]
    active = np.array([1.0 if whole or _active(name, one) else 0.0 for one in params])
    seen: Counter[Value] = Counter(value for value, on in zip(values, active, strict=True) if on and value is not None)
    active *= np.array([float(value is not None) for value in values])
    # Of a value that one candidate alone had, what it does and that candidate's luck are the same thing.
    if len([value for value, number in seen.items() if number > 1]) < 2:
        return None
    numeric = all(isinstance(value, int | float) and not isinstance(value, bool) for value in seen)
    on = weights * active
    return _Column(name, numeric, values, active, _line(values, on) if numeric else _choices(seen, values, on))


def _line(values: Sequence[Value], on: Array) -> Callable[[Value], Array]:
    """A number as a line, and a parabola where it has three values or more, each of spread 1 around 0."""
    x = np.array([_number(value) for value in values])
    middle = float(np.average(x, weights=on))
    spread = float(np.sqrt(np.average((x - middle) ** 2, weights=on))) or 1.0
    z = (x - middle) / spread
    if len(set(x[on > 0])) < 3:
        return lambda value: np.array([(_number(value) - middle) / spread])
    skew = float(np.average(z**3, weights=on))
    bend = z**2 - 1 - skew * z  # at right angles to the line
    size = float(np.sqrt(np.average(bend**2, weights=on))) or 1.0

    def both(value: Value) -> Array:
        at = (_number(value) - middle) / spread
        return np.array([at, (at**2 - 1 - skew * at) / size])

    return both


def _choices(seen: Mapping[Value, int], values: Sequence[Value], on: Array) -> Callable[[Value], Array]:
    """A choice as a level each, around 0."""
    names = list(seen)
    table = np.array([[float(value == name) for name in names] for value in values])
    usual = np.average(table, axis=0, weights=on)
    return lambda value: np.array([float(value == name) for name in names]) - usual


def _block(column: _Column) -> Array:
    """A row of features for each candidate; zeros where the part makes no difference."""
    known = {value: column.features(value) for value in set(column.values) if value is not None}
    nothing = np.zeros(len(next(iter(known.values()))))
    return np.array([nothing if value is None else known[value] for value in column.values]) * column.active[:, None]


class _Fit:
    """The regression: mean and covariance of all coefficients, at the prior and the noise of the greatest evidence."""

    def __init__(self, features: Array, y: Array, weights: Array) -> None:
        # A mean of more seeds has less noise: scaled so, all rows have the same.
        root = np.sqrt(weights / weights.mean())
        x, z = features * root[:, None], (y - np.average(y, weights=weights)) * root
        # Along its own directions each of the steps below is a division, where the matrix had to be solved each time.
        values, vectors = np.linalg.eigh(x.T @ x)
        values, along = np.maximum(values, 0.0), vectors.T @ (x.T @ z)
        widest = 1 / (_NARROWEST * float(y.std())) ** 2
        alpha, beta = 1 / float(y.var()), 1 / float(y.var())
        for _ in range(_STEPS):
            mean = beta * along / (alpha + beta * values)
            known = float(np.sum(beta * values / (alpha + beta * values)))
            left = float(np.sum((z - x @ (vectors @ mean)) ** 2))
            alpha = min(widest, known / max(float(mean @ mean), 1e-12))
            # One degree of freedom stays for the noise: enough coefficients could explain all of it.
            beta = max(len(y) - known, 1.0) / max(left, 1e-12)
        self.mean: Array = vectors @ (beta * along / (alpha + beta * values))
        self.covariance: Array = (vectors / (alpha + beta * values)) @ vectors.T


def _effect(column: _Column, mean: Array, covariance: Array, *, whole: bool) -> Effect:
    def told(features: Array) -> tuple[float, float, float]:
        middle, half = float(features @ mean), _Z * float(np.sqrt(max(0.0, features @ covariance @ features)))
        return middle, middle - half, middle + half

    values = [value for value, on in zip(column.values, column.active, strict=True) if on]
    shown, tried = _levels(values, numeric=column.numeric)
    levels = [Level(value, *told(column.features(value)), tried[value]) for value in shown]
    if column.numeric:
        # The candidate at the end of a line pulls most at it: one alone is not what a change is told of.
        often = [level for level in levels if level.tried > 1] or levels
        first, last = often[0].value, often[-1].value
    else:
        levels.sort(key=lambda level: level.effect)
        first = max(levels, key=lambda level: level.tried).value
        last = levels[-1].value if levels[-1].value != first else levels[0].value
    change, low, high = told(column.features(last) - column.features(first))
    return Effect(
        name=column.name,
        whole=whole,
        numeric=column.numeric,
        levels=tuple(levels),
        first=first,
        last=last,
        change=change,
        low=low,
        high=high,
    )


def _levels(values: Sequence[Value], *, numeric: bool) -> tuple[list[Value], dict[Value, int]]:
    """The values that are told, and how many candidates count to each; of many numbers some between the ends."""
    counts = Counter(values)
    if not numeric:
        return list(counts), dict(counts)
    known = sorted(counts, key=_number)
    if len(known) <= MOST_LEVELS:
        return known, dict(counts)
    ends = np.linspace(_number(known[0]), _number(known[-1]), MOST_LEVELS)
    whole = all(isinstance(value, int) for value in known)
    shown: list[Value] = list(dict.fromkeys(round(end) if whole else round(float(end), 3) for end in ends))
    near = Counter(min(shown, key=lambda level: abs(_number(level) - _number(value))) for value in values)
    return shown, {value: near[value] for value in shown}


def _active(name: str, params: Params) -> bool:
    """Whether a parameter makes a difference where the others stand, as far as its name tells."""
    part, _, where = name.partition("/")
    if part == "standup":
        unit = params.get("standup/unit", "off")
        return where == "unit" or unit == {"experiments": "experiments", "seconds": "s"}.get(where, unit) != "off"
    if part == "headcount" or not where:
        return True
    roles = where.replace("→", "·").split("·")
    least = 2 if part == "shares" and len(roles) == 1 else 1
    return all(_number(params.get(f"headcount/{role}", 1)) >= least for role in roles)


def _whole(params: Params) -> dict[str, Value]:
    """What an organization has in all: agents, mean risk, links between roles that have agents, its stand-up."""
    heads = {name.partition("/")[2]: _number(value) for name, value in params.items() if name.startswith("headcount/")}
    agents = sum(heads.values())
    risks = [(heads.get(role, 0.0), risk) for role, risk in _risks(params)]
    found: dict[str, Value] = {}
    if heads:
        found[_WHOLE["agents"]] = int(agents)
        found[_WHOLE["links"]] = sum(_linked(name, value) and _active(name, params) for name, value in params.items())
    if agents and any(head for head, _ in risks):
        found[_WHOLE["risk"]] = round(sum(head * risk for head, risk in risks) / sum(head for head, _ in risks), 2)
    if "standup/unit" in params:
        found[_WHOLE["standups"]] = _standup(params)
    return found


def _risks(params: Params) -> Iterator[tuple[str, float]]:
    return ((name.partition("/")[2], _number(value)) for name, value in params.items() if name.startswith("risk/"))


def _linked(name: str, value: Value) -> bool:
    return name.partition("/")[0] in {"shares", "reports", "delegates", "reviews"} and value not in {"no", False, None}


def _standup(params: Params) -> str:
    return {"experiments": "by experiments", "s": "by time"}.get(str(params.get("standup/unit")), "none")


def _number(value: Value) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
