"""Settings that a script gives to models and optimizers in a call, as in `Forest(n_estimators=100)`, and defaults."""

import ast
import re
from collections.abc import Iterator

from orgopt.foreign.kinds import is_turned
from orgopt.foreign.sites.python_text import Source, called, calls
from orgopt.foreign.sites.site import Site

_MOST_PARTS = 4
_LAUNCH = re.compile(r"(BLOCK|GROUP|TILE)\w*|block_size|num_(warps|stages|ctas)")
_MAKERS = {"fit", "compile", "train", "DataLoader"}


def defaults(source: Source) -> Iterator[Site]:
    """Defaults of a function's arguments that a person turns, where not every call gives another value."""
    given: dict[str, set[str]] = {}
    for call in calls(source.tree):
        name = called(call.func).rsplit(".", 1)[-1]
        own = {word.arg for word in call.keywords if word.arg}
        given[name] = given[name] & own if name in given else own
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.FunctionDef) or node.name not in given:
            continue
        placed = [*node.args.posonlyargs, *node.args.args]
        pairs = [*zip(placed[len(placed) - len(node.args.defaults) :], node.args.defaults, strict=True)]
        pairs += [(one, value) for one, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True) if value]
        for argument, value in pairs:
            if is_turned(argument.arg) and argument.arg not in given[node.name]:
                site = source.site(argument.arg, value, own=False)
                if site is not None:
                    yield site


def arguments(source: Source) -> Iterator[Site]:
    """Arguments by name, of calls of what has a name of a class, that are numbers or texts which a person turns."""
    for call in calls(source.tree):
        made = called(call.func).rsplit(".", 1)[-1]
        if isinstance(call.func, ast.Subscript):  # a kernel's launch, `kernel[grid](…, BLOCK_SIZE=128, num_warps=4)`
            launched = ((word.arg, word.value) for word in call.keywords if word.arg and _LAUNCH.fullmatch(word.arg))
            sites = [source.site(name, value, own=False) for name, value in launched]
            yield from (site for site in sites if site is not None and isinstance(site.value, int))
        if not (made[:1].isupper() or made in _MAKERS):
            continue
        for word in call.keywords:
            if word.arg and is_turned(word.arg):
                parts = word.value.elts if isinstance(word.value, ast.Tuple | ast.List) else []
                names = [f"{word.arg}_{k}" for k in range(len(parts))] if 1 < len(parts) <= _MOST_PARTS else [word.arg]
                values = parts if len(names) > 1 else [word.value]
                sites = [source.site(name, value, own=False) for name, value in zip(names, values, strict=True)]
                yield from (site for site in sites if site is not None and not isinstance(site.value, str))
