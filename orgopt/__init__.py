"""orgopt: research organizations as Markdown files, run as teams and optimized.

Importing this package is light; each name below loads its module when it is first used.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

from orgopt.version import __version__ as __version__

if TYPE_CHECKING:
    from orgopt import draw as draw
    from orgopt import errors as errors
    from orgopt.api.asking import AskResult, ask
    from orgopt.api.benchmark import Benchmark, bench
    from orgopt.api.contests import Comparison, compare
    from orgopt.api.documents import diff, lint, read
    from orgopt.api.model_skills import ModelSkill, skills
    from orgopt.api.planning import plan
    from orgopt.api.recordings import RecordingResult, record
    from orgopt.api.results import Kept, find_result, remove, results
    from orgopt.api.run_result import RunResult
    from orgopt.api.runs import evaluate, resume, run
    from orgopt.api.steering import pause, tell, unpause
    from orgopt.api.studies import open_study, optimize, studies, verify
    from orgopt.api.study_plan import Plan
    from orgopt.api.study_result import StudyResult
    from orgopt.basics.callback import Callback
    from orgopt.document import Program, apply, load, parse, render
    from orgopt.org import Org
    from orgopt.scoring.evaluation import Score
    from orgopt.tasks.folder import load_task
    from orgopt.tasks.task import Task

# Before any heavy import: offline by default, and one thread a process (slots are processes).
os.environ.setdefault("LITELLM_LOCAL_MODEL_COST_MAP", "True")
os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TQDM_DISABLE", "1")  # optimizers' bars would be drawn over the progress of a study

_HOMES = {
    "AskResult": "api.asking",
    "Benchmark": "api.benchmark",
    "Callback": "basics.callback",
    "Comparison": "api.contests",
    "Kept": "api.results",
    "ModelSkill": "api.model_skills",
    "Org": "org",
    "Plan": "api.study_plan",
    "Program": "document",
    "RecordingResult": "api.recordings",
    "RunResult": "api.run_result",
    "Score": "scoring.score",
    "StudyResult": "api.study_result",
    "Task": "tasks.task",
    "apply": "document",
    "ask": "api.asking",
    "bench": "api.benchmark",
    "compare": "api.contests",
    "diff": "api.documents",
    "evaluate": "api.runs",
    "find_result": "api.results",
    "lint": "api.documents",
    "load": "document",
    "load_task": "tasks.folder",
    "open_study": "api.studies",
    "optimize": "api.studies",
    "parse": "document",
    "pause": "api.steering",
    "plan": "api.planning",
    "read": "api.documents",
    "record": "api.recordings",
    "remove": "api.results",
    "render": "document",
    "results": "api.results",
    "resume": "api.runs",
    "run": "api.runs",
    "skills": "api.model_skills",
    "studies": "api.studies",
    "tell": "api.steering",
    "unpause": "api.steering",
    "verify": "api.studies",
}
"""Where each name of the front door is."""

__all__ = [
    "AskResult",
    "Benchmark",
    "Callback",
    "Comparison",
    "Kept",
    "ModelSkill",
    "Org",
    "Plan",
    "Program",
    "RecordingResult",
    "RunResult",
    "Score",
    "StudyResult",
    "Task",
    "apply",
    "ask",
    "bench",
    "compare",
    "diff",
    "evaluate",
    "find_result",
    "lint",
    "load",
    "load_task",
    "open_study",
    "optimize",
    "parse",
    "pause",
    "plan",
    "read",
    "record",
    "remove",
    "render",
    "results",
    "resume",
    "run",
    "skills",
    "studies",
    "tell",
    "unpause",
    "verify",
]


_ROOMS = ("draw", "errors")
"""Modules that are part of the front door."""


if not TYPE_CHECKING:  # else a name that is misspelled would be anything at all

    def __getattr__(name: str) -> Any:
        if name in _ROOMS:
            return import_module(f"orgopt.{name}")
        if name not in _HOMES:
            raise AttributeError(f"module 'orgopt' has no attribute '{name}'")
        return getattr(import_module(f"orgopt.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*_HOMES, *_ROOMS, "__version__"})
