"""Random: draws knobs anew from their whole range, whatever is known."""

from orgopt.agents.base import Proposal, View, propose


class Random:
    """Starts from the baseline and draws some of its knobs uniformly.

    Risk tolerance is the share of the knobs that are drawn: 0 draws one, 1 draws all (random search).
    """

    def act(self, view: View) -> Proposal:
        baseline = view.known[0]
        count = max(1, round(view.risk * len(view.knobs)))
        picked = view.rng.choice(len(view.knobs), size=count, replace=False)
        changes = {view.knobs[i].name: view.knobs[i].at(view.rng.random()) for i in sorted(picked)}
        return propose(baseline, changes)
