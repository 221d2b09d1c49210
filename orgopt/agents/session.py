"""The language side of a run: the models of its roles, the record of their answers, what they cost and remember.

Light by itself: what needs DSPy is imported when a language agent is opened.
"""

import json
import os
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple, Protocol, Self

from orgopt.agents.command.config import CommandSettings
from orgopt.agents.llm.prices import price_of
from orgopt.agents.settings import LanguageSettings, ModelSettings, Price, read_settings
from orgopt.agents.thinking.answers import Answers
from orgopt.agents.thinking.spend import OVER_BUDGET, Spend
from orgopt.agents.thinking.thought import Purpose, Situation, Thought
from orgopt.errors import StoreError, UsageError
from orgopt.ledger import write_text
from orgopt.org import LANGUAGE_AGENT, Org, Role

MAX_MEMORY_BYTES = 16_384
FROZEN = "language.json"
"""Where a run or a study keeps the models and prices that it was begun with."""

CHOICE = "ORGOPT_LANGUAGE"
"""Environment variable with what was chosen, without secrets, for processes that this one starts."""


class Thinker(Protocol):
    """An agent that takes its time to think."""

    def brief(self, purpose: Purpose, now: Situation) -> Mapping[str, str]:
        """What it is to be told."""
        ...

    def think(
        self, purpose: Purpose, now: Situation, told: Mapping[str, str], *, recorded_only: bool = False
    ) -> Thought:
        """Think until there is an answer; may run in a thread.

        Raises:
            StoreError: There is no recorded answer, and only one would do.
        """
        ...

    def describe(self, now: Situation) -> Mapping[str, Any]:
        """What it is told once and for all, and what it thinks with, for the ledger."""
        ...

    def stop(self) -> None:
        """End the thought that goes on, where that would go on by itself."""
        ...


def speaks(org: Org) -> bool:
    """Whether an organization has an agent that takes its time to think."""
    return any(role.headcount and role.thinks for role in org.roles)


class Memories(NamedTuple):
    """The folders of lasting memories, a Markdown file a role: where they are read and where they are written."""

    reads: Path | None = None
    writes: Path | None = None


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
    ) -> None:
        self.settings, self._environ, self._clock = settings, environ, clock
        self.prices: dict[str, Price] = {}
        self._models: dict[str, Any] = {}
        self._commands: list[Thinker] = []
        for role in org.roles:
            if role.headcount and role.agent == LANGUAGE_AGENT:
                self._open(role, resumed=resumed)
            elif role.headcount and role.command and not resumed:
                from orgopt.agents.command.agent import check

                check(role, settings.command(role), environ)
        book = folder / "spend.jsonl" if folder else None
        self.spend = spend or Spend(book, max_usd=settings.max_usd, max_tokens=settings.max_tokens)
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

    def thinker(self, agent: str, role: Role, risk: float) -> Thinker:
        """A new agent."""
        if role.command:
            from orgopt.agents.command.agent import CommandAgent

            answers, spend, environ = self._answers, self.spend, self._environ
            command = CommandAgent(
                agent, role, self.settings, answers=answers, spend=spend, environ=environ, clock=self._clock
            )
            self._commands.append(command)
            return command
        from orgopt.agents.llm.agent import LanguageAgent

        model = self._models[role.model]
        return LanguageAgent(agent, role.id, risk, model=model, answers=self._answers, spend=self.spend)

    def remembers(self, role: Role) -> bool:
        """Whether a role writes what it remembers when the run ends."""
        return _memory(self._memories.writes, role) is not None

    def memory(self, role: Role) -> str:
        """What a role remembers of earlier runs; empty at first."""
        path = _memory(self._memories.reads, role)
        if path is None or not path.is_file():
            return ""
        return path.read_bytes()[:MAX_MEMORY_BYTES].decode("utf-8", "replace").strip()

    def remember(self, role: Role, text: str) -> None:
        """Write what a role is to remember.

        Raises:
            StoreError: It cannot be written.
        """
        path = _memory(self._memories.writes, role)
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise StoreError(f"cannot write {path}: {error.strerror}") from None
            write_text(path, text.strip() + "\n")

    def stop(self) -> None:
        """End the commands that run."""
        for command in self._commands:
            command.stop()

    def close(self) -> None:
        """End what runs and close the record. May be called twice."""
        self.stop()
        self._answers.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


def _memory(folder: Path | None, role: Role) -> Path | None:
    return folder / f"{role.id}.md" if folder and role.memory == "lasting" else None


def refuse(org: Org) -> None:
    """Check that no agent would have to think, where nothing was opened for them.

    Raises:
        UsageError: One would.
    """
    if speaks(org):
        named = next(role for role in org.roles if role.headcount and role.thinks)
        what = "command" if named.command else "language model"
        raise UsageError(f"{named.name} thinks with a {what}, and none was opened")


def choose(settings: LanguageSettings, account: Path | None) -> None:
    """Choose what the runs of this process and of what it starts think with, and the account that they share."""
    data = {**asdict(settings), "account": str(account) if account else None}
    os.environ[CHOICE] = json.dumps(data)


def open_chosen(org: Org, *, folder: Path | None = None, memories: Memories | None = None) -> Language:
    """What was chosen for this process, opened for an organization; what the environment names where nobody chose.

    The account is that of all runs, so that an agent of one is not told what is left of it: what a run does must not
    follow from what others spent. Who stopped at a limit is asked again.

    Args:
        org: Whose roles speak.
        folder: Where the run keeps its answers and the prices; None keeps none.
        memories: Where lasting memories are read and written; None is the folder.

    Raises:
        UsageError: A role has no model, or a model no key or no price.
    """
    settings, account = _chosen()
    spend = Spend(account, max_usd=settings.max_usd, max_tokens=settings.max_tokens)
    untold = replace(settings, max_usd=None, max_tokens=None)
    language = Language(org, untold, folder=folder, spend=spend, memories=memories, forget=(OVER_BUDGET,))
    if folder:
        freeze(untold, language.prices, folder)
    return language


def _chosen() -> tuple[LanguageSettings, Path | None]:
    data = json.loads(os.environ.get(CHOICE, "null"))
    if data is None:
        return read_settings({}), None
    account = data.pop("account")
    settings = LanguageSettings(
        default=data["default"],
        models={name: ModelSettings(**one) for name, one in data["models"].items()},
        prices={name: Price(*one) for name, one in data["prices"].items()},
        max_usd=data["max_usd"],
        max_tokens=data["max_tokens"],
        commands={name: CommandSettings.of(one) for name, one in data["commands"].items()},
    )
    return settings, Path(account) if account else None


def freeze(settings: LanguageSettings, prices: Mapping[str, Price], folder: Path) -> None:
    """Keep the default model and the prices of what was opened in a folder.

    Raises:
        StoreError: It cannot be written.
    """
    kept = {"default": settings.default, "prices": {name: [*one] for name, one in prices.items()}}
    write_text(folder / FROZEN, json.dumps(kept) + "\n")


def thaw(settings: LanguageSettings, folder: Path) -> LanguageSettings:
    """Settings with the default model and the prices that a folder was begun with.

    Raises:
        UsageError: They cannot be read.
    """
    path = folder / FROZEN
    try:
        kept = json.loads(path.read_text("utf-8"))
        prices = {name: Price(*map(float, one)) for name, one in kept["prices"].items()}
        return replace(settings, default=kept["default"], prices={**settings.prices, **prices})
    except (OSError, ValueError, TypeError, KeyError):
        raise UsageError(f"{path} cannot be read: it has the models and prices of this run or study") from None
