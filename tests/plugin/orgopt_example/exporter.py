"""Documents as sub-agents of coding tools: a Markdown file with a head for each role."""

from collections.abc import Mapping

from orgopt.org import Org


class Subagents:
    """A file for each role, named after it."""

    def export(self, org: Org) -> Mapping[str, str]:
        """The texts of the files by their names."""
        return {
            f"{role.id}.md": f"---\nname: {role.id}\ndescription: {role.name} of {org.title}\n---\n\n{role.charter}\n"
            for role in org.roles
        }
