"""What a script may use of the fixed file beside it: its constants, functions and classes, a line each."""

import ast

from orgopt.agents.thinking.texts import bounded, clean
from orgopt.basics.syntax import tree
from orgopt.errors import OrgoptError
from orgopt.tasks.task import Task

FIXED = "prepare.py"
_MAX = 3_000  # characters
_MAX_LINE = 200
_MAX_CONSTANT = 60
_PLAIN = (ast.Constant, ast.BinOp, ast.UnaryOp, ast.Tuple, ast.List, ast.operator, ast.unaryop, ast.expr_context)


def interface(task: Task) -> str:
    """The public names of a task's `prepare.py`; empty where it has none, or hides it from its experiments."""
    path = task.folder / FIXED
    if not task.script or FIXED in task.limits.hide or not path.is_file():
        return ""
    try:
        body = tree(path.read_text("utf-8", "replace")).body
    except (OrgoptError, SyntaxError, ValueError, RecursionError, MemoryError):
        return ""
    lines = [line for node in body for line in _lines(node)]
    return bounded([("  " * line.startswith(" ")) + clean(line, _MAX_LINE) for line in lines], _MAX)


def _lines(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return [] if node.name.startswith("_") else [_signature(node)]
    if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
        methods = [one for one in node.body if isinstance(one, ast.FunctionDef)]
        shown = [one for one in methods if not one.name.startswith("_") or one.name == "__init__"]
        return [f"class {node.name}:{_said(node)}", *(f"    {_signature(one)}" for one in shown)]
    if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
        name = node.targets[0].id
        return [ast.unparse(node)] if name.isupper() and not name.startswith("_") and _is_short(node.value) else []
    return []


def _is_short(value: ast.expr) -> bool:
    """Whether a constant is a number or a word, or a few of them: paths, addresses and prompts help nobody."""
    return all(isinstance(one, _PLAIN) for one in ast.walk(value)) and len(ast.unparse(value)) <= _MAX_CONSTANT


def _signature(node: ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    returns = f" -> {ast.unparse(node.returns)}" if node.returns else ""
    return f"def {node.name}({ast.unparse(node.args)}){returns}:{_said(node)}"


def _said(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> str:
    text = ast.get_docstring(node)
    return f"  # {text.splitlines()[0]}" if text else ""
