"""Faults of plugins: an error in the code of an installed package becomes one message that names the package.

Looked for in the traceback, so that whatever calls a package's code needs to know nothing of it.
"""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from traceback import walk_tb
from types import FrameType

from orgopt.errors import OrgoptError, PluginError
from orgopt.plugins import package_of


@contextmanager
def naming_packages() -> Generator[None]:
    """Name the package whose code fails, whatever calls that code; errors that are worded for the user stay.

    Raises:
        PluginError: It says what failed and where, with the error as its cause.
    """
    try:
        yield
    except OrgoptError:
        raise
    except Exception as error:
        if who := _at_fault(error):
            what = f"{type(error).__name__}: {error}"
            raise PluginError(f"{who}: {what}; tell its author, or do without it") from error
        raise


def _at_fault(error: Exception) -> str:
    """What of a package failed, and where: by the innermost frame of a package's code; empty where there is none."""
    from importlib.metadata import distributions  # only here: see `plugins`

    added = [one for found in distributions() for one in found.entry_points if one.group.startswith("orgopt.")]
    frames = list(walk_tb(error.__traceback__))
    callers = {type(frame.f_locals.get("self")).__name__ for frame, _ in frames}
    for frame, line in reversed(frames):
        modules = _modules(frame)
        near = [one for one in added if any(_within(module, one.module) for module in modules)]
        if near:
            # Of several that one package adds, it is the one whose class is at work.
            same = (
                [one for one in near if one.attr in callers] or [one for one in near if one.module in modules] or near
            )
            kind = {one: one.group.removeprefix("orgopt.").removesuffix("s").replace("_", " ") for one in same}
            names = " or ".join(dict.fromkeys(f"the {kind[one]} '{one.name}'" for one in same))
            ours = str(frame.f_globals.get("__name__")).startswith("orgopt.")  # a check of what its method gave
            where = "" if ours else f" ({Path(frame.f_code.co_filename).name}, line {line})"
            return f"{names} of the package {package_of(same[0])} failed{where}"
    return ""


def _modules(frame: FrameType) -> set[str]:
    """Whose code a frame runs: its module's, and that of the object whose method it is, which may inherit it."""
    own = frame.f_locals.get("self")
    return {str(frame.f_globals.get("__name__")), *([type(own).__module__] if own is not None else [])}


def _within(module: str, home: str) -> bool:
    """Whether a module is that of an entry point, or lies in the same package."""
    package = home.rpartition(".")[0] or home
    return module in {home, package} or module.startswith(f"{package}.")
