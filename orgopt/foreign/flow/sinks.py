"""Where a value takes effect: arguments of libraries that train, loops that train or search, draws, and updates."""

import ast
import re
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple

from orgopt.foreign.flow.program import Program, Scope, name_called
from orgopt.foreign.sites.python_text import called


class Strength(IntEnum):
    """How surely what flows into a place is something that a person turns."""

    PLACE = 1
    """Where sizes of the problem flow, too: the end of a loop, a shape."""
    FACTOR = 2
    """Where an own method weighs something."""
    METHOD = 3
    """Where nothing but the method's own numbers flow: a draw that it decides by, a temperature, a rate of learning."""


class Sink(NamedTuple):
    """An expression whose value takes effect, and how surely that is something to turn."""

    value: ast.expr
    scope: Scope
    strength: Strength


_MADE = re.compile(
    r"Linear|Bilinear|Conv\w*|(?:Separable|Depthwise)?Conv\w+|LSTM\w*|GRU\w*|RNN\w*|SimpleRNN|Bidirectional|\w*Dropout\w*|dropout\w*|Embedding\w*|"
    r"MultiheadAttention|Transformer\w*|Dense|GCNConv|GATConv|SAGEConv|LeakyReLU|ELU|BatchNorm\w*|"
    r"DataLoader|Adam\w*|SGD|RMSprop|Adagrad|Adadelta|Adamax|NAdam|RAdam|LBFGS|adamw?|sgd|rmsprop|"
    r"\w+Optimizer|\w+LR|\w*ReduceLROnPlateau|\w*LearningRate\w*|clip_grad_\w+|clip_by_\w+|\w+Decay|\w+_schedule|"
    r"\w+(?:Classifier|Regressor|Regression|SVC|SVR)|SVC|SVR|LinearSVC|Ridge|Lasso|ElasticNet|KMeans|DBSCAN|PCA|TSNE|"
    r"TfidfVectorizer|CountVectorizer|SelectKBest|Word2Vec|FastText|XGB\w+|LGBM\w+|CatBoost\w*|Prophet|ARIMA|"
    r"fit|fit_generator|fit_transform|compile|ea[A-Z]\w+|selTournament|mutFlipBit|mutGaussian|minimize|differential_evolution|dual_annealing"
)
"""Layers, optimizers, schedules, loaders and estimators of libraries, whose arguments are a method's settings."""
_TAKE_FIRST = re.compile(
    r"DataLoader|Adam\w*|SGD|RMSprop|Ada\w+|NAdam|RAdam|LBFGS|\w+LR|\w*ReduceLROnPlateau|clip_\w+|dropout\w*|fit\w*|ea[A-Z]\w+"
)
"""What is given first what it works on, and no number: weights, data, an optimizer."""
_TRAINS = {"xgb", "lgb", "xgboost", "lightgbm", "cb", "catboost"}
_DRAWS = {"random", "rand", "uniform", "ranf", "random_sample", "gen_range"}
_TAKES = {"sample", "choices", "nlargest", "nsmallest", "deque", "normal", "gauss", "normalvariate", "choice"}
_SHAPES = {"randn", "rand", "zeros", "standard_normal", "ones", "full"}
_ASIDE = re.compile(
    r"(?:^|_)(?:plot|draw|show|display|load|read|save|write|open|print|log|split|dataset|data|figure|seed|"
    r"evaluate|eval|test|predict|metrics?|visual\w*|canvas|screen|image|frame|video|animate|render|parse|main_menu)(?:_|$)",
    re.IGNORECASE,
)
"""Functions that are no part of a method: what makes data, draws pictures, and measures."""


def sinks(program: Program) -> Iterator[Sink]:
    """Where values take effect, of what anything uses."""
    for call, scope in program.calls:
        if _is_used(program, scope):
            yield from (Sink(value, scope, strength) for value, strength in _of_call(call, program))
    for statement, scope in program.statements:
        if _is_used(program, scope) and not _ASIDE.search(scope.function):
            yield from (Sink(value, scope, strength) for value, strength in _of_statement(statement))


_WORLDS = re.compile(
    r"\.\w*(?:Env|Environment|World|Game|Board|Maze|Grid|Map|City|Cities|Data|Dataset|Loader|Plot\w*|Car|Track)\b"
)
"""Classes that are what is solved, and no part of what solves it."""


def _is_used(program: Program, scope: Scope) -> bool:
    return scope.owner in program.live and not _WORLDS.search(scope.owner)


def _of_call(call: ast.Call, program: Program) -> Iterator[tuple[ast.expr, Strength]]:
    name, base = name_called(call), called(call.func).split(".")[0]
    if name in program.functions:
        return
    given = [*call.args, *(word.value for word in call.keywords)]
    if _MADE.fullmatch(name) or (name in {"train", "cv"} and base in _TRAINS) or base == "optax":
        own = given[1:] if call.args and _TAKE_FIRST.fullmatch(name) else given
        yield from ((one.value if isinstance(one, ast.Starred) else one, Strength.METHOD) for one in own)
    elif name in _TAKES:
        yield from ((one, Strength.FACTOR) for one in [*call.args[1:], *(word.value for word in call.keywords)])
    elif name in {"pow", "power"}:
        yield from ((one, Strength.FACTOR) for one in call.args[1:])
    elif name == "exp" and call.args:
        divisions = (part for part in ast.walk(call.args[0]) if isinstance(part, ast.BinOp))
        yield from ((part.right, Strength.METHOD) for part in divisions if isinstance(part.op, ast.Div))
    elif name in _SHAPES:
        yield from ((one, Strength.PLACE) for one in given)


def _of_statement(node: ast.stmt) -> Iterator[tuple[ast.expr, Strength]]:
    if isinstance(node, ast.For):
        yield from ((end, Strength.PLACE) for end in _ends(node.iter))
    if isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Mult):
        yield node.value, Strength.METHOD
        yield node.target, Strength.METHOD
    if isinstance(node, ast.Assign) and len(node.targets) == 1:
        yield from _cooled(node.targets[0], node.value)
    heads = [one for one in ast.iter_child_nodes(node) if isinstance(one, ast.expr)]
    for part in (part for head in heads for part in ast.walk(head)):
        yield from _of_part(part, turns=isinstance(node, ast.While))


def _of_part(part: ast.AST, *, turns: bool) -> Iterator[tuple[ast.expr, Strength]]:
    """What takes effect in a part of an expression, of a `while` where that turns on it."""
    match part:
        case ast.Compare(left=left, comparators=[right]) if _is_draw(left) or _is_draw(right):
            yield (right if _is_draw(left) else left), Strength.METHOD
        case ast.Compare(left=left, comparators=[right]) if turns:
            yield from ((one, Strength.FACTOR) for one in (left, right))
        case ast.BinOp(op=ast.Mult(), left=left, right=right):
            sides = (one for one in (left, right) if isinstance(one, ast.Name | ast.Attribute))
            yield from ((one, Strength.FACTOR) for one in sides)
        case ast.BinOp(op=ast.Pow(), right=right):
            yield right, Strength.FACTOR
        case ast.Slice(upper=ast.expr() as upper):
            yield upper, Strength.PLACE
        case ast.comprehension(iter=source):
            yield from ((end, Strength.PLACE) for end in _ends(source))
        case _:
            pass


def _cooled(target: ast.expr, value: ast.expr) -> Iterator[tuple[ast.expr, Strength]]:
    """`t = t * alpha` and `epsilon = max(least, epsilon * decay)`: what is lowered, by what, and to where."""
    name = ast.unparse(target)
    inner = [value, *value.args] if isinstance(value, ast.Call) and name_called(value) in {"max", "min"} else [value]
    for part in inner:
        if isinstance(part, ast.BinOp) and isinstance(part.op, ast.Mult | ast.Div):
            sides = {ast.unparse(part.left), ast.unparse(part.right)}
            if name in sides:
                yield from ((one, Strength.METHOD) for one in (part.left, part.right, *inner[1:]))


def _is_draw(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and name_called(node) in _DRAWS


def _ends(source: ast.expr) -> Iterator[ast.expr]:
    """The end of `range`, also of one in `tqdm` and the like."""
    while isinstance(source, ast.Call) and name_called(source) not in {"range", "trange"}:
        if not source.args:
            return
        source = source.args[0]
    if isinstance(source, ast.Call) and source.args:
        yield source.args[min(1, len(source.args) - 1)]
