"""From a model's answer to a proposal: every value is checked before it costs lab time.

What a model may do is decided here alone, whatever it was told or says: turn its free knobs within their ranges, and
rewrite the one editable file.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from orgopt.agents.base import Proposal, Ruling, Verdict
from orgopt.agents.knowledge import Known
from orgopt.agents.thinking import prompt, results
from orgopt.agents.thinking.script_edits import InvalidAnswerError, ScriptEdit, apply_edits, checked_script, read_edits
from orgopt.agents.thinking.situation import Situation
from orgopt.tasks.knob import Knob, Value, with_values

MAX_WORDS = 600  # characters of a hypothesis, an assignment, a reason
REPEATED = "that was tried: it is "
"""How the refusal of an exact repeat begins."""
_NAMES, _VALUES = ("name", "knob"), ("value", "new_value", "new", "to")  # what models call the parts of a change
_RULINGS: tuple[Ruling, ...] = ("pass", "rerun", "reject")


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """The fields of an answer, as far as they are read."""

    hypothesis: str = ""
    start_from: Any = None
    knobs: Any = None
    edits: Any = ""
    expectation: str = ""
    verdicts: Any = None


def decide(now: Situation, said: Said) -> tuple[Proposal, list[Verdict]]:
    """The experiment that an answer asks for, and what it says of results under review.

    A verdict `rerun` is the experiment, whatever else was asked for.

    Raises:
        InvalidAnswerError: The answer cannot be used; says what is wrong with it.
    """
    verdicts = _verdicts(now, said.verdicts)
    rerun = next((verdict for verdict in verdicts if verdict.ruling == "rerun"), None)
    if rerun:
        known = next(case.known for case in now.view.cases if case.known.id == rerun.experiment)
        note = prompt.clean(f"reruns {known.id}: {rerun.reason}", MAX_WORDS)
        return Proposal(settings=known.settings, parent=known.id, note=note), verdicts
    start = _start(now, said.start_from)
    turned = _turned(now, said.knobs)
    settings: dict[str, Value] = {**start.settings, **turned}
    changes = read_edits(said.edits)
    script = _edited(now, start, changes, turned) if changes else None
    if script is not None:
        values, text = script
        settings = {**values, **turned}
        script_text: str | None = with_values(text, settings)
    else:
        script_text = None
    if script_text is None and settings == dict(start.settings):
        raise InvalidAnswerError(_nothing(now, start, turned))
    if (repeated := _repeated(now, start, settings, script_text)) is not None:
        raise InvalidAnswerError(repeated)
    expected = f"{results.EXPECTS}{said.expectation.strip()}" if said.expectation.strip() else ""
    note = prompt.clean(f"{said.hypothesis.strip() or 'no hypothesis given'}{expected}", MAX_WORDS)
    return Proposal(settings=settings, parent=start.id, note=note, script=script_text), verdicts


def _nothing(now: Situation, start: Known, turned: Mapping[str, Value]) -> str:
    """That an answer changes nothing, with what it took for a change."""
    same = next((knob for knob in now.view.free if knob.name in turned), None)
    if same is None:
        return "the answer changes nothing: set at least one knob to another value" + _or_edit(now)
    value = start.settings[same.name]
    return (
        f"the answer changes nothing: {same.name} is {value} already at #{start.id}; give it another value "
        f"({same.range}), or turn another knob"
    )


def _repeated(now: Situation, start: Known, settings: Mapping[str, Value], script: str | None) -> str | None:
    """What these very settings gave before; None where they were not tried with this script, as far as is known."""
    if script is not None or results.rewritten(now, start):
        return None
    known = now.view.knowledge.tried(settings)
    if known is None:
        return None
    return f"{REPEATED}#{known.id}, which gave {results.evidence(now, known)}: change something else"


def _start(now: Situation, given: Any) -> Known:
    starts = now.view.starts
    if given in (None, "", "null"):
        return starts[0]
    for one in starts:
        if str(given).strip().lstrip("#") == str(one.id):
            return one
    raise InvalidAnswerError(f"start_from {_short(given)} is none of {', '.join(str(one.id) for one in starts)}")


def _turned(now: Situation, given: Any) -> dict[str, Value]:
    if given in (None, ""):
        return {}
    several = cast("list[Any]", given if isinstance(given, list) else [given])
    if several and all(isinstance(one, Mapping) for one in several):
        # In a list it is an object a knob.
        given = {name: value for one in several for name, value in _named(now, cast("Mapping[str, Any]", one)).items()}
    if not isinstance(given, Mapping):
        raise InvalidAnswerError(
            f"knobs must be a JSON object of names and values, not {_short(cast('object', given))}"
        )
    free = {knob.name: knob for knob in now.view.free}
    known = {knob.name for knob in now.view.knobs}
    spelled = {name.casefold(): name for name in known}
    found: dict[str, Value] = {}
    for said, value in _flat(now, cast("Mapping[str, Any]", given)):
        name = said if said in known else spelled.get(said.casefold(), said)
        if name not in known:
            raise InvalidAnswerError(f"there is no knob {_short(said)}: {', '.join(free)}")
        if name not in free:
            raise InvalidAnswerError(f"the knob {name} is outside your focus: {', '.join(free)}")
        found[name] = _value(free[name], value)
    return found


def _named(now: Situation, given: Mapping[str, Any]) -> Mapping[str, Any]:
    """Values by the names of their knobs, also where an answer has `{"name": "LR", "value": 0.1}`."""
    known = {knob.name for knob in now.view.knobs}
    name = next((given[key] for key in _NAMES if key in given and key not in known), None)
    value = next((given[key] for key in _VALUES if key in given and key not in known), None)
    return {name: value} if isinstance(name, str) and value is not None else given


def _bare(given: object) -> object:
    """A value that stands in a list or an object of its own."""
    if isinstance(given, list):
        row = cast("list[object]", given)
        return row[0] if len(row) == 1 else row
    if not isinstance(given, Mapping):
        return given
    told = cast("Mapping[str, object]", given)
    return next((told[key] for key in _VALUES if key in told), told)


def _flat(now: Situation, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Names and values, those of a group of knobs, too, which models write as the table of knobs shows them."""
    groups = {knob.group for knob in now.view.knobs}
    for name, value in given.items():
        if name in groups and isinstance(value, Mapping):
            yield from cast("Mapping[str, Any]", value).items()
        else:
            yield name, value


def _value(knob: Knob, given: Any) -> Value:
    """A value of a knob, as the knob has it: a model may write `"3"` for 3."""
    given = _bare(given)
    wrong = InvalidAnswerError(f"{knob.name} = {_short(given)} is not allowed: give it a value of {knob.range}")
    if knob.choices:
        named = {str(choice): choice for choice in knob.choices}
        if isinstance(given, bool) or str(given) not in named:
            raise wrong
        return named[str(given)]
    try:
        number = float(given) if isinstance(given, int | float | str) and not isinstance(given, bool) else math.nan
    except (ValueError, OverflowError):
        raise wrong from None
    value: Value = int(number) if knob.integer and number.is_integer() else number
    if not math.isfinite(number) or not knob.allows(value):
        raise wrong
    return value


def _edited(
    now: Situation, start: Known, changes: list[ScriptEdit], turned: Mapping[str, Value]
) -> tuple[dict[str, Value], str]:
    """The values of the knobs in a rewritten script, and its text."""
    script = now.work.task.script
    if not now.work.edits:
        raise InvalidAnswerError("code cannot be edited in this run: set knobs only")
    before = prompt.source_of(now, start)
    after = apply_edits(before, changes, script)
    if after == before and not turned:
        raise InvalidAnswerError("the edits change nothing")
    free = {knob.name for knob in now.view.free}
    return checked_script(after, now.view.knobs, free, before, script), after


def _verdicts(now: Situation, given: Any) -> list[Verdict]:
    if not now.view.cases or given in (None, ""):
        return []
    if not isinstance(given, Mapping):
        raise InvalidAnswerError(f"verdicts must be a JSON object of numbers and rulings, not {_short(given)}")
    cases = {str(case.known.id) for case in now.view.cases}
    found: list[Verdict] = []
    for number, said in cast("Mapping[str, Any]", given).items():
        text = _ruling(said)
        word = text.strip().lower()
        ruling: Ruling | None = next((one for one in _RULINGS if word.startswith(one)), None)
        if str(number).lstrip("#") not in cases or ruling is None:
            raise InvalidAnswerError(
                f"verdict {_short(number)}: {_short(text)} is not one of {', '.join(_RULINGS)} on {', '.join(cases)}"
            )
        reason = prompt.clean(text.strip()[len(ruling) :].strip(" :,.-"), MAX_WORDS)
        found.append(Verdict(int(str(number).lstrip("#")), ruling, reason))
    return found


def _ruling(said: object) -> str:
    """A ruling and its reason as one text, however they are given."""
    if not isinstance(said, Mapping):
        return str(said)
    pair = cast("Mapping[str, Any]", said)
    return f"{pair.get('ruling', '')}: {pair.get('reason', '')}"


def _or_edit(now: Situation) -> str:
    return f", or edit {now.work.task.script}" if now.work.edits else ""


def _short(value: object) -> str:
    return repr(prompt.clean(value, 60))
