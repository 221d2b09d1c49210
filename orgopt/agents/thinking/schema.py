"""The JSON schema that an answer is held to where a model's server can: names, types, ranges and choices, and no more.

What it cannot say (that something changes, that an edit's text occurs once) is checked in `decide`, as without it.
"""

from collections.abc import Sequence
from typing import Any

from orgopt.agents.thinking.look import LOG, MOST
from orgopt.agents.thinking.situation import Situation
from orgopt.tasks.knob import Knob, Value

_TEXT = {"type": "string"}
_REQUIRED = ("verdicts", "hypothesis", "knobs", "report", "notes")
_MANY = 64  # values that are listed one by one
_LEVELS = 25  # values that stand for a range of numbers
RULINGS = ("pass", "rerun", "reject")


def schema_of(now: Situation, names: Sequence[str], *, ranges: bool = True) -> dict[str, Any]:
    """The schema of an answer.

    Args:
        now: What the agent knows.
        names: The fields of the answer, in their order.
        ranges: Whether numbers can be held to a range; else values of it are named one by one.
    """
    alone = len(names) == 1
    found = {name: _field(now, name, ranges=ranges) for name in names}
    required = [name for name in found if name in _REQUIRED and (alone or name != "notes")]
    return _object(found, required)


def _field(now: Situation, name: str, *, ranges: bool) -> dict[str, Any]:
    if name == "knobs":
        # One knob, which changes: small models repeat the whole table of knobs, which is no experiment, and what more
        # change at once, nobody can tell apart.
        # The values of the best start are left out: who names no other means that, and would change nothing.
        start = now.view.starts[0].settings
        allowed = {knob.name: _knob(knob, start[knob.name], ranges=ranges) for knob in now.view.free}
        each = [_object({name: values}, [name]) for name, values in allowed.items()]
        # In a list, models begin to repeat the table of knobs from its top; in an object they name the one they mean.
        none = [_object({}, [])] if now.work.edits or now.view.cases else []
        return {"anyOf": [*each, *none]}
    if name == "look":
        known = [one.id for one in now.view.knowledge.all]
        return {"type": "array", "items": {"enum": [*known, LOG]}, "maxItems": MOST}
    if name == "start_from":
        return {"enum": [one.id for one in now.view.starts]}
    if name == "edits":
        return {"type": "array", "items": _object({"search": _TEXT, "replace": _TEXT}, ["search", "replace"])}
    if name == "verdicts":
        ruling = _object({"ruling": {"enum": [*RULINGS]}, "reason": _TEXT}, ["ruling", "reason"])
        cases = [str(case.known.id) for case in now.view.cases]
        return _object(dict.fromkeys(cases, ruling), cases)
    return _TEXT


def _knob(knob: Knob, now: Value | None, *, ranges: bool) -> dict[str, Any]:
    """The values that a knob may get, without the one that it has, as far as that can be said."""
    whole = knob.integer
    values = knob.choices or (
        range(int(knob.low), int(knob.high) + 1) if whole and knob.high - knob.low < _MANY else ()
    )
    if not values and not (ranges or whole):
        values = _levels(knob)
    if others := [value for value in values if value != now]:
        return {"enum": others}
    low, high = (int(knob.low), int(knob.high)) if whole else (knob.low, knob.high)
    return {"type": "integer" if whole else "number", "minimum": low, "maximum": high}


def _levels(knob: Knob) -> list[float]:
    """Values of a range, from end to end at equal steps of its scale."""
    values = (float(f"{knob.at(k / (_LEVELS - 1)):.2g}") for k in range(_LEVELS))
    return list(dict.fromkeys(value for value in values if knob.allows(value)))


def _object(properties: dict[str, Any], required: Sequence[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False}
