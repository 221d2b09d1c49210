"""`orgopt tail`: what a study, a contest or a run does, line by line, as it is written into its log."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

import orgopt
from orgopt.api.results import Kept, is_busy
from orgopt.cli.shared import complete
from orgopt.cli.shared.base import echo
from orgopt.cli.shared.exits import command
from orgopt.ledger import data_as_shown, shown_sign
from orgopt.storage.jsonl import read_lines
from orgopt.study.wording import metric, plain

POLL_S = 0.5


@click.command(
    "tail",
    epilog="\b\nExamples:\n  orgopt tail\n  orgopt tail trio-digits-1f2e -n 50\n  orgopt tail trio-nk-s0 --no-follow",
)
@click.argument("name", metavar="[STUDY|RUN]", required=False, shell_complete=complete.results)
@click.option("--lines", "-n", type=click.IntRange(0), default=10, show_default=True, help="Of what is there already.")
@click.option("--follow/--no-follow", default=True, help="Whether to go on while it runs.  [default: it does]")
@click.option(
    "--workspace", "folder", type=click.Path(path_type=Path), help="Folder with mlruns.  [default: from here upward]"
)
@click.option("--json", "as_json", is_flag=True, help="Print each line of the log as it is, as JSON lines.")
@command
def tail_command(name: str | None, lines: int, follow: bool, folder: Path | None, as_json: bool) -> None:
    """Show what a study, a contest or a run does as it is logged: by default the newest, until it ends."""
    one = orgopt.find_result(name, workspace=folder)
    start = read_lines(one.log)[:1]
    for record in _records(one, lines, follow=follow):
        start = start or [record]
        if as_json:
            click.echo(json.dumps(record))
        elif said := line_of(data_as_shown(record) if shown_sign(start[0]) < 0 else record):
            echo(said)


def _records(one: Kept, last: int, *, follow: bool) -> Iterator[dict[str, Any]]:
    """The last records that are there, and those that come."""
    seen = read_lines(one.log)
    yield from seen[len(seen) - last :] if last < len(seen) else seen
    number = len(seen)
    while follow:
        going = is_busy(one)  # before the log is read: what was written last is not missed
        new = read_lines(one.log)[number:]
        number += len(new)
        yield from new
        if not going:
            return
        time.sleep(POLL_S)


def line_of(record: dict[str, Any]) -> str:
    """A record of a log as a line for a person; empty for what tells nothing by itself."""
    kind = record.get("kind", "")
    return _LINES[kind](record) if kind in _LINES else ""


def _outcome(event: dict[str, Any]) -> str:
    came = metric(event["metric"]) if event["status"] == "ok" else f"{event['status']} {event['error']}".strip()
    return f"{event['t']:8.1f} s  {event['agent']}  #{event['id']}: {came}"


_LINES: Mapping[str, Callable[[dict[str, Any]], str]] = {
    "study": lambda one: f"study {one['name']} begins",
    "contest": lambda one: f"contest {one['name']} begins",
    "candidate": lambda one: f"{one['name']}  by {one['proposer']}: {'; '.join(one['changes']) or 'unchanged'}",
    "evaluation": lambda one: (
        f"{one['phase']}  {one['entrant']} on {one['task']}, seed {one['k']}: {plain(one['score']['research_output'])}"
    ),
    "rewrite": lambda one: f"{one['name']}  rewritten by {one['rewriter']}: {one['outcome']} {one['reason']}",
    "generation": lambda one: f"generation {one['generation'] + 1} is complete",
    "entrant": lambda one: f"{one['role']}  {one['entrant']}: {one['about']}",
    "final": lambda one: f"done: the champion is {one['champion']} of {one['candidates']} candidates",
    "start": lambda one: (
        f"{one['t']:8.1f} s  begins: {len(one['agents'])} agents, {one['slots']} slots, {one['budget_s']:g} s"
    ),
    "proposal": lambda one: f"{one['t']:8.1f} s  {one['agent']}  #{one['id']}: {one['note']}",
    "outcome": _outcome,
    "submission": lambda one: f"{one['t']:8.1f} s  submitted #{one['id']}: {metric(one['metric'])}",
    "meeting": lambda one: "\n".join(
        [f"{one['t']:8.1f} s  stand-up", *(f"{one['t']:8.1f} s  a person says: {text}" for text in one.get("told", ()))]
    ),
    "approval": lambda one: (
        f"{one['t']:8.1f} s  a person {'lets' if one['approved'] else 'does not let'} the script of {one['agent']} run"
        f"{': ' * bool(one['note'])}{one['note']}"
    ),
    "stop": lambda one: f"{one['t']:8.1f} s  {one['agent']}  stops #{one['id']}",
    "end": lambda one: f"{one['t']:8.1f} s  the budget is spent",
}
"""Each kind of record in words."""
