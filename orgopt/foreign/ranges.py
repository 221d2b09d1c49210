"""The values that a knob may take: by what its file says, by its name, and by what its script compares it with."""

import ast
import math
import re
from collections.abc import Collection, Mapping, Sequence

from orgopt.foreign.kinds import from_zero, values
from orgopt.foreign.sites.calls import known_texts
from orgopt.foreign.sites.python_text import called, constant, values_of
from orgopt.foreign.sites.site import Site
from orgopt.foreign.source import nodes
from orgopt.tasks.knob import Value

_SAFE = re.compile(r"[A-Za-z_][\w.-]*")


def range_of(site: Site, compared: Mapping[str, Collection[str]]) -> tuple[str, list[int]]:
    """What a knob's comment says, and its whole numbers where they are few; nothing where there is no choice."""
    name, value = site.identifier, site.value
    if isinstance(value, bool):
        return "one of False|True", []
    choices = site.choices or tuple(compared.get(name, ())) * isinstance(value, str)
    if choices:
        return _choices(choices, value), []
    if isinstance(value, str) or not math.isfinite(value):
        return "", []
    if site.low is not None and site.high is not None and site.low < site.high:
        return _bounded(site.low, site.high, value), []
    if value <= 0:
        return (from_zero(name) if value == 0 and not _counts(value, name) else ""), []
    spec, whole = values(name, value)
    return spec, [one for one in whole if _allowed(one, site)]


def _counts(value: float, name: str) -> bool:
    """Whether a zero counts things, which have no scale: steps of warm-up, and not a share."""
    return type(value) is int and bool({"steps", "epochs", "iters", "rounds"} & set(re.split(r"[^a-z]+", name.lower())))


def _choices(choices: Collection[Value], value: Value) -> str:
    same = [one for one in choices if isinstance(one, str) and isinstance(value, str) and one.lower() == value.lower()]
    listed = list(dict.fromkeys([value, *(one for one in choices if one not in same or one == value)]))
    if not all(isinstance(one, int | float) or _SAFE.fullmatch(one) for one in listed) or len(listed) < 2:
        return ""
    texts = [str(one) for one in listed]
    return f"one of {'|'.join(sorted(texts) if isinstance(value, str) else texts)}"


def _bounded(low: float, high: float, value: float) -> str:
    """A range whose ends a file says, on a logarithmic scale where they lie far apart."""
    low, high = min(low, value), max(high, value)
    if type(value) is int and low % 1 == 0 and high % 1 == 0:
        return f"{'log ' * (low >= 1 and high >= 100 * low)}int {int(low)}..{int(high)}"
    return f"{'log ' * (low > 0 and high >= 100 * low)}{low:g}..{high:g}"


def _allowed(value: float, site: Site) -> bool:
    return (site.low is None or value >= site.low) and (site.high is None or value <= site.high)


def compared_texts(trees: Collection[ast.Module]) -> dict[str, list[str]]:
    """The texts that scripts compare a name or attribute with, or that are keys of a table which it is looked up in."""
    found: dict[str, dict[str, None]] = {}
    tables = {name: keys for tree in trees for name, keys in _tables(tree)}
    for tree in trees:
        for node in nodes(tree):
            match node:
                case ast.Compare(left=left, comparators=others):
                    for other in others:
                        texts = [constant(other)] if isinstance(other, ast.Constant) else values_of(other)
                        _note(found, left, [text for text in texts if isinstance(text, str)])
                case ast.Call():
                    _note_known(found, node)
                case ast.Match(subject=subject, cases=cases):
                    patterns = [one.pattern for one in cases]
                    texts = [
                        p.value.value
                        for p in patterns
                        if isinstance(p, ast.MatchValue) and isinstance(p.value, ast.Constant)
                    ]
                    _note(found, subject, [text for text in texts if isinstance(text, str)])
                case ast.Subscript(value=ast.Dict(keys=keys), slice=index):
                    _note(
                        found,
                        index,
                        [key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)],
                    )
                case ast.Subscript(value=value, slice=index) if called(value) in tables:
                    _note(found, index, tables[called(value)])
                case _:
                    pass
    return {name: list(texts) for name, texts in found.items()}


def _note_known(found: dict[str, dict[str, None]], call: ast.Call) -> None:
    """What arguments of well-known libraries may be, by the name that is given, or the argument's for a text itself."""
    for word in call.keywords:
        texts = known_texts(call, word.arg or "")
        given = ast.Name(id=word.arg or "", ctx=ast.Load()) if isinstance(word.value, ast.Constant) else word.value
        _note(found, given, texts)


def _note(found: dict[str, dict[str, None]], node: ast.expr, texts: Sequence[str]) -> None:
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "lower":
        node = node.func.value
    name = called(node).rsplit(".", 1)[-1]
    if isinstance(node, ast.Subscript):
        key = constant(node.slice)
        name = key if isinstance(key, str) else ""
    if name and texts:
        found.setdefault(name, {}).update(dict.fromkeys(texts))


def _tables(tree: ast.Module) -> list[tuple[str, list[str]]]:
    """The dictionaries of a script with texts as keys, by name."""
    return [
        (node.targets[0].id, [str(key.value) for key in node.value.keys if isinstance(key, ast.Constant)])
        for node in nodes(tree)
        if isinstance(node, ast.Assign)
        and len(node.targets) == 1
        and isinstance(node.targets[0], ast.Name)
        and isinstance(node.value, ast.Dict)
        and node.value.keys
        and all(isinstance(key, ast.Constant) and isinstance(key.value, str) for key in node.value.keys)
    ]
