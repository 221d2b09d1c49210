"""Texts that a call writes, with a hole for each value: f-strings, `%`, `format`, sums, and variables that hold one."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence

from orgopt.foreign.sites.python_text import called, words_of
from orgopt.foreign.source import nodes

NUMBER = r"([-+.\deE]+|nan|inf)"
HOLE = "\0"
PERCENT = re.compile(r"%(?:\(\w+\))?[-+ #0]*[\d*]*(?:\.[\d*]+)?[hlL]*[diouxXeEfFgGcrsa]")
BRACES = re.compile(r"\{[^{}]*\}")


def templates(call: ast.Call, known: Mapping[str, ast.expr]) -> Iterator[tuple[str, list[str]]]:
    """What a call writes, its arguments with blanks between; those of `print` and the like that are given by name."""
    text, holes = "", list[str]()
    first = call.args[0] if call.args else None
    arguments = call.args
    told = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
    if first is not None and len(PERCENT.findall(told)) == len(call.args) - 1 > 0:  # as logging has it
        together = ast.Tuple(elts=call.args[1:], ctx=ast.Load())
        arguments = [ast.BinOp(left=first, op=ast.Mod(), right=together)]
    for argument in arguments:
        part, more = _template(argument, known)
        text += (" " * bool(text)) + part
        holes += more
    if text:
        yield text, holes
    last = called(call.func).rsplit(".", 1)[-1]
    if last.startswith("set_postfix"):
        for name, value in words_of(call).items():
            yield f"{name}={HOLE}", [ast.unparse(value)]
        table = call.args[0] if call.args else None
        for key, value in zip(table.keys, table.values, strict=True) if isinstance(table, ast.Dict) else ():
            if isinstance(key, ast.Constant) and isinstance(key.value, str):
                yield f"{key.value}={HOLE}", [ast.unparse(value)]


def _template(node: ast.expr, known: Mapping[str, ast.expr], depth: int = 0) -> tuple[str, list[str]]:
    """A text with a hole for each value, and the expressions of the holes."""
    if depth > 6:
        return HOLE, [""]
    match node:
        case ast.Constant(value=str() as text):
            return text, []
        case ast.JoinedStr(values=parts):
            found = [_template(part, known, depth + 1) for part in parts]
            return "".join(text for text, _ in found), [hole for _, holes in found for hole in holes]
        case ast.FormattedValue(value=value):
            return HOLE, [ast.unparse(value)]
        case ast.BinOp(left=left, op=ast.Mod(), right=right) if text := _kept(left, known):
            values = right.elts if isinstance(right, ast.Tuple) else [right]
            return _filled(PERCENT, text, values)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            (first, holes), (second, more) = (_template(one, known, depth + 1) for one in (left, right))
            return first + second, holes + more
        case ast.Call(func=ast.Attribute(value=made, attr="format"), args=given) if text := _kept(made, known):
            names = [*given, *words_of(node).values()]
            return _filled(BRACES, text, names)
        case ast.Name(id=name) if name in known:
            return _template(known[name], {}, depth + 1)
        case _:
            return HOLE, [ast.unparse(node)]


def _kept(node: ast.expr, known: Mapping[str, ast.expr]) -> str:
    """A text as it stands, or that of the variable which holds it; empty for anything else."""
    node = known.get(node.id, node) if isinstance(node, ast.Name) else node
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _filled(form: re.Pattern[str], text: str, values: Sequence[ast.expr]) -> tuple[str, list[str]]:
    """A text with holes for values; those that are texts themselves stand in their places, as names of numbers do."""
    given = iter(values)

    def fill(_: re.Match[str]) -> str:
        value = next(given, None)
        return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else HOLE

    holes = [value for value in values if not (isinstance(value, ast.Constant) and isinstance(value.value, str))]
    return form.sub(fill, text).replace("%%", "%"), [ast.unparse(value) for value in holes]


def functions(tree: ast.Module) -> dict[int, str]:
    """The innermost function of each line."""
    found: dict[int, str] = {}
    for node in nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found |= dict.fromkeys(range(node.lineno, (node.end_lineno or node.lineno) + 1), node.name)
    return found
