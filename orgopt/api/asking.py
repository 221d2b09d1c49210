"""A unit test of charters: the roles of a document are asked what they would do, and nobody runs anything."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from orgopt.agent_names import LANGUAGE_AGENT, REWRITING_AGENTS
from orgopt.agents.session import Language
from orgopt.agents.thinking.spend import Spend
from orgopt.agents.toml_models import LanguageSettings
from orgopt.api.bounds import require
from orgopt.api.inputs import AnyTask, Document, announce, one_task, program_of, told, workspace_of
from orgopt.api.labs import budgets_of, open_lab
from orgopt.api.language import answering, check, language_settings
from orgopt.asking.ask import Answered, asked_roles
from orgopt.asking.ask import ask as ask_roles
from orgopt.asking.situations import MOMENTS, Moment
from orgopt.basics.callback import Callback
from orgopt.document import Program, load
from orgopt.errors import UsageError
from orgopt.evolve.asked_rewriter import ask_rewriter, rewriter_of
from orgopt.evolve.trials.arena import Arena
from orgopt.evolve.trials.job import ArenaConfig
from orgopt.invocation import argument
from orgopt.org import Org
from orgopt.plugin_faults import naming_packages
from orgopt.storage.json_values import json_values
from orgopt.tasks.source import shipped
from orgopt.tasks.task import Task

IMPROVED, BUDGET = "trio", "15x"
"""The shipped document that rewriters are asked to improve, and the budget of its runs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskResult:
    """What came of asking the roles of a document.

    Attributes:
        document, task: Where the document is, and the task's name.
        models: The models that answered, with whether they are held to a JSON schema.
        answered: A row a role and situation.
    """

    document: str
    task: str
    models: dict[str, bool]
    answered: tuple[Answered, ...]

    def to_dict(self) -> dict[str, Any]:
        """It as JSON values."""
        return json_values(self)


@naming_packages()
def ask(
    document: Document,
    *,
    task: AnyTask,
    model: str | None = None,
    samples: int = 8,
    only: Sequence[str] = (),
    seed: int = 0,
    max_usd: float | None = None,
    max_tokens: int | None = None,
    callback: Callback | None = None,
) -> AskResult:
    """Put fixed situations to the language model of each role of a document, and say how good its answers are.

    What was tried in a situation is that of two policies in a replay of the task, the same for each model and charter;
    so a table before a change of a charter can be compared with one after it. Nothing is kept.

    Of a search, the rewriter is asked to improve `orgs/trio.md`, and what it proposes is run, see
    `orgopt.evolve.asked_rewriter`.

    Args:
        document: The document, or where it is kept.
        task: What is researched; it has to have a recording or a world.
        model: Who is asked for all roles; None is each role's own. With a model, the roles of a document without any
            that thinks are asked as if they did.
        samples: How often a role is asked in each situation.
        only: Situations, of `start`, `middle`, `late`, `review` and `report`; empty is all that a role meets.
        seed: Decides the situations.
        max_usd: Dollars that language models may cost in all; None is no limit.
        max_tokens: Tokens that they may use in all; None is no limit.
        callback: Told of notes.

    Raises:
        DocumentError, UsageError, TaskError, ModelError: See `orgopt.errors`.
    """
    hears = told(callback)
    require(seed=seed, samples=samples, max_usd=max_usd, max_tokens=max_tokens)
    wanted: Sequence[Moment] = [moment for moment in MOMENTS if moment in only]
    if wrong := [name for name in only if name not in MOMENTS]:
        raise UsageError(f"there is no situation '{wrong[0]}': {', '.join(MOMENTS)}")
    program, workspace = program_of(document), workspace_of(document)
    org, loaded = announce(program, hears), one_task(task, workspace)
    settings = language_settings(workspace, max_usd, max_tokens)
    if org.searches:
        if only:
            raise UsageError(f"a search is asked in one situation, rewrite: leave out {argument('only')}")
        return _asked_search(
            program, _rewriting(org, model or settings.rewriter), loaded, settings, samples, seed, workspace
        )
    org = _asked(org, model)
    check(org, settings, instead=f"name who is asked: {argument('model', 'NAME')}")
    spend = Spend(max_usd=max_usd, max_tokens=max_tokens)
    settings = answering(org, settings, spend)
    with Language(org, settings, spend=spend) as language, open_lab(loaded, "replay", 2, hears) as lab:
        rows = ask_roles(org, loaded, lab, language, samples=samples, seed=seed, only=wanted)
        models = {opened.settings.name: bool(opened.settings.schema) for opened in language.models.values()}
    return AskResult(document=program.source, task=loaded.name, models=models, answered=tuple(rows))


def _asked(org: Org, model: str | None) -> Org:
    """An organization whose roles think with a model, all of them where none did."""
    if model is None:
        return org
    asked = asked_roles(org) or [role for role in org.roles if role.headcount]
    roles = [replace(role, agent=LANGUAGE_AGENT, model=model) if role in asked else role for role in org.roles]
    return replace(org, roles=tuple(roles))


def _asked_search(
    program: Program, search: Org, task: Task, settings: LanguageSettings, samples: int, seed: int, workspace: Path
) -> AskResult:
    """What came of asking the rewriter of a search to improve a shipped document."""
    name = rewriter_of(search).model
    spend = Spend(max_usd=settings.max_usd, max_tokens=settings.max_tokens)
    settings = answering(search, settings, spend, name)
    budget_s = budgets_of(BUDGET, {task.name: task}, workspace)[task.name]
    terms = ArenaConfig(lab="replay", slots=2, budget_s=budget_s, verify_seeds=1)
    document = next(root / f"{IMPROVED}.md" for root in shipped("orgs"))
    with TemporaryDirectory(prefix="orgopt-ask-") as folder, Arena({task.name: task}, terms) as arena:
        row = ask_rewriter(
            search, load(document), arena, samples=samples, seed=seed, language=settings, folder=Path(folder)
        )
    asked = settings.model(name)
    return AskResult(document=program.source, task=task.name, models={asked.name: bool(asked.schema)}, answered=(row,))


def _rewriting(search: Org, model: str) -> Org:
    """A search whose rewriters ask a model, where one is named."""
    if not model:
        return search
    roles = [replace(role, model=model) if role.agent in REWRITING_AGENTS else role for role in search.roles]
    return replace(search, roles=tuple(roles))
