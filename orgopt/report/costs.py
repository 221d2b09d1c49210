"""Where a study's time, tokens and money went, and what each part of a team cost and brought in a run."""

from collections.abc import Iterator, Sequence

from orgopt.basics.markup import Child, Markup, h
from orgopt.ledger import Event, Ledger
from orgopt.org import Org
from orgopt.report.interval_tables import plain_table
from orgopt.report.run_course import Spent, agent_time, course, slot_time
from orgopt.report.stacked import stacked
from orgopt.report.wasted import candidates, slots, waste, with_something
from orgopt.study.model_skills import said_of_skill, skills_in
from orgopt.study.records.kinds import EvaluationRecord
from orgopt.study.records.names import PHASES
from orgopt.study.view import StudyView
from orgopt.study.wording import count, duration, phase_name
from orgopt.team.cost_of_parts import Report, Share, report

_PHASE = ("phase", "runs", "experiments", "hardware", "agents' time", "tokens", "dollars", "took")
_MODEL = (
    "model",
    "role",
    "thoughts",
    "tokens each",
    "changes by their knobs (better by more than noise)",
)
_PART = ("part", "experiments", "improvements", "hardware", "price of one", "agents' time", "messages")
_LOOKS = ("better", "plain", "running", "think", "wait", "meet")


def costs(study: StudyView) -> Markup | None:
    """Where the time went by phase, what was wasted, and a row a phase and of the dearest candidates."""
    phases = [phase for phase in PHASES if any(run.phase == phase for run in study.evaluations)]
    if not phases:
        return None
    by = {phase: [run for run in study.evaluations if run.phase == phase] for phase in phases}
    took = [
        Spent(phase_name(phase), sum(run.wall_s for run in runs), _LOOKS[i % len(_LOOKS)])
        for i, (phase, runs) in enumerate(by.items())
    ]
    text = (
        "Hardware is busy slot time in the lab's own clock, agents' time what thinking and stand-ups took of it; the "
        "last column is the time on the wall of all runs one after the other."
    )
    return h(
        "div",
        h("div", stacked("Wall time by phase", took, duration), slots(study), cls="pair"),
        waste(study),
        h("h3", "By phase"),
        h("p", text),
        plain_table("Costs by phase", *with_something(_PHASE, _phases(study, by)), look="numbers"),
        candidates(study),
        _models(study),
    )


def _phases(study: StudyView, by: dict[str, list[EvaluationRecord]]) -> list[list[Child]]:
    rows: list[list[Child]] = [[phase_name(phase), *_row(runs)] for phase, runs in by.items()]
    asked = list(study.rewrites.values())
    if asked:
        tokens, usd = sum(one.tokens for one in asked), sum(one.usd for one in asked)
        rows.append(["rewriter", f"{count(len(asked), 'part')}", "–", "–", "–", count(tokens), f"${usd:.2f}", "–"])
    if len(rows) > 1:
        total = _row(study.evaluations)
        if asked:
            total[4] = count(sum(run.score.tokens for run in study.evaluations) + sum(one.tokens for one in asked))
            spent = sum(run.score.usd for run in study.evaluations) + sum(one.usd for one in asked)
            total[5] = f"${spent:.2f}"
        rows.append(["in all", *total])
    return rows


def _models(study: StudyView) -> Markup | None:
    """What each language model did as which role; None without any."""
    rows = [
        [one.model, one.role, count(one.thoughts), f"{one.tokens / max(1, one.thoughts):.0f}", said_of_skill(one)]
        for one in skills_in(study.evaluations)
    ]
    return plain_table("What language models were good at", _MODEL, rows, look="numbers") if rows else None


def _row(runs: Sequence[EvaluationRecord]) -> list[str]:
    scores = [run.score for run in runs]
    tokens, usd = sum(score.tokens for score in scores), sum(score.usd for score in scores)
    return [
        count(len(runs)),
        count(sum(sum(score.experiments.values()) for score in scores)),
        duration(sum(score.spent_slot_s for score in scores)),
        duration(sum(score.agent_s for score in scores)),
        count(tokens) if tokens else "–",
        f"${usd:.2f}" if usd else "–",
        duration(sum(run.wall_s for run in runs)),
    ]


def run_costs(org: Org, events: Sequence[Event]) -> Markup | None:
    """Where the time of slots and agents went in a run, and a row for each role, link and the stand-ups.

    The run may still go on; None before its first experiment ended.
    """
    told_course = course(events)
    if told_course is None or not told_course.bars:
        return None
    told = list(events)
    if told[-1].kind != "end":  # as if it ended now
        told.append(Event("end", told[-1].t, {}))
    found = report(org, Ledger(events=told))
    rows = [_share(one) for one in (*found.roles, *found.links, *([found.standup] if found.standup else []))]
    text = (
        "What each role ran, and which experiments started from what a link or a stand-up had brought. An "
        "improvement is one of what the team submits; its price is the hardware that the part took for each."
    )
    both = (
        stacked("Time of the slots", slot_time(told_course), duration),
        stacked("Time of the agents", agent_time(told_course), duration),
    )
    return h(
        "div", h("div", both, cls="pair"), h("p", " ".join(_bound(found))), h("h3", "By part"), h("p", text),
        plain_table("Costs by part", _PART, rows, look="numbers"),
    )  # fmt: skip


def _share(one: Share) -> list[str]:
    return [
        one.name,
        count(one.proposals),
        count(one.gains) if one.gains else "–",
        duration(one.slot_s) if one.slot_s else "–",
        duration(one.slot_s / one.gains) if one.gains else "–",
        duration(one.agent_s) if one.agent_s else "–",
        count(one.messages) if one.messages else "–",
    ]


def _bound(found: Report) -> Iterator[str]:
    yield f"An agent took {duration(found.think_s)} before an experiment, stand-ups included; one ran for"
    yield f"{duration(found.run_s)}."
