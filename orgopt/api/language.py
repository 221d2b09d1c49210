"""What language agents think with, in the front door: settings and limits, prices that stay as they were."""

import shutil
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orgopt.agents.approval import Approve
from orgopt.agents.llm.prices import price_of
from orgopt.agents.session import FROZEN, Language, Means, freeze, speaks, thaw
from orgopt.agents.thinking.spend import Spend
from orgopt.agents.toml_models import LanguageSettings, Price, read_settings
from orgopt.errors import ModelError, UsageError
from orgopt.invocation import argument
from orgopt.org import Org
from orgopt.settings import read_tables
from orgopt.storage.json_values import json_values

if TYPE_CHECKING:
    from orgopt.agents.llm.model import Model


def language_settings(workspace: Path, max_usd: float | None, max_tokens: int | None) -> LanguageSettings:
    """What a workspace's settings and the environment say, with limits.

    Raises:
        UsageError: A table is not understood.
    """
    return replace(read_settings(read_tables(workspace)), max_usd=max_usd, max_tokens=max_tokens)


def check(
    org: Org, settings: LanguageSettings, rewriter: str | None = None, *, instead: str = "let a policy stand in: {}"
) -> None:
    """Open what an organization's agents think with, and close it, before anything costs time or money.

    Args:
        org: Whose agents.
        settings: How models are reached.
        rewriter: A model that is asked beside them; empty is the default, None is none.
        instead: What helps as well, with a place for the argument `agents`.

    Raises:
        UsageError: A role has no model, or a model no key or no price; says what to set.
    """
    if speaks(org):
        try:
            Language(org, settings).close()
        except UsageError as error:
            raise UsageError(f"{error}\nor {instead.format(argument('agents', 'tpe'))}") from None
    if rewriter is not None:
        from orgopt.agents.llm.model import Model

        model = settings.model(rewriter)
        Model(model, price_of(settings, model))


def answering(org: Org, settings: LanguageSettings, spend: Spend, rewriter: str | None = None) -> LanguageSettings:
    """Ask each model of an organization for one token, and whether it can be held to a schema.

    Returns:
        The settings, with what was found out.

    Raises:
        ModelError: A model does not answer; says why.
    """
    found = dict(settings.models)
    with Language(org, settings) as language:
        models = {name or settings.default: model for name, model in language.models.items()}
        if rewriter is not None:
            from orgopt.agents.llm.model import Model

            given = settings.model(rewriter)
            models.setdefault(rewriter or settings.default, Model(given, price_of(settings, given)))
        for name, model in models.items():
            one = _asked(name, settings, model, spend)
            if one.problem:
                raise ModelError(f"the model '{name}' does not answer, so that nothing was begun: {one.problem}")
            found[name] = replace(settings.model(name), schema=one.schema, ranges=one.ranges, stream=model.streams)
    return replace(settings, models=found)


@dataclass(frozen=True, slots=True, kw_only=True)
class AskedModel:
    """What came of asking a model.

    Attributes:
        name: As documents and settings call it.
        problem: Why it does not answer; empty where it does.
        schema: Whether its answers are held to a JSON schema.
        ranges: Whether numbers are held to the ranges in one.
    """

    name: str
    problem: str
    schema: bool
    ranges: bool

    def to_dict(self) -> dict[str, Any]:
        """It as JSON values."""
        return json_values(self)


def asked_models(workspace: Path) -> list[AskedModel]:
    """Ask each model that a workspace's settings and the environment name for one token, without a limit of costs.

    Raises:
        UsageError: A table is not understood.
    """
    settings = read_settings(read_tables(workspace))
    names = dict.fromkeys(filter(None, (settings.default, settings.rewriter, *settings.models)))
    found: list[AskedModel] = []
    for name in names:
        from orgopt.agents.llm.model import Model

        try:
            given = settings.model(name)
            found.append(_asked(name, settings, Model(given, price_of(settings, given)), Spend()))
        except UsageError as error:
            found.append(AskedModel(name=name, problem=str(error), schema=False, ranges=True))
    return found


def _asked(name: str, settings: LanguageSettings, model: "Model", spend: Spend) -> AskedModel:
    """Ask a model for one token, and whether it is held to a schema where the settings do not say so."""
    from orgopt.agents.llm.probe import Held, held, problem

    why, given = problem(model, spend), settings.model(name)
    unknown = given.schema is None or (given.schema and given.ranges is None)
    found = held(model, spend) if unknown and not why else Held(bool(given.schema))
    schema = found.schema if given.schema is None else given.schema
    ranges = found.ranges if given.ranges is None else given.ranges
    return AskedModel(name=name, problem=why, schema=schema, ranges=ranges)


def frozen(org: Org, settings: LanguageSettings, folder: Path, rewriter: str | None = None) -> LanguageSettings:
    """Settings with the default model and the prices that a folder was begun with; keeps them there at first.

    At first each model is asked whether it answers, on the folder's account.

    Raises:
        ModelError: One does not.
    """
    if not speaks(org) and rewriter is None:
        return settings
    if not (folder / FROZEN).exists():
        spend = Spend(folder / "spend.jsonl", max_usd=settings.max_usd, max_tokens=settings.max_tokens)
        settings = answering(org, settings, spend, rewriter)
        found: dict[str, Price] = {}
        if speaks(org):
            with Language(org, settings) as language:
                found |= language.prices
        if rewriter is not None:
            model = settings.model(rewriter)
            found[model.name] = price_of(settings, model)
        freeze(settings, found, folder)
    return thaw(settings, folder)


def means(
    org: Org,
    settings: LanguageSettings,
    folder: Path,
    rewriter: str | None = None,
    approve: Approve | None = None,
) -> Means:
    """What all runs of a study or a contest think with: settings as its folder keeps them, and one account.

    Raises:
        ModelError: It begins, and a model does not answer; a new folder is removed.
    """
    new = not any(folder.iterdir())
    try:
        settings = frozen(org, settings, folder, rewriter)
    except ModelError:
        if new:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    return Means(settings=settings, account=folder / "spend.jsonl", approve=approve)


@contextmanager
def going_on(how: str) -> Generator[None]:
    """While runs are made: an error of what agents think with says how to go on once that is mended."""
    try:
        yield
    except ModelError as error:
        raise ModelError(f"{error}\n{how}") from None
