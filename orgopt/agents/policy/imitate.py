"""Imitate: copies a better neighbour, else tries a small change of its own.

The agent of Lazer and Friedman (2007, Administrative Science Quarterly "The Network Structure of Exploration
and Exploitation") and, with the copy rules `best of 3` and `majority of 3`, of Barkoczi and Galesic (2016, Nature
Communications "Social learning strategies modify the effect of network structure on group performance"). What
is left open by the document, links and where agents start, is as it was there on the task `nk`.
"""

from orgopt.agents.base import Policy, Proposal, View, propose, repeat
from orgopt.agents.policy.hill_climb import draw

_AGAIN = 8


class Imitate(Policy):
    """Runs what its copy rule finds better than its own best, and so makes it its own; else moves its own best.

    At risk tolerance 0 a move changes one knob. Copying takes an experiment, in which nothing new is tried. It
    keeps no record of its moves, so that one may be tried twice, unless that is where settings only failed.
    """

    def act(self, view: View) -> Proposal:
        seen = view.starts[0]
        if not seen.mine and (seen.metric or 0.0) < (view.own.metric or 0.0):
            return repeat(seen, "copies")
        changes = draw(view, view.own)
        for _ in range(_AGAIN):
            if not view.knowledge.fails({**view.own.settings, **changes}):
                break
            changes = draw(view, view.own)
        return propose(view.own, changes)
