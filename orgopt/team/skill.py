"""What the language models of a run are good at, as its ledger tells it.

Of each role it says what its thoughts cost, and what its changes brought against what each started from, by the kind
of knob.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orgopt.agents.thinking.failures import UNFINISHED, Failure
from orgopt.ledger import BASELINE, Ledger
from orgopt.org import Org
from orgopt.tasks.task import Task
from orgopt.team.links import members

CODE, SEVERAL = "code", "several"
"""The kinds of changes that are not of knobs of one group."""
_NOISE_SD = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """What came of changes of one kind, as they were measured, noise included.

    Attributes:
        tried: How many ended.
        better: How many were better than their start by more than noise.
        gained: The sum of what they gained against their start, as a quality: 1 is the task's reference.
        kept: The sum of what those gained that were better by more than noise, which an organization goes on from; None
            in records before 2026-12-01.
    """

    tried: int
    better: int
    gained: float
    kept: float | None = None

    @property
    def worth(self) -> float:
        """What was kept; at least what all gained together, where nobody wrote it down."""
        return max(0.0, self.gained) if self.kept is None else self.kept


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """What a model did as a role on a task.

    Attributes:
        role: The role's id.
        model: The model's name.
        thoughts: How many ended in an answer.
        invalid: How many of them could not be used.
        tokens, usd: What all thoughts took, those without an answer included.
        changes: What came of changes, by the group of the knobs; `code` for edits, `several` for more than one group.
    """

    role: str
    model: str
    thoughts: int
    invalid: int
    tokens: int
    usd: float
    changes: Mapping[str, Changes] = field(default_factory=dict[str, Changes])


def skills_of(org: Org, task: Task, ledger: Ledger) -> tuple[Skill, ...]:
    """The skills that a run shows, a row for each role that thinks with a model."""
    starts = ledger.of("start")
    told: Mapping[str, Mapping[str, Any]] = starts[0].data.get("language", {}) if starts else {}
    agents = defaultdict[str, set[str]](set)
    for member in members(org):
        agents[member.role.id].add(member.id)
    found: list[Skill] = []
    for role, about in told.items():
        thoughts = [event.data for event in ledger.of("thought") if event.data["agent"] in agents[role]]
        if about.get("model") and thoughts:
            found.append(_skill(role, str(about["model"]), thoughts, _changes(task, ledger, agents[role])))
    return tuple(found)


def together(several: Iterable[Skill]) -> list[Skill]:
    """Skills of many runs, one for each role and model."""
    groups = defaultdict[tuple[str, str], list[Skill]](list)
    for one in several:
        groups[one.role, one.model].append(one)
    return [
        Skill(
            role=role,
            model=model,
            thoughts=sum(one.thoughts for one in same),
            invalid=sum(one.invalid for one in same),
            tokens=sum(one.tokens for one in same),
            usd=sum(one.usd for one in same),
            changes=_added([one.changes for one in same]),
        )
        for (role, model), same in groups.items()
    ]


def _skill(role: str, model: str, thoughts: Sequence[Mapping[str, Any]], changes: Mapping[str, Changes]) -> Skill:
    failures = Counter(data["failure"] for data in thoughts)
    answered = failures[""] + failures[Failure.INVALID]
    tokens = sum(sum(data.get("tokens", ())) for data in thoughts)
    usd = sum(data.get("usd", 0.0) for data in thoughts)
    invalid = failures[Failure.INVALID]
    return Skill(
        role=role, model=model, thoughts=answered, invalid=invalid, tokens=tokens, usd=round(usd, 8), changes=changes
    )


def _changes(task: Task, ledger: Ledger, agents: set[str]) -> dict[str, Changes]:
    proposals = {event.data["id"]: event.data for event in ledger.of("proposal")}
    metrics = {event.data["id"]: event.data["metric"] for event in ledger.of("outcome")}
    ended = {event.data["id"] for event in ledger.of("outcome") if event.data["status"] != UNFINISHED}
    gains = defaultdict[str, list[tuple[float, bool]]](list)
    for number, data in proposals.items():
        kind = _kind(task, data, proposals)
        before = task.baseline.metric if data["parent"] == BASELINE else metrics.get(data["parent"])
        if data["agent"] not in agents or number not in ended or not kind or before is None:
            continue
        after = metrics[number]
        if after is None:  # what fails gains nothing: it costs a slot, and nobody goes on from it
            gains[kind].append((0.0, False))
        else:
            gain = task.quality(after) - task.quality(before)
            gains[kind].append((gain, before - after > _NOISE_SD * task.baseline.sd))
    return {
        kind: Changes(
            tried=len(own),
            better=sum(better for _, better in own),
            gained=round(sum(gain for gain, _ in own), 6),
            kept=round(sum(gain for gain, better in own if better), 6),
        )
        for kind, own in gains.items()
    }


def _kind(task: Task, data: Mapping[str, Any], proposals: Mapping[int, Mapping[str, Any]]) -> str:
    """What kind of change a proposal is of what it starts from; empty for the same again."""
    if data.get("script") is not None:
        return CODE
    parent = proposals.get(data["parent"])
    before, after = (task.complete(one["knobs"] if one else {}) for one in (parent, data))
    groups = {knob.group for knob in task.knobs if before[knob.name] != after[knob.name]}
    return next(iter(groups)) if len(groups) == 1 else SEVERAL if groups else ""


def _added(several: Sequence[Mapping[str, Changes]]) -> dict[str, Changes]:
    kinds = dict.fromkeys(kind for one in several for kind in one)
    found: dict[str, Changes] = {}
    for kind in kinds:
        same = [one[kind] for one in several if kind in one]
        found[kind] = Changes(
            tried=sum(one.tried for one in same),
            better=sum(one.better for one in same),
            gained=sum(one.gained for one in same),
            kept=sum(one.worth for one in same),
        )
    return found
