"""Whether a Python file itself trains or searches, and does not only use or show what another one made."""

import ast
import re

from orgopt.foreign.sites.python_text import called, calls

_LEARNS = {
    "backward",
    "fit",
    "fit_generator",
    "fit_predict",
    "train_on_batch",
    "partial_fit",
    "learn",
    "minimize",
    "zero_grad",
    "GradientTape",
    "value_and_grad",
    "cross_val_score",
    "cross_validate",
    "apply_gradients",
}
_BOOSTED = re.compile(r"(?:xgb|lgb|xgboost|lightgbm|catboost)\.(?:train|cv)|trainer\.train", re.IGNORECASE)
_SEARCHES = re.compile(
    r"anneal|cross_?over|mutat|tabu|evolve|swarm|hill_?climb|tournament|bellman|q_?learning|gradient_?descent",
    re.IGNORECASE,
)


def learns(tree: ast.Module) -> bool:
    """Whether a file calls what fits a model, or what a search is made of."""
    for call in calls(tree):
        name = called(call.func)
        last = name.rsplit(".", 1)[-1]
        if last in _LEARNS or _BOOSTED.fullmatch(name) or _SEARCHES.search(last):
            return True
    return False
