"""Foreign checkouts: what can be found in the files of a script that knows nothing of orgopt and prints its own metric.

Covers reading: how it is run, the metric and its direction, knobs and their ranges, seeds, the time of an experiment,
and where files, data and interpreters lie. Nothing of a checkout is run here. What the figures are used for is
`orgopt.tasks`'s. What finds anything loads when it is asked for: all have a task, few a checkout.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from orgopt.foreign.files import contents_digest, files_digest, own_files
from orgopt.foreign.targets import Target, edited
from orgopt.foreign.toml_tasks import Allowed, allowed, data_folders, interpreter, interpreter_folders

if TYPE_CHECKING:
    from orgopt.foreign.checkout import KNOBS_FILE, Found, find
    from orgopt.foreign.how_run import typed
    from orgopt.foreign.kinds import is_seed
    from orgopt.foreign.source import parsed

_HOMES = {
    "KNOBS_FILE": "checkout",
    "Found": "checkout",
    "find": "checkout",
    "is_seed": "kinds",
    "parsed": "source",
    "typed": "how_run",
}

__all__ = [
    "KNOBS_FILE",
    "Allowed",
    "Found",
    "Target",
    "allowed",
    "contents_digest",
    "data_folders",
    "edited",
    "files_digest",
    "find",
    "interpreter",
    "interpreter_folders",
    "is_seed",
    "own_files",
    "parsed",
    "typed",
]


if not TYPE_CHECKING:  # else a name that is misspelled would be anything at all

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'orgopt.foreign' has no attribute '{name}'")
        return getattr(import_module(f"orgopt.foreign.{_HOMES[name]}"), name)
