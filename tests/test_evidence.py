"""Rosters as people write them: what is read as a role, in which form and language, and what never is."""

from dataclasses import replace
from pathlib import Path

import pytest

from orgopt.basics.slug import slug
from orgopt.document import lint, load, parse, read, render
from orgopt.document.editing.base import SetKey
from orgopt.document.editing.edits_of_links import AddLink, RemoveLink
from orgopt.document.editing.edits_of_roles import AddRole, RemoveRole
from orgopt.document.grammar.words import KINDS, is_word, languages, normal, words
from orgopt.document.reading.names import read_name
from orgopt.draw.flowchart import mermaid
from orgopt.errors import DocumentError
from orgopt.org import Link, Org, Standup


def org(text: str) -> Org:
    """What a text describes; an organization of nobody where it is read as one Researcher."""
    reading = read(parse(text))
    return Org() if reading.plain else reading.org


def names(text: str) -> list[str]:
    return [role.name for role in org(text).roles]


def links(text: str) -> set[str]:
    found = org(text)
    return {f"{found.name(link.source)} {link.kind} {found.name(link.target)}" for link in found.links}


ROSTERS = {
    "agents, roles and files": (
        "# Crew\n\n| Agent | Role | File |\n|---|---|---|\n| Ada | Lead | a.md |\n| Bob | Digger | b.md |\n"
    ),
    "numbers first": "# Plan\n\n| # | Agent | Mission |\n|---|---|---|\n| 1 | Ada | leads |\n| 2 | Bob | digs |\n",
    "codenames": (
        "# Ship\n\n| Officer | Codename | Duty |\n|---|---|---|\n| Captain | Ada | steers |\n"
        "| Cook | Bob | cooks |\n"
    ),
    "tables by group": (
        "# Team\n\n## Core\n\n| Name | Role |\n|---|---|\n| Ada | Lead |\n\n## Support\n\n| Name | Role |\n"
        "|---|---|\n| Bob | Cook |\n"
    ),
    "sections below a team": (
        "# Lab\n\n## 🚀 Our crew\n\n### Ada\n\nLeads.\n\n### Bob\n\nDigs.\n\n## Workflow\n\n### Step 1\n\nGo.\n"
    ),
    "unknown keys": "# The team\n\n## Ada — Founder\n\n- **Born:** 1815\n\n## Bob — Janitor\n\n- **Born:** 1900\n",
    "groups": "# Roster\n\n## Active\n\n### Ada\n\nWorks.\n\n### Bob\n\nRests.\n\n## Departed\n\n### Eve\n\nGone.\n",
    "groups in a section Roles": "## Roles\n\n### Active\n\n#### Ada\n\nWorks.\n\n#### Bob\n\nRests.\n",
    "numbered": "# Lab\n\n## Agent 1: Ada (leads)\n\nLead.\n\n## Agent 2: Bob\n\nDig.\n\n## Setup\n\nInstall.\n",
    "bold leads": "# Team\n\n**1. Ada (leads)**\n- plans\n\n**2. Bob (digs)**\n- digs\n",
    "bullets": (
        "# Lab\n\n## Who is on the team\n\n- **Ada** — leads\n- **Bob** — digs\n\n## Rules\n\n"
        "- **Tests** — always\n"
    ),
    "a tree": "# Org chart\n\n```text\nLab\n├── Ada    (leads)\n└── Bob    (digs)\n```\n",
    "a chart": "# Org chart\n\n```mermaid\ngraph TD\n  a[Ada] --> b[Bob]\n  style a fill:#fff\n```\n",
    "links behind emoji": (
        "# Core team\n\n| Agent | Specialty |\n|---|---|\n| 🎯 **[Ada](a.md)** | leads |\n"
        "| ⚡ **[Bob](b.md)** | digs |\n"
    ),
    "people by the number": (
        "# Our team\n\n## Front (2 people)\n\n### 【Lead】Ada\n\n- Role: lead\n\n### Bob\n\n- Role: tester\n"
    ),
    "titles behind a bar": "# Our team\n\n## Ada | Lead\n\nLeads.\n\n## [Bob](https://a.b) | Tester\n\nTests.\n",
    "keys in plain letters": (
        "# Squad map\n\n## Ada\n\n- Role: lead\n- Owns: plans\n\n## Bob\n\n- Role: digs\n- Owns: holes\n"
    ),
    "departments before names": (
        "# Org chart\n\n| Department | Role | File |\n|---|---|---|\n| Heads | Ada | a.md |\n| Hands | Bob | b.md |\n"
    ),
    "a chart with letters": (
        '# Org chart\n\n```mermaid\ngraph TD\n  a["<b>Ada</b><br/>Lead"] --> b["<b>Bob</b><br/><i>opus</i>"]\n```\n'
    ),
    "numbers above lists": "# Agents\n\n1. Ada\n- plans\n- decides\n\n2. Bob\n- digs\n- counts\n",
    "numbers in brackets": "# Agenten-Katalog\n\n1) Ada\n- Rolle: leitet\n\n2) Bob\n- Rolle: gräbt\n\n## Regeln\n",
    "labels by the number": (
        "# Esquadrão\n\n## Equipe (2 agentes)\n\n**Ada** - Líder\n- decide\n\n**Bob** - Cientista\n- cava\n"
    ),
    "a tree without a fence": "Company org\n===========\n\nLab\n├─ Ada (Lead)\n└─ Bob (Tester)\n",
    "agents in a later column": (
        "# Dispatch\n\n| Trigger | Agent (`type`) | Model |\n|---|---|---|\n| a plan | `Ada` | opus |\n"
        "| a hole | `Bob` | haiku |\n"
    ),
    "a later column in Japanese": (
        "# 一覧\n\n## 選択ガイド\n\n| タスク | 推奨エージェント | model |\n|---|---|---|\n| 計画 | `Ada` | opus |\n"
        "| 実装 | `Bob` | opus |\n"
    ),
    "files in the first column": (
        "# Our agents\n\n| File | Role |\n|---|---|\n| Ada.md | decides |\n| Bob.md | digs |\n"
    ),
    "team members below a workflow": (
        "# Workflow\n\n## Shared\n\n| Team Member | Role | Responsibilities |\n|---|---|---|\n"
        "| Ada | Plans | decides |\n| Bob | Holes | digs |\n"
    ),
    "handles": "# Team directory\n\n## Core\n\n* Ada @ada - co-founder, admin\n* Bob @bob-99 - admin\n",
    "names of agents in Chinese": (
        "# 团队\n\n| 序号 | Agent名称 | 专长 |\n|---|---|---|\n| 1 | Ada | 决定 |\n| 2 | Bob | 探索 |\n"
    ),
    "who does what in Japanese": (
        "# 分担\n\n| 役 | 誰 | 仕事 |\n|---|---|---|\n| 編集 | Ada | 決める |\n| 監査 | Bob | 調べる |\n"
    ),
    "one person in two forms": (
        "# Team\n\n| Agent | Goal |\n|---|---|\n| Ada | decides |\n| Bob | digs |\n\n## Profiles\n\n### Ada Agent\n\n"
        "- **Role:** leads\n\n### Bob Agent\n\n- **Role:** digs\n"
    ),
    "labels alone": (
        "# Roles here\n\n## Role model\n\n### 1) Ada (human)\n\n**Owns**\n\n- plans\n\n### 2) Bob (agent)\n\n"
        "**Owns**\n\n- holes\n"
    ),
    "files and titles": (
        "# Agents\n\n## Available agents\n\n### 1. `Ada.md` - who leads\n\nLeads.\n\n### 2. `Bob.md` - who digs\n"
    ),
    "a directory": (
        "# Equipe\n\n## Membros\n\n### Turma A\n\n| Nome | GitHub |\n|---|---|\n| Ada | [ada](https://a.b) |\n"
        "| Bob | [bob](https://a.b) |\n"
    ),
    "names to come": (
        "# Team\n\n| Role | Name | Responsibilities |\n|---|---|---|\n| Ada | TBD | leads |\n| Bob | {Name} | digs |\n"
    ),
    "who is responsible for what": (
        "# Council\n\n## Membros do comitê\n\n**Ada**\n\nResponsável por:\n\n- Planos\n\n**Bob**\n\n"
        "Responsável por:\n\n- Buracos\n"
    ),
    "ru": "# Команда\n\n### Ada\n\n- Роль: глава\n\n### Bob\n\n- Роль: повар\n",
    "a link alone": "# Lab\n\n## Ada\n\nDecides.\n\n## Bob\n\nReports to: Ada\n\n## Notes\n\nNone.\n",
    "a role each": (
        "# Config\n\n## Ada\n- **Rol**: Arquitecto\n\n## Bob\n- **Rol**: QA\n\n## Matrix\nA.\n\n## Flow\nB.\n"
    ),
    "German": "# Labor\n\n## Das Team\n\n- **Ada** — leitet\n- **Bob** — gräbt\n\n## Regeln\n\n- **Tests** — immer\n",
    "French": (
        "# Labo\n\n## L'équipe\n\n### Ada\n\nDirige.\n\n### Bob\n\nCreuse.\n\n## Étapes\n\n### Étape 1\n\n"
        "Aller.\n"
    ),
    "Spanish": "# Lab\n\n| Nombre | Rol | Tarea |\n|---|---|---|\n| Ada | Jefa | dirige |\n| Bob | Técnico | cava |\n",
    "Portuguese": "# Lab\n\n## Equipe\n\n- **Ada**: dirige\n- **Bob**: cava\n\n## Regras\n\n- **Testes**: sempre\n",
    "Chinese": "# 实验室\n\n| 姓名 | 角色 | 职责 |\n|---|---|---|\n| Ada | 组长 | 决定 |\n| Bob | 研究员 | 探索 |\n",
    "Japanese": "# ラボ\n\n## チーム構成\n\n- **Ada** — 決める\n- **Bob** — 調べる\n\n## 手順\n\n- **準備** — 入れる\n",
    "Korean": (
        "# 연구실\n\n## 팀 구성\n\n| 에이전트 | 역할 |\n|---|---|\n| Ada | 총괄 |\n| Bob | 조사 |\n\n"
        "## 규칙\n\n- **시험** — 항상\n"
    ),
}  # fmt: skip


def test_a_letter_and_a_link_of_a_wiki_are_names_and_placeholders_are_none() -> None:
    row = "| {} | Lead | plans the work of all |\n"
    table = "# Team\n\n| Agent | Role | Responsibilities |\n|---|---|---|\n"
    said = table + "".join(map(row.format, ("X", "[[Ada]]", "{Name}", "—", "xxx", "Bob")))
    assert [role.id for role in read(parse(said)).org.roles] == ["x", "ada", "bob"]


@pytest.mark.parametrize("form", ROSTERS)
def test_a_team_is_read_in_any_form_and_language(form: str) -> None:
    program = parse(ROSTERS[form])
    assert names(ROSTERS[form]) == ["Ada", "Bob"]
    assert render(program) == program.text
    assert not [finding for finding in lint(program) if finding.severity == "error"]


@pytest.mark.parametrize("form", ROSTERS)
def test_edits_of_any_form_keep_the_others_and_are_undone(form: str) -> None:
    program = parse(ROSTERS[form])
    for edit in (
        SetKey("bob", "headcount", 3),
        SetKey("ada", "risk tolerance", 0.7),
        AddRole("### Zoe\n- **Headcount:** 2\n\nLook.\n"),
        AddLink(Link(source="bob", target="ada", kind="reviews")),
    ):
        after = edit.apply(program)
        roles = {role.id: role for role in read(after).org.roles}
        assert set(roles) >= {"ada", "bob"}
        assert edit.inverse(program).apply(after).text == program.text
    assert roles["bob"].name == "Bob"


@pytest.mark.parametrize(
    "text",
    [
        "# Lab\n\n## Rules\n- One change at a time.\n- Never stop.\n\n### Step 5 — Measure\nRun it.\n",
        "# Lab\n\n## Roles\n\nEverybody does what is needed.\n",
        "# Lab\n\n## Agents\n\nThere is one.\n",
        "# T\n\n| Name | Description |\n|---|---|\n| lr | learning rate |\n| bs | batch size |\n",
        "# T\n\n| Phase | Agent | Output |\n|---|---|---|\n| 1 | Plan | it |\n| 2 | Coder | it |\n| 3 | Coder | it |\n",
        "# T\n\n## Commands\n\n| Command | Role |\n|---|---|\n| `run` | runs it |\n| `stop` | stops it |\n",
        "# T\n\n## Agent workflow\n\n1. **Plan** — write it down\n2. **Build** — try it\n",
        "# T\n\n## Team structure\n\n```text\nsrc/\n├── agents/\n│   └── lead.py\n└── team.md\n```\n",
        "# T\n\n```mermaid\ngraph LR\n  A[Prepare] --> B[Train]\n  B --> C[Evaluate]\n  C --> A\n```\n",
        "# T\n\n```mermaid\ngraph LR\n  A[Developer] --> B[QA]\n  B --> C{Passed?}\n  C -->|yes| D[DevOps]\n```\n",
        "# T\n\n### `*agents`\n\n- use a lead\n- One: as it is\n- Two: as well\n- only where it helps\n",
        "# T\n\n## Features\n\n- **Agent orchestration** — many at once\n- **Learning system** — remembers\n",
        "# T\n\n## Documentation\n\n- [Agents](docs/agents.md)\n- [Setup](docs/setup.md)\n",
        "# Team\n\n## How it is said\n\n- **Agent ID**: `a-1`\n- **Role**: leads\n- **Capabilities**: many\n",
        "# Team\n\n## Numbers\n\n- **Board**: 3 agents\n- **Heads**: 4 agents (70%)\n- **All**: 7\n",
        "# Org chart\n\nBelow are sub-teams (leader in parens). They are:\n\n* Cargo (a)\n* Docs (bo)\n* Log\n",
        "# Agents\n\nEach agent stores:\n\n- Identity: a name\n- Engine: one of two\n- Tools\n",
        "# Agents\n\n## Planned agents\n\n1. **News Agent** — reads\n2. **Risk Agent** — warns\n",
        "# Equipe\n\n## Sugestões\n\n### Combinação #1\n\n- **Nome**: A\n\n### Combinação #2\n\n- **Nome**: B\n",
        "# 役割分担\n\n## 受け渡し\n\n### PMからBEへ\n\n決める。\n\n### BEからQAへ\n\n渡す。\n",
        "# Personas\n\n| Agente | Fuente |\n|---|---|\n| **Claude** | `~/.c/*.json` |\n| **Codex** | `~/.x/*.json` |\n",
        "# 项目\n\n## 规则\n\n- **测试** — 总是\n- **提交** — 小步\n",
        "# Projet\n\n## Étapes\n\n### Étape 1 — Préparer\n\nLire.\n\n### Étape 2 — Lancer\n\nAller.\n",
    ],
)  # fmt: skip
def test_rules_steps_features_and_prose_are_no_roles(text: str) -> None:
    assert names(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            (
                "## Ada\n\n- **Role:** leads\n- **Hours:** all\n\n## Bob\n\n- **Role:** digs\n- **Hours:** few\n\n"
                "## Testing\n\n- **Role:** tests\n- **Hours:** few\n\n## Setup\n\nInstall.\n"
            ),
            ["Ada", "Bob", "Testing"],
        ),
        (
            (
                "## North\n\n### Team lead: Head of Ice\n\n- **Role:** leads\n\n### Ice crew\n\n- **Role:** digs\n\n"
                "## South\n\n### Team lead: Head of Sand\n\n- **Role:** leads\n\n### Sand crew\n\n- **Role:** digs\n"
            ),
            ["Head of Ice", "Ice crew", "Head of Sand", "Sand crew"],
        ),
        (
            "## Tier A\n\n### 1. Ada\n\n- reads\n\n### 2. Bob\n\n- digs\n\n## Tier B\n\n### 3. Cy\n\n- draws\n",
            ["Ada", "Bob", "Cy"],
        ),
    ],
    ids=["keys of those beside it", "titles that tell apart", "numbers that go on"],
)  # fmt: skip
def test_what_stands_beside_roles_in_their_form_is_a_role(text: str, expected: list[str]) -> None:
    assert names(f"# Our agents\n\n{text}") == expected


def test_a_tree_has_its_root_and_tells_people_of_one_name_apart() -> None:
    text = "# Org\n\nHead of lab\n│\n├── Research\n│   ├── Engineer (ice)\n│   └── Engineer (sand)\n└── Tester\n"
    assert names(text) == ["Head of lab", "Engineer (ice)", "Engineer (sand)", "Tester"]
    assert "Engineer (sand) reports to Head of lab" in links(text)


def test_the_number_in_front_of_a_name_is_a_name_too() -> None:
    text = "# Equipo\n\n## Agente 1 - Dev\n\n**Reporta a**: Agente 3\n\n## Agente 2 - QA\n\n**Reporta a**: Agente 3\n\n"
    assert links(f"{text}## Agente 3 - Lead (yo)\n\n**Colabora con**: Agente 1 y 2\n") == {
        "Dev reports to Lead", "QA reports to Lead", "Lead shares with Dev", "Lead shares with QA"
    }  # fmt: skip


def test_a_roster_may_stand_below_a_bullet_that_announces_it() -> None:
    text = "# Lab\n\n## Agent roles\n\n* All are bound by it.\n* A summary of the roles is as follows:\n"
    assert names(f"{text}    - **Ada (Lead):** decides\n    - **Bob (Developer):** digs\n") == ["Ada", "Bob"]


def test_what_may_be_roles_is_said_with_its_line_and_the_remedy() -> None:
    program = parse("# Lab\n\n## Who we have\n\n- Engineer: builds it\n- Analyst: counts\n")
    (finding,) = [finding for finding in lint(program) if finding.code == "ORG044"]
    assert program.position(finding.span.start)[0] == 5
    assert "Engineer, Analyst" in finding.message
    assert "## Roles" in finding.help


def test_a_section_roles_that_names_nobody_is_a_warning_and_one_researcher() -> None:
    program = parse("# Lab\n\n## Roles\n\nEverybody does what is needed.\n")
    assert [(finding.code, finding.severity) for finding in lint(program)] == [("ORG002", "warning")]
    after = SetKey("researcher", "headcount", 2).apply(program)
    assert [(role.id, role.headcount) for role in read(after).org.roles] == [("researcher", 2)]


@pytest.mark.parametrize(
    ("written", "name", "title"),
    [
        ("**Pilot** (keeps the log)", "Pilot", "keeps the log"), ("PL (Pilot in Command)", "PL", "Pilot in Command"),
        ("Digger[^1]", "Digger", ""), ("Digger<br/>digs deep", "Digger", "digs deep"),
        ("Agent-3 : Digger", "Digger", ""),
        ("ROL 2: DIGGER", "DIGGER", ""), ("大掌柜（掌柜）", "大掌柜", "掌柜"), ("2.1 Digger", "Digger", ""),
        ("Digger 🎯", "Digger", ""), ("PM（产品经理） `@pm`", "PM", "产品经理"),
        ("**[Digger](d.md)** : digs", "Digger", ""), ("Head Coach -- [bridges]", "Head Coach", "[bridges]"),
    ],
)  # fmt: skip
def test_markup_brackets_and_footnotes_are_no_part_of_a_name(written: str, name: str, title: str) -> None:
    found = read_name(written, 5)
    assert (found.text, found.title) == (name, title)
    assert written[found.span.start - 5 : found.span.end - 5] == name


def test_names_that_differ_in_brackets_alone_are_two_roles() -> None:
    assert names("## Roles\n### Digger (north)\n### Digger (south)\n") == ["Digger", "Digger (south)"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [("探索员", "探索员"), ("前端 / UIUX", "前端-uiux"), ("리드 에이전트", "리드-에이전트"),
     ("エージェント", "エージェント"),
     ("Späher", "spaher"), ("Chief Scientist", "chief-scientist"), ("Исследователь", "исследователь"), ("❄", "")],
)  # fmt: skip
def test_a_name_of_any_script_has_a_stable_id(name: str, expected: str) -> None:
    assert slug(name) == expected
    assert slug(slug(name)) == slug(name)


def test_roles_of_any_script_are_linked_and_edited() -> None:
    text = "## Roles\n### 组长\n### 探索员\n- 汇报对象：组长\n- 人数：2\n## Links\n- 组长 → 探索员: delegates to\n"
    assert links(text) == {"探索员 reports to 组长", "组长 delegates to 探索员"}
    assert org(text).roles[1].headcount == 2
    after = SetKey("探索员", "headcount", 4).apply(parse(text))
    assert after.text == text.replace("2", "4")


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        ("Reports to: Lead (for the code)", {"Tester reports to Lead"}),
        ("Reports to: Lead. He decides.", {"Tester reports to Lead"}),
        ("Reports to: Lead; Coder", {"Tester reports to Lead", "Tester reports to Coder"}),
        ("Reports to: the user", set()),
        ("Reviews: everyone", {"Tester reviews Lead", "Tester reviews Coder"}),
        ("Berichtet an: Lead", {"Tester reports to Lead"}),
        ("Rend compte à : Lead", {"Tester reports to Lead"}),
        ("- **上级**：Lead", {"Tester reports to Lead"}),
    ],
)  # fmt: skip
def test_fields_name_others_as_people_write_them(field: str, expected: set[str]) -> None:
    assert links(f"## Roles\n### Lead\n### Coder\n### Tester\n{field}\n") == expected


def test_links_stand_in_nested_lists_sentences_charts_and_paired_tables() -> None:
    assert links("# Team\n\n- Lead\n  - Digger\n  - Scout\n") == {"Digger reports to Lead", "Scout reports to Lead"}
    team = "## Roles\n### Lead\n### Digger\n"
    assert links(f"{team}## Communication\nCode review: Lead reviews all changes.\n") == {"Lead reviews Digger"}
    chart = "# Org chart\n\n```mermaid\ngraph TD\n  L[Lead] --> D[Digger] & S[Scout]\n  D -.-> S\n```\n"
    assert links(chart) == {"Digger reports to Lead", "Scout reports to Lead", "Digger shares with Scout"}
    queue = "# Team\n\n```mermaid\ngraph TD\n  A[Planner] --> B[Developer]\n  B --> C[Tester]\n```\n"
    assert names(queue) == ["Planner", "Developer", "Tester"]
    assert links(queue) == {"Planner delegates to Developer", "Developer delegates to Tester"}  # nobody leads
    table = "# Team\n\n## Lead\n\nDecides.\n\n## Digger\n\n| Field | Value |\n|---|---|\n| **Reports to** | Lead |\n"
    assert links(table) == {"Digger reports to Lead"}


def test_who_stands_below_whom_in_a_list_reports_to_them() -> None:
    bare = "## Team\n\n- Lead\n  - Digger\n    - Helper\n- Scout\n"
    told = "## Team\n\n- **Lead** — runs it\n  - **Digger** — digs\n  - Carrier: carries\n- **Scout** — looks\n"
    assert links(bare) == {"Digger reports to Lead", "Helper reports to Digger"}
    assert links(told) == {"Digger reports to Lead", "Carrier reports to Lead"}
    assert names(bare) == ["Lead", "Digger", "Helper", "Scout"]
    assert links("# Rôles\n\n- Project manager\n  - Tester (two)\n- Product manager\n") == {
        "Tester reports to Project manager"
    }


def test_people_below_a_role_never_vanish_in_silence() -> None:
    text = "## Team\n\n- **Lead** — runs it\n  - Tester\n  - plans weekly, and says what for\n- **Scout** — looks\n"
    assert names(text) == ["Lead", "Scout"]
    said = [f for f in lint(parse(text)) if f.code == "ORG044"]
    assert [(f.severity, "Tester" in f.message) for f in said] == [("info", True)]
    teams = "## Team\n\n- **Sales**: Writer, Analyst\n- **Build**: Developer, Tester, Designer\n"
    assert not names(teams)
    assert ["Analyst" in f.message for f in lint(parse(teams)) if f.code == "ORG044"] == [True]


@pytest.mark.parametrize(
    ("chart", "expected"),
    [
        (
            "  l[Lead] --> box\n  subgraph box\n    t[Tester]\n    w[Writer] --> e[Editor]\n  end",
            {"Tester reports to Lead", "Writer reports to Lead", "Editor reports to Writer"},
        ),
        ("  l[Lead] --> p[Planner]\n  l --> t[Tester]\n  a[Writer] --> b[Editor] --> c[Critic]", {
            "Planner reports to Lead", "Tester reports to Lead",
            "Writer delegates to Editor", "Editor delegates to Critic",
        }),
        ("  l[Lead] --- t[Tester]\n  l --- w[Writer]", {"Tester reports to Lead", "Writer reports to Lead"}),
    ],
    ids=["boxes", "a line beside a tree", "lines without tips"],
)  # fmt: skip
def test_what_arrows_of_charts_say(chart: str, expected: set[str]) -> None:
    assert links(f"# Org chart\n\n```mermaid\ngraph TD\n{chart}\n```\n") == expected


@pytest.mark.parametrize("title", ["For agents", "Use the agents for:", "Pour les agents"])
def test_a_heading_that_says_to_whom_or_what_for_is_none_of_a_team(title: str) -> None:
    assert not names(f"# Guide\n\n## {title}\n\n- **Evidence** — show it\n- **Doubts** — say them\n")


def test_an_own_chart_is_read_back() -> None:
    text = (Path(__file__).parents[1] / "orgs" / "three-levels.md").read_text()
    before = read(parse(text)).org
    after = org(f"```mermaid\n{mermaid(before)}```\n")
    assert {(role.name, role.headcount) for role in after.roles} == {(r.name, r.headcount) for r in before.roles}
    kinds = {(before.name(link.source), link.kind, before.name(link.target)) for link in before.links}
    assert {(after.name(link.source), link.kind, after.name(link.target)) for link in after.links} == kinds


CHART = "flowchart TB\n    lead[Team Lead]\n    coder[Coder]\n\n    coder -->|reports to| lead\n"


@pytest.mark.parametrize("before", ["", "\ufeff", "%% who leads whom\n\n", "---\ntitle: Us\n---\n"])
def test_a_chart_may_be_a_whole_file(before: str) -> None:
    assert names(before + CHART) == ["Team Lead", "Coder"]
    assert links(before + CHART) == {"Coder reports to Team Lead"}
    more = SetKey("coder", "headcount", 3).apply(parse(before + CHART))
    assert more.text == before + CHART.replace("[Coder]", "[Coder ×3]")


@pytest.mark.parametrize(
    "text",
    [
        "graph TD\n  a[Start] --> b{ok?}\n  b --> c[Deploy]\n",
        f"# Notes\n\n{CHART}",
        "graph theory for teams\n\n- Lead\n",
    ],
)
def test_not_all_that_begins_like_a_chart_is_one_of_a_team(text: str) -> None:
    assert not names(text)


def test_an_own_chart_is_read_back_without_links_and_with_any_names() -> None:
    before = org("## Roles\n### Regel\n### Experiment Ledger\n- **Headcount:** 2\n### Graph Builder\n")
    after = org(mermaid(before))
    assert [(role.name, role.headcount) for role in after.roles] == [(r.name, r.headcount) for r in before.roles]


def test_what_a_field_says_is_not_said_again_from_the_other_end() -> None:
    told = "# Team\n\n## Lead\n\n- **Delegates to:** Coder\n\n## Coder\n\n- **Headcount:** 1\n\nDirected by the Lead.\n"
    assert links(told) == {"Lead delegates to Coder"}
    assert links(told.replace("- **Delegates to:** Coder", "- **Headcount:** 1")) == {"Coder reports to Lead"}


def test_numbered_units_of_several_are_no_roles() -> None:
    text = (
        "# Agents\n\n## Roles\n\n### Lead\n\n### Coder\n\n# Hierarchy\n\n"
        "## Tier 2: Execution Agents (12)\n\nWhat they do.\n\n## Tier 3: Special Agents (3)\n\nWhat they do.\n"
    )
    assert names(text) == ["Lead", "Coder"]
    assert names("# Team\n\n## Tester (2)\n\nTests.\n\n## Coder (3)\n\nCodes.\n") == ["Tester", "Coder"]


def test_a_chart_is_edited_where_it_is_drawn() -> None:
    text = ROSTERS["a chart"].replace("a[Ada] --> b[Bob]", "a[Ada] --> b[Bob] & c[Zoe]")
    line = "  a[Ada] --> b[Bob] & c[Zoe]\n"
    program = parse(text)
    link = next(link for link in read(program).org.links if link.source == "bob")
    without = text.replace(line, "  a[Ada]\n  b[Bob]\n  c[Zoe]\n  a --> c\n")
    assert RemoveLink(link).apply(program).text == without
    assert RemoveRole("bob").apply(program).text == text.replace(line, "  a[Ada]\n  c[Zoe]\n  a --> c\n")
    assert AddLink(link).apply(parse(without)).text == without.replace("  a --> c\n", "  a --> c\n  a --> b\n")
    with pytest.raises(DocumentError, match="others would no longer be read as roles"):
        RemoveLink(read(parse(ROSTERS["a chart"])).org.links[0]).apply(parse(ROSTERS["a chart"]))
    with pytest.raises(DocumentError, match="drawn"):
        RemoveRole("bob").apply(parse(ROSTERS["a tree"]))


@pytest.mark.parametrize(
    ("line", "headcount", "risk", "agent"),
    [
        ("Headcount: 2–4", 3, None, "hill-climb"), ("Headcount: one", 1, None, "hill-climb"),
        ("Headcount: few", 3, None, "hill-climb"), ("Risk: low", 1, 0.2, "hill-climb"),
        ("Risk: high", 1, 0.8, "hill-climb"),
        ("Agent: claude", 1, None, "llm"), ("- **Agent:** claude", 1, None, "llm"), ("model: opus", 1, None, "llm"),
        ("Headcount: as needed", 1, None, "hill-climb"),
    ],
)  # fmt: skip
def test_values_are_read_where_a_person_would(line: str, headcount: int, risk: float | None, agent: str) -> None:
    program = parse(f"## Roles\n### Lead\n{line}\n")
    (role,) = read(program).org.roles
    assert (role.headcount, role.risk, role.agent) == (headcount, risk, agent)
    assert not [finding for finding in lint(program) if finding.severity == "error"]


def test_a_cell_that_is_no_value_refuses_no_document() -> None:
    text = "## Team\n\n| Role | Agents | Goal |\n|---|---|---|\n| Lead | Ann, Bob | decide |\n| Coder | Carl | code |\n"
    assert [(role.name, role.headcount) for role in org(text).roles] == [("Lead", 1), ("Coder", 1)]
    assert {finding.severity for finding in lint(parse(text))} == {"info"}


CREW = """\
# the crew
researcher:
  role: >
    Senior Researcher
  goal: >
    Find what is new.
  backstory: "You know it all."
  llm: openai/gpt-5-mini

writer:
  role: Writer
  goal: Write it down.
"""


def test_the_agents_of_a_crew_are_read_and_edited(tmp_path: Path) -> None:
    path = tmp_path / "agents.yaml"
    path.write_text(CREW)
    program = load(path)
    found = read(program).org
    assert [(role.name, role.agent, role.model) for role in found.roles] == [
        ("researcher", "llm", "openai/gpt-5-mini"), ("writer", "llm", ""),
    ]  # fmt: skip
    assert "Find what is new." in found.roles[0].charter
    edit = SetKey("writer", "headcount", 2)
    after = edit.apply(program)
    assert after.text == CREW.replace("writer:\n", "writer:\n  headcount: 2\n")
    assert edit.inverse(program).apply(after).text == CREW
    zoe = AddRole("### Zoe\n\nLook: twice.\n").apply(program)
    assert zoe.text == f'{CREW}\nzoe:\n  role: Zoe\n  goal: "Look: twice."\n'
    with pytest.raises(DocumentError, match=r"orgopt fmt .*agents\.yaml --out team\.md"):
        SetKey(None, "stand-up", Standup(every=60, unit="s")).apply(program)


def test_role_files_are_found_from_the_root_of_the_repository(tmp_path: Path) -> None:
    folder = tmp_path / ".squad"
    (folder / "agents").mkdir(parents=True)
    (folder / "agents" / "ada.md").write_text("You lead.\n")
    (folder / "team.md").write_text(
        "# Team\n\n| Name | Role | Charter |\n|---|---|---|\n| Ada | Lead | `.squad/agents/ada.md` |\n"
        "| Bob | Digger | `../out.md` |\n"
    )
    (tmp_path / "out.md").write_text("Secret.\n")
    program = load(folder / "team.md")
    assert [(role.name, role.charter) for role in read(program).org.roles] == [
        ("Ada", "Lead\n\nYou lead."),
        ("Bob", "Digger"),
    ]
    assert [f.message for f in lint(program) if f.code == "ORG029"] == [
        "'../out.md' is outside the document's folder, and not read"
    ]
    assert program.place(program.text.index("You lead"))[0] == str(folder / "agents" / "ada.md")


def test_titles_and_chapters_of_role_files(tmp_path: Path) -> None:
    for file, text in {
        "ada.md": "# Charter\n\nLeads.\n",
        "bob.md": "# Tester Charter\n\n## Basics\n\n- Reports to: Ada\n\n## Work\n\nTests.\n",
        "eve.md": "# This is what each of us who writes here should know\n\nWrites.\n",
    }.items():
        (tmp_path / file).write_text(text)
    found = read(load(tmp_path)).org
    assert [role.name for role in found.roles] == ["Ada", "Tester", "Eve"]
    assert [(link.source, link.target, link.kind) for link in found.links] == [("tester", "ada", "reports to")]


def test_front_matter_counts_and_a_text_about_all_is_no_role(tmp_path: Path) -> None:
    for name, model in (("coder", "haiku"), ("planner", "opus")):
        (tmp_path / f"{name}.md").write_text(f"---\nname: {name}\nmodel: {model}\n---\n\n# It\n\n**Model**: Big 4.5\n")
    (tmp_path / "workflow.md").write_text("# Agent team workflow\n\nFirst this, then that.\n")
    program = load(tmp_path)
    assert [(role.name, role.model) for role in read(program).org.roles] == [("coder", "haiku"), ("planner", "opus")]
    assert not [finding for finding in lint(program) if finding.severity == "error"]


def test_files_beside_an_agents_md_say_who_its_agent_is(tmp_path: Path) -> None:
    (tmp_path / "AGENTS.md").write_text("# Workspace\n\nDo what is asked.\n")
    (tmp_path / "SOUL.md").write_text("You are kind.\n")
    (tmp_path / "IDENTITY.md").write_text("# Who\n\n- **Name:** Ada\n")
    (tmp_path / "MEMORY.md").write_text("LR above 1 diverges.\n")
    (tmp_path / "HEARTBEAT.md").write_text("- **Stand-up:** every 9 experiments\n- Widen the search.\n")
    program = load(tmp_path / "AGENTS.md")
    (role,) = read(program).org.roles
    assert (role.name, role.agent, role.memory) == ("Ada", "llm", "lasting")
    assert role.charter.startswith("Do what is asked.")
    assert "Widen the search." in role.charter
    assert read(program).org.standup == Standup(every=9.0, unit="experiments", attendees=(), share=None)
    assert "You are kind." in role.persona
    assert role.remembers == "LR above 1 diverges."
    # An edit writes the role out, and what the files say of it stays.
    after = SetKey("ada", "risk tolerance", 0.5).apply(program)
    (edited,) = read(after).org.roles
    assert edited == replace(role, risk=0.5, charter="")
    assert read(after).org.mission.replace("\n", "") == role.charter.replace("\n", "")
    for key, value in (("persona", ""), ("remembers", ""), ("remembers", "Dropout helps.")):
        (other,) = read(SetKey("ada", key, value or None).apply(program)).org.roles
        assert other == replace(role, charter="", **{key: value})


def test_sections_that_are_almost_parts_are_said_only_where_they_hold_what_the_part_does() -> None:
    rules = "## Roles\n### Lead\n- **Headcount:** 1\n\n## Rules\n\n- Test it.\n"
    assert not [finding for finding in lint(parse(rules)) if finding.code == "ORG009"]
    linkz = rules.replace("## Rules\n\n- Test it.", "## Linkz\n\n- Lead → Lead: shares with")
    assert [finding.code for finding in lint(parse(linkz))] == ["ORG009"]


def test_every_language_has_words_for_a_team_and_for_what_is_none() -> None:
    assert set(languages()) >= {"en", "de", "fr", "es", "pt", "zh", "ja", "ko"}
    for code, language in languages().items():
        assert set(language) <= set(KINDS), code
        assert {"team", "never", "person", "name", "role", "duty", "reports"} <= set(language), code
    assert is_word("team", "Équipe")
    assert all(word == normal(word) for kind in ("team", "never", "person") for word in words(kind))
