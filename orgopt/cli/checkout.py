"""`orgopt checkout`: a study's documents, back as files."""

from pathlib import Path

import click

from orgopt.cli.shared.base import err, near
from orgopt.cli.shared.exits import command
from orgopt.cli.sync import study_folder
from orgopt.document import load, save
from orgopt.document.saving import in_folder
from orgopt.document.text.program import FILE_MARK
from orgopt.errors import DocumentError, UsageError
from orgopt.ledger import write_text
from orgopt.study.records.names import LOG
from orgopt.study.view import load_study
from orgopt.workspace import find_workspace

FORM = "champion@STUDY, seed@STUDY or g02-c11@STUDY"


@click.command(
    "checkout",
    epilog="\b\nExamples:\n  orgopt checkout champion@trio-tinygpt-9f41 -o better.md\n"
    "  orgopt checkout g02-c11@trio-tinygpt-9f41 > candidate.md\n"
    "  orgopt checkout champion@agents-tinygpt-07ac -o .claude/agents --force",
)
@click.argument("which", metavar="NAME@STUDY")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The file, or the folder of role files; none prints it."
)
@click.option("--force", is_flag=True, help="Replace a file that is another document.")
@click.option(
    "--workspace", "folder", type=click.Path(path_type=Path), help="Folder with mlruns.  [default: from here upward]"
)
@command
def checkout_command(which: str, output: Path | None, force: bool, folder: Path | None) -> None:
    """Write the champion of a study, its seed document or any candidate as the file that it was.

    Read from the study's own log, or from MLflow's prompts where the study's folder is not at hand.
    """
    text, name = document(which, (folder or find_workspace()).resolve())
    if output is None:
        click.echo(text.encode(), nl=False)
        return
    several = FILE_MARK.search(text) is not None and output.suffix.lower() not in {".md", ".markdown"}
    if (several or output.is_dir()) and output.is_file():
        raise UsageError(f"{output} is a file, and {which} has several: name a folder")
    if several or output.is_dir():
        _write_folder(output, text, name, force=force)
    else:
        if output.exists() and not force and load(output).text != text:
            raise UsageError(f"{output} is another document: --force replaces it")
        write_text(output, text)
    err.print(f"{which} is in {near(output.resolve())}", markup=False)


def _write_folder(folder: Path, text: str, name: str, *, force: bool) -> None:
    """Write a document of several files into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()) and not force and _held(folder) not in {None, text}:
        raise UsageError(f"{folder} has another document: --force replaces its files")
    save(in_folder(text, folder, name))


def _held(folder: Path) -> str | None:
    """The text of the document that a folder has; None where it has none."""
    try:
        return load(folder).text
    except DocumentError:
        return None


def document(which: str, workspace: Path) -> tuple[str, str]:
    """The text of `NAME@STUDY`, and the name of the file that the study began with.

    Raises:
        UsageError: There is no such study or candidate.
    """
    name, _, study = which.partition("@")
    if not name or not study:
        raise UsageError(f"'{which}' names no document of a study: write {FORM}")
    try:
        folder = study_folder(workspace, study)
    except UsageError as error:
        return _registered(name, study, workspace, error), ""
    view = load_study(folder)
    candidate = view.best if name == "champion" else view.candidate("g00-c00" if name == "seed" else name)
    if candidate is None:
        names = ", ".join(one.name for one in view.candidates[-5:])
        raise UsageError(f"{folder / LOG} has no {name}: champion, seed, … {names}")
    return candidate.record.program, Path(view.head.source).name


def _registered(name: str, study: str, workspace: Path, missing: UsageError) -> str:
    """A document from MLflow's prompts, where there are any."""
    from orgopt.tracking import has_store, load_version

    found = load_version(workspace, study, name) if has_store(workspace) else None
    if found is None:
        raise missing
    return found
