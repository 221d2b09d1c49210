"""A task whose folder lies in the package."""

from pathlib import Path


class Valley:
    """The folder `valley`, which has `task.toml` and its world."""

    def folder(self) -> Path:
        """Where it is on this machine."""
        return Path(__file__).parent / "valley"
