"""`orgopt export`: a study for another tool."""

from pathlib import Path

import click

from orgopt.cli.shared.base import command, count, find_workspace, out, print_json
from orgopt.cli.shared.studies import find_study
from orgopt.evolve.optuna_storage import to_optuna
from orgopt.study.view import load_study


@click.command(
    "export",
    epilog="\b\nExamples:\n  orgopt export trio-digits-1f2e --optuna sqlite:///study.db\n"
    "  optuna-dashboard sqlite:///study.db",
)
@click.argument("study", required=False)
@click.option("--optuna", "storage", required=True, help="The storage to write to, such as sqlite:///study.db.")
@click.option(
    "--workspace", "folder", type=click.Path(path_type=Path), help="Folder with mlruns/.  [default: from here upward]"
)
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
@command
def export_command(study: str | None, storage: str, folder: Path | None, as_json: bool) -> None:
    """Write STUDY, by default the newest, as a study of Optuna's, for optuna-dashboard and its like.

    Each candidate is a trial with its place in the genome and its research output; one that was dropped early is
    pruned. A study that is there already is written again.
    """
    found = load_study(find_study((folder or find_workspace()).resolve(), study))
    trials = to_optuna(found, storage)
    if as_json:
        print_json("export", {"study": found.head.name, "storage": storage, "trials": trials})
    else:
        out.print(f"{count(trials, 'trial')} of {found.head.name} written to {storage}", markup=False)
