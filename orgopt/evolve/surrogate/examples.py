"""The examples that surrogates are fitted to: organizations and their research output, from the logs of studies.

The studies' own logs are the truth. What a study learns from others is written into its folder when it begins, so
that it goes on the same way whatever becomes of them.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from orgopt.document import parse, read
from orgopt.errors import OrgoptError, StoreError, UsageError
from orgopt.evolve.surrogate.graph import Setting
from orgopt.invocation import argument
from orgopt.org import Org
from orgopt.scoring.score import Score
from orgopt.storage.jsonl import JsonLog, read_lines
from orgopt.study import statistics
from orgopt.study.records.names import LOG
from orgopt.study.view import StudyView, load_study

EVIDENCE = "evidence.jsonl"
"""The file of a study's folder with what it learns from other studies."""
ALL, NONE = "all", "none"
FEWEST = 4
"""Organizations of one study and task from which anything can be learned."""

Record = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Examples:
    """n organizations that were run in one setting.

    Attributes:
        orgs: The organizations.
        values: (n,) the mean research output of each.
        errors: (n,) its standard error, from the noise of all.
        setting: What they worked in.
        source: The study that ran them.
        params: Their points in the search space of that study; none where they are not known.
    """

    orgs: Sequence[Org]
    values: np.ndarray
    errors: np.ndarray
    setting: Setting
    source: str
    params: Sequence[Mapping[str, Any]] = ()

    @property
    def center(self) -> float:
        """The mean of all."""
        return float(self.values.mean())

    @property
    def scale(self) -> float:
        """How far organizations differ beyond the noise, in units of research output; never 0."""
        variance = float(self.values.var() - (self.errors**2).mean())
        return max(variance, 0.05 * float(self.values.var()), 1e-8) ** 0.5


def tried(
    source: str, task: str, terms: Record, orgs: Sequence[Org], outputs: Sequence[Sequence[float]], cost: Record
) -> Examples | None:
    """Organizations of one study and task; None where they are too few.

    Args:
        source: The study.
        task: The task.
        terms: Its `slots` and `budget_s`, and the `curves` of the task; see `Setting`.
        orgs: The organizations.
        outputs: Their research outputs, one a seed.
        cost: `run_s` and `think_s` of an experiment; see `Setting`.
    """
    rows = [(org, np.array(row, dtype=float)) for org, row in zip(orgs, outputs, strict=True) if len(row)]
    if len(rows) < FEWEST:
        return None
    noise = statistics.pooled_sd([row for _, row in rows])
    values = np.array([row.mean() for _, row in rows])
    noise = noise if np.isfinite(noise) else float(values.std())  # with one seed each, all may be noise
    errors = np.array([noise / len(row) ** 0.5 for _, row in rows])
    given = {"slots": terms["slots"], "budget_s": terms["budget_s"], "curves": terms.get("curves")}
    setting = Setting(task=task, noise=noise, **given, **cost)
    return Examples(orgs=[org for org, _ in rows], values=values, errors=errors, setting=setting, source=source)


def digest_of(evidence: Iterable[Examples]) -> str:
    """The digest of what a model learned from, 12 hex digits: organizations, settings, outputs and their errors."""
    found = hashlib.sha256()
    for one in evidence:
        found.update(repr((one.source, one.setting, list(one.orgs))).encode())
        found.update(one.values.tobytes() + one.errors.tobytes())
    return found.hexdigest()[:12]


def cost_of(scores: Iterable[Score]) -> Record:
    """Slot-seconds and agent-seconds of an experiment, from the scores of some runs."""
    totals = [(sum(one.experiments.values()), one.spent_slot_s, one.agent_s) for one in scores]
    experiments = sum(count for count, _, _ in totals)
    if not experiments:
        return {"run_s": None, "think_s": None}
    return {
        "run_s": sum(spent for _, spent, _ in totals) / experiments,
        "think_s": sum(thought for _, _, thought in totals) / experiments,
    }


def records_of(view: StudyView) -> list[Record]:
    """The evidence of a study as JSON values: a record a task, with what each candidate achieved there."""
    identity, found = view.head.identity, list[Record]()
    able = [one for one in view.candidates if not one.disqualified]
    for task in view.tasks:
        scores = [score for one in able for score in one.scores[task]]
        candidates = [
            {
                "program": one.record.program,
                "params": dict(one.record.params),
                "outputs": [score.research_output for score in one.scores[task]],
            }
            for one in able
            if one.scores[task]
        ]
        terms = {"slots": identity.slots, "budget_s": identity.budget_of(task), "curves": view.head.tasks[task].curves}
        named = {"study": view.head.name, "task": task}
        found.append({**named, **terms, **cost_of(scores), "candidates": candidates})
    return found


def from_records(records: Iterable[Record]) -> list[Examples]:
    """The same as evidence; what cannot be read any more, or is too little, is left out."""
    found: list[Examples] = []
    for record in records:
        rows = [(read(parse(one["program"])).org, one) for one in record["candidates"] if one["outputs"]]
        rows = [(org, one) for org, one in rows if org.headcount]
        cost = {key: record[key] for key in ("run_s", "think_s")}
        orgs, outputs = [org for org, _ in rows], [one["outputs"] for _, one in rows]
        if known := tried(record["study"], record["task"], record, orgs, outputs, cost):
            params = [one["params"] for _, one in rows if "params" in one]
            found.append(replace(known, params=params if len(params) == len(rows) else ()))
    return found


def gather_evidence(folder: Path, names: Sequence[str], studies: Path) -> list[Record]:
    """The evidence of other studies for a study that begins, oldest first; nothing for one that has its own already.

    Args:
        folder: Of the study that learns, which may not be there yet.
        names: The studies that it learns from; `all` is every other.
        studies: Where they are.

    Raises:
        UsageError: There is no such study, or it cannot be read.
    """
    if not names or (folder / EVIDENCE).exists():
        return []
    chosen = sorted(one.parent.name for one in studies.glob(f"*/{LOG}")) if ALL in names else list(names)
    views: list[StudyView] = []
    for name in chosen:
        if name == folder.name:
            continue
        try:
            views.append(load_study(studies / name))
        except OrgoptError as error:
            if ALL not in names:
                raise UsageError(f"{argument('learn_from', name)}: {error}") from None
    views.sort(key=lambda view: view.head.at)  # of more than can be looked at, the newest are
    return [record for view in views for record in records_of(view)]


def keep_evidence(folder: Path, records: Sequence[Record]) -> None:
    """Write what a study learns from into its folder, once."""
    path = folder / EVIDENCE
    if not path.exists():
        partial = folder / f".{EVIDENCE}"
        partial.unlink(missing_ok=True)
        log = JsonLog(partial)
        for record in records:
            log.append(record, sync=False)
        log.close()
        partial.replace(path)  # all of it or nothing, if this is stopped


def kept_evidence(folder: Path) -> list[Examples]:
    """What was written into a study's folder.

    Raises:
        StoreError: It is damaged.
    """
    path = folder / EVIDENCE
    try:
        return from_records(read_lines(path)) if path.exists() else []
    except (KeyError, TypeError, ValueError) as error:
        raise StoreError(f"{path} is damaged ({error}): restore it, or begin another study") from None
