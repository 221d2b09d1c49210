"""Pipelines of DVC: checkouts whose training and evaluation are scripts of their own, run one after the other."""

import re
from pathlib import Path
from typing import Any, NamedTuple, cast

from orgopt.foreign.editable import script_of
from orgopt.foreign.likely import Modules, turned
from orgopt.foreign.results.steering import shows_goal

_FILE = "dvc.yaml"
_LEAST = 2


class Pipeline(NamedTuple):
    """The stage that trains, the one that shows the result, the command of all up to that, and where it stands."""

    script: str
    judge: str
    run: tuple[str, ...]
    said: str


def pipeline(folder: Path, script: str, modules: Modules) -> Pipeline | None:
    """The pipeline of a checkout; None where a script shows its result itself, or no stage does.

    Args:
        folder: The checkout.
        script: The script that would be run otherwise.
        modules: What scripts import.
    """
    stages = [(script_of(cmd.split()[1:]), cmd) for cmd in _commands(folder)]
    stages = [(name, cmd) for name, cmd in stages if (folder / name).is_file() and name]
    names = [name for name, _ in stages]
    if len(stages) < _LEAST or script not in names or shows_goal(modules(script)):
        return None
    judges = [name for name in names if shows_goal(modules(name))]
    if not judges:
        return None
    last = names.index(judges[-1])
    chief = max(names[: last + 1], key=lambda name: (name == script, turned(folder, name)))
    run = ("sh", "-c", " && ".join(cmd for _, cmd in stages[: last + 1]))
    return Pipeline(chief, judges[-1], run, _FILE)


def _commands(folder: Path) -> list[str]:
    """The commands of its stages that run Python, as they stand in dvc.yaml; none of one with variables."""
    import yaml

    try:
        data: Any = yaml.safe_load((folder / _FILE).read_text("utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return []
    stages: Any = cast("dict[str, Any]", data).get("stages") if isinstance(data, dict) else None
    tables = cast("dict[str, Any]", stages).values() if isinstance(stages, dict) else ()
    found = [str(cast("dict[str, Any]", one).get("cmd", "")).strip() for one in tables if isinstance(one, dict)]
    plain = [cmd for cmd in found if re.match(r"(?:uv run )?python3? ", cmd) and "${" not in cmd and "\n" not in cmd]
    return plain if len(plain) == len(found) else []
