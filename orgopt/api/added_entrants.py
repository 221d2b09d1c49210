"""What is known of a contest that entrants are added to: who took part, and on which terms."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orgopt.document import Program, parse
from orgopt.errors import UsageError
from orgopt.evolve.trials.kept_language_runs import PLAIN_PREFIX
from orgopt.invocation import argument
from orgopt.study.config import differences
from orgopt.study.contest_log import LOG
from orgopt.study.records.head import ContestRecord
from orgopt.study.records.kinds import EvaluationRecord
from orgopt.study.records.reader import read_records


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """A contest that was run before.

    Attributes:
        head: Its first record.
        seeds: On how many seeds it was run.
    """

    head: ContestRecord
    seeds: int

    @property
    def entrants(self) -> tuple[Program | str, ...]:
        """Who took part: documents as they were, and plain samplers."""
        return tuple(
            one.program if one.program.startswith(PLAIN_PREFIX) else parse(one.program, f"{one.entrant}.md")
            for one in self.head.entrants
        )

    @property
    def tasks(self) -> tuple[str, ...]:
        """The names of its tasks."""
        return tuple(self.head.tasks)

    @property
    def lab(self) -> str:
        """Its lab."""
        return next(iter(self.head.settings["tasks"].values()))["lab"]["lab"]

    @property
    def budget(self) -> float:
        """The lab seconds of a run.

        Raises:
            UsageError: Its tasks have budgets of their own, which were said in experiments.
        """
        if self.head.settings.get("budgets_s"):
            raise UsageError(f"each task of {self.head.name} has its own budget: say it again ({argument('budget')})")
        return self.head.settings["budget_s"]

    def setting(self, name: str) -> int:
        """One of `slots`, `seed` and `verify_seeds`."""
        return self.head.settings[name]

    def check_new(self, entrants: Mapping[str, str]) -> None:
        """Refuse to add somebody who took part.

        Args:
            entrants: The texts of all by name, those of this contest first.
        """
        for new in list(entrants)[len(self.head.entrants) :]:
            if old := next((one.entrant for one in self.head.entrants if one.program == entrants[new]), ""):
                raise UsageError(f"{new} takes part in {self.head.name} already, as {old}")

    def check(self, identity: Mapping[str, Any]) -> None:
        """Refuse terms under which its runs would not count.

        Raises:
            UsageError: It says what differs, such as a recording that was made anew.
        """
        if apart := differences({**self.head.settings, "entrants": {}}, {**identity, "entrants": {}}):
            raise UsageError(
                f"{self.head.name} was run on other terms, so that nobody can be added: {', '.join(apart)}"
            )


def earlier(contests: Path, name: str | None) -> Earlier:
    """The contest of a name, which has to be said: the same command goes on, whatever contests there are by then.

    Raises:
        UsageError: There is none of the name, or nobody said which.
        StoreError: Its log is damaged.
    """
    known = sorted(path.parent.name for path in contests.glob(f"*/{LOG}"))
    if name not in known:
        there = f"there are {', '.join(known[:5])}{' …' * (len(known) > 5)}" if known else "there is none yet"
        said = f"no contest '{name}'" if name else "say to which contest"
        raise UsageError(f"{said}: {there} ({argument('name')})")
    records = read_records(contests / name / LOG)
    head = records[0] if records else None
    if not isinstance(head, ContestRecord):
        raise UsageError(f"contest {name} has no runs yet: run it first")
    ran = [one.k for one in records if isinstance(one, EvaluationRecord)]
    return Earlier(head=replace(head, name=name), seeds=max(ran, default=0) + 1)
