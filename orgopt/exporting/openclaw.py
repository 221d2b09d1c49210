"""OpenClaw: a workspace for each role, with the files that are put before its agent, and TEAM.md for people.

Which agents there are is in OpenClaw's own settings; `openclaw agents add NAME --workspace FOLDER --model MODEL` puts
one there.
"""

from collections.abc import Mapping

from orgopt.document.editing.canonical import closed, team_parts
from orgopt.document.editing.splice import at_level
from orgopt.exporting.base import Lack
from orgopt.exporting.names import plain_names
from orgopt.exporting.wording import attends, bullets, by_name, lack, staffed, standup_words, unstaffed
from orgopt.org import Org, Role


class OpenClaw:
    """A folder for each role."""

    def export(self, org: Org) -> Mapping[str, str]:
        """The files by their paths in a folder of workspaces."""
        org = staffed(org)
        names = plain_names(org)
        files = {"TEAM.md": _team(org, names)}
        for role in org.roles:
            texts = {
                "AGENTS.md": _instructions(org, role),
                "SOUL.md": _soul(org, role),
                "IDENTITY.md": f"# IDENTITY.md\n\n- **Name:** {role.name}\n",
                "HEARTBEAT.md": _heartbeat(org, role),
            }
            if role.remembers:
                texts["MEMORY.md"] = f"# MEMORY.md\n\n{closed(role.remembers)}\n"
            files |= {f"{names[role.id]}/{name}": text for name, text in texts.items()}
        return files

    def lack(self, org: Org) -> Lack:
        """All but names, charters, personas and what is done again and again."""
        found = lack(org, as_text=("headcounts", "agents", "models", "memory", "settings", "links", "patterns"))
        return found._replace(left_out=(*found.left_out, *unstaffed(org)))


def _team(org: Org, names: dict[str, str]) -> str:
    """Who is in the team, for people: OpenClaw shows an agent the files of its own workspace."""
    roster = [f"- [{role.name}]({names[role.id]}/AGENTS.md)" for role in org.roles]
    head = [f"# {org.title or 'Team'}", closed(org.mission), "## Roles", "\n".join(roster)]
    return "\n\n".join([part for part in head if part] + team_parts(org, {})) + "\n"


def _instructions(org: Org, role: Role) -> str:
    parts = ["\n".join(bullets(org, role, by_name(org), leave=("Persona", "Remembers"))), at_level(role.charter, 2)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _soul(org: Org, role: Role) -> str:
    """Who the agent is and what for."""
    team = f" in the team {org.title}" if org.title else ""
    parts = ["# SOUL.md", f"You are {role.name}{team}.", closed(role.persona), at_level(org.mission, 2)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _heartbeat(org: Org, role: Role) -> str:
    """What the agent does again and again; OpenClaw does not ask one whose file has headings alone."""
    if not attends(org, role):
        return "# HEARTBEAT.md: nothing to do again and again\n"
    return f"# HEARTBEAT.md\n\n- {standup_words(org)} Come if one is due, and tell yours.\n"
