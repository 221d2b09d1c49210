"""Files as people have them: agents of coding tools, rosters of crews, headings with emoji, and odd front matter."""

import time
from pathlib import Path

import pytest

from orgopt.document import lint, load, parse, read, render
from orgopt.document.editing.base import SetKey
from orgopt.document.editing.edits_of_links import RemoveLink
from orgopt.document.editing.edits_of_roles import RemoveRole
from orgopt.document.linting.lint import Facts
from orgopt.document.reading.reader import Reading
from orgopt.org import Link, Org, Standup


def org(text: str) -> Org:
    return read(parse(text)).org


def findings(text: str) -> list[tuple[str, str]]:
    """The codes of a text's findings, and what their spans hold."""
    program = parse(text)
    return [(finding.code, program.slice(finding.span)) for finding in lint(program)]


def links(reading: Reading) -> list[tuple[str, str, str]]:
    return [(link.source, link.kind, link.target) for link in reading.org.links]


CREW = """\
# 🚀 Crew

## 👥 The Team

| Agent | Role | Goal | Backstory | LLM | Count | Manager |
|:------|------|------|-----------|-----|------:|---------|
| researcher | Senior Researcher | Find things | You know it all | `gpt-4o` | 2 | manager |
| **reviewer** | QA | Check `a` | – | gpt-4o | x1 | [manager](#manager) |
| manager | Boss | Decide | | | | |

## 🔁 Process

Sync: every 15-20 minutes
"""


def test_a_crew_is_a_table_whose_first_column_names_the_agents() -> None:
    reading = read(parse(CREW))
    assert [(role.id, role.headcount, role.model) for role in reading.org.roles] == [
        ("researcher", 2, "gpt-4o"), ("reviewer", 1, "gpt-4o"), ("manager", 1, ""),
    ]  # fmt: skip
    assert reading.org.roles[0].charter == "Senior Researcher\nFind things\nYou know it all"
    assert links(reading) == [("researcher", "reports to", "manager"), ("reviewer", "reports to", "manager")]
    assert ("ORG005", "Sync") in findings(CREW)
    assert "`gpt-5`" in SetKey("researcher", "model", "gpt-5").apply(parse(CREW)).text


HEADINGS = """\
# 🧪 Lab
## 1️⃣ Roles
### 1️⃣ 🧠 Chief Scientist — Dr. Ann (×1)
* __Strategy__ : gp
* **Hands off to:** Explorers
### 2) Explorer (3)
Reports to: the Chief Scientist
reviews: nobody
### 3. Skeptic × 2
- Manager: Dr. Ann
- Reviews: Explorer
## ⏱️ Rhythm
- Stand-up: every 6h
"""


def test_keycaps_and_emoji_are_no_part_of_names() -> None:
    reading = read(parse(HEADINGS))
    assert [(role.name, role.headcount) for role in reading.org.roles] == [
        ("Chief Scientist", 1), ("Explorer", 3), ("Skeptic", 2),
    ]  # fmt: skip
    assert links(reading) == [
        ("chief-scientist", "delegates to", "explorer"), ("explorer", "reports to", "chief-scientist"),
        ("skeptic", "reports to", "chief-scientist"), ("skeptic", "reviews", "explorer"),
    ]  # fmt: skip
    assert reading.org.standup == Standup(every=21600, unit="s")
    assert not {code for code, _ in findings(HEADINGS)} & {"ORG024", "ORG010"}


def test_bold_prose_makes_no_claim() -> None:
    text = (
        "## Roles\n### Coder\n- **Strategy:** Start small and then go up\n- **Members**: as many as it takes\n"
        "- **Agent:** hillclimb\n\nCode.\n"
    )
    assert "Start small" in org(text).roles[0].charter
    assert [code for code, _ in findings(text)] == ["ORG025", "ORG017", "ORG017", "ORG011"]


def test_a_list_of_roles_may_hold_a_reviewer() -> None:
    found = org("# Team\n\n- Lead (1): decides\n- Reviewer: checks what comes back\n- Manager\n")
    assert [role.id for role in found.roles] == ["lead", "reviewer", "manager"]
    assert org("# Team\n\n## Ann\n\n## Bob\n\nManager: Ann\n").links[0].target == "ann"


AGENT = """\
---
name: code-reviewer
description: |
  Use this agent when:
    - user: "I changed the code"
tools:
  - Read
  - Grep
risk: 0.4 # careful
reports_to:
  - lead
  - "chief"
focus: >-
  model
permission:
  edit: deny
  bash:
    "*": ask
---
"""


def test_front_matter_of_coding_agents(tmp_path: Path) -> None:
    (tmp_path / "code-reviewer.md").write_text(AGENT)
    (tmp_path / "lead.md").write_text('---\nname: "lead"\n---\nLead.\n')
    program = load(tmp_path)
    reading = read(program)
    role = reading.org.role("code-reviewer")
    assert role is not None
    assert role.charter == 'Use this agent when:\n- user: "I changed the code"'
    assert (role.risk, role.focus) == (0.4, ("model",))
    assert links(reading) == [("code-reviewer", "reports to", "lead")]
    assert [f.code for f in lint(program) if f.code in {"ORG018", "ORG030"}] == ["ORG018", "ORG030"]
    assert {finding.severity for finding in lint(program)} == {"info"}
    assert SetKey("code-reviewer", "risk tolerance", 0.5).apply(program).text == program.text.replace("0.4", "0.5")
    focus = SetKey("code-reviewer", "focus", ("data", "model")).apply(program)
    assert focus.text == program.text.replace("  model\n", '  "data, model"\n')
    assert SetKey("code-reviewer", "focus", None).apply(program).text == program.text.replace(
        "focus: >-\n  model\n", ""
    )
    without = RemoveLink(Link(source="code-reviewer", target="lead", kind="reports to")).apply(program)
    assert not read(without).org.links


def test_rules_of_dashes_are_no_front_matter() -> None:
    text = "---\n\n# Lab\n\nGoal: less loss.\n\n## Roles\n\n### Lead\n\n---\n\n### Explorer ×2\n\n---\n"
    assert [(role.id, role.headcount) for role in org(text).roles] == [("lead", 1), ("explorer", 2)]
    assert render(parse(text)) == text


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_front_matter_without_an_end_is_text_and_said_to_be(end: str) -> None:
    text = "---\nname: lab\nrisk: 0.4\n\n# Lab\n## Roles\n### Lead\n- **Headcount:** 1\n".replace("\n", end)
    assert findings(text) == [("ORG026", "---")]
    assert [role.id for role in org(text).roles] == ["lead"]


def test_of_nested_front_matter_the_last_counts() -> None:
    text = "---\nrisk: 0.4\n---\n---\nrisk: 0.6\n---\n## Roles\n### Lead\n- **Headcount:** 1\n"
    assert org(text).risk == 0.6
    assert [code for code, _ in findings(text)] == ["ORG006", "ORG026"]


@pytest.mark.parametrize(
    "roster",
    [
        "## Team\n- [Lead](team/lead.md)\n- [Explorer](team/explorer.md) ×3\n",
        "## Team\n- **Lead** — `team/lead.md`\n- Explorer: team/explorer.md\n",
        "## Team\n- team/lead.md\n- `team/explorer.md`\n",
        "| Name | File | Count |\n|---|---|---|\n| Lead | team/lead.md | 1 |\n| Explorer | `team/explorer.md` | 3 |\n",
    ],
)
def test_a_roster_names_its_files_in_any_way(roster: str, tmp_path: Path) -> None:
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / "lead.md").write_text("You decide.\n")
    (tmp_path / "team" / "explorer.md").write_text("---\nname: explorer\nreports_to: lead\n---\nGo wide.\n")
    (tmp_path / "org.md").write_text(f"# Lab\n\n{roster}")
    reading = read(load(tmp_path / "org.md"))
    assert [(role.id, role.charter) for role in reading.org.roles] == [
        ("lead", "You decide."),
        ("explorer", "Go wide."),
    ]
    assert links(reading) == [("explorer", "reports to", "lead")]


def test_a_stand_up_under_a_role_is_said_not_to_be_read() -> None:
    text = "## Roles\n### Lead\n- **Headcount:** 2\n- Cadence: every 6h\n"
    assert findings(text) == [("ORG005", "Cadence")]
    assert "Cadence" in org(text).roles[0].charter


@pytest.mark.parametrize(
    ("text", "attendees"),
    [("everyone", ()), ("all.", ()), ("*everyone*", ()), ("all and all", ("all",)), ("Lead and all", ("lead", "all"))],
)
def test_a_role_may_be_called_all(text: str, attendees: tuple[str, ...]) -> None:
    program = parse(f"## Roles\n### Lead\n### All\n## Rhythm\n- **Stand-up:** every 2 runs, {text}\n")
    standup = read(program).org.standup
    assert standup is not None
    assert standup.attendees == attendees
    edited = SetKey(None, "stand-up", Standup(every=3, unit="experiments", attendees=attendees)).apply(program)
    assert read(edited).org.standup == Standup(every=3, unit="experiments", attendees=attendees)


@pytest.mark.parametrize("names", [("Explorer", "Exp1orer"), ("Ion", "lon"), ("Arno", "Amo"), ("Team O", "Team 0")])
def test_names_that_look_alike(names: tuple[str, str]) -> None:
    text = "## Roles\n" + "".join(f"### {name}\n- **Headcount:** 1\n" for name in names)
    assert findings(text) == [("ORG028", names[1])]


TALK = """\
# Our lab

## Ann

Reports to: nobody

Ann decides.

## Bob

Reports to: Ann
Hands off to: Cleo

## Cleo

Manager: Ann
Reviews: Bob
"""


@pytest.mark.parametrize("role", ["ann", "bob", "cleo"])
def test_a_role_that_its_links_make_one_is_removed_whole(role: str) -> None:
    program = parse(TALK)
    edit = RemoveRole(role)
    after = edit.apply(program)
    assert set(read(after).org.to_dict()["submitters"]) <= {"ann", "bob", "cleo"} - {role}
    assert [r.id for r in read(after).org.roles] == [r for r in ("ann", "bob", "cleo") if r != role]
    assert not [f for f in lint(after) if f.code == "ORG024"]
    assert edit.inverse(program).apply(after).text == TALK


def test_text_that_is_turned_round_is_found_anywhere() -> None:
    assert findings("## Roles\n### Lead\n- **Headcount:** 1\n\nKeep \u202eetirw\u202c.\n") == [
        ("ORG042", "\u202e"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("risk", "charter", "found"),
    [
        (0.9, "Avoid risks.", True), (0.9, "Take no risk.", True), (0.2, "Avoid all risks.", False),
        (0.2, "Your risk tolerance is high.", True), (0.8, "Your risk tolerance is high.", False),
        (0.2, "Be bold and take big risks.", True), (0.2, "Never take big risks.", False),
        (0.2, "A risk tolerance of 0.5 is right.", True), (0.5, "A risk tolerance of 0.5 is right.", False),
    ],
)  # fmt: skip
def test_charters_that_contradict_the_risk(risk: float, charter: str, found: bool) -> None:
    text = f"## Roles\n### Lead\n- **Headcount:** 1\n- **Risk tolerance:** {risk}\n\n{charter}\n"
    assert [code for code, _ in findings(text)] == ["ORG034"] * found


@pytest.mark.parametrize(
    ("charter", "found"),
    [
        ("Edit `model.py` alone.", ["`model.py`"]), ("Edit model.py alone.", ["model.py"]),
        ("Edit src/net.cu, not train.py.", ["src/net.cu"]), ("See https://x.org/a.py and a.b.", []),
        ("Read `notes.txt` and notes.txt.", ["`notes.txt`"]), ("Log to `results.tsv`; obey `program.md`.", []),
    ],
)  # fmt: skip
def test_charters_that_name_files(charter: str, found: list[str]) -> None:
    program = parse(f"## Roles\n### Lead\n- **Headcount:** 1\n\n{charter}\n")
    facts = Facts(name="toy", groups=(), files=("train.py",))
    assert [program.slice(f.span) for f in lint(program, facts) if f.code == "ORG035"] == found


def test_program_md_is_the_main_document_beside_a_readme(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("# About\n\nRead it.\n")
    (tmp_path / "program.md").write_text("# Lab\n\n## Roles\n### Lead\n")
    assert read(load(tmp_path)).org.title == "Lab"


def test_a_title_that_is_a_file_is_no_section() -> None:
    found = org("# AGENTS.md\n\n## Build\n\nRun it.\n\n## Team of agents\n\n### Planner\n\n### Coder\n")
    assert [role.id for role in found.roles] == ["planner", "coder"]


@pytest.mark.slow
def test_many_sections_named_for_a_crew_are_answered_at_once() -> None:
    began = time.process_time()
    lint(parse("# Crew\n" + "## Crew\n- A\n" * 4000))
    assert time.process_time() - began < 5
