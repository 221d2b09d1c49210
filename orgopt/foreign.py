"""Foreign checkouts: what can be found in the files of a script that knows nothing of orgopt and prints its own metric.

Covers reading: knobs, the metric's name and direction, the time of an experiment, and where the data lies. Nothing of a
checkout is run here. What the figures are used for is `orgopt.task`'s.
"""

import ast
import hashlib
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple, cast

from orgopt import syntax
from orgopt.errors import TaskError, UsageError
from orgopt.workspace import SETTINGS, read_tables

SPREAD = 4
"""A number may become so many times smaller or larger."""
START_UP_S = 60.0
"""What an experiment may take beyond twice its time budget: imports, compilation and evaluation."""
DEFAULT_LIMIT_S = 600.0
_DEFAULT_RUN_S = 60.0  # of a typical experiment, where the files say nothing of time

_MARK = re.compile(r"#\s*knob:")
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_TIME = re.compile(r"(TIME_BUDGET|TIME_LIMIT|TRAIN_TIME|TRAINING_TIME|MAX_SECONDS|TRAIN_SECONDS)(_S|_SEC|_SECONDS)?")
_FIXED = re.compile(r"SEED|FLOPS")
_PLACE = re.compile(r"(\w+_)?(CACHE|DATA|DATASET|TOKENIZER)(_\w+)?_(DIR|PATH|ROOT|FOLDER)")
_PRINTED = re.compile(r"(?:^|[\r\n])[ \t]*(?P<name>[A-Za-z][\w/.-]*)[ \t]*[:=]")
_DOWN = ("bpb", "bpc", "loss", "nll", "ppl", "perplexity", "error", "err", "mse", "rmse", "mae")
_UP = ("acc", "accuracy", "f1", "auc")
_UNSEEN = ("val", "valid", "validation", "dev", "eval", "test", "heldout")


class Metric(NamedTuple):
    """The metric that a script prints: its name, and whether more of it is better."""

    name: str
    up: bool


class Times(NamedTuple):
    """Wall seconds of a typical experiment, and those after which one is killed."""

    run_s: float
    limit_s: float


class Found(NamedTuple):
    """What is found in a checkout.

    Attributes:
        source: The script with its knobs marked.
        data: Folders outside that its files name as those of its data, the home by `~`.
    """

    metric: Metric
    times: Times
    source: str
    data: tuple[str, ...]


def find(folder: Path, script: str, toml: Mapping[str, Any]) -> Found:
    """What the files of a checkout say, and its `task.toml` where it has one, which counts before them.

    Raises:
        TaskError: A file is missing, is no Python, or does not say enough.
        ValueError: What `task.toml` says is not understood.
    """
    for needed in (script, "prepare.py"):
        if not (folder / needed).is_file():
            raise TaskError(f"{folder} has no {needed}, which a task needs")
    tree, fixed = parsed(folder / script), parsed(folder / "prepare.py")
    source = marked((folder / script).read_text("utf-8"), tree)
    metric = _metric(toml, printed_metric((tree, fixed)), script)
    return Found(metric, times((fixed, tree)), source, data_folders((fixed, tree)))


def readable(workspace: Path, name: str) -> tuple[str, ...]:
    """The paths that `[tasks.NAME] read` of a workspace's `orgopt.toml` lets the experiments of a task read.

    Raises:
        UsageError: It says something else.
    """
    path, tasks = workspace / SETTINGS, read_tables(workspace).get("tasks", {})
    table: Any = cast("dict[str, Any]", tasks).get(name, {}) if isinstance(tasks, dict) else None
    known = isinstance(table, dict) and not set(cast("dict[str, Any]", table)) - {"read"}
    given: Any = cast("dict[str, Any]", table).get("read", []) if known else None
    read = cast("list[Any]", given) if isinstance(given, list) else None
    if read is None or not all(isinstance(one, str) and one.startswith(("~/", "/")) for one in read):
        raise UsageError(
            f'{path}: [tasks.{name}] may say read = ["~/…"], a list of paths from ~/ or /, and nothing else'
        )
    for one in read:
        if Path.home().is_relative_to(Path(one).expanduser()):
            raise UsageError(f"{path}: [tasks.{name}] read = {one} has your whole home in it: name folders below it")
    return tuple(one.rstrip("/") or "/" for one in read)


def parsed(path: Path) -> ast.Module:
    """A script's syntax.

    Raises:
        TaskError: It cannot be read, or is no Python.
    """
    try:
        return syntax.tree(path.read_text("utf-8"))
    except SyntaxError as error:
        raise TaskError(f"{path}:{error.lineno}: it is not Python: {error.msg}") from None
    except (OSError, ValueError) as error:
        raise TaskError(f"{path} cannot be read: {error}") from None


def marked(source: str, tree: ast.Module) -> str:
    """A script with its knobs marked as those of a task are.

    One that marks some itself is left as it is. Otherwise each upper-case constant at its top level becomes a knob
    whose value is a number above zero, from a quarter of it to four times it, on a logarithmic scale; a bool; or a
    string that the script compares with others. Seeds, times and speeds of hardware are none,
    nor is a constant that is set twice.
    """
    if _MARK.search(source):
        return source
    lines = source.split("\n")
    constants = list(_constants(tree))
    for name, value, node in constants:
        if sum(other == name for other, _, _ in constants) > 1 or _FIXED.search(name) or _TIME.fullmatch(name):
            continue
        found = _range(name, value, tree)
        if found and node.lineno == node.end_lineno and not node.col_offset:
            line = lines[node.lineno - 1].encode()
            code, rest = line[: node.end_col_offset].decode(), line[node.end_col_offset :].decode()
            if not rest.strip() or rest.lstrip().startswith("#"):
                remark = f"  {rest.strip()}" * bool(rest.strip())
                lines[node.lineno - 1] = f"{code}  # knob: {found}{remark}"
    return "\n".join(lines)


def direction(name: str) -> bool | None:
    """Whether more of a metric is better, by its name; None where that says nothing."""
    kinds = [word for word in _words(name) if word in (*_DOWN, *_UP)]
    return kinds[-1] in _UP if kinds else None


def printed_metric(trees: Iterable[ast.Module]) -> Metric | None:
    """The metric that scripts print at the start of a line; of unseen data before others, of training never."""
    found = dict.fromkeys(name for tree in trees for name in _printed(tree))
    ranked: list[tuple[int, int, Metric]] = []
    for name in found:
        words = _words(name)
        kinds = [word for word in words if word in (*_DOWN, *_UP)]
        if kinds and not {"train", "training"} & set(words):
            kind = kinds[-1]
            unseen = bool(set(words) & set(_UNSEEN))
            ranked.append((not unseen, (*_DOWN, *_UP).index(kind), Metric(name, kind in _UP)))
    return min(ranked, key=lambda one: one[:2])[2] if ranked else None


def times(trees: Iterable[ast.Module]) -> Times:
    """The times of an experiment, from a constant such as `TIME_BUDGET`, in seconds; the first that is found."""
    for tree in trees:
        for node in tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if _TIME.fullmatch(name):
                    budget = _number(value)
                    if budget and math.isfinite(budget) and budget > 0:
                        return Times(budget, 2 * budget + START_UP_S)
                case _:
                    pass
    return Times(_DEFAULT_RUN_S, DEFAULT_LIMIT_S)


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


def contents_digest(folders: Iterable[Path]) -> str:
    """SHA-256 over the names and sizes of the files below some folders: data may be too much to read."""
    digest = hashlib.sha256()
    for folder in folders:
        for path in sorted(folder.rglob("*")) if folder.is_dir() else [folder]:
            if path.is_file():
                digest.update(f"{path.relative_to(folder)}\0{path.stat().st_size}\0".encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _metric(toml: Mapping[str, Any], found: Metric | None, script: str) -> Metric:
    way = toml.get("direction")
    if way not in {None, "down", "up"}:
        raise ValueError(f"direction = '{way}': write 'down' where less of the metric is better, or 'up'")
    if name := str(toml.get("metric", "")):
        guessed = direction(name)
        if way is None and guessed is None:
            raise ValueError(f"is less {name} better, or more? Write direction = 'down' or 'up'")
        return Metric(name, way == "up" if way else bool(guessed))
    if found is None:
        raise ValueError(
            f"{script} prints no line that looks like a metric, such as 'val_loss: 0.5': name it in a task.toml beside "
            "it, with kind = 'script', metric = '…' and direction = 'down' or 'up'"
        )
    return found if way is None else Metric(found.name, way == "up")


def _words(name: str) -> list[str]:
    return re.split(r"[_/.-]", name.lower())


def _constants(tree: ast.Module) -> Iterator[tuple[str, int | float | str, ast.Assign]]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _NAME.fullmatch(name):
                try:
                    constant = syntax.literal(value)
                except (ValueError, TypeError):
                    continue
                if isinstance(constant, int | float | str):
                    yield name, constant, node
            case _:
                pass


def _range(name: str, value: float | str, tree: ast.Module) -> str:
    """What a knob's comment says; empty where there is nothing to choose."""
    if isinstance(value, bool):
        return "one of False|True"
    if isinstance(value, str):
        choices = _compared(name, tree) | {value}
        safe = all(re.fullmatch(r"[A-Za-z_][\w.-]*", choice) for choice in choices)
        return f"one of {'|'.join(sorted(choices))}" if len(choices) > 1 and safe else ""
    if not (math.isfinite(value) and value > 0):
        return ""  # zero has no scale
    if isinstance(value, int):
        return f"log int {max(1, math.ceil(value / SPREAD))}..{value * SPREAD}"
    return f"log {value / SPREAD:.6g}..{value * SPREAD:.6g}"


def _compared(name: str, tree: ast.Module) -> set[str]:
    """The strings that a script compares a constant with."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=ast.Name(id=left), comparators=others) if left == name:
                for other in others:
                    constants = other.elts if isinstance(other, ast.Tuple | ast.List | ast.Set) else [other]
                    found |= {c.value for c in constants if isinstance(c, ast.Constant) and isinstance(c.value, str)}
            case _:
                pass
    return found


def _printed(tree: ast.Module) -> Iterator[str]:
    """Names that calls of `print` and the like write at the start of a line, followed by a colon or an equals sign."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            if called in {"print", "write", "log", "info"}:
                for text in ast.walk(node):
                    if isinstance(text, ast.Constant) and isinstance(text.value, str):
                        yield from (match["name"] for match in _PRINTED.finditer(text.value))


def _number(node: ast.expr) -> float | None:
    """A number, or a product of numbers such as `5 * 60`."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return float(value)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            numbers = (_number(left), _number(right))
            return None if None in numbers else (numbers[0] or 0.0) * (numbers[1] or 0.0)
        case _:
            return None


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
