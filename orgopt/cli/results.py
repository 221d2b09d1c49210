"""`orgopt list`, `status`, `rm`, `gc`, `pause` and `resume`: what a workspace keeps, and what runs there."""

import time
from collections.abc import Sequence
from pathlib import Path
from textwrap import shorten

import click
from rich.markup import escape
from rich.table import Table

import orgopt
from orgopt.api.results import Kept, forget_stale, leftovers, size_of
from orgopt.cli.shared import complete
from orgopt.cli.shared.base import count, err, near, out, print_json
from orgopt.cli.shared.exits import command
from orgopt.cli.shared.print_ending import print_ending
from orgopt.errors import UsageError
from orgopt.workspace import find_workspace

_SAID = 90  # characters of what came of a result in a list
STYLES = {"running": "green", "paused": "yellow", "stopped": "yellow", "damaged": "red", "empty": "dim"}
_WORKSPACE = click.option(
    "--workspace", "folder", type=click.Path(path_type=Path), help="Folder with mlruns.  [default: from here upward]"
)
_YES = click.option("--yes", "-y", is_flag=True, help="Do not ask.")


@click.command("list", epilog="\b\nExamples:\n  orgopt list\n  orgopt list --running\n  orgopt list --json")
@click.option("--running", is_flag=True, help="Only what runs or is paused.")
@_WORKSPACE
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@command
def list_command(running: bool, folder: Path | None, as_json: bool) -> None:
    """List the studies, contests and runs of this workspace, the newest first: state, size and what came of them."""
    found = [one for one in orgopt.results(workspace=folder) if one.busy or not running]
    if as_json:
        print_json("list", {"results": [one.to_dict() for one in found]})
        return
    if not found:
        out.print("Nothing runs." if running else "Nothing is kept here yet: orgopt run, compare or optimize.")
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("", "name", "state", "runs", "changed", "so far"):
        table.add_column(title, no_wrap=title != "so far")
    for one in found:
        state = f"[{STYLES.get(one.state, 'default')}]{one.state}[/]"
        table.add_row(
            one.kind, escape(one.name), state, f"{one.runs}", _ago(one.changed), escape(shorten(one.said, _SAID))
        )
    out.print(table)


@click.command("status", epilog="\b\nExamples:\n  orgopt status\n  orgopt status trio-digits-1f2e --json")
@click.argument("name", metavar="[NAME]", required=False, shell_complete=complete.results)
@_WORKSPACE
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@command
def status_command(name: str | None, folder: Path | None, as_json: bool) -> None:
    """Say how a study, a contest or a run stands: NAME, by default the newest of all."""
    one = orgopt.find_result(name, workspace=folder)
    readable = one.kind == "study" and one.state not in {"empty", "damaged"}
    ending = orgopt.open_study(one.folder).ending if readable else None
    if as_json:
        print_json("status", {**one.to_dict(), "ending": ending.to_dict() if ending else None})
        return
    runs = count(one.runs, "experiment" if one.kind == "run" else "run")
    out.print(f"[bold]{escape(one.name)}[/]  {one.kind}, {one.state}, {runs}, {_ago(one.changed)}", soft_wrap=True)
    if ending:
        print_ending(ending)
    else:
        out.print(one.said, markup=False)
    out.print(f"\n{near(one.log)}", markup=False)


@click.command("rm", epilog="\b\nExamples:\n  orgopt rm trio-digits-1f2e\n  orgopt rm trio-nk-s0 trio-nk-s0-2 --yes")
@click.argument("names", metavar="NAME...", nargs=-1, required=True, shell_complete=complete.results)
@_YES
@click.option("--tracking/--no-tracking", default=True, help="Whether its runs in MLflow go, too.  [default: they do]")
@_WORKSPACE
@click.option("--json", "as_json", is_flag=True, help="Print what was removed as JSON; needs --yes.")
@command
def rm_command(names: tuple[str, ...], yes: bool, tracking: bool, folder: Path | None, as_json: bool) -> None:
    """Remove studies, contests or runs with all their files, and their runs in MLflow. Asks first."""
    found = [orgopt.find_result(name, workspace=folder) for name in dict.fromkeys(names)]
    _remove(found, yes=yes, tracking=tracking, folder=folder, as_json=as_json)


@click.command("gc", epilog="\b\nExamples:\n  orgopt gc\n  orgopt gc --yes")
@_YES
@_WORKSPACE
@click.option("--json", "as_json", is_flag=True, help="Print what was removed as JSON; needs --yes.")
@command
def gc_command(yes: bool, folder: Path | None, as_json: bool) -> None:
    """Remove what nothing was measured in: runs and studies that ended before their first experiment. Asks first."""
    found = leftovers(workspace=folder)
    forget_stale(workspace=folder)  # what is kept to save time alone: nobody is asked
    if not found:
        _removed([], 0, 0, as_json=as_json)
        return
    _remove(found, yes=yes, tracking=False, folder=folder, as_json=as_json)


@click.command("pause", epilog="\b\nExamples:\n  orgopt pause trio-digits-1f2e\n  orgopt resume trio-digits-1f2e")
@click.argument("name", metavar="[NAME]", required=False, shell_complete=complete.results)
@_WORKSPACE
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@command
def pause_command(name: str | None, folder: Path | None, as_json: bool) -> None:
    """Let a study or a contest that runs elsewhere wait, once its present runs end, until `orgopt resume`."""
    one = _at_work(name, folder)
    orgopt.pause(one)
    said = f"{one.name} waits once its present runs end; orgopt resume goes on"
    _say_state(one.name, "paused", said, as_json=as_json)


@click.command("resume", epilog="\b\nExamples:\n  orgopt resume\n  orgopt resume trio-digits-1f2e")
@click.argument("name", metavar="[NAME]", required=False, shell_complete=complete.results)
@_WORKSPACE
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@command
def resume_command(name: str | None, folder: Path | None, as_json: bool) -> None:
    """Let a study or a contest that was paused go on."""
    one = _at_work(name, folder)
    orgopt.unpause(one)
    _say_state(one.name, "running", f"{one.name} goes on", as_json=as_json)


@click.command(
    "tell", epilog='\b\nExamples:\n  orgopt tell trio-tinygpt-s0 "wider networks crash here: leave WIDTH alone"'
)
@click.argument("name", metavar="RUN", shell_complete=complete.results)
@click.argument("message")
@_WORKSPACE
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@command
def tell_command(name: str, message: str, folder: Path | None, as_json: bool) -> None:
    """Tell the team of a run something: its next stand-up hears it. A repetition of the run hears it there, too."""
    understood = orgopt.tell(name, message, workspace=folder)
    if as_json:
        print_json("told", {"name": name, "understood": understood})
        return
    but = "" if understood else " None of its attendees thinks in words: policies hear it and do as before."
    out.print(f"The next stand-up of {name} hears it.{but}", markup=False)


def _at_work(name: str | None, folder: Path | None) -> Kept:
    """What was named, or the one that runs.

    Raises:
        UsageError: Nothing runs, or several do and none was named.
    """
    if name is not None:
        return orgopt.find_result(name, workspace=folder)
    busy = [one for one in orgopt.results(workspace=folder) if one.busy and one.kind != "run"]
    if len(busy) != 1:
        names = ", ".join(one.name for one in busy) or "none"
        raise UsageError(f"name a study or a contest that runs: {names}")
    return busy[0]


def _say_state(name: str, state: str, said: str, *, as_json: bool) -> None:
    if as_json:
        print_json("steered", {"name": name, "state": state})
    else:
        out.print(said, markup=False)


def _remove(found: Sequence[Kept], *, yes: bool, tracking: bool, folder: Path | None, as_json: bool) -> None:
    """Ask, and remove."""
    size = sum(size_of(one.folder) for one in found)
    if not yes:
        if as_json:
            raise UsageError("what is asked for on a terminal needs --yes with --json")
        for one in found:
            out.print(f"  {one.kind} {one.name}, {one.state}: {one.said}", markup=False)
        if not _agreed(f"Remove {count(len(found), 'result')}, {size / 1e6:.1f} MB, for good?"):
            err.print("Nothing was removed.")
            return
    home = (folder or find_workspace()).resolve()
    forgotten = orgopt.remove(found, workspace=home, tracking=tracking)
    _removed(found, size, forgotten, as_json=as_json)


def _agreed(question: str) -> bool:
    """Whether a person says yes; where nobody answers, it is no."""
    try:
        return click.confirm(question, err=True)
    except click.Abort:
        err.print()
        return False


def _removed(found: Sequence[Kept], size: int, forgotten: int, *, as_json: bool) -> None:
    if as_json:
        data = {"removed": [one.name for one in found], "bytes": size, "mlflow_runs": forgotten}
        print_json("removed", data)
        return
    beside = f", and {count(forgotten, 'run')} in MLflow" if forgotten else ""
    out.print(f"{count(len(found), 'result')} removed{beside}: {size / 1e6:.1f} MB.")


def _ago(moment: float) -> str:
    """How long ago that was: `12 s ago`, `3 h ago`."""
    passed = max(0.0, time.time() - moment)
    for unit, length in (("s", 1), ("min", 60), ("h", 3600)):
        if passed < 100 * length:
            return f"{passed / length:.0f} {unit} ago"
    return f"{passed / 86_400:.0f} days ago"
