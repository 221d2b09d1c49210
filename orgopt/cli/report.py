"""`orgopt report`: a study as one HTML page."""

from pathlib import Path

import click

from orgopt.api.study_result import StudyResult, find_study
from orgopt.cli.shared import complete
from orgopt.cli.shared.base import near, out, print_json
from orgopt.cli.shared.exits import command
from orgopt.cli.shared.print_ending import print_ending
from orgopt.errors import UsageError
from orgopt.ledger import write_text
from orgopt.report import page
from orgopt.study.verdict.study import ending
from orgopt.study.view import load_study
from orgopt.workspace import find_workspace, writable_folder

PAGE = "report.html"


@click.command(
    "report",
    epilog="\b\nExamples:\n  orgopt report\n  orgopt report trio-digits-5b1f --out for-a-colleague.html",
)
@click.argument("name", metavar="[STUDY]", required=False, shell_complete=complete.studies)
@click.option(
    "--out",
    "target",
    type=click.Path(path_type=Path),
    help="File to write.  [default: report.html in the study's folder]",
)
@click.option(
    "--workspace", "folder", type=click.Path(path_type=Path), help="Folder with mlruns.  [default: from here upward]"
)
@click.option("--json", "as_json", is_flag=True, help="Print where the page is and what it says as JSON.")
@command
def report_command(name: str | None, target: Path | None, folder: Path | None, as_json: bool) -> None:
    """Write a study as one HTML page that needs nothing but itself.

    STUDY is a study's name or its folder; without one, the newest of the workspace. A study that still
    runs is shown as far as it has come.
    """
    source = find_study((folder or find_workspace()).resolve(), name)
    view = load_study(source)
    text = page(view)
    path = target or source / PAGE
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name a file with --out")
    writable_folder(path.absolute().parent)
    write_text(path, text)
    said = ending(view)
    if as_json:
        sizes = {"candidates": len(view.candidates), "evaluations": len(view.evaluations), "bytes": len(text.encode())}
        state = StudyResult(folder=source, view=view).state
        summary = {
            "state": state,
            "verdict": said.word,
            "title": said.title,
            "ending": said.to_dict(),
        }
        print_json("report", {"study": source.name, "path": str(path), **summary, **sizes})
        return
    print_ending(said)
    out.print(f"\n{near(path.absolute())}", markup=False)
