"""What language agents think with, in the front door: settings and limits, prices that stay as they were."""

from dataclasses import replace
from pathlib import Path

from orgopt.agents.llm.prices import price_of
from orgopt.agents.session import FROZEN, Language, Means, freeze, speaks, thaw
from orgopt.agents.settings import LanguageSettings, Price, read_settings
from orgopt.called import argument
from orgopt.errors import UsageError
from orgopt.org import Org
from orgopt.workspace import read_tables


def language_settings(workspace: Path, max_usd: float | None, max_tokens: int | None) -> LanguageSettings:
    """What a workspace's settings and the environment say, with limits.

    Raises:
        UsageError: A table is not understood.
    """
    return replace(read_settings(read_tables(workspace)), max_usd=max_usd, max_tokens=max_tokens)


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
        try:
            Language(org, settings).close()
        except UsageError as error:
            raise UsageError(f"{error}; or let a policy stand in: {argument('agents', 'tpe')}") from None
    if rewriter is not None:
        from orgopt.agents.llm.model import Model

        model = settings.model(rewriter)
        Model(model, price_of(settings, model))


def frozen(org: Org, settings: LanguageSettings, folder: Path, rewriter: str | None = None) -> LanguageSettings:
    """Settings with the default model and the prices that a folder was begun with; keeps them there at first."""
    if not speaks(org) and rewriter is None:
        return settings
    if not (folder / FROZEN).exists():
        found: dict[str, Price] = {}
        if speaks(org):
            with Language(org, settings) as language:
                found |= language.prices
        if rewriter is not None:
            model = settings.model(rewriter)
            found[model.name] = price_of(settings, model)
        freeze(settings, found, folder)
    return thaw(settings, folder)


def means(org: Org, settings: LanguageSettings, folder: Path, rewriter: str | None = None) -> Means:
    """What all runs of a study or a contest think with: settings as its folder keeps them, and one account."""
    return Means(settings=frozen(org, settings, folder, rewriter), account=folder / "spend.jsonl")
