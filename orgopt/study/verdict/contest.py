"""What a contest says in the end: its ranking read as an `Ending`."""

from collections.abc import Iterator, Mapping, Sequence
from math import inf, isfinite

from orgopt.study.ranking import Placing, Ranking
from orgopt.study.records.head import TaskRecord
from orgopt.study.verdict.ending_form import Bar, Ending, again, scale
from orgopt.study.verdict.evidence import REMEDY, stamp
from orgopt.study.verdict.measures import measure
from orgopt.study.verdict.more_seeds import ENOUGH, more_seeds
from orgopt.study.wording import compared, count, digits_of, listing, plain

MOST = 4  # entrants whose raw metrics are told
TOLERANCE = 0.05
"""What may be lost, with 95 % confidence, by taking the smallest of documents that are level."""
SEEDS = "--seeds"
IDLE = 0.2
"""The share of the slots' time by which one entrant leaves more idle than another, from which on it is said."""
IDLE_SIZE = 1_000
"""Agents that what is no document counts as: it fills every slot."""
_VERDICTS = {"worse": "better", "no difference": "no difference"}  # of the first against one that is so


def ending(
    ranking: Ranking,
    tasks: Mapping[str, TaskRecord],
    *,
    sizes: Mapping[str, int],
    self_reported: bool = False,
    steady: Sequence[str] = (),
    command: str = "",
    seed_s: float = 0.0,
) -> Ending:
    """The end of a contest.

    Args:
        ranking: What it shows.
        tasks: What a log has of each task.
        sizes: The headcount of each entrant that is a document.
        self_reported: Whether a task's metric is what its own script prints.
        steady: The tasks whose metric does not vary with the seed.
        command: What continues it.
        seed_s: Wall seconds that a seed took.
    """
    first, *others = ranking.placings
    shown = tuple(_bar(one, first, sizes) for one in ranking.placings)
    worse = [one for one in others if one.verdict == "worse"]
    return Ending(
        word="better" if len(worse) == len(others) else "no difference",
        title=_title(first, others),
        sure=f"{_sure(first, others[0], ranking)} {stamp(steady)}".strip(),
        measures=tuple(_measures(ranking, tasks)),
        scale=scale(self_reported=self_reported, shown=shown),
        seeds=count(ranking.seeds, "seed"),
        bars=shown,
        notes=tuple(_idle(ranking, sizes)),
        advice=(REMEDY,) if steady else tuple(_advice(ranking, sizes, command, seed_s)),
    )


def _title(first: Placing, others: list[Placing]) -> str:
    worse = [one.entrant for one in others if one.verdict == "worse"]
    level = [one.entrant for one in others if one.verdict != "worse"]
    said: list[str] = []
    if worse:
        said.append(f"{first.entrant} is better than {listing(worse)}.")
    if level:
        between = "between" if len(level) == 1 else "among"
        said.append(f"No difference is shown {between} {listing([first.entrant, *level])}.")
    return " ".join(said)


def _sure(first: Placing, second: Placing, ranking: Ranking) -> str:
    """By how much the first is ahead of the second, and how sure that is."""
    apart = second.behind
    digits = 2 if apart is None else digits_of(apart.mean, *(end for end in (apart.low, apart.high) if isfinite(end)))
    means = [plain(one.output.mean, digits) for one in (first, second)]
    scores = f"{first.entrant} scores {means[0]}, {second.entrant} {means[1]}"
    if apart is None or ranking.seeds == 1:
        return f"{scores}, on one seed, which tells nothing of luck."
    known = compared(
        _VERDICTS.get(second.verdict, ""), -apart.mean, -apart.high, -apart.low, than=second.entrant, digits=digits
    )
    corrected = f"; verdicts are corrected for {ranking.comparisons} comparisons" if ranking.comparisons > 1 else ""
    return f"{known} with 95 % confidence, on {ranking.seeds} seeds: {scores}{corrected}."


def _measures(ranking: Ranking, tasks: Mapping[str, TaskRecord]) -> Iterator[str]:
    shown = ranking.placings if len(ranking.placings) <= MOST else ranking.placings[:1]
    for name, task in tasks.items():
        reached = [(one.entrant, one.heldout[name]) for one in shown]
        yield measure(name, task, [("untouched", task.baseline.heldout), *reached], between=", ")


def _bar(one: Placing, first: Placing, sizes: Mapping[str, int]) -> Bar:
    size = count(sizes[one.entrant], "agent") if one.entrant in sizes else "plain Optuna, no team"
    failed = f", {one.failed:.0f} of them failed" if one.failed >= 0.5 else ""
    return Bar(
        name=one.entrant,
        value=one.output.mean,
        meaning=f"{size}, {one.experiments:.0f} experiments a run{failed}, slots busy {one.utilisation:.0%}",
        verdict=_VERDICTS.get(one.verdict, ""),
        parts=one.parts,
        low=_beside(first, one.behind and one.behind.low),
        high=_beside(first, one.behind and one.behind.high),
    )


def _beside(first: Placing, apart: float | None) -> float | None:
    """Where a difference to the first leads; None of one that is not known."""
    return None if apart is None or not isfinite(apart) else first.output.mean + apart


def _idle(ranking: Ranking, sizes: Mapping[str, int]) -> Iterator[str]:
    """What left slots idle where another kept them busy, which is often why it is behind: too few agents."""
    busiest = max(ranking.placings, key=lambda one: one.utilisation)
    for one in ranking.placings:
        few = sizes.get(one.entrant, IDLE_SIZE) < sizes.get(busiest.entrant, IDLE_SIZE)
        if one.utilisation < busiest.utilisation - IDLE and few:
            agents = count(sizes[one.entrant], "agent")
            yield (
                f"{one.entrant} left slots idle (busy {one.utilisation:.0%}; {busiest.entrant} "
                f"{busiest.utilisation:.0%}): its {agents} cannot fill them all."
            )


def _advice(ranking: Ranking, sizes: Mapping[str, int], command: str, seed_s: float) -> Iterator[str]:
    first, *others = ranking.placings
    level = [one for one in others if one.verdict != "worse"]
    if ranking.more_seeds is None:
        said = f": {again(command, SEEDS, ENOUGH)}" if command else ""
        yield f"No difference so far: one seed tells nothing of luck{said}"
        return
    if not level:
        yield f"Take {first.entrant}."
        return
    near = [one.entrant for one in level if one.behind and one.behind.low > -TOLERANCE]
    smaller = [name for name in near if sizes.get(name, inf) < sizes.get(first.entrant, inf)]
    if smaller:
        yield f"Take {min(smaller, key=lambda name: sizes[name])}: it is smaller, and loses less than {TOLERANCE:g}."
    elif len(near) == len(level):
        yield f"Take any: what differs is less than {TOLERANCE:g}."
    else:
        least = plain(ranking.resolves, digits_of(ranking.resolves))
        said = f"No difference so far: {count(ranking.seeds, 'seed')} show differences from {least} on."
        second = level[0].behind
        more = second and more_seeds(
            second.mean, second.sd, seeds=ranking.seeds, seed_s=seed_s, command=command, option=SEEDS
        )
        yield f"{said} {more}" if more else said
