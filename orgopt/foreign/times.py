"""How long an experiment of a checkout may run, from a constant that says so or by default."""

import ast
import math
import re
from collections.abc import Iterable
from typing import NamedTuple

START_UP_S = 60.0
"""What an experiment may take beyond twice its time budget: imports, compilation and evaluation."""
DEFAULT_LIMIT_S = 600.0
_DEFAULT_RUN_S = 60.0  # of a typical experiment, where the files say nothing of time
_TIME = re.compile(r"(TIME_BUDGET|TIME_LIMIT|TRAIN_TIME|TRAINING_TIME|MAX_SECONDS|TRAIN_SECONDS)(_S|_SEC|_SECONDS)?")


class Times(NamedTuple):
    """Wall seconds of a typical experiment, those after which one is killed, and whether a file says so."""

    run_s: float
    limit_s: float
    said: bool = False


def times(trees: Iterable[ast.Module]) -> Times:
    """The times of an experiment, from a constant such as `TIME_BUDGET`, in seconds; the first that is found."""
    for tree in trees:
        for node in tree.body:
            match node:
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if is_time(name):
                    budget = _number(value)
                    if budget and math.isfinite(budget) and budget > 0:
                        return Times(budget, 2 * budget + START_UP_S, said=True)
                case _:
                    pass
    return Times(_DEFAULT_RUN_S, DEFAULT_LIMIT_S)


def is_time(name: str) -> bool:
    """Whether a constant is the time of an experiment."""
    return bool(_TIME.fullmatch(name))


def _number(node: ast.expr) -> float | None:
    """A number, or a product of numbers such as `5 * 60`."""
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return float(value)
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            numbers = (_number(left), _number(right))
            return None if None in numbers else (numbers[0] or 0.0) * (numbers[1] or 0.0)
        case _:
            return None
