"""What `orgopt optimize` was asked for, and what that would cost."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from orgopt.agents.session import FROZEN, Language, speaks, thaw
from orgopt.agents.settings import LanguageSettings
from orgopt.cli.shared.terms import experiment_s
from orgopt.document import Program, require_org
from orgopt.errors import OrgoptError
from orgopt.evolve.forecast.calls import Calls, calls, earlier
from orgopt.evolve.forecast.calls import Terms as CallTerms
from orgopt.evolve.forecast.estimate import Estimate, estimate, speaking, timing
from orgopt.org import Org
from orgopt.study.config import StudyConfig
from orgopt.study.records.names import LOG
from orgopt.study.view import StudyView, load_study
from orgopt.task import Task


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a study was asked to be, beside its settings."""

    path: str
    program: Program
    library: Program | None
    team: Org  # with everybody whom the search may add
    tasks: dict[str, Task]
    held_out: tuple[str, ...]
    lab: str
    workers: int
    workspace: Path
    name: str | None
    tracking: bool
    as_json: bool
    language: LanguageSettings


def forecast(request: Request, config: StudyConfig, price: float | None) -> Estimate:
    """What a study would cost, from what earlier ones in its workspace did.

    Args:
        request: What is asked for.
        config: Its settings.
        price: Dollars of a slot-hour.

    Raises:
        UsageError: A role has no model, or a model no price.
    """
    names = [name for name in request.tasks if name not in request.held_out]
    found = estimate(
        config,
        require_org(request.program),
        tasks=len(names),
        held_out=len(request.held_out),
        trains=request.lab == "local",
        experiment_s=sum(map(experiment_s, request.tasks.values())) / len(request.tasks),
        workers=request.workers,
        timed=timing(_earlier(request.workspace), config.budget_s, config.slots),
        usd_per_slot_hour=price,
    )
    return replace(found, language=_calls(request, config, found))


def _calls(request: Request, config: StudyConfig, found: Estimate) -> Calls | None:
    """What language agents would ask, at the prices that the study was begun with, where it was."""
    org, mlruns = require_org(request.program), request.workspace / "mlruns"
    if not speaks(org):
        return None
    begun = mlruns / "studies" / (request.name or "")
    settings = thaw(request.language, begun) if (begun / FROZEN).is_file() else request.language
    tasks, held_out = len(request.tasks) - len(request.held_out), len(request.held_out)
    runs, firsts = speaking(config, found.runs, tasks=tasks, held_out=held_out)
    terms = CallTerms(
        budget_s=config.budget_s,
        slots=config.slots,
        experiment_s=sum(map(experiment_s, request.tasks.values())) / len(request.tasks),
        edits=request.lab == "local",
        runs=runs,
        firsts=firsts,
    )
    with Language(org, settings) as language:
        pace = earlier((path.parent for path in mlruns.rglob("answers.jsonl")), language.prices)
    return calls(org, list(request.tasks.values()), settings, terms, pace)


def _earlier(workspace: Path) -> Iterator[StudyView]:
    """The studies of a workspace that can be read."""
    for path in sorted((workspace / "mlruns" / "studies").glob(f"*/{LOG}")):
        with suppress(OrgoptError):
            yield load_study(path.parent)
