"""Language agents: a DSPy program asks, reads the answer and has it repaired once, which gives one experiment.

Needs DSPy, so that it is imported late. An answer that cannot be used is repaired once; then the thought has failed,
which costs agent time alone.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import dspy
from dspy.signatures.signature import make_signature
from dspy.utils.exceptions import AdapterParseError, LMError

from orgopt.agents.base import Purpose, Thought, Verdict
from orgopt.agents.llm.adapter import MAX_SAID, Adapter, Turn
from orgopt.agents.llm.engine import Engine, speaker
from orgopt.agents.llm.model import Absent, AskError, Failure, Model
from orgopt.agents.llm.sections import AS_JSON, ASKS, INPUTS, LATE, OUTPUTS, STATIC
from orgopt.agents.thinking import look, prompt, results
from orgopt.agents.thinking.answers import Answer
from orgopt.agents.thinking.decide import MAX_WORDS, Said, decide
from orgopt.agents.thinking.failures import UNFINISHED
from orgopt.agents.thinking.interface import interface
from orgopt.agents.thinking.mind import Books, Mind
from orgopt.agents.thinking.schema import schema_of
from orgopt.agents.thinking.script_edits import InvalidAnswerError
from orgopt.agents.thinking.situation import Seat, Situation
from orgopt.errors import OrgoptError

MAX_MEMORY = 4_000
"""Characters of an agent's notes, and of a role's lasting memory."""
MAX_REPORT = 800
_MAX_PROBLEM = 1_000
_THIN = 8  # characters of a token at most, or nearly so
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
        self._nominal = model.settings.nominal(virtual=seat.work.virtual)

    def brief(self, purpose: Purpose, now: Situation) -> Mapping[str, str]:
        """What it is to be told: the inputs of its program."""
        return _inputs(purpose, now)

    def about(self, now: Situation) -> Mapping[str, Any]:
        return {
            "model": self._model.settings.name,
            "temperature": self.temperature,
            "instructions": instructions("propose", now),
        }

    def patience_s(self, purpose: Purpose, now: Situation) -> float:
        return math.inf if self._nominal or purpose == "remember" else now.left.seconds

    def answer(
        self, purpose: Purpose, now: Situation, told: Mapping[str, str], *, recorded_only: bool = False
    ) -> Thought:
        least_s = self._model.settings.nominal_s(sum(map(len, told.values())) // _THIN, 0)
        if self._nominal and purpose != "remember" and least_s > now.left.seconds:
            return Thought(seconds=least_s, failure=UNFINISHED)  # the budget ends before: nobody is asked
        asker, books = f"{self.seat.name}/{purpose}", self.books
        engine = Engine(self._model, books.answers, books.spend, asker=asker, role=self.seat.role.id)
        engine.recorded_only = recorded_only
        given = self._model.settings
        held = bool(given.schema)
        names = _outputs(purpose, now, looks=given.looks)
        engine.schema = schema_of(now, names, ranges=given.ranges is not False) if held else None
        found, turns = dict[str, Any](), list[Turn]()
        try:
            with dspy.context(lm=speaker(engine, self.temperature), disable_history=True):
                # Code in JSON is written wrongly by models that nothing holds to it.
                as_json = held or not now.work.edits
                adapter = Adapter(as_json=as_json, held=held, late=LATE, turns=turns)
                found = _answered(purpose, now, told, engine, turns, adapter, given.looks)
        except InvalidAnswerError as error:
            found["failure"], found["error"] = Failure.INVALID.value, f"{str(error)[:300]}{self._cut(engine)}"
        except (LMError, AskError) as error:
            if isinstance(error.__cause__, OrgoptError):
                raise error.__cause__ from None
            last = engine.asked[-1] if engine.asked else None
            found["failure"] = last.failure if last else Failure.REFUSED.value
            found["error"] = last.error if last else str(error)
        answers = engine.asked
        wall_s = round(sum(one.seconds for one in answers), 4)
        tokens = [[one.input_tokens, one.cached_tokens, one.output_tokens] for one in answers]
        facts: dict[str, Any] = {"wall_s": wall_s, "tokens_of_calls": tokens}
        return Thought(
            **found,
            seconds=self._charged(answers) if self._nominal else wall_s,
            calls=len(answers),
            input_tokens=sum(one.input_tokens for one in answers),
            output_tokens=sum(one.output_tokens for one in answers),
            usd=round(sum(one.usd for one in answers), 8),
            said=answers[-1].text[:MAX_SAID] if answers else "",
            facts=facts | _of_turns(turns),
        )

    def _charged(self, answers: Sequence[Answer]) -> float:
        """The nominal seconds of some answers."""
        given = self._model.settings
        return round(sum(given.nominal_s(one.input_tokens, one.output_tokens) for one in answers), 4)

    def _cut(self, engine: Engine) -> str:
        """What is to be said of an answer that ended at its limit."""
        if not engine.asked or engine.asked[-1].finish != "length":
            return ""
        settings = self._model.settings
        return f' (it was cut at {settings.max_tokens} tokens: [models."{settings.name}"] max_tokens in orgopt.toml)'


def _of_turns(turns: Sequence[Turn]) -> dict[str, Any]:
    """What a ledger keeps of the answers before the last: why one could not be used, and what was shown."""
    problems, shown = [one.problem for one in turns if one.problem], [one.shown for one in turns if one.shown]
    return ({"repaired": problems[0]} if problems else {}) | ({"shown": shown} if shown else {})


def program(purpose: Purpose, now: Situation, told: Collection[str], *, as_json: bool, looks: int = 0) -> dspy.Predict:
    """The DSPy program of a role: its instructions come from its charter, its fields from what it may do."""
    fields: dict[str, Any] = {name: (str, dspy.InputField()) for name in told}
    for name in _outputs(purpose, now, looks=looks):
        kind, text, default = OUTPUTS[name]
        text = AS_JSON.get(name, text) if as_json else text
        if looks and name == "hypothesis":
            default = ""  # who asks to be shown something gives none yet
        given = {} if default is ... else {"default": default}
        fields[name] = (kind, dspy.OutputField(desc=text, **given))
    return dspy.Predict(make_signature(fields, instructions(purpose, now)))


def instructions(purpose: Purpose, now: Situation) -> str:
    """What a role is told once and for all, the same in all of its questions.

    What all roles are told comes first, and what this one is last: so they have most of it in a cache from each other.
    """
    given = {"mission": prompt.mission(now), "settings": "", "interface": ""}
    if purpose == "propose":
        given["settings"] = prompt.knob_table(now.view.knobs, now.view.knowledge.all[0].settings, now.view.free)
        given["interface"] = interface(now.work.task) if now.work.edits else ""
    parts = [f"# {title}\n{given[name]}" for name, title in STATIC.items() if given[name]]
    role = f"# Your role\n{prompt.charge(now)}"
    return "\n\n".join(part for part in (prompt.rules(now), *parts, role, ASKS[purpose]) if part)


def _answered(
    purpose: Purpose,
    now: Situation,
    told: Mapping[str, str],
    engine: Engine,
    turns: list[Turn],
    adapter: Adapter,
    looks: int,
) -> dict[str, Any]:
    """What an answer comes to, repaired once where it has to be, in the same conversation; `turns` takes that.

    Where it asks to be shown experiments first, it is, as often as it may.
    """
    asked = program(purpose, now, told, as_json=adapter.as_json, looks=looks)
    while True:
        try:
            with dspy.context(adapter=adapter):
                given: Any = asked(**told)
            if sum(bool(one.shown) for one in turns) < looks and (shown := _shown(now, given)):
                turns.append(Turn(engine.asked[-1].text[:MAX_SAID], "", shown))
                continue
            return _read(purpose, now, given)
        except (InvalidAnswerError, AdapterParseError) as error:
            problem = str(error.__cause__ or error) if isinstance(error, AdapterParseError) else str(error)
        if any(one.problem for one in turns):
            raise InvalidAnswerError(problem)
        said = engine.asked[-1]
        if said.finish == "length":
            problem = f"it was cut, for it was too long: say less. {problem}"
        turns.append(Turn(said.text[:MAX_SAID], problem[:_MAX_PROBLEM]))


def _shown(now: Situation, given: Any) -> str:
    """What an answer asks to be shown; empty for nothing."""
    return look.shown(now, given["look"]) if "look" in given else ""


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
    found = {"known": results.known(now)}
    found["inbox"] = prompt.inbox(now) if now.inbox else ""
    if now.seat.role.memory != "none":
        found["memory"] = now.memory or "none yet"
    if purpose == "propose":
        found |= {"running": results.running(now), "last": results.last(now), "starts": results.starts(now)}
        found["failed"] = "\n".join(prompt.clean(problem) for problem in now.failed)
        found["left"] = prompt.left(now)
        found["script"] = prompt.script(now) if now.work.edits else ""
        found["cases"] = prompt.cases(now)
    return {name: found[name] for name in INPUTS if found.get(name)}


def _outputs(purpose: Purpose, now: Situation, *, looks: int = 0) -> list[str]:
    if purpose != "propose":
        return ["report" if purpose == "report" else "notes"]
    wanted = {
        "look": looks > 0 and len(now.view.knowledge.all) > 1,
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
