"""Random: draws knobs anew from their whole range, whatever is known but where settings only failed."""

from orgopt.agents.base import Policy, Proposal, View, propose
from orgopt.tasks.task import Value

_AGAIN = 30  # of many knobs that are drawn, one or the other is where settings fail


class Random(Policy):
    """Starts from the baseline and draws some of its knobs uniformly.

    Risk tolerance is the share of the knobs that are drawn: 0 draws one, 1 draws all (random search).
    """

    def act(self, view: View) -> Proposal:
        baseline = view.knowledge.all[0]
        changes = _drawn(view)
        for _ in range(_AGAIN):
            settings = {**baseline.settings, **changes}
            if not view.knowledge.has(settings) and not view.knowledge.fails(settings):
                break
            changes = _drawn(view)
        return propose(baseline, changes)


def _drawn(view: View) -> dict[str, Value]:
    count = max(1, round(view.risk * len(view.free)))
    picked = view.rng.permutation(len(view.free))[:count]
    knobs = [view.free[int(at)] for at in sorted(picked)]
    return {knob.name: knob.at(view.rng.random()) for knob in knobs}
