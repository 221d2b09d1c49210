"""A checkout's Python files as places that hold values, and what is written into each of them."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import NamedTuple

from orgopt.foreign.sites.python_text import called

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Cell(NamedTuple):
    """What holds a value: a variable of a file or a function, or an attribute or key of that name anywhere."""

    owner: str
    name: str


ANYWHERE = ""
"""The owner of attributes and keys: objects are not told apart, since most programs have one that has `lr`."""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where names are looked up: a function, those around it, and their file."""

    owner: str
    file: str
    names: frozenset[str]
    above: "Scope | None" = None
    function: str = ""

    def cell(self, name: str) -> Cell:
        """The variable that a name is here."""
        scope = self
        while name not in scope.names and scope.above is not None:
            scope = scope.above
        return Cell(scope.owner, name)


class Written(NamedTuple):
    """An expression that is written into a cell, the scope that it stands in, and whether calls may give another."""

    value: ast.expr
    scope: Scope
    default: bool = False


class Called(NamedTuple):
    """A call, and the scope that it stands in."""

    call: ast.Call
    scope: Scope


@dataclass(slots=True)
class Program:
    """What is written into each cell, and what is called where.

    Attributes:
        written: What each cell is given, by assignments, defaults, and keys of dictionaries.
        calls: All calls.
        functions: The functions that a name may mean, each with the owner of its arguments; of a class, its `__init__`.
        statements: All statements, with the scopes that they stand in.
        uses: The names that each function, class and file's own statements use, by owner.
        units: The functions that there are: owner, name and class.
        counted: The cells that are counted up or down, so that what is written into them is a beginning.
        live: The owners of what the script runs, as far as names say; of methods, those of classes that it names.
    """

    written: dict[Cell, list[Written]] = field(default_factory=dict[Cell, list[Written]])
    calls: list[Called] = field(default_factory=list[Called])
    functions: dict[str, list[tuple[Function, str]]] = field(default_factory=dict[str, list[tuple[Function, str]]])
    statements: list[tuple[ast.stmt, Scope]] = field(default_factory=list[tuple[ast.stmt, Scope]])
    uses: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    units: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    live: set[str] = field(default_factory=set[str])
    counted: set[Cell] = field(default_factory=set[Cell])
    imports: dict[Cell, Cell] = field(default_factory=dict[Cell, Cell])
    modules: dict[Cell, str] = field(default_factory=dict[Cell, str])

    @classmethod
    def of(cls, trees: Mapping[str, ast.Module], script: str) -> "Program":
        """The program that files are, by path, where one of them runs."""
        made = cls()
        places = {part: name for name in trees for part in _module_names(name)}
        for name, tree in trees.items():
            scope = Scope(name, name, frozenset())
            made._imported(tree, scope, places)
            body = tree.body if name == script else [one for one in tree.body if not _is_main(one)]
            made._body(body, scope, "")
        made._enliven(trees)
        return made

    def _enliven(self, trees: Mapping[str, ast.Module]) -> None:
        """Find what is run: what statements of files name, and what that names in turn."""
        self.live |= set(trees)
        named = {word for name in trees for word in self.uses.get(name, ())}
        waiting = list(self.units)
        while True:
            found = [
                unit
                for unit in waiting
                if (not unit[2] or unit[2] in named) and (unit[1] in named or (unit[2] and unit[1].startswith("__")))
            ]
            if not found:
                return
            waiting = [unit for unit in waiting if unit not in found]
            for owner, _, _ in found:
                self.live.add(owner)
                named |= self.uses.get(owner, set())

    def target(self, node: ast.expr, scope: Scope) -> Cell | None:
        """The cell that a name, attribute or key is; None for another expression."""
        match node:
            case ast.Name(id=name):
                cell = scope.cell(name)
                return self.imports.get(cell, cell)
            case ast.Attribute(value=ast.Name(id=base), attr=name) if (place := scope.cell(base)) in self.modules:
                return Cell(self.modules[place], name)
            case ast.Attribute(attr=name):
                return Cell(ANYWHERE, name)
            case ast.Subscript(slice=ast.Constant(value=str() as name)):
                return Cell(ANYWHERE, name)
            case _:
                return None

    def _imported(self, tree: ast.Module, scope: Scope, places: Mapping[str, str]) -> None:
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                module = (node.module or "").rsplit(".", 1)[-1]
                for alias in node.names:
                    here = Cell(scope.file, alias.asname or alias.name)
                    if module in places:
                        self.imports[here] = Cell(places[module], alias.name)
                    if alias.name in places:
                        self.modules[here] = places[alias.name]
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    last = alias.name.rsplit(".", 1)[-1]
                    if last in places and alias.name.split(".")[0] not in {"torch", "numpy", "sklearn", "keras"}:
                        self.modules[Cell(scope.file, alias.asname or last)] = places[last]

    def _body(self, body: Iterable[ast.stmt], scope: Scope, class_name: str) -> None:
        for node in body:
            if isinstance(node, Function):
                self._function(node, scope, class_name)
            elif isinstance(node, ast.ClassDef):
                inner = Scope(f"{scope.owner}.{node.name}", scope.file, frozenset(), scope, scope.function)
                self.units.append((inner.owner, node.name, ""))
                self._use(inner.owner, [*node.bases, *node.keywords, *node.decorator_list])
                for part in node.body:
                    for target, value in _assigned(part):
                        if isinstance(target, ast.Name):
                            self._write(Cell(ANYWHERE, target.id), Written(value, scope))
                self._body((one for one in node.body if isinstance(one, Function | ast.ClassDef)), inner, node.name)
            else:
                self._statement(node, scope)

    def _statement(self, node: ast.stmt, scope: Scope) -> None:
        self.statements.append((node, scope))
        for target, value in _assigned(node):
            if (cell := self.target(target, scope)) is not None:
                self._write(cell, Written(value, scope))
        if (counted := _counted(node)) is not None and (cell := self.target(counted, scope)) is not None:
            self.counted.add(cell)
        self._use(scope.owner, [node], deep=False)
        for part in _expressions(node):
            if isinstance(part, ast.Call):
                self.calls.append(Called(part, scope))
            for name, value in _entries(part):
                self._write(Cell(ANYWHERE, name), Written(value, scope))
        for name in ("body", "orelse", "finalbody"):
            self._body(getattr(node, name, []), scope, "")
        for handler in getattr(node, "handlers", []):
            self._body(handler.body, scope, "")

    def _use(self, owner: str, parts: Iterable[ast.AST], *, deep: bool = True) -> None:
        used = self.uses.setdefault(owner, set())
        for part in parts:
            for node in ast.walk(part) if deep else _expressions(part):
                if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                    used.add(node.id)
                elif isinstance(node, ast.Attribute):
                    used.add(node.attr)
                elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.isidentifier():
                    used.add(node.value)  # what a table or `getattr` names

    def _function(self, node: Function, scope: Scope, class_name: str) -> None:
        owner = f"{scope.owner}.{node.name}:{node.lineno}"
        placed = [*node.args.posonlyargs, *node.args.args]
        every = {one.arg for one in (*placed, *node.args.kwonlyargs)} | set(_stored(node))
        inner = Scope(owner, scope.file, frozenset(every), scope, class_name if node.name == "__init__" else node.name)
        pairs = [*zip(placed[len(placed) - len(node.args.defaults) :], node.args.defaults, strict=True)]
        pairs += [(one, value) for one, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if value]
        for argument, value in pairs:
            self._write(Cell(owner, argument.arg), Written(value, scope, default=True))
        self.functions.setdefault(inner.function or node.name, []).append((node, owner))
        self.units.append((owner, node.name, class_name))
        self._use(owner, [*node.decorator_list, *node.args.defaults])
        self._body(node.body, inner, "")

    def _write(self, cell: Cell, written: Written) -> None:
        self.written.setdefault(cell, []).append(written)


def given(function: Function, call: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    """What a call gives to a function, by the names of its arguments."""
    placed = [one.arg for one in (*function.args.posonlyargs, *function.args.args)]
    own = placed[1:] if placed[:1] in (["self"], ["cls"]) else placed
    if not any(isinstance(one, ast.Starred) for one in call.args):
        yield from zip(own, call.args, strict=False)
    names = {*own, *(one.arg for one in function.args.kwonlyargs)}
    yield from ((word.arg, word.value) for word in call.keywords if word.arg in names)


def name_called(call: ast.Call) -> str:
    """The last part of what a call calls; of a method of what a call gives, the method."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else called(call.func).rsplit(".", 1)[-1]


def _assigned(node: ast.stmt) -> Iterator[tuple[ast.expr, ast.expr]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                if (
                    isinstance(target, ast.Tuple)
                    and isinstance(value, ast.Tuple)
                    and len(target.elts) == len(value.elts)
                ):
                    yield from zip(target.elts, value.elts, strict=True)
                else:
                    yield target, value
        case ast.AnnAssign(target=target, value=ast.expr() as value):
            yield target, value
        case _:
            pass


def _counted(node: ast.stmt) -> ast.expr | None:
    """What a statement counts up or down, as `n += 1` does."""
    match node:
        case ast.AugAssign(target=target, op=ast.Add() | ast.Sub(), value=ast.Constant()):
            return target
        case _:
            return None


def _entries(part: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """What a part of an expression writes under a key: dictionaries, and what one is asked for where it lacks it."""
    match part:
        case ast.Dict(keys=keys, values=values):
            for key, value in zip(keys, values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    yield key.value, value
        case ast.Call(func=ast.Attribute(attr="get" | "pop" | "setdefault"), args=[key, value]):
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield key.value, value
        case ast.Call(func=ast.Name(id="dict" | "Namespace" | "SimpleNamespace"), keywords=words):
            yield from ((word.arg, word.value) for word in words if word.arg)
        case _:
            pass


def _is_main(node: ast.stmt) -> bool:
    return isinstance(node, ast.If) and "__name__" in {
        one.id for one in ast.walk(node.test) if isinstance(one, ast.Name)
    }


def _expressions(node: ast.AST) -> Iterator[ast.AST]:
    """The parts of a statement's own expressions; none of the statements inside it."""
    waiting: list[ast.AST] = [one for one in ast.iter_child_nodes(node) if not isinstance(one, ast.stmt)]
    while waiting:
        part = waiting.pop()
        yield part
        if not isinstance(part, ast.ExceptHandler | ast.Lambda):
            waiting += [one for one in ast.iter_child_nodes(part) if not isinstance(one, ast.stmt)]


def _stored(function: Function) -> Iterator[str]:
    shared = {name for part in ast.walk(function) if isinstance(part, ast.Global) for name in part.names}
    for part in ast.walk(function):
        if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store) and part.id not in shared:
            yield part.id


def _module_names(path: str) -> Iterator[str]:
    place = PurePosixPath(path)
    yield place.parent.name if place.stem == "__init__" else place.stem
