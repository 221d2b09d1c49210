"""`orgopt sync`: send to MLflow what it could not take while studies ran."""

from pathlib import Path

import click

from orgopt.cli.shared.base import count, err, out
from orgopt.cli.shared.exits import command
from orgopt.errors import StoreError, UsageError
from orgopt.study.records.names import LOG
from orgopt.workspace import find_workspace


@click.command("sync", epilog="\b\nExamples:\n  orgopt sync\n  orgopt sync trio-tinygpt-9f41 --workspace ~/research")
@click.argument("studies", metavar="[STUDY]...", nargs=-1)
@click.option(
    "--workspace", "folder", type=click.Path(path_type=Path), help="Folder with mlruns.  [default: from here upward]"
)
@command
def sync_command(studies: tuple[str, ...], folder: Path | None) -> None:
    """Send to MLflow what it does not have yet of some studies, or of all in the workspace; each thing once."""
    workspace = (folder or find_workspace()).resolve()
    folders = [study_folder(workspace, name) for name in studies] or every_study(workspace)
    if not folders:
        raise UsageError(f"no studies in {workspace}: run `orgopt optimize` first, or name another --workspace")
    from orgopt.tracking import Tracking

    tracking, problems = Tracking(workspace), dict[str, str]()
    for one in folders:
        sent = tracking.sync(one)
        done = f"{count(sent.things, 'thing')} sent" if sent.things else "nothing to send"
        if sent.problem:
            problems[one.name] = sent.problem
            err.print(f"{one.name}: {sent.problem}; {done}", style="yellow", markup=False, soft_wrap=True)
        else:
            out.print(f"{one.name}: {done}", markup=False)
    if problems:
        raise StoreError(f"MLflow does not have all of {', '.join(problems)}: the same command goes on")


def study_folder(workspace: Path, name: str) -> Path:
    """The folder of a study, by its name or its path.

    Raises:
        UsageError: There is none.
    """
    for folder in (workspace / "mlruns" / "studies" / name, Path(name)):
        if (folder / LOG).is_file():
            return folder.resolve()
    known = ", ".join(one.name for one in every_study(workspace)) or "none"
    raise UsageError(f"no study {name} in {workspace}: {known}")


def every_study(workspace: Path) -> list[Path]:
    """The folders of a workspace's studies, the oldest first."""
    found = (path.parent for path in (workspace / "mlruns" / "studies").glob(f"*/{LOG}"))
    return sorted(found, key=lambda path: (path / LOG).stat().st_mtime)
