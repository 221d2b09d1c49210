"""Settings that a script gives to models and optimizers in a call, as in `Forest(n_estimators=100)`, and defaults."""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from orgopt.foreign.kinds import is_beside, is_turned
from orgopt.foreign.sites.python_text import Source, called, calls, constant
from orgopt.foreign.sites.site import Site
from orgopt.foreign.source import nodes

_MOST_PARTS = 4
_KNOWN: Sequence[tuple[re.Pattern[str], str, Sequence[str]]] = tuple(
    (re.compile(form), word, texts.split())
    for form, word, texts in (
        ("compile", "optimizer", "adam sgd rmsprop adagrad nadam adamw"),
        ("(?:Nu)?SV[CR]", "kernel", "linear poly rbf sigmoid"),
        (r"(?:RandomForest|ExtraTrees?|DecisionTree)Classifier", "criterion", "gini entropy log_loss"),
        (r"KNeighbors\w+", "weights", "uniform distance"),
        (r"MLP(?:Classifier|Regressor)", "activation", "identity logistic tanh relu"),
        (r"MLP(?:Classifier|Regressor)", "solver", "lbfgs sgd adam"),
        (r"LGBM\w+", "boosting_type", "gbdt dart"),
    )
)
"""Texts that arguments of well-known libraries may be, by what is called and the argument."""
Made = Mapping[str, Sequence[tuple[int, set[str]]]]
"""How functions and classes are called, by name: how many arguments by place, and the names of others, a call each."""
_LAUNCH = re.compile(r"(BLOCK|GROUP|TILE)\w*|block_size|num_(warps|stages|ctas)")
_MAKERS = re.compile(
    r"(?:train|fit|learn|compile|pretrain|optimi[sz]e|flow)(?:_\w+)?|DataLoader|batch|register|regression|ea[A-Z]\w+|dropout[123]?d?"
)
_PLACED: Sequence[tuple[re.Pattern[str], int, str]] = tuple(
    (re.compile(form), place, name)
    for form, place, name in (
        (r"(?:Spatial|Alpha)?Dropout[123]?[dD]?", 0, "dropout"),
        (r"dropout[123]?d?", 1, "dropout"),  # of what is given first
        (r"Dense|LSTM|GRU|SimpleRNN", 0, "units"),
        (r"(?:Separable)?Conv[12]D(?:Transpose)?", 0, "filters"),
        (r"batch", 0, "batch_size"),
        (r"(?i:adamw?|sgd|rmsprop|adagrad|nadam|adadelta|adamax|lion|lamb|radam)", -1, "learning_rate"),
    )
)
"""What an argument is called that layers and optimizers are given by place: the first, or the last one."""
_HIDDEN = {"relu", "tanh", "elu", "selu", "gelu", "swish", "silu", "leaky_relu", "softplus", "mish", "relu6"}
"""What a layer of Keras that is not the last one is mostly activated by."""
_ROUNDS = {
    "epoch": "epochs",
    "ep": "epochs",
    "epoch_idx": "epochs",
    "episode": "episodes",
    "i_episode": "episodes",
    "iteration": "iterations",
    "iter": "iterations",
    "it": "iterations",
    "step": "steps",
}
"""What the end of a loop is called, by the name of what counts in it."""


def known_texts(call: ast.Call, argument: str) -> Sequence[str]:
    """The texts that an argument of a well-known library's call may be; none where nothing is known of it."""
    name = called(call.func).rsplit(".", 1)[-1]
    return next((texts for form, word, texts in _KNOWN if word == argument and form.fullmatch(name)), ())


def made(trees: Iterable[ast.AST]) -> Made:
    """How the files of a checkout call functions and classes."""
    found: dict[str, list[tuple[int, set[str]]]] = {}
    for tree in trees:
        for call in calls(tree):
            name = called(call.func).rsplit(".", 1)[-1]
            found.setdefault(name, []).append((len(call.args), {word.arg for word in call.keywords if word.arg}))
    return found


def defaults(source: Source, known: Made | None = None) -> Iterator[Site]:
    """Defaults of arguments that a person turns, of functions and classes that are called, where a call leaves it.

    Args:
        source: A file.
        known: How all that runs calls functions and classes, of a file that others import: there no call may give it.
    """
    every = made([source.tree]) if known is None else known
    inits = {id(part): node.name for node in nodes(source.tree) if isinstance(node, ast.ClassDef) for part in node.body}
    for node in nodes(source.tree):
        if not isinstance(node, ast.FunctionDef):
            continue
        name = inits.get(id(node), "") if node.name == "__init__" else node.name
        placed = [*node.args.posonlyargs, *node.args.args]
        first = int(bool(placed) and placed[0].arg in {"self", "cls"})
        places = {one.arg: k for k, one in enumerate(placed[first:])}
        pairs = [*zip(placed[len(placed) - len(node.args.defaults) :], node.args.defaults, strict=True)]
        pairs += [(one, value) for one, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if value]
        beside = any(is_turned(argument.arg) for argument, _ in pairs)
        for argument, value in pairs:
            gives = [
                argument.arg in words or places.get(argument.arg, count) < count for count, words in every.get(name, ())
            ]
            left = bool(gives) and not (all(gives) if known is None else any(gives))
            if left and (is_turned(argument.arg) or (beside and is_beside(argument.arg))):
                site = source.site(argument.arg, value, own=False)
                if site is not None and (is_turned(argument.arg) or not isinstance(site.value, str | bool)):
                    yield site


def _entries(source: Source, table: ast.Dict) -> Iterator[Site]:
    """What a person turns of a dictionary that a call is given, as in `train(optimizer_params={"lr": 0.1})`."""
    for key, value in zip(table.keys, table.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and is_turned(key.value):
            site = source.site(key.value, value, own=False)
            if site is not None and not isinstance(site.value, str):
                yield site


def _placed(source: Source, call: ast.Call, name: str) -> Iterator[Site]:
    """What layers and optimizers are given by place, as `Dropout(0.5)` and `SGD(weights, 0.1)`."""
    for form, place, argument in _PLACED:
        if form.fullmatch(name) and call.args and len(call.args) <= 2:
            if argument in {"dropout", "units", "batch_size"} and len(call.args) != place + 1:
                continue
            site = source.site(argument, call.args[place], own=False)
            plain = site is not None and not isinstance(site.value, str | bool)
            hidden = argument != "units" or _is_hidden(call, name) or id(call) in _activated(source.tree)
            if site is not None and plain and hidden:
                yield site


def _activated(tree: ast.Module) -> set[int]:
    """The `Dense` layers, by where they begin, behind which a layer stands that activates hidden ones."""
    found: set[int] = set()
    last: ast.Call | None = None
    for call in calls(tree):
        name = called(call.func).rsplit(".", 1)[-1]
        kind = constant(call.args[0]) if name == "Activation" and call.args else name.lower()
        if last is not None and (kind in _HIDDEN or name in {"ReLU", "LeakyReLU", "PReLU"}):
            found.add(id(last))
        if name in {"Dense", "Activation"}:
            last = call if name == "Dense" else None
    return found


def _is_hidden(call: ast.Call, name: str) -> bool:
    """Whether a layer is none whose width the data give: one of a hidden kind, or activated as those are."""
    given = {word.arg: word.value for word in call.keywords}.get("activation")
    kind = given.value if isinstance(given, ast.Constant) else called(given).rsplit(".", 1)[-1] if given else ""
    return name != "Dense" or kind in _HIDDEN


def rounds(source: Source) -> Iterator[Site]:
    """The ends of loops over what a person turns, as in `for epoch in range(10)`."""
    for node in nodes(source.tree):
        match node:
            case ast.For(target=ast.Name(id=name), iter=ast.Call() as given) if name in _ROUNDS:
                while called(given.func).rsplit(".", 1)[-1] not in {"range", "trange"}:
                    if not given.args or not isinstance(given.args[0], ast.Call):
                        break
                    given = given.args[0]
                else:
                    end = given.args[min(1, len(given.args) - 1)] if given.args else None
                    site = source.site(_ROUNDS[name], end, own=False) if end is not None else None
                    if site is not None and type(site.value) is int and site.value > 1:
                        yield site
            case _:
                pass


def arguments(source: Source) -> Iterator[Site]:
    """Arguments by name, of calls of what has a name of a class, that are numbers or texts which a person turns."""
    for call in calls(source.tree):
        name = called(call.func).rsplit(".", 1)[-1]
        if isinstance(call.func, ast.Subscript):  # a kernel's launch, `kernel[grid](…, BLOCK_SIZE=128, num_warps=4)`
            launched = ((word.arg, word.value) for word in call.keywords if word.arg and _LAUNCH.fullmatch(word.arg))
            sites = [source.site(one, value, own=False) for one, value in launched]
            yield from (site for site in sites if site is not None and isinstance(site.value, int))
        if not (name[:1].isupper() or _MAKERS.fullmatch(name) or _PLACED[-1][0].fullmatch(name)):
            continue
        yield from _placed(source, call, name)
        for word in call.keywords:
            if word.arg and isinstance(word.value, ast.Dict):
                yield from _entries(source, word.value)
            elif word.arg in {"p", "rate"} and "dropout" in name.lower():
                site = source.site("dropout", word.value, own=False)
                if site is not None and isinstance(site.value, float):
                    yield site
            elif word.arg and is_turned(word.arg) and (word.arg != "units" or _is_hidden(call, name)):
                parts = word.value.elts if isinstance(word.value, ast.Tuple | ast.List) else []
                names = [f"{word.arg}_{k}" for k in range(len(parts))] if 1 < len(parts) <= _MOST_PARTS else [word.arg]
                values = parts if len(names) > 1 else [word.value]
                sites = [source.site(one, value, own=False) for one, value in zip(names, values, strict=True)]
                told = known_texts(call, word.arg)
                yield from (site for site in sites if site is not None and (told or not isinstance(site.value, str)))
