"""What a search takes the least or the most of, by how its code chooses, sorts and keeps."""

import ast
import re
from collections.abc import Iterable, Iterator

from orgopt.foreign.results.kept import Kept
from orgopt.foreign.results.templates import Shown
from orgopt.foreign.sites.python_text import called, calls, constant, words_of
from orgopt.foreign.source import nodes, vocabulary, words

OPTIMIZED = vocabulary("fitness score cost energy objective best value")
"""Words of what a search has the least or the most of, as its script says."""
_EXTREMES = re.compile(r"\b(?:np\.|numpy\.|torch\.|jnp\.)?(?:nan)?(?:arg)?(?P<way>min|max)\(")
_SHORT = {"fit": "fitness", "obj": "objective", "costs": "cost", "scores": "score", "val": "value"}


def sought(trees: Iterable[ast.Module], bests: Iterable[Kept] = ()) -> dict[str, set[bool]]:
    """Of what a search takes the least or the most: by word, whether it is the most, as in `np.argmin(fitness)`.

    Args:
        trees: Its files.
        bests: What they keep the best of.
    """
    found: dict[str, set[bool]] = {}
    for tree in trees:
        for call in calls(tree):
            for name, most in _taken(call):
                for word in _words(name):
                    found.setdefault(word, set()).add(most)
    for best in bests:
        for word in _words("_".join(best.words)) if best.sure else ():
            found.setdefault(word, set()).add(best.up)
    return found


def _words(name: str) -> Iterator[str]:
    plain = (_SHORT.get(word, word) for word in words(name.replace(".", "_")))
    return (word for word in plain if word in OPTIMIZED)


def _taken(call: ast.Call) -> Iterator[tuple[str, bool]]:
    """What a call takes the least or the most of, by name: of a list of it, or by a key."""
    last = called(call.func).rsplit(".", 1)[-1]
    key, back = words_of(call).get("key"), words_of(call).get("reverse")
    inner = key.body if isinstance(key, ast.Lambda) else key
    if way := _EXTREMES.match(f"{last}("):
        if len(call.args) == 1 and key is None:
            yield called(call.args[0]), way["way"] == "max"
        elif inner is not None:
            yield called(inner), way["way"] == "max"
    elif last in {"sort", "sorted"} and inner is not None and back is not None and constant(back) is True:
        yield called(inner), True


def extreme(one: Shown, ways: dict[str, set[bool]]) -> bool | None:
    """Whether a search wants more of a number: it shows the most or the least of it, or takes that elsewhere."""
    shown = {match["way"] == "max" for match in _EXTREMES.finditer(one.expression)}
    own = set(words(one.name)) & (OPTIMIZED - {"best", "value"})
    shown = shown or {way for word in own for way in ways.get(word, ())}
    return shown.pop() if own and len(shown) == 1 else None


def fixed_names(tree: ast.Module) -> set[str]:
    """The names that a file sets to a number, and to nothing else, so that no run changes what they say."""
    set_once = {
        node.targets[0].id
        for node in nodes(tree)
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
        and isinstance(constant(node.value), int | float)
    }
    stored = [node.id for node in nodes(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    given = {node.arg for node in nodes(tree) if isinstance(node, ast.arg)}
    return {name for name in set_once if stored.count(name) == 1} - given
