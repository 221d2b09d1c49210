"""Lasting memories: what a role remembers from run to run, a Markdown file a role."""

from pathlib import Path
from typing import NamedTuple

from orgopt.errors import StoreError
from orgopt.ledger import write_text
from orgopt.org import Role

MAX_MEMORY_BYTES = 16_384


class Memories(NamedTuple):
    """The folders of lasting memories: where they are read and where they are written; None is nowhere."""

    reads: Path | None = None
    writes: Path | None = None

    def kept(self, role: Role) -> bool:
        """Whether a role writes what it remembers when the run ends."""
        return _path(self.writes, role) is not None

    def read(self, role: Role) -> str:
        """What a role remembers of earlier runs; empty at first."""
        path = _path(self.reads, role)
        if path is None or not path.is_file():
            return ""
        return path.read_bytes()[:MAX_MEMORY_BYTES].decode("utf-8", "replace").strip()

    def write(self, role: Role, text: str) -> None:
        """Write what a role is to remember.

        Raises:
            StoreError: It cannot be written.
        """
        path = _path(self.writes, role)
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(f"cannot write {path}: {error.strerror}") from None
            write_text(path, text.strip() + "\n")


def _path(folder: Path | None, role: Role) -> Path | None:
    return folder / f"{role.id}.md" if folder and role.memory == "lasting" else None
