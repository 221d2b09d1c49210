"""The record of a contest.

mlruns/contests/<name>/contest.jsonl    one record a line: `contest`, then an `evaluation` for each run
mlruns/contests/<name>/0-<entrant>/     of language agents: runs that `orgopt run --resume` repeats for free
"""

import hashlib
import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from orgopt import seeds
from orgopt.document import parse
from orgopt.errors import OrgoptError
from orgopt.study.config import packages_of
from orgopt.study.folder import Folder, describe_task
from orgopt.study.ranking import Scores
from orgopt.study.records.head import ContestEntrant, ContestRecord
from orgopt.study.records.kinds import EvaluationRecord
from orgopt.study.records.reader import identity_of, read_records
from orgopt.tasks.task import Task
from orgopt.version import __version__

CONTEST = "contest"
LOG = "contest.jsonl"


class ContestLog(Folder):
    """The records of a contest.

    Args:
        folder: Of the contest.
        settings: What must agree for it to be continued, see `contest_identity`.
        entrants: The text of each entrant, by name.
        tasks: The tasks.
        command: The command that makes the same contest.

    Raises:
        StoreError: The folder cannot be written, or another process has the contest.
        UsageError: The folder holds a contest with other settings.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, Any],
        entrants: Mapping[str, str],
        tasks: Mapping[str, Task],
        command: str = "",
    ) -> None:
        super().__init__(folder, LOG, CONTEST)
        try:
            if self.records:
                self.require(settings)
            else:
                self._begin(settings, entrants, tasks, command)
        except BaseException:
            self.close()
            raise
        runs = self.of(EvaluationRecord)
        self.scores: Scores = {(run.entrant, run.task, run.k): run.score for run in runs}

    @property
    def head(self) -> ContestRecord:
        """The first record."""
        return self.of(ContestRecord)[0]

    def add_run(self, record: EvaluationRecord) -> None:
        """Keep a run of the phase `CONTEST`; it is on disk on return."""
        self.add(record)
        self.scores[record.entrant, record.task, record.k] = record.score

    def take_over(self, contests: Path) -> int:
        """Take the runs of entrants of this contest that other contests did under the same terms; how many there were.

        So an entrant can be added to a contest: only its own runs are left to be done, on the same seeds.

        Args:
            contests: The folder of all contests of the workspace.
        """
        own = {one.program: one.entrant for one in self.head.entrants}
        taken = 0
        for path in sorted(contests.glob(f"*/{LOG}")):
            if path == self.path:
                continue
            with suppress(OrgoptError):
                records = read_records(path)
                head = records[0] if records else None
                if not isinstance(head, ContestRecord) or not _same_terms(head.settings, self.head.settings):
                    continue
                names = {one.entrant: own[one.program] for one in head.entrants if one.program in own}
                for run in records:
                    if isinstance(run, EvaluationRecord) and run.entrant in names:
                        key = names[run.entrant], run.task, run.k
                        if key not in self.scores:
                            self.add_run(replace(run, entrant=key[0]))
                            taken += 1
        return taken

    def _begin(
        self, settings: Mapping[str, Any], entrants: Mapping[str, str], tasks: Mapping[str, Task], command: str
    ) -> None:
        self.add(
            ContestRecord(
                name=self.folder.name,
                orgopt=__version__,
                identity=identity_of(settings),
                settings=settings,
                tasks={name: describe_task(task) for name, task in tasks.items()},
                entrants=tuple(ContestEntrant(entrant=name, program=text) for name, text in entrants.items()),
                command=command,
            )
        )


def _same_terms(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two contests differ in nothing but who takes part."""
    return {**one, "entrants": {}} == {**other, "entrants": {}}


def contest_identity(
    settings: Mapping[str, Any],
    entrants: Mapping[str, str],
    tasks: Mapping[str, Task],
    labs: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """What must agree for a contest to be continued; seeds may be added.

    The tasks come with the baselines that hold on this machine and with the stamps of their labs. Of what comes from
    installed packages, their versions count.
    """
    digests = {name: hashlib.sha256(text.encode()).hexdigest()[:12] for name, text in entrants.items()}
    measured = {
        name: {"digest": task.digest, "baseline": task.baseline.heldout, "lab": dict(labs[name])}
        for name, task in tasks.items()
    }
    found = {**settings, "entrants": digests, "streams": seeds.VERSION, "tasks": measured}
    packages = packages_of((parse(text) for text in entrants.values()), labs)
    return json.loads(json.dumps({**found, **({"packages": packages} if packages else {})}))  # as it is read back


def digest_of(identity: Mapping[str, Any]) -> str:
    """Four hex digits that name an identity."""
    return hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:4]
