"""The files that an experiment must not change: what they are, whether they changed, and putting them back."""

from pathlib import Path

from orgopt.foreign import own_files
from orgopt.tasks.task import Task


class Harness:
    """The task's code and settings and the part of orgopt that runs beside experiments, as they were at the start.

    Args:
        task: Its Python files and its `task.toml` count.
    """

    def __init__(self, task: Task) -> None:
        inside = Path(__file__).parent / "inside"
        own = (task.folder / name for name in own_files(task.folder) if name.suffix == ".py")
        code = own if task.self_reported else task.folder.glob("*.py")
        paths = sorted({*code, task.folder / "task.toml", *inside.glob("*.py")})
        # None of a task.toml that a foreign checkout does not have: one that appears is a change.
        self._contents = {path: path.read_bytes() if path.is_file() else None for path in paths}

    def changed(self) -> list[str]:
        """The names of the files that are no longer what they were."""
        return [path.name for path, content in self._contents.items() if _read(path) != content]

    def restore(self) -> None:
        """Put the files back that changed.

        Raises:
            OSError: One cannot be written.
        """
        for path, content in self._contents.items():
            if _read(path) != content:
                path.unlink(missing_ok=True)  # it may be a link to elsewhere now
                if content is not None:
                    path.write_bytes(content)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if path.is_file() and not path.is_symlink() else None
    except OSError:
        return None
