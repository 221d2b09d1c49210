"""Evaluation: a program on a task under a seed gives a Score, its research output.

Research output is (q(T) + mean of q over the budget) / 2, where q(t) is the held-out improvement of what
the team would submit at time t: 0 at the baseline, 1 at the task's verified reference (`orgopt.tasks.normalisation`).
Beside it stands validation progress, by the metric that steers the search (`Task.progress`): where both part, a team
that searches well scores badly.
"""

from collections import Counter
from itertools import pairwise

from orgopt.agents.session import Language, Means, speaks
from orgopt.document import Program, require_org
from orgopt.errors import TaskError, UsageError
from orgopt.lab.base import Lab, Status
from orgopt.lab.worlds.world import WorldOfDocuments, open_world
from orgopt.ledger import BASELINE, Event, Ledger
from orgopt.scoring.calibration import measured
from orgopt.scoring.gain_evidence import PAIRS
from orgopt.scoring.score import Score as Score
from orgopt.scoring.verification import Submissions, Verified, verify
from orgopt.tasks.documents import DEPTH, require_fit
from orgopt.tasks.task import Task
from orgopt.team.no_result import require_thoughts
from orgopt.team.runtime import Team, Watcher

VERIFY_SEEDS = 2
DISQUALIFIED = -1.0
"""The research output of a run with a tampered result, unless the run is worse: as far below the baseline as the task's
reference is above it, so that doing nothing beats it."""


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
        ModelError: What they think with did not answer, or with nothing of use: likewise.
        LabError: The lab broke.
    """
    org = require_org(program)
    require_fit(org, task)
    if not task.measured:
        raise UsageError(f"{task.name} has no baseline yet: 'orgopt.scoring.evaluation.measured' measures it in a lab")
    if language is not None or not speaks(org):
        Team(org, task, lab, seed=seed, ledger=ledger, watch=watch, language=language).run(budget_s)
        require_thoughts(ledger, shared=language is not None and language.shared)
        return
    with (means or Means()).open(org) as opened:
        Team(org, task, lab, seed=seed, ledger=ledger, watch=watch, language=opened).run(budget_s)
    require_thoughts(ledger, shared=True)


def evaluate(
    program: Program,
    task: Task,
    lab: Lab,
    *,
    budget_s: float,
    seed: int,
    ledger: Ledger | None = None,
    verify_seeds: int = VERIFY_SEEDS,
    pairs: int = PAIRS,
    watch: Watcher | None = None,
    language: Language | None = None,
    means: Means | None = None,
    depth: int = DEPTH,
) -> Score:
    """Run a program, as `run` does, and score it.

    Every setting that the team submitted is trained again with `verify_seeds` fresh seeds, after and
    outside the budget, so that a lucky seed counts for nothing; see `verification`. Where that is done in
    pairs with the untouched script, the last submission has at least so many `pairs`. A lab that knows the held-out
    metric without noise is asked for it instead.

    Where the task is searching, the run is a study with up to `depth` levels of studies, itself counted.

    Raises:
        DocumentError: The program has errors.
        OverBudgetError, ModelError: The run counts for nothing.
        LabError: The lab broke.
    """
    ledger = ledger or Ledger()
    if task.proposes == "documents":
        return _studied(program, task, budget_s=budget_s, seed=seed, depth=depth, ledger=ledger)
    task = measured(task, lab)
    run(program, task, lab, budget_s=budget_s, seed=seed, ledger=ledger, watch=watch, language=language, means=means)
    return verified(task, lab, ledger, budget_s=budget_s, seed=seed, verify_seeds=verify_seeds, pairs=pairs)


def _studied(program: Program, task: Task, *, budget_s: float, seed: int, depth: int, ledger: Ledger) -> Score:
    """The score of a search: the quality of what it would pick, over the runs of teams that it spent.

    Raises:
        UsageError: Studies may not lie so deep, or it is a team, or cannot be carried out there.
        TaskError: The task's world runs no studies.
    """
    require_fit(require_org(program), task)
    if depth < 1:
        raise UsageError(f"a run on {task.name} is a study, and no more levels of studies are allowed: raise the depth")
    world = open_world(task).world
    if not isinstance(world, WorldOfDocuments):
        raise TaskError(
            f"{task.name} proposes documents, and its world {task.world} runs no studies: it has no 'study'"
        )
    heldout = world.study(program, seed=seed, budget_s=budget_s, depth=depth - 1, ledger=ledger)
    return score(task, ledger, Verified(heldout=heldout), budget_s)


def verified(
    task: Task, lab: Lab, ledger: Ledger, *, budget_s: float, seed: int, verify_seeds: int, pairs: int = 0
) -> Score:
    """The score of a run that has ended, after its submissions were trained with fresh seeds; see `evaluate`.

    Raises:
        LabError: The lab broke.
    """
    found = verify(task, lab, submissions(ledger, budget_s), seed=seed, seeds=verify_seeds, pairs=pairs)
    return score(task, ledger, found, budget_s)


def submissions(ledger: Ledger, budget_s: float) -> Submissions:
    """What the team of a ledger submitted within its budget."""
    proposals = {event.data["id"]: event.data for event in ledger.of("proposal")}
    numbers = dict.fromkeys(event.data["id"] for event in _counted(ledger, budget_s))
    own = {number: proposals[number] for number in numbers if number != BASELINE}
    return Submissions(
        settings={number: proposal["knobs"] for number, proposal in own.items()},
        scripts={number: proposal["script"] for number, proposal in own.items() if proposal.get("script") is not None},
        last=_counted(ledger, budget_s)[-1].data["id"],
    )


def _counted(ledger: Ledger, budget_s: float) -> list[Event]:
    return [event for event in ledger.of("submission") if event.t <= budget_s]


def score(task: Task, ledger: Ledger, found: Verified, budget_s: float) -> Score:
    """The score of a run, given what became of what it submitted.

    One tampered result, in the run or in its verification, disqualifies the organization: else a search would find
    wording that makes agents cheat, since what is not caught pays.
    """
    quality = {number: task.quality(value) for number, value in found.heldout.items()} | {BASELINE: 0.0}
    submitted = _counted(ledger, budget_s)
    curve = [(event.t, quality[event.data["id"]]) for event in submitted]
    spans = pairwise([*(t for t, _ in curve), budget_s])
    q_mean = sum(q * (end - start) for (_, q), (start, end) in zip(curve, spans, strict=True)) / budget_s
    last = submitted[-1].data
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
    disqualified = next(iter(caught), found.tampered)
    refusals = [data["error"] for data in thoughts if data["failure"] and data["error"]]
    output, evidence = (q_final + q_mean) / 2, found.evidence
    heldout = found.heldout.get(last["id"], task.baseline.heldout)
    return Score(
        research_output=min(output, DISQUALIFIED) if disqualified else output,
        q_final=q_final,
        q_mean=q_mean,
        q_error=task.quality_error(heldout, evidence.error) if evidence else 0.0,
        progress=task.progress(task.baseline.metric if found.metric is None else found.metric),
        submitted=last["id"],
        confirmed=evidence is not None and evidence.confirmed and not disqualified,
        evidence=evidence,
        heldout=heldout,
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
        common_thought_error=next((error for error, _ in Counter(refusals).most_common(1)), ""),
    )
