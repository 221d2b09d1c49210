"""Knobs: the constants of a task that may be turned, and the grammar of the comments that say so.

A knob is a line with an upper-case name and a comment:

    LR = 3e-4  # knob: log 1e-5..1e-1, group optimizer
    DEPTH = 2  # knob: int 1..4, group model
    WIDTH = 64  # knob: log int 16..256, group model  # whatever stands here is a remark
    OPTIMIZER = "adamw"  # knob: one of adamw|muon|sgd, group optimizer
    MOMENTUM = 0.9  # knob: 0.5..0.99 if OPTIMIZER=muon|sgd, group optimizer
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from orgopt.basics.syntax import literal
from orgopt.errors import TaskError

Value = int | float | str
Settings = Mapping[str, Value]
"""Values of knobs by name; a knob that is not named keeps its default."""

_KNOB = re.compile(
    r"^(?P<name>[A-Z][A-Z0-9_]*)(?P<equals>\s*=\s*)(?P<value>\S.*?)(?P<comment>\s*#\s*knob:\s*(?P<spec>[^#\n]+?)"
    r"(?:,\s*group\s+(?P<group>[\w-]+))?[^\S\n]*(?:#.*)?)$",
    re.MULTILINE,
)
_CONDITION = re.compile(r"(?P<spec>.*?)\s+if\s+(?P<name>[A-Z][A-Z0-9_]*)\s*=\s*(?P<values>\S.*)$")
_RANGE = re.compile(r"(?P<scale>int |log |log int )?\s*(?P<low>[-+.\deE]+)\.\.(?P<high>[-+.\deE]+)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Knob:
    """A constant that may be turned.

    Attributes:
        name: Name of the constant in the script.
        group: The part of the task that it belongs to, such as `optimizer`.
        default: Its value in the shipped script.
        choices: Allowed values; empty for a range.
        low, high: Ends of the range, both allowed.
        log: Whether the range is searched on a logarithmic scale.
        integer: Whether values are whole numbers.
        only_if: The knob that it depends on, which stands above it and has choices, and at which of these it is turned;
            at others it keeps its default. None of one that is always turned.
    """

    name: str
    group: str
    default: Value
    choices: tuple[Value, ...] = ()
    low: float = 0.0
    high: float = 1.0
    log: bool = False
    integer: bool = False
    only_if: "Condition | None" = None

    @property
    def ordered(self) -> bool:
        """Whether nearby values are alike: ranges, and choices that are all numbers."""
        return not self.choices or not any(isinstance(choice, str) for choice in self.choices)

    def at(self, unit: float) -> Value:
        """The value at a position from 0 to 1; positions outside are clipped."""
        if not 0.0 <= unit <= 1.0:
            unit = min(1.0, max(0.0, unit))
        if choices := self.choices:  # models ask for thousands
            place = int(unit * len(choices))
            return choices[place] if place < len(choices) else choices[-1]
        if self.integer and self.log:
            low, high = self._logs
            return min(int(self.high), max(int(self.low), round(math.exp(low + unit * (high - low)))))
        if self.integer:
            return min(int(self.high), int(self.low) + int(unit * (self.high - self.low + 1)))
        if self.log:
            value = math.exp(math.log(self.low) + unit * (math.log(self.high) - math.log(self.low)))
        else:
            value = self.low + unit * (self.high - self.low)
        return min(self.high, max(self.low, float(f"{value:.4g}")))

    def unit(self, value: Value) -> float:
        """The position of a value, 0 to 1; of a choice or an integer, the middle of its share."""
        if self.choices:
            return (self.choices.index(value) + 0.5) / len(self.choices)
        number = float(value)
        if self.integer and self.log:
            low, high = self._logs
            return (math.log(number) - low) / (high - low)
        if self.integer:
            return (number - self.low + 0.5) / (self.high - self.low + 1)
        if self.log:
            return (math.log(number) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        return (number - self.low) / (self.high - self.low)

    @property
    def _logs(self) -> tuple[float, float]:
        """The logarithms of the ends of a range of integers, of which the outer ones have a whole share, too."""
        return math.log(self.low - 0.5), math.log(self.high + 0.5)

    def allows(self, value: Any) -> bool:
        """Whether a value may be set."""
        if self.choices:
            return value in self.choices
        return isinstance(value, int | float) and self.low <= value <= self.high and not (self.integer and value % 1)

    @property
    def range(self) -> str:
        """The range as a person reads it."""
        where = f" if {self.only_if}" if self.only_if else ""
        if self.choices:
            return " | ".join(map(str, self.choices)) + where
        return f"{self.low:g} … {self.high:g}" + (" (log)" if self.log else "") + where


class Condition(NamedTuple):
    """When a knob is turned: another one has one of some values."""

    knob: str
    values: tuple[Value, ...]

    def __str__(self) -> str:
        return f"{self.knob}={'|'.join(map(str, self.values))}"


def active(knobs: Iterable[Knob], settings: Settings) -> tuple[Knob, ...]:
    """The knobs that a setting turns, in order; one that depends on an idle one is idle, too."""
    found: dict[str, Knob] = {}
    idle: set[str] = set()
    for knob in knobs:
        condition = knob.only_if
        if condition and (condition.knob in idle or settings[condition.knob] not in condition.values):
            idle.add(knob.name)
        else:
            found[knob.name] = knob
    return tuple(found.values())


def settled(knobs: Sequence[Knob], settings: Settings) -> Settings:
    """A setting of all knobs, in which those that it does not turn have their defaults."""
    if not conditional(knobs):
        return settings
    turned = {knob.name for knob in active(knobs, settings)}
    return {knob.name: settings[knob.name] if knob.name in turned else knob.default for knob in knobs}


def conditional(knobs: Sequence[Knob]) -> bool:
    """Whether some knobs are turned only at some values of others."""
    return any(knob.only_if for knob in knobs)


def parse_knobs(source: str, where: str = "train.py") -> tuple[Knob, ...]:
    """The knobs of a script, in order.

    Raises:
        TaskError: A knob comment is not understood, or a default lies outside its range.
    """
    knobs: list[Knob] = []
    for match in _KNOB.finditer(source):
        line = source.count("\n", 0, match.start()) + 1
        try:
            knob = _knob(match)
        except (ValueError, SyntaxError) as error:
            raise TaskError(f"{where}:{line}: {match['name']}: {error}") from None
        if set(re.split(r"[^A-Z]+", knob.name)) & {"SEED", "SEEDS"} or "RANDOM_STATE" in knob.name:
            raise TaskError(
                f"{where}:{line}: {knob.name} is a seed, and no knob: a lucky one would look like a gain. Remove its "
                "comment, and read the seed from ORGOPT_SEED"
            )
        if problem := _misplaced(knob, knobs):
            raise TaskError(f"{where}:{line}: {knob.name}: {problem}")
        if not knob.allows(knob.default):
            raise TaskError(f"{where}:{line}: {knob.name} = {knob.default!r} is outside its range {knob.range}")
        knobs.append(knob)
    return tuple(knobs)


def with_values(source: str, values: Settings) -> str:
    """A text with its constants set; a knob that is not named keeps its line."""
    text: list[str] = []
    for before, name, value in _parts(source):
        text += (before, _literal(values[name]) if name in values else value)
    return "".join(text)


def values_in(source: str) -> dict[str, Value]:
    """The values that the knobs of a text have; none of those whose value is no literal any more."""
    found: dict[str, Value] = {}
    for match in _KNOB.finditer(source):
        try:
            value = literal(match["value"])
        except (ValueError, SyntaxError):
            continue
        if isinstance(value, int | float | str):
            found[match["name"]] = value
    return found


@lru_cache(maxsize=16)
def _parts(source: str) -> tuple[tuple[str, str, str], ...]:
    """A text in pieces: what comes before a knob's value, the knob, its value; last the rest, without a knob.

    Kept, because a team sets the constants of one text for every experiment.
    """
    parts: list[tuple[str, str, str]] = []
    done = 0
    for match in _KNOB.finditer(source):
        parts.append((source[done : match.start("value")], match["name"], match["value"]))
        done = match.end("value")
    return (*parts, (source[done:], "", ""))


def _knob(match: re.Match[str]) -> Knob:
    given: dict[str, Any] = {"name": match["name"], "group": match["group"] or "main"}
    default = literal(match["value"])
    if not isinstance(default, int | float | str):
        raise ValueError(f"{match['value']} is not a number or a string")
    spec = match["spec"].strip()
    if condition := _CONDITION.match(spec):
        spec = condition["spec"]
        values = tuple(_choice(text) for text in condition["values"].split("|"))
        given["only_if"] = Condition(condition["name"], values)
    if spec.startswith("one of "):
        return Knob(**given, default=default, choices=tuple(_choice(text) for text in spec[7:].split("|")))
    numbers = _RANGE.match(spec)
    if not numbers:
        raise ValueError(f"range '{spec}' not understood: write '0..1', 'log 1e-4..1', 'int 1..4' or 'one of a|b'")
    low, high, scale = float(numbers["low"]), float(numbers["high"]), (numbers["scale"] or "").strip()
    if low >= high or (scale.startswith("log") and low <= 0):
        raise ValueError(f"range '{spec}' is empty or has no logarithm")
    if scale == "log int" and low < 1:
        raise ValueError(f"range '{spec}' begins below 1, which is the least integer on a logarithmic scale")
    return Knob(**given, default=default, low=low, high=high, log="log" in scale, integer="int" in scale)


def _misplaced(knob: Knob, above: Sequence[Knob]) -> str:
    """Why the condition of a knob cannot be met; empty where it can, and of one without."""
    if knob.only_if is None:
        return ""
    others = {one.name: one for one in above}
    other = others.get(knob.only_if.knob)
    if other is None:
        return f"'if {knob.only_if}' names no knob above it; put the knob {knob.only_if.knob} first"
    if not other.choices:
        return f"'if {knob.only_if}' needs a knob with choices, and {other.name} has the range {other.range}"
    if wrong := [value for value in knob.only_if.values if value not in other.choices]:
        choices = "|".join(map(str, other.choices))
        return f"'if {knob.only_if}': {other.name} is never {wrong[0]}; it is one of {choices}"
    return ""


def _choice(text: str) -> Value:
    try:
        value = literal(text.strip())
    except (ValueError, SyntaxError):
        return text.strip()
    return value if isinstance(value, int | float) else str(value)


def _literal(value: Value) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)
