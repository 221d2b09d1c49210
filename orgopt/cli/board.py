"""`orgopt board`: a board of a task, and claims on one."""

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from orgopt.api.boards import checked, database_of, found_by, verifying
from orgopt.api.labs import kept_baseline, measured_here
from orgopt.basics.callback import Callback
from orgopt.cli.shared import complete
from orgopt.cli.shared.base import bounded, err, near, out, print_json
from orgopt.cli.shared.exits import command
from orgopt.cli.shared.lab import lab_option
from orgopt.errors import UsageError
from orgopt.ledger import write_text
from orgopt.tasks.folder import load_task
from orgopt.tasks.knob import Value
from orgopt.tasks.task import Task
from orgopt.workspace import find_workspace

if TYPE_CHECKING:
    from orgopt.board.store import ClaimStore

task_option = click.option(
    "--task", "task_name", required=True, metavar="TASK", shell_complete=complete.tasks, help="The board's task."
)
database_option = click.option(
    "--database", metavar="URL", help="sqlite:///FILE or postgresql://HOST/NAME.  [default: a file in mlruns/boards]"
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
board_argument = click.argument("address", metavar="URL")


@click.group(
    "board",
    epilog="\b\nExamples:\n  orgopt board serve --task digits\n  orgopt board verify --task digits\n"
    "  orgopt board next http://127.0.0.1:8000 -o program.md\n"
    "  orgopt board submit http://127.0.0.1:8000 --run mlruns/runs/trio-digits-s0\n"
    "  orgopt board list http://127.0.0.1:8000",
)
def board_command() -> None:
    """Serve a board of a task, where strangers claim improvements, or claim one on a board elsewhere."""


@board_command.command("serve", epilog="\b\nExamples:\n  orgopt board serve --task digits --port 8000")
@task_option
@database_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; 0.0.0.0 is everywhere.")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 is any that is free.")
@click.option("--name", default="", help="What a new board is called.  [default: the task's title]")
@click.option(
    "--false-claims",
    "family",
    type=click.FloatRange(1e-6, 1),
    default=0.05,
    show_default=True,
    help="Of a new board: the chance that it ever accepts a claim that is no better.",
)
@click.option(
    "--step",
    type=click.FloatRange(0, min_open=True),
    help="Of a new board: the least gain on the held-out split that counts.  [default: the noise of a run]",
)
@click.option("--proxied", is_flag=True, help="Believe a proxy on this machine who asks (X-Forwarded-For).")
@json_option
@command
def serve_command(
    task_name: str,
    database: str | None,
    host: str,
    port: int,
    name: str,
    family: float,
    step: float | None,
    proxied: bool,
    as_json: bool,
) -> None:
    """Serve the board of a task, made if there is none: its page, its feed, its JSON, and where claims are sent.

    It runs no claims; `orgopt board verify` does, here or wherever the database can be reached. A script whose baseline
    nobody has measured is run first, as it is.
    """
    from orgopt.board.server import listening, make_app, serve
    from orgopt.board.store import ClaimStore
    from orgopt.board.terms import new_terms

    workspace = find_workspace()
    task = measured_here(load_task(task_name, workspace), workspace, _Notes())
    terms = new_terms(task, made=time.time(), name=name, family=family, step=step)
    url = database or database_of(task, workspace)
    store = ClaimStore.made(url, terms)
    with listening(host, port) as sockets:
        at = sockets[0].getsockname()[1]
        address = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{at}"
        if as_json:
            from orgopt.basics.addresses import without_passwords

            told = {"id": store.terms.id, "commitment": store.terms.commitment, "task": task.name}
            print_json("served", {"address": address, "database": without_passwords(url), **told})
        else:
            err.print(f"{address}  (Ctrl-C ends it)", markup=False, soft_wrap=True)
        serve(make_app(store, task, time.time), sockets, proxied=proxied)


@board_command.command("verify", epilog="\b\nExamples:\n  orgopt board verify --task digits --slots 4 --once")
@task_option
@database_option
@click.option("--slots", type=bounded("slots"), default=min(2, os.cpu_count() or 1), show_default=True)
@lab_option
@click.option("--once", is_flag=True, help="End when no claim waits.")
@json_option
@command
def verify_command(
    task_name: str, database: str | None, slots: int, lab_kind: str | None, once: bool, as_json: bool
) -> None:
    """Decide the claims of a board: run their scripts beside the best so far, in the sandbox.

    Several verifiers may work on one board. One that is stopped or killed loses nothing: another goes on.
    """
    from orgopt.board.public_view import whole_dict

    task, workspace = _task(task_name)
    store = _store(database or database_of(task, workspace))
    decided: list[dict[str, Any]] = []
    for entry in verifying(store, task, lab_kind, slots, once=once, note=_note):
        if as_json:
            decided.append(whole_dict(entry))
        else:
            out.print(f"claim {entry.id}: {entry.status.value}{': ' * bool(entry.why)}{entry.why}", markup=False)
    if as_json:
        print_json("verified", {"decided": decided})


@board_command.command(
    "submit",
    epilog="\b\nExamples:\n  orgopt board submit https://board.example --run mlruns/runs/trio-digits-s0\n"
    "  orgopt board submit https://board.example --set LR=0.8 --set DEPTH=1 --metric 0.121",
)
@board_argument
@click.option("--run", "folder", type=click.Path(path_type=Path), help="A run's folder: what it submitted last.")
@click.option("--set", "given", multiple=True, metavar="KNOB=VALUE", help="Instead: the value of a knob; several.")
@click.option("--script", type=click.Path(path_type=Path), help="Instead: a rewritten script.")
@click.option("--metric", type=float, help="With --set or --script: the metric that it reached.")
@click.option("--name", default="", help="What to be called on the board.")
@click.option("--note", default="", help="What to say about it.")
@click.option("--key", type=click.Path(path_type=Path), help="Your key, made if need be.  [default: ~/.config/orgopt]")
@json_option
@command
def submit_command(
    address: str,
    folder: Path | None,
    given: tuple[str, ...],
    script: Path | None,
    metric: float | None,
    name: str,
    note: str,
    key: Path | None,
    as_json: bool,
) -> None:
    """Claim an improvement on the board at URL, signed with your key. Sending it again changes nothing."""
    from orgopt.board.claims import Claim
    from orgopt.board.client import Board
    from orgopt.board.keys import default_key_file, own_key

    if [folder is not None, bool(given), script is not None].count(True) != 1:
        raise UsageError("a claim is one of --run FOLDER, --set KNOB=VALUE … and --script FILE")
    if (folder is None) == (metric is None):
        raise UsageError("--metric goes with --set or --script: that of a run is in its ledger")
    settings, text, ledger = dict(map(_setting, given)), "", ""
    if folder is not None:
        settings, text, metric, ledger = found_by(folder)
    if script is not None:
        text = _text(script)
    board, own = Board(address), own_key(key or default_key_file())
    told = {"key": own.public, "name": name, "note": note, "ledger": ledger, "script": text}
    answer = board.submit(
        Claim(board=board.read()["board"]["id"], settings=settings, metric=metric or 0.0, **told), own
    )
    if as_json:
        print_json("submitted", answer)
    else:
        why = f" ({answer['why']})" if answer["why"] else ""
        out.print(f"claim {answer['id']}: {answer['status']}{why}  {board.address}/claims/{answer['id']}", markup=False)


@board_command.command("list", epilog="\b\nExamples:\n  orgopt board list https://board.example")
@board_argument
@json_option
@command
def list_command(address: str, as_json: bool) -> None:
    """List the leaders and the newest claims of the board at URL."""
    from orgopt.board.client import Board
    from orgopt.cli.shared.board import show_board

    told = Board(address).read()
    if as_json:
        print_json("board", told)
    else:
        show_board(told)


@board_command.command("show", epilog="\b\nExamples:\n  orgopt board show https://board.example 7 --repeat")
@board_argument
@click.argument("number", type=click.IntRange(1), metavar="CLAIM")
@click.option("--repeat", "again", is_flag=True, help="Run its test again here, on the same seeds.")
@click.option("--task", "folder", metavar="TASK", help="With --repeat: the task.  [default: of the board's name]")
@click.option("--slots", type=bounded("slots"), default=min(2, os.cpu_count() or 1), show_default=True)
@json_option
@command
def show_command(address: str, number: int, again: bool, folder: str | None, slots: int, as_json: bool) -> int:
    """Show a claim of the board at URL, and check what was published of it; exit code 1 says that it does not fit.

    Its seeds must follow from the secret, the secret from the board's commitment, and its evidence from its runs.
    """
    from orgopt.board.client import Board
    from orgopt.cli.shared.board import show_claim

    told = checked(Board(address), number, (lambda name: _task(folder or name)[0]) if again else None, slots)
    if as_json:
        print_json("claim", told)
    else:
        show_claim(told)
    return 1 if told["wrong"] else 0


@board_command.command("next", epilog="\b\nExamples:\n  orgopt board next https://board.example -o program.md")
@board_argument
@click.option("--out", "-o", "path", type=click.Path(path_type=Path), help="Write the document there.")
@click.option("--force", is_flag=True, help="Replace what is there.")
@json_option
@command
def next_command(address: str, path: Path | None, force: bool, as_json: bool) -> None:
    """Print what is most worth trying on the board at URL, as a document for `orgopt run`."""
    from orgopt.board.client import Board

    told = Board(address).next()
    if path is not None:
        if path.exists() and not force:
            raise UsageError(f"{path} is there already: --force replaces it")
        write_text(path, told["text"])
        err.print(f"wrote {near(path.absolute())}: the focus is {told['focus']}", markup=False)
    if as_json:
        print_json("assignment", told)
    elif path is None:
        out.print(told["text"], markup=False, end="")


def _task(name: str) -> tuple[Task, Path]:
    """A task with its baseline, and the workspace."""
    workspace = find_workspace()
    return kept_baseline(load_task(name, workspace), workspace), workspace


def _store(url: str) -> "ClaimStore":
    from orgopt.board.store import ClaimStore

    return ClaimStore(url)


def _note(line: str) -> None:
    err.print(line, style="dim", markup=False, soft_wrap=True)


class _Notes(Callback):
    def noted(self, line: str) -> None:
        _note(line)


def _text(path: Path) -> str:
    from orgopt.storage import regular_files

    return regular_files.read_text(path)


def _setting(text: str) -> tuple[str, Value]:
    """A knob and its value, from `KNOB=VALUE`."""
    name, equals, value = text.partition("=")
    if not equals:
        raise UsageError(f"--set takes KNOB=VALUE, not {text}")
    for kind in (int, float):
        try:
            return name.strip(), kind(value)
        except ValueError:
            continue
    return name.strip(), value.strip()
