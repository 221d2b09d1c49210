"""Constants of a script: names at its top level, parts of tuples, and dictionaries of settings."""

import ast
import re
from collections.abc import Collection, Iterator, Sequence

from orgopt.foreign.kinds import is_beside, is_turned
from orgopt.foreign.sites.passed import passed
from orgopt.foreign.sites.python_text import Source, calls, constant
from orgopt.foreign.sites.site import Site
from orgopt.foreign.source import nodes

_UPPER = re.compile(r"[A-Z][A-Z0-9_]*")
_SETTINGS = re.compile(
    r"(\w*_)?(args|cfg|conf|config|configs|configuration|hp|hps|hparams|hyper\w*|params|parameters|settings|opts?|"
    r"options|defaults)(_\w*)?",
    re.IGNORECASE,
)
_PARAMETRIC = re.compile(r"Strategy|Agent|Trainer|Policy|Learner|Backtest")
"""Classes whose own attributes are mostly parameters, as those of a trading strategy are."""
_SEVERAL = 2  # numbers that a person turns make a dictionary one of settings
_MOST_PARTS = 6  # of a tuple: longer ones are data


def constants(source: Source) -> Iterator[Site]:
    """Names that are set once at the top level, in upper case or by a name that settings have; tuples part by part."""
    tree = source.tree
    stores, outer = _stored(tree), _stored(tree, functions=False)
    for name, value in _assigned(top_level(tree)):
        upper = bool(_UPPER.fullmatch(name))
        if outer.count(name) == 1 and (upper or is_turned(name)):
            yield from _parts(source, name, value)
    for name, value in _assigned(list(_inner(tree))):
        if stores.count(name) == 1 and is_turned(name):
            yield from _parts(source, name, value)
    yield from _used(source, stores, outer)
    for node in nodes(tree):
        if isinstance(node, ast.ClassDef) and _PARAMETRIC.search(" ".join([node.name, *map(ast.unparse, node.bases)])):
            own = ((name, value) for name, value in _assigned(node.body) if stores.count(name) == 1)
            yield from (site for name, value in own for site in _parts(source, name, value))
    yield from _tables(source)


def _stored(tree: ast.Module, *, functions: bool = True) -> list[str]:
    """The names that a script sets, each as often; not those that it goes on from, as `batches //= 2` does.

    Without functions, names that a function has for itself do not count: they hide those of the script inside alone.
    """
    changed = [node for node in nodes(tree) if isinstance(node, ast.AugAssign)]
    counts = {"Add", "Sub"}  # what is counted up begins somewhere, and is none that a person turns
    left = {id(one.target) for one in changed if type(one.op).__name__ not in counts or constant(one.value) is None}
    if not functions:
        shared = {name for part in nodes(tree) if isinstance(part, ast.Global) for name in part.names}
        inner = (part for part in nodes(tree) if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda))
        left |= {id(one) for part in inner for one in ast.walk(part) if getattr(one, "id", "") not in shared}
    names = (node for node in nodes(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store))
    return [node.id for node in names if id(node) not in left]


def _used(source: Source, stores: Sequence[str], outer: Sequence[str]) -> Iterator[Site]:
    """Numbers whose use says that they are settings: passed on under a name of their own, or set by each part."""
    tree = source.tree
    flows, several = passed(tree), _several(tree, outer)
    for name, value in _assigned(list(_outside(top_level(tree)))):
        if name in several and (site := source.site(name, value, own=False)) is not None:
            yield site
    for name, value in [*_assigned(top_level(tree)), *_assigned(list(_inner(tree)))]:
        once = stores.count(name) == 1 and name in flows and is_beside(name) and _is_number(value)
        if once and not is_turned(name) and not _UPPER.fullmatch(name):
            site = source.site(name, value)
            yield from [site] if site is not None and isinstance(site.value, int | float) and site.value > 0 else []


def _several(tree: ast.Module, outer: Sequence[str]) -> set[str]:
    """Names that a script sets to numbers alone, outside of functions and more than once, as its parts do each."""
    each: dict[str, list[ast.expr]] = {}
    for name, value in _assigned(list(_outside(top_level(tree)))):
        each.setdefault(name, []).append(value)
    return {
        name
        for name, values in each.items()
        if is_turned(name) and 1 < len(values) == outer.count(name) and all(map(_is_number, values))
    }


def _outside(body: Sequence[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements, and those of branches and loops among them; none of functions."""
    for node in body:
        yield node
        for part in ("body", "orelse") if isinstance(node, ast.If | ast.For | ast.While | ast.With | ast.Try) else ():
            yield from _outside(getattr(node, part, []))


def _tables(source: Source) -> Iterator[Site]:
    """The entries of dictionaries of settings, as displays and as calls of `dict`.

    Of any name are those with several numbers that a person turns, and what a list holds of them.
    """
    tree = source.tree
    for _, value in _assigned(list(_bodies(tree))):
        for part in value.elts if isinstance(value, ast.List | ast.Tuple) else [value]:
            if isinstance(part, ast.Dict) and _are_settings(part):
                yield from _entries(source, part, "")
    for name, value in _assigned(list(_bodies(tree))):
        if isinstance(value, ast.Dict) and _SETTINGS.fullmatch(name):
            yield from _entries(source, value, "")
        elif isinstance(value, ast.Call) and _SETTINGS.fullmatch(name) and getattr(value.func, "id", "") == "dict":
            yield from (
                site
                for word in value.keywords
                if word.arg and not isinstance(word.value, ast.Dict)
                for site in _parts(source, word.arg, word.value)
            )


def _are_settings(table: ast.Dict) -> bool:
    pairs = zip(table.keys, table.values, strict=True)
    found = [key.value for key, value in pairs if isinstance(key, ast.Constant) and _is_number(value)]
    return sum(isinstance(name, str) and is_turned(name) for name in found) >= _SEVERAL


def _is_number(node: ast.expr) -> bool:
    value = constant(node)
    return isinstance(value, int | float) and not isinstance(value, bool)


def asked(source: Source, made: Collection[str], given: Collection[str]) -> Iterator[Site]:
    """What is taken by name where nobody gives it, as in `options.get("gamma", 0.99)`; of what a person turns.

    Args:
        source: A module that others import.
        made: The functions and classes that anything calls; those of others are there for other scripts.
        given: The arguments that anything gives by name.
    """
    owners = [node for node in source.tree.body if isinstance(node, ast.ClassDef | ast.FunctionDef)]
    for call in (call for owner in owners if owner.name in made for call in calls(owner)):
        match call:
            case ast.Call(func=ast.Attribute(attr="get" | "pop"), args=[ast.Constant(value=str() as name), value]):
                if is_turned(name) and name not in given and _is_number(value):
                    site = source.site(name, value, own=False)
                    yield from [site] if site is not None else []
            case _:
                pass


def top_level(tree: ast.Module) -> list[ast.stmt]:
    """The statements of a script's top level, those of `if __name__ == "__main__"` among them."""
    found: list[ast.stmt] = []
    for node in tree.body:
        main = isinstance(node, ast.If) and "__name__" in {n.id for n in ast.walk(node.test) if isinstance(n, ast.Name)}
        found += node.body if isinstance(node, ast.If) and main else [node]
    return found


def _inner(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements of functions, and those of loops, contexts and branches."""
    for node in nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.With | ast.For | ast.While | ast.Try | ast.If):
            yield from node.body


def _bodies(tree: ast.Module) -> Iterator[ast.stmt]:
    """The statements of the top level, of functions and of classes."""
    yield from top_level(tree)
    yield from _inner(tree)
    for node in nodes(tree):
        if isinstance(node, ast.ClassDef):
            yield from node.body


def turned(source: Source) -> Iterator[Site]:
    """Names at the top level of a module which others import, that a person turns by their names."""
    numbers = [name for name, value in _assigned(source.tree.body) if _is_number(value)]
    beside = sum(map(is_turned, numbers)) >= _SEVERAL
    for name, value in _assigned(source.tree.body):
        own = beside and _is_number(value) and is_beside(name) and numbers.count(name) == 1
        if is_turned(name) or own:
            yield from _parts(source, name, value)
    yield from (site for site in _tables(source) if is_turned(site.identifier))


def _assigned(body: list[ast.stmt]) -> Iterator[tuple[str, ast.expr]]:
    for node in body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=ast.Tuple(elts=values)) if len(names) == len(values):
                yield from (
                    (name.id, one) for name, one in zip(names, values, strict=True) if isinstance(name, ast.Name)
                )
            case _:
                pass


def _parts(source: Source, name: str, value: ast.expr) -> Iterator[Site]:
    if isinstance(value, ast.Tuple | ast.List):
        if 1 < len(value.elts) <= _MOST_PARTS:
            sites = [source.site(f"{name}_{k}", part, own=False) for k, part in enumerate(value.elts)]
            numbers = [site for site in sites if site and isinstance(site.value, int | float)]
            yield from numbers if len(numbers) == len(sites) else ()
    elif site := source.site(name, value):
        yield site


def _entries(source: Source, node: ast.Dict, above: str) -> Iterator[Site]:
    """The values of a dictionary of settings, those of dictionaries in it below their names."""
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            name = f"{above}{key.value}"
            if isinstance(value, ast.Dict):
                yield from _entries(source, value, f"{name}.")
            else:
                yield from _parts(source, name, value)
