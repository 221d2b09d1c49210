"""Language agents on the command line: limits, settings of `orgopt.toml`, prices that stay as they were."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click

from orgopt.agents.language import Language, choose, speaks
from orgopt.agents.prices import price_of
from orgopt.agents.settings import LanguageSettings, Price, read_settings
from orgopt.cli import tables
from orgopt.errors import UsageError
from orgopt.ledger import write_text
from orgopt.org import LANGUAGE_AGENT, Org

F = TypeVar("F", bound=Callable[..., Any])
FROZEN = "language.json"
"""Where a run or a study keeps the models and prices that it was begun with."""


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


def check(org: Org, settings: LanguageSettings, rewriter: str | None = None) -> None:
    """Open what an organization's agents think with, and close it, before anything costs time or money.

    Args:
        org: Whose agents.
        settings: How models are reached.
        rewriter: A model that is asked beside them; empty is the default, None is none.

    Raises:
        UsageError: A role has no model, or a model no key or no price; says what to set.
    """
    if speaks(org):
        Language(org, settings).close()
    if rewriter is not None:
        from orgopt.agents.model import Model

        model = settings.model(rewriter)
        Model(model, price_of(settings, model))


def prices_of(org: Org, settings: LanguageSettings) -> dict[str, Price]:
    """Dollars per million tokens by role, of those that think with a language model.

    Raises:
        UsageError: A role has no model, or a model no key or no price.
    """
    roles = [role for role in org.roles if role.headcount and role.agent == LANGUAGE_AGENT]
    if not roles:
        return {}
    with Language(org, settings) as language:
        return {role.id: language.prices[settings.model(role.model).name] for role in roles}


def frozen(org: Org, settings: LanguageSettings, folder: Path, rewriter: str | None = None) -> LanguageSettings:
    """Settings with the default model and the prices that a folder was begun with; keeps them there at first."""
    if not speaks(org) and rewriter is None:
        return settings
    path = folder / FROZEN
    if not path.exists():
        found: dict[str, Price] = {}
        if speaks(org):
            with Language(org, settings) as language:
                found |= language.prices
        if rewriter is not None:
            model = settings.model(rewriter)
            found[model.name] = price_of(settings, model)
        kept = {"default": settings.default, "prices": {name: [*one] for name, one in found.items()}}
        write_text(path, json.dumps(kept) + "\n")
    try:
        kept = json.loads(path.read_text("utf-8"))
        prices = {name: Price(*map(float, one)) for name, one in kept["prices"].items()}
        return replace(settings, default=kept["default"], prices={**settings.prices, **prices})
    except (OSError, ValueError, TypeError, KeyError):
        raise UsageError(f"{path} cannot be read: it has the models and prices of this run or study") from None


def use_together(orgs: Sequence[Org], settings: LanguageSettings, folder: Path) -> None:
    """Let the runs of several organizations think with some settings, on one account."""
    if any(speaks(org) for org in orgs):
        choose(settings, folder / "spend.jsonl")


def use(org: Org, settings: LanguageSettings, folder: Path, rewriter: str | None = None) -> LanguageSettings:
    """Let all runs of a study think with some settings, on one account; returns them as they are kept."""
    kept = frozen(org, settings, folder, rewriter)
    if speaks(org):
        choose(kept, folder / "spend.jsonl")
    return kept
