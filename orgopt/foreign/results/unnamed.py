"""Numbers that scripts print without a name before them, as in `print(epoch, loss)`: what is printed names them."""

import ast
import re
from collections.abc import Iterator

from orgopt.foreign.results.tables import held
from orgopt.foreign.results.templates import Shown, as_table, known_end
from orgopt.foreign.results.texts import HOLE, NUMBER, functions, templates
from orgopt.foreign.sites.python_text import called, calls, words_of

_WRAPPERS = {
    "item",
    "np",
    "numpy",
    "float",
    "round",
    "mean",
    "cpu",
    "detach",
    "torch",
    "sum",
    "len",
    "str",
    "jnp",
    "data",
    "logs",
    "metrics",
    "history",
    "results",
    "avg",
}
"""What is called on or around a number that is printed, and says nothing of what it is."""


def unnamed(tree: ast.Module, file: str) -> Iterator[Shown]:
    """Numbers that a file prints without a name before them, by the names of what is printed: `print(epoch, loss)`."""
    within, above = functions(tree), _heads(tree)
    for call in calls(tree):
        if called(call.func) != "print" or "file" in words_of(call):
            continue
        if any(called(one).endswith("classification_report") for one in call.args):  # of scikit-learn
            yield as_table("accuracy", f"{file}:{call.lineno}", within.get(call.lineno, ""))
        if (head := above.get(call.lineno, "")) and len(call.args) == 1 and not isinstance(call.args[0], ast.Constant):
            place, function = f"{file}:{call.lineno}", within.get(call.lineno, "")
            pattern = rf"{re.escape(head)}[ \t]*[\r\n]+[ \t]*{NUMBER}(?=[ \t]*(?:[\r\n]|$))"
            name = re.sub(r"\W+", "_", known_end(head.rstrip(": "))).strip("_")
            yield Shown(name=name, pattern=pattern, place=place, within=function, expression=ast.unparse(call.args[0]))
        for template, holes in templates(call, held(tree)):
            pieces = template.split(HOLE)
            if re.search("[A-Za-z]", template) or len(pieces) != len(holes) + 1 or "" in pieces[1:-1]:
                continue
            for k, expression in enumerate(holes):
                values = [NUMBER if k == j else r"[-+.\deE]+" for j in range(len(holes))]
                line = "".join(re.escape(piece) + value for piece, value in zip(pieces, [*values, ""], strict=True))
                name = "_".join(one for one in re.findall(r"[A-Za-z]\w*", expression) if one not in _WRAPPERS)
                place, function = f"{file}:{call.lineno}", within.get(call.lineno, "")
                pattern = rf"(?:^|[\r\n])[ \t]*{line.strip()}(?=[ \t]*(?:[\r\n]|$))"
                yield Shown(name=name, pattern=pattern, place=place, within=function, expression=expression)


def _heads(tree: ast.Module) -> dict[int, str]:
    """The texts that are printed in a line of their own before a value, by the line of the call that prints that."""
    found: dict[int, str] = {}
    last: ast.Call | None = None
    for call in calls(tree):
        if called(call.func) == "print":
            text = last.args[0] if last is not None and len(last.args) == 1 else None
            near = last is not None and 0 < call.lineno - last.lineno <= 1
            if near and isinstance(text, ast.Constant) and isinstance(text.value, str):
                head = text.value.strip()
                if head.endswith(":") and "\n" not in head:
                    found[call.lineno] = head
            last = call
    return found
