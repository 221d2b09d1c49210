"""Sub-agents of Claude Code: a file for each role in `.claude/agents`, with a head in YAML and a prompt below it.

Who leads the session sees the descriptions alone, so how many there are and who works with whom stands there, too.
"""

import re
from collections.abc import Mapping

from orgopt.document.editing.splice import at_level
from orgopt.exporting.base import Lack
from orgopt.exporting.names import plain_names
from orgopt.exporting.wording import bullets, lack, sentences, staffed, unstaffed
from orgopt.exporting.yaml_text import one_line, scalar
from orgopt.org import Org, Role

_CLAUDE = re.compile(r"(?:anthropic/)?(?P<name>claude-[\w.-]+|opus|sonnet|haiku)", re.IGNORECASE)
_MOST_WORDS = 60  # of a charter in a description: all of them are in the context of whoever leads


class ClaudeAgents:
    """A file for each role."""

    def export(self, org: Org) -> Mapping[str, str]:
        """The files by their paths from the root of a repository."""
        org = staffed(org)
        names = plain_names(org)
        return {f".claude/agents/{names[role.id]}.md": _file(org, role, names) for role in org.roles}

    def lack(self, org: Org) -> Lack:
        """All but names in Latin letters, charters and Claude's own models."""
        as_text = ("headcounts", "agents", "persona", "memory", "settings", "links", "stand-up")
        found = lack(org, as_text=as_text, left_out=("mission", "patterns"))
        others = [f"the model of {role.name} ({role.model})" for role in org.roles if role.model and not _model(role)]
        there = staffed(org)
        names = plain_names(there)
        called = [f"the name {role.name} ({names[role.id]})" for role in there.roles if names[role.id] != role.id]
        return found._replace(as_text=(*called, *found.as_text), left_out=(*found.left_out, *others, *unstaffed(org)))


def _file(org: Org, role: Role, names: dict[str, str]) -> str:
    team = f" of {org.title}" if org.title else ""
    words = one_line(role.charter).split()
    charter = " ".join(words[:_MOST_WORDS]) + " …" * (len(words) > _MOST_WORDS)
    about = [f"{role.name}{team}.", charter, *sentences(org, role, names.__getitem__)]
    head = [f"name: {scalar(names[role.id])}", f"description: {scalar(' '.join(part for part in about if part))}"]
    head += [f"model: {model}"] if (model := _model(role)) else []
    body = ["\n".join(bullets(org, role, names.__getitem__, leave=("Model",)))]
    body += [at_level(role.charter, 2)] if role.charter else []
    return "\n".join(["---", *head, "---", "", "\n\n".join(body), ""])


def _model(role: Role) -> str:
    """The model of a role as Claude Code calls it; empty for one of another house, which takes the session's."""
    match = _CLAUDE.fullmatch(role.model)
    return match["name"] if match else ""
