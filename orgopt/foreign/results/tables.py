"""Tables that scripts show: the keys of dictionaries that they print or write, and the files that they go to."""

import ast
import re
from collections.abc import Mapping

from orgopt.foreign.sites.python_text import called, calls
from orgopt.foreign.source import nodes

_MEASURING = re.compile(r"val|test|eval|metric|score|measure|report|summar", re.IGNORECASE)


def returned(tree: ast.Module) -> list[str]:
    """The keys of tables that functions return whose names say that they measure."""
    found: list[str] = []
    for node in nodes(tree):
        if isinstance(node, ast.FunctionDef) and _MEASURING.search(node.name):
            known = held(node)
            for part in ast.walk(node):
                if isinstance(part, ast.Return) and part.value is not None:
                    found += keys(part.value, known)
    return list(dict.fromkeys(found))


def held(tree: ast.AST) -> dict[str, ast.expr]:
    """Variables that hold a text with holes or a dictionary, as they are set last."""
    found: dict[str, ast.expr] = {}
    for node in nodes(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            whole = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
            texts = isinstance(node.value, ast.JoinedStr | ast.Dict) or (
                whole and re.search("[%{]", ast.unparse(node.value)) is not None
            )
            texts = texts or (
                isinstance(node.value, ast.BinOp | ast.Call)
                and any(
                    isinstance(part, ast.Constant) and isinstance(part.value, str) and len(part.value) > 4
                    for part in ast.walk(node.value)
                )
            )
            if texts:
                found[node.targets[0].id] = node.value
    return found


def keys(node: ast.expr, known: Mapping[str, ast.expr], depth: int = 0) -> list[str]:
    """The keys of a dictionary, those of dictionaries in it with dots between."""
    if isinstance(node, ast.Name):
        # A table may hold what its name stood for before: there the name is not the table.
        known, node = {name: one for name, one in known.items() if name != node.id}, known.get(node.id, node)
    if not isinstance(node, ast.Dict) or depth > 4:
        return []
    found: list[str] = []
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            inner = keys(value, known, depth + 1)
            found += [f"{key.value}.{name}" for name in inner] or [key.value]
    return found


def computed(tree: ast.Module) -> dict[str, str]:
    """What is computed for each key of a dictionary, as the file has it."""
    return {
        key.value: ast.unparse(value)
        for node in nodes(tree)
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant)
        and isinstance(key.value, str)
        and not isinstance(value, ast.Name | ast.Constant)
    }


_OPENS = re.compile(r"(?:\w+\.)*open")
_TRACKERS = re.compile(
    r"(?:\w+\.)*(?:wandb|swanlab|run|experiment|\w*writer|\w*tracker|mlflow|neptune|comet\w*|logger|tb)\.(?:log|log_metrics?)|"
    r"(?:\w+\.)*add_scalar"
)
TRACKED = "tracked.jsonl"
"""The file in which an experiment keeps what its script sends to a tracker, where its task reads the metric there."""


def sent(tree: ast.Module) -> list[str]:
    """The names under which a file sends numbers to a tracker (W&B, MLflow, TensorBoard), which keeps them."""
    found: list[str] = []
    for call in calls(tree):
        if _TRACKERS.fullmatch(called(call.func)) and call.args:
            first = call.args[0]
            one = [first.value] if isinstance(first, ast.Constant) and isinstance(first.value, str) else []
            found += one or keys(first, held(tree))
    return list(dict.fromkeys(found))


def opened(tree: ast.Module) -> set[str]:
    """The names under which a file opens others, as in `with open("log.txt", "w") as f`."""
    found: set[str] = set()
    for node in nodes(tree):
        pairs: list[tuple[ast.expr, ast.expr]] = []
        if isinstance(node, ast.With):
            pairs = [(item.context_expr, item.optional_vars) for item in node.items if item.optional_vars]
        elif isinstance(node, ast.Assign):
            pairs = [(node.value, target) for target in node.targets]
        made = [
            target for value, target in pairs if isinstance(value, ast.Call) and _OPENS.fullmatch(called(value.func))
        ]
        found |= {called(target) for target in made}
    return found


def joined(key: str) -> str:
    """A key in tables as one name."""
    return key.replace(".", "_")


def written_to(tree: ast.Module, call: ast.Call) -> str:
    """The file that a call of `json.dump` writes, as far as a text beside it says."""
    around = [
        item.context_expr
        for node in nodes(tree)
        if isinstance(node, ast.With) and any(inner is call for inner in ast.walk(node))
        for item in node.items
    ]
    parts = [part for one in [*call.args[1:], *around] for part in ast.walk(one)]
    names = {part.id for part in parts if isinstance(part, ast.Name)}
    parts += [
        part
        for node in nodes(tree)
        if isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id in names for one in node.targets)
        for part in ast.walk(node.value)
    ]
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return next((text for text in texts if text.endswith((".json", ".jsonl"))), "")
