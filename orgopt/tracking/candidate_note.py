"""The note of a candidate in MLflow: the result first, then ways to more, and its pictures. Pure functions."""

from collections.abc import Mapping
from typing import NamedTuple

from orgopt.study.records.kinds import FinalRecord
from orgopt.study.standing import Standing
from orgopt.study.view import CandidateView, StudyView
from orgopt.study.wording import count, interval, noise, plain
from orgopt.tracking import ways
from orgopt.tracking.entry import OWN
from orgopt.tracking.markdown import escape
from orgopt.tracking.names import STAR
from orgopt.tracking.study_note import against_seed, ahead

Z = 1.96  # of a 95 % interval


class Family(NamedTuple):
    """A candidate and the one that it is a change of, with the addresses of their runs.

    Attributes:
        ended: When the candidate's last run ended, in seconds since the epoch.
        varied: The parameters in which the candidates of the study differ.
    """

    view: StudyView
    own: CandidateView
    parent: CandidateView | None
    parent_run: str
    own_run: str
    ended: float
    varied: frozenset[str]


def note(family: Family, place: int) -> str:
    """A candidate in a few lines of Markdown: the result, ways to more, pictures."""
    view, own = family.view, family.own
    planned = view.head.identity.search_seeds
    lines = [f"**{_standing(own.standing)}** · {place}. of {len(view.candidates)} so far"]
    if own.dropped and own.standing:
        lines[0] += f" · clearly worse after {own.standing.seeds} of {planned} seeds, and given no more"
    lines += [_origin(family), _ways(family), _pictures()]
    every = [score for scores in own.scores.values() for score in scores]
    ended: dict[str, int] = {}
    for score in every:
        for status, number in score.experiments.items():
            ended[status] = ended.get(status, 0) + number
    if every:
        done = ", ".join(f"{number} {status}" for status, number in ended.items())
        busy = sum(score.utilisation for score in every) / len(every)
        lines.append(f"Experiments: {done}. Slots busy {busy:.0%}.")
    if errors := {score.common_error for score in every if score.common_error}:
        lines.append("Most frequent error: " + escape(next(iter(errors))))
    return "\n\n".join(lines)


def champion_note(family: Family, place: int, final: FinalRecord, more: Mapping[str, str]) -> str:
    """The note of a champion: what the test says leads, and the search's flattered value stands behind it.

    Args:
        family: The champion and its parent.
        place: Its rank in the search.
        final: The result.
        more: Addresses of what only a champion has, by what they lead to.
    """
    test, standing = final.estimates.test, family.own.standing
    if not test:
        return f"**{STAR} Champion**, not tested.\n\n{note(family, place)}"
    ends = escape(interval(test.low, test.high))
    known = f" (95 % {ends}, {count(test.n, 'fresh seed')})" if ends else ""
    lines = [f"**{STAR} Champion: {plain(test.mean)} on test seeds**{known}"]
    if claim := against_seed(final):
        lines.append(f"The seed document: {plain(claim.mean)}; the champion is ahead by {escape(ahead(claim))}")
    if standing:
        gap = standing.value - test.mean
        picked = f"for which it was picked of {count(len(family.view.candidates), 'candidate')}"
        lines.append(
            f"In the search it had {plain(standing.value)}, {picked}" + f": flattered by {plain(gap)}" * (gap > 0)
        )
    _, *rest = (
        note(family, place).replace(_ways(family), f"{ways.line(more)} · {_ways(family)}".strip(" ·")).split("\n\n")
    )
    return "\n\n".join(["  \n".join(lines), *rest])


def _ways(family: Family) -> str:
    """Links to what else there is of a candidate."""
    task = family.view.tasks[0]
    changed = ways.artifact(family.own_run, "diff.html") if family.parent else ""
    return ways.line(
        {
            "changes from its parent, in colours": changed,
            "its document": ways.artifact(family.own_run, "program.md"),
            "what its agents did, on the first seed": ways.artifact(family.own_run, f"ledger-{task}.json"),
        }
    )


def _pictures() -> str:
    return ways.pictures(OWN, "chart.svg", "curves.svg", between=" ")


def _standing(standing: Standing | None) -> str:
    if standing is None:
        return "No complete run"
    seeds = f"{standing.seeds} seed{'s' * (standing.seeds != 1)}"
    if not standing.error:
        return f"Research output {plain(standing.value)} ({seeds})"
    low, high = standing.value - Z * standing.error, standing.value + Z * standing.error
    spread = f"95 % {escape(interval(low, high))}"
    return f"Research output {plain(standing.value)}{noise(standing.error)} ({spread}, {seeds})"


def _origin(family: Family) -> str:
    if family.parent is None:
        return "The seed document: everything is compared with it."
    parent, proposer = family.parent, family.own.record.proposer
    known = f" ({plain(parent.standing.value)}{noise(parent.standing.error)})" if parent.standing else ""
    link = f"[{parent.name}]({family.parent_run})" if family.parent_run else parent.name
    changes = "; ".join(escape(change) for change in family.own.record.changes)
    rewrite = family.view.rewrites.get(family.own.name)
    reasons = escape("; ".join(one.reason for one in (rewrite.changes if rewrite else ()) if one.reason))
    why = f"\n\nWhy, in its words: {reasons}" if rewrite and proposer == rewrite.rewriter and reasons else ""
    return f"{escape(proposer)} changed {link}{known}: {changes}{why}"
