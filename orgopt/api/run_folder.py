"""The folder of a run under `mlruns/runs/`: made anew, removed where nothing happened in it, and its workspace."""

import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from orgopt.errors import StoreError
from orgopt.workspace import find_workspace, folder_name, writable_folder


def home_of(folder: Path) -> Path:
    """The workspace that a run's folder lies in: the folder above its mlruns, else the one that holds here."""
    above: Sequence[Path] = folder.resolve().parents
    return next((path.parent for path in above if path.name == "mlruns"), find_workspace(folder))


def missing(folder: Path) -> list[Path]:
    """The folders that have to be made for one, the lowest first."""
    return [path for path in (folder, *folder.parents) if not path.exists()]


def new_folder(workspace: Path, name: str) -> Path:
    """A new folder for a run's files, numbered when the name is taken."""
    root = writable_folder(workspace / "mlruns" / "runs")
    safe = folder_name(name)
    for number in range(1, 10_000):
        folder = root / (safe if number == 1 else f"{safe}-{number}")
        try:
            folder.mkdir(parents=True, exist_ok=False)
        except FileExistsError:
            continue
        except OSError as error:
            raise StoreError(f"cannot write {folder}: {error.strerror}") from None
        return folder
    raise StoreError(f"{root} has too many runs named {safe}")


def remove(folder: Path, made: Sequence[Path]) -> None:
    """Remove the folder of a run in which nothing happened, and those that were made for it and are empty."""
    shutil.rmtree(folder, ignore_errors=True)
    with suppress(OSError):  # others may have begun to use them
        for empty in made:
            empty.rmdir()
