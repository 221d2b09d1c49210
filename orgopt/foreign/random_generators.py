"""Which random generators of a script draw its data, or decide which of them are measured on."""

import ast
import re
from collections.abc import Iterable

from orgopt.foreign.source import nodes, words

_GLOBALS = {
    "np.random": "numpy",
    "numpy.random": "numpy",
    "random": "random",
    "torch": "torch",
    "mx.random": "mlx",
    "jax.random": "jax",
}
_TORCH = re.compile(r"rand|randn|randint|randperm|normal|bernoulli|multinomial|rand_like|randn_like")
_SEEDING = re.compile(r"seed|state|Generator|default_rng|get_rng|set_rng")
_GIVEN_AWAY = {"Random", "RandomState", "Generator", "SystemRandom", "SeedSequence"}
_METHODS = {
    *("permutation", "permuted", "shuffle", "choice", "integers", "normal", "uniform", "random", "standard_normal"),
    *("randint", "randn", "rand", "gauss", "choices", "exponential", "poisson", "binomial"),
}
_UNSEEDED = re.compile(r"train_test_split|\w*KFold|\w*ShuffleSplit|make_\w+")  # of NumPy's, unless they are told a seed
_MEASURED = {"val", "valid", "validation", "test", "holdout", "heldout", "dev", "eval", "split", "fold", "te", "va"}
_DATA = {
    *(
        "x",
        "y",
        "xs",
        "ys",
        "idx",
        "index",
        "indices",
        "ids",
        "set",
        "ds",
        "data",
        "dataset",
        "loader",
        "mask",
        "split",
        "df",
    ),
    *("rows", "inputs", "targets", "labels", "samples", "tokens", "text", "perm", "features", "images", "part"),
}
_ALONE = {"X", "data", "dataset", "features", "labels", "targets", "df", "prices"}


def drawn(tree: ast.Module) -> set[str]:
    """The generators, by library or variable, whose draws decide what a script is measured on.

    Followed from a draw through variables to one whose name says that it holds data that are measured on, or all of
    the data.
    """
    found: set[str] = set()
    sources: dict[str, set[str]] = {}
    for call in (node for node in nodes(tree) if isinstance(node, ast.Call)):
        found |= _splits(call)
        match call:
            case ast.Call(func=ast.Attribute(attr="shuffle"), args=[ast.Name(id=name), *_]):  # in place
                sources.setdefault(name, set()).update(_draws(call))
            case _:
                pass
    assigned = [pair for node in nodes(tree) for pair in _assigned(node)]
    for _ in range(4):  # as many steps as splits take: permute, cut, index, convert
        for names, value in assigned:
            origin = _draws(value) | {one for name in _loaded(value) for one in sources.get(name, ())}
            if origin:
                for name in names:
                    sources.setdefault(name, set()).update(origin)
    for name, origin in sources.items():
        own = set(words(name))
        if (own & _MEASURED and own & _DATA) or (own and own <= _MEASURED) or name in _ALONE:
            found |= origin
    return found


def _splits(call: ast.Call) -> set[str]:
    """The library whose shared generator a call splits or makes data by; none where it is told a seed."""
    if _says_seed(call):
        return set()
    name = _last(call.func)
    return {"torch"} if name == "random_split" else {"numpy"} if _UNSEEDED.fullmatch(name) else set()


def shared_draws(trees: Iterable[ast.Module]) -> set[str]:
    """The libraries whose shared generator files draw from without seeding it themselves."""
    found: set[str] = set()
    for tree in trees:
        calls = [node for node in nodes(tree) if isinstance(node, ast.Call)]
        seeded = {family for call in calls if "seed" in _last(call.func) and (family := _library(_dotted(call.func)))}
        found |= {family for call in calls for family in _draws(call) if family in set(_GLOBALS.values())} - seeded
    return found


def _assigned(node: ast.AST) -> list[tuple[list[str], ast.expr]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            names = [part.id for one in targets for part in ast.walk(one) if isinstance(part, ast.Name)]
            return [(names, value)]
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            return [([name], value)]
        case _:
            return []


def _draws(value: ast.AST) -> set[str]:
    """The generators that an expression draws from."""
    found: set[str] = set()
    for node in ast.walk(value):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name, last = _dotted(node.func), node.func.attr
            library = _library(name)
            if library == "torch" and not _TORCH.fullmatch(last):
                continue
            if library and not _SEEDING.search(last) and last not in _GIVEN_AWAY:
                found.add(library)
            elif not library and last == "sample" and not _says_seed(node):  # of a data frame
                found |= {"numpy", name.split(".")[-2]}
            elif not library and last in _METHODS:
                found.add(name.split(".")[-2])
        if isinstance(node, ast.keyword) and node.arg == "generator":
            found |= {part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)}
    return found


def _library(name: str) -> str:
    """The library whose shared generator a dotted name belongs to; empty for another's."""
    return _GLOBALS.get(name.rpartition(".")[0], "")


def _loaded(value: ast.expr) -> set[str]:
    return {node.id for node in ast.walk(value) if isinstance(node, ast.Name)}


def _says_seed(call: ast.Call) -> bool:
    shuffled = next((word.value for word in call.keywords if word.arg == "shuffle"), None)
    fixed = isinstance(shuffled, ast.Constant) and shuffled.value is False
    folds = "KFold" in _last(call.func) and shuffled is None
    return fixed or folds or any(word.arg in {"random_state", "generator", "seed"} for word in call.keywords)


def _last(node: ast.expr) -> str:
    return _dotted(node).rsplit(".", 1)[-1]


def _dotted(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{_dotted(value)}.{name}"
        case ast.Call(func=func):
            return f"{_dotted(func)}()"
        case _:
            return "?"
