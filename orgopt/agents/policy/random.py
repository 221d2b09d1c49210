"""Random: draws knobs anew from their whole range, whatever is known."""

from orgopt.agents.base import Policy, Proposal, View, propose


class Random(Policy):
    """Starts from the baseline and draws some of its knobs uniformly.

    Risk tolerance is the share of the knobs that are drawn: 0 draws one, 1 draws all (random search).
    """

    def act(self, view: View) -> Proposal:
        baseline = view.knowledge.all[0]
        count = max(1, round(view.risk * len(view.free)))
        picked = view.rng.permutation(len(view.free))[:count]
        knobs = [view.free[int(at)] for at in sorted(picked)]
        return propose(baseline, {knob.name: knob.at(view.rng.random()) for knob in knobs})
