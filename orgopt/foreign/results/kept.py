"""What scripts keep the best of, by how they compare and set it, whatever it is called: the surest word on a goal."""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

from orgopt.foreign.results.metric import direction
from orgopt.foreign.sites.python_text import called, calls, constant, words_of
from orgopt.foreign.source import nodes, vocabulary, words

_BEST = re.compile(r"best|lowest|highest|(^|_)(min|max)_|(^|_)(record|high_?score|max_?score)$", re.IGNORECASE)
_NOT = vocabulary(
    "epoch epochs step steps iter iters iteration time idx index len count counter size patience depth batch lr i j k n"
)
_MONITORS = ("monitor", "metric_for_best_model", "early_stopping_metric")
_NAMED = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*(?:\[['\"]\w+['\"]\])?")


class Kept(NamedTuple):
    """What a script keeps the best of.

    Attributes:
        words: The words of its names.
        name: What is new, by name; of what a callback watches that alone.
        kept: The best so far, by name; empty where a callback has it.
        up: Whether more is better.
        place: The file and line that say so.
        sure: Whether the best is set there, and not only compared with, as a count of tries without a gain is.
    """

    words: frozenset[str]
    name: str
    kept: str
    up: bool
    place: str
    sure: bool = False


def kept_best(tree: ast.Module, file: str) -> Iterator[Kept]:
    """What a file keeps the best of: comparisons that set it or have its name, and what callbacks watch."""
    for node in nodes(tree):
        match node:
            case ast.If(test=test, body=body):
                for one in ast.walk(test):
                    if isinstance(one, ast.Compare):
                        yield from _compared(one, body, file)
            case ast.Compare():
                yield from _compared(node, [], file)
            case ast.Assign(targets=[old], value=ast.Call() as way):
                yield from _extreme(old, way, file)
            case _:
                pass
    yield from _watched(tree, file)


def _extreme(old: ast.expr, call: ast.Call, file: str) -> Iterator[Kept]:
    """What `best = max(best, new)` keeps."""
    way = called(call.func)
    if way not in {"min", "max"} or len(call.args) != 2 or _NOT & set(words(_name(old))):
        return
    for same, new in (call.args, call.args[::-1]):
        if ast.unparse(same) == ast.unparse(old):
            yield _kept(_name(new), _name(old), up=way == "max", place=f"{file}:{call.lineno}", sure=True)


def _watched(tree: ast.Module, file: str) -> Iterator[Kept]:
    """What the callbacks of a file watch, by name."""
    for call in calls(tree):
        given = words_of(call)
        for monitor in _MONITORS:
            name = constant(given[monitor]) if monitor in given else None
            if isinstance(name, str):
                mode = constant(given["mode"]) if "mode" in given else None
                up = mode == "max" if mode in {"min", "max"} else bool(direction(name))
                yield Kept(frozenset(words(name)), name, "", up, f"{file}:{call.lineno}")


def shows(expression: str, best: Kept) -> bool:
    """Whether an expression has what a script keeps the best of, or the best itself, by name."""
    found = {_plain(match[0]) for match in _NAMED.finditer(expression)}
    return bool(found & ({best.name, best.kept} - {""}))


def _compared(node: ast.Compare, body: list[ast.stmt], file: str) -> Iterator[Kept]:
    """What one comparison keeps: `new < best`, or any `new < old` in whose branch the old one is set to the new."""
    if len(node.ops) != 1 or not isinstance(node.ops[0], ast.Gt | ast.GtE | ast.Lt | ast.LtE):
        return
    left, right, up = *_wholes(node.left, node.comparators[0]), isinstance(node.ops[0], ast.Gt | ast.GtE)
    for new, old, more in ((left, right, up), (right, left, not up)):
        name, kept = _name(new), _name(old)
        called_best = bool(_BEST.search(kept)) and not _BEST.search(name)
        # A bound is set so, too, with what is bounded on the left: `if lr < least: lr = least`.
        tracked = old is right and name and kept and any(_sets(one, old, new) for one in body)
        if (called_best or tracked) and not _NOT & set(words(kept)) and not (tracked and _NOT & set(words(name))):
            sure = any(_sets(one, old) for one in body)
            yield _kept(name, kept, up=more, place=f"{file}:{node.lineno}", sure=sure)


def _wholes(left: ast.expr, right: ast.expr) -> tuple[ast.expr, ast.expr]:
    """What is compared by a part of it at the same place, as pairs of a tour and its length are by the length."""
    match left, right:
        case ast.Subscript(value=one, slice=ast.Constant(value=int() as first)), ast.Subscript(
            value=other, slice=ast.Constant(value=int() as second)
        ) if first == second:
            return one, other
        case _:
            return left, right


def _sets(node: ast.stmt, target: ast.expr, value: ast.expr | None = None) -> bool:
    """Whether a statement sets what is named by an expression, to another one where that is given."""
    if not isinstance(node, ast.Assign) or (value is not None and ast.unparse(node.value) != ast.unparse(value)):
        return False
    targets = [part for one in node.targets for part in (one.elts if isinstance(one, ast.Tuple) else [one])]
    return any(ast.unparse(one) == ast.unparse(target) for one in targets)


def _kept(name: str, kept: str, *, up: bool, place: str, sure: bool) -> Kept:
    return Kept(frozenset(words(f"{name}_{kept}")) - {"best"}, name, kept, up, place, sure)


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Subscript):
        key = constant(node.slice)
        return _plain(f"{called(node.value)}_{key}") if isinstance(key, str) else _plain(called(node.value))
    return _plain(called(node))


def _plain(name: str) -> str:
    return re.sub(r"\W+", "_", name).strip("_")
