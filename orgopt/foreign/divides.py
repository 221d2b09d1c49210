"""Which whole numbers a script refuses: conditions such as `assert WIDTH % HEADS == 0`, read and never run.

A condition is followed through names: constants, variables that are set once, arguments that a call gives by name or
place, and attributes of the same name. What cannot be followed decides nothing.
"""

import ast
import itertools
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from orgopt.basics import syntax
from orgopt.foreign.source import nodes

_MOST = 4_096  # combinations of values that are looked at for one condition
_MOST_POWER = 64
_DEPTH = 12  # names that a condition is followed through
_NUMBERS: Mapping[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: operator.mod,
    ast.Div: lambda a, b: a / b,
}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
Choices = Mapping[str, list[int]]


class _UnknownError(Exception):
    """An expression cannot be followed."""


def accepted(
    choices: Choices, defaults: Mapping[str, int], trees: Iterable[ast.Module], divided: Iterable[tuple[str, str]]
) -> dict[str, list[int]]:
    """The choices of constants without those that a condition of the scripts refuses, whatever the others are.

    Args:
        choices: Values of each constant, its default among them.
        defaults: The constants' values in the script.
        trees: The scripts, the one with the constants first.
        divided: Pairs of constants of which the second divides the first, though no condition says so.
    """
    left = {name: list(values) for name, values in choices.items()}
    trees = list(trees)
    known = _meanings(trees)
    parts = [(syntax.tree(f"{whole} % {part} == 0").body[0], True) for whole, part in divided]
    silent = [(one.value, holds) for one, holds in parts if isinstance(one, ast.Expr)]
    for condition, holds in (*_conditions(trees), *silent):
        names = [name for name in left if name in _names(condition, known)]
        if names and _holds(condition, holds, defaults, known):
            _prune(
                left, names, lambda given, c=condition, h=holds: _holds(c, h, {**defaults, **given}, known), defaults
            )
    return left


def _prune(
    left: dict[str, list[int]], names: list[str], fits: Callable[[Mapping[str, int]], bool], defaults: Mapping[str, int]
) -> None:
    """Drop the value that most refused combinations have, one after the other, until all that is left fits."""
    while True:
        sizes = [len(left[name]) for name in names]
        together = itertools.product(*(left[name] for name in names))
        bad = [one for one in itertools.islice(together, _MOST) if not fits(dict(zip(names, one, strict=True)))]
        if not bad:
            return
        counts: dict[tuple[str, int], int] = {}
        for one in bad:
            for name, value in zip(names, one, strict=True):
                if value != defaults[name]:
                    counts[name, value] = counts.get((name, value), 0) + 1
        if not counts or max(sizes) == 1:
            return
        far = {key: abs(key[1] - defaults[key[0]]) / defaults[key[0]] for key in counts}
        name, value = max(counts, key=lambda key: (counts[key] / len(left[key[0]]), far[key]))
        left[name].remove(value)


def _conditions(trees: Iterable[ast.Module]) -> Iterator[tuple[ast.expr, bool]]:
    """Conditions with a remainder or an order, and whether each must hold."""
    for tree in trees:
        for node in nodes(tree):
            if isinstance(node, ast.Assert):
                for part in node.test.values if isinstance(node.test, ast.BoolOp) else [node.test]:
                    if not (isinstance(node.test, ast.BoolOp) and isinstance(node.test.op, ast.Or)):
                        yield part, True
            elif isinstance(node, ast.If) and node.body and isinstance(node.body[0], ast.Raise) and not node.orelse:
                yield node.test, False


def _meanings(trees: Sequence[ast.Module]) -> dict[str, ast.expr | None]:
    """What each name stands for; None for one that stands for several things."""
    found: dict[str, ast.expr | None] = {}
    parameters = {
        name: [argument.arg for argument in (*made.args.posonlyargs, *made.args.args) if argument.arg != "self"]
        for tree in trees
        for name, made in _callables(tree)
    }
    for node in (node for tree in trees for node in nodes(tree)):
        for name, value in _given(node, parameters):
            if value is not None and name in {getattr(value, "id", ""), getattr(value, "attr", "")}:
                continue  # handed on under its own name
            before = found.get(name, value)
            same = before is not None and value is not None and ast.dump(before) == ast.dump(value)
            found[name] = value if same else None
    return found


def _given(node: ast.AST, parameters: Mapping[str, list[str]]) -> Iterator[tuple[str, ast.expr | None]]:
    """The names that a part of a script gives a value, and the value; None where it is no expression."""
    match node:
        case ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name)], value=value):
            yield name, value
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            yield name, value
        case ast.AugAssign(target=ast.Name(id=name)) | ast.For(target=ast.Name(id=name)):
            yield name, None
        case ast.Call(func=ast.Name(id=called), args=given, keywords=words):
            yield from ((word.arg, word.value) for word in words if word.arg)
            yield from zip(parameters.get(called, []), given, strict=False)
        case _:
            pass


def _callables(tree: ast.Module) -> Iterator[tuple[str, ast.FunctionDef]]:
    """Functions, and classes by what makes them."""
    for node in nodes(tree):
        if isinstance(node, ast.FunctionDef):
            yield node.name, node
        elif isinstance(node, ast.ClassDef):
            for made in node.body:
                if isinstance(made, ast.FunctionDef) and made.name == "__init__":
                    yield node.name, made


def _names(node: ast.expr, known: Mapping[str, ast.expr | None]) -> set[str]:
    """The names that an expression depends on, through others."""
    found: set[str] = set()
    waiting = [node]
    while waiting:
        for part in ast.walk(waiting.pop()):
            name = part.id if isinstance(part, ast.Name) else part.attr if isinstance(part, ast.Attribute) else ""
            if name and name not in found:
                found.add(name)
                if (meaning := known.get(name)) is not None:
                    waiting.append(meaning)
    return found


def _holds(condition: ast.expr, wanted: bool, given: Mapping[str, int], known: Mapping[str, ast.expr | None]) -> bool:
    """Whether a condition is as it must be; one that cannot be followed is."""
    try:
        return bool(_value(condition, given, known)) is wanted
    except (_UnknownError, ZeroDivisionError, OverflowError, TypeError, ValueError):
        return True


def _value(
    node: ast.expr, given: Mapping[str, int], known: Mapping[str, ast.expr | None], depth: int = 0
) -> float | bool:
    """The value of an expression of numbers; names are those given, else what they stand for."""
    if depth > _DEPTH * 4:
        raise _UnknownError

    def of(part: ast.expr) -> float | bool:
        return _value(part, given, known, depth + 1)

    match node:
        case ast.Constant(value=int() | float() as number):
            return number
        case ast.Name(id=name) | ast.Attribute(attr=name):
            meaning = known.get(name)
            if name not in given and meaning is None:
                raise _UnknownError
            return given[name] if name in given or meaning is None else of(meaning)
        case ast.Call(func=ast.Name(id="int"), args=[part], keywords=[]):
            return int(of(part))
        case _:
            return _combined(node, of)


def _combined(node: ast.expr, of: Callable[[ast.expr], float | bool]) -> float | bool:
    """The value of an expression whose parts `of` gives."""
    match node:
        case ast.BinOp(left=left, op=ast.Pow(), right=right):
            if not -_MOST_POWER <= (exponent := of(right)) <= _MOST_POWER:
                raise _UnknownError
            return of(left) ** exponent
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _NUMBERS:
            return _NUMBERS[type(op)](of(left), of(right))
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            return _COMPARISONS[type(op)](of(left), of(right))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not of(operand)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -of(operand)
        case ast.BoolOp(op=op, values=parts):
            return (all if isinstance(op, ast.And) else any)(of(part) for part in parts)
        case _:
            raise _UnknownError
