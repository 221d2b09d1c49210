"""Fields of classes of settings: dataclasses, pydantic's and attrs' models, named tuples, and plain `class Config`."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from orgopt.foreign.sites.python_text import Source, called, calls, constant, literal_choices, words_of
from orgopt.foreign.sites.site import Site
from orgopt.foreign.source import nodes

_MODELS = {"BaseModel", "BaseSettings", "NamedTuple", "Struct", "PretrainedConfig"}
_DECORATORS = {"dataclass", "define", "frozen", "attrs", "s", "chex.dataclass"}
_SETTINGS = re.compile(r"\w*(Config|Configs|Cfg|Args|Arguments|Params|Parameters|Settings|Hyper\w*|HParams|Options)")
_FIELDS = {"field", "Field", "ib", "attrib"}


def fields(source: Source, *, every: bool = False) -> Iterator[Site]:
    """The fields with a default of classes of settings; of plain classes, what they or their `__init__` set.

    Args:
        source: A file.
        every: Whether all classes are such, as those of a file that is named for its settings.
    """
    made = _made(source.tree)
    for node in nodes(source.tree):
        if isinstance(node, ast.ClassDef) and (every or _is_settings(node)):
            for name, annotation, value in _set(node):
                if name not in made.get(node.name, ()):
                    yield from _field(source, name, annotation, value)


def _made(tree: ast.Module) -> dict[str, set[str]]:
    """The fields that each call of a class gives a value, so that their defaults never count, by class."""
    found: dict[str, set[str]] = {}
    for call in calls(tree):
        name = called(call.func)
        if name[:1].isupper():
            given = set(words_of(call))
            found[name] = found[name] & given if name in found else given
    return found


def _is_settings(node: ast.ClassDef) -> bool:
    decorators = {called(one).rsplit(".", 1)[-1] for one in node.decorator_list}
    bases = {called(one).rsplit(".", 1)[-1] for one in node.bases}
    return bool(decorators & _DECORATORS or bases & _MODELS or _SETTINGS.fullmatch(node.name))


def _set(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr | None, ast.expr]]:
    for part in node.body:
        match part:
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation, value=ast.expr() as value):
                yield name, annotation, value
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, None, value
            case ast.FunctionDef(name="__init__") if not node.decorator_list:
                yield from _own(part)
            case _:
                pass


def _own(init: ast.FunctionDef) -> Iterator[tuple[str, None, ast.expr]]:
    """What `__init__` sets on the object, and the defaults of its arguments."""
    arguments = [*init.args.posonlyargs, *init.args.args]
    defaults = init.args.defaults
    yield from (
        (one.arg, None, value) for one, value in zip(arguments[len(arguments) - len(defaults) :], defaults, strict=True)
    )
    for part in _statements(init.body):
        match part:
            case ast.Assign(targets=[ast.Attribute(value=ast.Name(id="self"), attr=name)], value=value):
                yield name, None, value
            case _:
                pass


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Statements, and those of their branches, as a class of settings has them for each of several methods."""
    for part in body:
        yield part
        if isinstance(part, ast.If):
            yield from _statements(part.body)
            yield from _statements(part.orelse)


def _field(source: Source, name: str, annotation: ast.expr | None, value: ast.expr) -> Iterator[Site]:
    low = high = None
    if isinstance(value, ast.Call) and called(value.func).rsplit(".", 1)[-1] in _FIELDS:
        words = words_of(value)
        low, high = (_bound(words, *names) for names in (("ge", "gt"), ("le", "lt")))
        inner = words.get("default", value.args[0] if value.args else None)
        if inner is None:
            return
        value = inner
    choices = literal_choices(annotation)
    if isinstance(value, ast.Tuple | ast.List) and 1 < len(value.elts) <= 6:
        parts = [source.site(f"{name}_{k}", part, own=False) for k, part in enumerate(value.elts)]
        numbers = [part for part in parts if part and isinstance(part.value, int | float)]
        yield from numbers if len(numbers) == len(parts) else ()
        return
    site = source.site(name, value, choices=choices, low=low, high=high)
    if site is not None:
        whole = type(site.value) is int and annotation is not None and called(annotation) == "float"
        yield replace(site, value=float(site.value)) if whole else site


def _bound(words: dict[str, ast.expr], *names: str) -> float | None:
    for name in names:
        value = constant(words[name]) if name in words else None
        if isinstance(value, int | float):
            return float(value)
    return None
