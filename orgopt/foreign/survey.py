"""A survey of a checkout that nobody has described: how it is run, what steers it, its knobs, and what is unsure.

Nothing runs. What it finds is written as a `task.toml` (`orgopt.foreign.draft`), for a person to see and change.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from orgopt.errors import TaskError
from orgopt.foreign.arguments import missing
from orgopt.foreign.checkout import Parts, knobs_of, read_parts
from orgopt.foreign.files import own_files
from orgopt.foreign.how_run import Entry, entry, local_modules, runnable, told, typed
from orgopt.foreign.knob_files import compiled_files, knob_files, programs
from orgopt.foreign.knobs import Marked
from orgopt.foreign.results.steering import Steering, steering
from orgopt.foreign.sites.compiled import ENDINGS
from orgopt.foreign.source import parsed
from orgopt.foreign.times import Times, times
from orgopt.foreign.toml_tasks import data_folders
from orgopt.tasks.knob import Knob, parse_knobs

_MOST_NAMED = 6
_VENVS = (".venv/bin/python", "venv/bin/python", "env/bin/python")


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """What a checkout's files say.

    Attributes:
        entry: How it is run.
        files: The files with knobs beside the script.
        steering: The metric that steers it; None where its files show none.
        parts: The files as they are read.
        marked: The script with its knobs marked.
        times: How long an experiment takes, by the files.
        python: The interpreter of the checkout's own environment; empty for none.
        data: Folders outside that its files name as those of its data.
        lacks: The options that its script needs and nothing gives.
    """

    folder: Path
    entry: Entry
    files: tuple[str, ...]
    steering: Steering | None
    parts: Parts
    marked: Marked
    times: Times
    python: str
    data: tuple[str, ...]
    lacks: tuple[str, ...]

    @property
    def knobs(self) -> tuple[Knob, ...]:
        """The knobs, in the order of the script."""
        return parse_knobs(self.marked.source, self.parts.script.name)


def survey(folder: Path, script: str = "") -> Survey:
    """What the files of a checkout say; `script` names its script where a person did.

    Raises:
        TaskError: Nothing in it looks like something to run, or a file of it cannot be read.
    """
    found = Entry(script=script, runs=script, run=("python", script)) if script else entry(folder)
    if found is None:
        for name in ("train.py", "src/train.py", "main.py", *told(folder)):
            if (folder / name).is_file():
                parsed(folder / name)  # says where it is no Python
        some = ", ".join(runnable(folder)[:_MOST_NAMED])
        raise TaskError(
            f"{folder} has nothing that looks like something to run, such as train.py, main.py, Cargo.toml or go.mod: "
            + (f"name one of its scripts with --script ({some}), or " if some else "")
            + "write its command into a task.toml, as kind = 'script' and run = '…'"
        )
    trees = local_modules(folder, found.runs) if found.script else {}
    texts = {} if found.script else _sources(folder, found.run)
    files = _files(folder, found, trees)
    parts = read_parts(folder, found.script, files, found.knobs)
    own = [one.tree for one in (parts.script, *parts.others) if one.tree is not None]
    lacks = missing(folder / found.runs, found.run, trees.values()) if found.script else []
    return Survey(
        folder=folder,
        entry=found,
        files=tuple(files),
        steering=steering(folder, _first(trees, found.runs), texts),
        parts=parts,
        marked=knobs_of(folder, parts, {}),
        times=times([*parts.fixed, *own]),
        python=next((name for name in _VENVS if (folder / name).is_file()), ""),
        data=data_folders([*parts.fixed, *own]),
        lacks=tuple(lacks),
    )


def _files(folder: Path, found: Entry, trees: Mapping[str, ast.Module]) -> list[str]:
    """The files with settings beside the script; where documents name one file to change, those that it takes."""
    if not found.script:
        return compiled_files(folder, found.shell)
    if found.script == found.runs:
        return knob_files(folder, found.script, trees, found.run)
    own = local_modules(folder, found.script)
    return knob_files(folder, found.script, {found.script: own[found.script]}, ()) if found.script in own else []


def _first(trees: Mapping[str, ast.Module], script: str) -> dict[str, ast.Module]:
    """The modules that run, the script last: what it shows itself counts before what others show."""
    return {name: tree for name, tree in trees.items() if name != script} | {
        name: tree for name, tree in trees.items() if name == script
    }


_LANGUAGES = {"cargo": (".rs",), "julia": (".jl",), "go": (".go",), "node": (".js", ".ts")}


def _sources(folder: Path, run: Sequence[str]) -> dict[str, str]:
    """The sources of a program in another language: those in its language, or those that its compiler is given."""
    endings = next((_LANGUAGES[word] for word in " ".join(run).split() if word in _LANGUAGES), ENDINGS)
    names = [str(name) for name in own_files(folder) if name.suffix in endings]
    compiled = endings == ENDINGS  # by a compiler that is given each of them
    given = [name for name in names if compiled and name in typed(run).split()]
    names = [name for name in names if name in given or name.endswith((".h", ".hpp"))] if given else names
    names = programs(names, " ".join(run)) if "cargo" in run else names
    names.sort(key=lambda name: ("train" in name, "main" in name, name))
    return {name: (folder / name).read_text("utf-8", "replace") for name in names[:200]}
