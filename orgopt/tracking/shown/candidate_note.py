"""The note of a candidate in MLflow: the result first, then ways to more, and its pictures. Pure functions."""

from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import NamedTuple

from orgopt.study.records.kinds import FinalRecord
from orgopt.study.records.names import TEST
from orgopt.study.records.result import Claim
from orgopt.study.standing import Standing
from orgopt.study.verdict.measures import form_of
from orgopt.study.view import CandidateView, StudyView
from orgopt.study.wording import SEED_DOCUMENT, count, interval, plain, unnegated
from orgopt.tracking.backend import mlflow_addresses
from orgopt.tracking.backend.entry import OWN
from orgopt.tracking.names import STAR
from orgopt.tracking.shown import legend
from orgopt.tracking.shown.markdown import escape
from orgopt.tracking.shown.study_note import against_seed, apart, unbroken

Z = 1.96  # of a 95 % interval
TEST_CURVES = "test-curves.svg"
"""The artifact of a champion that has its curves on test seeds beside the seed document's."""


class Family(NamedTuple):
    """A candidate and the one that it is a change of, with the addresses of their runs.

    Attributes:
        study_run: The address of the study's run.
        ended: When the candidate's last run ended, in seconds since the epoch.
        varied: The parameters in which the candidates of the study differ.
    """

    view: StudyView
    own: CandidateView
    parent: CandidateView | None
    parent_run: str
    own_run: str
    study_run: str
    ended: float
    varied: frozenset[str]


def note(family: Family, place: int) -> str:
    """A candidate in a few lines of Markdown: the result, ways to more, pictures."""
    view, own = family.view, family.own
    planned = view.head.identity.search_seeds
    lines = [f"**{_standing(own.standing)}** · {place}. of {len(view.candidates)} so far"]
    if own.dropped and own.standing:
        lines[0] += f" · clearly worse after {own.standing.seeds} of {planned} seeds, and given no more"
    lines[0] += f"  \n{_next(family)}"
    return "\n\n".join([*lines, _origin(family), _ways(family), _pictures("curves.svg"), *_experiments(own)])


def _next(family: Family) -> str:
    """What to do with a candidate that is no champion."""
    study = f"[the study]({family.study_run})" if family.study_run else "the study"
    if family.own.disqualified:
        return "→ It broke a rule of its task, and does not count."
    return f"→ Search seeds only choose. What counts is the champion's test on fresh seeds: see {study}."


def _experiments(own: CandidateView) -> Iterator[str]:
    """What its teams ran, and what most of their failures were."""
    every = [score for scores in own.scores.values() for score in scores]
    ended: dict[str, int] = {}
    for score in every:
        for status, number in score.experiments.items():
            ended[status] = ended.get(status, 0) + number
    if every:
        done = ", ".join(f"{number:,} {status}" for status, number in ended.items())
        busy = fmean(score.utilisation for score in every)
        told = f"Its teams ran {count(sum(ended.values()), 'experiment')} in the search ({done})"
        yield f"{told}; the hardware was busy {busy:.0%} of the time."
    if errors := {score.common_error for score in every if score.common_error}:
        yield "Most frequent error: " + escape(next(iter(errors)))


def champion_note(family: Family, final: FinalRecord, more: Mapping[str, str], advice: Sequence[str] = ()) -> str:
    """The note of a champion: what the test says and what to do lead; a table joins all that is measured of it.

    Args:
        family: The champion and its parent.
        final: The result.
        more: Addresses of what only a champion has, by what they lead to.
        advice: What follows from the result, a line each.
    """
    test, claim = final.estimates.test, against_seed(final)
    found = f"{plain(test.mean)} on {count(test.n, 'fresh test seed')}" if test else "not tested"
    if claim:
        reached = f"{SEED_DOCUMENT} {plain(claim.mean)} → {plain(claim.champion_mean)}"
        found = f"{reached} on {count(claim.seeds, 'fresh test seed')}: {escape(apart(claim))}"
    lines = [f"**{STAR} Champion: {found}**", *(f"**→ {escape(line)}**" for line in advice[:1])]
    parts = ["  \n".join(lines), _measured(family, final, claim), _origin(family)]
    curves = TEST_CURVES if test else "curves.svg"
    parts += [mlflow_addresses.line({**more, **_links(family)}), _pictures(curves), *_experiments(family.own)]
    return "\n\n".join(filter(None, parts))


def _measured(family: Family, final: FinalRecord, claim: Claim | None) -> str:
    """All that is measured of a champion and of the seed document in one table, which says what each figure is."""
    view, own, seed, test = family.view, family.own, family.view.candidates[0], final.estimates.test
    rows: list[tuple[str, ...]] = []
    if test:
        ends = unbroken(escape(interval(test.low, test.high)))
        scores = plain(claim.mean) if claim else "–", f"**{plain(test.mean)}** {ends}".strip()
        rows.append(
            (
                f"score on {count(test.n, 'test seed')}",
                *scores,
                "what counts: 0 is the untouched script, 1 the best known",
            )
        )
    if own.standing:
        gap = own.standing.value - test.mean if test else 0.0
        flattered = f": flattered by {plain(gap)}" if gap > 0 else ""
        why = f"picked for it of {count(len(view.candidates), 'candidate')}{flattered}"
        scores = plain(seed.standing.value if seed.standing else None), plain(own.standing.value)
        rows.append((f"score on {count(own.standing.seeds, 'search seed')}", *scores, why))
    for name, task in view.head.tasks.items():
        means = [[score.heldout for score in view.scores(TEST, one.name, name)] for one in (seed, own)]
        if all(means):
            metric, before = unnegated(task.heldout, task.baseline.heldout)
            reached = [unnegated(task.heldout, fmean(values))[1] for values in means]
            form, better = form_of([before, *reached]), "lower" if metric == task.heldout else "higher"
            why = f"on held-out data, of test seeds; untouched {before:{form}}, {better} is better"
            rows.append((escape(f"{name} {metric}"), *(f"{value:{form}}" for value in reached), why))
    lines = [
        ("", SEED_DOCUMENT.replace(" ", "\u00a0"), f"{STAR}\u00a0champion", ""),
        ("---", "---:", "---:", "---"),
        *rows,
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) if rows else ""


def _ways(family: Family) -> str:
    return mlflow_addresses.line(_links(family))


def _links(family: Family) -> dict[str, str]:
    """What else there is of a candidate, by what it is."""
    task = family.view.tasks[0]
    changed = mlflow_addresses.artifact(family.own_run, "diff.html") if family.parent else ""
    return {
        "changes from its parent, in colours": changed,
        "its document": mlflow_addresses.artifact(family.own_run, "program.md"),
        "what its agents did, on the first seed": mlflow_addresses.artifact(family.own_run, f"ledger-{task}.json"),
    }


def _pictures(curves: str) -> str:
    return mlflow_addresses.pictures(OWN, "chart.svg", curves, between=" ")


def _standing(standing: Standing | None) -> str:
    if standing is None:
        return "No complete run"
    return f"Score {standing_words(standing)}"


def standing_words(standing: Standing) -> str:
    """A score of the search with its 95 % interval, in Markdown: `0.29 [0.08, 0.50] on 5 search seeds`."""
    ends = (
        (standing.value - Z * standing.error, standing.value + Z * standing.error) if standing.error else (None, None)
    )
    known = f" {escape(interval(*ends))}" if standing.error else ""
    return f"{plain(standing.value)}{known} on {count(standing.seeds, 'search seed')}"


def _origin(family: Family) -> str:
    if family.parent is None:
        return "The seed document: everything is compared with it."
    parent, proposer = family.parent, family.own.record.proposer
    known = f" ({standing_words(parent.standing)})" if parent.standing else ""
    link = f"[{parent.name}]({family.parent_run})" if family.parent_run else parent.name
    changes = "; ".join(escape(change) for change in family.own.record.changes)
    rewrite = family.view.rewrites.get(family.own.name)
    reasons = escape("; ".join(one.reason for one in (rewrite.changes if rewrite else ()) if one.reason))
    why = f"\n\nWhy, in its words: {reasons}" if rewrite and proposer == rewrite.rewriter and reasons else ""
    return f"Proposed by {escape(legend.proposer(proposer))}, as a change of {link}{known}: {changes}{why}"
