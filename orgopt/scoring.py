"""Evaluation: a program on a task under a seed gives a Score, its research output.

Research output is (q(T) + mean of q over the budget) / 2, where q(t) is the held-out improvement of what
the team would submit at time t: 0 at the baseline, 1 at the task's verified reference (`Task.quality`).
"""

import math
from collections import Counter
from collections.abc import Mapping
from itertools import pairwise
from types import MappingProxyType

import numpy as np

from orgopt.agents.session import Language, Means, speaks
from orgopt.agents.thinking.spend import OVER_BUDGET, OverBudgetError
from orgopt.document import Program, require_org
from orgopt.errors import LabError, UsageError
from orgopt.lab.base import Experiment, Lab, Outcome, Status
from orgopt.ledger import BASELINE, Ledger
from orgopt.score import Score as Score
from orgopt.seeds import Stream, derive
from orgopt.task import Measure, Settings, Task
from orgopt.team.runtime import Team, Watcher

CALIBRATION_SEEDS = 6
UNEDITED_RUNS = 3
"""Runs of the unedited script of a checkout, each of which may take minutes."""
VERIFY_SEEDS = 2
DISQUALIFIED = -1.0
"""The research output of a run with a tampered result, unless the run is worse: as far below the baseline as the task's
reference is above it, so that doing nothing beats it."""
_CONFIRMED = 1.645  # standard errors: one-sided, 95 %


def run(
    program: Program,
    task: Task,
    lab: Lab,
    *,
    budget_s: float,
    seed: int,
    ledger: Ledger,
    watch: Watcher | None = None,
    language: Language | None = None,
    means: Means | None = None,
) -> None:
    """Run a program's team until its budget ends; everything is in the ledger.

    Language agents think with `language`, or with `means`, which they share with other runs, or with what the
    environment names.

    Raises:
        DocumentError: The program has errors.
        UsageError: It has language agents, and they have no model, no key or no price.
        OverBudgetError: What they share with other runs is spent, so that this one counts for nothing.
        LabError: The lab broke.
    """
    org = require_org(program)
    if not task.measured:
        raise UsageError(f"{task.name} has no baseline yet: 'orgopt.scoring.measured' measures it in a lab")
    if language is not None or not speaks(org):
        Team(org, task, lab, seed=seed, ledger=ledger, watch=watch, language=language).run(budget_s)
        return
    with (means or Means()).open(org) as opened:
        Team(org, task, lab, seed=seed, ledger=ledger, watch=watch, language=opened).run(budget_s)
    require_thoughts(ledger)


def require_thoughts(ledger: Ledger) -> None:
    """Refuse a run whose agents could not think on: it is no result of theirs.

    Raises:
        OverBudgetError: What they share with other runs is spent.
    """
    cut = [event.data for event in ledger.of("thought") if event.data["failure"] == OVER_BUDGET]
    if cut:
        raise OverBudgetError(f"{cut[0]['agent']} could not think on within {cut[0]['error']}")


def evaluate(
    program: Program,
    task: Task,
    lab: Lab,
    *,
    budget_s: float,
    seed: int,
    ledger: Ledger | None = None,
    verify_seeds: int = VERIFY_SEEDS,
    watch: Watcher | None = None,
    language: Language | None = None,
    means: Means | None = None,
) -> Score:
    """Run a program, as `run` does, and score it.

    Every setting that the team submitted is trained again with `verify_seeds` fresh seeds, after and
    outside the budget, so that a lucky seed counts for nothing. A lab that knows their held-out metric
    without noise is asked for it instead.

    Raises:
        DocumentError: The program has errors.
        LabError: The lab broke.
    """
    ledger, task = ledger or Ledger(), measured(task, lab)
    run(program, task, lab, budget_s=budget_s, seed=seed, ledger=ledger, watch=watch, language=language, means=means)
    return verified(task, lab, ledger, budget_s=budget_s, seed=seed, verify_seeds=verify_seeds)


def verified(task: Task, lab: Lab, ledger: Ledger, *, budget_s: float, seed: int, verify_seeds: int) -> Score:
    """The score of a run that has ended, after its submissions were trained with fresh seeds; see `evaluate`.

    Raises:
        LabError: The lab broke.
    """
    proposals = {event.data["id"]: event.data["knobs"] for event in ledger.of("proposal")}
    scripts = {event.data["id"]: event.data.get("script") for event in ledger.of("proposal")}
    submitted = dict.fromkeys(event.data["id"] for event in ledger.of("submission"))
    settings = {number: proposals[number] for number in submitted if number != BASELINE}
    truths = {number: lab.truth(setting) for number, setting in settings.items()}
    known = {number: value for number, value in truths.items() if value is not None}
    if len(known) == len(settings):
        return score(task, ledger, known, budget_s, math.inf)
    heldout, tampered = verify(task, lab, settings, seed=seed, seeds=verify_seeds, scripts=scripts)
    return score(task, ledger, heldout, budget_s, verify_seeds, tampered=tampered)


def score(
    task: Task,
    ledger: Ledger,
    heldout: Mapping[int, float],
    budget_s: float,
    verify_seeds: float,
    *,
    tampered: str = "",
) -> Score:
    """The score of a run, given the verified held-out metric of each submitted experiment.

    `verify_seeds` is infinite where the metric is known without noise. One tampered result, in the run or in its
    verification (`tampered` says what it was), disqualifies the organization: else a search would find wording that
    makes agents cheat, since what is not caught pays.
    """
    quality = {number: task.quality(value) for number, value in heldout.items()} | {BASELINE: 0.0}
    submissions = [event for event in ledger.of("submission") if event.t <= budget_s]
    curve = [(event.t, quality[event.data["id"]]) for event in submissions]
    spans = pairwise([*(t for t, _ in curve), budget_s])
    q_mean = sum(q * (end - start) for (_, q), (start, end) in zip(curve, spans, strict=True)) / budget_s
    last = submissions[-1].data
    q_final = curve[-1][1]
    outcomes = [event.data for event in ledger.of("outcome")]
    busy = sum(min(data["ended"], budget_s) - data["started"] for data in outcomes if data["started"] < budget_s)
    proposals = {event.data["id"]: event.data["knobs"] for event in ledger.of("proposal")}
    start = ledger.of("start")[0].data
    meetings, thoughts = ledger.of("meeting"), [event.data for event in ledger.of("thought")]
    think_s = start.get("think_s", task.think_s)
    thinkers = {data["agent"] for data in thoughts}
    reflexes = sum(event.data["agent"] not in thinkers for event in ledger.of("proposal"))
    failed = [data for data in outcomes if data["status"] not in {"ok", "unfinished"}]
    errors = Counter(data["error"] or data["status"] for data in failed)
    caught = [f"experiment {data['id']}: {data['error']}" for data in failed if data["status"] == Status.TAMPERED]
    disqualified = next(iter(caught), tampered)
    output = (q_final + q_mean) / 2
    q_error = 0.0 if last["id"] == BASELINE else _q_error(task, verify_seeds)
    return Score(
        research_output=min(output, DISQUALIFIED) if disqualified else output,
        q_final=q_final,
        q_mean=q_mean,
        q_error=q_error,
        submitted=last["id"],
        confirmed=last["id"] != BASELINE and not disqualified and q_final > _CONFIRMED * q_error,
        heldout=heldout.get(last["id"], task.baseline.heldout),
        metric=last["metric"],
        submission=proposals.get(last["id"], {}),
        curve=tuple((round(t, 3), q) for t, q in curve),
        utilisation=busy / (start["slots"] * budget_s),
        spent_slot_s=busy,
        agent_s=reflexes * think_s
        + sum(m.data["seconds"] * len(m.data["agents"]) for m in meetings)
        + sum(data["seconds"] for data in thoughts),
        lab=start.get("lab", {}),
        experiments=dict(Counter(data["status"] for data in outcomes)),
        common_error=next((error for error, _ in errors.most_common(1)), ""),
        meetings=len(meetings),
        messages=sum(len(message.data["to"]) for message in ledger.of("message")),
        disqualified=disqualified,
        tokens=sum(sum(data["tokens"]) for data in thoughts),
        usd=sum(data["usd"] for data in thoughts),
        failed_thoughts=dict(Counter(data["failure"] for data in thoughts if data["failure"])),
    )


def verify(
    task: Task,
    lab: Lab,
    settings: Mapping[int, Settings],
    *,
    seed: int,
    seeds: int,
    scripts: Mapping[int, str | None] = MappingProxyType({}),
) -> tuple[dict[int, float], str]:
    """The mean held-out metric of settings over fresh seeds; a seed that fails counts as the baseline.

    Also returns what was tampered with, if anything was. `scripts` has those that agents rewrote.

    Raises:
        LabError: The lab broke.
    """
    jobs = [(number, k) for number in settings for k in range(seeds)]
    experiments = [
        Experiment(
            id=index,
            settings=settings[number],
            seed=derive(Stream.VERIFY, seed, number, k),
            script=scripts.get(number),
        )
        for index, (number, k) in enumerate(jobs, 1)
    ]
    outcomes = train_all(lab, experiments, task.limit_s)
    found: dict[int, list[float]] = {number: [] for number in settings}
    for (number, _), outcome in zip(jobs, outcomes, strict=True):
        found[number].append(task.baseline.heldout if outcome.heldout is None else outcome.heldout)
    tampered = next((outcome.error for outcome in outcomes if outcome.status is Status.TAMPERED), "")
    text = f"a verification of its submission: {tampered}" if tampered else ""
    return {number: sum(values) / len(values) for number, values in found.items()}, text


def calibrate(task: Task, lab: Lab, seeds: int = CALIBRATION_SEEDS) -> Measure:
    """The baseline of a task, measured in this lab.

    For data other than the task's figures were measured on (another Python version, say): the baseline
    moves, and the reference keeps its distance to it. The seed noise stays; that of a script that prints its metric
    has no other figure, and is measured too.

    Raises:
        LabError: No baseline run succeeded.
    """
    experiments = [Experiment(id=k + 1, settings={}, seed=derive(Stream.CALIBRATE, k)) for k in range(seeds)]
    outcomes = train_all(lab, experiments, task.limit_s)
    done = [outcome for outcome in outcomes if outcome.status is Status.OK]
    if not done:
        why = f": {outcomes[0].error or outcomes[0].status}" if task.self_reported else ""
        raise LabError(f"the baseline of {task.name} does not train on this machine{why}")
    heldout = [outcome.heldout or math.nan for outcome in done]
    metric = [outcome.metric or math.nan for outcome in done]
    sd = float(np.std(heldout, ddof=1)) if task.self_reported and len(done) > 1 else task.baseline.sd
    return Measure(metric=float(np.mean(metric)), heldout=float(np.mean(heldout)), sd=sd, seeds=len(done))


def measured(task: Task, lab: Lab) -> Task:
    """The task with a baseline: one whose script prints its metric has none before its unedited script has run here.

    Raises:
        LabError: That script does not train on this machine.
    """
    return task if task.measured else task.with_baseline(calibrate(task, lab, UNEDITED_RUNS))


def train_all(lab: Lab, experiments: list[Experiment], limit_s: float) -> list[Outcome]:
    """Run experiments to their end, outside any budget; outcomes in the order of the experiments."""
    lab.reset()
    for experiment in experiments:
        lab.submit(experiment)
    outcomes: dict[int, Outcome] = {}
    while len(outcomes) < len(experiments):
        outcomes |= {event.id: event for event in lab.wait(lab.now() + limit_s) if isinstance(event, Outcome)}
    return [outcomes[experiment.id] for experiment in experiments]


def _q_error(task: Task, seeds: float) -> float:
    gap = task.baseline.heldout - task.reference.heldout
    return math.sqrt(task.baseline.sd**2 / seeds + task.baseline.sd**2 / task.baseline.seeds) / gap
