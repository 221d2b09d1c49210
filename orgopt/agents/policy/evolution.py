"""Evolution: children of recent results, by tournament, crossover and mutation.

Regularized evolution of Real et al. (2019, AAAI "Regularized Evolution for Image Classifier Architecture
Search"): parents are drawn from the latest results only, so that a lucky one dies of age. It differs in that
the population is what the agent knows, whoever ran it, and that half of the children have two parents.
"""

from orgopt.agents.base import Policy, Proposal, View, propose
from orgopt.agents.knowledge import Known
from orgopt.agents.policy.hill_climb import moved, step

POPULATION = 24
CROSSOVER = 0.5


class Evolution(Policy):
    """Crosses winners of small tournaments and mutates a knob or more.

    Risk tolerance makes tournaments smaller (8 down to 2 of the population) and mutations more and wider.
    """

    def act(self, view: View) -> Proposal:
        population = _population(view)
        parent = _winner(population, view)
        settings = dict(parent.settings)
        # Only free knobs may come from the other parent: a role must not touch what its focus leaves out.
        if view.rng.random() < CROSSOVER:
            other = _winner(population, view)
            taken = [knob.name for knob in view.free if view.rng.random() < 0.5]
            settings |= {name: other.settings[name] for name in taken}
        # From half a knob on average at risk 0 to two and a half at risk 1.
        chance = (0.5 + 2 * view.risk) / len(view.free)
        for knob in view.free:
            if view.rng.random() < chance:
                settings[knob.name] = moved(knob, settings[knob.name], view)
        # A child that was run before would spend an experiment on nothing new: replicates are asked for elsewhere.
        if view.knowledge.has(settings) or view.knowledge.fails(settings):
            return propose(parent, step(view, parent))
        return propose(parent, {name: value for name, value in settings.items() if parent.settings[name] != value})


def _population(view: View) -> list[Known]:
    """The latest results with a metric that the copy rule lets the agent start from."""
    if view.copy_rule not in {"best", "own"}:
        return list(view.starts)
    # Twice as many, since failed experiments have no metric and drop out.
    alive = [one for one in view.knowledge.all[-2 * POPULATION :] if one.metric is not None]
    if view.copy_rule == "own":
        alive = [one for one in view.knowledge.all if one.metric is not None and one.mine]
    return alive[-POPULATION:] or list(view.starts)


def _winner(population: list[Known], view: View) -> Known:
    size = max(2, round(8 - 6 * view.risk))
    drawn = [population[view.draw(len(population))] for _ in range(size)]
    return min(drawn, key=lambda one: (one.metric, one.id))
