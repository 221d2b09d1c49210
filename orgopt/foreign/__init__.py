"""Foreign checkouts: what can be found in the files of a script that knows nothing of orgopt and prints its own metric.

Covers reading: how it is run, the metric and its direction, knobs and their ranges, seeds, the time of an experiment,
and where files, data and interpreters lie. Nothing of a checkout is run here. What the figures are used for is
`orgopt.task`'s.
"""

from orgopt.foreign.checkout import KNOBS_FILE, Found, find
from orgopt.foreign.files import contents_digest, files_digest, own_files
from orgopt.foreign.how_run import typed
from orgopt.foreign.kinds import is_seed
from orgopt.foreign.source import parsed
from orgopt.foreign.targets import Target, edited
from orgopt.foreign.toml_tasks import Allowed, allowed, data_folders, interpreter, interpreter_folders

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
