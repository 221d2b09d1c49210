"""The errors that a caller of orgopt may handle.

    OrgoptError
    ├── DocumentError   a program.md cannot be read or has findings that forbid running it
    ├── TaskError       a task is missing, malformed or does not answer
    ├── UsageError      arguments contradict each other or a name is unknown
    ├── PluginError     an installed package does not add what it says
    ├── LabError        the lab itself broke (an experiment that crashes is an outcome, not an error)
    │   └── SandboxError    the sandbox does not hold on this machine, and nothing else was chosen
    ├── ModelError      what agents think with does not answer, or with nothing of use: the run is no result
    └── StoreError      the workspace cannot be written, or what it holds is damaged

Only `orgopt.cli` turns them into exit codes.
"""


class OrgoptError(Exception):
    """Base of all expected errors: says the rule broken, the value got and the remedy."""


class DocumentError(OrgoptError):
    """A document cannot be read, or cannot be run as it stands."""


class TaskError(OrgoptError):
    """A task folder is missing, malformed or does not work on this machine."""


class UsageError(OrgoptError):
    """Arguments contradict each other or name what does not exist."""


class PluginError(OrgoptError):
    """What an installed package adds does not load, does not do its part, or has a name that is taken."""


class LabError(OrgoptError):
    """The lab broke: its results so far stand, no more can come."""


class SandboxError(LabError):
    """The sandbox of experiments cannot be had on this machine: nothing was run."""


class ModelError(OrgoptError):
    """What agents think with does not answer, or with nothing that can be used: the run is no result."""


class StoreError(OrgoptError):
    """The workspace cannot be written (no space, no permission, in use elsewhere), or a file of it is damaged."""
