"""Which numbers of a checkout reach a place where they take effect, and under what name."""

import ast
from collections import deque
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from orgopt.foreign.flow.program import ANYWHERE, Cell, Program, Scope, given, name_called
from orgopt.foreign.flow.sinks import Sink, Strength, sinks
from orgopt.foreign.sites.python_text import constant

_MOST_STEPS = 12
_MOST_VISITS = 20_000
_MOST_PARTS = 6
_SAME = {"int", "float", "max", "min", "round", "abs", "str", "sqrt", "log", "ceil", "floor", "tuple", "list", "copy"}


class Reached(NamedTuple):
    """A number that takes effect.

    Attributes:
        file: The path of its file.
        node: The expression that it is.
        name: What it is called nearest to where it is written.
        strength: How surely it is something to turn.
        steps: How many variables, arguments and attributes lie between it and where it takes effect.
    """

    file: str
    node: ast.expr
    name: str
    strength: Strength
    steps: int


class _Visit(NamedTuple):
    value: ast.expr
    scope: Scope
    name: str
    strength: Strength
    steps: int


def by_file(trees: Mapping[str, ast.Module]) -> dict[str, list[Reached]]:
    """The numbers of Python files that take effect, by the path of each file; see `reached`."""
    found: dict[str, list[Reached]] = {}
    for one in reached(trees):
        found.setdefault(one.file, []).append(one)
    return found


def reached(trees: Mapping[str, ast.Module]) -> list[Reached]:
    """The numbers of Python files that take effect, those nearest to it first, once a place.

    Names are followed through assignments, arguments and defaults of the files' own functions and classes, attributes
    and keys, and imports among the files. Numbers without a name of their own are left out.

    Args:
        trees: The files, by path.
    """
    program = Program.of(trees)
    calls: dict[str, list[tuple[ast.Call, Scope]]] = {}
    for call, scope in program.calls:
        calls.setdefault(name_called(call), []).append((call, scope))
    owners = {owner: (name, function) for name, made in program.functions.items() for function, owner in made}
    found: dict[tuple[str, int, int], Reached] = {}
    seen: dict[Cell, Strength] = {}
    waiting = deque(_Visit(*sink[:2], "", sink.strength, 0) for sink in _strongest(program))
    for _ in range(_MOST_VISITS):
        if not waiting:
            break
        visit = waiting.popleft()
        if isinstance(_number(visit.value), int | float):
            key = (visit.scope.file, visit.value.lineno, visit.value.col_offset)
            if visit.name and (key not in found or found[key].strength < visit.strength):
                found[key] = Reached(visit.scope.file, visit.value, visit.name, visit.strength, visit.steps)
            continue
        for cell in _cells(program, visit):
            if seen.get(cell, 0) >= visit.strength or visit.steps >= _MOST_STEPS:
                continue
            seen[cell] = visit.strength
            name, function = owners.get(cell.owner, ("", None))
            made = calls.get(name, []) if function is not None else []
            gifts = [(dict(given(function, call)).get(cell.name), scope) for call, scope in made if function is not None]
            left = not gifts or any(value is None for value, _ in gifts)
            sources = [one for one in program.written.get(cell, ()) if left or not one.default]
            for value, scope in [*((one.value, one.scope) for one in sources), *gifts]:
                if value is not None:
                    waiting.append(_Visit(value, scope, cell.name, visit.strength, visit.steps + 1))
        waiting.extend(_parts(visit))
    return sorted(found.values(), key=lambda one: (-one.strength, one.steps, one.file, one.node.lineno))


def _strongest(program: Program) -> list[Sink]:
    return sorted(sinks(program), key=lambda sink: -sink.strength)


def _number(node: ast.expr) -> float | None:
    value = constant(node)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _cells(program: Program, visit: _Visit) -> Iterator[Cell]:
    if (cell := program.target(visit.value, visit.scope)) is not None:
        yield cell
    match visit.value:
        case ast.Call(func=ast.Attribute(attr="get" | "pop"), args=[ast.Constant(value=str() as name), *_]):
            yield Cell(ANYWHERE, name)
        case _:
            pass


def _parts(visit: _Visit) -> Iterator[_Visit]:
    """What an expression's value is made of, as far as its parts are turned as it is."""
    match visit.value:
        case ast.BinOp(left=left, right=right):
            parts = [(part, "") for part in (left, right)]
        case ast.UnaryOp(operand=operand):
            parts = [(operand, visit.name)]
        case ast.IfExp(body=body, orelse=orelse):
            parts = [(body, visit.name), (orelse, visit.name)]
        case ast.BoolOp(values=values):
            parts = [(one, visit.name) for one in values]
        case ast.Tuple(elts=elts) | ast.List(elts=elts) if len(elts) <= _MOST_PARTS:
            parts = [(one, f"{visit.name}_{k}" if visit.name and len(elts) > 1 else visit.name) for k, one in enumerate(elts)]
        case ast.Dict(keys=keys, values=values):  # given as it is, as `Model(**settings)` is
            parts = [
                (value, key.value)
                for key, value in zip(keys, values, strict=True)
                if isinstance(key, ast.Constant) and isinstance(key.value, str)
            ]
        case ast.Call(args=args, keywords=words) if name_called(visit.value) in _SAME:
            parts = [(one, visit.name) for one in args]
        case ast.Call(func=ast.Attribute(attr="get" | "pop"), args=[ast.Constant(value=str() as name), value]):
            parts = [(value, name)]
        case ast.Call(func=ast.Name(id="dict"), keywords=words):
            parts = [(word.value, word.arg) for word in words if word.arg]
        case _:
            return
    yield from (visit._replace(value=part, name=name) for part, name in parts)
