"""What a study has learned so far, in words of bounded length for a language model that rewrites documents.

Pure functions of candidates, their standings and the ledgers of their runs. Words of agents are data here: they are cut
to a line each, and cannot look like a part of a prompt.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from orgopt.agents.thinking.prompt import bounded, clean
from orgopt.ledger import BASELINE, Ledger
from orgopt.org import Org
from orgopt.scoring.score import Score
from orgopt.study.records.result import Importance
from orgopt.study.standing import Standing
from orgopt.study.wording import noise
from orgopt.tasks.task import Task
from orgopt.team.cost_of_parts import Share, report
from orgopt.team.links import members

MAX_RUN = 2_400
MAX_LEARNED = 3_000
_MOST_CHANGES, _MOST_KEPT, _MOST_FAILED, _MOST_REJECTED = 14, 6, 4, 3


EXPLAINED = {
    "agent": "what proposes a role's experiments, a policy or a language model",
    "confirm": "how often a result is run again with another seed before it is believed",
    "copy-rule": "whose setting an agent starts from",
    "delegates": "who gives whom a start and an assignment",
    "focus": "the groups of knobs that a role may turn",
    "headcount": "how many agents a role has",
    "memory": "whether a role keeps notes",
    "reports": "whose results go up to whom",
    "reviews": "who has to pass whose results",
    "risk": "how bold the steps are, 0 to 1",
    "roles": "roles that were added from a library",
    "shares": "who tells whom its results",
    "stand-up": "meetings at which all share their best results, and whose time they cost",
    "stop-early": "when a run is ended that does worse than others",
}
"""What the parts of an organization are, whose names are told to a model."""


class Scored(NamedTuple):
    """A run of a team that is kept: `label` says which it was."""

    label: str
    org: Org
    task: Task
    score: Score
    ledger: Ledger


class RewrittenBefore(NamedTuple):
    """A candidate, what it changed of which parent in words, and how it stands; `old` is its parent's standing."""

    name: str
    parent: str
    changes: Sequence[str]
    new: Standing
    old: Standing


def standing(name: str, own: Standing | None, best: tuple[str, Standing] | None, seed: Standing | None) -> str:
    """How the incumbent does, beside the best and the seed document."""
    lines = ["Research output: 0 is the task's baseline, 1 its reference; higher is better; ± is one standard error."]
    if own is None:
        return f"{lines[0]}\n{name} has not been run yet."
    lines.append(f"{name}, which you rewrite: {_value(own)}")
    if best and best[0] != name:
        lines.append(f"{best[0]}, the best so far: {_value(best[1])}")
    if seed:
        lines.append(f"the document that the study began with: {_value(seed)}")
    return "\n".join(lines)


def learned(tried: Sequence[RewrittenBefore], importances: Sequence[Importance]) -> str:
    """What changes went with, the largest differences first, and which parts of documents mattered."""
    ranked = sorted(tried, key=lambda one: -abs(one.new.estimate - one.old.estimate))[:_MOST_CHANGES]
    lines = [
        f"{one.new.estimate - one.old.estimate:+.3f}{noise((one.new.doubt**2 + one.old.doubt**2) ** 0.5, 3)}  "
        f"{one.name}, from {one.parent}: {clean('; '.join(one.changes))}"
        for one in ranked
    ]
    if importances:
        parts = ", ".join(f"{one.part} {one.importance:.0%}" for one in importances[:6])
        lines.append(f"Of the differences between all candidates go with: {parts}. {_explained(importances[:6])}")
    return bounded(["What changes came with, noise included:", *lines], MAX_LEARNED) if lines else "nothing yet"


def _explained(importances: Sequence[Importance]) -> str:
    """What the parts are whose names do not say it."""
    said = [f"{one.part}: {EXPLAINED[one.part]}" for one in importances if one.part in EXPLAINED]
    return f"({'; '.join(said)})" if said else ""


def run_digest(run: Scored) -> str:
    """The story of a run: what it reached, what was kept, what failed, what was rejected, who brought what."""
    score = run.score
    head = (
        f"{run.label} on {run.task.name}: research output {score.research_output:+.3f} (at the end "
        f"{score.q_final:+.3f}, over time {score.q_mean:+.3f}), slots busy {score.utilisation:.0%}, "
        f"{score.agent_s:.0f} agent-seconds"
    )
    lines = [head, stakes(run.task), _experiments(score), *_kept(run), *_lessons(run), *_shares(run)]
    return bounded([line for line in lines if line], MAX_RUN)


def role_record(run: Scored, role: str) -> str:
    """What the agents of a role (by id) asked for in a run: the settings that they changed, and what these gave."""
    own = {member.id for member in members(run.org) if member.role.id == role}
    outcomes = {event.data["id"]: event.data for event in run.ledger.of("outcome")}
    lines: list[str] = []
    for event in run.ledger.of("proposal"):
        if event.data["agent"] not in own:
            continue
        done = outcomes.get(event.data["id"])
        came = "never ran" if done is None else _came(done)
        lines.append(f"{_change(run, event.data['id'])} gave {came}; it said: {clean(event.data['note'], 120)}")
    return bounded([stakes(run.task), *lines], MAX_RUN) if lines else "nothing"


def stakes(task: Task) -> str:
    """What is measured: the metric, its direction, the baseline and the noise."""
    base = task.baseline
    noise = f"; runs of one setting differ by {base.sd:.2g} (standard deviation)" if base.sd else ""
    return f"{clean(task.metric)}, lower is better; the baseline has {base.metric:.4g}{noise}"


def _change(run: Scored, number: int) -> str:
    """An experiment, what it started from with its result, and the settings that it changed against that."""
    proposals = {event.data["id"]: event.data for event in run.ledger.of("proposal")}
    outcomes = {event.data["id"]: event.data for event in run.ledger.of("outcome")}
    data = proposals[number]
    parent = data["parent"]
    before = run.task.complete(proposals[parent]["knobs"] if parent in proposals else {})
    after = run.task.complete(data["knobs"])
    moved = [f"{name} {before[name]} → {value}" for name, value in after.items() if before[name] != value]
    if data.get("script") is not None:
        moved.append("edits of the script")
    metric = outcomes[parent]["metric"] if parent in outcomes else run.task.baseline.metric if not parent else None
    origin = f"#{parent}" + ("" if metric is None else f" ({metric:.4g})")
    return f"#{number} from {origin}: {clean(', '.join(moved) or 'the same again', 160)}"


def _came(outcome: Mapping[str, Any]) -> str:
    if outcome["status"] == "ok":
        return f"{outcome['metric']:.4g}"
    return clean(f"{outcome['status']} {outcome['error']}", 100)


def _value(one: Standing) -> str:
    return f"{one.value:+.3f}{noise(one.error, 3)} on {one.seeds} seed{'s' * (one.seeds != 1)}"


def _experiments(score: Score) -> str:
    statuses = ", ".join(f"{number} {status}" for status, number in score.experiments.items()) or "none"
    thoughts = ", ".join(f"{number} {reason}" for reason, number in score.failed_thoughts.items())
    error = f"; most frequent error: {clean(score.common_error, 160)}" if score.common_error else ""
    return f"experiments: {statuses}{error}" + (f"; thoughts without result: {thoughts}" if thoughts else "")


def _kept(run: Scored) -> Iterator[str]:
    """What the team submitted, with who proposed it and why."""
    proposals = {event.data["id"]: event.data for event in run.ledger.of("proposal")}
    found = [event for event in run.ledger.of("submission") if event.data["id"] != BASELINE]
    if not found:
        yield "kept: nothing but the baseline"
    for event in found[-_MOST_KEPT:]:
        data = proposals[event.data["id"]]
        reached = f"#{event.data['id']} {run.task.metric} {event.data['metric']:.4g}"
        change = _change(run, event.data["id"])
        yield f"kept at {event.t:.0f} s: {reached} by {data['agent']}: {change}: {clean(data['note'], 120)}"


def _lessons(run: Scored) -> Iterator[str]:
    """What failed, was stopped, or was rejected in a review."""
    events = run.ledger.events
    proposals = {event.data["id"]: event.data for event in events if event.kind == "proposal"}
    failed = [
        event.data
        for event in events
        if event.kind == "outcome" and event.data["status"] not in {"ok", "unfinished", "stopped"}
    ]
    for data in failed[:_MOST_FAILED]:
        note, error = clean(proposals[data["id"]]["note"], 100), clean(data["error"], 100)
        change = _change(run, data["id"])
        yield f"failed ({data['status']}) by {data['agent']}: {change}: {note}" + (f" ({error})" if error else "")
    if stopped := sum(event.kind == "stop" for event in events):
        yield f"stopped early: {stopped}"
    verdicts = [
        (event.data["agent"], verdict)
        for event in events
        if event.kind == "thought"
        for verdict in event.data.get("verdicts", ())
    ]
    if verdicts:
        counts = Counter(verdict[1] for _, verdict in verdicts)
        yield "reviews: " + ", ".join(f"{number} {ruling}" for ruling, number in counts.items())
    rejected = [(agent, verdict) for agent, verdict in verdicts if verdict[1] == "reject"]
    for agent, verdict in rejected[:_MOST_REJECTED]:
        yield f"rejected by {agent}: #{verdict[0]}: {clean(verdict[2], 140)}"


def _shares(run: Scored) -> Iterator[str]:
    """What each role, link and the stand-ups cost and brought."""
    found = report(run.org, run.ledger)
    yield (
        f"too few {found.bound}: slots idle {found.slots_idle:.0%} of the time, agents waiting for one "
        f"{found.agents_waiting:.0%}"
    )
    yield from (_share("role", one) for one in found.roles)
    yield from (_share("link", one) for one in found.links)
    if found.standup:
        yield _share("", found.standup)


def _share(kind: str, one: Share) -> str:
    again = f" ({one.replicates} again)" if one.replicates else ""
    words = [
        f"{one.proposals} experiments{again}" if one.proposals else "",
        f"{one.messages} messages" if one.messages else "",
    ]
    told = ", ".join(filter(None, words)) or "nothing"
    return f"{kind} {clean(one.name, 80)}: {told}; improved the result {one.gains} times, by {one.gained:.3g}".strip()
