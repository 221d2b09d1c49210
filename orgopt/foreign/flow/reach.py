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


def by_file(trees: Mapping[str, ast.Module], script: str) -> dict[str, list[Reached]]:
    """The numbers of Python files that take effect, by the path of each file; see `reached`."""
    found: dict[str, list[Reached]] = {}
    for one in reached(trees, script):
        found.setdefault(one.file, []).append(one)
    return found


def reached(trees: Mapping[str, ast.Module], script: str) -> list[Reached]:
    """The numbers of Python files that take effect, those nearest to it first, once a place.

    Names are followed through assignments, arguments and defaults of the files' own functions and classes, attributes
    and keys, and imports among the files. Numbers without a name of their own are left out.

    Args:
        trees: The files, by path.
        script: The one that runs.
    """
    program = Program.of(trees, script)
    makers = _Makers(program)
    found: dict[tuple[str, int, int], Reached] = {}
    seen: dict[Cell, Strength] = {}
    waiting = deque(_Visit(*sink[:2], "", sink.strength, 0) for sink in _strongest(program))
    for _ in range(_MOST_VISITS):
        if not waiting:
            break
        visit = waiting.popleft()
        if _number(visit.value) is not None:
            _keep(found, visit)
            continue
        for cell in _cells(program, visit):
            if seen.get(cell, 0) < visit.strength and visit.steps < _MOST_STEPS and cell not in program.counted:
                seen[cell] = visit.strength
                name = cell.name if len(cell.name) > 1 else visit.name or cell.name
                waiting.extend(
                    _Visit(value, scope, name, visit.strength, visit.steps + 1)
                    for value, scope in _sources(program, makers, cell)
                )
        waiting.extend(_parts(visit))
    return sorted(found.values(), key=lambda one: (-one.strength, one.steps, one.file, one.node.lineno))


class _Makers:
    """Whose arguments a cell may be, and where that function is called by what runs."""

    def __init__(self, program: Program) -> None:
        self.owners = {owner: (name, made) for name, every in program.functions.items() for made, owner in every}
        self.calls: dict[str, list[tuple[ast.Call, Scope]]] = {}
        for call, scope in program.calls:
            if scope.owner in program.live:
                self.calls.setdefault(name_called(call), []).append((call, scope))


def _keep(found: dict[tuple[str, int, int], Reached], visit: _Visit) -> None:
    key = (visit.scope.file, visit.value.lineno, visit.value.col_offset)
    if visit.name and (key not in found or found[key].strength < visit.strength):
        found[key] = Reached(visit.scope.file, visit.value, visit.name, visit.strength, visit.steps)


def _sources(program: Program, makers: _Makers, cell: Cell) -> Iterator[tuple[ast.expr, Scope]]:
    """What is written into a cell by what runs: by assignments and calls, and by a default that some call leaves."""
    name, function = makers.owners.get(cell.owner, ("", None))
    calls = makers.calls.get(name, []) if function is not None else []
    gifts = [(dict(given(function, call)).get(cell.name), scope) for call, scope in calls] if function else []
    left = not gifts or any(value is None for value, _ in gifts)
    if sum(_is_literal(value) for value, _ in gifts) > 1:
        # Each part is given its own: blocks of a network, branches of an experiment.
        gifts = [(value, scope) for value, scope in gifts if not _is_literal(value)]
    written = [(one.value, one.scope) for one in program.written.get(cell, ()) if left or not one.default]
    for value, scope in [*written, *gifts]:
        if value is not None and (scope.owner in program.live or scope.owner.split(".")[-1][:1].isupper()):
            yield value, scope


def _strongest(program: Program) -> list[Sink]:
    return sorted(sinks(program), key=lambda sink: -sink.strength)


def _number(node: ast.expr) -> float | None:
    value = constant(node)
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None


def _is_literal(node: ast.expr | None) -> bool:
    parts = node.elts if isinstance(node, ast.Tuple | ast.List) else [node]
    return all(part is not None and constant(part) is not None for part in parts)


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
            parts = [
                (one, f"{visit.name}_{k}" if visit.name and len(elts) > 1 else visit.name) for k, one in enumerate(elts)
            ]
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
