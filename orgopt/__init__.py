"""orgopt: research organizations as Markdown files, run as teams and optimized.

Importing this package is light; each name below loads its module when it is first used.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orgopt.document import Program, apply, diff, lint, load, parse, read, render
    from orgopt.evolve import compare, optimize
    from orgopt.org import Org
    from orgopt.scoring import evaluate, run
    from orgopt.task import load_task

# Before any heavy import: offline by default, and one thread a process (slots are processes).
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TQDM_DISABLE", "1")  # optimizers' bars would be drawn over the progress of a study

__version__ = "0.2.0"

__all__ = [
    "Org",
    "Program",
    "apply",
    "compare",
    "diff",
    "evaluate",
    "lint",
    "load",
    "load_task",
    "optimize",
    "parse",
    "read",
    "render",
    "run",
]

_HOMES = {
    "Org": "org",
    "load_task": "task",
    "evaluate": "scoring",
    "run": "scoring",
    "compare": "evolve",
    "optimize": "evolve",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'orgopt' has no attribute '{name}'")
    return getattr(import_module(f"orgopt.{_HOMES.get(name, 'document')}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
