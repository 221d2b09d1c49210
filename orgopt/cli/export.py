"""`orgopt export`: a study, or a document, for another tool."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import cast

import click

from orgopt.api.documents import document_of_study
from orgopt.api.inputs import PROMPTS, program_of
from orgopt.api.run_result import is_run
from orgopt.api.study_result import find_study
from orgopt.basics.addresses import without_passwords
from orgopt.cli.shared import complete
from orgopt.cli.shared.base import count, err, out, print_json
from orgopt.cli.shared.exits import command
from orgopt.document import Program, parse, require_org
from orgopt.errors import UsageError
from orgopt.exporting import EXPORTER_KIND, find_exporter, find_study_exporter
from orgopt.exporting.base import Lack, PartialExporter
from orgopt.exporting.tables import FORMS, run_tables, study_tables, write_tables
from orgopt.ledger import write_text
from orgopt.study.records.names import LOG
from orgopt.study.view import load_study
from orgopt.workspace import find_workspace, writable_folder

DRAWINGS = ("svg", "mermaid")


@click.command(
    "export",
    epilog="\b\nExamples:\n  orgopt export trio-digits-1f2e --optuna sqlite:///study.db\n"
    "  optuna-dashboard sqlite:///study.db\n  orgopt export --csv tables\n"
    "  orgopt export orgs/trio.md --to claude-agents .",
)
@click.argument("source", metavar="[STUDY|RUN|FILE|NAME@STUDY]", required=False, shell_complete=complete.sources)
@click.option(
    "--to",
    "place",
    nargs=2,
    metavar="FORM TARGET",
    help="The form of a study and where it goes, such as 'optuna sqlite:///study.db'; of a document, the form and a "
    f"folder, such as 'svg charts': {', '.join(EXPORTER_KIND.own)}. Packages can add forms (orgopt doctor).",
)
@click.option("--optuna", "storage", metavar="STORAGE", help="The same as --to optuna STORAGE.")
@click.option("--csv", metavar="FOLDER", help="A study's candidates, runs and experiments, or a run's, as CSV.")
@click.option("--parquet", metavar="FOLDER", help="The same in Parquet.")
@click.option("--force", is_flag=True, help="Of a document: replace files that are there and differ.")
@click.option(
    "--workspace", "folder", type=click.Path(path_type=Path), help="Folder with mlruns/.  [default: from here upward]"
)
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
@command
def export_command(
    source: str | None,
    place: tuple[str, str] | None,
    storage: str | None,
    csv: str | None,
    parquet: str | None,
    force: bool,
    folder: Path | None,
    as_json: bool,
) -> None:
    """Write STUDY, by default the newest, as tables or for another tool, or a document in the form of one.

    A document is a FILE, or one of a study's: champion@STUDY, g02-c11@STUDY. What the form has no place for is said.

    As a study of Optuna's, for optuna-dashboard and its like, each candidate is a trial with its place in the genome
    and its research output; one that was dropped early is pruned. A study that is there already is written again.
    """
    asked = {"optuna": storage, "csv": csv, "parquet": parquet}
    ways = [place, *((form, target) for form, target in asked.items() if target is not None)]
    if len(ways := [way for way in ways if way]) != 1:
        raise UsageError("say where to, once: --to FORM TARGET, --optuna STORAGE, --csv FOLDER or --parquet FOLDER")
    ((form, target),) = ways
    workspace = (folder or find_workspace()).resolve()
    if place is None and form in FORMS:
        data, said = _export_tables(source, form, Path(target), workspace)
    elif source and _is_document(source):
        program = _program(source, folder)
        written, lack = _export_document(program, form, Path(target), force=force)
        data = {"document": source, "form": form, "target": target, "files": written}
        data |= {"as_text": list(lack.as_text), "left_out": list(lack.left_out)}
        _say_lack(form, lack)
        said = f"{source} written to {', '.join(str(Path(target) / name) for name in written)}"
    else:
        found = load_study(find_study(workspace, source))
        number, name = find_study_exporter(form).export(found, target), found.head.name
        target = without_passwords(target)
        data = {"study": name, "form": form, "target": target, "candidates": number}
        data |= {"storage": target, "trials": number} if form == "optuna" else {}
        said = f"{count(number, 'trial' if form == 'optuna' else 'candidate')} of {name} written to {target}"
    if as_json:
        print_json("export", data)
    else:
        out.print(said, markup=False)


def _export_tables(source: str | None, form: str, target: Path, workspace: Path) -> tuple[dict[str, object], str]:
    """Write the tables of a study or a run; returns the JSON and the words for it."""
    run = source and next((one for one in (workspace / "mlruns" / "runs" / source, Path(source)) if is_run(one)), None)
    if run:
        name, tables = run.resolve().name, run_tables(run)
    else:
        study = find_study(workspace, source)
        name, tables = study.name, study_tables(load_study(study), study)
    files = write_tables(tables, form, target)
    rows = {title: len(found) for title, found in tables.items()}
    counted = ", ".join(f"{number} {title}" for title, number in rows.items())
    data: dict[str, object] = {"run" if run else "study": name, "form": form, "target": str(target), "files": files}
    return {**data, "rows": rows}, f"{counted} of {name} written to {target}"


def _is_document(source: str) -> bool:
    """Whether it is a file or a folder that is no study, or names a document of one."""
    path = Path(source)
    return path.name != LOG and not (path / LOG).is_file() if path.exists() else "@" in source


def _program(source: str, workspace: Path | None) -> Program:
    """A document from a file, from MLflow's prompts, or from a study."""
    if Path(source).exists() or source.startswith(PROMPTS):
        return program_of(source)
    return parse(document_of_study(source, (workspace or find_workspace()).resolve()), source)


def _export_document(program: Program, form: str, folder: Path, *, force: bool) -> tuple[list[str], Lack]:
    """Write a document's files; returns their names, and what they have no place for.

    Raises:
        UsageError: There is no such form, or a file is there already and is another.
        StoreError: The folder cannot be written.
    """
    org = require_org(program)
    if org.searches and form not in DRAWINGS:
        raise UsageError(
            f"{program.source} is a search, which no other tool has a form for: {' and '.join(DRAWINGS)} draw it"
        )
    exporter = find_exporter(form)
    texts = exporter.export(org)
    _require_files(texts, form)
    for name, text in texts.items():
        path = folder / name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise UsageError(f"{path} leads outside of {folder}: remove the symbolic link, or name another folder")
        if path.exists() and not force and not (path.is_file() and path.read_bytes() == text.encode()):
            raise UsageError(f"{path} is there already and differs: --force replaces it")
    for name, text in texts.items():
        writable_folder((folder / name).parent)
        write_text(folder / name, text)
    return list(texts), exporter.lack(org) if isinstance(exporter, PartialExporter) else Lack()


def _say_lack(form: str, lack: Lack) -> None:
    """Say on standard error what a form has no place for."""
    for parts, one, several in (
        (lack.as_text, "it stands there as text", "they stand there as text"),
        (lack.left_out, "it is left out", "they are left out"),
    ):
        if parts:
            line = f"{form} has no place for: {', '.join(parts)} ({one if len(parts) == 1 else several})"
            err.print(line, style="yellow", markup=False, soft_wrap=True)


def _require_files(texts: object, form: str) -> None:
    """Write texts alone and none outside of the folder, whatever an exporter gives.

    Raises:
        PluginError: It gave something else, or a name leads out of the folder.
    """
    given = cast("Mapping[object, object]", texts) if isinstance(texts, Mapping) else {None: None}
    if not all(isinstance(one, str) for pair in given.items() for one in pair):
        raise EXPORTER_KIND.broken(form, f"gave {texts!r} where export has to give texts by their files' names")
    for name in map(str, given):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts or not path.parts:
            raise EXPORTER_KIND.broken(form, f"would write outside of the folder: {name}")
