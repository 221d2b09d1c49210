"""`orgopt checkout`: a study's documents, back as files."""

from pathlib import Path

import click

from orgopt.cli.shared.base import err, near
from orgopt.cli.shared.exits import command
from orgopt.cli.sync import study_folder
from orgopt.document import load
from orgopt.errors import UsageError
from orgopt.ledger import write_text
from orgopt.study.records.names import LOG
from orgopt.study.view import load_study
from orgopt.workspace import find_workspace

FORM = "champion@STUDY, seed@STUDY or g02-c11@STUDY"


@click.command(
    "checkout",
    epilog="\b\nExamples:\n  orgopt checkout champion@trio-tinygpt-9f41 -o better.md\n"
    "  orgopt checkout g02-c11@trio-tinygpt-9f41 > candidate.md",
)
@click.argument("which", metavar="NAME@STUDY")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="The file; none prints the document.")
@click.option("--force", is_flag=True, help="Replace a file that is another document.")
@click.option(
    "--workspace", "folder", type=click.Path(path_type=Path), help="Folder with mlruns.  [default: from here upward]"
)
@command
def checkout_command(which: str, output: Path | None, force: bool, folder: Path | None) -> None:
    """Write the champion of a study, its seed document or any candidate as the file that it was.

    Read from the study's own log, or from MLflow's prompts where the study's folder is not at hand.
    """
    text = document(which, (folder or find_workspace()).resolve())
    if output is None:
        click.echo(text.encode(), nl=False)
        return
    if output.exists() and not force and load(output).text != text:
        raise UsageError(f"{output} is another document: --force replaces it")
    write_text(output, text)
    err.print(f"{which} is in {near(output.resolve())}", markup=False)


def document(which: str, workspace: Path) -> str:
    """The text of `NAME@STUDY`.

    Raises:
        UsageError: There is no such study or candidate.
    """
    name, _, study = which.partition("@")
    if not name or not study:
        raise UsageError(f"'{which}' names no document of a study: write {FORM}")
    try:
        folder = study_folder(workspace, study)
    except UsageError as error:
        return _registered(name, study, workspace, error)
    view = load_study(folder)
    candidate = view.best if name == "champion" else view.candidate("g00-c00" if name == "seed" else name)
    if candidate is None:
        names = ", ".join(one.name for one in view.candidates[-5:])
        raise UsageError(f"{folder / LOG} has no {name}: champion, seed, … {names}")
    return candidate.record.program


def _registered(name: str, study: str, workspace: Path, missing: UsageError) -> str:
    """A document from MLflow's prompts, where there are any."""
    from orgopt.tracking import has_store, load_version

    found = load_version(workspace, study, name) if has_store(workspace) else None
    if found is None:
        raise missing
    return found
