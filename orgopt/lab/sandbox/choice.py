"""Which sandbox holds experiments: bubblewrap, unless somebody chose otherwise."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from enum import StrEnum

from orgopt.errors import UsageError

CHOICE = "ORGOPT_SANDBOX"
"""Environment variable that names the sandbox where nothing else does."""


class Sandbox(StrEnum):
    """What holds an experiment."""

    BUBBLEWRAP = "bubblewrap"
    PROCESS = "process"


def chosen() -> Sandbox:
    """The sandbox that was chosen for this process and what it starts; bubblewrap where nobody chose.

    Raises:
        UsageError: The environment names another.
    """
    name = os.environ.get(CHOICE, "") or Sandbox.BUBBLEWRAP
    if name not in set(Sandbox):
        raise UsageError(f"{CHOICE}={name}: choose {' or '.join(Sandbox)}")
    return Sandbox(name)


def choose(name: str) -> None:
    """Choose the sandbox of this process and of what it starts."""
    os.environ[CHOICE] = name


@contextmanager
def using(name: str) -> Generator[None]:
    """Choose a sandbox for a while."""
    before = os.environ.get(CHOICE)
    choose(name)
    try:
        yield
    finally:
        if before is None:
            del os.environ[CHOICE]
        else:
            choose(before)
