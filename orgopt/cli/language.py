"""Language agents on the command line: limits, settings of `orgopt.toml`, prices that stay as they were."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from orgopt.agents.language import FROZEN, Language, choose, freeze, speaks, thaw
from orgopt.agents.settings import LanguageSettings, read_settings
from orgopt.cli import tables
from orgopt.org import Org

F = TypeVar("F", bound=Callable[..., Any])


def limit_options(body: F) -> F:
    """`--max-usd` and `--max-tokens`."""
    usd = click.option(
        "--max-usd", type=click.FloatRange(0), help="Dollars that language models may cost in all.  [default: no limit]"
    )
    tokens = click.option(
        "--max-tokens", type=click.IntRange(0), help="Tokens that language models may use in all.  [default: no limit]"
    )
    return usd(tokens(body))


def language_settings(max_usd: float | None, max_tokens: int | None) -> LanguageSettings:
    """What `orgopt.toml` and the environment say, with limits.

    Raises:
        UsageError: A table is not understood.
    """
    _, found = tables()
    return replace(read_settings(found), max_usd=max_usd, max_tokens=max_tokens)


def check(org: Org, settings: LanguageSettings) -> None:
    """Open what an organization's agents think with, and close it, before anything costs time or money.

    Raises:
        UsageError: A role has no model, or a model no key or no price; says what to set.
    """
    if speaks(org):
        Language(org, settings).close()


def frozen(org: Org, settings: LanguageSettings, folder: Path) -> LanguageSettings:
    """Settings with the default model and the prices that a folder was begun with; keeps them there at first."""
    if not speaks(org):
        return settings
    if not (folder / FROZEN).exists():
        with Language(org, settings) as language:
            freeze(settings, language, folder)
    return thaw(settings, folder)


def use(org: Org, settings: LanguageSettings, folder: Path) -> None:
    """Let all runs of a study or a contest think with some settings, on one account."""
    if speaks(org):
        choose(frozen(org, settings, folder), folder / "spend.jsonl")
