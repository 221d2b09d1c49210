"""What the language models of a workspace's studies and contests are good at, as their logs tell it."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orgopt.api.results import logs
from orgopt.storage.json_values import json_values
from orgopt.study.model_skills import known_well
from orgopt.study.records.kinds import EvaluationRecord
from orgopt.study.records.reader import read_records
from orgopt.team.skill import Skill, together


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelSkill(Skill):
    """What a model did as a role on a task, in all runs.

    Attributes:
        task: The task's name.
        runs: How many runs it is of.
    """

    task: str
    runs: int

    @property
    def invalid_share(self) -> float:
        """The share of its thoughts that could not be used."""
        return self.invalid / self.thoughts if self.thoughts else 0.0

    @property
    def gained(self) -> float:
        """What its changes gained against their starts in all, as a quality."""
        return sum(one.gained for one in self.changes.values())

    def to_dict(self) -> dict[str, Any]:
        """It as JSON values."""
        return json_values(self)


def skills(*, workspace: str | Path | None = None) -> list[ModelSkill]:
    """What each language model did as which role on which task, by the studies and contests of a workspace.

    Args:
        workspace: The folder with its mlruns; None finds it.
    """
    return skills_of_logs(logs(workspace))


def skills_of_logs(paths: Iterable[Path]) -> list[ModelSkill]:
    """What each language model did as which role on which task, by the logs of some studies and contests."""
    shown: defaultdict[str, list[Skill]] = defaultdict(list)
    runs: Counter[tuple[str, str, str]] = Counter()
    for log in paths:
        for record in read_records(log):
            if isinstance(record, EvaluationRecord):
                shown[record.task] += record.skills
                runs.update((record.task, one.role, one.model) for one in record.skills)
    found = [
        ModelSkill(
            task=task,
            runs=runs[task, one.role, one.model],
            role=one.role,
            model=one.model,
            thoughts=one.thoughts,
            invalid=one.invalid,
            tokens=one.tokens,
            usd=one.usd,
            changes=one.changes,
        )
        for task, several in shown.items()
        for one in together(several)
    ]
    return sorted(found, key=lambda one: (one.model, one.role, one.task))


def on_tasks(found: list[ModelSkill], tasks: Collection[str]) -> list[ModelSkill]:
    """The skills to choose models by for some tasks: those on these tasks, where two models are known there; else all.

    What a model does well on one task it may do badly on another.
    """
    own = [one for one in found if one.task in tasks]
    return own if len(known_well(own)) > 1 else found
