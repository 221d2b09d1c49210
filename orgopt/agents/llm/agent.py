"""Language agents: a DSPy program asks, reads the answer and has it repaired once, which gives one experiment.

Needs DSPy, so that it is imported late. An answer that cannot be used is repaired once; then the thought has failed,
which costs agent time alone.
"""

from collections.abc import Mapping
from typing import Any

import dspy
from dspy.signatures.signature import make_signature
from dspy.utils.exceptions import AdapterParseError, LMError

from orgopt.agents.base import Purpose, Thought, Verdict
from orgopt.agents.llm.adapter import MAX_SAID, Adapter
from orgopt.agents.llm.engine import Engine, speaker
from orgopt.agents.llm.model import Absent, AskError, Failure, Model
from orgopt.agents.llm.sections import AS_JSON, ASKS, INPUTS, OUTPUTS
from orgopt.agents.thinking import prompt
from orgopt.agents.thinking.decide import MAX_WORDS, Said, decide
from orgopt.agents.thinking.edits import InvalidAnswerError
from orgopt.agents.thinking.mind import Books, Mind
from orgopt.agents.thinking.schema import schema_of
from orgopt.agents.thinking.situation import Seat, Situation
from orgopt.errors import OrgoptError

MAX_MEMORY = 4_000
"""Characters of an agent's notes, and of a role's lasting memory."""
MAX_REPORT = 800
_COLDEST, _HOTTEST = 0.2, 1.0


class LanguageAgent(Mind):
    """An agent that thinks with a language model.

    Args:
        seat: Its place in the team; its risk tolerance is its sampling temperature too.
        books: What is written down of its thoughts.
        model: What it thinks with.
    """

    rules = True
    assigns = True

    def __init__(self, seat: Seat, books: Books, model: Model | Absent) -> None:
        super().__init__(seat, books)
        self.temperature = round(_COLDEST + seat.risk * (_HOTTEST - _COLDEST), 3)
        self._model = model

    def brief(self, purpose: Purpose, now: Situation) -> Mapping[str, str]:
        """What it is to be told: the inputs of its program."""
        return _inputs(purpose, now)

    def about(self, now: Situation) -> Mapping[str, Any]:
        return {
            "model": self._model.settings.name,
            "temperature": self.temperature,
            "instructions": prompt.instructions(now),
            "mission": prompt.mission(now),
        }

    def answer(
        self, purpose: Purpose, now: Situation, told: Mapping[str, str], *, recorded_only: bool = False
    ) -> Thought:
        asker, books = f"{self.seat.name}/{purpose}", self.books
        engine = Engine(self._model, books.answers, books.spend, asker=asker, role=self.seat.role.id)
        engine.recorded_only = recorded_only
        held = bool(self._model.settings.schema)
        engine.schema = schema_of(now, _outputs(purpose, now)) if held else None
        found: dict[str, Any] = {}
        adapter = Adapter(as_json=held)
        try:
            with dspy.context(lm=speaker(engine, self.temperature), adapter=adapter, disable_history=True):
                found = _answered(purpose, now, told, engine)
        except InvalidAnswerError as error:
            found = {"failure": Failure.INVALID.value, "error": f"{str(error)[:300]}{self._cut(engine)}"}
        except (LMError, AskError) as error:
            if isinstance(error.__cause__, OrgoptError):
                raise error.__cause__ from None
            last = engine.asked[-1] if engine.asked else None
            found = {
                "failure": last.failure if last else Failure.REFUSED.value,
                "error": last.error if last else str(error),
            }
        answers = engine.asked
        return Thought(
            **found,
            seconds=round(sum(one.seconds for one in answers), 4),
            calls=len(answers),
            input_tokens=sum(one.input_tokens for one in answers),
            output_tokens=sum(one.output_tokens for one in answers),
            usd=round(sum(one.usd for one in answers), 8),
            said=answers[-1].text[:MAX_SAID] if answers else "",
        )

    def _cut(self, engine: Engine) -> str:
        """What is to be said of an answer that ended at its limit."""
        if not engine.asked or engine.asked[-1].finish != "length":
            return ""
        settings = self._model.settings
        return f' (it was cut at {settings.max_tokens} tokens: [models."{settings.name}"] max_tokens in orgopt.toml)'


def program(purpose: Purpose, now: Situation, inputs: Mapping[str, str], *, as_json: bool = False) -> dspy.Predict:
    """The DSPy program of a role: its instructions come from its charter, its fields from what it may do."""
    fields: dict[str, Any] = {name: (str, dspy.InputField(desc=INPUTS[name])) for name in inputs}
    for name in _outputs(purpose, now):
        kind, text, default = OUTPUTS[name]
        text = AS_JSON.get(name, text) if as_json else text
        given = {} if default is ... else {"default": default}
        fields[name] = (kind, dspy.OutputField(desc=text, **given))
    text = "\n\n".join(part for part in (prompt.instructions(now), ASKS[purpose]) if part)
    return dspy.Predict(make_signature(fields, text))


def _answered(purpose: Purpose, now: Situation, told: Mapping[str, str], engine: Engine) -> dict[str, Any]:
    """What an answer comes to, repaired once where it has to be."""
    as_json = engine.schema is not None
    try:
        return _read(purpose, now, program(purpose, now, told, as_json=as_json)(**told))
    except (InvalidAnswerError, AdapterParseError) as error:
        problem = str(error.__cause__ or error) if isinstance(error, AdapterParseError) else str(error)
    if engine.asked[-1].finish == "length":
        problem = f"it was cut, for it was too long: say less. {problem}"
    again = {**told, "answer": engine.asked[-1].text[:MAX_SAID], "problem": problem[:1000]}
    try:
        return _read(purpose, now, program(purpose, now, again, as_json=as_json)(**again))
    except AdapterParseError as error:
        raise InvalidAnswerError(str(error.__cause__ or error)) from None


def _read(purpose: Purpose, now: Situation, given: Any) -> dict[str, Any]:
    """What DSPy read of an answer, checked; its fields have no types."""
    if purpose != "propose":
        text = str(given.report if purpose == "report" else given.notes).strip()
        if not text:
            raise InvalidAnswerError("the answer is empty")
        return {"text": _kept(text, MAX_REPORT if purpose == "report" else MAX_MEMORY)}
    names = ("hypothesis", "start_from", "knobs", "edits", "expectation", "verdicts")
    proposal, verdicts = decide(now, Said(**{name: given[name] for name in names if name in given}))
    found: dict[str, Any] = {"proposal": proposal, "verdicts": tuple[Verdict, ...](verdicts)}
    if now.seat.assigns:
        found["assignment"] = prompt.clean(given.assignment, MAX_WORDS)
    if now.seat.role.memory != "none" and str(given.notes).strip():
        found["memory"] = _kept(str(given.notes), MAX_MEMORY)
    return found


def _inputs(purpose: Purpose, now: Situation) -> dict[str, str]:
    found = {"mission": prompt.mission(now), "known": prompt.known(now), "inbox": prompt.inbox(now)}
    if purpose == "propose":
        start = now.view.starts[0].settings
        found["settings"] = prompt.knob_table(now.view.knobs, start, now.view.free)
        found["left"] = prompt.left(now)
        if now.work.edits:
            found["script"] = prompt.script(now)
        if now.view.cases:
            found["cases"] = prompt.cases(now)
    if now.seat.role.memory != "none":
        found["memory"] = now.memory or "none yet"
    return {name: found[name] for name in INPUTS if name in found}


def _outputs(purpose: Purpose, now: Situation) -> list[str]:
    if purpose != "propose":
        return ["report" if purpose == "report" else "notes"]
    wanted = {
        "start_from": len(now.view.starts) > 1,
        "verdicts": bool(now.view.cases),
        "edits": now.work.edits,
        "assignment": bool(now.seat.assigns),
        "notes": now.seat.role.memory != "none",
        "report": False,
    }
    return [name for name in OUTPUTS if wanted.get(name, True)]


def _kept(text: str, limit: int) -> str:
    """Text of several lines within a limit, without control characters or marks of the prompt."""
    lines = [prompt.clean(line, limit) for line in text.strip().splitlines()]
    return "\n".join(lines)[:limit].strip()
