"""Python sources with places: literals, arithmetic of literals, and the characters where they stand."""

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import Any

from orgopt.foreign.sites.site import Form, Site
from orgopt.foreign.source import nodes
from orgopt.tasks.knob import Value

_SUMS: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
}
_MOST_POWER = 64


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a Python file, its syntax, and where its lines begin, in characters."""

    text: str
    tree: ast.Module
    starts: Sequence[int]

    @classmethod
    def of(cls, text: str, tree: ast.Module) -> "Source":
        """A text and its syntax; lines end as Python's own parser has them."""
        lengths = [len(line) for line in text.split("\n")]
        return cls(text, tree, [0, *accumulate(length + 1 for length in lengths)])

    def span(self, node: ast.expr) -> tuple[int, int]:
        """The characters of an expression."""
        return (
            self._place(node.lineno, node.col_offset),
            self._place(node.end_lineno or node.lineno, node.end_col_offset or 0),
        )

    def site(self, name: str, node: ast.expr, **more: Any) -> Site | None:
        """The site of an expression whose value is known without running it; None for another."""
        value = constant(node)
        if value is None:
            return None
        start, end = self.span(node)
        return Site(name=name, value=value, start=start, end=end, line=node.lineno, **more)

    def text_site(self, name: str, node: ast.expr) -> Site | None:
        """The site of a number that is written in quotes; None for another expression."""
        if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or node.lineno != node.end_lineno:
            return None
        value = number(node.value)
        start, end = self.span(node)
        quote = 3 if self.text[start : start + 3] in {'"""', "'''"} else 1
        if value is None or self.text[start] not in "\"'":
            return None
        return Site(
            name=name,
            value=value,
            start=start + quote,
            end=end - quote,
            line=node.lineno,
            form=Form.TEXT,
            quotes=quote,
            own=False,
        )

    def _place(self, line: int, column: int) -> int:
        """Characters before a place that is given in bytes of UTF-8, as `ast` does."""
        start = self.starts[line - 1]
        text = self.text[start : self.starts[line]]
        return start + len(text.encode("utf-8", "surrogatepass")[:column].decode("utf-8", "surrogatepass"))


def constant(node: ast.expr) -> Value | None:
    """A number, a text or a bool, as it stands or as arithmetic such as `2**19`; None for anything else."""
    match node:
        case ast.Constant(value=bool() | int() | float() | str() as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = constant(operand)
            return -value if isinstance(value, int | float) and not isinstance(value, bool) else None
        case ast.Call(func=ast.Name(id="int" | "float" as kind), args=[operand], keywords=[]):
            value = constant(operand)
            return (int if kind == "int" else float)(value) if isinstance(value, int | float) else None
        case ast.BinOp(left=left, op=op, right=right):
            first, second = constant(left), constant(right)
            if isinstance(first, str | None) or isinstance(second, str | None):
                return None
            return _sum(op, first, second)
        case _:
            return None


def _sum(op: ast.operator, first: float, second: float) -> int | float | None:
    try:
        if isinstance(op, ast.Pow):
            return first**second if abs(second) <= _MOST_POWER and abs(first) < 1e6 else None
        return _SUMS[type(op)](first, second) if type(op) in _SUMS else None
    except (ArithmeticError, ValueError):
        return None


def number(text: str) -> int | float | None:
    """The number that a text is; None where it is none."""
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return None


def called(node: ast.expr) -> str:
    """The dotted name of what is called or used; empty where it has none."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=name):
            return f"{called(value)}.{name}".lstrip(".")
        case ast.Call(func=func):
            return called(func)
        case ast.Subscript(value=value):
            return called(value)
        case _:
            return ""


def words_of(call: ast.Call) -> dict[str, ast.expr]:
    """The arguments of a call that are given by name."""
    return {word.arg: word.value for word in call.keywords if word.arg}


def values_of(node: ast.expr | None) -> tuple[Value, ...]:
    """The constants of a list, tuple or set; empty where it has anything else in it."""
    if not isinstance(node, ast.List | ast.Tuple | ast.Set):
        return ()
    found = [constant(part) for part in node.elts]
    return tuple(value for value in found if value is not None) if None not in found else ()


def literal_choices(node: ast.expr | None) -> tuple[Value, ...]:
    """The values of an annotation `Literal["a", "b"]`."""
    match node:
        case ast.Subscript(value=value, slice=inside) if called(value).rsplit(".", 1)[-1] == "Literal":
            return values_of(inside if isinstance(inside, ast.Tuple) else ast.Tuple(elts=[inside], ctx=ast.Load()))
        case _:
            return ()


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    """All calls of a tree, in the order of the text."""
    return iter(_calls(tree) if isinstance(tree, ast.Module) else _sorted(tree))


@lru_cache(maxsize=64)
def _calls(tree: ast.Module) -> Sequence[ast.Call]:
    return _sorted(tree)


def _sorted(tree: ast.AST) -> Sequence[ast.Call]:
    found = [node for node in nodes(tree) if isinstance(node, ast.Call)]
    return tuple(sorted(found, key=lambda node: (node.lineno, node.col_offset)))


def imported(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """The modules that a file imports, and how many levels up each is looked for; 0 for none."""
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.level
            yield from (
                (f"{node.module}.{alias.name}" if node.module else alias.name, node.level) for alias in node.names
            )
