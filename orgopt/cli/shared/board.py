"""How a board and a claim look in a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from orgopt.cli.shared.base import count, out
from orgopt.document.text.program import printable

_SHOWN = 20


def show_board(told: Mapping[str, Any]) -> None:
    """Print the leaders and the newest claims of a board."""
    board = told["board"]
    out.print(f"{printable(board['name'])}: {board['task']} {board['digest']}", markup=False, style="bold")
    decided = sum(number for status, number in told["counts"].items() if status not in {"waiting", "testing"})
    gain = "" if told["gain"] is None else f"; the best is {told['gain']:.4g} {board['unit']} better than untouched"
    out.print(f"{count(len(told['accepted']), 'claim')} accepted of {decided} decided{gain}", markup=False)
    for title, claims in (("Leaders", told["accepted"]), ("Newest", told["newest"])):
        if claims:
            out.print(_table(title, claims[:_SHOWN]))


def _table(title: str, claims: list[Mapping[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in ("claim", "contributor", "gain", "status"):
        table.add_column(column, justify="right" if column in {"claim", "gain"} else "left")
    for one in claims:
        gain = "" if one["over_baseline"] is None else f"{one['over_baseline']:.4g}"
        who = f"{printable(one['name'])} {one['key'][:8]}".strip().replace("[", "\\[")
        table.add_row(str(one["id"]), who, gain, str(one["status"]).replace("[", "\\["))
    return table


def show_claim(told: Mapping[str, Any]) -> None:
    """Print a claim, what does not fit together in it, and what its runs gave again."""
    why = f": {told['why']}" if told["why"] else ""
    out.print(f"claim {told['id']}: {told['status']}{why}", markup=False, style="bold")
    out.print(f"by {printable(told['name']) or 'anonymous'}, key {told['key']}", markup=False)
    settings: dict[str, Any] = told.get("settings") or {}
    for name, value in settings.items():
        out.print(f"{name} = {value!r}", markup=False)
    if told["script"]:
        out.print("\n".join(map(printable, told["script"].split("\n"))), markup=False)
    if not told["result"]:
        return
    for line in told["wrong"]:
        out.print(f"does not fit: {line}", markup=False, style="red")
    if not told["wrong"]:
        out.print(f"seeds, secret, signature and evidence of test {told['test']} fit together", markup=False)
    if again := told["repeated"]:
        same = sum(one["same"] for one in again)
        out.print(f"{same} of {count(len(again), 'run')} gave the same here, up to rounding", markup=False)
        for one in again:
            if not one["same"]:
                out.print(f"seed {one['seed']}, {one['who']}: {one['told']} there, {one['here']} here", markup=False)
