"""Who hands work to whom, as documents say it in arrows and in sentences beside their rosters."""

from pathlib import Path

import pytest

from orgopt.document import load, parse, read
from orgopt.document.reading.reading import Reading

ROSTER = """# Our agent team

| Agent | Role | Description |
|---|---|---|
| Planner | planning | cuts the work |
| Coder | coding | writes it |
| Tester | tests | tries it |
| Lead | leading | decides |

## How we work

"""


def links(text: str) -> set[tuple[str, str, str]]:
    return said(read(parse(text)))


def said(reading: Reading) -> set[tuple[str, str, str]]:
    return {(link.source, link.kind, link.target) for link in reading.org.links}


def over(*pairs: str) -> set[tuple[str, str, str]]:
    return {(source, "delegates to", target) for source, target in (pair.split() for pair in pairs)}


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        ("Planner → Coder → Tester\n", ["planner coder", "coder tester"]),
        (
            "- **Flow:** `Planner` -> `Coder` (all of it) --> Tester: when it is ready\n",
            ["planner coder", "coder tester"],
        ),
        (
            "```\nhuman → Planner → Coder + Tester → Lead\n```\n",
            ["planner coder", "planner tester", "coder lead", "tester lead"],
        ),
        ("| Case | Way |\n|---|---|\n| bug | Tester → Coder |\n", ["tester coder"]),
        (
            "```\nPlanner      → writes a plan\n  ↓\nCoder\n  │\n  ▼\nTester (on demand)\n```\n",
            ["planner coder", "coder tester"],
        ),
        ("```\nPlanner\n  ↓ approved\nBuild\n  ↓\nTester\n```\n", []),
        (
            (
                "```\n┌───────────┐\n│ 1. Planner │\n│ Task: cut  │\n└───────────┘\n"
                "     ↓\n┌───────────┐\n│ 2. Coder   │\n└───────────┘\n```\n"
            ),
            ["planner coder"],
        ),
        (
            "```\nLead ──(plan)──► Planner\n  ├──► Coder (code)\n  └──► Tester (tests)\n```\n",
            ["lead planner", "lead coder", "lead tester"],
        ),
        (
            "```\nissue → Planner → Coder (defect)\n                → Tester (doubt)\n```\n",
            ["planner coder", "planner tester"],
        ),
        ("```\nThroughout:\n  → Planner: plans\n  → Coder: codes\n  → Tester: tests\n```\n", []),
        ('```yaml\nfrom_agent: "Planner, Coder"\nto_agent: "Tester"\n```\n', ["planner tester", "coder tester"]),
        ("Planner ← Coder\n", []),
        ("Input → Planner, and Output → Shelf\n", []),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_arrows_between_roles_hand_work_over(text: str, pairs: list[str]) -> None:
    assert links(ROSTER + text) == over(*pairs)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The **Planner** hands the plan to the Coder and the Tester.", over("planner coder", "planner tester")),
        ("The Coder reports to the Lead.", {("coder", "reports to", "lead")}),
        ("Tester reviews Coder's work.", {("tester", "reviews", "coder")}),
        ("Der Coder übergibt das Ergebnis an den Tester.", over("coder tester")),
        ("Le Planner transmet le plan au Coder.", over("planner coder")),
        ("El Coder entrega el código al Tester.", over("coder tester")),
        ("O Planner encaminha o plano para o Coder.", over("planner coder")),
        ("Planner 完成后交给 Coder。", over("planner coder")),
        ("Planner は計画を Coder に引き継ぐ。", over("planner coder")),
        ("Coder는 결과를 Tester에게 전달한다.", over("coder tester")),
        ("Planner передаёт план Coder.", over("planner coder")),
        ("The Planner talks. The Coder writes to the Tester.", over()),
        ("Every Planner-style tool, unlike Coder.", over()),
    ],
)
def test_sentences_say_who_is_linked_to_whom(text: str, expected: set[tuple[str, str, str]]) -> None:
    assert links(f"{ROSTER}- {text}\n") == expected


def test_an_arrow_counts_where_nothing_else_is_said_of_two() -> None:
    table = ROSTER.replace("| Description |", "| Reports to |").replace("| cuts the work |", "| Lead |")
    assert ("planner", "reports to", "lead") in links(table + "Lead → Planner → Coder\n")
    assert ("lead", "delegates to", "planner") not in links(table + "Lead → Planner → Coder\n")
    assert ("planner", "delegates to", "coder") in links(table + "Lead → Planner → Coder\n")


def test_what_roles_are_told_links_nobody() -> None:
    text = (
        "## Roles\n\n### Lead\n\nAsk like this: Lead → Coder.\nThe Coder reports to the Lead.\n\n### Coder\n\nCode.\n"
    )
    assert links(text) == set()


def test_a_line_alone_says_it_of_the_role_above() -> None:
    lead = "## Lead Agent\n\n- **Role:** leads\n- Escalates to everybody who asks\n"
    text = f"# Agents\n\n## Coder Agent\n\n- **Role:** codes\n- Reports to the Lead Agent\n\n{lead}"
    assert links(text) == {("coder-agent", "reports to", "lead-agent")}


def test_words_on_when_are_no_part_of_a_name() -> None:
    lead = "## Lead Agent\n\n- **Role:** leads\n"
    text = f"# Agents\n\n## Coder Agent\n\n- **Role:** codes\n- **Escalates to:** Lead when it hurts\n\n{lead}"
    assert links(text) == over("coder-agent lead-agent")


def test_a_crew_says_whose_results_a_task_needs(tmp_path: Path) -> None:
    agent = "{0}:\n  role: {0}\n  goal: works\n"
    (tmp_path / "agents.yaml").write_text(agent.format("scout") + agent.format("writer"))
    task = "{0}_task:\n  description: {0}\n  agent: {0}\n"
    (tmp_path / "tasks.yaml").write_text(
        task.format("scout") + task.format("writer") + "  context:\n    - scout_task\n"
    )
    assert said(read(load(tmp_path))) == {("scout", "shares with", "writer")}


def test_a_tree_of_those_whom_a_table_names_says_who_leads() -> None:
    branches = " │\n ├──► Planner (plans)\n │      Input: a wish\n └──► Coder   (codes)\n"
    tree = f"```\nLEAD   ← asked by the user\n{branches}```\n"
    assert links(ROSTER + tree) == {("planner", "reports to", "lead"), ("coder", "reports to", "lead")}


@pytest.mark.parametrize(
    ("text", "pairs"),
    [
        (
            (
                "```mermaid\nflowchart TD\n  U[User] --> P[Planner]\n  P -->|a plan| C[Coder]\n  C --> Q{Good?}\n"
                "  Q -->|no| C\n  Q -->|yes| T[Tester]\n  T -.->|vetoes| L[Lead]\n```\n"
            ),
            ["planner coder", "coder tester"],
        ),
        (
            (
                "```mermaid\nsequenceDiagram\n  participant P as Planner\n  participant C as Coder\n  P->>C: plan\n"
                "  C-->>P: done\n  C->>Tester: try it\n```\n"
            ),
            ["planner coder", "coder tester"],
        ),
        ("**Planner** → delegates to:\n\n- Coder (all)\n- **Tester** (last)\n", ["planner coder", "planner tester"]),
        ("```\nLead\n  ↓\nHanded to:\n  ├── Coder (writes)\n  └── Tester\n```\n", ["lead coder", "lead tester"]),
        (
            "```\nLead receives it\n │\n ├── a plan? → Planner\n └──► Coder writes all of it\n```\n",
            ["lead planner", "lead coder"],
        ),
    ],
    ids=["steps in a chart", "messages", "a line above a list", "branches below words", "conditions"],
)  # fmt: skip
def test_what_is_drawn_and_listed_beside_a_roster(text: str, pairs: list[str]) -> None:
    assert over(*pairs) <= links(ROSTER + text)
    assert not {link for link in links(ROSTER + text) if link[0] == link[2]}


OWN = """# Agent team

## Planner

**Role:** plans

{planner}

## Coder

**Role:** codes

{coder}

## Tester

**Role:** tests
"""


@pytest.mark.parametrize(
    ("planner", "coder", "expected"),
    [
        ("- Hands the plan to the Coder.", "", over("planner coder")),
        ("- Delegating small things to Coder and Tester", "", over("planner coder", "planner tester")),
        ("", "**Invoked by**: Planner", over("planner coder")),
        ("", "Writes code, directed by the Planner.", {("coder", "reports to", "planner")}),
        ("", "**Pairs with:** Tester (at night)", {("coder", "shares with", "tester")}),
        ("- **Handoffs:** Coder, Tester", "", over("planner coder", "planner tester")),
        ("", "- The Planner hands its plan to Tester.", over()),  # of somebody else
        ("", "- Never escalates to the Planner", over()),
        ("- Sends results to coder tools", "", over()),
        ("```\nHands the plan to the Coder\n```", "", over()),
        ("- **Handoffs:** notes go into a file which the next one of us reads before anything else", "", over()),
    ],
)
def test_what_the_text_of_a_role_says_of_it(planner: str, coder: str, expected: set[tuple[str, str, str]]) -> None:
    assert links(OWN.format(planner=planner, coder=coder)) == expected


def test_columns_say_who_leads_and_who_gets_the_work() -> None:
    table = (
        "# Agents\n\n| Agent | Role | Parent | Handoffs |\n|---|---|---|---|\n"
        "| Lead | leads | none | Coder, Lead (again) |\n"
        "| Coder | codes | Lead | Review |\n| Review | reads | Lead | – |\n"
    )
    assert links(table) == over("lead coder", "coder review") | {
        ("coder", "reports to", "lead"), ("review", "reports to", "lead"),
    }  # fmt: skip
    assert read(parse("# Topics\n\n| Topic | Parent |\n|---|---|\n| Trees | Graphs |\n| Paths | Graphs |\n")).plain


def test_those_in_a_list_report_to_whom_the_line_above_it_names() -> None:
    text = (
        "# Agents\n\n1. **Trade Strategist**\n2. **Risk Officer**\n\n## Agents that execute\n\n"
        "**Under Trade Strategist:**\n- Market Maker\n- Arbitrage Hunter\n\n"
        "**Under Risk Officer:**\n- Book Auditor\n- Scanner\n"
    )
    reading = read(parse(text))
    assert [role.id for role in reading.org.roles if role.id.startswith("under")] == []
    assert {(source, target) for source, kind, target in said(reading) if kind == "reports to"} == {
        ("market-maker", "trade-strategist"), ("arbitrage-hunter", "trade-strategist"),
        ("book-auditor", "risk-officer"), ("scanner", "risk-officer"),
    }  # fmt: skip
