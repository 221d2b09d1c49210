"""`orgopt report`: a study or a run as one HTML page."""

from pathlib import Path

import click

from orgopt.api.results import find_result
from orgopt.api.run_result import is_run, run_view
from orgopt.api.study_result import StudyResult, find_study
from orgopt.cli.shared import complete
from orgopt.cli.shared.base import near, out, print_json
from orgopt.cli.shared.exits import command
from orgopt.cli.shared.print_ending import print_ending
from orgopt.errors import UsageError
from orgopt.ledger import write_text
from orgopt.report import page
from orgopt.report.run_page import run_page, run_title
from orgopt.study.verdict.ending_form import Ending
from orgopt.study.verdict.study import ending
from orgopt.study.view import load_study
from orgopt.workspace import find_workspace, writable_folder

PAGE = "report.html"


@click.command(
    "report",
    epilog="\b\nExamples:\n  orgopt report\n  orgopt report trio-digits-5b1f --out for-a-colleague.html\n"
    "  orgopt report trio-digits-s0",
)
@click.argument("name", metavar="[STUDY|RUN]", required=False, shell_complete=complete.results)
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
    """Write a study or a run as one HTML page that needs nothing but itself.

    STUDY or RUN is a name or a folder; without one, it is the newest study of the workspace. What still runs is shown
    as far as it has come.
    """
    home = (folder or find_workspace()).resolve()
    if name is not None and (run := _run_of(home, name)):
        _report_run(run, target, as_json=as_json)
        return
    source = find_study(home, name)
    view = load_study(source)
    text = page(view)
    path = _written(target or source / PAGE, text)
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


def _run_of(home: Path, name: str) -> Path | None:
    """The folder of a run of that name, or that is named; None where there is none."""
    places = (home / "mlruns" / "runs" / name, Path(name))
    return next((place.resolve() for place in places if place.name == Path(name).name and is_run(place)), None)


def _report_run(run: Path, target: Path | None, *, as_json: bool) -> None:
    view = run_view(run)
    text = run_page(view)
    path = _written(target or run / PAGE, text)
    if as_json:
        kept = find_result(run)
        said = view.ending or Ending(word="running", title=run_title(view))
        summary = {"state": kept.state, "verdict": said.word, "title": said.title, "ending": said.to_dict()}
        sizes = {"candidates": 0, "evaluations": 1, "bytes": len(text.encode())}
        print_json("report", {"study": run.name, "path": str(path), **summary, **sizes})
        return
    out.print(run_title(view), markup=False)
    out.print(f"\n{near(path.absolute())}", markup=False)


def _written(path: Path, text: str) -> Path:
    if path.is_dir():
        raise UsageError(f"{path} is a folder: name a file with --out")
    writable_folder(path.absolute().parent)
    write_text(path, text)
    return path
