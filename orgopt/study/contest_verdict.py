"""What a contest says in the end: its ranking read as an `Ending`."""

from collections.abc import Iterator, Mapping
from typing import Any

from orgopt.study.contest import EFFECT, Placing, Ranking
from orgopt.study.ending import Bar, Ending, again, scale
from orgopt.study.measures import measure
from orgopt.study.wording import count, duration, interval, listing, plain, signed

MANY = 1000  # further seeds beyond which entrants are called equal
_VERDICTS = {"worse": "better", "no difference": "no difference"}  # of the first against one that is so


def ending(
    ranking: Ranking,
    tasks: Mapping[str, Mapping[str, Any]],
    *,
    sizes: Mapping[str, int],
    self_reported: bool = False,
    command: str = "",
    seed_s: float = 0.0,
) -> Ending:
    """The end of a contest.

    Args:
        ranking: What it shows.
        tasks: What a log has of each task.
        sizes: The headcount of each entrant that is a document.
        self_reported: Whether a task's metric is what its own script prints.
        command: What continues it.
        seed_s: Wall seconds that a seed took.
    """
    first, *others = ranking.placings
    worse = [one for one in others if one.verdict == "worse"]
    return Ending(
        word="better" if len(worse) == len(others) else "no difference",
        title=_title(first, others),
        sure=_sure(first, others[0], ranking),
        measures=tuple(_measures(ranking, tasks)),
        scale=scale(self_reported=self_reported),
        bars=tuple(_bar(one, sizes) for one in ranking.placings),
        advice=tuple(_advice(ranking, sizes, command, seed_s)),
    )


def _title(first: Placing, others: list[Placing]) -> str:
    worse = [one.entrant for one in others if one.verdict == "worse"]
    level = [one.entrant for one in others if one.verdict != "worse"]
    said: list[str] = []
    if worse:
        said.append(f"{first.entrant} is better than {listing(worse)}.")
    if level:
        said.append(f"No difference is shown between {first.entrant} and {listing(level)}.")
    return " ".join(said)


def _sure(first: Placing, second: Placing, ranking: Ranking) -> str:
    """By how much the first is ahead of the second, and how sure that is."""
    scores = f"{first.entrant} scores {plain(first.output.mean)}, {second.entrant} {plain(second.output.mean)}"
    apart = second.behind
    if apart is None or ranking.seeds == 1:
        return f"{scores}, on one seed, which tells nothing of luck."
    known = interval(-apart.high, -apart.low, sign=True)
    corrected = f"; verdicts are corrected for {ranking.comparisons} comparisons" if ranking.comparisons > 1 else ""
    return f"{scores}: {signed(-apart.mean)}, with 95 % confidence within {known}, on {ranking.seeds} seeds{corrected}."


def _measures(ranking: Ranking, tasks: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, task in tasks.items():
        reached = [(one.entrant, one.heldout[name]) for one in reversed(ranking.placings)]
        yield measure(name, task, [("untouched", task["baseline"]["heldout"]), *reached])


def _bar(one: Placing, sizes: Mapping[str, int]) -> Bar:
    size = count(sizes[one.entrant], "agent") if one.entrant in sizes else "plain Optuna on the task, no team"
    return Bar(
        name=one.entrant,
        value=one.output.mean,
        meaning=f"{size}, {one.experiments:.0f} experiments a run",
        verdict=_VERDICTS.get(one.verdict, ""),
    )


def _advice(ranking: Ranking, sizes: Mapping[str, int], command: str, seed_s: float) -> Iterator[str]:
    first, *others = ranking.placings
    level = [one.entrant for one in others if one.verdict != "worse"]
    if level:
        documents = [name for name in (first.entrant, *level) if name in sizes]
        smallest = min(documents, key=lambda name: sizes[name], default=first.entrant)
        tied = sum(sizes.get(name) == sizes.get(smallest) for name in documents) > 1
        yield f"Take {first.entrant if tied else smallest}{'' if tied else ', which is the smallest of those'}."
    else:
        yield f"Take {first.entrant}."
    if ranking.more_seeds is None:
        yield f"One seed tells nothing of luck{_continued(command, 10)}"
    elif level and ranking.more_seeds > MANY:
        yield f"More than {count(MANY)} further seeds would be needed to see a difference of {EFFECT:g}."
    elif level and ranking.more_seeds:
        took = f", {duration(seed_s * ranking.more_seeds)}," if seed_s * ranking.more_seeds >= 1 else ""
        said = _continued(command, ranking.seeds + ranking.more_seeds)
        yield f"About {count(ranking.more_seeds, 'more seed')}{took} would show a difference of {EFFECT:g}{said}"


def _continued(command: str, seeds: int) -> str:
    return f": {again(command, '--seeds', seeds)}" if command else ""
