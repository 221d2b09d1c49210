"""What a study that is planned would cost."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from orgopt.agents.session import FROZEN, Language, speaks, thaw
from orgopt.api.labs import experiment_s
from orgopt.document import require_org
from orgopt.errors import OrgoptError
from orgopt.evolve.forecast.calls import Calls, calls, earlier
from orgopt.evolve.forecast.calls import Terms as CallTerms
from orgopt.evolve.forecast.estimate import Estimate, estimate, speaking, timing
from orgopt.study.records.names import LOG
from orgopt.study.view import StudyView, load_study

if TYPE_CHECKING:
    from orgopt.api.study_plan import Plan


def forecast(planned: "Plan", usd_per_slot_hour: float | None) -> Estimate:
    """What a study would cost, from what earlier ones in its workspace did.

    Args:
        planned: The study.
        usd_per_slot_hour: The price of the hardware.

    Raises:
        UsageError: A role has no model, or a model no price.
    """
    config = planned.config
    found = estimate(
        config,
        require_org(planned.program),
        tasks=len(planned.searched),
        held_out=len(planned.held_out),
        trains=planned.lab != "replay",
        experiment_s=sum(map(experiment_s, planned.tasks.values())) / len(planned.tasks),
        workers=planned.workers,
        timed=timing(_earlier(planned.workspace), config.budget_s, config.slots),
        usd_per_slot_hour=usd_per_slot_hour,
    )
    return replace(found, language=_calls(planned, found))


def _calls(planned: "Plan", found: Estimate) -> Calls | None:
    """What language agents would ask, at the prices that the study was begun with, where it was."""
    config = planned.config
    org, mlruns = require_org(planned.program), planned.workspace / "mlruns"
    if not speaks(org):
        return None
    begun = mlruns / "studies" / (planned.name or "")
    settings = thaw(planned.language, begun) if (begun / FROZEN).is_file() else planned.language
    tasks, held_out = len(planned.tasks) - len(planned.held_out), len(planned.held_out)
    runs, firsts = speaking(config, found.runs, tasks=tasks, held_out=held_out)
    terms = CallTerms(
        budget_s=config.budget_s,
        slots=config.slots,
        experiment_s=sum(map(experiment_s, planned.tasks.values())) / len(planned.tasks),
        edits=planned.lab == "local",
        runs=runs,
        firsts=firsts,
        virtual=planned.lab != "local",
    )
    with Language(org, settings) as language:
        pace = earlier((path.parent for path in mlruns.rglob("answers.jsonl")), language.prices)
    return calls(org, list(planned.tasks.values()), settings, terms, pace)


def _earlier(workspace: Path) -> Iterator[StudyView]:
    """The studies of a workspace that can be read."""
    for path in sorted((workspace / "mlruns" / "studies").glob(f"*/{LOG}")):
        with suppress(OrgoptError):
            yield load_study(path.parent)
