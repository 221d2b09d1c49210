"""How what a check of a task showed looks: of a checkout that ran, or of a world that was searched."""

import json
import math
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from orgopt.cli.shared.base import out
from orgopt.lab.checking import Check
from orgopt.storage.json_values import json_values
from orgopt.study.wording import count, metric
from orgopt.tasks.task import Task

if TYPE_CHECKING:
    from orgopt.lab.worlds.metrics_part import Figures, Parting

_MAKERS = ("prepare.py", "download.py", "prepare_data.py", "download_data.py", "data/prepare.py", "make_data.py")
_TOOLCHAINS = {"cargo": ("~/.rustup",), "rustc": ("~/.rustup",)}
"""What else a program of a toolchain needs in the home."""


def show_check(task: Task, found: Check) -> None:
    """Print what runs of a checkout showed, for a person."""
    for line in _lines(task, found):
        out.print(line, markup=False, soft_wrap=True)


def _lines(task: Task, found: Check) -> Iterator[str]:
    yield from _failure(task, found)
    if found.metrics:
        mean = sum(found.metrics) / len(found.metrics)
        noise = "" if math.isnan(found.noise) else f", sd {found.noise:.2g} over {count(len(found.metrics), 'run')}"
        yield f"{task.printed} {metric(mean)}{noise}; {found.seconds:.2g} s and {found.memory_gb:.2g} GB an experiment."
        if len(found.metrics) > 1 and found.noise == 0:
            yield (
                "Both runs gave the same: no gain can be told from luck until it varies with the seed. Let the script "
                "take its seed from the variable ORGOPT_SEED."
            )
    if found.varied:
        yield "What varied with the seed:"
        yield from (f"  {line}" for line in found.varied)
    yield from _knobs(found)


def _failure(task: Task, found: Check) -> Iterator[str]:
    if found.failed:
        yield f"It gave no {task.printed}: {found.failed.status.value}, {found.failed.error or 'without a word'}"
        if elsewhere := _elsewhere(task, found.failed.error):
            yield elsewhere
        makers = [name for name in _MAKERS if (task.folder / name).is_file()]
        if "No such file" in found.failed.error and makers:
            yield f"Are its data there? {makers[0]} may make them: run it in {task.folder} once."
        if found.output:
            yield "The end of what it printed:"
            yield from (f"  {line}" for line in found.output.splitlines())


def _knobs(found: Check) -> Iterator[str]:
    if found.read:
        yield f"Found where the script reads them: {', '.join(found.read)}."
    if found.acts:
        yield f"Change what it prints: {', '.join(found.acts)}."
    if found.unproven:
        left = len(found.unproven)
        yield f"Not shown to arrive ({left}), so write into leave of its task.toml what you do not know better:"
        yield from (f"  {name}: {why}" for name, why in found.unproven.items())
    if found.untried:
        yield f"Not tried: {', '.join(found.untried)}."


def _elsewhere(task: Task, error: str) -> str:
    """What to write where a program that experiments do not find lies in the user's home; empty elsewhere."""
    name, _, said = error.partition(": ")
    path = shutil.which(name) if said.startswith("No such file") and re.fullmatch(r"[\w.+-]+", name) else None
    if path is None or not Path(path).is_relative_to(Path.home()):
        return ""
    folders = [f"~/{Path(path).relative_to(Path.home()).parts[0]}", *_TOOLCHAINS.get(name, ())]
    return (
        f"Experiments see nothing of your home, where {name} lies: write\n[tasks.{json.dumps(task.name)}]\n"
        f"read = {json.dumps(folders)}\ninto {task.settings}"
    )


def check_dict(found: Check) -> dict[str, object]:
    """What runs of a checkout showed, as JSON values."""
    known = not math.isnan(found.seconds)
    return {
        "status": [one.status.value for one in found.outcomes],
        "error": found.failed.error if found.failed else "",
        "metrics": list(found.metrics),
        "noise": None if math.isnan(found.noise) else found.noise,
        "seconds": round(found.seconds, 3) if known else None,
        "memory_gb": round(found.memory_gb, 3),
        "varied": list(found.varied),
        "read": list(found.read),
        "acts": list(found.acts),
        "unproven": found.unproven,
        "untried": list(found.untried),
    }


def show_parting(task: Task, found: "Parting") -> None:
    """Print whether validation and held-out quality part in a world."""
    progress = "" if found.progress is None else f", validation progress {found.progress:.2f}"
    out.print(
        f"The best setting by {task.metric} that was found: q {found.quality:.2f}{progress}; "
        f"the reference has q {found.reference:.2f}.",
        markup=False,
    )
    if found.runs and not math.isnan(found.agreement):
        out.print(
            f"Rank correlation of {task.metric} and {task.heldout} among the best fifth: {found.agreement:.2f} "
            f"({count(found.runs, 'run')}).",
            markup=False,
        )
    for line in found.warnings:
        out.print(f"Warning: {line}", style="yellow", markup=False)
    if not found.warnings:
        out.print("Nothing parts.")


def parting_dict(found: "Parting") -> dict[str, object]:
    """Whether both metrics part, as JSON values."""
    known = None if math.isnan(found.agreement) else found.agreement
    return {**json_values(found), "agreement": known, "warnings": list(found.warnings)}


def figures_toml(found: "Figures") -> str:
    """A world's figures as `task.toml` has them."""
    parts: list[str] = []
    for name, one in (("baseline", found.baseline), ("reference", found.reference)):
        lines = (f"{key} = {value:.6g}" for key, value in (("metric", one.metric), ("heldout", one.heldout)))
        parts.append("\n".join((f"[{name}]", *lines, f"sd = {one.sd:.3g}", f"seeds = {one.seeds}")))
    values = (f"{name} = {json.dumps(value)}" for name, value in found.settings.items())
    return "\n\n".join([*parts, "\n".join(("[reference.settings]", *values))])
