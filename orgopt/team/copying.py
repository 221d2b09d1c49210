"""Copy rules: what an agent may start from, and at whom it looks for that."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from orgopt.agents import STARTS, Known
from orgopt.org import CopyRule
from orgopt.team.beliefs import Beliefs

_SAMPLE = 3  # neighbours


def heeded(rule: CopyRule, neighbours: Sequence[str], rng: np.random.Generator) -> tuple[Sequence[str], float]:
    """The neighbours that an agent looks at, and what decides where all of them differ, from 0 to 1."""
    if rule == "majority":
        return neighbours, rng.random()
    if rule not in {"best of 3", "majority of 3"} or len(neighbours) <= _SAMPLE:
        return neighbours, 0.0
    places: list[int] = rng.choice(len(neighbours), _SAMPLE, replace=False).tolist()
    return [neighbours[at] for at in places], 0.0


def starts(beliefs: Beliefs, rule: CopyRule, neighbours: Sequence[str], choice: float) -> list[Known]:
    """What an agent may start from, its incumbent first.

    Args:
        beliefs: What it believes.
        rule: `best` of all that it knows; `own`: of what it ran or was handed. The others take a setting
            that neighbours have for their best, when that beats its own best: `majority` what most of them
            have, `best of 3` the best of three, `majority of 3` what at least two of three have.
        neighbours: Whose results reach it; those that were sampled.
        choice: From 0 to 1, decides where all neighbours differ.
    """
    if rule == "best":
        return beliefs.knowledge.best(STARTS)
    if rule == "own":
        ranked = sorted((one.metric or 0.0, n) for n in beliefs.mine if (one := beliefs.known(n)).believed)
        return [beliefs.known(number) for _, number in ranked[:STARTS]]
    own = beliefs.known(beliefs.own)
    votes = [number for one in neighbours if (number := beliefs.has(one)) is not None]
    if not votes:
        return [own]
    if rule == "majority of 3" and len(set(votes)) == len(votes):
        return [own]
    chosen = beliefs.known(min(votes, key=beliefs.rank) if rule == "best of 3" else _majority(votes, beliefs, choice))
    better = (chosen.metric or 0.0) < (own.metric or 0.0)
    return [chosen, own] if better else [own]


def _majority(votes: Sequence[int], beliefs: Beliefs, choice: float) -> int:
    """The most frequent vote, ties by metric; one at random where all differ."""
    counts = Counter(votes)
    if len(counts) == len(votes) > 1:
        return votes[int(choice * len(votes))]
    return min(counts, key=lambda vote: (-counts[vote], beliefs.known(vote).metric or 0.0, vote))
