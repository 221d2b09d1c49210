"""`orgopt checkout`: a study's documents, back as files."""

from pathlib import Path

import click

from orgopt.api.documents import document_of_study, source_of_study
from orgopt.cli.shared import complete
from orgopt.cli.shared.base import err, near, print_json
from orgopt.cli.shared.exits import command
from orgopt.document import Program, load, parse, save
from orgopt.document.saving import in_folder
from orgopt.document.text.program import FILE_MARK
from orgopt.errors import DocumentError, UsageError
from orgopt.ledger import write_text
from orgopt.workspace import find_workspace


@click.command(
    "checkout",
    epilog="\b\nExamples:\n  orgopt checkout champion@trio-tinygpt-9f41 -o better.md\n"
    "  orgopt checkout g02-c11@trio-tinygpt-9f41 > candidate.md\n"
    "  orgopt checkout champion@agents-tinygpt-07ac -o .claude/agents --force",
)
@click.argument("which", metavar="NAME@STUDY", shell_complete=complete.documents_of_studies)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The file, or the folder of role files; none prints it."
)
@click.option("--force", is_flag=True, help="Replace files that are another document; others of the folder stay.")
@click.option(
    "--workspace", "folder", type=click.Path(path_type=Path), help="Folder with mlruns.  [default: from here upward]"
)
@click.option("--json", "as_json", is_flag=True, help="Print the document, or where it was written, as JSON.")
@command
def checkout_command(which: str, output: Path | None, force: bool, folder: Path | None, as_json: bool) -> None:
    """Write the champion of a study, its seed document or any candidate as the file that it was.

    Read from the study's own log, or from MLflow's prompts where the study's folder is not at hand.
    """
    workspace = (folder or find_workspace()).resolve()
    text = document_of_study(which, workspace)
    if output is None and as_json:
        print_json("checkout", {"document": which, "path": None, "text": text})
        return
    if output is None:
        click.echo(text.encode(), nl=False)
        return
    if (file := next((above for above in output.parents if above.is_file()), None)) is not None:
        raise UsageError(f"{output} cannot be: {file} is a file; name a path in a folder")
    several = FILE_MARK.search(text) is not None and output.suffix.lower() not in {".md", ".markdown"}
    if several and output.is_file():
        raise UsageError(f"{output} is a file, and {which} has several: name a folder")
    if several or output.is_dir():
        seed = _seed(which, workspace)
        for gone in _write_folder(output, text, source_of_study(which, workspace), seed, force=force):
            err.print(f"{near(gone)} is removed: nobody has that role any more", markup=False)
    else:
        if output.exists() and not force and load(output).text != text:
            raise UsageError(f"{output} is another document: --force replaces it")
        write_text(output, text)
    if as_json:
        print_json("checkout", {"document": which, "path": str(output.resolve()), "text": text})
        return
    err.print(f"{which} is in {near(output.resolve())}", markup=False)


def _write_folder(folder: Path, text: str, name: str, seed: Program, *, force: bool) -> list[Path]:
    """Write a document of several files into a folder; returns the files of its seed document that it has no more."""
    folder.mkdir(parents=True, exist_ok=True)
    if not force and _other(folder, text):
        raise UsageError(f"{folder} has other documents: --force replaces files of it")
    return save(in_folder(text, folder, name), replaces=seed)


def _other(folder: Path, text: str) -> bool:
    """Whether a folder has Markdown that is not this document: another one, several, or what cannot be read."""
    try:
        return load(folder).text != text
    except DocumentError:
        return any(folder.rglob("*.md"))


def _seed(which: str, workspace: Path) -> Program:
    """The document that a study began with; an empty one where that is not known."""
    try:
        return parse(document_of_study(f"seed@{which.partition('@')[2]}", workspace))
    except UsageError:
        return parse("")
