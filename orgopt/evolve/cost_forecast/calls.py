"""How often a study's language agents would ask their models, and what that costs, before anything is asked.

A team is taken for a closed queue: an agent thinks, then waits for a slot, then for its experiment. Bounds are those of
such queues (Muntz and Wong 1974), with experiments of half to twice the typical length; the seconds and tokens of a
call are taken from earlier answers, or guessed widely.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from orgopt.agent_names import LANGUAGE_AGENT
from orgopt.agents.llm.prices import price_of
from orgopt.agents.session import thaw
from orgopt.agents.thinking.answers import Answer, read_answers
from orgopt.agents.thinking.prompt import MAX_INBOX, MAX_KNOWN
from orgopt.agents.toml_models import LanguageSettings
from orgopt.errors import OrgoptError
from orgopt.org import Org, Role
from orgopt.tasks.task import Task

REPAIRED = 2
"""Calls of a thought at most: an answer that cannot be used is repaired once."""
FILES = 200  # of earlier answers that are read, the newest
LEAST = 20  # answers that say how long calls take
_FIXED = 1_300  # characters of instructions that all questions have
_KNOB = 40  # characters of a knob's line
_MEMORY = 4_000  # characters
DENSE, THIN = 3, 5
"""Characters of a token, at least and at most."""

_VARIES = 2  # how far experiments and calls may be faster or slower than those that were timed


class Bounds(NamedTuple):
    """The least and the most of something."""

    low: float
    high: float

    def times(self, factor: float) -> "Bounds":
        """Both ends, so many times."""
        return Bounds(self.low * factor, self.high * factor)

    def by(self, other: "Bounds") -> "Bounds":
        """The least by the least, and the most by the most."""
        return Bounds(self.low * other.low, self.high * other.high)

    def plus(self, other: "Bounds") -> "Bounds":
        """The sum of the ends."""
        return Bounds(self.low + other.low, self.high + other.high)


_GREETING = Bounds(10, 60)  # tokens of a first question, and of its answer


class Pace(NamedTuple):
    """The seconds and the tokens of a call, with where they are from."""

    seconds: Bounds
    input_tokens: Bounds
    output_tokens: Bounds
    basis: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """What language agents would ask in all, and its price.

    Attributes:
        calls: Answers of models.
        input_tokens, output_tokens: Of them all.
        usd: What they cost at today's prices, or at those that the study was begun with.
        hours: What they take one after the other, on the wall.
        basis: What the seconds and tokens of a call are taken from.
    """

    calls: Bounds
    input_tokens: Bounds
    output_tokens: Bounds
    usd: Bounds
    hours: Bounds
    basis: str

    def plus(self, other: "Calls") -> "Calls":
        """Both together."""
        return Calls(
            calls=self.calls.plus(other.calls),
            input_tokens=self.input_tokens.plus(other.input_tokens),
            output_tokens=self.output_tokens.plus(other.output_tokens),
            usd=self.usd.plus(other.usd),
            hours=self.hours.plus(other.hours),
            basis=f"{self.basis}; {other.basis}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CallTerms:
    """What a run's language agents work under.

    Attributes:
        budget_s: Lab seconds of a run.
        slots: Experiments at once.
        experiment_s: Slot-seconds of one experiment, about.
        edits: Whether they may rewrite the script.
        runs: Runs of teams, at least and at most.
        firsts: Those of them after which roles with lasting memory write it.
        virtual: Whether they are replayed, so that agents are charged nominal time unless settings say otherwise.
    """

    budget_s: float
    slots: int
    experiment_s: float
    edits: bool
    runs: Bounds
    firsts: Bounds
    virtual: bool = False


def calls(org: Org, tasks: Sequence[Task], settings: LanguageSettings, terms: CallTerms, pace: Pace | None) -> Calls:
    """What all runs of teams like an organization would ask.

    Args:
        org: The organization, which stands for those of all candidates.
        tasks: What it researches.
        settings: The models and their prices.
        terms: Budget, slots and number of runs.
        pace: What earlier calls of the same models were like; None guesses.

    Raises:
        UsageError: A role has no model, or a model no price.
    """
    asked = tokens_in = tokens_out = usd = seconds = Bounds(0, 0)
    nominal = False
    for role in (role for role in org.roles if role.headcount and role.agent == LANGUAGE_AGENT):
        found = pace or guess(org, role, tasks, edits=terms.edits)
        model, wall = settings.model(role.model), found.seconds
        if model.nominal(virtual=terms.virtual):
            ends = zip(found.input_tokens, found.output_tokens, strict=True)
            found = found._replace(seconds=Bounds(*(model.nominal_s(int(told), int(said)) for told, said in ends)))
            nominal = True
        own = _thoughts(org, role, terms, found.seconds).by(terms.runs)
        if role.memory == "lasting":
            own = own.plus(terms.firsts)
        own = own.by(Bounds(1, REPAIRED + model.looks))
        inputs, outputs = own.by(found.input_tokens), own.by(found.output_tokens)
        price = price_of(settings, model)
        asked, tokens_in, tokens_out = asked.plus(own), tokens_in.plus(inputs), tokens_out.plus(outputs)
        low, high = (price.of(int(a), int(b)) for a, b in zip(inputs, outputs, strict=True))
        usd, seconds = usd.plus(Bounds(low, high)), seconds.plus(own.by(wall))
    guessed = "a guess of their tokens, at nominal speeds" if nominal else "a guess of 0.5 to 30 s a call"
    basis = pace.basis if pace else guessed
    hours = seconds.times(1 / 3600)
    return Calls(calls=asked, input_tokens=tokens_in, output_tokens=tokens_out, usd=usd, hours=hours, basis=basis)


def first_questions(settings: LanguageSettings, names: Iterable[str]) -> Calls:
    """What models are asked when a study begins: whether they answer, and whether they are held to a schema.

    Args:
        settings: How they are reached.
        names: The models, as documents call them.

    Raises:
        UsageError: A model has no price.
    """
    models = [settings.model(name) for name in dict.fromkeys(names)]
    asked = Bounds(len(models), 2 * len(models))
    tokens = asked.by(_GREETING)
    price = [price_of(settings, model).of(int(_GREETING.high), int(_GREETING.high)) for model in models]
    usd, hours = Bounds(0, 2 * sum(price)), asked.by(Bounds(0.5, 30)).times(1 / 3600)
    basis = "two first questions a model"
    return Calls(calls=asked, input_tokens=tokens, output_tokens=tokens, usd=usd, hours=hours, basis=basis)


def guess(org: Org, role: Role, tasks: Sequence[Task], *, edits: bool) -> Pace:
    """What a call of a role may be like, by the length of what it is told and may say."""
    words = len(role.charter) + len(role.persona) + len(org.mission)
    told = [_FIXED + words + len(task.brief) + _KNOB * len(task.knobs) for task in tasks]
    scripts = [len(task.source) if edits else 0 for task in tasks]
    kept = _MEMORY if role.memory != "none" else 0
    most = max(map(sum, zip(told, scripts, strict=True))) + MAX_KNOWN + MAX_INBOX + kept
    least = min(map(sum, zip(told, scripts, strict=True)))
    said = 500 + kept // DENSE + (max(scripts) // DENSE)
    return Pace(Bounds(0.5, 30), Bounds(least / THIN, most / DENSE), Bounds(10, 2 * said), "a guess")


def earlier(folders: Iterable[Path], models: Mapping[str, Any]) -> Pace | None:
    """The pace of earlier answers of some models, those of the newest folders; None where there are too few.

    Args:
        folders: Of runs, which keep their answers and the prices that they were begun with.
        models: The models, by the names that prices have; runs of others say nothing.
    """
    newest = sorted((one for one in folders if (one / "answers.jsonl").is_file()), key=_age, reverse=True)
    answers: list[Answer] = []
    for folder in islice(newest, FILES):
        try:
            if set(thaw(LanguageSettings(), folder).prices) <= set(models):
                answers += [answer for _, answer in read_answers(folder / "answers.jsonl")]
        except OrgoptError:
            continue  # of another version, or damaged
    given = [one for one in answers if not one.failure]
    if len(given) < LEAST:
        return None
    seconds, inputs, outputs = (
        Bounds(*np.quantile([getattr(one, name) for one in given], (0.05, 0.95)).tolist())
        for name in ("seconds", "input_tokens", "output_tokens")
    )
    slower = Bounds(seconds.low / _VARIES, seconds.high * _VARIES)
    return Pace(slower, inputs, outputs, f"{len(given)} earlier answers of the same models")


def _thoughts(org: Org, role: Role, terms: CallTerms, seconds: Bounds) -> Bounds:
    """Thoughts of a role in a run."""
    quick, slow = terms.experiment_s / _VARIES, terms.experiment_s * _VARIES
    crowd = math.ceil(org.headcount / terms.slots)
    least = terms.budget_s / (seconds.high + slow * crowd) / (1 + org.confirm_of(role))
    most = min(role.headcount * terms.budget_s / (seconds.low + quick), terms.slots * terms.budget_s / quick)
    # The first begins at once, and the last of each agent is cut by the end of the budget.
    found = Bounds(role.headcount * max(1.0, math.floor(least)), most + role.headcount)
    standup = org.standup
    if standup is None or (standup.attendees and role.id not in standup.attendees):
        return found
    experiments = terms.slots * terms.budget_s / quick
    meetings = terms.budget_s / standup.every if standup.unit == "s" else experiments / standup.every
    return found.plus(Bounds(0, role.headcount * min(meetings, terms.budget_s / max(seconds.low, 1e-3))))


def _age(folder: Path) -> float:
    return (folder / "answers.jsonl").stat().st_mtime
