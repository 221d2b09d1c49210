"""What a study that is planned would cost."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from orgopt.agent_names import LANGUAGE_AGENT
from orgopt.agents.session import FROZEN, Language, speaks, thaw
from orgopt.agents.toml_models import LanguageSettings
from orgopt.api.labs import experiment_s, kept_baseline
from orgopt.document import require_org
from orgopt.errors import OrgoptError
from orgopt.evolve.cost_forecast.calls import Bounds, Calls, CallTerms, Pace, calls, earlier, first_questions
from orgopt.evolve.cost_forecast.estimate import Estimate, estimate, speaking, timing
from orgopt.evolve.cost_forecast.rewriters import asking_calls, rewriter_calls
from orgopt.org import Org
from orgopt.study.records.names import LOG
from orgopt.study.view import StudyView, load_study

if TYPE_CHECKING:
    from orgopt.api.study_plan import Plan


_UNKNOWN_S = 60.0


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
        experiment_s=_experiment_s(planned),
        workers=planned.workers,
        timed=timing(_earlier(planned.workspace), config.budget_s, config.slots),
        usd_per_slot_hour=usd_per_slot_hour,
    )
    language = _calls(planned, found)
    if language is None:
        return found
    # In a replay everything waits for what is thought; where experiments train, that is within their budget.
    together = Bounds(1 / (planned.workers * max(1, require_org(planned.program).headcount)), 1 / planned.workers)
    hours = language.hours.by(together) if planned.lab == "replay" else Bounds(0, 0)
    return replace(found, language=language, wall_hours=found.wall_hours.plus(hours))


def _experiment_s(planned: "Plan") -> float:
    """Slot-seconds of one experiment, about: of a checkout that has not run here, as of a minute."""
    config = planned.config
    known = {
        name: experiment_s(kept_baseline(task, planned.workspace)) or _UNKNOWN_S for name, task in planned.tasks.items()
    }
    # Of the shortest budget, so that what differs is as long as it is.
    return sum(one * config.budget_s / config.budget_of(name) for name, one in known.items()) / len(known)


def _calls(planned: "Plan", found: Estimate) -> Calls | None:
    """What language agents and the rewriter would ask, at the prices that the study was begun with, where it was."""
    org, mlruns = require_org(planned.program), planned.workspace / "mlruns"
    begun = mlruns / "studies" / (planned.name or "")
    is_begun = (begun / FROZEN).is_file()
    settings = thaw(planned.language, begun) if is_begun else planned.language
    pace = _pace(planned, org, settings) if speaks(org) else None
    asked = [_of_agents(planned, found, org, settings, pace)] if speaks(org) else []
    if rewriter := rewriter_calls(planned.config, planned.program, len(planned.searched), settings):
        asked.append(rewriter)
    searched = [planned.tasks[name] for name in planned.searched]
    if scoring := asking_calls(planned.config, org, searched, settings, pace):
        asked.append(scoring)
    if asked and not is_begun:
        names = [role.model for role in org.roles if role.headcount and role.agent == LANGUAGE_AGENT]
        own = [planned.config.rewriter_model or settings.rewriter] if rewriter else []
        asked.append(first_questions(settings, [name or settings.default for name in (*names, *own)]))
    return reduce(Calls.plus, asked) if asked else None


def _of_agents(planned: "Plan", found: Estimate, org: Org, settings: LanguageSettings, pace: Pace | None) -> Calls:
    """What the language agents of a study would ask."""
    config = planned.config
    tasks, held_out = len(planned.tasks) - len(planned.held_out), len(planned.held_out)
    runs, firsts = speaking(config, found.runs, tasks=tasks, held_out=held_out)
    terms = CallTerms(
        budget_s=config.budget_s,
        slots=config.slots,
        experiment_s=_experiment_s(planned),
        edits=planned.lab in {"local", "ray"},
        runs=runs,
        firsts=firsts,
        virtual=planned.lab not in {"local", "ray"},
    )
    return calls(org, list(planned.tasks.values()), settings, terms, pace)


def _pace(planned: "Plan", org: Org, settings: LanguageSettings) -> Pace | None:
    """How long calls of the models took that an organization thinks with; None where too few were made."""
    with Language(org, settings) as language:
        return earlier((path.parent for path in (planned.workspace / "mlruns").rglob("answers.jsonl")), language.prices)


def _earlier(workspace: Path) -> Iterator[StudyView]:
    """The studies of a workspace that can be read."""
    for path in sorted((workspace / "mlruns" / "studies").glob(f"*/{LOG}")):
        with suppress(OrgoptError):
            yield load_study(path.parent)
