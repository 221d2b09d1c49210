"""A rewriter that needs no language model: it sends somebody home."""

from orgopt.document import read
from orgopt.evolve.proposers.rewrite.base import Brief, Rewrite, Workshop
from orgopt.evolve.space.model_changes import Change, changed
from orgopt.evolve.space.texts import RefusedChangeError


class Trim:
    """Takes one agent from the largest role that can spare one."""

    def __init__(self, shop: Workshop) -> None:
        self.space = shop.space

    def rewrite(self, brief: Brief) -> Rewrite:
        """A smaller team than that of the brief's parent."""
        known = {one.program.text for one in brief.known}
        for role in sorted(read(brief.parent.program).org.roles, key=lambda one: -one.headcount):
            change = Change(place=f"headcount/{role.id}", to=role.headcount - 1, reason="the largest role")
            try:
                point = changed(self.space, brief.parent, [change])
            except RefusedChangeError:
                continue
            if point.program.text not in known:
                return Rewrite(outcome="proposed", point=point, changes=[change])
        return Rewrite(outcome="refused", reason="no role can spare an agent")

    def close(self) -> None:
        """Nothing is open."""
