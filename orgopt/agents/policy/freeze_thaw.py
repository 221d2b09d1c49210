"""Freeze-thaw: as `gp`, but its runs are ended when they will hardly be the best, and taken up again if that changes.

After Swersky et al. (2014, arXiv:1406.3896 "Freeze-Thaw Bayesian Optimization"): runs that were ended count for what
their curves let expect (`orgopt.agents.curve_forecast`), and the next experiment is a new setting or one of theirs,
whichever promises more. It differs in that labs cannot pause: what is taken up again is run from its beginning, to its
end. Which runs are ended is decided as by `Stop early: auto`, where the role says nothing else.
"""

import numpy as np

from orgopt.agents.base import Proposal, View, repeat
from orgopt.agents.curve_forecast import Endings
from orgopt.agents.knowledge import Array, Known
from orgopt.agents.policy.gp import Gp, Informed

_EVIDENCE = 0.3  # how many runs that ended one that was ended counts as


class FreezeThaw(Gp):
    """Proposes what a Gaussian process over results and forecasts expects to improve most on the incumbent."""

    freezes = True

    def __init__(self) -> None:
        super().__init__()
        self._endings = Endings()
        self._taken: set[int] = set()

    def results(self, view: View) -> tuple[Array, Array]:
        measures = view.knowledge.measures().copy()
        frozen = [place for place, one in enumerate(view.knowledge.all) if is_frozen(one)]
        for one in view.knowledge.all:
            if one.metric is not None and one.curve and one.id not in self._taken:
                self._taken.add(one.id)
                self._endings.add(one.curve, one.metric)
        for place in frozen:
            curve = view.knowledge.all[place].curve
            found = self._endings.forecast(len(curve) - 1, curve[-1])
            if found is not None:
                measures[place] = (found.metric, _EVIDENCE)
        return view.knowledge.units(), measures

    def chosen(self, view: View, seen: Informed, new: Proposal) -> Proposal:
        frozen = [one for one in view.knowledge.all if is_frozen(one) and view.knowledge.get(one.id) is one]
        if not frozen:
            return new
        row = np.array([knob.unit(new.settings[knob.name]) for knob in view.knobs])
        *gains, gain = seen.gain(np.vstack([view.knowledge.positions(frozen), row]), view.risk)
        best = int(np.argmax(gains))
        return repeat(frozen[best], "goes on with") if gains[best] > gain else new


def is_frozen(one: Known) -> bool:
    """Whether a setting was only run in part: its runs were ended before they failed or had a metric."""
    return one.metric is None and not one.failed and bool(one.curve)
