"""Language agents: a DSPy program asks, reads the answer and has it repaired once, which gives one experiment.

Needs DSPy, so that it is imported late. An answer that cannot be used is repaired once; then the thought has failed,
which costs agent time alone.
"""

import json
from collections.abc import Mapping
from typing import Any

import dspy
from dspy.adapters.chat_adapter import field_header_pattern
from dspy.signatures.signature import make_signature
from dspy.utils.exceptions import AdapterParseError, LMError

from orgopt.agents.base import Purpose, Thought, Verdict
from orgopt.agents.llm.engine import Engine, speaker
from orgopt.agents.llm.model import Absent, AskError, Failure, Model
from orgopt.agents.llm.sections import ASKS, INPUTS, OUTPUTS
from orgopt.agents.thinking import prompt
from orgopt.agents.thinking.decide import MAX_WORDS, Said, decide
from orgopt.agents.thinking.edits import InvalidAnswerError
from orgopt.agents.thinking.mind import Books, Mind
from orgopt.agents.thinking.situation import Seat, Situation
from orgopt.errors import OrgoptError

MAX_MEMORY = 4_000
"""Characters of an agent's notes, and of a role's lasting memory."""
MAX_REPORT = 800
_MAX_JSON = 20_000
_MAX_SAID = 6_000
_COLDEST, _HOTTEST = 0.2, 1.0


class Adapter(dspy.ChatAdapter):
    """DSPy's sections, read strictly: what is not JSON is not guessed at, which can take minutes on noise."""

    def __init__(self) -> None:
        super().__init__(use_json_adapter_fallback=False)

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        """The output fields of an answer.

        Raises:
            AdapterParseError: One is missing or is not what it should be.
        """
        found: dict[str, Any] = {}
        sections = _sections(completion)
        try:
            for name, info in signature.output_fields.items():
                if name in sections:
                    found[name] = sections[name] if info.annotation is str else _json(name, sections[name])
                elif info.is_required():
                    raise InvalidAnswerError(f"there is no section [[ ## {name} ## ]]")
                else:
                    found[name] = info.get_default(call_default_factory=True)
        except InvalidAnswerError as error:
            raise AdapterParseError(
                adapter_name="Adapter",
                signature=signature,  # pyright: ignore[reportArgumentType]  DSPy's annotation is wrong
                lm_response=completion[:_MAX_SAID],
                message=str(error),
            ) from error
        return found


class LanguageAgent(Mind):
    """An agent that thinks with a language model.

    Args:
        seat: Its place in the team; its risk tolerance is its sampling temperature too.
        books: What is written down of its thoughts.
        model: What it thinks with.
    """

    rules = True

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
        found: dict[str, Any] = {}
        try:
            with dspy.context(lm=speaker(engine, self.temperature), adapter=Adapter(), disable_history=True):
                found = _answered(purpose, now, told, engine)
        except InvalidAnswerError as error:
            found = {"failure": Failure.INVALID.value, "error": str(error)[:300]}
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
            said=answers[-1].text[:_MAX_SAID] if answers else "",
        )


def program(purpose: Purpose, now: Situation, inputs: Mapping[str, str]) -> dspy.Predict:
    """The DSPy program of a role: its instructions come from its charter, its fields from what it may do."""
    fields: dict[str, Any] = {name: (str, dspy.InputField(desc=INPUTS[name])) for name in inputs}
    for name in _outputs(purpose, now):
        kind, text, default = OUTPUTS[name]
        given = {} if default is ... else {"default": default}
        fields[name] = (kind, dspy.OutputField(desc=text, **given))
    text = "\n\n".join(part for part in (prompt.instructions(now), ASKS[purpose]) if part)
    return dspy.Predict(make_signature(fields, text))


def _answered(purpose: Purpose, now: Situation, told: Mapping[str, str], engine: Engine) -> dict[str, Any]:
    """What an answer comes to, repaired once where it has to be."""
    try:
        return _read(purpose, now, program(purpose, now, told)(**told))
    except (InvalidAnswerError, AdapterParseError) as error:
        problem = str(error.__cause__ or error) if isinstance(error, AdapterParseError) else str(error)
    again = {**told, "answer": engine.asked[-1].text[:_MAX_SAID], "problem": problem[:1000]}
    try:
        return _read(purpose, now, program(purpose, now, again)(**again))
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
        "verdicts": bool(now.view.cases),
        "edits": now.work.edits,
        "assignment": bool(now.seat.assigns),
        "notes": now.seat.role.memory != "none",
        "report": False,
    }
    return [name for name in OUTPUTS if wanted.get(name, True)]


def _sections(text: str) -> dict[str, str]:
    """The sections of an answer, the first of each name."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.splitlines():
        match = field_header_pattern.match(line.strip())
        if match:
            lines = [line.strip()[match.end() :].strip()]
            found.setdefault(match[1], lines)
        else:
            lines.append(line)
    return {
        name: "\n".join(value).strip("\n").strip() if name != "edits" else "\n".join(value)
        for name, value in found.items()
    }


def _json(name: str, text: str) -> Any:
    text = text.strip()
    if text.startswith("```"):
        text = text.partition("\n")[2].rpartition("```")[0].strip()
    if not text:
        return None
    try:
        return json.loads(text) if len(text) <= _MAX_JSON else _wrong(name, text)
    except (ValueError, RecursionError):
        return _wrong(name, text)


def _wrong(name: str, text: str) -> Any:
    raise InvalidAnswerError(f"the section {name} is not JSON: {prompt.clean(text, 80)!r}")


def _kept(text: str, limit: int) -> str:
    """Text of several lines within a limit, without control characters or marks of the prompt."""
    lines = [prompt.clean(line, limit) for line in text.strip().splitlines()]
    return "\n".join(lines)[:limit].strip()
