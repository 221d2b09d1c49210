"""DE: differential evolution, for many agents that share what they find.

Storn and Price (1997, Journal of Global Optimization "Differential Evolution"), in the form current-to-pbest/1 of JADE
(Zhang and Sanderson 2009, IEEE Transactions on Evolutionary Computation): a member of the population moves towards
one of the best, and by the difference of two others, so that steps take the size and the direction that the population
has. It differs in that the population is the best of what the agent knows, whoever ran it, so that any number of agents
work on one population without waiting for a generation; and in that weights are drawn anew each time instead of
being learned.
"""

import numpy as np

from orgopt.agents.base import Policy, Proposal, View, propose
from orgopt.agents.knowledge import Array, Known
from orgopt.agents.policy.candidates import first_new, free, within
from orgopt.agents.policy.hill_climb import step

POPULATION = (8, 48)  # least and most members
SHARE = 0.4  # of what is known, that the population is
CANDIDATES = 6  # drawn at once, of which the first new one is run


class De(Policy):
    """Moves a known setting towards a better one, and by the difference of two others.

    Risk tolerance draws more members from all that is known, and makes the differences larger.
    """

    def act(self, view: View) -> Proposal:
        population = _population(view)
        if len(population) < POPULATION[0]:
            return _first(view)
        rng, shape = view.rng, (CANDIDATES, len(view.knobs))
        members = view.knowledge.positions(population)
        n_best = max(2, round((0.1 + 0.3 * view.risk) * len(members)))
        picked = (rng.random(shape[0]) * len(members)).astype(int)
        best = (rng.random(shape[0]) * n_best).astype(int)
        one, other = (rng.random((2, shape[0])) * len(members)).astype(int)
        start = members[picked]
        pull, push = rng.uniform(0.3, 1.0, shape[0])[:, None], rng.uniform(0.2, 0.5 + view.risk, shape[0])[:, None]
        moved = within(start + pull * (members[best] - start) + push * (members[one] - members[other]), rng)
        # Of choices without an order there are no differences: one comes from the better or from another member.
        taken = np.where(rng.random(shape) < 0.7, members[best], members[one])
        moved = np.where(view.knowledge.ordered, moved, taken)
        crossed = rng.random(shape) < rng.uniform(0.3, 1.0, shape[0])[:, None]
        crossed[np.arange(shape[0]), (rng.random(shape[0]) * shape[1]).astype(int)] = True
        at: Array = np.where(crossed & free(view), moved, start)
        return first_new(view, population, picked, at, range(shape[0]))


def _population(view: View) -> list[Known]:
    """The best that is known, best first; what the copy rule allows where that is less."""
    if view.copy_rule != "best":
        return list(view.starts)
    measured = len(view.knowledge.measured)
    return view.knowledge.ranked(min(POPULATION[1], max(POPULATION[0], round(SHARE * measured))))


def _first(view: View) -> Proposal:
    """What makes the population: half of it anywhere, half of it near the best."""
    start = view.starts[0]
    if view.rng.random() < 0.5:
        return propose(start, {knob.name: knob.at(view.rng.random()) for knob in view.free})
    return propose(start, step(view, start))
