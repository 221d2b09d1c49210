"""The JSON schema that an answer is held to where a model's server can: names, types, ranges and choices, and no more.

What it cannot say (that something changes, that an edit's text occurs once) is checked in `decide`, as without it.
"""

from collections.abc import Sequence
from typing import Any

from orgopt.agents.thinking.situation import Situation
from orgopt.knob import Knob, Value

_TEXT = {"type": "string"}
_REQUIRED = ("verdicts", "hypothesis", "knobs", "report", "notes")
MAX_TURNED = 2
"""Knobs that an answer may turn which is held to a schema: what more change at once, nobody can tell apart."""
_MANY = 64  # values that are listed one by one
RULINGS = ("pass", "rerun", "reject")


def schema_of(now: Situation, names: Sequence[str]) -> dict[str, Any]:
    """The schema of an answer.

    Args:
        now: What the agent knows.
        names: The fields of the answer, in their order.
    """
    alone = len(names) == 1
    found = {name: _field(now, name) for name in names}
    required = [name for name in found if name in _REQUIRED and (alone or name != "notes")]
    return _object(found, required)


def _field(now: Situation, name: str) -> dict[str, Any]:
    if name == "knobs":
        # Whoever names a knob changes it: small models repeat the whole table of knobs, which is no experiment.
        starts = now.view.starts
        first, *others = (one.settings for one in starts)
        only = {name: value for name, value in first.items() if all(one[name] == value for one in others)}
        each = [_object({knob.name: _knob(knob, only.get(knob.name))}, [knob.name]) for knob in now.view.free]
        least = 0 if now.work.edits or now.view.cases else 1
        return {"type": "array", "items": {"anyOf": each}, "minItems": least, "maxItems": MAX_TURNED}
    if name == "start_from":
        return {"enum": [one.id for one in now.view.starts]}
    if name == "edits":
        return {"type": "array", "items": _object({"search": _TEXT, "replace": _TEXT}, ["search", "replace"])}
    if name == "verdicts":
        ruling = _object({"ruling": {"enum": [*RULINGS]}, "reason": _TEXT}, ["ruling", "reason"])
        cases = [str(case.known.id) for case in now.view.cases]
        return _object(dict.fromkeys(cases, ruling), cases)
    return _TEXT


def _knob(knob: Knob, now: Value | None) -> dict[str, Any]:
    """The values that a knob may get, without the one that it has, as far as that can be said."""
    whole = knob.integer
    values = knob.choices or (
        range(int(knob.low), int(knob.high) + 1) if whole and knob.high - knob.low < _MANY else ()
    )
    if others := [value for value in values if value != now]:
        return {"enum": others}
    low, high = (int(knob.low), int(knob.high)) if whole else (knob.low, knob.high)
    return {"type": "integer" if whole else "number", "minimum": low, "maximum": high}


def _object(properties: dict[str, Any], required: Sequence[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": [*required], "additionalProperties": False}
