"""What a study would cost, before anything is started."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from statistics import fmean
from typing import Any, NamedTuple

from orgopt.evolve.controls import PLAIN, control_seeds
from orgopt.evolve.cost_forecast.calls import Bounds, Calls
from orgopt.evolve.proposers.rewrite.rewriting import optimizer_runs
from orgopt.evolve.race import FIRST
from orgopt.org import Org
from orgopt.storage.json_values import json_values
from orgopt.study.config import BY_RUN, OPTIMIZERS, StudyConfig
from orgopt.study.records.names import ABLATION, REAL
from orgopt.study.view import StudyView

DOCUMENTS = 6
"""Controls that are documents: more agents, a team by hand, one agent, silent agents, random teams, shuffled links."""
TEAMS_PER_S = 20  # runs of teams in a study that is a run, with what proposes them
REPLAYED_PER_S = 1_000  # experiments of a replayed run, where none was timed yet
PLAIN_THINKS_S = {"optuna:tpe": 0.01, "optuna:tpe+median": 0.03, "optuna:gp": 0.3}
"""CPU seconds an experiment that Optuna's samplers take at some hundred; the median pruner begins twice as many."""
VERIFIED = 6  # submissions that a team makes of about a hundred experiments


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """What a study would cost.

    Attributes:
        runs: Runs of teams by phase, over all tasks.
        experiments: Experiments in all.
        slot_hours: Hours of hardware that they are charged.
        wall_s: Seconds until it ends, with so many workers.
        wall_hours: The same in hours.
        plain_s: Seconds of work that plain Optuna's runs are of that, by sampler, before workers share them.
        usd: Dollars at the price of a slot-hour; None without a price.
        basis: What the times are taken from.
        language: What language agents would ask; None without any.
    """

    runs: Mapping[str, Bounds]
    experiments: Bounds
    slot_hours: Bounds
    wall_s: Bounds
    wall_hours: Bounds
    plain_s: Mapping[str, float]
    usd: Bounds | None
    basis: str
    language: Calls | None = None

    def __repr__(self) -> str:
        hours = f"{self.wall_s.low:.2g} to {self.wall_s.high:.2g} s"
        return f"Estimate({self.experiments.low:.0f} to {self.experiments.high:.0f} experiments, {hours})"

    def to_dict(self) -> dict[str, Any]:
        """The estimate as JSON values."""
        return json_values(self)


class Timing(NamedTuple):
    """Runs of teams that were timed.

    Attributes:
        wall_s: How long one took.
        experiments: How many experiments it had.
        runs: How many runs that is from.
        plain_s: How long a run of plain Optuna took, by sampler, where there were any.
    """

    wall_s: float
    experiments: float
    runs: int
    plain_s: Mapping[str, float]


def estimate(
    config: StudyConfig,
    org: Org,
    *,
    tasks: int,
    held_out: int,
    trains: bool,
    experiment_s: float,
    workers: int,
    timed: Timing | None,
    usd_per_slot_hour: float | None = None,
) -> Estimate:
    """What a study would cost.

    Args:
        config: Its settings.
        org: The seed document's organization, whose size stands for the winner's.
        tasks: How many tasks are searched.
        held_out: How many are held out.
        trains: Whether experiments are real.
        experiment_s: Slot-seconds of one experiment, about.
        workers: Runs at the same time.
        timed: Earlier runs under the same terms, if there are any.
        usd_per_slot_hour: The price of the hardware.
    """
    phases = _runs(config, org, tasks, held_out)
    total = Bounds(sum(span.low for span in phases.values()), sum(span.high for span in phases.values()))
    per_run = config.budget_s * config.slots / experiment_s
    if timed:
        seconds, per_run, basis = timed.wall_s, timed.experiments, f"{timed.runs} earlier runs under the same terms"
    elif trains:
        seconds = config.budget_s + VERIFIED * config.verify_seeds * experiment_s / config.slots
        basis = "the budget, and training again of about six submissions a run"
    elif org.searches:
        per_run = config.budget_s
        seconds, basis = per_run / TEAMS_PER_S, f"{TEAMS_PER_S} replayed runs of teams a second"
    else:
        seconds, basis = per_run / REPLAYED_PER_S, "a thousand replayed experiments a second"
    plain = _plain(config, tasks + held_out, org)
    teams = Bounds(total.low - sum(plain.values()), total.high - sum(plain.values()))
    thinks = {name: 0.0 if trains else per_run * PLAIN_THINKS_S[name] for name in plain}
    known: Mapping[str, float] = timed.plain_s if timed else {}
    plain_s = {name: runs * known.get(name, seconds + thinks[name]) for name, runs in plain.items()}
    wall = teams.times(seconds / workers)
    wall_s = Bounds(*(end + sum(plain_s.values()) / workers for end in wall))
    each = [*config.budgets_s.values()] or [config.budget_s]
    slot_hours = total.times(sum(each) / len(each) * config.slots / 3600)
    usd = slot_hours.times(usd_per_slot_hour) if usd_per_slot_hour is not None else None
    return Estimate(
        runs=phases,
        experiments=total.times(per_run),
        slot_hours=slot_hours,
        wall_s=wall_s,
        wall_hours=wall_s.times(1 / 3600),
        plain_s=plain_s,
        usd=usd,
        basis=basis,
    )


def speaking(config: StudyConfig, found: Mapping[str, Bounds], *, tasks: int, held_out: int) -> tuple[Bounds, Bounds]:
    """The runs of teams among those of an estimate, plain Optuna left out, and the first runs of candidates."""
    tested = config.test_seeds * (tasks + held_out)
    plain = sum(_plain(config, tasks + held_out).values())
    low = found["search"].low + found["race"].low + tested  # controls may all be the champion itself
    high = sum(span.high for span in found.values()) - plain
    first = config.generations * config.population * tasks
    return Bounds(low, high), Bounds(first, first)


def timing(views: Iterable[StudyView], budget_s: float, slots: int) -> Timing | None:
    """The mean of the runs of some studies that were made under the same budget and slots."""
    same = (view for view in views if (view.head.identity.budget_s, view.head.identity.slots) == (budget_s, slots))
    every = [run for view in same for run in view.evaluations if run.phase != REAL]
    teams = [run for run in every if run.entrant not in PLAIN]
    if not teams:
        return None
    by_sampler = {name: [run.wall_s for run in every if run.entrant == name] for name in PLAIN}
    return Timing(
        wall_s=fmean(run.wall_s for run in teams),
        experiments=fmean(sum(run.score.experiments.values()) for run in teams),
        runs=len(teams),
        plain_s={name: fmean(walls) for name, walls in by_sampler.items() if walls},
    )


def _plain(config: StudyConfig, tasks: int, org: Org | None = None) -> dict[str, int]:
    """Runs of plain Optuna by sampler; none beside searches."""
    if org and org.searches:
        return {}
    runs = {name: control_seeds(config.controls, name, config.test_seeds) * tasks for name in PLAIN}
    return {name: number for name, number in runs.items() if number}


def _runs(config: StudyConfig, org: Org, tasks: int, held_out: int) -> dict[str, Bounds]:
    """Runs by phase: at least, if all is clear at once; at most, if nothing is until the end."""
    candidates = config.generations * config.population
    few = min(config.plan.drop_after, config.search_seeds)
    contenders = min(config.contenders, candidates)
    first = min(FIRST, config.race_seeds)
    tested = config.test_seeds * (1 + (DOCUMENTS if config.controls != "none" else 0))
    tested += sum(_plain(config, 1, org).values())
    parts = sum(1 for role in org.roles if role.headcount) + len(org.links) + (org.standup is not None)
    found = {
        "search": Bounds(few * candidates, config.search_seeds * candidates).times(tasks),
        "race": Bounds(first * contenders, config.race_seeds * contenders).times(tasks),
        "test": Bounds(tested, tested + 2 * config.test_seeds).times(tasks + held_out),
    }
    if config.controls != "none":
        found[ABLATION] = Bounds(0.5 * parts, 2 * parts).times(config.test_seeds * tasks)
    if config.rewriter in OPTIMIZERS and config.rewrites and config.rewrite_metric == BY_RUN:
        found["rewrite"] = Bounds(0.5, 1).times((config.generations - 1) * optimizer_runs(config, tasks))
    if config.real_runs:
        found["real"] = Bounds(1, 2).times(config.real_runs * tasks)
    return found
