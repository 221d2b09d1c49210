"""Squad, the team of agents in a repository: `.squad/team.md`, a charter for each member, and its ceremonies."""

from collections.abc import Mapping

from orgopt.document.editing.canonical import closed
from orgopt.document.editing.splice import at_level
from orgopt.document.grammar.rhythm import format_interval, format_standup
from orgopt.exporting.base import Lack
from orgopt.exporting.names import plain_names
from orgopt.exporting.wording import attends, bullets, by_name, lack, standup_words
from orgopt.exporting.yaml_text import one_line
from orgopt.org import Org, Role


class Squad:
    """A member for each role."""

    def export(self, org: Org) -> Mapping[str, str]:
        """The files by their paths from the root of a repository."""
        names = plain_names(org)
        files = {".squad/team.md": _team(org, names)}
        files |= {f".squad/agents/{names[role.id]}/charter.md": _charter(org, role) for role in org.roles}
        return files | ({".squad/ceremonies.md": _ceremonies(org)} if org.standup else {})

    def lack(self, org: Org) -> Lack:
        """All but names, charters, models, the mission and the stand-up."""
        as_text = ("headcounts", "agents", "persona", "memory", "settings", "links")
        return lack(org, as_text=as_text, left_out=("patterns",))


def _team(org: Org, names: dict[str, str]) -> str:
    rows = ["| Name | Role | Charter | Status |", "|------|------|---------|--------|"]
    rows += [
        f"| {_cell(role.name)} | {_cell(role.name)} | `.squad/agents/{names[role.id]}/charter.md` | "
        f"{'✅ Active' if role.headcount else '💤 Inactive'} |"
        for role in org.roles
    ]
    parts = [f"# {org.title or 'Squad Team'}", closed(org.mission), "## Members", "\n".join(rows)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _cell(text: str) -> str:
    return one_line(text).replace("|", "\\|")


def _charter(org: Org, role: Role) -> str:
    """The charter of a member; its links and values stand below its title, where orgopt reads them."""
    team = f"{role.name} of {org.title}" if org.title else role.name
    parts = [
        f"# {role.name}",
        "\n".join(bullets(org, role, by_name(org))),
        f"## Identity\n\n- **Name:** {role.name}\n- **Role:** {team}",
        f"## What I Own\n\n{closed(at_level(role.charter, 3))}" if role.charter else "",
        f"## Model\n\n- **Preferred:** {role.model or 'auto'}",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _ceremonies(org: Org) -> str:
    """The stand-up in the table of a ceremony, and above it in the words that orgopt reads."""
    assert org.standup
    own = f"- **Stand-up:** {format_standup(org.standup, {role.id: role.name for role in org.roles})}"
    members = ", ".join(role.name for role in org.roles if attends(org, role) and role.headcount)
    fields = {
        "Trigger": "auto",
        "When": "after",
        "Condition": format_interval(org.standup.every, org.standup.unit),
        "Facilitator": ", ".join(org.name(role) for role in org.submitters()),
        "Participants": _cell(members),
        "Time budget": "focused",
        "Enabled": "✅ yes",
    }
    rows = ["| Field | Value |", "|-------|-------|", *(f"| **{key}** | {value} |" for key, value in fields.items())]
    agenda = f"**Agenda:**\n1. {standup_words(org)}\n2. What each of us does next"
    return "\n\n".join(["# Ceremonies", own, "## Stand-up", "\n".join(rows), agenda]) + "\n"
