"""The language side of a run: the models of its roles, the record of their answers, what they cost and remember.

Light by itself: what needs DSPy is imported when a language agent is opened.
"""

import os
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from orgopt.agent_names import LANGUAGE_AGENT
from orgopt.agents import make_agent
from orgopt.agents.approval import Approve
from orgopt.agents.base import Agent
from orgopt.agents.llm.prices import price_of
from orgopt.agents.thinking.answers import Answers
from orgopt.agents.thinking.failures import UNANSWERED
from orgopt.agents.thinking.memories import Memories
from orgopt.agents.thinking.situation import Allowance, Seat
from orgopt.agents.thinking.spend import OVER_BUDGET, Spend
from orgopt.agents.toml_models import LanguageSettings, Price, read_settings
from orgopt.errors import UsageError
from orgopt.org import Org, Role
from orgopt.storage.seal import read_record, write_record

FROZEN = "language.json"
"""Where a run or a study keeps the models and prices that it was begun with."""
FORGOTTEN = UNANSWERED | {OVER_BUDGET}
"""Failures that a run which was no result asks about anew when it goes on."""


def speaks(org: Org) -> bool:
    """Whether an organization has an agent that takes its time to think."""
    return any(role.headcount and role.thinks for role in org.roles)


class Language:
    """What the agents of a run that take their time to think have in common: models, commands, records and account.

    Args:
        org: Whose roles speak.
        settings: How models are reached, and what may be spent.
        folder: Where answers, the account and memories are kept; None keeps none.
        spend: The account, where it is shared with other runs.
        resumed: Whether a run goes on, so that its record may do where no model can be opened.
        memories: Where lasting memories are read and written; None is the folder.
        forget: Failures of an earlier attempt at the run that are asked about anew.
        environ: Where keys are.
        clock: Seconds by which agents are charged for their calls.
        approve: Asked before a script that an agent rewrote runs; None lets all run.

    Raises:
        UsageError: A role has no model, or a model no key or no price, or its command is not declared or not there.
            Nothing was asked.
        SandboxError: A command would run, and there is no bubblewrap here.
    """

    def __init__(
        self,
        org: Org,
        settings: LanguageSettings,
        *,
        folder: Path | None = None,
        spend: Spend | None = None,
        memories: Memories | None = None,
        forget: Collection[str] = (),
        resumed: bool = False,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.perf_counter,
        approve: Approve | None = None,
    ) -> None:
        self.approve = approve
        self.settings, self._environ, self._clock = settings, environ, clock
        self.shared = spend is not None
        self.prices: dict[str, Price] = {}
        self._models: dict[str, Any] = {}
        self._minds: list[Agent] = []
        for role in org.roles:
            if role.headcount and role.agent == LANGUAGE_AGENT:
                self._open(role, resumed=resumed)
            elif role.headcount and role.command:
                from orgopt.agents.command.agent import check

                if not resumed:
                    check(role, settings.command(role), environ)
                if settings.relays(role):
                    self._open(role, resumed=resumed)
        max_usd, max_tokens = settings.max_usd, settings.max_tokens
        book = folder / "spend.jsonl" if folder else None
        self.spend = spend or Spend(book, max_usd=max_usd, max_tokens=max_tokens)
        self._allowance = Allowance(max_usd=max_usd, max_tokens=max_tokens)
        self._answers = Answers(folder / "answers.jsonl" if folder else None, forget)
        own = folder / "memory" if folder else None
        self._memories = memories or Memories(own, own)

    def _open(self, role: Role, *, resumed: bool) -> None:
        """Open the model of a role."""
        from orgopt.agents.llm.model import Absent, Model

        model = self.settings.model(role.model)
        self.prices[model.name] = price_of(self.settings, model)
        if role.model in self._models:
            return
        try:
            self._models[role.model] = Model(model, self.prices[model.name], self._environ, self._clock)
        except UsageError as error:
            if not resumed:
                raise
            self._models[role.model] = Absent(model, str(error))

    @property
    def models(self) -> Mapping[str, Any]:
        """The models that were opened, by the name that documents use; empty is the default one."""
        return self._models

    def agent(self, seat: Seat) -> Agent:
        """A new agent of a role that thinks in words."""
        from orgopt.agents.thinking.mind import Books

        books = Books(answers=self._answers, spend=self.spend, allowance=self._allowance, memories=self._memories)
        if seat.role.command:
            from orgopt.agents.command.agent import CommandAgent

            model = self._models.get(seat.role.model) if self.settings.relays(seat.role) else None
            mind = CommandAgent(seat, books, self.settings, model, environ=self._environ, clock=self._clock)
        else:
            from orgopt.agents.llm.agent import LanguageAgent

            mind = LanguageAgent(seat, books, self._models[seat.role.model])
        self._minds.append(mind)
        return mind

    def stop(self) -> None:
        """End the thoughts that go on by themselves."""
        for mind in self._minds:
            mind.stop()

    def close(self) -> None:
        """End what runs and close the record. May be called twice."""
        self.stop()
        self._answers.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def seated(seat: Seat, language: Language | None) -> Agent:
    """The agent that a role names, at its place in a team.

    Args:
        seat: The place.
        language: What agents think with that think in words; None where there are none.

    Raises:
        UsageError: It would have to think, and nothing was opened for it; or there is no such agent.
    """
    role = seat.role
    if not role.thinks:
        return make_agent(role.agent)
    if language is None:
        what = "command" if role.command else "language model"
        raise UsageError(f"{role.name} thinks with a {what}, and none was opened")
    return language.agent(seat)


def _from_environment() -> LanguageSettings:
    return read_settings({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What the runs of a study or a contest think with, in this process and in its workers. Has no secrets.

    Attributes:
        settings: How models and commands are reached, and what all runs may spend; what the environment names at first.
        account: The book of what they spend, which they share; None keeps one for each run, in memory.
        approve: Asked before a script that an agent rewrote runs, which is in this process alone; None lets all run.
    """

    settings: LanguageSettings = field(default_factory=_from_environment)
    account: Path | None = None
    approve: Approve | None = None

    def open(self, org: Org, *, folder: Path | None = None, memories: Memories | None = None) -> Language:
        """Open them for a run of an organization.

        The account is that of all runs, so that an agent of one is not told what is left of it: what a run does must
        not follow from what others spent. Who stopped at a limit, or was not answered, is asked again.

        Args:
            org: Whose roles speak.
            folder: Where the run keeps its answers and the prices; None keeps none.
            memories: Where lasting memories are read and written; None is the folder.

        Raises:
            UsageError: A role has no model, or a model no key or no price.
        """
        settings = self.settings
        spend = Spend(self.account, max_usd=settings.max_usd, max_tokens=settings.max_tokens)
        untold = replace(settings, max_usd=None, max_tokens=None)
        language = Language(
            org, untold, folder=folder, spend=spend, memories=memories, forget=FORGOTTEN, approve=self.approve
        )
        if folder:
            freeze(untold, language.prices, folder)
        return language


def freeze(settings: LanguageSettings, prices: Mapping[str, Price], folder: Path) -> None:
    """Keep the default model, the prices of what was opened, and how models are asked and charged, in a folder.

    Raises:
        StoreError: It cannot be written.
    """
    held = sorted(name for name, model in settings.models.items() if model.schema)
    loose = sorted(name for name, model in settings.models.items() if model.ranges is False)
    kept = {
        "default": settings.default,
        "prices": {name: [*one] for name, one in prices.items()},
        "schemas": held,
        "loose": loose,
        "whole": sorted(name for name, model in settings.models.items() if model.stream is False),
        "clocks": {name: [one.think, one.latency, one.prefill, one.output] for name, one in settings.models.items()},
    }
    write_record(folder / FROZEN, kept)


def thaw(settings: LanguageSettings, folder: Path) -> LanguageSettings:
    """Settings with the default model and the prices that a folder was begun with.

    Raises:
        UsageError: They cannot be read.
    """
    path = folder / FROZEN
    try:
        kept = read_record(path)
        prices = {name: Price(*map(float, one)) for name, one in kept["prices"].items()}
        held = set[str](kept.get("schemas", ()))  # older versions asked in sections alone
        loose = set[str](kept.get("loose", ()))
        whole = set[str](kept.get("whole", ()))
        models = {
            name: replace(settings.model(name), schema=name in held, ranges=name not in loose, stream=name not in whole)
            for name in {*settings.models, *held}
        }
        for name, (think, latency, prefill, output) in kept.get("clocks", {}).items():
            given = models.get(name) or settings.model(name)
            models[name] = replace(given, think=think, latency=latency, prefill=prefill, output=output)
        return replace(settings, default=kept["default"], prices={**settings.prices, **prices}, models=models)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise UsageError(
            f"{path} has the models and prices of this run or study, and cannot be read ({why}): restore it, or begin "
            "another"
        ) from None
