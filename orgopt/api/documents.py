"""Documents of the front door: read, checked and compared, from wherever they are kept."""

from pathlib import Path

from orgopt.api.inputs import Document, program_of
from orgopt.api.study_result import find_study
from orgopt.basics.nearest import did_you_mean
from orgopt.document import diff as diff_of
from orgopt.document import lint as lint_of
from orgopt.document import read as read_of
from orgopt.document.editing.base import Edit
from orgopt.document.findings import Finding
from orgopt.document.reading.reader import Reading
from orgopt.errors import UsageError
from orgopt.study.records.names import LOG
from orgopt.study.view import load_study

FORM = "champion@STUDY, seed@STUDY or g02-c11@STUDY"


def read(document: Document) -> Reading:
    """A document read as an organization (`.org`), with where each part stands.

    Raises:
        DocumentError: It cannot be read.
    """
    return read_of(program_of(document))


def lint(document: Document) -> list[Finding]:
    """What is doubtful in a document, in its order.

    Raises:
        DocumentError: It cannot be read.
    """
    return lint_of(program_of(document))


def diff(before: Document, after: Document) -> tuple[Edit, ...]:
    """The edits that make one document of another.

    Raises:
        DocumentError: One cannot be read.
    """
    return diff_of(program_of(before, "before"), program_of(after, "after"))


def document_of_study(which: str, workspace: Path) -> str:
    """The text of `NAME@STUDY`.

    Raises:
        UsageError: There is no such study or candidate.
    """
    name, _, study = which.partition("@")
    if not name or not study:
        raise UsageError(f"'{which}' names no document of a study: write {FORM}")
    try:
        folder = find_study(workspace, study)
    except UsageError as error:
        return _registered(name, study, workspace, error)
    view = load_study(folder)
    candidate = view.best if name == "champion" else view.candidate("g00-c00" if name == "seed" else name)
    if candidate is None:
        names = ["champion", "seed", *(one.name for one in view.candidates)]
        few = ", ".join([*names[:2], "…", *names[2:][-5:]])
        raise UsageError(f"{folder / LOG} has no {name}: {did_you_mean(name, names)}choose {few}")
    return candidate.record.program


def source_of_study(which: str, workspace: Path) -> str:
    """The name of the file that the study of `NAME@STUDY` began with; empty where its folder is not at hand."""
    try:
        return Path(load_study(find_study(workspace, which.partition("@")[2])).head.source).name
    except UsageError:
        return ""


def _registered(name: str, study: str, workspace: Path, missing: UsageError) -> str:
    """A document from MLflow's prompts, where there are any."""
    from orgopt.tracking import has_store, load_version

    found = load_version(workspace, study, name) if has_store(workspace) else None
    if found is None:
        raise missing
    return found
