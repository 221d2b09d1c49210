"""An agent that turns one knob after the other."""

from orgopt.agents.base import Policy, Proposal, View, propose


class OneByOne(Policy):
    """Draws one knob anew and keeps the rest of what it starts from."""

    def act(self, view: View) -> Proposal:
        """The next experiment. All chance comes from `view.rng`, so that a run can be repeated."""
        knob = view.free[len(view.knowledge.all) % len(view.free)]
        return propose(view.starts[0], {knob.name: knob.at(float(view.rng.random()))})
