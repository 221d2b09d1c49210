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
from orgopt.study.parts import Parts, parts_of
from orgopt.study.records.head import StudyRecord
from orgopt.study.records.kinds import CandidateRecord
from orgopt.study.standing import Standing
from orgopt.study.view import CandidateView, StudyView
from orgopt.study.wording import noise
from orgopt.tracking import budget_curves, names, tables
from orgopt.tracking.entry import NOTE, Entry, Point, Source
from orgopt.tracking.markdown import escape, interval, signed
from orgopt.tracking.names import LONGEST_PARAM, LONGEST_VALUE, candidate_title, digest, reporting

Ledgers = Mapping[str, Sequence[Mapping[str, Any]]]
"""The events of the first seed's run, by task."""

Z = 1.96  # of a 95 % interval
AVERAGED: Mapping[names.Metric, Callable[[Score], float]] = {
    names.UTILISATION: attrgetter("utilisation"),
    names.AGENT_S: attrgetter("agent_s"),
    names.MEETINGS: attrgetter("meetings"),
    names.MESSAGES: attrgetter("messages"),
}
_PARTS = (names.PROGRESS, names.Q_FINAL, names.Q_MEAN)


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
        names.KIND.name: "candidate",
        names.CANDIDATE.name: own.name,
        names.GENERATION.name: str(record.generation),
        names.PARENT.name: family.parent.name if family.parent else "",
        names.PROPOSER.name: record.proposer,
        names.CHANGES.name: ", ".join(record.changes)[:LONGEST_VALUE],
        names.TASKS.name: ", ".join(family.view.tasks),
        names.WAS_DROPPED.name: str(own.dropped).lower(),
        names.COMMIT.name: digest(record.program),
        **reporting(family.view.head),
    }


def params(org: Org, family: Family) -> dict[str, str]:
    """An organization as flat parameters, so that runs can be compared by them; none stands for what is absent."""
    record = family.own.record
    flat: dict[str, Any] = {
        names.PARAM_PARENT.name: family.parent.name if family.parent else "none",
        names.PARAM_PROPOSER.name: record.proposer,
        names.PARAM_GENERATION.name: record.generation,
        names.PARAM_HEADCOUNT.name: org.headcount,
        names.PARAM_LINKS.name: len(org.links),
        names.PARAM_STANDUP.name: _standup(org),
    }
    for role in org.roles:
        if role.headcount:
            flat |= {names.PARAM_ROLE.of(role=role.id, key=key): value for key, value in _role(org, role).items()}
    for link in org.links:
        label = names.PARAM_MUTUAL if link.mutual else names.PARAM_LINK
        flat[label.of(source=link.source, target=link.target)] = f"{link.kind} {link.pattern}".strip()
    return {key: str(value)[:LONGEST_PARAM] for key, value in flat.items()}


def points(view: StudyView, own: CandidateView, org: Org, ledgers: Ledgers) -> list[Point]:
    """A candidate's standing and the means of its scores, and its curves over the budget."""
    every = [score for scores in own.scores.values() for score in scores]
    found = standing_points(own.standing) if own.standing else []
    found += [
        Point(one.name, _mean([float(part(score)) for score in every])) for one, part in AVERAGED.items() if every
    ]
    found += parts_points(parts_of(every), _PARTS) if every else []
    found.append(Point(names.EXPERIMENTS.name, float(sum(sum(score.experiments.values()) for score in every))))
    standup = org.standup.every if org.standup else 0.0
    sizes = {names.AGENTS: org.headcount, names.LINKS: len(org.links), names.STANDUP_EVERY: standup}
    found += [Point(size.name, float(value)) for size, value in sizes.items()]
    for task, scores in own.scores.items():
        if scores:
            outputs, heldout = [one.research_output for one in scores], [one.heldout for one in scores]
            found.append(Point(names.TASK_OUTPUT.of(task=task), _mean(outputs)))
            metric = view.head.tasks[task].heldout
            found.append(Point(names.TASK_HELDOUT.of(task=task, metric=metric), _mean(heldout)))
        budget_s = view.head.identity.budget_of(task)
        found += budget_curves.quality(task, scores, budget_s)
        found += budget_curves.best(task, ledgers.get(task, ()), budget_s)
    return found


def standing_points(standing: Standing) -> list[Point]:
    """What is known of a candidate's research output."""
    values = {names.OUTPUT: standing.value, names.ERROR: standing.error, names.ESTIMATE: standing.estimate}
    points = [Point(metric.name, value) for metric, value in values.items()]
    return [*points, Point(names.SEEDS.name, float(standing.seeds))]


def parts_points(parts: Parts, under: Sequence[names.Metric]) -> list[Point]:
    """What a score is made of, under three names: validation progress, quality at the end and over the budget."""
    values = (parts.progress, parts.q_final, parts.q_mean)
    return [Point(one.name, value) for one, value in zip(under, values, strict=True) if value is not None]


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
    own, budget_s = family.own, max(map(family.view.head.identity.budget_of, family.view.tasks))
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


def _standup(org: Org) -> str:
    return format_standup(org.standup, {role.id: role.name for role in org.roles}) if org.standup else "off"


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
    return f"Research output {signed(standing.value)}{noise(standing.error)} ({spread}, {seeds})"


def _origin(family: Family) -> str:
    if family.parent is None:
        return "The seed document: everything is compared with it."
    parent, proposer = family.parent, family.own.record.proposer
    known = f" ({signed(parent.standing.value)}{noise(parent.standing.error)})" if parent.standing else ""
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
