"""How often a study's rewriter would ask its model, and what that costs, before anything is asked."""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from orgopt.agents.llm.prices import price_of
from orgopt.agents.toml_models import LanguageSettings
from orgopt.asking.ask import asked_roles
from orgopt.asking.situations import moments
from orgopt.document import Program
from orgopt.evolve.cost_forecast.calls import DENSE, REPAIRED, THIN, Bounds, Calls, Pace, guess
from orgopt.evolve.proposers.rewrite.evidence import MAX_LEARNED, MAX_RUN
from orgopt.evolve.proposers.rewrite.rewriting import optimizer_runs
from orgopt.org import Org
from orgopt.study.config import BY_ASKING, OPTIMIZERS, StudyConfig
from orgopt.tasks.task import Task

_FIXED = 2_500  # characters of instructions and answers' forms
_PLACES = 8_000
_RUNS = 4  # that a rewriter reads
_SAID = Bounds(50, 600)  # tokens of an answer
_CALL_S = Bounds(0.5, 30)


def rewriter_calls(config: StudyConfig, program: Program, tasks: int, settings: LanguageSettings) -> Calls | None:
    """What the rewriter of a study would ask; None where it asks nobody, or its package alone knows.

    Raises:
        UsageError: Its model has no price.
    """
    if not config.rewrites or config.rewriter not in {"reflect", *OPTIMIZERS}:
        return None
    model = settings.model(config.rewriter_model or settings.rewriter)
    later = config.generations - 1
    if config.rewriter in OPTIMIZERS:
        # Of each optimizer a proposal takes two runs at least, one of what it was given and one of what it proposes.
        asked = Bounds(later, later * REPAIRED * optimizer_runs(config, tasks) / 2)
        told = Bounds(_FIXED / THIN, (_FIXED + _RUNS * MAX_RUN) / DENSE)
    else:
        asked = Bounds(later * config.rewrites, later * config.rewrites * REPAIRED)
        most = _FIXED + len(program.text) + _PLACES + MAX_LEARNED + _RUNS * MAX_RUN
        told = Bounds((_FIXED + len(program.text)) / THIN, most / DENSE)
    inputs, outputs = asked.by(told), asked.by(_SAID)
    price = price_of(settings, model)
    usd = Bounds(*(price.of(int(a), int(b)) for a, b in zip(inputs, outputs, strict=True)))
    hours = asked.by(_CALL_S).times(1 / 3600)
    basis = f"a guess of what {config.rewriter} reads"
    return Calls(calls=asked, input_tokens=inputs, output_tokens=outputs, usd=usd, hours=hours, basis=basis)


def asking_calls(
    config: StudyConfig, org: Org, tasks: Sequence[Task], settings: LanguageSettings, pace: Pace | None
) -> Calls | None:
    """What an optimizer would ask the roles of a document to score charters; None where it runs teams for that.

    Args:
        config: The study's settings.
        org: The seed document's organization, whose roles stand for those of candidates.
        tasks: Those that are searched.
        settings: How models are reached, and their prices.
        pace: How long calls take, from earlier answers; None guesses.

    Raises:
        UsageError: A role has no model, or a model no price.
    """
    if not config.rewrites or config.rewriter not in OPTIMIZERS or config.rewrite_metric != BY_ASKING:
        return None
    rounds = Bounds(0.5, 1).times((config.generations - 1) * optimizer_runs(config, len(tasks)))
    found: list[Calls] = []
    for role in asked_roles(org):
        price = price_of(settings, settings.model(role.model))
        own = pace or guess(org, role, tasks, edits=False)
        asked = rounds.times(len(moments(org, role))).by(Bounds(1, REPAIRED))
        inputs, outputs = asked.by(own.input_tokens), asked.by(own.output_tokens)
        usd = Bounds(*(price.of(int(a), int(b)) for a, b in zip(inputs, outputs, strict=True)))
        hours = asked.by(own.seconds).times(1 / 3600)
        basis = f"fixed questions by which {config.rewriter} scores charters"
        found.append(Calls(calls=asked, input_tokens=inputs, output_tokens=outputs, usd=usd, hours=hours, basis=basis))
    return replace(reduce(Calls.plus, found), basis=found[0].basis) if found else None
