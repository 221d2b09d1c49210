"""How this orgopt was called, so that what it tells one to type works there: in the same shell, or in Python."""

import os
import shlex
import shutil
import sys
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

_TYPED: ContextVar[bool] = ContextVar("_TYPED", default=False)
"""Whether a command of the command line is at work here, and not a function that Python calls."""


@contextmanager
def typed() -> Generator[None]:
    """While a command of the command line is at work: what is said of arguments is said of its options."""
    token = _TYPED.set(True)
    try:
        yield
    finally:
        _TYPED.reset(token)


def argument(name: str, value: str = "") -> str:
    """An argument as whoever gave it knows it: the option `--learn-from all`, or `learn_from='all'` of a function.

    Args:
        name: Of the function's parameter; the option has the same.
        value: What is given, or is to be.
    """
    if _TYPED.get():
        return f"--{name.replace('_', '-')}{' ' * bool(value)}{value}"
    return f"{name}={value!r}" if value else name


def own_command(*, anywhere: bool = False) -> str:
    """How to call orgopt again from this shell: by its name, by its script, or by its Python, quoted for the shell.

    Args:
        anywhere: Whether it has to work in another folder too.
    """
    python = Path(os.path.abspath(sys.executable or "python3"))  # noqa: PTH100  resolving leads out of the environment
    script = Path(os.path.abspath(sys.argv[0]))  # noqa: PTH100
    if script.name != "orgopt" or not script.is_file():
        script = python.parent / "orgopt"
    named = shutil.which("orgopt")
    if named and _same(Path(named), script) and _runs(Path(named).resolve(), python):
        return "orgopt"
    if _runs(script, python):
        return _typed(script, anywhere=anywhere)
    return f"{_typed(python, anywhere=anywhere)} -m orgopt"


def _same(one: Path, other: Path) -> bool:
    return one.exists() and other.exists() and one.samefile(other)


def _runs(script: Path, python: Path) -> bool:
    """Whether a script starts this Python: its first line cannot name one below a folder with spaces, or that moved."""
    try:
        with script.open("rb") as file:
            first = file.readline()
    except OSError:
        return False
    words = first[2:].split()  # as Linux does it
    named = Path(os.fsdecode(words[0])) if first.startswith(b"#!") and len(words) == 1 else Path()
    return len(first) < 128 and named.parent == python.parent and named.exists()


def _typed(path: Path, *, anywhere: bool) -> str:
    here = Path.cwd()
    near = path.relative_to(here) if path.is_relative_to(here) and not anywhere else path
    return shlex.quote(str(near))


def module(name: str, *words: str) -> tuple[list[str], dict[str, str]]:
    """The command that runs one of orgopt's modules in another process, and its environment.

    It is this very orgopt, and modules that lie in the folder where one stands are not taken for Python's or its own.
    """
    paths = [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}
    return [sys.executable, "-P", "-m", name, *words], env
