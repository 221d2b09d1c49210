"""Options of what language models may cost."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from orgopt.cli.shared.base import bounded

F = TypeVar("F", bound=Callable[..., Any])


def limit_options(body: F) -> F:
    """`--max-usd` and `--max-tokens`."""
    usd = click.option(
        "--max-usd", type=bounded("max_usd"), help="Dollars that language models may cost in all.  [default: no limit]"
    )
    tokens = click.option(
        "--max-tokens",
        type=bounded("max_tokens"),
        help="Tokens that language models may use in all.  [default: no limit]",
    )
    return usd(tokens(body))
