"""Which names of scripts say what is measured: those that split the data, or make the part that is measured on."""

import ast
import re

from orgopt.foreign.sites.python_text import called, calls, words_of

_PARTS = {"val", "valid", "validation", "test", "eval", "dev", "holdout"}
_SPLITS = re.compile(r"split|fold|backtest|walk_?forward|holdout", re.IGNORECASE)
_LAYERS = re.compile(r"loss|layer|entropy|attention|linear|conv|head|net|unfold", re.IGNORECASE)
"""What is a part of a model, whatever it splits or folds."""


def of_splits(tree: ast.Module) -> set[str]:
    """Names and attributes that a call gives to what splits the data, or makes the part that is measured on."""
    found: set[str] = set()
    for call in calls(tree):
        given = [*call.args, *words_of(call).values()]
        parts = [part for one in given for part in ast.walk(one)]
        names = {part.id for part in parts if isinstance(part, ast.Name)}
        names |= {part.attr for part in parts if isinstance(part, ast.Attribute)}
        keys = [part.slice for part in parts if isinstance(part, ast.Subscript)]
        names |= {key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
        made = called(call.func).rsplit(".", 1)[-1]
        if _SPLITS.search(made) and not _LAYERS.search(made) and not {"dim", "axis"} & words_of(call).keys():
            found |= names
        elif any(isinstance(one, ast.Constant) and one.value in _PARTS for one in given):
            found |= {name for name in names if "batch" not in name.lower()}  # how much is measured at once is a choice
    return found
