"""What is found in a checkout before anything runs; its printed metric is read in `lab.sandbox.inside.printed`."""

import ast
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from orgopt.errors import TaskError
from orgopt.foreign.accelerator import needs_gpu
from orgopt.foreign.editable import script_of
from orgopt.foreign.files import own_files
from orgopt.foreign.flow import by_file
from orgopt.foreign.how_run import local_modules
from orgopt.foreign.knob_files import defined_elsewhere
from orgopt.foreign.knobs import File, Marked, Ranges, marked
from orgopt.foreign.results import Metric, metric
from orgopt.foreign.seed import VARIABLE, seeded
from orgopt.foreign.sites.given import defined
from orgopt.foreign.source import parsed, read, tree
from orgopt.foreign.space import named_space
from orgopt.foreign.targets import Target
from orgopt.foreign.times import Times, times
from orgopt.foreign.toml_tasks import data_folders

PREPARE = "prepare.py"
KNOBS_FILE = "knobs.py"
"""What stands for the script of a program in another language: a text of its knobs alone."""

_MOST_NAMED = 4
_DATA = re.compile(r"data|loader|split|eval|benchmark|(^|_)env", re.IGNORECASE)


class Found(NamedTuple):
    """What is found in a checkout.

    Attributes:
        script: The file that agents may edit, by its path; `KNOBS_FILE` where there is none.
        source: Its text with the knobs marked and its seeds set.
        run: The words of the command that runs it; empty where the script alone does.
        texts: The other files with knobs, by path.
        targets: Where the values of knobs go in these.
        data: Folders outside that its files name as those of its data, the home by `~`.
        seeds: What became of each seed, a line each.
        gpu: Whether it runs on a GPU alone.
        left_out: Which constants are no knobs, and why, as the end of a sentence; empty for none.
    """

    metric: Metric
    times: Times
    script: str
    source: str
    run: tuple[str, ...]
    texts: Mapping[str, str]
    targets: tuple[Target, ...]
    data: tuple[str, ...]
    seeds: tuple[str, ...]
    gpu: bool
    left_out: str


class Parts(NamedTuple):
    """The files of a checkout that are read: its script, the others with knobs, and those that stay as they are."""

    script: File
    others: tuple[File, ...]
    fixed: tuple[ast.Module, ...]
    seeds: tuple[str, ...]


def find(folder: Path, toml: Mapping[str, Any]) -> Found:
    """What the files of a checkout say, and its `task.toml` where it has one, which counts before them.

    Raises:
        TaskError: A file is missing, is no Python, or does not say enough.
        ValueError: What `task.toml` says is not understood.
    """
    run = words_of_command(toml.get("run", ""))
    script = str(toml.get("script", _run_script(folder, toml, run) if run else "train.py"))
    needed = (*([script] if script else []), *toml.get("files", ()), *([PREPARE] * (not toml)))
    for name in needed:
        if not (folder / name).is_file():
            raise TaskError(f"{folder} has no {name}, which a task needs")
    parts = read_parts(folder, script, toml.get("files", ()), str(toml.get("knobs", "")))
    knobs = knobs_of(folder, parts, toml)
    own = [one.tree for one in (parts.script, *parts.others) if one.tree is not None]
    each = ", ".join(f"{name} ({why})" for name, why in list(knobs.fixed.items())[:_MOST_NAMED])
    return Found(
        metric=metric(folder, toml, [*own, *parts.fixed], script or shlex.join(run)),
        times=times([*parts.fixed, *own]),
        script=parts.script.name,
        source=knobs.source,
        run=run,
        texts={one.name: one.text for one in parts.others},
        targets=knobs.targets,
        data=data_folders([*parts.fixed, *own]),
        seeds=(*parts.seeds, *_seed_notes(knobs.targets)),
        gpu=needs_gpu([*own, *parts.fixed]),
        left_out=f"; left out are {each}" if each else "",
    )


def _run_script(folder: Path, toml: Mapping[str, Any], run: Sequence[str]) -> str:
    """The Python file that a command runs, where nothing else says where its knobs are; else nothing."""
    if "knobs" in toml or "files" in toml:
        return ""
    name = script_of([word for word in run if word not in {"python", "python3", "uv", "run", "-u"}])
    return name if name and (folder / name).is_file() else ""


def _seed_notes(targets: Sequence[Target]) -> Iterator[str]:
    """What became of the seeds of configuration files."""
    for one in targets:
        if not one.knob:
            yield f"{one.file}:{one.line}: {one.name} (set from {VARIABLE})"


def words_of_command(given: str | Sequence[str]) -> tuple[str, ...]:
    """The words of a command; one with what only a shell understands is given to one.

    Raises:
        ValueError: A quote is left open.
    """
    if not isinstance(given, str):
        return tuple(given)
    if re.search(r"[|&;<>]|\$\(", given):
        return ("sh", "-c", given)
    return tuple(shlex.split(given))


def read_parts(folder: Path, script: str, files: Sequence[str], knobs: str = "") -> Parts:
    """The files of a checkout as they are read; seeds of the script are set from the experiment's.

    Args:
        folder: The checkout.
        script: Its script in Python; empty for a program in another language.
        files: Paths of the others with knobs.
        knobs: Lines of knobs that are said in `task.toml`; beside those that are found in a script in Python.

    Raises:
        TaskError: One cannot be read, or is no Python.
    """
    others = tuple(_file(folder, name) for name in files if name != script)
    prepare = (parsed(folder / PREPARE),) if (folder / PREPARE).is_file() and script != PREPARE else ()
    if not script:
        return Parts(File(name=KNOBS_FILE, text=knobs), others, prepare, ())
    text = read(folder / script)
    syntax = tree(text, folder / script)
    done = seeded(text, (syntax, *prepare, *_data_modules(folder, script)), script)
    given = f"{knobs.strip()}\n" * bool(knobs.strip())
    # Setting a seed keeps lines and moves what stands behind it in one.
    made = File(name=script, text=done.source, tree=tree(done.source, folder / script), given=given)
    return Parts(made, others, prepare, done.notes)


def knobs_of(folder: Path, parts: Parts, toml: Mapping[str, Any]) -> Marked:
    """The knobs of files that were read, with what `task.toml` says of them.

    Raises:
        TaskError: A space that it names cannot be read.
    """
    space = named_space(folder / str(toml["space"])) if "space" in toml else {}
    trees = local_modules(folder, parts.script.name) if parts.script.tree is not None else {}
    own = {one.name: one.tree for one in (parts.script, *parts.others) if one.tree is not None}
    known = defined(trees.values())
    known = known or defined_elsewhere(folder, [one.name for one in parts.others])
    ranges = Ranges(
        leave=toml.get("leave", ()), given=space, defined=known, reached=by_file(trees | own, parts.script.name)
    )
    return marked(parts.script, parts.others, parts.fixed, ranges)


def _file(folder: Path, name: str) -> File:
    if name.endswith(".py"):
        text = read(folder / name)
        return File(name=name, text=text, tree=tree(text, folder / name))
    try:
        return File(name=name, text=(folder / name).read_bytes().decode("utf-8"))
    except (OSError, ValueError) as error:
        raise TaskError(f"{folder / name} cannot be read: {error}") from None


def _data_modules(folder: Path, script: str) -> Iterator[ast.Module]:
    """The syntax of modules that make data or measure, by their names; of those that can be read."""
    for name in own_files(folder):
        if name.suffix == ".py" and str(name) not in {script, PREPARE} and _DATA.search(name.stem):
            with suppress(TaskError):
                yield parsed(folder / name)
