"""Replicate: runs good results again with new seeds, the one first whose mean is most in doubt."""

import math

from orgopt.agents.base import Policy, Proposal, View, propose, repeat
from orgopt.agents.knowledge import Known
from orgopt.agents.policy.hill_climb import step

MAX_SEEDS = 8  # the mean of as many is not in doubt any more
LOOK = 12  # of the best settings: to repeat a worse one would change nothing that is submitted


class Replicate(Policy):
    """Spends its experiments on what may be better than the incumbent and rests on few seeds.

    Doubt is how far the mean may lie below the incumbent's, given the noise between seeds: risk tolerance
    sets how many standard errors it reckons with (1 to 3). Where nothing is in doubt it takes a small step.
    """

    def act(self, view: View) -> Proposal:
        best = view.starts[0]
        noise = _noise(view)
        candidates = [one for one in view.knowledge.ranked(LOOK) if one.id and one.seeds < MAX_SEEDS]
        doubts = [(_gain(one, best, noise, view.risk), -one.id, one) for one in candidates]
        gain, _, doubtful = max(doubts, default=(0.0, 0, best), key=lambda doubt: doubt[:2])
        if gain > 0:
            return repeat(doubtful, "replicates")
        return propose(best, step(view, best))


def _gain(one: Known, best: Known, noise: float, risk: float) -> float:
    """How far below the incumbent's mean the true mean may lie."""
    margin = (1 + 2 * risk) * noise / math.sqrt(one.seeds)
    return (best.metric or 0.0) - ((one.metric or 0.0) - margin)


def _noise(view: View) -> float:
    """The standard deviation between seeds: pooled over what was replicated, else the spread of the best."""
    ranked = view.knowledge.ranked(LOOK)
    degrees = sum(one.seeds - 1 for one in ranked if one.sd)
    if degrees:
        return math.sqrt(sum(one.sd**2 * (one.seeds - 1) for one in ranked) / degrees)
    values = [one.metric or 0.0 for one in ranked]
    # Nothing was repeated yet: without an estimate the first repetition would never be asked for.
    return (values[-1] - values[0]) / 2
