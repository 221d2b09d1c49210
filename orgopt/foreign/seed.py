"""Seeds that a script fixes: which of them orgopt sets from `ORGOPT_SEED`, and which it leaves, and why.

A seed that initialises training is set, in the text that experiments run, so that a repeated experiment is another
draw. One that defines what is measured, a split or the data themselves, must stay what it is, or results of two seeds
could not be compared; in doubt a seed stays.
"""

import ast
import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from orgopt.foreign.kinds import is_seed
from orgopt.foreign.random_generators import drawn, shared_draws
from orgopt.foreign.sites.options import adds_option
from orgopt.foreign.source import nodes, words

VARIABLE = "ORGOPT_SEED"
_OFFSET = f'int(__import__("os").environ.get("{VARIABLE}", 0))'
_SEEDING = re.compile(r"(manual_seed|manual_seed_all|set_seed|seed_everything|seed_all|set_random_seed|fix_seed|seed)$")
_MAKES = {"default_rng", "RandomState", "PRNGKey", "Random", "SeedSequence", "key", "Generator"}
_MEASURES = re.compile(
    r"split|fold|valid|_val\b|\bval_|eval|test|holdout|held|data|load|corpus|generate|make_|simulat|synth|benchmark|"
    r"bootstrap|prepare|(?<!sub)sample",
    re.IGNORECASE,
)
_FAMILIES = {"np": "numpy", "numpy": "numpy", "torch": "torch", "random": "random", "mx": "mlx", "tf": "tensorflow"}


_IN_DATA = "it defines the data, how they are split, or the evaluation"
_TRAINS = re.compile(r"train|fit", re.IGNORECASE)


class Seeded(NamedTuple):
    """A script whose seeds are set, and what is said of each: the line, what stood there, and what became of it."""

    source: str
    notes: tuple[str, ...]


class _Site(NamedTuple):
    """A place of a seed: the calls that take it, the innermost first, what they seed, and its name.

    A `named` one is a number with a name, which may be used anywhere; another is a number in a call, or a name there.
    """

    node: ast.expr
    calls: tuple[ast.Call, ...] = ()
    family: str = ""
    name: str = ""
    named: bool = False


def seeded(source: str, trees: Sequence[ast.Module], script: str) -> Seeded:
    """A script that takes its training seeds from `ORGOPT_SEED`; `trees` has its syntax first, then the fixed files'.

    A script that reads the variable itself is left as it is.
    """
    if VARIABLE in source:
        return Seeded(source, (f"{script} reads {VARIABLE} itself",))
    tree = trees[0]
    elsewhere = shared_draws(trees[1:])
    own = drawn(tree)
    parts = [node for node in nodes(tree) if isinstance(node, ast.FunctionDef) and _measures_by(node.name)]
    inside = {id(node) for part in parts for node in ast.walk(part)}
    measuring = [call for call in nodes(tree) if isinstance(call, ast.Call) and _measures(call) and _uses_seed(call)]
    before, lines, notes = source.split("\n"), source.split("\n"), list[tuple[int, str]]()
    sites = sorted(_sites(tree), key=lambda one: (one.node.lineno, one.node.col_offset), reverse=True)
    here = {site.name for site in sites if site.named}
    for site in sites:
        why = _IN_DATA if id(site.node) in inside else _why_left(site, own, elsewhere, bool(measuring))
        if (
            site.name
            and not site.named
            and (site.name not in here | _constants(trees[1:]) or (site.name in here and not measuring))
        ):
            continue  # nobody knows what it is, or it is set where it is defined
        text = before[site.node.lineno - 1].strip()[:80]
        if not why:
            lines[site.node.lineno - 1] = _replaced(lines[site.node.lineno - 1], site.node)
        said = f"left, {why}" if why else f"set from {VARIABLE}"
        notes.append((site.node.lineno, f"{script}:{site.node.lineno}: {text} ({said})"))
    return Seeded("\n".join(lines), tuple(dict.fromkeys(note for _, note in sorted(notes))))


def _why_left(site: _Site, own: set[str], elsewhere: set[str], shared: bool) -> str:
    if any(_measures(call) for call in site.calls):
        return _IN_DATA
    if site.family in own:
        return "it also draws the data or how they are split"
    if site.family in elsewhere:
        return "the fixed files draw from it, too"
    if site.named and shared:
        return "a call that defines the data or how they are split takes it, too"
    return ""


def _replaced(line: str, node: ast.expr) -> str:
    """A line with a number in it moved by the seed; unset, it is the number that it was."""
    raw = line.encode()
    given = raw[node.col_offset : node.end_col_offset].decode()
    moved = f"(({given}) + {_OFFSET}) % 2**31" if not given.isdecimal() else f"({given} + {_OFFSET}) % 2**31"
    return raw[: node.col_offset].decode() + f"({moved})" + raw[node.end_col_offset :].decode()


def _sites(tree: ast.Module) -> Iterator[_Site]:
    """The places of seeds that are numbers of the script's own, of one line each."""
    for node, above in _walk(tree, ()):
        calls = tuple(one for one in reversed(above) if isinstance(one, ast.Call))
        if any(isinstance(one, ast.JoinedStr) for one in above):
            continue
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
            ) if is_seed(name):
                yield from (_Site(one, name=_plain(name), named=True) for one in _numbers(value))
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and isinstance(key.value, str) and is_seed(key.value):
                        yield from (_Site(one, calls, name=_plain(key.value), named=True) for one in _numbers(value))
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                yield from _defaults(node)
            case ast.Call():
                yield from _called(node, (node, *calls), tree)
            case _:
                pass


def _called(call: ast.Call, calls: tuple[ast.Call, ...], tree: ast.Module) -> Iterator[_Site]:
    """The seeds that a call is given."""
    name = _name(call.func)
    if adds_option(call):
        flags = [one.value for one in call.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
        for flag in [flag for flag in flags if is_seed(flag)][:1]:
            defaults = [word.value for word in call.keywords if word.arg == "default"]
            yield from (_Site(one, name=_plain(flag), named=True) for value in defaults for one in _numbers(value))
        return
    if _SEEDING.search(name) or name.rsplit(".", 1)[-1] in _MAKES:
        for value in call.args[:1]:
            if _is_number(value) or _seed_name(value):
                yield _Site(value, calls, _family(call, name, tree), _seed_name(value))
    for word in call.keywords:
        if word.arg and is_seed(word.arg) and (_is_number(word.value) or _seed_name(word.value)):
            yield _Site(word.value, calls[:1], name=_seed_name(word.value))


def _defaults(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[_Site]:
    """Seeds that are defaults of a function's arguments; one whose name says that it measures keeps its own."""
    arguments = node.args
    placed = [*arguments.posonlyargs, *arguments.args]
    pairs = [*zip(placed[len(placed) - len(arguments.defaults) :], arguments.defaults, strict=True)]
    pairs += [(one, value) for one, value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if value]
    for argument, value in pairs:
        if is_seed(argument.arg) and _is_number(value):
            as_call = ast.Call(func=ast.Name(id=node.name, ctx=ast.Load()), args=[], keywords=[])
            yield _Site(value, (as_call,) if _measures_by(node.name) else (), name=_plain(argument.arg), named=True)


def _family(call: ast.Call, name: str, tree: ast.Module) -> str:
    """What a call seeds: a library's shared generator by its name, or a generator of the script's by its variable."""
    parts = name.split(".")
    if "jax" in parts or parts[-1] == "PRNGKey":
        return "jax"
    if _SEEDING.search(name) and parts[0] in _FAMILIES and parts[-1] not in _MAKES:
        return "numpy" if "numpy" in parts else _FAMILIES[parts[0]]
    for node in nodes(tree):
        match node:
            case ast.Assign(targets=[ast.Name(id=variable) | ast.Attribute(attr=variable)], value=value):
                if any(part is call for part in ast.walk(value)):
                    return variable
            case _:
                pass
    return "" if parts[-1] in _MAKES else "*"


def _numbers(value: ast.expr) -> Iterator[ast.expr]:
    """The numbers that an expression gives: itself, those of a list, or what stands for want of another."""
    match value:
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            yield from (part for part in parts if _is_number(part))
        case ast.IfExp(body=first, orelse=second):
            yield from (part for part in (first, second) if _is_number(part))
        case ast.Call(func=ast.Name(id="int")) if value.lineno == value.end_lineno:
            yield value
        case ast.Call(func=ast.Name(id="field"), keywords=words):
            yield from (word.value for word in words if word.arg == "default" and _is_number(word.value))
        case _ if _is_number(value):
            yield value
        case _:
            pass


def _seed_name(node: ast.expr) -> str:
    """The name of a seed that an expression is; empty for another expression."""
    name = node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""
    return _plain(name) if name and is_seed(name) else ""


def _plain(name: str) -> str:
    """A name as a flag, a field and a constant have it in common."""
    return name.lstrip("-").replace("-", "_").lower()


def _constants(trees: Sequence[ast.Module]) -> set[str]:
    """Names of whole numbers at the top level of the fixed files."""
    found: set[str] = set()
    for tree in trees:
        for node in tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if _is_number(value):
                    found.add(_plain(name))
                case _:
                    pass
    return found


def _is_number(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and type(node.value) is int


def _measures(call: ast.Call) -> bool:
    return bool(_MEASURES.search(_name(call.func)))


def _measures_by(name: str) -> bool:
    """Whether a function of the script's makes data or measures, by its name; one that also trains does not."""
    return bool(_MEASURES.search(name)) and not _TRAINS.search(name)


def _uses_seed(call: ast.Call) -> bool:
    """Whether a call is given a seed by a name."""
    given = [*call.args, *(word.value for word in call.keywords)]
    parts = [part for one in given for part in ast.walk(one)]
    names = [
        part.id if isinstance(part, ast.Name) else part.attr if isinstance(part, ast.Attribute) else ""
        for part in parts
    ]
    return any(is_seed(name) and not {"i", "idx", "index"} & set(words(name)) for name in names)


def _name(node: ast.expr) -> str:
    """The dotted name of what is called, as far as it has one."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{_name(value)}.{name}"
        case ast.Call(func=func):
            return _name(func)
        case _:
            return ""


def _walk(node: ast.AST, above: tuple[ast.AST, ...]) -> Iterator[tuple[ast.AST, tuple[ast.AST, ...]]]:
    """The parts of a tree with what they stand in; a statement begins anew."""
    stack: list[tuple[ast.AST, tuple[ast.AST, ...]]] = [(node, above)]
    while stack:
        part, over = stack.pop()
        yield part, over
        inside = () if isinstance(part, ast.stmt | ast.mod) else (*over, part)
        stack += [(child, inside) for child in ast.iter_child_nodes(part)]
