"""`[tasks.NAME]` of orgopt.toml, and where the data and the Python of a checkout lie."""

import ast
import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from re import compile as pattern
from typing import Any, NamedTuple, cast

from orgopt.errors import TaskError, UsageError
from orgopt.settings import SETTINGS, read_tables

LEAST_PYTHON = (3, 10)
"""What runs beside experiments needs as much."""

_LIBRARY = "lib*/python3*/os.py"
_PLACE = pattern(r"(\w+_)?(CACHE|DATA|DATASET|TOKENIZER)(_\w+)?_(DIR|PATH|ROOT|FOLDER)")


class Allowed(NamedTuple):
    """What `[tasks.NAME]` of a workspace's settings says of a task.

    Attributes:
        read: Paths outside of its folder that its experiments may read, from `~/` or `/`.
        python: The interpreter that runs it, an absolute path; empty where nothing is said.
    """

    read: tuple[str, ...] = ()
    python: str = ""


def allowed(workspace: Path, folder: Path, toml: Mapping[str, Any]) -> Allowed:
    """What `[tasks.NAME]` of a workspace's `orgopt.toml` says of a checkout, which counts before its `task.toml`.

    Raises:
        UsageError: It says something else.
        TaskError: There is no such interpreter.
        ValueError: `task.toml` names an interpreter elsewhere, which is the user's to say.
    """
    name = folder.name
    path, tasks = workspace / SETTINGS, read_tables(workspace).get("tasks", {})
    table: Any = cast("dict[str, Any]", tasks).get(name, {}) if isinstance(tasks, dict) else None
    known = isinstance(table, dict) and not set(cast("dict[str, Any]", table)) - {"read", "python"}
    given = cast("dict[str, Any]", table) if known else {"read": None}
    read, python = given.get("read", []), given.get("python", "")
    paths = [one for one in cast("list[Any]", read) if isinstance(one, str)] if isinstance(read, list) else []
    understood = isinstance(read, list) and len(paths) == len(cast("list[Any]", read))
    if not understood or not all(one.startswith(("~/", "/")) for one in paths):
        raise UsageError(
            f'{path}: [tasks.{name}] may say read = ["~/…"], a list of paths from ~/ or /, python = "…/bin/python", '
            "and nothing else"
        )
    for one in paths:
        if Path.home().is_relative_to(Path(one).expanduser()):
            raise UsageError(f"{path}: [tasks.{name}] read = {one} has your whole home in it: name folders below it")
    if not isinstance(python, str):
        raise UsageError(f"{path}: [tasks.{name}] python = {python!r}: write the path of an interpreter")
    where = interpreter(workspace, python, f"{path}: [tasks.{name}] python") if python else _own(folder, toml, path)
    return Allowed(tuple(one.rstrip("/") or "/" for one in paths), where)


def _own(folder: Path, toml: Mapping[str, Any], settings: Path) -> str:
    """The interpreter that a checkout's `task.toml` names in its folder; empty where it names none."""
    named = str(toml.get("python", ""))
    if not named:
        return ""
    if not (folder / named).is_relative_to(folder) or ".." in Path(named).parts:
        raise ValueError(
            f"python = '{named}' lies outside of the folder: name it in {settings}, as "
            f'[tasks.{json.dumps(folder.name)}] and python = "…"'
        )
    return interpreter(folder, named, f"{folder}/task.toml: python")


def interpreter(folder: Path, given: str, where: str) -> str:
    """The path of an interpreter that is named from a folder; that of a virtual environment stays in it.

    Nothing is run: a virtual environment says its version itself.

    Raises:
        TaskError: There is none, or it is too old. `where` says what named it.
    """
    path = folder.absolute() / Path(given).expanduser()  # not resolved: a link in a virtual environment is its Python
    if not path.is_file():
        raise TaskError(f"{where} = '{given}': there is no {path}")
    version = _settings(path).get("version", _settings(path).get("version_info", ""))
    numbers = tuple(int(part) for part in version.split(".")[:2] if part.isdigit())
    if len(numbers) == len(LEAST_PYTHON) and numbers < LEAST_PYTHON:
        least = ".".join(map(str, LEAST_PYTHON))
        raise TaskError(f"{where} = '{given}' is Python {version}: experiments need {least} or newer")
    return str(path)


def interpreter_folders(python: str) -> tuple[str, ...]:
    """The folders that an interpreter needs: its virtual environment, and the Python that it was made from.

    Nothing else, whatever a virtual environment says of itself: its files may be a stranger's, and experiments can read
    these folders.
    """
    path = Path(python)
    own = [path.parent.parent] if _settings(path) else []
    bins = [Path(home) for home in [_settings(path).get("home")] if home] + [path.parent, path.resolve().parent]
    bases = [one.parent for given in bins for one in (given, given.resolve()) if any(one.parent.glob(_LIBRARY))]
    found = dict.fromkeys((*own, *bases))
    return tuple(str(folder) for folder in found if not Path.home().is_relative_to(folder))


def _settings(python: Path) -> dict[str, str]:
    """What the virtual environment of an interpreter says of itself; empty where it is in none."""
    try:
        lines = (python.parent.parent / "pyvenv.cfg").read_text("utf-8", "replace").splitlines()
    except OSError:
        return {}
    return {
        key.strip().lower(): value.strip() for key, found, value in (line.partition("=") for line in lines) if found
    }


def data_folders(trees: Iterable[ast.Module]) -> tuple[str, ...]:
    """Folders of data and caches that scripts name by `CACHE_DIR` and the like, below the home or absolute."""
    known: dict[str, str] = {}
    for tree in trees:
        for node in tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value):
                    path = _path(value, known)
                    if path and path.startswith(("~/", "/")):
                        known[name] = path
                case _:
                    pass
    found = dict.fromkeys(path for name, path in known.items() if _PLACE.fullmatch(name))
    # What lies below another comes with it.
    return tuple(one for one in found if not any(one.startswith(f"{other}/") for other in found))


def _path(node: ast.expr, known: dict[str, str]) -> str | None:
    """A path that is put together from texts, the home by `~`."""
    match node:
        case ast.Constant(value=str() as text):
            return text
        case ast.Name(id=name):
            return known.get(name)
        case ast.Call(func=ast.Attribute(attr="join"), args=parts):
            texts = [_path(part, known) for part in parts]
            return str(PurePosixPath(*[text for text in texts if text])) if texts and all(texts) else None
        case ast.Call(func=ast.Attribute(attr="expanduser", value=value), args=[]):
            return _path(value, known)
        case ast.Call(func=ast.Attribute(attr="expanduser"), args=[value]):
            return _path(value, known)
        case ast.Call(func=ast.Attribute(attr="home", value=ast.Name(id="Path")), args=[]):
            return "~"
        case ast.Call(func=ast.Name(id="Path" | "str"), args=[value]):
            return _path(value, known)
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            first, second = _path(left, known), _path(right, known)
            return f"{first}/{second}" if first and second else None
        case _:
            return None
