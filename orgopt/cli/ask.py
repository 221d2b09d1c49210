"""`orgopt ask`: a unit test of a document's charters."""

import click
from rich.markup import escape
from rich.table import Table

import orgopt
from orgopt.api.asking import AskResult
from orgopt.asking.situations import MOMENTS
from orgopt.cli.shared.base import bounded, out, print_json
from orgopt.cli.shared.exits import command
from orgopt.cli.shared.messages import Said
from orgopt.study.wording import signed


@click.command(
    "ask",
    epilog="\b\nExamples:\n  orgopt ask my-lab.md --task digits\n"
    "  orgopt ask orgs/trio.md --task digits --model openai/gpt-5-mini --samples 20 --max-usd 1",
)
@click.argument("path", metavar="FILE")
@click.option(
    "--task", "task_name", required=True, help="Name of a task that can be replayed, or a path to its folder."
)
@click.option("--model", help="The model that is asked for all roles.  [default: each role's own]")
@click.option(
    "--samples",
    type=bounded("samples"),
    default=8,
    show_default=True,
    help="How often a role is asked in each situation.",
)
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(MOMENTS),
    help="A situation; give it several times for more.  [default: all that a role meets]",
)
@click.option("--seed", type=bounded("seed"), default=0, show_default=True, help="Decides the situations.")
@click.option(
    "--max-usd", type=bounded("max_usd"), help="Dollars that language models may cost in all.  [default: no limit]"
)
@click.option(
    "--max-tokens", type=bounded("max_tokens"), help="Tokens that language models may use in all.  [default: no limit]"
)
@click.option("--json", "as_json", is_flag=True, help="Print as JSON.")
@command
def ask_command(
    path: str,
    task_name: str,
    model: str | None,
    samples: int,
    only: tuple[str, ...],
    seed: int,
    max_usd: float | None,
    max_tokens: int | None,
    as_json: bool,
) -> None:
    """Ask the roles of a document what they would do in fixed situations, and say how good their answers are.

    Nothing is run: a replay of the task says at once what a proposed experiment would give. Of a search, its rewriter
    is asked to improve a document, and what it proposes is run in replay.
    """
    result = orgopt.ask(
        path,
        task=task_name,
        model=model,
        samples=samples,
        only=only,
        seed=seed,
        max_usd=max_usd,
        max_tokens=max_tokens,
        callback=Said(),
    )
    if as_json:
        print_json("ask", result.to_dict())
    else:
        _print(result)


def _print(result: AskResult) -> None:
    """Print what came of it for a person."""
    for name, held in result.models.items():
        how = "its answers are held to a JSON schema" if held else "nothing holds its answers to a schema"
        out.print(f"[bold]{escape(name)}[/]: {how}")
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in ("role", "situation"):
        table.add_column(name, no_wrap=True)
    for name in ("valid", "at first", "repeats", "tokens in", "out", "cached", "seconds", "dollars", "gain"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in result.answered:
        shares = (f"{share:.0%}" for share in (one.valid, one.first, one.repeats))
        tokens = (f"{one.input_tokens:.0f}", f"{one.output_tokens:.0f}", f"{one.cached:.0%}")
        gain = "" if one.gain is None else signed(one.gain)
        cost = (f"{one.seconds:.1f}", f"{one.usd:.4f}", gain)
        table.add_row(escape(one.role), one.moment, *shares, *tokens, *cost)
    out.print(table)
    for one in result.answered:
        if one.error:
            out.print(f"{one.role}, {one.moment}: {one.error}", markup=False, soft_wrap=True)
    out.print(
        "[dim]gain: how much better proposed experiments are than what they start from, as quality (1 is the task's "
        "reference), without noise[/]",
        soft_wrap=True,
    )
