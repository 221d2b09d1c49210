"""What MLflow shows of a candidate: names, parameters, metrics, its note and its files. Pure functions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from operator import attrgetter
from typing import Any

from orgopt.document import parse, read
from orgopt.document.grammar.key_table import KEYS
from orgopt.document.grammar.rhythm import format_standup
from orgopt.draw import svg
from orgopt.org import Org, Role
from orgopt.scoring.score import Score
from orgopt.study.records.head import StudyRecord
from orgopt.study.records.kinds import CandidateRecord
from orgopt.study.score_parts import Parts, parts_of
from orgopt.study.standing import Standing
from orgopt.study.view import CandidateView, StudyView
from orgopt.study.wording import count, unnegated
from orgopt.tracking import names
from orgopt.tracking.backend.entry import NOTE, Entry, Point, Source
from orgopt.tracking.names import (
    COLOUR,
    COLOURS,
    LONGEST_PARAM,
    LONGEST_VALUE,
    TEAM,
    candidate_title,
    digest,
    order,
    order_ahead,
    reporting,
)
from orgopt.tracking.shown import budget_curves, tables
from orgopt.tracking.shown.candidate_note import Family, note, standing_words
from orgopt.tracking.shown.diffs import diff, diff_page

Ledgers = Mapping[str, Sequence[Mapping[str, Any]]]
"""The events of the first seed's run, by task."""

AVERAGED: Mapping[names.Metric, Callable[[Score], float]] = {
    names.UTILISATION: attrgetter("utilisation"),
    names.AGENT_S: attrgetter("agent_s"),
}
NONE = "no link"
"""The value of a parameter of a link that a candidate has not and one beside it has."""
_PARTS = (names.PROGRESS, names.Q_FINAL, names.Q_MEAN)


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
        name=candidate_title(record, org),
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
        **placed(family.view.head, record),
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


def placed(head: StudyRecord, record: CandidateRecord, *, champion: bool = False) -> dict[str, str]:
    """The tags that decide where lists have a candidate and in which colour.

    First the seed document, then the champion: from what there was to what came of it, as on every screen.
    """
    if champion or record.parent is None:
        at, colour = (1, "champion") if champion else (0, "seed document")
        return {names.ORDER.name: order_ahead(head, at), names.PLACE.name: TEAM, COLOUR: COLOURS[colour]}
    return {names.ORDER.name: order(head, record.generation, record.index)}


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
        names.PARAM_LINKS.name: len(org.links_in_use),
        names.PARAM_STANDUP.name: _standup(org),
    }
    for role in org.roles:
        if role.headcount:
            flat |= {names.PARAM_ROLE.of(role=role.id, key=key): value for key, value in _role(org, role).items()}
    for link in org.links_in_use:
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


def team_picture(org: Org) -> str:
    """The roles that have agents, and how many these are: the scores beside it are theirs."""
    size = count(org.headcount, "agent")
    return svg(replace(org.staffed(), title=f"{org.title}: {size}" if org.title else size))


def _files(family: Family, org: Org, ledgers: Ledgers) -> dict[str, str]:
    own, budget_s = family.own, max(map(family.view.head.identity.budget_of, family.view.tasks))
    files = {"program.md": own.record.program, "chart.svg": team_picture(org)}
    if family.parent:
        files["diff.md"] = diff(family.parent.record, own.record, own.record.changes)
        files["diff.html"] = diff_page(
            family.parent.record, own.record, own.record.changes, _scores(family.parent, own)
        )
    seed = family.view.candidates[0]
    every = ({task: [score.curve for score in scores] for task, scores in one.scores.items()} for one in (own, seed))
    curves, other = every
    shown = budget_curves.bundles(curves, {} if seed is own else other)
    files["curves.svg"] = budget_curves.picture(f"{own.name} in the search: mean, thin: a seed", shown, budget_s)
    for task, events in ledgers.items():
        if events:
            files[f"ledger-{task}.json"] = tables.as_json(tables.ledger(events))
            files[f"messages-{task}.json"] = tables.as_json(tables.talk(events))
    return files


def _scores(before: CandidateView, after: CandidateView) -> str:
    known = [standing_words(one.standing) for one in (before, after) if one.standing]
    return f"Score: {' → '.join(known)}".replace("\\", "") if len(known) > 1 else ""


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


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)
