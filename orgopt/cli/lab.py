"""Opening a lab for a command: the task on this machine, calibrated where its data differs."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from pathlib import Path

from orgopt.cli.base import err
from orgopt.errors import StoreError
from orgopt.evaluate import calibrate
from orgopt.lab.local import LocalLab
from orgopt.task import Measure, Task


@contextmanager
def open_lab(task: Task, slots: int) -> Iterator[LocalLab]:
    """A local lab, ended and cleaned up in any case."""
    cores = os.cpu_count() or 1
    if slots > cores:
        err.print(f"[yellow]{slots} slots on {cores} cores: experiments will slow each other down[/]")
    with LocalLab(task, slots) as lab:
        yield lab


def calibrated(task: Task, lab: LocalLab, workspace: Path) -> Task:
    """The task with a baseline that holds for this machine's data.

    The figures in task.toml hold for one text; another Python version has another. Then the baseline
    is measured here, once, and kept in the workspace.
    """
    if lab.data_digest == task.data_digest:
        return task
    path = workspace / "mlruns" / "calibrations" / f"{task.name}-{task.digest}-{lab.data_digest[:12]}.json"
    with suppress(OSError, ValueError, TypeError):  # none yet, or damaged: measured again
        return task.with_baseline(Measure(**json.loads(path.read_text("utf-8"))))
    err.print(
        f"[dim]{task.name}: this machine's text differs from the one of task.toml; measuring the baseline here …[/]"
    )
    baseline = replace(calibrate(task, lab), sd=task.baseline.sd)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".part")
        partial.write_text(json.dumps(asdict(baseline)), "utf-8")
        partial.replace(path)
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from None
    return task.with_baseline(baseline)
