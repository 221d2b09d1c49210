"""AGENTS.md: what a coding agent reads of a repository before it works there. All of an organization has a place."""

from collections.abc import Mapping

from orgopt.document.editing.canonical import org_text
from orgopt.exporting.wording import policies_in
from orgopt.org import LinkKind, Org

_LINK_WORDS: dict[LinkKind, str] = {
    "reports to": "whoever reports hands every result, failures too, to the other",
    "shares with": "whoever shares tells the other what was found, once it is sure of it",
    "delegates to": "whoever delegates says what the other tries next",
    "reviews": "whoever reviews repeats or checks the other's best claims before they count",
}


class AgentsMd:
    """The document itself, with words for whoever takes the roles on."""

    def export(self, org: Org) -> Mapping[str, str]:
        """The one file."""
        kinds = {link.kind: _LINK_WORDS[link.kind] for link in org.links}
        return {
            "AGENTS.md": org_text(
                org,
                {
                    "Roles": _roles(org),
                    "Links": f"Of two that are linked, {'; '.join(kinds.values())}." if kinds else "",
                    "Rhythm": "Hold stand-ups as often as this says, and tell each other what it says."
                    * bool(org.standup),
                },
            )
        }


def _roles(org: Org) -> str:
    """How to work as this team."""
    submitters = " and ".join(org.name(role) for role in org.submitters())
    text = (
        "Work as this team: give each role to a sub-agent, as many as its headcount says, or take one role at a time. "
        f"What {submitters} takes for the best at the end is the team's result."
    )
    ways = "; ".join(f"{name}, {words}" for name, words in policies_in(org).items())
    if ways:
        text += (
            f"\n\nAn agent is a way to look for something better: {ways}. A risk tolerance of 0 stays beside what is "
            "known; 1 goes where nobody has been."
        )
    return text
