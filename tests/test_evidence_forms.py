"""Forms of rosters that agree as a whole: chapters, series, YAML, folders of workspaces; and lists that are none."""

# ruff: noqa: E501, ISC004 - a document on a line is easier to compare with what is read of it

from dataclasses import replace
from pathlib import Path

import pytest

from orgopt.document import lint, load, parse, read
from orgopt.document.editing.base import SetKey
from orgopt.org import Org


def org(text: str) -> Org:
    """What a text describes; an organization of nobody where it is read as one Researcher."""
    reading = read(parse(text))
    return Org() if reading.plain else reading.org


def names(text: str) -> list[str]:
    return [role.name for role in org(text).roles]


def links(found: Org) -> set[str]:
    return {f"{found.name(link.source)} {link.kind} {found.name(link.target)}" for link in found.links}


def severities(text: str) -> dict[str, str]:
    return {finding.code: finding.severity for finding in lint(parse(text))}


ROSTERS = {
    "roles by phase": (
        "# Handbook\n\n## Phase 1\n\n### Data engineer\n\n**Mission:** loads\n\n### Modeller\n\n**Mission:** fits\n\n"
        "## Phase 2\n\n### Code reviewer\n\n**Mission:** reads\n\n## Phase 3\n\n### Writer\n\n**Mission:** tells\n",
        ["Data engineer", "Modeller", "Code reviewer", "Writer"],
    ),
    "a series, whatever it lists": (
        "# Levels\n\n## All levels of the team\n\n### 1. CEO\n\n**Task:** leads\n\n### 2. Heads / Directors\n\n**Task:** direct\n\n"
        "- **Finance Director** — money\n- **Research Director** — plans\n\n### 3. Manager\n\n**Task:** plans\n\n### 4. Trainee\n\n**Task:** learns\n",
        ["CEO", "Heads / Directors", "Manager", "Trainee"],
    ),
    "handles": (
        "# About the team\n\n## Work\n\n### Roe Ann (@annroe)\n\n- maps\n\n### Poe Ben (@benp)\n\n- forms\n",
        ["Roe Ann", "Poe Ben"],
    ),
    "a chapter beside people with titles": (
        "# Roles and duties\n\n## Ann Roe - Lead\n\n- plans\n\n## Ben Poe - Developer\n\n- codes\n\n"
        "## Cy Doe - Tester\n\n- tests\n\n## Chosen style\n\n- Ann, Ben\n",
        ["Ann Roe", "Ben Poe", "Cy Doe"],
    ),
    "a list that goes on": (
        "# Notes\n\n## Agents we made\n\n1. **Data Engineer** (`data`)\n2. **Code Reviewer** (`code`)\n\nOne more:\n\n"
        "<!-- -->\n\n3. **Muse** (`muse`)\n",
        ["Data Engineer", "Code Reviewer", "Muse"],
    ),
    "a column without a name for it": (
        "# Lab\n\n## The team\n\n| Session | Model | Mission |\n|---|---|---|\n| `ada` | opus | leads |\n| `bob` | haiku | digs |\n",
        ["ada", "bob"],
    ),
    "emoji in the titles of columns": (
        "# Team\n\n| 🤖 Agent | 🎯 Mission |\n|---|---|\n| 🚀 Ada | leads |\n| 🔬 Bob | digs |\n",
        ["Ada", "Bob"],
    ),
    "chapters beside roles": (
        "# Roles\n\n## Patient\n\n**Who**: comes.\n\n## Resident\n\n**Who**: learns.\n\n## Shared principles\n\n- **Care** — always.\n",
        ["Patient", "Resident"],
    ),
    "several of a kind": (
        "# Our agents\n\n- **GitHub Agents**: pulls\n- **Mail Agents**: letters\n- **Edge Detector**: signals\n",
        ["GitHub Agents", "Mail Agents", "Edge Detector"],
    ),
}


@pytest.mark.parametrize("form", ROSTERS)
def test_what_agrees_as_a_whole_is_read(form: str) -> None:
    text, expected = ROSTERS[form]
    assert names(text) == expected


NOBODY = {
    "examples": (
        "# Agents\n\n## What the lead told the agents\n\n**to the planner**:\n```\nPlan.\n```\n\n"
        "**to the coder**:\n```\nCode.\n```\n"
    ),
    "files of agents": "# Docs\n\n## Agent system\n\n- `AGENTS.md` - rules\n- `docs/agents/` - all of them\n",
    "who may do what": "# App\n\n## Roles\n\n| Role | See | Edit |\n|---|---|---|\n| Admin | ✅ | ✅ |\n| Guest | ✅ | ❌ |\n",
    "users of a product": "# Plan\n\n## Personas\n\n### Persona 1: Mary\n\n**Role:** cook\n\n### Persona 2: Joe\n\n**Role:** nurse\n",
    "counts": "# Suite\n\n## Our teams\n\n- **25+ business teams** - all\n- **10+ technical teams** - more\n",
    "what one role does": "# Maestro\n\n## Your role\n\n1. **Analyse** the wish\n2. **Delegate** the work\n3. **Present** it\n",
    "comparisons": "# Manual\n\n## Roles compared\n\n### Tester vs Reviewer\n\nDiffer.\n\n### Lead vs Manager\n\nDiffer.\n",
    "branches": "# Squad notes\n\n## Branch strategy\n\n- **main** — stable\n- **user/dev** — work\n- **next** — soon\n",
    "turns": "# Flow of agents\n\n```\nTurn\n├── Agent A\n└── Agent B\nTurn\n├── Agent A\n└── Agent B\n```\n",
    "contact": "# Team\n\n## Our team\n\n- **Email**: x\n- **Phone**: y\n",
}


@pytest.mark.parametrize("text", NOBODY.values(), ids=NOBODY)
def test_what_only_looks_like_a_roster_is_nobody(text: str) -> None:
    assert names(text.replace("## Roles\n", "## Rights of roles\n")) == []


def test_pages_that_a_section_links_to_are_no_links() -> None:
    text = "# Tool\n\nDoes it.\n\n## Links\n\n- [Home](https://example.org)\n- [Issues](https://example.org/issues)\n"
    assert "ORG016" not in severities(text)
    assert severities("## Roles\n### Ada\n## Links\n- Ada and Bob\n")["ORG016"] == "error"


def test_names_of_links_stand_between_slashes_and_keys_in_camel_case() -> None:
    text = (
        "# Team\n\n| Agent | reportsTo | Mission |\n|---|---|---|\n| Ada | — | leads |\n| Cy | Ada | counts |\n"
        "| Bob | Ada (work) / Cy (money) | digs |\n"
    )
    assert links(org(text)) == {"Cy reports to Ada", "Bob reports to Ada", "Bob reports to Cy"}


def test_one_person_may_be_two_things() -> None:
    text = "# Team\n\n| Role | Name | Mission |\n|---|---|---|\n| Lead | Ann | plans |\n| Analyst | Ann | counts |\n| Coder | Ben | codes |\n"
    found = org(text)
    assert [role.name for role in found.roles] == ["Ann", "Ben"]
    assert "plans" in found.roles[0].charter
    assert "counts" in found.roles[0].charter
    assert severities(text)["ORG003"] == "info"
    assert severities("## Roles\n### Ann\n### Ann\n")["ORG003"] == "error"


def test_what_is_missing_is_a_warning_where_there_is_a_place_for_it() -> None:
    team = "# Team\n\n## Ada — Lead\n\nLeads.\n\n## Bob — Reviewer\n\nReports to: Ada\n\n## Cy — Code Reviewer\n\nReports to: Ada\n"
    canonical = "## Roles\n### Lead\n### Reviewer\n### Digger\n## Links\n- Digger → Lead: reports to\n"
    assert set(severities(team.replace("Bob —", "Reviewer —")).values()) == {"info"}
    assert {code for code, severity in severities(canonical).items() if severity == "warning"} == {"ORG022", "ORG030"}


def test_a_table_in_html_is_said_to_be_none_that_is_read() -> None:
    rows = "".join(f"<tr><td><b>{name}</b></td><td>x</td></tr>\n" for name in ("Ada", "Bob"))
    found = lint(parse(f"# Our team\n\n<table>\n<tr><th>Name</th><th>Role</th></tr>\n{rows}</table>\n"))
    (told,) = [finding.message for finding in found if finding.code == "ORG044"]
    assert "a table in HTML may be roles (Ada, Bob)" in told


LISTED = """\
version: 1
roles:
  - id: boss
    name: Koordinator
    purpose: Leads all.
    responsibilities:
      - plans
      - decides

  - id: dig
    name: Planer
    purpose: >
      Plans it.
other:
  - id: x
    size: 3
"""


def test_a_list_of_roles_in_yaml_is_read_and_edited(tmp_path: Path) -> None:
    (tmp_path / "roles.yaml").write_text(LISTED)
    program = load(tmp_path / "roles.yaml")
    found = read(program).org
    assert [(role.name, role.charter) for role in found.roles] == [
        ("Koordinator", "Leads all.\n- plans\n      - decides"), ("Planer", "Plans it."),
    ]  # fmt: skip
    edit = SetKey("planer", "headcount", 2)
    after = edit.apply(program)
    assert read(after).org.roles[1].headcount == 2
    assert edit.inverse(program).apply(after).text == LISTED


def test_the_folder_of_a_crew_has_its_tasks_and_anchors_are_words(tmp_path: Path) -> None:
    (tmp_path / "agents.yaml").write_text(
        "base: &base\n  verbose: true\n\ndigger:\n  <<: *base\n  role: Digger\n  goal: &aim Find it.\n\n"
        "writer:\n  role: Writer\n  goal: *aim\n"
    )
    (tmp_path / "tasks.yaml").write_text(
        "dig:\n  description: >\n    Dig for {topic}.\n  expected_output: Facts.\n  agent: digger\n"
        "dig_more:\n  description: Dig more.\n  agent: digger\nrest:\n  description: Rest.\n"
    )
    program = load(tmp_path)
    found = read(program).org
    assert [role.charter for role in found.roles] == [
        "Digger\nFind it.\n\nDig for {topic}.\nFacts.\nDig more.", "Writer",
    ]  # fmt: skip
    assert program.text.startswith("base: &base")


def test_each_file_says_itself_whether_it_is_a_role(tmp_path: Path) -> None:
    files = {
        "README.md": "# Agents\n\n| Agent | File | Reports to |\n|---|---|---|\n| Ada | `ada.md` | — |\n",
        "ada.md": "---\nid: a\nreports_to: nobody\n---\n\n# Agent: Ada\n\nLeads.\n",
        "memory.md": "---\nname: Memory Agent\n---\n\n# Memory Agent\n\nKeeps notes.\n",
        "now.md": "---\nupdated: today\n---\n\n# What we do now\n\nDig.\n",
        "templates/agent.md": "---\nname: Nobody\n---\nFill in.\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    program = load(tmp_path)
    assert [role.name for role in read(program).org.roles] == ["Ada", "Memory Agent"]
    assert not [finding for finding in lint(program) if finding.severity == "error"]


@pytest.mark.parametrize(
    ("beat", "every"),
    [
        ("# Heartbeat\n\n- Interval: 30m\n- Look at the queue.\n", 1800),
        ("## Every 20 minutes\n\n- Look at the queue.\n", 1200),
        ("**Every:** 6 experiments\n", 6),
        ("- **Heartbeat**: every 90 s, everyone, best 2\n", 90),
        ("every: 2h\r\n", 7200),
        ("- Interval: 30m\n- **Stand-up:** every 9 experiments\n", 9),
        ("- Check for calendar conflicts in the next 2 hours\n", None),
        ("## Continuous (every heartbeat)\n\n- Check mail\n\n## Daily (morning)\n", None),
        ("Every 30 minutes: look at the queue.\n", None),
        ("heartbeat:\n  enabled: true\n  interval: 1800 # seconds\n", None),
        ("Read this if it exists. If nothing needs attention, reply HEARTBEAT_OK.\n", None),
    ],
)
def test_an_interval_of_a_heartbeat_is_a_timer(tmp_path: Path, beat: str, every: float | None) -> None:
    for name, text in {"ada/SOUL.md": "You dig.\n", "bob/SOUL.md": "You lead.\n", "bob/HEARTBEAT.md": beat}.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text.encode())
    program = load(tmp_path)
    org = read(program).org
    assert (org.standup.every if org.standup else None) == every
    if org.standup:
        later = replace(org.standup, every=4.0, unit="experiments")
        edit = SetKey(None, "stand-up", later)
        after = edit.apply(program)
        assert read(after).org.standup == later
        assert edit.inverse(program).apply(after).text == program.text


def test_a_folder_for_each_agent_is_its_workspace(tmp_path: Path) -> None:
    files = {
        "ada/SOUL.md": "# SOUL.md\n\nYou are kind.\n",
        "ada/AGENTS.md": "Reports to: Old Bob\n\nYou dig.\n",
        "ada/HEARTBEAT.md": "# HEARTBEAT.md\n\n- Look at the queue.\n",
        "old-bob/SOUL.md": "You lead.\n",
        "old-bob/IDENTITY.md": "- **Name:** Bob\n",
        "old-bob/MEMORY.md": "Much.\n",
        "old-bob/HEARTBEAT.md": "- **Stand-up:** every 20 min, everyone, all\n",
        "old-bob/RECIPES.md": "# Soup\n",
        "_shared/SOUL.md": "You all are polite.\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = read(load(tmp_path)).org
    ada, bob = found.roles
    assert (ada.name, bob.name, ada.agent, bob.memory) == ("Ada", "Bob", "llm", "lasting")
    assert "You are kind." in ada.persona
    assert "You dig." in ada.charter
    assert "Look at the queue." in ada.charter
    assert links(found) == {"Ada reports to Bob"}
    assert found.standup
    assert found.standup.every == 1200


_ROUND = "# Team\n\n```mermaid\ngraph TD\n A[Lead] --> B[Engineer]\n A --> C[Tester]\n C --> A\n```\n"


@pytest.mark.parametrize(
    ("text", "code", "severity"),
    [
        ('---\n"@own/tool": minor\n---\n\nNew words.\n', "ORG026", None),
        ("---\nname: Pilot\nmodel: Claude Sonnet 4.5 (copilot)\n---\n\nYou fly.\n", "ORG017", None),
        ("---\nname: Pilot\nmodel: <opus|sonnet>\n---\n\nYou fly.\n", "ORG017", "info"),
        ("# T\n\nA tool.\n\n## Links\n\n- [[plan|Plan]]\n- [[data.md]]\n", "ORG016", None),
        ("# T\n\nA tool.\n\n## Links\n\n- ask in the forum\n", "ORG016", None),
        ("# T\n\n## Roles\n\nSee the catalogue.\n\n## Build\n\nmake\n", "ORG002", "info"),
        (_ROUND, "ORG014", None),
        ("## Team\n\n### 1. Ann\n\nPlans.\n\n## Later\n\n### 7. Ann (merged)\n\nToo.\n", "ORG003", None),
        ("# Lab\n", "ORG041", "info"),
        ("---\nname: pilot\nmemory: global\n---\n\nYou fly.\n", "ORG017", None),
        ("---\nname: pilot\nmemory: redis\n---\n\nYou fly.\n", "ORG017", "info"),
        ("---\nname: pilot\nmemory: lastng\n---\n\nYou fly.\n", "ORG017", "warning"),
    ],
)
def test_what_an_author_would_not_change_is_no_warning(text: str, code: str, severity: str | None) -> None:
    assert severities(text).get(code) == severity


def test_arrows_that_go_round_say_what_comes_next() -> None:
    found = links(org(_ROUND))
    assert found == {"Lead delegates to Engineer", "Lead delegates to Tester", "Tester delegates to Lead"}
    assert links(org(_ROUND.replace(" C --> A\n", ""))) == {"Engineer reports to Lead", "Tester reports to Lead"}


def test_names_of_a_field_that_are_nobody_are_one_finding() -> None:
    text = "## Roles\n### Lead\n- **Headcount:** 1\n- **Manages:** plans, notes, Leed\n"
    (found,) = [finding for finding in lint(parse(text)) if finding.code == "ORG024"]
    assert (found.severity, found.message) == ("warning", "'Leed' and 2 more are no role here: 'manages' is left out")


BOXES = """# Team

```
        ┌──────────────┐
        │     Ada      │
        │  Architect   │
        └──────┬───────┘
     ┌─────────┴────────┐
┌────┴─────┐       ┌────▼─────┐
│ Builder  │       │ 測試工程師 │
│ digs     │       │          │
└──────────┘       └──────────┘
```
"""


def test_boxes_drawn_with_lines_are_a_roster() -> None:
    found = org(BOXES)
    assert [role.name for role in found.roles] == ["Ada", "Builder", "測試工程師"]
    assert links(found) == {"Builder reports to Ada", "測試工程師 reports to Ada"}
    assert [role.charter for role in found.roles] == ["Architect", "digs", ""]
    assert not names(BOXES.replace("# Team", "# Architecture").replace("工程師", ""))
    edit = SetKey("builder", "agent", "tpe")
    after = edit.apply(parse(BOXES))
    assert {role.name: role.agent for role in read(after).org.roles}["Builder"] == "tpe"
    assert edit.inverse(parse(BOXES)).apply(after).text == BOXES


def test_boxes_beside_a_roster_only_say_who_reports_to_whom() -> None:
    table = "\n## Team\n\n| Name | Role |\n|---|---|\n| Ada | Architect |\n| Builder | digs |\n| 測試工程師 | tests |\n"
    assert links(org(BOXES + table)) == links(org(BOXES))
    levels = BOXES.replace("Ada", "Level 1").replace("Builder", "Level 2").replace("測試", "高級")
    assert names(levels + table) == ["Ada", "Builder", "測試工程師"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("## Team\n\nAda (ada), Bo (@bo) and Cy (cy)\n", ["Ada", "Bo", "Cy"]),
        ("## 팀원 소개\n\n    심대성(Tony), 김용후(Felix)\n", ["심대성", "김용후"]),
        ("Team Rocket 2026\n'Ada Byron King'\n'Juan A. Puerto'\n", ["Ada Byron King", "Juan A. Puerto"]),
        ("## Team\n\nWe dig holes\nall day long.\n", []),
        ("## Collaborators:\n\n**:point_right: Ada Byron**\n:e-mail: a@b\n\n**:point_right: Bo Li**\n:e-mail: b@c\n", ["Ada Byron", "Bo Li"]),
        ("# Org\n\n## Roles of all\n\n### Documentation Team\n\n- **Technical Writers**: write\n- **Reviewers**: read\n", ["Technical Writers", "Reviewers"]),
        ("# Org\n\n```\nHenry (Orchestrator/COO, big)\n├── Warren (CRO, small)\n└── Elon (CTO, small)\n```\n", ["Henry", "Warren", "Elon"]),
        ("# 体制\n\n```\nUser\n│\n└── メイン（本体）← 窓口・統括\n    ├── engineer   実装\n    └── reviewer   審査\n```\n", ["メイン", "engineer", "reviewer"]),
    ],
)  # fmt: skip
def test_names_in_lines_and_on_branches(text: str, expected: list[str]) -> None:
    assert names(text) == expected


LOOSE = {
    "a heading without a text announces those beside it": (
        "# dev-pipe\n\n## Team\n\n### AI agents\n\n## Ada Requirements\n- Skills: asks\n\n## Bo Design\n- Skills: draws\n\n"
        "## Cy Backend\n- Skills: codes\n\n## Di Frontend\n- Skills: shows\n\n## Installation\n\nRun it.\n",
        ["Ada Requirements", "Bo Design", "Cy Backend", "Di Frontend"],
    ),
    "a line right below each heading says what somebody does": (
        "Mira plays these.\n\n## Architect\nGoal: Draw.\n\n## Developer\nGoal: Code.\n\n## Debugger\nGoal: Find.\n\n## Planner\n"
        "Goal: Plan.\n",
        ["Architect", "Developer", "Debugger", "Planner"],
    ),
    "the first chapter is a path": (
        "# docs/roles.md\n\n# Council Roles\n\nOf the lab\n\n---\n\n# Founder\n\nDecides.\n\n# Librarian\n\nKeeps.\n\n# Operator\n\nRuns.\n",
        ["Founder", "Librarian", "Operator"],
    ),
    "a list names those again whom a tree draws": (
        "# Agents\n\n```text\nSupervisor Agent\n├── Web Agent\n├── Paper Agent\n└── Note Agent\n```\n\n## Duties of the agents\n\n"
        "- `web`: reads pages\n- `paper`: reads papers\n- `note`: reads notes\n- `synthesis`: puts together\n",
        ["Supervisor Agent", "Web Agent", "Paper Agent", "Note Agent", "synthesis"],
    ),
    "lists of people below each layer": (
        "# Agent Hierarchy\n\nWho decides.\n\n# Layers\n\n## Level 1\n\n- Design Agent\n- Data Agent\n\n## Level 2\n\n- Api Agent\n"
        "- Feature Agent\n\n## Level 3\n\n- Debt Agent\n",
        ["Design Agent", "Data Agent", "Api Agent", "Feature Agent", "Debt Agent"],
    ),
    "titles behind commas, and departments": (
        "# Org Chart\n\n```txt\nCEO\n|\n|-- Ada, Executive Assistant\n|\n`-- COO\n    |\n    |-- Portfolio\n    |   `-- Bo, Portfolio Manager\n"
        "    |\n    `-- Security\n        `-- Cy, Security Analyst\n```\n",
        ["CEO", "Ada", "COO", "Bo", "Cy"],
    ),
    "a verb is what somebody does": (
        "# Agents\n\n- Build Agent\n- Review Agent\n- Each Agent\n",
        ["Build Agent", "Review Agent"],
    ),
    "files before names": (
        "# Subagents\n\n| File | name | Domain |\n|---|---|---|\n| `a.md` | `frontend-expert` | pages |\n| `b.md` | `backend-expert` | servers |\n",
        ["frontend-expert", "backend-expert"],
    ),
    "skills are nobody": (
        "# Team\n\n## Growth\n\n**Senior Growth:**\n- `growth-strategist` - plans\n- `growth-engineer` - builds\n\n"
        "**Team Members (Skills):**\n- `seo-audit` - audits\n- `copywriting` - writes\n- `page-cro` - pages\n",
        ["growth-strategist", "growth-engineer"],
    ),
    "somebody whose table is all that stands right below": (
        "# 에이전트 로스터\n\n## Ada — 매니저\n\n| 항목 | 내용 |\n|---|---|\n| 톤 | 따뜻 |\n\n## Bo — 디자이너\n\n| 항목 | 내용 |\n|---|---|\n| 톤 | 간결 |\n\n"
        "### 담당 업무\n\n1. **릴리스 노트**: 쓴다\n2. **로드맵**: 본다\n",
        ["Ada", "Bo"],
    ),
    "agents of YAML whose duties are a list": (
        "agents:\n  claw:\n    role: orchestrator\n    host: mini\n    responsibilities:\n      - routing\n  hermes:\n    role: developer\n"
        "    responsibilities:\n      - code\n",
        ["claw", "hermes"],
    ),
    "two charts of the same nodes": (
        "# Team\n\n```mermaid\ngraph TD\n  CEO[Ada Li<br/>Chief Executive Officer]\n  DEV[Bo Cy Wu<br/>Developer]\n  CEO --> DEV\n```\n\n"
        "```mermaid\ngraph TD\n  CEO[CEO<br/>Ada Li]\n  CEO --> DEV[Bo Wu<br/>Developer]\n```\n",
        ["Ada Li", "Bo Cy Wu"],
    ),
    "full names beside short ones": (
        "# 조직도\n\n## IT (3명)\n\n```\nIT\n └─ Joe (Leader · Vo Phu Thinh)\n     ├─ Mon      (Nguyen Tien Dat)\n     └─ Dan      (Do Thanh Dung)\n```\n",
        ["Joe", "Mon", "Dan"],
    ),
    "names in code behind labels": (
        "# Roster (6 agents)\n\n## Division 1\n\n**Leads (2):** `qa-lead`, `ux-lead`\n\n**Specialists (4):**\n- Web: `web-engineer`, `css-designer`\n"
        "- Ops: `cloud-architect`, `sre-lead`\n",
        ["qa-lead", "ux-lead", "web-engineer", "css-designer", "cloud-architect", "sre-lead"],
    ),
    "paragraphs that name somebody": (
        "# Роли\n\nЗоны не прибиты.\n\nМаркетинг — привлечение.\n\nTech Lead / Архитектор — решения.\n\nДизайнер — макеты.\n\nРазработчик — код.\n",
        ["Маркетинг", "Tech Lead / Архитектор", "Дизайнер", "Разработчик"],
    ),
    "names with a dot behind them": (
        "# Agentes\n\n## Los agentes\n\n| Agente | Recibe | Responsabilidad única |\n|---|---|---|\n| **Aura** · `adn` | x | voz |\n| **Norte** · `plan` | y | canal |\n",
        ["Aura", "Norte"],
    ),
    "bullets whose file stands below": (
        "# Agent Roster\n\n## Named\n\n- Ada\n  - file: `agents/ada/AGENT.md`\n  - owns catalogs\n\n- Bo\n  - file: `agents/bo/AGENT.md`\n  - owns stores\n",
        ["Ada", "Bo"],
    ),
    "identifiers in code, whatever they are called after": (
        "# Agent Roster\n\n- `docs-writer`\n- `ci-reviewer`\n- `auto-docs-update`\n",
        ["docs-writer", "ci-reviewer", "auto-docs-update"],
    ),
    "agents of YAML that are described": (
        'agents:\n  planner:\n    base_url: "http://a"\n    description: "Plans"\n  coder:\n    base_url: "http://b"\n    description: "Codes"\n',
        ["planner", "coder"],
    ),
    "boxes of agents with a memory": (
        "# 架构\n\n```\n┌────────┐\n│  Main  │\n│ Agent  │\n└───┬────┘\n    ├──────────┬───────────┐\n    ▼          ▼           ▼\n┌────────┐ ┌────────┐ ┌────────┐\n"
        "│ Coder  │ │ Tester │ │ Shared │\n│ Agent  │ │ Agent  │ │ Memory │\n└────────┘ └────────┘ └────────┘\n```\n\n| Agent | 职责 |\n|---|---|\n| Main | 协调 |\n"
        "| Coder | 开发 |\n| Tester | 测试 |\n",
        ["Main", "Coder", "Tester"],
    ),
    "boxes of agents, two of whom one leads": (
        "# Plan\n\n```\n    ┌────────────┐\n    │ MAIN AGENT │\n    └─────┬──────┘\n     ┌────┴────┐\n     ▼         ▼\n┌─────────┐ ┌─────────┐\n"
        "│ A AGENT │ │ B AGENT │\n└─────────┘ └─────────┘\n```\n",
        ["MAIN AGENT", "A AGENT", "B AGENT"],
    ),
}


@pytest.mark.parametrize("form", LOOSE)
def test_teams_are_read_by_what_agrees(form: str) -> None:
    text, expected = LOOSE[form]
    assert [role.name for role in read(parse(text)).org.roles] == expected


def test_a_name_with_an_and_is_whole() -> None:
    text = "# Agents\n\n| Agent | Role | Escalates To |\n|---|---|---|\n| Ada | Lead | Policy & Rules Agent, Bo |\n| Bo | Dev | Ada |\n| Policy & Rules Agent | Rules | Ada |\n"
    assert {(link.source, link.target) for link in read(parse(text)).org.links} == {
        ("ada", "policy-rules-agent"),
        ("ada", "bo"),
        ("bo", "ada"),
        ("policy-rules-agent", "ada"),
    }


def test_a_table_of_escalations_links_those_who_are_read() -> None:
    text = (
        "# Agents\n\n| Agent | Role |\n|---|---|\n| Lead | leads |\n| Coder | codes |\n| Tester | tests |\n\n## Escalation paths\n\n"
        "| Agent | Escalates To | For |\n|---|---|---|\n| Coder | Lead | scope |\n| Tester | Lead | time |\n| Any Agent | Lead | else |\n"
    )
    org = read(parse(text)).org
    assert [role.name for role in org.roles] == ["Lead", "Coder", "Tester"]
    assert {(link.source, link.kind, link.target) for link in org.links} == {
        ("coder", "delegates to", "lead"),
        ("tester", "delegates to", "lead"),
    }


@pytest.mark.parametrize(
    "text",
    [
        "# Tool\n\n## Team\n\nSee the graph.\n\n## Usage\n\n- **Fast**: yes\n- **Small**: yes\n\n## Thanks\n\n- **Foo** — for Bar\n",
        "# The agent roster\n\nRoles ship.\n\n## Two enforced limits\n\nLess.\n\n## Attribution\n\nMIT.\n",
        "# App\n\n## Sign up\n\nGoal: grow.\n\n## Landing page\n\nGoal: convert.\n\n## Emails\n\nGoal: keep.\n",
        "# Flow\n\n```\n┌───────┐ ┌────────┐\n│ Input │ │ Output │\n└───┬───┘ └────────┘\n    ▼\n┌───────┐\n│ Agent │\n└───────┘\n```\n",
    ],
)
def test_the_same_signs_without_people_are_no_team(text: str) -> None:
    assert read(parse(text)).plain


CELLS = """# Agent team

| Hauptagent | Aufgabe | Subagents |
|---|---|---|
| **architect** | Architektur | `code-auditor` (liest), `release-planner` |
| **backend** | Funktionen | `gateway`, `security` (Grenzen) |
"""


def test_cells_name_several_who_report_to_the_first() -> None:
    org = read(parse(CELLS)).org
    assert {role.id for role in org.roles} == {
        "architect", "backend", "code-auditor", "release-planner", "gateway", "security",
    }  # fmt: skip
    assert {(link.source, link.target) for link in org.links if link.kind == "reports to"} == {
        ("code-auditor", "architect"), ("release-planner", "architect"), ("gateway", "backend"), ("security", "backend"),
    }  # fmt: skip


def test_chains_of_agents_are_roles_and_those_of_steps_are_not() -> None:
    agents = "# Agents at work\n\n```\nScout Agent → Writer Agent → Editor Agent\n```\n"
    assert [role.name for role in read(parse(agents)).org.roles] == ["Scout Agent", "Writer Agent", "Editor Agent"]
    assert len(read(parse(agents)).org.links) == 2
    assert read(parse("# Service\n\n```\nController → Service → Repository\n```\n")).plain
    assert read(parse("# Build\n\n```\nBuilder -> Runner -> Publisher\n```\n")).plain


def test_rights_of_users_are_no_roles() -> None:
    rows = "| Owner | all | the founder |\n| Editor | write | members |\n"
    text = f"# Roles and users\n\n| Role | Default permissions | Assigned to |\n|---|---|---|\n{rows}"
    assert read(parse(text)).plain


def test_somebody_under_two_titles_is_one() -> None:
    text = (
        "# Team\n\n## Agent roster\n\n| # | Role | Name | Domain |\n|---|---|---|---|\n"
        "| 1 | Architect | **Ada** ⭐ new | design |\n"
        "| 2 | Sr. Backend Dev | Bo | API |\n\n## Agent roles\n\n### 1. Architect Agent\n\n**Role:** designs\n\n"
        "### 2. Senior Backend Developer\n\n**Role:** codes\n"
    )
    assert [role.name for role in read(parse(text)).org.roles] == ["Ada", "Bo"]


def test_nobody_in_particular_is_no_role() -> None:
    text = "# Agents\n\n1. **Frontend Agent**: draws\n2. **Backend Agent**: serves\n3. **Relevant Agent**: mends\n"
    assert [role.name for role in read(parse(text)).org.roles] == ["Frontend Agent", "Backend Agent"]


def test_files_that_a_column_links_are_roles() -> None:
    rows = "| [`api-engineer.md`](./api-engineer.md) | API |\n| [`reviewer.md`](./reviewer.md) | reads |\n"
    text = f"# Sub-agents\n\n## The agents\n\n| File | Role |\n|---|---|\n{rows}"
    assert [role.name for role in read(parse(text)).org.roles] == ["api-engineer", "reviewer"]


def test_lists_of_one_form_below_a_team_are_rosters_whatever_their_titles() -> None:
    text = (
        "# Special agents\n\n## Code\n\n- **code-writer**: writes\n- **code-reviewer**: reads\n\n## Testing\n\n- **test-runner**: runs\n"
        "- **load-prober**: loads\n\n## Special-agents\n\n- **data-analyst**: counts\n- **web-designer**: draws\n"
    )
    assert {"test-runner", "load-prober"} <= {role.name for role in org(text).roles}
    rules = "# Guide\n\n## Code\n\n- **small-steps**: one at a time\n\n## Testing\n\n- **test-first**: always\n"
    assert read(parse(rules)).plain


def test_files_in_bold_code_agents_below_a_label_and_commands_are_names() -> None:
    files = "# Review agents\n\n- **`review/api-reviewer.md`** — APIs\n- **`review/data-auditor.md`** — data\n"
    assert [role.name for role in org(files).roles] == ["api-reviewer", "data-auditor"]
    teams = (
        "# Agent teams\n\n## 1. Office team\n\n**Purpose**: letters\n\n**Agents**:\n- **Personal Assistant**: dates\n- **Daily Brief**: news\n\n"
        "## 2. Press team\n\n**Agents**:\n- **Podcast Creator**: speaks\n- **Live Caption**: writes\n"
    )
    assert [role.name for role in org(teams).roles] == [
        "Personal Assistant", "Daily Brief", "Podcast Creator", "Live Caption",
    ]  # fmt: skip
    commands = "# Team roster\n\n## `/sm` — Scrum Master\n\nLeads.\n\n## `/po` — Product Owner\n\nDecides.\n"
    assert [role.name for role in org(commands).roles] == ["sm", "po"]


def test_letters_behind_a_name_name_the_same_role_elsewhere() -> None:
    text = (
        "# Team\n\n| Role | Duty |\n|---|---|\n| Data Engineer (DE) | data |\n| Chief Consultant (CC) | leads |\n\n"
        "## Small team\n\n| Role | Headcount |\n|---|---|\n| DE | 1 |\n| CC | 2 |\n"
    )
    assert [role.name for role in org(text).roles] == ["Data Engineer", "Chief Consultant"]


def test_pages_of_families_chapters_and_sentences_are_no_roles() -> None:
    families = "# Agents\n\n- **[Core agents](core.md)** — the heart\n- **[Utility agents](utils.md)** — the rest\n"
    assert read(parse(families)).plain
    chapters = (
        "# Agent Hierarchy\n\n## Roles\n\n- ADA (`id: main`): leads\n- BO: executes\n\nWhat counts:\n\n- BO owns all that is shipped to users.\n\n"
        "## Packets\n\nText.\n\n## Rationale\n\nText.\n"
    )
    assert [role.name for role in org(chapters).roles] == ["ADA", "BO"]
