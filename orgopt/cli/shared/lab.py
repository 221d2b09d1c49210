"""Opening a lab for a command: the task trained on this machine, calibrated where its data differs, or replayed."""

import json
import os
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

import click

from orgopt.cli.shared.base import Named, err
from orgopt.errors import StoreError
from orgopt.lab import LAB_KIND, default_lab, make_lab
from orgopt.lab.base import Lab
from orgopt.lab.sandbox import launch
from orgopt.lab.sandbox.launch import printed_data_digest
from orgopt.scoring import UNEDITED_RUNS, calibrate
from orgopt.task import Measure, Task

F = TypeVar("F", bound=Callable[..., Any])


def _choose(ctx: click.Context, param: click.Parameter, value: str) -> None:  # noqa: ARG001  click's signature
    launch.choose(value)


sandbox_option = click.option(
    "--sandbox",
    type=click.Choice([kind.value for kind in launch.Sandbox]),
    default=launch.Sandbox.BUBBLEWRAP.value,
    show_default=True,
    envvar=launch.CHOICE,
    expose_value=False,
    callback=_choose,
    help="What holds experiments of the local lab: 'process' bounds them and hides nothing from them.",
)


def lab_option(body: F) -> F:
    """The options that choose a lab: `--lab`, and `--sandbox` for one that trains."""
    lab = click.option(
        "--lab",
        "lab_kind",
        type=Named(LAB_KIND),
        help="Real training on this machine, a replay of the task's recorded or own world in virtual time, or a "
        "package's.  "
        "[default: local; replay for a task without a script]",
    )
    return lab(sandbox_option(body))


def default_workers(kind: str) -> int:
    """How many runs go on at once: a replayed one takes a core, a real one all the slots that it was given."""
    return max(1, os.cpu_count() or 1) if kind == "replay" else 1


@contextmanager
def open_lab(task: Task, kind: str | None, slots: int) -> Generator[Lab]:
    """A lab, ended and cleaned up in any case."""
    kind = kind or default_lab(task)
    cores = os.cpu_count() or 1
    if kind == "local" and slots > cores:
        err.print(f"[yellow]{slots} slots on {cores} cores: experiments will slow each other down[/]")
    with closing(make_lab(task, kind, slots)) as lab:
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
        return Measure(**json.loads(path.read_text("utf-8")))
    return None


def calibrated(task: Task, lab: Lab, workspace: Path) -> Task:
    """The task with a baseline that holds for this machine's data.

    The figures in task.toml hold for one text; another Python version has another. Then the baseline
    is measured here, once, and kept in the workspace. That of a script that prints its metric always is.
    """
    if lab.data_digest == task.data_digest and task.measured:
        return task
    path = calibration(task, workspace, lab.data_digest, replayed=lab.virtual)
    if kept := _read(path):
        return task.with_baseline(kept)
    why = "this machine's text differs from the one of task.toml; measuring the baseline here"
    if task.self_reported:
        runs = f"{UNEDITED_RUNS} runs of the unedited {task.script}, of {task.limit_s:g} s at most each"
        why = f"measuring the baseline on this machine, once: {runs}"
    err.print(f"{task.name}: {why} …", style="dim", markup=False, soft_wrap=True)
    baseline = calibrate(task, lab, UNEDITED_RUNS) if task.self_reported else calibrate(task, lab)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        partial.write_text(json.dumps(asdict(baseline)), "utf-8")
        partial.replace(path)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from None
    return task.with_baseline(baseline)
