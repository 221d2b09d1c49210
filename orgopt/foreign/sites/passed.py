"""Names that a script passes on to what it is made of, so that their values are settings, whatever they are called."""

import ast
import re

from orgopt.foreign.sites.python_text import called, calls
from orgopt.foreign.source import nodes, vocabulary

_NO_PART = re.compile(
    r"(?:^|_)(?:plot|draw|show|display|load|read|save|write|open|print|log|generate|split|dataset|data|random|randint|"
    r"uniform|choice|range|zeros|ones|full|array|linspace|arange|reshape|resize|view|expand|permute|transpose|squeeze|"
    r"unsqueeze|sleep|figure|subplots?|title|min|max|int|float|str|len|round|sum|abs|sqrt|exp|pow|append|get|pop|seed|"
    r"predict|evaluate|eval|test|score|metric|generator|visual\w*|canvas|screen|image|frame|video|animate)(?:_|$)",
    re.IGNORECASE,
)
"""Words of what is called and is no part of a method: data, pictures, arithmetic, and what measures."""

_COMMON = vocabulary(
    "os sys math random time json numpy torch pandas scipy cv2 shutil itertools functools wandb mlflow"
)


def passed(tree: ast.Module) -> set[str]:
    """Names that are given, as they are, to functions and classes of a script's own or of a library."""
    made = {node.name for node in nodes(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    made |= {
        alias.asname or alias.name for node in nodes(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    modules = {
        alias.name for node in nodes(tree) if isinstance(node, ast.Import) for alias in node.names if not alias.asname
    }
    found: set[str] = set()
    for call in calls(tree):
        base, _, name = called(call.func).rpartition(".")
        plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
        if not (name in made or name[:1].isupper() or (base in modules - _COMMON)) or _NO_PART.search(plain):
            continue
        given = [*call.args, *(word.value for word in call.keywords)]
        found |= {one.id for one in given if isinstance(one, ast.Name)}
    return found
