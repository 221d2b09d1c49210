"""Numbers that a script gives to the checkout's own functions and classes: `train(net, data, 100, 0.05)`."""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from orgopt.foreign.kinds import is_beside, is_turned, why_fixed
from orgopt.foreign.sites.python_text import Source, called, calls
from orgopt.foreign.sites.site import Site
from orgopt.foreign.source import nodes

Defined = Mapping[str, Sequence[str]]
"""The names of the arguments of functions and classes, in their order, by name; without the object itself."""
_EVOLVES = "population toolbox {}cxpb mutpb ngen"
_LIBRARY: Defined = {
    "eaSimple": _EVOLVES.format("").split(),
    "eaMuPlusLambda": _EVOLVES.format("mu lambda_ ").split(),
    "eaMuCommaLambda": _EVOLVES.format("mu lambda_ ").split(),
}
"""Of DEAP, whose algorithms are mostly given their numbers by place."""


def defined(trees: Iterable[ast.Module]) -> dict[str, list[str]]:
    """The arguments of functions, and of what makes classes; of two of one name those that are the same."""
    found: dict[str, list[str]] = {}
    for tree in trees:
        for node in nodes(tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                _note(found, node.name, node)
            elif isinstance(node, ast.ClassDef):
                for part in node.body:
                    if isinstance(part, ast.FunctionDef) and part.name == "__init__":
                        _note(found, node.name, part)
    return found


def _note(found: dict[str, list[str]], name: str, made: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    placed = [one.arg for one in (*made.args.posonlyargs, *made.args.args)]
    own = placed[1:] if placed[:1] in (["self"], ["cls"]) else placed
    before = found.get(name, own)
    found[name] = [one if one == other else "" for one, other in zip(own, before, strict=False)]


def given(source: Source, known: Defined, *, every: bool = False) -> Iterator[Site]:
    """Numbers that own functions are given, by name or place, of those that are called once.

    Args:
        source: A script.
        known: What the checkout's functions and classes are given.
        every: Whether numbers of any name count, and not those alone that a person turns by their names.
    """
    known = {**_LIBRARY, **known}
    each = [(called(call.func).rsplit(".", 1)[-1], call) for call in calls(source.tree)]
    times = Counter(name for name, _ in each)
    for name, call in each:
        if name not in known or times[name] > 1 or any(isinstance(one, ast.Starred) for one in call.args):
            continue
        pairs = [*zip(known[name], call.args, strict=False), *((word.arg or "", word.value) for word in call.keywords)]
        named = {word.arg for word in call.keywords if word.arg}
        beside = any(map(is_turned, {*known[name], *named}))
        for argument, value in pairs:
            told = argument in named and not why_fixed(argument)  # `Annealing(cities, K=1000, t0=0.3)`
            fits = is_turned(argument) or ((every or beside) and (is_beside(argument) or (beside and told)))
            site = source.site(argument, value, own=False) if fits else None
            if site is not None and not isinstance(site.value, str | bool):
                yield site
