"""Options of a script's command line: argparse, click and typer, and variables of the environment with a default."""

import ast
import re
from collections.abc import Iterator
from dataclasses import replace

from orgopt.foreign.sites.constants import top_level
from orgopt.foreign.sites.python_text import Source, called, calls, constant, values_of, words_of
from orgopt.foreign.sites.site import LISTED, Site, listed
from orgopt.foreign.source import nodes

_ARGPARSE = {"type", "default", "action", "choices", "help", "dest", "metavar", "nargs", "required", "const", "env_var"}
_TELLING = {"type", "default", "action", "choices"}
_MOST_HELP = 400
_MOST_PARTS = 4
_RUNS = {"typer.run", "fire.Fire", "tyro.cli", "Fire"}
"""What runs a function with its arguments as options."""
_DEFINES = r"DEFINE_(?:integer|float|string|enum|bool(?:ean)?)"
"""Flags of absl and of TensorFlow 1, `flags.DEFINE_float("lr", 0.1, "…")`."""
_ENVIRONMENT = re.compile(r"environ\.get|getenv|(\w*_)?env(_\w+)?|get_?env\w*", re.IGNORECASE)


def options(source: Source, *, begins: bool = False) -> Iterator[Site]:
    """Options with a default, and switches, of the libraries; those of the environment.

    Args:
        source: A file.
        begins: Whether it is the one that runs.
    """
    defaults = _set_defaults(source.tree)
    for call in calls(source.tree):
        last = called(call.func).rsplit(".", 1)[-1]
        if adds_option(call):
            yield from _argument(source, call, defaults)
        elif re.fullmatch(_DEFINES, last):
            yield from _defined(source, call)
        elif last == "option" or (last == "Option" and "typer" in called(call.func)):
            yield from _option(source, call)
        elif _ENVIRONMENT.fullmatch(last) or called(call.func).endswith("environ.get"):
            yield from _variable(source, call)
    yield from _typer(source, set(_begun(source.tree)) if begins else set())


def adds_option(call: ast.Call) -> bool:
    """Whether a call adds an option as argparse does, by whatever name: `add = parser.add_argument` is common."""
    last = called(call.func).rsplit(".", 1)[-1]
    if last == "add_argument":
        return True
    given = set(words_of(call))
    first = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
    likely = isinstance(first, str) and re.match(r"--?[a-zA-Z]", first) and given <= _ARGPARSE and given & _TELLING
    return bool(likely) and last not in {"option", "Option"}


def flags(call: ast.Call) -> list[str]:
    """The flags of an option, the longest first; of a positional argument none."""
    given = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
    return sorted((flag for flag in given if flag.startswith("-")), key=len, reverse=True)


def required(tree: ast.AST) -> list[str]:
    """The arguments without which a script with argparse does not run."""
    found: list[str] = []
    for call in calls(tree):
        if called(call.func) in _RUNS and call.args:
            found += _without_default(tree, called(call.args[0]))
        if not adds_option(call) or not call.args:
            continue
        words = words_of(call)
        must = words.get("required")
        optional = constant(words["nargs"]) in {"?", "*"} if "nargs" in words else False
        if flags(call):
            found += flags(call)[:1] if must is not None and constant(must) is True else []
        elif isinstance(call.args[0], ast.Constant) and not optional and "default" not in words:
            found.append(str(call.args[0].value))
    return found


def _without_default(tree: ast.AST, name: str) -> list[str]:
    """The arguments by place without which a function does not run."""
    made = next((node for node in nodes(tree) if isinstance(node, ast.FunctionDef) and node.name == name), None)
    if made is None:
        return []
    return [one.arg for one in made.args.args[: len(made.args.args) - len(made.args.defaults)]]


def words_read(tree: ast.AST) -> tuple[int, bool]:
    """How many words of its command a script takes from `sys.argv`, and whether it does without them, too."""
    most, looks = 0, False
    for node in nodes(tree):
        if isinstance(node, ast.Subscript) and called(node.value) in {"sys.argv", "argv"}:
            index = constant(node.slice)
            most = max(most, index) if type(index) is int else most
            looks = looks or isinstance(node.slice, ast.Slice)
        elif isinstance(node, ast.Call) and called(node.func) == "len" and node.args:
            looks = looks or called(node.args[0]) in {"sys.argv", "argv"}
    return most, looks


def _argument(source: Source, call: ast.Call, defaults: dict[str, ast.expr]) -> Iterator[Site]:
    names, words = flags(call), words_of(call)
    if not names:
        return
    name = names[0].lstrip("-")
    dest = words.get("dest")
    attribute = str(constant(dest)) if dest is not None else name.replace("-", "_")
    choices = values_of(words.get("choices"))
    action = constant(words["action"]) if "action" in words else None
    if action in {"store_true", "store_false"} and "default" not in words:
        _, end = source.span(words["action"])
        yield Site(
            name=attribute,
            value=action == "store_false",
            start=end,
            end=end,
            line=call.lineno,
            before=", default=",
        )
        return
    default = defaults.get(attribute, words.get("default"))
    if default is None:
        return
    typed = called(words["type"]) if "type" in words else ""
    helps = constant(words["help"]) if "help" in words else None
    if not choices and isinstance(helps, str) and isinstance(constant(default), str):
        every = (listed(match[0], str(constant(default))) for match in re.finditer(LISTED, helps[:_MOST_HELP]))
        choices = next((one for one in every if one), ())
    site = source.site(attribute, default, choices=choices)
    if site is not None and isinstance(site.value, str) and (typed in {"int", "float"} or not (typed or choices)):
        site = source.text_site(attribute, default) or site
    if site is not None and typed == "float" and type(site.value) is int:
        site = replace(site, value=float(site.value))
    if site is not None:
        yield site
    elif isinstance(default, ast.List | ast.Tuple):
        parts = [source.site(f"{attribute}_{k}", part, own=False) for k, part in enumerate(default.elts)]
        yield from (part for part in parts if part and isinstance(part.value, int | float))


def _defined(source: Source, call: ast.Call) -> Iterator[Site]:
    """A flag of absl's: its name, its default, and the texts that it may be where it is one of some."""
    words = words_of(call)
    name = constant(call.args[0]) if call.args else constant(words["name"]) if "name" in words else None
    default = call.args[1] if len(call.args) > 1 else words.get("default")
    if not isinstance(name, str) or default is None:
        return
    choices = values_of(call.args[2] if len(call.args) > 2 else words.get("enum_values"))
    site = source.site(name, default, choices=choices if called(call.func).endswith("enum") else ())
    if site is not None and called(call.func).endswith("float") and type(site.value) is int:
        site = replace(site, value=float(site.value))
    if site is not None:
        yield site


def _set_defaults(tree: ast.AST) -> dict[str, ast.expr]:
    """What `parser.set_defaults(…)` gives."""
    found: dict[str, ast.expr] = {}
    for call in calls(tree):
        if called(call.func).rsplit(".", 1)[-1] == "set_defaults":
            found |= words_of(call)
    return found


def _option(source: Source, call: ast.Call) -> Iterator[Site]:
    """An option of click's, `@click.option("--lr", default=0.1)`."""
    words = words_of(call)
    names = flags(call)
    if not names or "default" not in words:
        return
    kind = words.get("type")
    choices = values_of(kind.args[0]) if isinstance(kind, ast.Call) and called(kind.func).endswith("Choice") else ()
    low, high = _range(kind)
    name = names[0].lstrip("-").split("/")[0]
    site = source.site(name.replace("-", "_"), words["default"], choices=choices, low=low, high=high)
    if site is not None:
        yield site


def _range(kind: ast.expr | None) -> tuple[float | None, float | None]:
    """The bounds of `click.IntRange(1, 9)`."""
    if not isinstance(kind, ast.Call) or not called(kind.func).endswith(("IntRange", "FloatRange")):
        return None, None
    words = {**dict(zip(("min", "max"), kind.args, strict=False)), **words_of(kind)}
    low, high = (constant(words[name]) if name in words else None for name in ("min", "max"))
    return (
        float(low) if isinstance(low, int | float) else None,
        float(high) if isinstance(high, int | float) else None,
    )


def _typer(source: Source, begun: set[str]) -> Iterator[Site]:
    """Arguments of typer's commands, `lr: float = typer.Option(0.1)` or `lr: float = 0.1`, and of fire's functions.

    Those of the functions with which a script begins, too.
    """
    text, names = source.text, set(begun)
    if "typer" in text or "Fire(" in text or "tyro" in text:
        names |= {"main", "train", "run", "cli", "fit"}
        names |= {called(one) for call in calls(source.tree) if called(call.func) in _RUNS for one in call.args[:1]}
    for node in nodes(source.tree):
        if isinstance(node, ast.FunctionDef) and node.name in names:
            for name, default in with_default(node.args):
                inner = default.args[0] if isinstance(default, ast.Call) and default.args else default
                parts = inner.elts if isinstance(inner, ast.Tuple) and len(inner.elts) <= _MOST_PARTS else ()
                each = [(f"{name}_{k}", part) for k, part in enumerate(parts)] or [(name, inner)]
                found = [source.site(one, value, own=not parts) for one, value in each]
                yield from (site for site in found if site is not None)


def _begun(tree: ast.Module) -> Iterator[str]:
    """The functions with which a script begins, and to which it gives nothing: their defaults are its settings."""
    for node in top_level(tree):
        match node:
            case ast.Expr(value=ast.Call(func=ast.Name(id=name), args=[], keywords=[])):
                yield name
            case ast.Assign(value=ast.Call(func=ast.Name(id=name), args=[], keywords=[])):
                yield name
            case _:
                pass


def with_default(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    """The arguments of a function that have a default, and it."""
    placed = [*arguments.posonlyargs, *arguments.args]
    yield from (
        (one.arg, value)
        for one, value in zip(placed[len(placed) - len(arguments.defaults) :], arguments.defaults, strict=True)
    )
    yield from (
        (one.arg, value)
        for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
        if value is not None
    )


def _variable(source: Source, call: ast.Call) -> Iterator[Site]:
    """A variable of the environment with a default: `os.environ.get("LR", "0.6")`, `env_float("LR", 0.6)`."""
    match call.args:
        case [ast.Constant(value=str() as name), default, *_]:
            pass
        case [ast.Constant(value=str() as name)] if "default" in words_of(call):
            default = words_of(call)["default"]
        case _:
            return
    site = source.text_site(name, default) or source.site(name, default, own=False)
    if site is not None and re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
        yield site
