"""Python's own parser, one thread at a time.

CPython 3.11 and 3.12 count the depth of all trees that are being made in one place: two threads that parse at once can
end in "AST constructor recursion depth mismatch" (python/cpython issue 106905).
"""

import ast
from threading import Lock
from typing import Any

_LOCK = Lock()


def tree(source: str) -> ast.Module:
    """The syntax of a script; raises as `ast.parse` does."""
    with _LOCK:
        return ast.parse(source)


def literal(text: str | ast.expr) -> Any:
    """The value of a literal; raises as `ast.literal_eval` does."""
    with _LOCK:
        return ast.literal_eval(text)
