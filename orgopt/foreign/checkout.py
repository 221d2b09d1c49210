"""What is found in a checkout before anything runs; its printed metric is read in `lab.sandbox.inside.printed`."""

import ast
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from orgopt.errors import TaskError
from orgopt.foreign.accelerator import needs_gpu
from orgopt.foreign.files import own_files
from orgopt.foreign.knobs import marked
from orgopt.foreign.metric import Metric, metric
from orgopt.foreign.places import data_folders
from orgopt.foreign.seed import seeded
from orgopt.foreign.source import parsed, read, tree
from orgopt.foreign.times import Times, times

_MOST_NAMED = 4
_DATA = re.compile(r"data|loader|split|eval|benchmark|(^|_)env", re.IGNORECASE)


class Found(NamedTuple):
    """What is found in a checkout.

    Attributes:
        source: The script with its knobs marked and its seeds set.
        data: Folders outside that its files name as those of its data, the home by `~`.
        seeds: What became of each seed, a line each.
        gpu: Whether it runs on a GPU alone.
        left_out: Which constants are no knobs, and why, as the end of a sentence; empty for none.
    """

    metric: Metric
    times: Times
    source: str
    data: tuple[str, ...]
    seeds: tuple[str, ...]
    gpu: bool
    left_out: str


def find(folder: Path, script: str, toml: Mapping[str, Any]) -> Found:
    """What the files of a checkout say, and its `task.toml` where it has one, which counts before them.

    Raises:
        TaskError: A file is missing, is no Python, or does not say enough.
        ValueError: What `task.toml` says is not understood.
    """
    for needed in (script, "prepare.py"):
        if not (folder / needed).is_file():
            raise TaskError(f"{folder} has no {needed}, which a task needs")
    text, path = read(folder / script), folder / script
    own, fixed = tree(text, path), parsed(folder / "prepare.py")
    seeds = seeded(text, (own, fixed, *_data_modules(folder, script)), script)
    # Setting a seed keeps lines and moves what stands behind it in one.
    knobs = marked(seeds.source, (tree(seeds.source, path), fixed))
    return Found(
        metric=metric(folder, toml, (own, fixed), script),
        times=times((fixed, own)),
        source=knobs.source,
        data=data_folders((fixed, own)),
        seeds=seeds.notes,
        gpu=needs_gpu((own, fixed)),
        left_out=f"; left out are {each}" if (each := _each(knobs.fixed)) else "",
    )


def _each(fixed: Mapping[str, str]) -> str:
    return ", ".join(f"{name} ({why})" for name, why in list(fixed.items())[:_MOST_NAMED])


def _data_modules(folder: Path, script: str) -> Iterator[ast.Module]:
    """The syntax of modules that make data or measure, by their names; of those that can be read."""
    for name in own_files(folder):
        if name.suffix == ".py" and str(name) not in {script, "prepare.py"} and _DATA.search(name.stem):
            with suppress(TaskError):
                yield parsed(folder / name)
