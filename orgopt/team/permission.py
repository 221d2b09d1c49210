"""A person's permission for scripts that agents rewrote: asked for once, kept in the ledger, repeated from there."""

from collections.abc import Callable

from orgopt.agents import Proposal
from orgopt.agents.approval import Approve, Rewritten
from orgopt.ledger import Ledger
from orgopt.team.scripts import Scripts, commit_of


class Permission:
    """Asks before a script runs that an agent rewrote.

    Args:
        ledger: What was said before; it is repeated first.
        scripts: Those of the run.
        approve: The person; None lets all run.
        add: Takes what was said.
    """

    def __init__(self, ledger: Ledger, scripts: Scripts, approve: Approve | None, add: Callable[..., object]) -> None:
        self._ledger, self._scripts, self._approve, self._add = ledger, scripts, approve, add

    def refusal(self, agent: str, t: float, proposal: Proposal) -> str | None:
        """Why the script of a proposal is not to run, perhaps without a reason; None where it may."""
        script = proposal.script
        if script is None or not self._scripts.rewritten(script):
            return None
        if self._ledger.repeating:
            ruled = self._ledger.ruled()
            if ruled is None:  # nobody was asked
                return None
            refusal = None if ruled.data["approved"] else str(ruled.data["note"])
        elif self._approve is None:
            return None
        else:
            before = self._scripts[proposal.parent]
            refusal = self._approve(Rewritten(agent=agent, note=proposal.note, before=before, after=script))
        said = {"commit": commit_of(script), "approved": refusal is None, "note": refusal or ""}
        self._add("approval", t, agent=agent, **said)
        return refusal
