"""How the result of a study, and the estimate of one, look to a person."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from orgopt.cli.document import print_changes
from orgopt.cli.shared.base import count, near, out, own_command
from orgopt.cli.shared.print_ending import print_ending
from orgopt.evolve.cost_forecast.estimate import Bounds, Estimate
from orgopt.study.config import StudyConfig
from orgopt.study.predictions import said_of_predictions
from orgopt.study.records.kinds import FinalRecord
from orgopt.study.records.names import HELD_OUT, REAL, TEST
from orgopt.study.records.result import Ablation, Claim
from orgopt.study.rewrites import said_of_rewrites
from orgopt.study.verdict.study import ending
from orgopt.study.view import StudyView
from orgopt.study.wording import SEED_DOCUMENT, compared, digits_of, interval, phase_name, plain, signed
from orgopt.workspace import find_workspace

_UNITS = (("s", 1), ("min", 60), ("h", 3600))
STYLES = {"better": "green", "worse": "red", "no difference": "yellow"}
HEADINGS = {
    TEST: "On seeds that the search did not use",
    HELD_OUT: "On tasks that were held out",
    REAL: "Real training",
}


def print_study(view: StudyView, workspace: Path, folder: Path, *, verbose: bool = False) -> None:
    """What a study found, in words, and where to look; `verbose` adds the tables behind it."""
    final = view.final
    if final is None:
        return
    print_ending(ending(view))
    if verbose:
        _print_tables(final)
    _print_places(workspace, folder)


def _print_tables(final: FinalRecord) -> None:
    for phase, heading in HEADINGS.items():
        claims = [claim for claim in final.claims if claim.phase == phase]
        if claims:
            out.print()
            out.print(_claims(claims, heading))
    out.print(_flattery(final))
    if final.changes:
        out.print("\nAll edits of the seed document:")
        print_changes(list(final.changes))
    if parts := _parts(final.ablations):
        out.print("\nWhat the champion loses without a part (95 % intervals):")
        out.print(parts)
    if final.feedback:
        out.print(f"\n{escape(said_of_predictions(final.feedback))}", soft_wrap=False)
    if final.rewrites:
        out.print(f"\n{escape(said_of_rewrites(final.rewrites))}", soft_wrap=False)


def _flattery(final: FinalRecord) -> str:
    """How far the champion's own search had flattered it, and what its tests can tell at all."""
    raw, test = final.estimates.raw, final.estimates.test
    seeds = next((c.mdd for c in final.claims if (c.phase, c.entrant) == (TEST, SEED_DOCUMENT)), None)
    smallest = (
        f" So many seeds show differences of {plain(seeds, digits_of(seeds))} in four of five cases."
        if seeds is not None
        else ""
    )
    tested = f" and {plain(test.mean)} in the tests" if test else ""
    return f"\nThe champion {final.champion} had {plain(raw)} in the search{tested}.{smallest}"


def print_estimate(found: Estimate, config: StudyConfig, workers: int) -> None:
    """What a study would cost."""
    size = f"{count(config.generations, 'generation')} × {count(config.population, 'candidate')}"
    each = [f"{value:g} s on {name}" for name, value in config.budgets_s.items()]
    budget = ", ".join(each) or f"{config.budget_s:g} s"
    out.print(
        f"[bold]{size} × up to {count(config.search_seeds, 'seed')}[/], {budget} on {count(config.slots, 'slot')} each"
    )
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(style="dim")
    table.add_column(justify="right")
    for phase, span in found.runs.items():
        table.add_row(f"runs, {phase_name(phase)}", _span(span))
    table.add_row("experiments", _span(found.experiments))
    table.add_row("time of slots", duration(found.slot_hours.times(3600)))
    if found.usd:
        table.add_row("dollars, hardware", _span(found.usd, "$"))
    if found.language:
        table.add_row("calls of language models", _span(found.language.calls))
        table.add_row("tokens in", _span(found.language.input_tokens))
        table.add_row("tokens out", _span(found.language.output_tokens))
        table.add_row("dollars, language models", _span(found.language.usd, "$"))
    table.add_row(f"time with {count(workers, 'worker')}", duration(found.wall_s))
    for name, spent in found.plain_s.items():
        table.add_row(f"  of that, {name}", duration(Bounds(spent / workers, spent / workers)))
    out.print(table)
    out.print(f"[dim]Least to most; times by {found.basis}.[/]")
    if found.language:
        out.print(f"[dim]Calls of teams like the document's and of the rewriter, by {found.language.basis}.[/]")
    out.print("Nothing was started.")


def _claims(claims: list[Claim], heading: str) -> Table:
    """The champion first, then each entrant by the difference to it."""
    tasks = list(dict.fromkeys(claim.task for claim in claims))
    table = Table(box=None, pad_edge=False, header_style="dim", title=f"[bold]{heading}[/]", title_justify="left")
    table.add_column("")
    for task in tasks:
        table.add_column("all tasks" if task == "all" else escape(task), justify="right")
    table.add_column("champion is, with 95 % interval")
    first = [next(claim for claim in claims if claim.task == task) for task in tasks]
    table.add_row("[bold]champion[/]", *(f"[bold]{plain(claim.champion_mean)}[/]" for claim in first), "")
    ranked = sorted((claim for claim in claims if claim.task == tasks[0]), key=lambda claim: claim.difference)
    for claim in ranked:
        own = [next(c for c in claims if (c.task, c.entrant) == (task, claim.entrant)) for task in tasks]
        table.add_row(
            escape(claim.entrant),
            *(plain(one.mean) for one in own),
            _word(claim),
        )
    return table


def _word(claim: Claim) -> str:
    """What the interval says of the champion, as plainly where it is bad news."""
    style = STYLES[claim.verdict] if claim.low is not None else "dim"
    return f"[{style}]{escape(compared(claim.verdict, claim.difference, claim.low, claim.high))}[/]"


def _interval(one: Ablation) -> str:
    return escape(interval(one.low, one.high, sign=True))


def _parts(ablations: Sequence[Ablation]) -> Table | None:
    if not ablations:
        return None
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    table.add_column(justify="right", style="dim")
    table.add_column(style="dim")
    for part in sorted(ablations, key=lambda part: -part.difference)[:12]:
        style = "dim" if part.verdict == "no difference" else "bold"
        model = "" if part.model is None else f"the model says {signed(part.model)}"
        table.add_row(escape(part.part), f"[{style}]{signed(part.difference)}[/]", _interval(part), model)
    return table


def _print_places(workspace: Path, folder: Path) -> None:
    where = "" if find_workspace() == workspace else f" --workspace {shlex.quote(str(workspace))}"
    out.print(f"\nBest document: {near(folder / 'best.md')}", markup=False)
    out.print(f"Report: {near(folder / 'report.html')}", markup=False)
    command_line = escape(f"{own_command()} ui{where}")
    out.print(f"Generations in MLflow: [bold]{command_line}[/]")


def duration(span: Bounds) -> str:
    """Seconds as a person counts them: `40 – 55 s`, `3 – 12 min`, `2.5 h`, by the longer end."""
    unit, length = next((one for one in _UNITS if span.high < 100 * one[1]), _UNITS[-1])
    return f"{_span(span.times(1 / length))} {unit}"


def _span(span: Bounds, unit: str = "") -> str:
    low, high = (f"{unit}{value:,.0f}" if value >= 10 else f"{unit}{value:.2g}" for value in span)
    return low if low == high else f"{low} – {high}"
