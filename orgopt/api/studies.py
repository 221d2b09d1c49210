"""Studies of the front door: carried out, and found again."""

from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from inspect import signature
from pathlib import Path
from typing import ParamSpec

from orgopt.api.bounds import require, require_path
from orgopt.api.planning import plan
from orgopt.api.study_plan import Plan
from orgopt.api.study_result import StudyResult, find_study, study_folders
from orgopt.errors import StoreError, UsageError
from orgopt.study.log_check import LOG_SUFFIX, VerifiedLog, verify_logs
from orgopt.workspace import find_workspace

P = ParamSpec("P")


def _carried_out(planned: Callable[P, Plan]) -> Callable[P, StudyResult]:
    """The same arguments, for a study that is carried out at once."""

    @wraps(planned)
    def optimize(*args: P.args, **kwargs: P.kwargs) -> StudyResult:
        return planned(*args, **kwargs).carry_out()

    optimize.__name__ = optimize.__qualname__ = "optimize"
    setattr(optimize, "__signature__", signature(planned).replace(return_annotation=StudyResult))  # noqa: B010
    optimize.__doc__ = _ABOUT + (planned.__doc__ or "").partition("\n\n")[2]
    return optimize


_ABOUT = """Search for a document whose organization does more research than the one given.

    Every candidate is a small change of the best documents so far, runs as a team on the same budget under several
    seeds, and is scored on held-out data. The best are raced on fresh seeds. The winner is tested on seeds of its own
    against the document and against controls. The same call continues a study that was interrupted (KeyboardInterrupt).
    `plan` takes the same arguments, and tells what the study would cost before it begins.

"""
optimize = _carried_out(plan)


def open_study(name: str | Path | None = None, *, workspace: str | Path | None = None) -> StudyResult:
    """A study that is there, finished or not.

    Args:
        name: Its name, its folder or its log; None is the newest that can be read.
        workspace: The folder with its mlruns; None finds it.

    Raises:
        UsageError: There is none.
    """
    require(workspace=workspace)
    if name is not None:
        require_path(name=name)
    if name is None and (found := studies(workspace=workspace)):
        return found[0]
    return StudyResult.read(find_study(_home(workspace), None if name is None else str(name)))


def studies(*, workspace: str | Path | None = None) -> list[StudyResult]:
    """All studies of a workspace that can be read, the newest first; `open_study` says what is wrong with another.

    Args:
        workspace: The folder with its mlruns; None finds it.
    """
    require(workspace=workspace)
    found: list[StudyResult] = []
    for folder in study_folders(_home(workspace)):
        with suppress(UsageError, StoreError):  # one that has only just begun, or is damaged
            found.append(StudyResult.read(folder))
    return found


def verify(
    name: str | Path | None = None, *, workspace: str | Path | None = None, repair: bool = False
) -> list[VerifiedLog]:
    """Read logs to their end: a study's with all that lie in its folder, those of another folder, or one log.

    Args:
        name: A study's name; the folder of a study, a contest or a run; or a log. None is the newest study.
        workspace: The folder with its mlruns; None finds it.
        repair: Whether damaged lines are put aside, so that the command that made a log goes on from its last good one.

    Example:
        assert all(log.sound for log in orgopt.verify("trio-digits-5b1f"))

    Raises:
        UsageError: There is no such study or log.
        StoreError: With `repair`, another process has the folder, or it cannot be written.
    """
    if name is not None and Path(name).exists() and (Path(name).is_dir() or Path(name).suffix == LOG_SUFFIX):
        return verify_logs(Path(name), repair=repair)
    return verify_logs(find_study(_home(workspace), None if name is None else str(name)), repair=repair)


def _home(workspace: str | Path | None) -> Path:
    return find_workspace() if workspace is None else Path(workspace).resolve()
