"""What MLflow shows of a candidate: names, parameters, metrics, its note and its files. Pure functions."""

import difflib
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, NamedTuple

from orgopt.document import parse, read
from orgopt.document.grammar.keys import KEYS
from orgopt.document.grammar.values import format_standup
from orgopt.draw import svg
from orgopt.org import Org, Role
from orgopt.score import Score
from orgopt.study.records.head import StudyRecord
from orgopt.study.records.kinds import CandidateRecord
from orgopt.study.standing import Standing
from orgopt.study.view import CandidateView, StudyView
from orgopt.tracking import budget_curves, tables
from orgopt.tracking.entry import NOTE, Entry, Point, Source
from orgopt.tracking.names import (
    LONGEST_PARAM,
    LONGEST_VALUE,
    candidate_title,
    digest,
    escape,
    interval,
    metric_name,
    reporting,
    signed,
)

Ledgers = Mapping[str, Sequence[Mapping[str, Any]]]
"""The events of the first seed's run, by task."""

Z = 1.96  # of a 95 % interval
AVERAGED: Mapping[str, Callable[[Score], float]] = {
    name: attrgetter(name) for name in ("q_final", "q_mean", "utilisation", "agent_s", "meetings", "messages")
}


class Family(NamedTuple):
    """A candidate and the one that it is a change of, with the address of that one's run.

    Attributes:
        ended: When the candidate's last run ended, in seconds since the epoch.
    """

    view: StudyView
    own: CandidateView
    parent: CandidateView | None
    parent_run: str
    ended: float


def entry(family: Family, ledgers: Ledgers, place: int) -> Entry:
    """The run of a candidate.

    Args:
        family: The candidate and its parent.
        ledgers: Of its first seed; empty where they are gone.
        place: Its rank among all candidates so far, from 1.
    """
    own, record = family.own, family.own.record
    org = read(parse(record.program)).org
    files = _files(family, org, ledgers)
    return Entry(
        key=own.name,
        name=candidate_title(record),
        began=record.at,
        at=family.ended,
        tags={**tags(family), NOTE: note(family, place)[:LONGEST_VALUE], **tables.shown_as_tables(files)},
        params=params(org, family),
        points=tuple(points(family.view, own, org, ledgers)),
        files=files,
        sources=tuple(sources(family.view.head)),
    )


def sources(head: StudyRecord) -> list[Source]:
    """The tasks of a study, and the recordings that stood for them."""
    found: list[Source] = []
    for name, task in head.identity.tasks.items():
        found.append(Source(name, task.digest, "task", f"fitness/{name}"))
        if recording := task.lab.get("recording"):
            found.append(Source(f"{name} recording", recording, "recording", f"fitness/{name}/records.parquet"))
    return found


def tags(family: Family) -> dict[str, str]:
    """What runs are searched and grouped by."""
    own, record = family.own, family.own.record
    return {
        "orgopt.kind": "candidate",
        "orgopt.candidate": own.name,
        "orgopt.generation": str(record.generation),
        "orgopt.parent": family.parent.name if family.parent else "",
        "orgopt.proposer": record.proposer,
        "orgopt.changes": ", ".join(record.changes)[:LONGEST_VALUE],
        "orgopt.task": ", ".join(family.view.tasks),
        "orgopt.dropped": str(own.dropped).lower(),
        "orgopt.commit": digest(record.program),
        **reporting(family.view.head),
    }


def params(org: Org, family: Family) -> dict[str, str]:
    """An organization as flat parameters, so that runs can be compared by them; none stands for what is absent."""
    record = family.own.record
    flat: dict[str, Any] = {
        "parent": family.parent.name if family.parent else "none",
        "proposer": record.proposer,
        "generation": record.generation,
        "headcount": org.headcount,
        "links": len(org.links),
        "standup": format_standup(org.standup, {role.id: role.name for role in org.roles}) if org.standup else "off",
    }
    for role in org.roles:
        if role.headcount:
            flat |= {f"{role.id}.{key}": value for key, value in _role(org, role).items()}
    for link in org.links:
        name = f"{link.source} {'and' if link.mutual else 'to'} {link.target}"
        flat[f"link.{name}"] = f"{link.kind} {link.pattern}".strip()
    return {key: str(value)[:LONGEST_PARAM] for key, value in flat.items()}


def points(view: StudyView, own: CandidateView, org: Org, ledgers: Ledgers) -> list[Point]:
    """A candidate's standing and the means of its scores, and its curves over the budget."""
    budget_s = view.head.identity.budget_s
    every = [score for scores in own.scores.values() for score in scores]
    found = standing_points(own.standing) if own.standing else []
    found += [Point(name, _mean([float(part(one)) for one in every])) for name, part in AVERAGED.items() if every]
    found.append(Point("experiments", float(sum(sum(score.experiments.values()) for score in every))))
    standup = org.standup.every if org.standup else 0.0
    sizes = {"agents": org.headcount, "links": len(org.links), "stand-up every": standup}
    found += [Point(f"organization/{name}", float(value)) for name, value in sizes.items()]
    for task, scores in own.scores.items():
        if scores:
            outputs, heldout = [one.research_output for one in scores], [one.heldout for one in scores]
            found.append(Point(metric_name(task, "research_output"), _mean(outputs)))
            found.append(Point(metric_name(task, view.head.tasks[task].heldout), _mean(heldout)))
        found += budget_curves.quality(task, scores, budget_s)
        found += budget_curves.best(task, ledgers.get(task, ()), budget_s)
    return found


def standing_points(standing: Standing) -> list[Point]:
    """What is known of a candidate's research output."""
    values = {"research_output": standing.value, "error": standing.error, "estimate": standing.estimate}
    return [*(Point(name, value) for name, value in values.items()), Point("seeds", float(standing.seeds))]


def note(family: Family, place: int) -> str:
    """A candidate in a few lines of Markdown, the result first."""
    view, own = family.view, family.own
    planned = view.head.identity.search_seeds
    lines = [f"**{_standing(own.standing)}** · {place}. of {len(view.candidates)} so far"]
    if own.dropped and own.standing:
        lines[0] += f" · clearly worse after {own.standing.seeds} of {planned} seeds, and given no more"
    lines.append(_origin(family))
    every = [score for scores in own.scores.values() for score in scores]
    ended: dict[str, int] = {}
    for score in every:
        for status, number in score.experiments.items():
            ended[status] = ended.get(status, 0) + number
    if every:
        done = ", ".join(f"{number} {status}" for status, number in ended.items())
        busy = _mean([score.utilisation for score in every])
        lines.append(f"Experiments: {done}. Slots busy {busy:.0%}.")
    if errors := {score.common_error for score in every if score.common_error}:
        lines.append("Most frequent error: " + escape(next(iter(errors))))
    return "\n\n".join(lines)


def diff(before: CandidateRecord, after: CandidateRecord, changes: Sequence[str]) -> str:
    """Both diffs of two documents: what changed in words, and as text."""
    texts = before.program.splitlines(), after.program.splitlines()
    body = "\n".join(difflib.unified_diff(*texts, before.name, after.name, lineterm=""))
    words = "\n".join(f"- {escape(change)}" for change in changes)
    fence = "`" * (1 + max([2, *(len(run) for run in _ticks(body))]))
    return f"# {before.name} → {after.name}\n\n{words}\n\n{fence}diff\n{body}\n{fence}\n"


def _files(family: Family, org: Org, ledgers: Ledgers) -> dict[str, str]:
    own, budget_s = family.own, family.view.head.identity.budget_s
    files = {"program.md": own.record.program, "chart.svg": svg(org)}
    if family.parent:
        files["diff.md"] = diff(family.parent.record, own.record, own.record.changes)
    seeds = {task: [score.curve for score in scores] for task, scores in own.scores.items()}
    files["curves.svg"] = budget_curves.picture(f"{own.name}: what it would submit", seeds, budget_s)
    for task, events in ledgers.items():
        if events:
            files[f"ledger-{task}.json"] = tables.as_json(tables.ledger(events))
            files[f"messages-{task}.json"] = tables.as_json(tables.talk(events))
    return files


def _role(org: Org, role: Role) -> dict[str, Any]:
    """What a role works with, by the names that the search has for it; what it has not is left out."""
    found = {key.attribute.replace("_", "-"): (key, key.of_role(org, role)) for key in KEYS.values() if key.role}
    return {name: key.format(value) for name, (key, value) in found.items() if value != ""}


def _standing(standing: Standing | None) -> str:
    if standing is None:
        return "No complete run"
    seeds = f"{standing.seeds} seed{'s' * (standing.seeds != 1)}"
    if not standing.error:
        return f"Research output {signed(standing.value)} ({seeds})"
    low, high = standing.value - Z * standing.error, standing.value + Z * standing.error
    spread = f"95 % {interval(low, high)}"
    return f"Research output {signed(standing.value)} ± {standing.error:.3f} ({spread}, {seeds})"


def _origin(family: Family) -> str:
    if family.parent is None:
        return "The seed document: everything is compared with it."
    parent, proposer = family.parent, family.own.record.proposer
    known = f" ({signed(parent.standing.value)} ± {parent.standing.error:.3f})" if parent.standing else ""
    link = f"[{parent.name}]({family.parent_run})" if family.parent_run else parent.name
    changes = "; ".join(escape(change) for change in family.own.record.changes)
    rewrite = family.view.rewrites.get(family.own.name)
    reasons = escape("; ".join(one.reason for one in (rewrite.changes if rewrite else ()) if one.reason))
    why = f"\n\nWhy, in its words: {reasons}" if rewrite and proposer == rewrite.rewriter and reasons else ""
    return f"{escape(proposer)} changed {link}{known}: {changes}{why}"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _ticks(text: str) -> list[str]:
    """The runs of backticks in a text."""
    found, run = list[str](), ""
    for char in text + " ":
        if char == "`":
            run += char
        elif run:
            found.append(run)
            run = ""
    return found
