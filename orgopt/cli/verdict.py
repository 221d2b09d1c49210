"""How the result of a study, and the estimate of one, look to a person."""

import shlex
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Table

from orgopt.cli.base import count, find_workspace, near, out, own_command
from orgopt.cli.document import print_changes
from orgopt.evolve.estimate import Estimate, Span
from orgopt.study.config import StudyConfig
from orgopt.study.log import HELD_OUT, REAL, TEST
from orgopt.study.predictions import said_of_predictions
from orgopt.study.rewrites import said_of_rewrites
from orgopt.study.view import StudyView

Record = dict[str, Any]
STYLES = {"better": "green", "worse": "red", "no difference": "yellow"}
HEADINGS = {
    TEST: "On seeds that the search did not use",
    HELD_OUT: "On tasks that were held out",
    REAL: "Real training",
}
WORDS = {"better": "better than", "worse": "worse than", "no difference": "not shown to differ from"}
FEW = 5


def print_study(view: StudyView, workspace: Path, folder: Path) -> None:
    """The champion, what it is against everything else, and where to look."""
    final = view.final
    if final is None:
        return
    for phase, heading in HEADINGS.items():
        claims = [claim for claim in final["claims"] if claim["phase"] == phase]
        if claims:
            out.print(_claims(claims, heading))
            out.print()
    out.print(sentence(final), soft_wrap=False)
    if final["changes"]:
        out.print("\nWhat the champion changes of the seed document:")
        print_changes(final["changes"])
    if final["simplest"] != final["champion"]:
        out.print(f"\nWithin one standard error of it, and smaller: [bold]{final['simplest']}[/]")
    if parts := _parts(final["knock_outs"]):
        out.print("\nWhat it loses without a part (95 % intervals):")
        out.print(parts)
    if feedback := final.get("feedback"):
        out.print(f"\n{escape(said_of_predictions(feedback))}", soft_wrap=False)
    if rewrites := final.get("rewrites"):
        out.print(f"\n{escape(said_of_rewrites(rewrites))}", soft_wrap=False)
    _print_places(workspace, folder)


def print_estimate(found: Estimate, config: StudyConfig, workers: int) -> None:
    """What a study would cost."""
    size = f"{count(config.generations, 'generation')} × {count(config.population, 'candidate')}"
    out.print(
        f"[bold]{size} × up to {count(config.search_seeds, 'seed')}[/], {config.budget_s:g} s on "
        f"{count(config.slots, 'slot')} each"
    )
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(justify="right")
    for phase, span in found.runs.items():
        table.add_row(f"runs, {phase}", _span(span))
    table.add_row("experiments", _span(found.experiments))
    table.add_row("slot-hours", _span(found.slot_hours))
    if found.usd:
        table.add_row("dollars, hardware", _span(found.usd, "$"))
    if found.language:
        table.add_row("calls of language models", _span(found.language.calls))
        table.add_row("tokens in", _span(found.language.input_tokens))
        table.add_row("tokens out", _span(found.language.output_tokens))
        table.add_row("dollars, language models", _span(found.language.usd, "$"))
    table.add_row(f"hours with {count(workers, 'worker')}", _span(found.wall_hours))
    out.print(table)
    out.print(f"[dim]Least to most; times by {found.basis}.[/]")
    if found.language:
        out.print(f"[dim]Calls of teams like the document's, by {found.language.basis}.[/]")
    out.print("Nothing was started.")


def _claims(claims: list[Record], heading: str) -> Table:
    """The champion first, then each entrant by the difference to it."""
    tasks = list(dict.fromkeys(claim["task"] for claim in claims))
    table = Table(box=None, pad_edge=False, header_style="dim", title=f"[bold]{heading}[/]", title_justify="left")
    table.add_column("")
    for task in tasks:
        table.add_column("all tasks" if task == "all" else escape(task), justify="right")
    table.add_column("champion is ahead by", justify="right")
    table.add_column("95 %", justify="right")
    table.add_column("")
    first = [next(claim for claim in claims if claim["task"] == task) for task in tasks]
    table.add_row("[bold]champion[/]", *(f"[bold]{claim['champion_mean']:+.3f}[/]" for claim in first), "", "", "")
    ranked = sorted((claim for claim in claims if claim["task"] == tasks[0]), key=lambda claim: claim["difference"])
    for claim in ranked:
        own = [next(c for c in claims if (c["task"], c["entrant"]) == (task, claim["entrant"])) for task in tasks]
        table.add_row(
            escape(claim["entrant"]),
            *(f"{one['mean']:+.3f}" for one in own),
            f"{claim['difference']:+.3f}",
            _interval(claim),
            _word(claim),
        )
    return table


def _word(claim: Record) -> str:
    """What the interval says of the champion, as plainly where it is bad news."""
    return f"[{STYLES[claim['verdict']]}]{claim['verdict']}[/]" if claim["low"] is not None else "[dim]one seed[/]"


def _interval(claim: Record) -> str:
    return f"[{claim['low']:+.3f}, {claim['high']:+.3f}]".replace("[", r"\[") if claim["low"] is not None else ""


def sentence(final: Record) -> str:
    """The claim against the seed document, in a sentence or two."""
    name = f"[bold]{final['champion']}[/]"
    claim = next((c for c in final["claims"] if (c["phase"], c["entrant"]) == (TEST, "seed document")), None)
    if claim is None:
        return f"{name} is the seed document itself: the search found nothing better."
    seeds = count(claim["seeds"], "test seed")
    if claim["seeds"] < FEW:
        word = "ahead of" if claim["difference"] > 0 else "behind"
        return (
            f"On {seeds} {name} is {word} the seed document by {abs(claim['difference']):.3f}. "
            "So few seeds cannot tell skill from luck: --test-seeds 20 would say more."
        )
    raw, mean = final["estimates"]["raw"], claim["champion_mean"]
    flattered = f" The search had flattered it with {raw:+.3f}; the test says {mean:+.3f}." if raw > mean else ""
    return (
        f"{name} is {WORDS[claim['verdict']]} the seed document: {claim['difference']:+.3f} {_interval(claim)}; "
        f"{seeds} resolve differences of {claim['mdd']:.3f}.{flattered}"
    )


def _parts(knock_outs: list[Record]) -> Table | None:
    if not knock_outs:
        return None
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right", style="dim")
    table.add_column(style="dim")
    for part in sorted(knock_outs, key=lambda part: -part["difference"])[:12]:
        sure = part["low"] is not None and (part["low"] > 0 or part["high"] < 0)
        style = "bold" if sure else "dim"
        model = f"the model says {part['model']:+.3f}" if "model" in part else ""
        table.add_row(escape(part["part"]), f"[{style}]{part['difference']:+.3f}[/]", _interval(part), model)
    return table


def _print_places(workspace: Path, folder: Path) -> None:
    where = "" if find_workspace() == workspace else f" --workspace {shlex.quote(str(workspace))}"
    out.print(f"\nBest document: {near(folder / 'best.md')}", markup=False)
    out.print(f"Report: {near(folder / 'report.html')}", markup=False)
    command_line = escape(f"{own_command()} ui{where}")
    out.print(f"Generations in MLflow: [bold]{command_line}[/]")


def _span(span: Span, unit: str = "") -> str:
    low, high = (f"{unit}{value:,.0f}" if value >= 10 else f"{unit}{value:.2g}" for value in span)
    return low if low == high else f"{low} – {high}"
