"""Real files: every form in which people write organizations is read, and edited where it stands."""

from pathlib import Path

import pytest

from orgopt.document import apply, diff, lint, load, parse, read, render, require_org
from orgopt.document.editing.base import SetKey
from orgopt.document.editing.diff import same
from orgopt.document.editing.edits_of_links import AddLink, RemoveLink
from orgopt.document.editing.edits_of_roles import AddRole, RemoveRole
from orgopt.document.editing.edits_of_text import SetCharter
from orgopt.document.files import documents_in
from orgopt.document.saving import save
from orgopt.errors import DocumentError
from orgopt.org import Link, Org, Standup

SCOUT = AddRole("### Scout\n- **Headcount:** 1\n\nLook.\n")


def org(text: str) -> Org:
    return read(parse(text)).org


def codes(text: str) -> list[str]:
    return [finding.code for finding in lint(parse(text))]


@pytest.mark.parametrize(
    "line", ["- **Headcount:** 3", "- **Headcount**: 3", "- Headcount: 3", "Headcount: 3", "**Headcount:** 3", "* __Count__: 3",
             "- Count: 3", "Agents: ×3", "- **headcount** : 3"],
)  # fmt: skip
def test_every_way_to_write_a_field(line: str) -> None:
    text = f"## Roles\n\n### Lead\n{line}\n\nDecide.\n"
    (role,) = org(text).roles
    assert (role.headcount, role.charter) == (3, "Decide.")
    edited = SetKey("lead", "headcount", 4).apply(parse(text))
    assert edited.text == text.replace("3", "4")


@pytest.mark.parametrize(
    ("heading", "name", "headcount"),
    [
        ("### Explorer", "Explorer", 1),
        ("### 1. Explorer", "Explorer", 1),
        ("### 2.1) Explorer", "Explorer", 1),
        ("### 🔬 Explorer", "Explorer", 1),
        ("### 👩‍🔬 Explorer ×3", "Explorer", 3),
        ("### Explorer (3)", "Explorer", 3),
        ("### Explorer x3 ###", "Explorer", 3),
        ("### 3× Explorer", "Explorer", 3),
        ("### Explorer — the Bold", "Explorer", 1),
        ("### **Explorer**: who looks", "Explorer", 1),
        ("### Role 2: Explorer", "Explorer", 1),
        ("### `Explorer`", "Explorer", 1),
        ("Explorer\n--------", "Explorer", 1),
    ],
)
def test_every_way_to_write_a_name(heading: str, name: str, headcount: int) -> None:
    level = "# Roles" if "---" in heading else "## Roles"
    text = f"{level}\n\n{heading}\n\nLook.\n"
    (role,) = org(text).roles
    assert (role.id, role.name, role.headcount, role.charter) == ("explorer", name, headcount, "Look.")
    edited = SetKey("explorer", "headcount", 5).apply(parse(text))
    assert org(edited.text).roles[0].headcount == 5
    if headcount > 1:
        assert edited.text == text.replace("3", "5")


ROSTER = """\
# Crew

| Role | Count | Agent | Reports to | Mission |
|---|---:|---|---|---|
| Lead | 1 | tpe | — | decide |
| [Explorer](roles/explorer.md) | ×3 | hill-climb | Lead | look \\| see |
| Analyst |  |  | Lead, Boss | counts |
"""


def test_a_roster_table_is_an_organization() -> None:
    found = org(ROSTER)
    assert [(r.id, r.headcount, r.agent) for r in found.roles] == [
        ("lead", 1, "tpe"), ("explorer", 3, "hill-climb"), ("analyst", 1, "hill-climb"),
    ]  # fmt: skip
    assert [(link.source, link.target) for link in found.links] == [("explorer", "lead"), ("analyst", "lead")]
    assert found.roles[1].charter == "look \\| see"
    program = parse(ROSTER)
    assert SetKey("explorer", "headcount", 4).apply(program).text == ROSTER.replace("×3", "×4")
    gone = RemoveLink(found.links[1]).apply(program)
    assert gone.text == ROSTER.replace("Lead, Boss", "Boss")
    assert RemoveRole("lead").apply(program).text.count("| Lead |") == 0
    more = SetKey("analyst", "risk tolerance", 0.7).apply(program)
    assert org(more.text).role("analyst").risk == 0.7
    added = SCOUT.apply(program)
    assert [role.id for role in org(added.text).roles] == ["lead", "explorer", "analyst", "scout"]


def test_a_table_that_is_no_roster_is_prose() -> None:
    text = "# T\n\n| Name | Value |\n|---|---|\n| LR | 3 |\n"
    assert [role.id for role in org(text).roles] == ["researcher"]


LIST = """\
# Crew

## Team

- **Planner** — plans the work
  - Headcount: 2
  - Reports to: Tester
- **Coder** ×3: writes it
- [Tester](tester.md)
- *Writer*
"""


def test_a_list_of_roles_is_an_organization() -> None:
    found = org(LIST)
    assert [(r.id, r.headcount, r.charter) for r in found.roles] == [
        ("planner", 2, "plans the work"), ("coder", 3, "writes it"), ("tester", 1, ""), ("writer", 1, ""),
    ]  # fmt: skip
    assert found.links == (Link(source="planner", target="tester", kind="reports to"),)
    program = parse(LIST)
    assert SetKey("coder", "headcount", 4).apply(program).text == LIST.replace("×3", "×4")
    risky = SetKey("coder", "risk tolerance", 0.5).apply(program)
    assert risky.text == LIST.replace("writes it\n", "writes it\n  - Risk tolerance: 0.5\n")
    assert RemoveRole("planner").apply(program).text == LIST.replace(
        LIST[LIST.index("- **P") : LIST.index("- **C")], ""
    )
    assert len(org(SCOUT.apply(program).text).roles) == 5


def test_sections_with_fields_are_roles_without_a_section_roles() -> None:
    text = "# Lab\n\n## Ann\nHeadcount: 2\nDig.\n\n## Bob\n- Manager: Ann\n\n## Notes\n\nSee `Headcount: 2`.\n"
    found = org(text)
    assert [(r.id, r.headcount) for r in found.roles] == [("ann", 2), ("bob", 1)]
    assert found.links == (Link(source="bob", target="ann", kind="reports to"),)
    assert "See" in found.mission
    added = SCOUT.apply(parse(text))
    assert [role.id for role in org(added.text).roles] == ["ann", "bob", "scout"]


def test_a_plain_instruction_file_stays_one_researcher() -> None:
    text = "# autoresearch\n\n## Setup\n\n1. Agree on a run tag.\n2. Model: GPT.\n\n## Agents\n\nThere is one.\n\nNEVER STOP: go on.\n"
    (role,) = org(text).roles
    assert role.id == "researcher"
    assert role.charter.startswith("## Setup")
    assert codes(text) == ["ORG001"]


@pytest.mark.parametrize(
    ("words", "kind", "ends"),
    [
        ("Reports to: Lead", "reports to", ("scout", "lead")),
        ("Manager: the Lead", "reports to", ("scout", "lead")),
        ("Manages: Lead", "reports to", ("lead", "scout")),
        ("Reviews: Leads", "reviews", ("scout", "lead")),
        ("Reviewed by: Lead", "reviews", ("lead", "scout")),
        ("Hands off to: **Lead**", "delegates to", ("scout", "lead")),
        ("Works with: [Lead](lead.md)", "shares with", ("scout", "lead")),
        ("Reports to: Chief Scientist", "reports to", ("scout", "lead")),
    ],
)
def test_prose_keys_are_links(words: str, kind: str, ends: tuple[str, str]) -> None:
    text = f"## Roles\n### Lead — Chief Scientist\n### Scout\n{words}\n\nLook.\n"
    (link,) = org(text).links
    assert (link.kind, (link.source, link.target)) == (kind, ends)
    assert org(text).roles[1].charter == "Look."
    gone = RemoveLink(link).apply(parse(text))
    assert gone.text == text.replace(f"{words}\n", "")


@pytest.mark.parametrize(
    ("words", "every", "unit"),
    [("every 15-20 minutes", 1050, "s"), ("every 6h", 21600, "s"), ("every 5 runs", 5, "experiments"), ("daily", 86400, "s"),
     ("hourly", 3600, "s"), ("every hour", 3600, "s"), ("20 min", 1200, "s"), ("every 10 to 20 runs", 15, "experiments")],
)  # fmt: skip
def test_cadences(words: str, every: float, unit: str) -> None:
    text = f"## Roles\n### Lead\n- **Headcount:** 2\n## Cadence\n- Stand-up: {words}\n"
    assert org(text).standup == Standup(every=every, unit=unit)
    assert ("ORG025" in codes(text)) is (words not in {"every 6h", "every 5 runs"})


@pytest.mark.parametrize(
    "front",
    ["name: lab\nstand-up: daily", "name: [unclosed\n  - x: {", "a: &a [*a, *a]\nb: *a", "just words", "",
     "name: 'lab'\nname: \"lab\"", "risk: 0.4\n---\n---\nrisk: 0.5"],
)  # fmt: skip
def test_front_matter_is_read_leniently(front: str) -> None:
    text = f"---\n{front}\n---\n# T\n\n## Roles\n\n### Lead\n- **Headcount:** 2\n"
    program = parse(text)
    assert render(program) == text
    assert [role.id for role in read(program).org.roles] == ["lead"]
    assert {finding.severity for finding in lint(program)} <= {"info", "warning"}


def test_fences_comments_and_nesting_never_confuse() -> None:
    inner = "### Ghost\n- **Headcount:** 9\n- Ghost → Lead: reports to\n"
    wraps = ["```\n{}```\n", "~~~~md\n{}~~~~\n", "<!--\n{}-->\n", "    {}\n", "> {}\n", "- x\n\n  ```\n  {}\n  ```\n"]
    for wrap in wraps:
        pad = {"    {}\n": "    ", "> {}\n": "> ", wraps[5]: "  "}.get(wrap, "")
        text = f"## Roles\n\n### Lead\n- **Headcount:** 2\n\n{wrap.format(inner.replace(chr(10), chr(10) + pad))}\n\n### Scout\n"
        assert [(r.id, r.headcount) for r in org(text).roles] == [("lead", 2), ("scout", 1)], wrap
        assert org(text).links == ()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    roles = tmp_path / "team"
    roles.mkdir()
    (roles / "lead.md").write_text(
        "---\nname: lead\ndescription: Decides.\nmodel: opus\nheadcount: 1\n---\n# Lead\n\nDecide."
    )
    (roles / "code-reviewer.md").write_bytes(
        b"---\r\nname: code-reviewer\r\nmodel: inherit\r\n---\r\n\r\nReview.\r\n- Reviews: lead\r\n"
    )
    (roles / "scout.md").write_text("Look around.\n")
    return roles


def test_a_folder_of_role_files(folder: Path) -> None:
    program = load(folder)
    found = read(program).org
    assert [(r.id, r.model, r.charter) for r in found.roles] == [
        ("code-reviewer", "", "Review."), ("lead", "opus", "# Lead\n\nDecide."), ("scout", "", "Look around."),
    ]  # fmt: skip
    assert [(link.source, link.kind, link.target) for link in found.links] == [("code-reviewer", "reviews", "lead")]
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    save(program)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    save(apply([SetKey("lead", "headcount", 2), SetKey("scout", "risk tolerance", 0.7)], program))
    assert (folder / "lead.md").read_bytes() == before["lead.md"].replace(b"headcount: 1", b"headcount: 2")
    assert (folder / "scout.md").read_text() == "- Risk tolerance: 0.7\n\nLook around.\n"
    assert (folder / "code-reviewer.md").read_bytes() == before["code-reviewer.md"]
    assert documents_in(folder) == [folder]


def test_a_folder_survives_as_one_file(folder: Path, tmp_path: Path) -> None:
    program = load(folder)
    edited = apply([SCOUT.__class__("### Tester\n- **Headcount:** 1\n"), RemoveRole("scout")], program)
    one = tmp_path / "one.md"
    save(edited, one)
    assert same(read(load(one)).org, read(edited).org)
    assert same(read(apply(diff(program, load(one)), program)).org, read(load(one)).org)


def test_a_roster_that_links_to_role_files(folder: Path) -> None:
    main = folder.parent / "AGENTS.md"
    main.write_text(
        "# Crew\n\n## Agents\n\n- [Boss](team/lead.md) — leads\n- [Scout](team/scout.md)\n- [Out](../out.md)\n- [Gone](team/gone.md)\n"
    )
    program = load(main)
    found = read(program).org
    assert [(r.id, r.model) for r in found.roles] == [("boss", "opus"), ("scout", ""), ("out", ""), ("gone", "")]
    assert found.roles[0].charter == "leads\n\n# Lead\n\nDecide."
    findings = [f for f in lint(program) if f.code == "ORG029"]
    said = [(finding.message.split("'")[1], finding.severity) for finding in findings]
    assert said == [("../out.md", "info"), ("team/gone.md", "warning")]
    main.write_text("# Crew\n\n## Agents\n\n- [Boss](gone/lead.md) — leads\n- [Scout](gone/scout.md)\n")
    assert [f.severity for f in lint(load(main)) if f.code == "ORG029"] == ["info"]  # perhaps from elsewhere
    assert program.place(program.text.index("Decide.")) == (str(folder / "lead.md"), 9, 1)
    save(SetCharter("scout", "Look twice.").apply(program))
    assert (folder / "scout.md").read_text() == "Look twice.\n"


def test_references_stay_inside_the_folder(tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("the key")
    inside = tmp_path / "lab"
    inside.mkdir()
    (inside / "link.md").symlink_to(secret)
    (inside / "loop.md").symlink_to(inside / "loop.md")
    names = [
        "../secret.md",
        "link.md",
        "loop.md",
        "/etc/passwd.md",
        "%2e%2e/secret.md",
        "a\x00b.md",
        "x" * 5000 + ".md",
    ]
    (inside / "org.md").write_text("## Roles\n\n" + "".join(f"- [R{i}]({name})\n" for i, name in enumerate(names)))
    for path in (inside / "org.md", inside):
        program = load(path)
        assert "the key" not in program.text
        told = [f.message for f in lint(program) if f.code == "ORG029"]
        assert told[0].startswith("'../secret.md' and 4 others are outside"), told
        assert len(told) == 2
        require_org(program)


def test_a_folder_of_documents_is_not_one(tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.md").write_text("# T\n\n## Roles\n\n### Lead\n")
    with pytest.raises(DocumentError, match="is a folder of documents"):
        load(tmp_path)
    assert [path.name for path in documents_in(tmp_path)] == ["a.md", "b.md"]


def test_a_link_added_beside_prose_keys_is_not_doubled() -> None:
    text = "## Roles\n### Lead\n### Scout\nReports to: Lead\n"
    link = Link(source="scout", target="lead", kind="reports to")
    assert AddLink(link).apply(parse(text)).text == text


def test_prose_that_looks_like_a_field_stays_in_the_charter() -> None:
    text = "## Roles\n\n### Lead\n- **Headcount:** 1\n\nAgent: you are the best.\n\nGo on.\n"
    assert org(text).roles[0].charter == "Agent: you are the best.\n\nGo on."
    assert codes(text) == ["ORG017"]
