"""orgopt: research organizations as Markdown files, run as teams and optimized.

Importing this package is light; each name below loads its module when it is first used.
"""

import os
from importlib import import_module
from typing import Any

# Before any heavy import: offline by default, and one thread a process (slots are processes).
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("OMP_NUM_THREADS", "1")

__version__ = "0.1.0"

_HOMES = {
    "load": "document", "parse": "document", "render": "document", "lint": "document", "diff": "document",
    "apply": "document", "Program": "document", "Org": "org", "load_task": "task", "run": "evaluate",
    "evaluate": "evaluate", "optimize": "evolve",
}  # fmt: skip

__all__ = [*_HOMES, "__version__"]  # noqa: PLE0604  the names are those of _HOMES


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'orgopt' has no attribute '{name}'")
    return getattr(import_module(f"orgopt.{_HOMES[name]}"), name)
