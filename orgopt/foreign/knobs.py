"""Which constants of a checkout's script are knobs, and the marks that say so."""

import ast
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from orgopt import syntax
from orgopt.foreign.divides import accepted
from orgopt.foreign.kinds import divided, values, why_fixed
from orgopt.foreign.times import is_time

_MARK = re.compile(r"#\s*knob:")
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")
_PARTS = {"val", "valid", "validation", "test", "eval", "dev", "holdout"}
_SPLITS = re.compile(r"split|fold|backtest|walk_?forward|holdout", re.IGNORECASE)


class Marked(NamedTuple):
    """A script with its knobs marked, and why constants with a number are none, by name."""

    source: str
    fixed: Mapping[str, str]


def marked(source: str, trees: Sequence[ast.Module]) -> Marked:
    """A script with its knobs marked as those of a task are; `trees` has its syntax first, then the fixed files'.

    One that marks some itself is left as it is. Otherwise the upper-case constants at its top level become knobs whose
    value is a number above zero, a bool, or a string that the script compares with others; without those that a name
    or a use says are no choice (`orgopt.foreign.kinds`), those that are set twice, and values that a condition of
    the scripts refuses.
    """
    if _MARK.search(source):
        return Marked(source, {})
    tree, lines = trees[0], source.split("\n")
    fixed: dict[str, str] = {}
    found: dict[str, tuple[ast.Assign, str]] = {}
    choices: dict[str, list[int]] = {}
    constants = list(_constants(tree))
    measured = _of_splits(tree)
    for name, value, node in constants:
        if sum(other == name for other, _, _ in constants) > 1:
            continue
        why = "a time" if is_time(name) else why_fixed(name) or ("defines what is measured" if name in measured else "")
        if why:
            fixed[name] = why
            continue
        spec, whole = _range(name, value, tree)
        if whole:
            choices[name] = whole
        if spec or whole:
            found[name] = (node, spec)
    defaults = {name: value for name, value, _ in constants if isinstance(value, int)}
    left = accepted(choices, defaults, trees, divided(choices))
    for name, (node, spec) in found.items():
        some = left.get(name, [])
        comment = spec if spec and some == choices.get(name, []) else f"one of {'|'.join(map(str, some))}"
        if len(some) != 1:
            _mark(lines, node, comment)
    return Marked("\n".join(lines), fixed)


def _mark(lines: list[str], node: ast.Assign, comment: str) -> None:
    """Write a knob's comment behind a constant that has a line of its own."""
    if node.lineno != node.end_lineno or node.col_offset:
        return
    line = lines[node.lineno - 1].encode()
    code, rest = line[: node.end_col_offset].decode(), line[node.end_col_offset :].decode()
    if not rest.strip() or rest.lstrip().startswith("#"):
        lines[node.lineno - 1] = f"{code}  # knob: {comment}" + f"  {rest.strip()}" * bool(rest.strip())


def _constants(tree: ast.Module) -> Iterator[tuple[str, int | float | str, ast.Assign]]:
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value) if _NAME.fullmatch(name):
                try:
                    constant = syntax.literal(value)
                except (ValueError, TypeError):
                    continue
                if isinstance(constant, int | float | str):
                    yield name, constant, node
            case _:
                pass


def _range(name: str, value: float | str, tree: ast.Module) -> tuple[str, list[int]]:
    """What a knob's comment says, and its whole numbers where they are few; nothing where there is no choice."""
    if isinstance(value, bool):
        return "one of False|True", []
    if isinstance(value, str):
        choices = _compared(name, tree) | {value}
        safe = all(re.fullmatch(r"[A-Za-z_][\w.-]*", choice) for choice in choices)
        return (f"one of {'|'.join(sorted(choices))}" if len(choices) > 1 and safe else ""), []
    if not (math.isfinite(value) and value > 0):
        return "", []  # zero has no scale
    return values(name, value)


def _of_splits(tree: ast.Module) -> set[str]:
    """Constants that a call gives to what splits the data, or makes the part that is measured on."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            given = [*node.args, *(word.value for word in node.keywords)]
            names = {part.id for one in given for part in ast.walk(one) if isinstance(part, ast.Name)}
            if _SPLITS.search(called):
                found |= names
            elif any(isinstance(one, ast.Constant) and one.value in _PARTS for one in given):
                found |= {name for name in names if "BATCH" not in name}  # how much is measured at once is a choice
    return found


def _compared(name: str, tree: ast.Module) -> set[str]:
    """The strings that a script compares a constant with."""
    found: set[str] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Compare(left=ast.Name(id=left), comparators=others) if left == name:
                for other in others:
                    constants = other.elts if isinstance(other, ast.Tuple | ast.List | ast.Set) else [other]
                    found |= {c.value for c in constants if isinstance(c, ast.Constant) and isinstance(c.value, str)}
            case _:
                pass
    return found
