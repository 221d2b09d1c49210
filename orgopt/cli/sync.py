"""`orgopt sync`: send to MLflow what it could not take while studies ran."""

from pathlib import Path

import click

from orgopt.api.study_result import find_study, study_folders
from orgopt.cli.shared import complete
from orgopt.cli.shared.base import count, err, out, print_json
from orgopt.cli.shared.exits import command
from orgopt.errors import StoreError, UsageError
from orgopt.workspace import find_workspace


@click.command("sync", epilog="\b\nExamples:\n  orgopt sync\n  orgopt sync trio-tinygpt-9f41 --workspace ~/research")
@click.argument("studies", metavar="[STUDY]...", nargs=-1, shell_complete=complete.studies)
@click.option(
    "--workspace", "folder", type=click.Path(path_type=Path), help="Folder with mlruns.  [default: from here upward]"
)
@click.option("--json", "as_json", is_flag=True, help="Print what was sent as JSON.")
@command
def sync_command(studies: tuple[str, ...], folder: Path | None, as_json: bool) -> None:
    """Send to MLflow what it does not have yet of some studies, or of all in the workspace; each thing once."""
    workspace = (folder or find_workspace()).resolve()
    folders = [find_study(workspace, name) for name in studies] or study_folders(workspace)[::-1]
    if not folders:
        raise UsageError(f"no studies in {workspace}: run `orgopt optimize` first, or name another --workspace")
    from orgopt.tracking import Tracking

    tracking, problems, rows = Tracking(workspace), dict[str, str](), list[dict[str, object]]()
    for one in folders:
        sent = tracking.sync(one)
        rows.append({"study": one.name, "sent": sent.things, "problem": sent.problem})
        done = f"{count(sent.things, 'thing')} sent" if sent.things else "nothing to send"
        if sent.problem:
            problems[one.name] = sent.problem
        if as_json:
            continue
        if sent.problem:
            err.print(f"{one.name}: {sent.problem}; {done}", style="yellow", markup=False, soft_wrap=True)
        else:
            out.print(f"{one.name}: {done}", markup=False)
    if as_json:
        print_json("sync", {"studies": rows})
    if problems:
        raise StoreError(f"MLflow does not have all of {', '.join(problems)}: the same command goes on")
