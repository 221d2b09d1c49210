"""What MLflow shows of a candidate: names, parameters, metrics, its note and its files. Pure functions."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
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
from orgopt.study.records.kinds import FinalRecord
from orgopt.study.records.names import TEST
from orgopt.study.standing import Standing
from orgopt.study.view import CandidateView, StudyView
from orgopt.study.wording import count, entrant_name, noise, unnegated
from orgopt.tracking import budget_curves, names, tables
from orgopt.tracking.diffs import diff, diff_page
from orgopt.tracking.entry import NOTE, Entry, Point, Source
from orgopt.tracking.markdown import escape, interval, signed
from orgopt.tracking.names import LONGEST_PARAM, LONGEST_VALUE, STAR, candidate_title, digest, order, reporting

Ledgers = Mapping[str, Sequence[Mapping[str, Any]]]
"""The events of the first seed's run, by task."""

Z = 1.96  # of a 95 % interval
AVERAGED: Mapping[names.Metric, Callable[[Score], float]] = {
    names.UTILISATION: attrgetter("utilisation"),
    names.AGENT_S: attrgetter("agent_s"),
}
_PARTS = (names.PROGRESS, names.Q_FINAL, names.Q_MEAN)


class Family(NamedTuple):
    """A candidate and the one that it is a change of, with the address of that one's run.

    Attributes:
        ended: When the candidate's last run ended, in seconds since the epoch.
        varied: The parameters in which the candidates of the study differ.
    """

    view: StudyView
    own: CandidateView
    parent: CandidateView | None
    parent_run: str
    ended: float
    varied: frozenset[str]


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
        params=chosen(own, family.varied),
        points=tuple(points(family.view, own, ledgers)),
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
        names.ORDER.name: order(family.view.head, record.generation, record.index),
        **({names.RESULT.name: said} if (said := _result(family.view, own)) else {}),
        names.TASKS.name: ", ".join(family.view.tasks),
        names.WAS_DROPPED.name: str(own.dropped).lower(),
        names.COMMIT.name: digest(record.program),
        **({names.STUDIES.name: done} if (done := _studies(own)) else {}),
        **reporting(family.view.head),
    }


def _studies(own: CandidateView) -> str:
    """The studies that a search's runs were; empty for a team."""
    ran = [score.lab["study"] for scores in own.scores.values() for score in scores if "study" in score.lab]
    return "; ".join(dict.fromkeys(ran))[:LONGEST_VALUE]


def varying(candidates: Sequence[CandidateView]) -> frozenset[str]:
    """The parameters in which some candidates differ."""
    every = [params(one.record.program) for one in candidates]
    seen: dict[str, set[str]] = {}
    for found in every:
        for name, value in found.items():
            seen.setdefault(name, set()).add(value)
    return frozenset(name for name, values in seen.items() if len(values) > 1 or any(name not in one for one in every))


def chosen(own: CandidateView, varied: frozenset[str]) -> dict[str, str]:
    """What a candidate has of some parameters."""
    return {name: value for name, value in params(own.record.program).items() if name in varied}


@lru_cache(maxsize=4096)
def params(program: str) -> Mapping[str, str]:
    """An organization as flat parameters, so that runs can be compared by them."""
    org = read(parse(program)).org
    flat: dict[str, Any] = {
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


def points(view: StudyView, own: CandidateView, ledgers: Ledgers) -> list[Point]:
    """A candidate's standing and the means of its scores, and its curves over the budget."""
    every = [score for scores in own.scores.values() for score in scores]
    found = standing_points(own.standing) if own.standing else []
    found += [one.at(_mean([float(part(score)) for score in every])) for one, part in AVERAGED.items() if every]
    found += parts_points(parts_of(every), _PARTS) if every else []
    found.append(names.EXPERIMENTS.at(float(sum(sum(score.experiments.values()) for score in every))))
    for task, scores in own.scores.items():
        if scores:
            outputs, heldout = [one.research_output for one in scores], [one.heldout for one in scores]
            found.append(names.TASK_OUTPUT.at(_mean(outputs), task=task))
            metric, value = unnegated(view.head.tasks[task].heldout, _mean(heldout))
            found.append(names.TASK_HELDOUT.at(value, task=task, metric=metric))
        budget_s = view.head.identity.budget_of(task)
        found += budget_curves.quality(task, scores, budget_s)
        found += budget_curves.best(task, ledgers.get(task, ()), budget_s)
    return found


def standing_points(standing: Standing) -> list[Point]:
    """What is known of a candidate's research output; no error where nothing is known of the noise."""
    values = {names.OUTPUT: standing.value, names.ERROR: standing.error, names.ESTIMATE: standing.estimate}
    points = [metric.at(value) for metric, value in values.items() if value or metric is not names.ERROR]
    return [*points, names.SEEDS.at(float(standing.seeds))]


def parts_points(parts: Parts, under: Sequence[names.Metric]) -> list[Point]:
    """What a score is made of, under three names: validation progress, quality at the end and over the budget."""
    values = (parts.progress, parts.q_final, parts.q_mean)
    return [one.at(value) for one, value in zip(under, values, strict=True) if value is not None]


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


def champion_note(family: Family, place: int, final: FinalRecord) -> str:
    """The note of a champion: what the test says leads, and the search's flattered value stands behind it."""
    test, standing = final.estimates.test, family.own.standing
    if not test:
        return f"**{STAR} Champion**, not tested.\n\n{note(family, place)}"
    known = f" (95 % {interval(test.low, test.high)}, {count(test.n, 'fresh seed')})" if test.low is not None else ""
    lines = [f"**{STAR} Champion: {signed(test.mean)} on test seeds**{known}"]
    against = [one for one in final.claims if one.phase == TEST and one.task == _whole(final)]
    lines += [
        f"{escape(entrant_name(one.entrant, 'g00-c00', final.champion))} {signed(one.mean)}: ahead by "
        f"{signed(one.difference)} {interval(one.low, one.high)}"
        for one in against[:1]
    ]
    if standing:
        gap = standing.value - test.mean
        picked = f"for which it was picked of {count(len(family.view.candidates), 'candidate')}"
        lines.append(
            f"In the search it had {signed(standing.value)}, {picked}" + f": flattered by {gap:.3f}" * (gap > 0)
        )
    return "  \n".join(lines) + "\n\n" + "\n\n".join(note(family, place).split("\n\n")[1:])


def _whole(final: FinalRecord) -> str:
    """The task of the claims that are of all tasks: the only one, or the mean of several."""
    tasks = [one.task for one in final.claims if one.phase == TEST]
    return "all" if "all" in tasks else next(iter(tasks), "")


def _files(family: Family, org: Org, ledgers: Ledgers) -> dict[str, str]:
    own, budget_s = family.own, max(map(family.view.head.identity.budget_of, family.view.tasks))
    files = {"program.md": own.record.program, "chart.svg": svg(org)}
    if family.parent:
        files["diff.md"] = diff(family.parent.record, own.record, own.record.changes)
        files["diff.html"] = diff_page(family.parent.record, own.record, own.record.changes)
    seeds = {task: [score.curve for score in scores] for task, scores in own.scores.items()}
    files["curves.svg"] = budget_curves.picture(f"{own.name}: what it would submit", seeds, budget_s)
    for task, events in ledgers.items():
        if events:
            files[f"ledger-{task}.json"] = tables.as_json(tables.ledger(events))
            files[f"messages-{task}.json"] = tables.as_json(tables.talk(events))
    return files


def _result(view: StudyView, own: CandidateView) -> str:
    """What is known of a candidate in a few words; empty where it is one of many."""
    if own.disqualified:
        return "disqualified"
    if own.dropped and own.standing:
        return f"dropped after {count(own.standing.seeds, 'seed')}"
    if own.record.parent is None:
        return "seed document"
    mates = [one.value or 0.0 for one in view.generation(own.record.generation) if one.standing and not one.dropped]
    return f"best of g{own.record.generation:02d}" if own.standing and own.value == max(mates) else ""


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
