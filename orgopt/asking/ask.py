"""Asks the roles of a document what they would do in fixed situations, and says how good their answers are.

It is far cheaper than a run: nothing is trained, and a world says at once what a proposal would give.
"""

import statistics
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from orgopt.agent_names import LANGUAGE_AGENT
from orgopt.agents.base import Thought
from orgopt.agents.knowledge import Known
from orgopt.agents.session import Language
from orgopt.agents.thinking.decide import REPEATED
from orgopt.agents.thinking.failures import Failure
from orgopt.agents.thinking.mind import Mind
from orgopt.asking.situations import Moment, Posed, history, moments, situations
from orgopt.errors import UsageError
from orgopt.lab.base import Experiment, Lab, Status
from orgopt.org import Org, Role
from orgopt.scoring.calibration import train_all
from orgopt.seeds import Stream, derive
from orgopt.storage.json_values import json_values
from orgopt.tasks.task import Settings, Task

_RUNS = 8  # of a proposal in a world that does not know the metric without noise


class Reply(NamedTuple):
    """What came of asking a role once.

    Attributes:
        role: Its name.
        moment: The situation.
        thought: The answer.
        gain: By how much the proposed setting is better than its start, as a quality; None where that is not known.
        start: The settings of its start; None where nothing is proposed.
    """

    role: str
    moment: Moment
    thought: Thought
    gain: float | None
    start: Settings | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What came of asking a role in one situation several times; shares are from 0 to 1, others are means.

    Attributes:
        role, moment: Which.
        samples: How often it was asked.
        valid: Share of answers that could be used, repaired ones included.
        first: Share that could be used without a repair.
        repeats: Share that asked for what had been tried.
        input_tokens, output_tokens: Of a thought, its repair included.
        cached: Share of a question's tokens that the provider had in its cache, from the question before it.
        cached_repairs: Likewise, where an answer was sent back; None where none was.
        seconds: Of a thought, by the clock on the wall.
        usd: Of a thought.
        gain: How much better proposals are than what they start from, as a quality without noise; None where that is
            not known. Answers that cannot be used count as no gain.
        error: What an answer that could not be used was refused for, the last.
    """

    role: str
    moment: Moment
    samples: int
    valid: float
    first: float
    repeats: float
    input_tokens: float
    output_tokens: float
    cached: float
    cached_repairs: float | None
    seconds: float
    usd: float
    gain: float | None
    error: str

    def to_dict(self) -> dict[str, Any]:
        """It as JSON values."""
        return json_values(self)


def asked_roles(org: Org) -> list[Role]:
    """The roles of an organization that think with a language model."""
    return [role for role in org.roles if role.headcount and role.agent == LANGUAGE_AGENT]


def ask(
    org: Org,
    task: Task,
    lab: Lab,
    language: Language,
    *,
    samples: int,
    seed: int = 0,
    only: Sequence[Moment] = (),
    told: Callable[[Reply], object] | None = None,
) -> list[Answered]:
    """Ask each role that thinks with a language model in each situation that it meets.

    Args:
        org: Whose roles.
        task: What they research.
        lab: A replay of it.
        language: What they think with.
        samples: How often each is asked in each situation.
        seed: Decides the situations.
        only: The situations; empty for all that a role meets.
        told: Told of each answer.

    Raises:
        UsageError: The task cannot be replayed, or no role thinks.
    """
    roles = asked_roles(org)
    if not roles:
        raise UsageError("no role of the document thinks with a language model: there is nobody to ask")
    found: list[Answered] = []
    for role in roles:
        past = history(task, lab, role, samples, seed)
        for moment in moments(org, role):
            if only and moment not in only:
                continue
            given = situations(org, role, task, lab, past, moment=moment, samples=samples, seed=seed)
            replies: list[Reply] = []
            for reply in _replies(given, role, task, lab, language, seed):
                replies.append(reply)
                if told:
                    told(reply)
            found.append(_answered(role, moment, replies))
    return found


def _replies(
    given: Iterator[Posed], role: Role, task: Task, lab: Lab, language: Language, seed: int
) -> Iterator[Reply]:
    for posed in given:
        mind = language.agent(posed.now.seat)
        if not isinstance(mind, Mind):
            raise UsageError(f"{role.name} has no words")
        told = mind.brief(posed.purpose, posed.now)
        thought = mind.answer(posed.purpose, posed.now, told)
        start = _start(thought, posed)
        gain = gain_of(thought, posed, task, lab, seed)
        yield Reply(role.name, posed.moment, thought, gain, start.settings if start else None)


def worth(replies: Sequence[Reply]) -> float:
    """How good answers are, as one number: the share that can be used, and the mean gain where it is known."""
    gains = [reply.gain for reply in replies if reply.gain is not None]
    return _mean([not reply.thought.failure for reply in replies]) + (_mean(gains) if gains else 0.0)


def _start(thought: Thought, posed: Posed) -> Known | None:
    """What a proposal starts from."""
    proposal = thought.proposal
    return next(one for one in posed.now.view.starts if one.id == proposal.parent) if proposal else None


def gain_of(thought: Thought, posed: Posed, task: Task, lab: Lab, seed: int) -> float | None:
    """How much better a proposal is than what it starts from; nothing for an answer that cannot be used."""
    if posed.purpose != "propose" or posed.moment == "review":
        return None
    start = _start(thought, posed)
    if thought.proposal is None or start is None:
        return 0.0
    before, after = (_heldout(task, lab, one, seed) for one in (start.settings, thought.proposal.settings))
    if before is None:
        return None
    # What fails is worth nothing: it costs a slot, and nobody goes on from it.
    return 0.0 if after is None else max(-1.0, task.quality(after) - task.quality(before))


def _heldout(task: Task, lab: Lab, settings: Settings, seed: int) -> float | None:
    """The metric that counts of a setting; None where it fails or nobody knows."""
    if (known := lab.truth(settings)) is not None:
        return known
    seeds = [derive(Stream.VERIFY, seed, 0, k) for k in range(_RUNS)]
    experiments = [Experiment(id=k, settings=settings, seed=one) for k, one in enumerate(seeds, 1)]
    values = [
        one.heldout
        for one in train_all(lab, experiments, task.limit_s)
        if one.status is Status.OK and one.heldout is not None
    ]
    return statistics.mean(values) if values else None


def _answered(role: Role, moment: Moment, replies: Sequence[Reply]) -> Answered:
    thoughts = [reply.thought for reply in replies]
    lost = next((one for one in thoughts if one.failure and one.failure != Failure.INVALID), None)
    refused = [str(one.facts.get("repaired", "")) for one in thoughts]
    whys = [one.error or why for one, why in zip(thoughts, refused, strict=True)]
    firsts, seconds = (_cached(thoughts, number) for number in (0, 1))
    gains = [reply.gain for reply in replies if reply.gain is not None]
    return Answered(
        role=role.name,
        moment=moment,
        samples=len(thoughts),
        valid=_mean([not one.failure for one in thoughts]),
        first=_mean([not why for why in refused]) if lost is None else 0.0,
        repeats=_mean([REPEATED in why for why in refused]),
        input_tokens=_mean([one.input_tokens for one in thoughts]),
        output_tokens=_mean([one.output_tokens for one in thoughts]),
        cached=firsts or 0.0,
        cached_repairs=seconds,
        seconds=_mean([one.facts["wall_s"] for one in thoughts]),
        usd=_mean([one.usd for one in thoughts]),
        gain=_mean(gains) if gains else None,
        error=next((why for why in reversed(whys) if why), ""),
    )


def _cached(thoughts: Sequence[Thought], number: int) -> float | None:
    """The share of the tokens of the calls of some number that were in a cache; None where there was no such call."""
    calls = [one.facts["tokens_of_calls"] for one in thoughts]
    # Of the first sample nothing can be known: it is no second thought.
    told = [of[number] for of in (calls if number else calls[1:]) if len(of) > number]
    inputs = sum(one[0] for one in told)
    return sum(one[1] for one in told) / inputs if inputs else None


def _mean(values: Sequence[float]) -> float:
    return statistics.fmean(values)
