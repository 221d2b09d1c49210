"""Changes of a candidate in words: of texts, and of parameters of the search space by their names and values.

What a change names must be there, and what it gives must be a choice: so the sampler can go on from what came of it.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, cast

from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from orgopt.agent_names import LANGUAGE_AGENT
from orgopt.document import Program, lint, read
from orgopt.document.grammar.arrows import with_signs
from orgopt.errors import DocumentError
from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.space.genome import Params, Space
from orgopt.evolve.space.texts import (
    CHARTER,
    FIELDS,
    LONGEST,
    MISSION,
    RefusedChangeError,
    Texts,
    places,
    prose,
    text_at,
    with_texts,
)
from orgopt.storage.json_values import json_values

MOST = 3
"""Changes of one proposal: a diff that a person reads in a minute."""
_MAX_REASON = 300
_WORDS = {"yes": True, "true": True, "no": False, "false": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change in words.

    Attributes:
        place: `mission`, `charter/ROLE`, `persona/ROLE`, `remembers/ROLE`, or the name of a parameter.
        to: The new text or value.
        reason: Why.
    """

    place: str
    to: Any
    reason: str = ""

    def to_dict(self) -> dict[str, Any]:
        """The change as JSON values."""
        return json_values(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A place in the search: parameters, texts, and the document that they make."""

    params: Params
    texts: Texts
    program: Program


def read_changes(given: object) -> list[Change]:
    """The changes of a model's answer.

    Raises:
        RefusedChangeError: It is no list of one to `MOST` changes.
    """
    alone = isinstance(given, Mapping) and "place" in given
    several: list[Any] = [given] if alone else cast("list[Any]", given) if isinstance(given, list) else []
    if not several or not all(isinstance(one, Mapping) for one in several):
        raise RefusedChangeError('answer with a JSON list of changes, such as [{"place": "…", "to": …, "reason": "…"}]')
    if len(several) > MOST:
        raise RefusedChangeError(f"{len(several)} changes are too many: at most {MOST}")
    found: list[Change] = []
    for one in cast("list[Mapping[str, Any]]", several):
        if "place" not in one or "to" not in one:
            raise RefusedChangeError('each change has a "place" and what it is changed "to"')
        place = " ".join(with_signs(str(one["place"])).split())[:200]
        reason = " ".join(str(one.get("reason", "")).split())[:_MAX_REASON]
        found.append(Change(place=place, to=one["to"], reason=reason))
    return found


def changed(space: Space, parent: Candidate, changes: Sequence[Change]) -> Point:
    """What changes make of a candidate.

    Raises:
        RefusedChangeError: One of them cannot be made, makes no difference, or is not clean under lint.
    """
    params, texts = dict(parent.params), dict(parent.texts)
    genes = [change for change in changes if not _is_text(change.place)]
    for change in genes:
        params[change.place] = _value(space, params, change)
    org = space.organization(params)
    if not any(role.headcount for role in org.roles):
        raise RefusedChangeError("nobody is left: some role needs a headcount")
    active = set(space.active(params))
    if idle := next((one.place for one in genes if one.place not in active), None):
        raise RefusedChangeError(f"{idle} makes no difference as long as its role has no agents, or of another kind")
    open_places = set(places(org)) if space.rewritable else set[str]()
    try:
        known = read(with_texts(space.program(params), texts)).org
    except DocumentError as error:
        raise RefusedChangeError(str(error)) from None
    for change in changes:
        if _is_text(change.place):
            _check_place(space, change.place, open_places, {role.id for role in known.roles})
            old = text_at(known, change.place)
            if len(old) > LONGEST:
                raise RefusedChangeError(
                    f"{change.place} has {len(old)} characters: texts above {LONGEST} are left alone"
                )
            texts[change.place] = prose(change.place, change.to, old)
    return checked(space, parent, params, texts)


def allowed(space: Space, parent: Candidate) -> Iterator[str]:
    """What may be changed of a candidate, a line each: texts, then parameters with their values."""
    org = space.organization(parent.params)
    if space.rewritable:
        now = read(parent.program).org
        for place in places(org):
            if len(text_at(now, place)) <= LONGEST:
                yield f"{place}: a text"
    for name in space.active(parent.params):
        yield f"{name} = {_shown(parent.params[name])}   ({_choices(space.distributions[name])})"


def schema_of(space: Space, parent: Candidate) -> dict[str, Any]:
    """The JSON schema of an answer with changes of a candidate: places, values and choices as `allowed` lists them."""
    now, org = read(parent.program).org, space.organization(parent.params)
    texts = [one for one in places(org) if len(text_at(now, one)) <= LONGEST] if space.rewritable else []
    values = {name: _values(space.distributions[name], parent.params[name]) for name in space.active(parent.params)}
    each = [_change([name], found) for name, found in values.items() if found]
    several = {"type": "array", "minItems": 1, "maxItems": MOST}
    changes = {**several, "items": {"anyOf": [*([_change(texts, _TEXT)] if texts else []), *each]}}
    keys = {"thinking": _TEXT, "changes": changes}
    return {"type": "object", "properties": keys, "required": [*keys], "additionalProperties": False}


_TEXT = {"type": "string"}


def _change(names: Sequence[str], to: Mapping[str, Any]) -> dict[str, Any]:
    keys = {"place": {"enum": [*names]}, "to": to, "reason": _TEXT}
    return {"type": "object", "properties": keys, "required": [*keys], "additionalProperties": False}


def _values(distribution: BaseDistribution, now: Any) -> dict[str, Any]:
    """The values that a parameter may get, without the one that it has; empty where there is none."""
    if isinstance(distribution, CategoricalDistribution):
        found = [choice for choice in distribution.choices if choice != now]
    elif isinstance(distribution, IntDistribution | FloatDistribution) and distribution.step:
        count = round((distribution.high - distribution.low) / distribution.step)
        steps = (distribution.low + k * distribution.step for k in range(count + 1))
        found = [one for step in steps if (one := _choice(distribution, step)) is not None and one != now]
    else:
        return {"type": "number"}
    return {"enum": found} if found else {}


def _is_text(place: str) -> bool:
    return place == MISSION or place.partition("/")[0] in {CHARTER, *FIELDS}


def _check_place(space: Space, place: str, open_places: set[str], present: set[str]) -> None:
    """Refuse a text that is not there, that is frozen, or that nobody reads."""
    role = place.partition("/")[2]
    if not space.rewritable:
        raise RefusedChangeError(f"{place}: this study keeps texts as they are")
    if role and role not in present:
        raise RefusedChangeError(f"{place}: there is no role '{role}': {', '.join(sorted(present))}")
    if place not in open_places:
        whom = f"the agents of {role} do" if role else "no agent does"
        raise RefusedChangeError(
            f"{place} changes nothing: only agents '{LANGUAGE_AGENT}' read it, and {whom} not think so"
        )


def _value(space: Space, params: Params, change: Change) -> Any:
    name = change.place
    if name not in space.distributions:
        near = get_close_matches(name, [*space.active(params), MISSION], n=3, cutoff=0.4)
        hint = f": did you mean {' or '.join(near)}?" if near else ""
        raise RefusedChangeError(f"there is no place '{name}'{hint}")
    if name not in space.free:
        raise RefusedChangeError(f"{name}: this study keeps it as it is")
    found = _choice(space.distributions[name], change.to)
    if found is None:
        raise RefusedChangeError(f"{name} cannot be {_shown(change.to)}: {_choices(space.distributions[name])}")
    return found


def _choice(distribution: BaseDistribution, given: Any) -> Any:
    """The value of a distribution that is meant; None where there is no such value."""
    if isinstance(distribution, CategoricalDistribution):
        text = with_signs(str(given).strip())
        if True in distribution.choices:
            given = _WORDS.get(text.lower(), given)
            return given if isinstance(given, bool) else None
        return next((choice for choice in distribution.choices if str(choice).lower() == text.lower()), None)
    try:
        number = float("nan") if isinstance(given, bool) else float(given)
    except (TypeError, ValueError):
        return None
    if not isinstance(distribution, IntDistribution | FloatDistribution):
        return None
    if not distribution.low <= number <= distribution.high:
        return None
    step = distribution.step
    if step is not None:
        number = distribution.low + round((number - distribution.low) / step) * step
        if abs(number - float(given)) > step * 1e-6:
            return None
    return int(number) if isinstance(distribution, IntDistribution) else round(number, 10)


def _choices(distribution: BaseDistribution) -> str:
    if isinstance(distribution, CategoricalDistribution):
        return " | ".join(_shown(choice) for choice in distribution.choices)
    if isinstance(distribution, IntDistribution | FloatDistribution):
        step = "" if distribution.step in (None, 1) else f" in steps of {distribution.step:g}"
        return f"{distribution.low:g} to {distribution.high:g}{step}"
    return ""


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)[:80]


def checked(space: Space, parent: Candidate, params: Params, texts: Texts) -> Point:
    """The point of parameters and texts, whose document reads as it should and has no finding that its parent lacks.

    Raises:
        RefusedChangeError: There is no such document.
    """
    try:
        program = with_texts(space.program(params), texts)
    except DocumentError as error:
        raise RefusedChangeError(str(error)) from None
    if program.text == parent.program.text:
        raise RefusedChangeError("the document stays as it is: change something")
    found, known = lint(program), Counter(finding.code for finding in lint(parent.program))
    for finding in found:
        known[finding.code] -= 1
        if known[finding.code] < 0:
            raise RefusedChangeError(f"lint says {finding.code}: {finding.message[:200]}")
    own = {place: text for place, text in texts.items() if text != text_at(space.org, place)}
    return Point(params=params, texts=own, program=program)
