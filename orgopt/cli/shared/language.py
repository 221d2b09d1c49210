"""Options of agents that think in words: who stands in for them, and what language models may cost."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from orgopt.cli.shared.base import bounded

_STAND_IN = (
    "A policy that stands in for all agents that think with a language model or a command: tpe, gp, hill-climb, …"
)
F = TypeVar("F", bound=Callable[..., Any])


def limit_options(body: F) -> F:
    """`--agents`, `--max-usd` and `--max-tokens`."""
    agents = click.option("--agents", metavar="POLICY", help=_STAND_IN)
    usd = click.option(
        "--max-usd", type=bounded("max_usd"), help="Dollars that language models may cost in all.  [default: no limit]"
    )
    tokens = click.option(
        "--max-tokens",
        type=bounded("max_tokens"),
        help="Tokens that language models may use in all.  [default: no limit]",
    )
    return agents(usd(tokens(body)))
