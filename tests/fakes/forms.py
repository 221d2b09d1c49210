"""One organization in every form in which people write teams; nothing here is anybody's document."""

from collections.abc import Callable

from orgopt.basics.slug import slug
from orgopt.document import Program, parse
from orgopt.document.editing.canonical import org_text
from orgopt.org import Link, Org, Role

_NAMES = (
    "Lead", "Planner", "Engineer", "Tester", "Reviewer", "Designer", "Analyst", "Writer", "Editor", "Architect",
    "Researcher", "Strategist", "Developer", "Moderator", "Translator", "Librarian", "Auditor", "Operator",
    "Surveyor", "Illustrator", "Statistician", "Curator",
)  # fmt: skip
_AGENTS = ("tpe", "hill-climb", "random", "evolution", "gp")


def team(size: int) -> Org:
    """A team of up to 22 roles, all of whom report to the first."""
    roles = tuple(
        Role(
            id=slug(name),
            name=name,
            headcount=1 + number % 3,
            agent=_AGENTS[number % len(_AGENTS)],
            charter=f"Does what the {name.lower()} of a small group does: looks, tries and notes each result.",
        )
        for number, name in enumerate(_NAMES[:size])
    )
    links = tuple(Link(source=role.id, target=roles[0].id, kind="reports to") for role in roles[1:])
    return Org(title="A team", mission="Find the lowest loss, and say how.", roles=roles, links=links)


def _boss(org: Org, role: Role) -> str:
    return next((org.name(link.target) for link in org.links if link.source == role.id), "")


def _sections(org: Org) -> str:
    def one(role: Role) -> str:
        boss = _boss(org, role)
        lines = [f"## {role.name}", "", f"- **Headcount:** {role.headcount}", f"- **Agent:** {role.agent}"]
        return "\n".join([*lines, *([f"- **Reports to:** {boss}"] if boss else []), "", role.charter])

    return "\n\n".join([f"# {org.title}", org.mission, *map(one, org.roles)]) + "\n"


def _counted(org: Org) -> str:
    def one(role: Role) -> str:
        boss = _boss(org, role)
        lines = [f"### {role.name} (x{role.headcount})", "", role.charter, f"Agent: {role.agent}"]
        return "\n".join([*lines, *([f"Reports to: {boss}"] if boss else [])])

    return "\n\n".join([f"# {org.title}", org.mission, "## Our team", *map(one, org.roles)]) + "\n"


def _table(org: Org) -> str:
    lines = ["| # | Agent | Mission | Headcount | Strategy | Reports to |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {number} | {role.name} | {role.charter} | {role.headcount} | {role.agent} | {_boss(org, role) or '—'} |"
        for number, role in enumerate(org.roles, 1)
    ]
    return f"# {org.title}\n\n{org.mission}\n\n## Team\n\n" + "\n".join(lines) + "\n"


def _bullets(org: Org) -> str:
    lines = list[str]()
    for role in org.roles:
        lines += [f"- **{role.name}** — {role.charter}", f"  - Headcount: {role.headcount}", f"  - Agent: {role.agent}"]
        lines += [f"  - Reports to: {boss}"] if (boss := _boss(org, role)) else []
    return f"# {org.title}\n\n{org.mission}\n\n## Team\n\n" + "\n".join(lines) + "\n"


def _nested(org: Org) -> str:
    lead, *others = org.roles
    lines = [f"- {lead.name}", *(f"  - {role.name}" for role in others)]
    return f"# {org.title}\n\n{org.mission}\n\n## Team\n\n" + "\n".join(lines) + "\n"


def _paragraphs(org: Org) -> str:
    parts = [
        "\n".join(
            [
                f"**{number}. {role.name}**",
                "",
                role.charter,
                "",
                f"- Headcount: {role.headcount}",
                f"- Agent: {role.agent}",
                *([f"- Reports to: {boss}"] if (boss := _boss(org, role)) else []),
            ]
        )
        for number, role in enumerate(org.roles, 1)
    ]
    return "\n\n".join([f"# {org.title}", org.mission, "## Agents of the team", *parts]) + "\n"


def _chart(org: Org) -> str:
    nodes = [f"    {role.name[:3].upper()}{n}[{role.name} x{role.headcount}]" for n, role in enumerate(org.roles)]
    ids = {role.id: f"{role.name[:3].upper()}{n}" for n, role in enumerate(org.roles)}
    arrows = [f"    {ids[link.target]} --> {ids[link.source]}" for link in org.links]
    body = "\n".join(["```mermaid", "graph TD", *nodes, *arrows, "```"])
    return f"# {org.title}\n\n{org.mission}\n\n## Team\n\n{body}\n"


def _crew(org: Org) -> str:
    parts = [
        f"{role.id.replace('-', '_')}:\n  role: >\n    {role.name}\n  goal: >\n    {role.charter}\n"
        f"  headcount: {role.headcount}\n  agent: {role.agent}\n"
        for role in org.roles
    ]
    return "\n".join(parts)


def _file(org: Org, role: Role) -> str:
    boss = _boss(org, role)
    front = [f"name: {role.id}", f"headcount: {role.headcount}", f"agent: {role.agent}"]
    front += [f"reports to: {slug(boss)}"] if boss else []
    return "\n".join(["---", *front, "---", "", f"# {role.name}", "", role.charter, ""])


def _files(org: Org) -> str:
    return "".join(
        f"{'' if n == 0 else chr(10)}<!-- file: {r.id}.md -->\n{_file(org, r)}" for n, r in enumerate(org.roles)
    )


def _roster(org: Org) -> str:
    rows = [f"| {role.name} | {role.charter[:30]} | `agents/{role.id}.md` |" for role in org.roles]
    head = "\n".join(
        ["# Team", "", org.mission, "", "## Members", "", "| Name | Role | File |", "|---|---|---|", *rows, ""]
    )
    return head + "".join(f"\n<!-- file: agents/{role.id}.md -->\n{_file(org, role)}" for role in org.roles)


FORMS: dict[str, Callable[[Org], str]] = {
    "canonical": org_text,
    "sections with fields": _sections,
    "counts in headings": _counted,
    "table": _table,
    "bullets": _bullets,
    "nested list": _nested,
    "paragraphs": _paragraphs,
    "chart": _chart,
    "crew": _crew,
    "role files": _files,
    "roster with files": _roster,
}
"""The forms, by name; the first is orgopt's own."""


def written(form: str, size: int) -> Program:
    """The document of a team in a form."""
    many = form in {"role files", "roster with files"}
    source = {"role files": "team", "roster with files": "team/team.md", "crew": "agents.yaml"}.get(form, "program.md")
    return parse(FORMS[form](team(size)), source, "team" if many else "")
