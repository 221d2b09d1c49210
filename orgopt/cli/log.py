"""`orgopt log`: whether logs are as they were written."""

from pathlib import Path

import click

import orgopt
from orgopt.cli.shared import complete
from orgopt.cli.shared.base import count, near, out, print_json
from orgopt.cli.shared.exit_codes import Exit
from orgopt.cli.shared.exits import command
from orgopt.study.log_check import VerifiedLog


@click.group("log", epilog="\b\nExamples:\n  orgopt log verify\n  orgopt log verify --repair trio-digits-5b1f")
def log_command() -> None:
    """Check the logs of studies, contests and runs."""


@log_command.command(
    "verify",
    epilog="\b\nExamples:\n  orgopt log verify\n  orgopt log verify trio-digits-5b1f\n"
    "  orgopt log verify --repair mlruns/runs/trio-tinygpt-s0",
)
@click.argument("name", metavar="[STUDY|FOLDER|LOG]", required=False, shell_complete=complete.studies)
@click.option("--repair", is_flag=True, help="Put damaged lines aside, to go on from the last good one.")
@click.option("--workspace", type=click.Path(path_type=Path), help="Folder with mlruns.  [default: from here upward]")
@click.option("--json", "as_json", is_flag=True, help="Print what was found as JSON.")
@command
def verify_command(name: str | None, repair: bool, workspace: Path | None, as_json: bool) -> int:
    """Read logs to their end, and say what is damaged, from which line on, and what to do.

    STUDY is a study's name, by default the newest; FOLDER that of a study, a contest or a run, with all logs in it.
    Each line has a hash over itself and all lines before it: one that was changed, doubled, lost or put elsewhere is
    noticed. Exit code 6 says that something is damaged.
    """
    found = orgopt.verify(name, workspace=workspace, repair=repair)
    if as_json:
        print_json("log-verify", {"sound": all(log.sound for log in found), "logs": [log.to_dict() for log in found]})
    else:
        for log in found:
            out.print(_said(log), markup=False)
    return 0 if all(log.sound for log in found) else Exit.INFRASTRUCTURE


def _said(log: VerifiedLog) -> str:
    name, lines = near(log.path.absolute()), count(log.lines, "line")
    if log.aside:
        return f"{name}: put aside as {log.aside.name}: {log.problem}"
    if log.problem:
        return f"damaged: {log.problem}"
    checked = (
        "as they were written"
        if log.sealed
        else "readable; this log has no hashes, so that a changed digit is not noticed"
    )
    return f"{name}: {lines}, {checked}"
