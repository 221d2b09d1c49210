"""Opening labs: tasks trained on this machine, calibrated where their data differs, or replayed."""

import math
import os
from collections.abc import Generator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path

from orgopt.api.bounds import RAY
from orgopt.api.inputs import Duration, experiments_a_slot, seconds
from orgopt.basics.callback import Callback
from orgopt.errors import StoreError, UsageError
from orgopt.evolve.trials.arena import Arena
from orgopt.invocation import argument
from orgopt.lab import LAB_KIND, default_lab, make_lab
from orgopt.lab.base import Lab
from orgopt.lab.ray.cluster import cores
from orgopt.lab.sandbox.files import printed_data_digest
from orgopt.lab.worlds.world import open_world
from orgopt.scoring.calibration import UNEDITED_RUNS, calibrate
from orgopt.scoring.gain_evidence import PAIRS
from orgopt.storage.seal import read_record, write_record
from orgopt.study.verdict.evidence import REMEDY, stamp
from orgopt.tasks.task import THINK_SHARE, Measure, Task

_ASKED: dict[str, float] = {}
"""Lab seconds of experiments in worlds, by the digest of their task: some worlds take a while to open."""


def lab_of(kind: str | None, *tasks: Task) -> str:
    """The lab that was asked for, or the default of tasks: one that only a world answers for has all replayed.

    Raises:
        UsageError: There is no such lab.
        PluginError: Two packages have one of the name.
    """
    if kind is not None:
        LAB_KIND.check(kind)
    return kind or next((lab for lab in map(default_lab, tasks) if lab == "replay"), default_lab(tasks[0]))


def workers_of(asked: int | str | None, kind: str) -> tuple[int, bool]:
    """How many runs go on at once, and whether that is on the Ray cluster.

    A replayed run takes a core, a real one all the slots that it was given.

    Raises:
        UsageError: Real runs were to go to the cluster: their experiments do that.
        LabError: There is no cluster.
    """
    if asked == RAY:
        if kind != "replay":
            real = argument("lab", RAY)
            raise UsageError(f"{argument('workers', RAY)} is for runs in replay; real experiments go there with {real}")
        return cores(), True
    return int(asked or (max(1, os.cpu_count() or 1) if kind == "replay" else 1)), False


@contextmanager
def open_lab(task: Task, kind: str | None, slots: int, callback: Callback) -> Generator[Lab]:
    """A lab, ended and cleaned up in any case."""
    kind = lab_of(kind, task)
    cores = os.cpu_count() or 1
    if kind == "local" and slots > cores:
        callback.noted(f"{slots} slots on {cores} cores: experiments will slow each other down")
    with closing(make_lab(task, kind, slots, callback.noted)) as lab:
        yield lab


def calibration(task: Task, workspace: Path, data_digest: str, *, replayed: bool) -> Path:
    """Where a baseline that was measured here is kept; of a script that prints its metric, replays have another."""
    where = "replay-" * (replayed and task.self_reported)
    return workspace / "mlruns" / "calibrations" / f"{task.name}-{task.digest}-{where}{data_digest[:12]}.json"


def kept_baseline(task: Task, workspace: Path) -> Task:
    """A task as it is known here without a lab: with the baseline of its script where that was measured before."""
    if task.measured:
        return task
    kept = _read(calibration(task, workspace, printed_data_digest(task), replayed=False))
    return task.with_baseline(kept) if kept else task


def _read(path: Path) -> Measure | None:
    """A kept baseline; None where there is none yet, or it is damaged: it is then measured again."""
    with suppress(OSError, ValueError, TypeError):
        kept = Measure(**read_record(path))
        if all(math.isfinite(number) for number in (kept.metric, kept.heldout, kept.sd, kept.seeds)):
            return kept
    return None


def measured_here(task: Task, workspace: Path, callback: Callback) -> Task:
    """A task with a baseline: one that its own files do not say is measured on this machine, unless it was before."""
    known = kept_baseline(task, workspace)
    if known.measured:
        return known
    with open_lab(known, None, 1, callback) as lab:
        return calibrated(known, lab, workspace, callback, math.inf)


def calibrated(task: Task, lab: Lab, workspace: Path, callback: Callback, budget_s: float) -> Task:
    """The task with a baseline that holds for this machine's data.

    The figures in task.toml hold for one text; another Python version has another. Then the baseline
    is measured here, once, and kept in the workspace. That of a script that prints its metric always is.

    Raises:
        UsageError: The budget of a run is too small, by what an experiment took here.
    """
    found = _calibrated(task, lab, workspace, callback)
    if not lab.virtual:
        check_budget(budget_s, {task.name: found}, workspace)
    return found


def _calibrated(task: Task, lab: Lab, workspace: Path, callback: Callback) -> Task:
    if lab.data_digest == task.data_digest and task.measured:
        return task
    for line in () if lab.virtual else task.seeds:
        callback.noted(f"{task.name}: seed {line}")
    path = calibration(task, workspace, lab.data_digest, replayed=lab.virtual)
    if kept := _read(path):
        return task.with_baseline(kept)
    why = "this machine's text differs from the one of task.toml; measuring the baseline here"
    if task.self_reported:
        runs = f"{UNEDITED_RUNS} runs of the unedited {task.script}, of {task.limit_s:g} s at most each"
        why = f"measuring the baseline on this machine, once: {runs}; a run verifies in {PAIRS} pairs with it"
    callback.noted(f"{task.name}: {why} …")
    baseline = calibrate(task, lab, UNEDITED_RUNS) if task.self_reported else calibrate(task, lab)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from None
    write_record(path, asdict(baseline))
    found = task.with_baseline(baseline)
    if found.steady:
        callback.noted(f"{stamp([task.name])} {REMEDY}")
    return found


def calibrate_all(arena: Arena, workspace: Path, callback: Callback) -> None:
    """Give the tasks of an arena the baselines that hold on this machine."""
    for name, task in arena.tasks.items():
        arena.tasks[name] = calibrated(task, arena.lab(name), workspace, callback, arena.terms.budget_of(name))


def budgets_of(budget: Duration, tasks: Mapping[str, Task], workspace: Path) -> dict[str, float]:
    """The lab seconds of a run on each task: the same on all, or by what its median experiment takes.

    Raises:
        UsageError: It is no budget, or nobody knows what an experiment takes.
    """
    times = experiments_a_slot(budget)
    if times is None:
        return dict.fromkeys(tasks, seconds(budget))
    found: dict[str, float] = {}
    for name, task in tasks.items():
        took = experiment_s(kept_baseline(task, workspace))
        if took is None:
            raise UsageError(
                f"nobody knows yet what an experiment on {name} takes, so that {budget} is no time: run it once with a "
                f"budget in seconds, which measures its baseline, or record it"
            )
        found[name] = seconds(float(f"{times * took:.4g}"))
    return found


def relative(budgets_s: Mapping[str, float]) -> Mapping[str, float]:
    """Budgets by task where they differ; empty where one number says all."""
    return budgets_s if len({*budgets_s.values()}) > 1 else {}


def check_budgets(budgets_s: Mapping[str, float], tasks: Mapping[str, Task], workspace: Path) -> None:
    """Refuse budgets, by task, in which nothing can happen; see `check_budget`."""
    for name, budget_s in budgets_s.items():
        check_budget(budget_s, {name: tasks[name]}, workspace)


def check_budget(budget_s: float, tasks: Mapping[str, Task], workspace: Path) -> None:
    """Refuse a budget in which nothing can happen, as far as it is known what an experiment takes.

    Raises:
        UsageError: It is too small for one experiment.
    """
    for named in tasks.values():
        task = kept_baseline(named, workspace)
        took = experiment_s(task)
        if took is not None and budget_s < (least := task.think_s + took):
            measured = " as measured here" if task.self_reported and task.baseline.seconds else ""
            raise UsageError(
                f"a budget of {budget_s:g} s is too small for one experiment on {task.name}, which takes "
                f"about {least:.2g} s with the thinking before it{measured}"
            )


def experiment_s(task: Task) -> float | None:
    """Slot-seconds of a typical experiment: as recorded, as its world says, as measured, or ten times its thinking.

    None where nobody knows before it has run: of a checkout that says nothing of time.

    Raises:
        TaskError: The task's world fails.
    """
    if task.world:
        if task.digest not in _ASKED:
            _ASKED[task.digest] = open_world(task).answer({}, 0).seconds
        return _ASKED[task.digest]
    from orgopt.lab.worlds.recording import run_seconds  # late, with pyarrow

    known = run_seconds(task) or (task.baseline.seconds if task.self_reported else 0.0)
    return known or (None if task.paced else task.think_s / THINK_SHARE)
