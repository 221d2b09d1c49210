"""The rules of `orgopt lint`: what each code means, why it matters, and a document that has it beside one that has not.

The page of rules in the documentation and `orgopt explain` are made of these; the tests lint every example.
"""

from dataclasses import dataclass

from orgopt.document.findings import Severity

TEAM = "## Roles\n### Lead\n- **Headcount:** 1\n### Explorer\n- **Headcount:** 2\n"
REPORTS = f"{TEAM}## Links\n- Explorer → Lead: reports to\n"
HERMIT = REPORTS.replace("## Links", "### Hermit\n- **Headcount:** 1\n## Links")


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule of lint.

    Attributes:
        code, name: As findings and documentation have them.
        severity: An error forbids running the document; an info says what was inferred.
        summary: What is found.
        why: What goes wrong, or what is done instead.
        bad, good: Documents with and without the finding; empty where a file is needed to show it.
    """

    code: str
    name: str
    severity: Severity
    summary: str
    why: str
    bad: str = ""
    good: str = ""


def _role(line: str) -> str:
    return f"## Roles\n### Lead\n- **Headcount:** 1\n{line}"


RULES: dict[str, Rule] = {
    rule.code: rule
    for rule in (
        Rule(
            "ORG000",
            "unreadable",
            "error",
            "The file cannot be read.",
            "It is not there, larger than 256 KiB, or not UTF-8.",
        ),
        Rule(
            "ORG001",
            "no-roles",
            "info",
            "The document has no roles and is read as one Researcher.",
            "A plain instruction file is an organization of one, whose charter is the file.",
            "# Lab\n\nTry something, keep what is better.\n",
            REPORTS,
        ),
        Rule(
            "ORG002",
            "empty-roles",
            "warning",
            "The section Roles names nobody.",
            "The document is read as one Researcher. Roles are subsections, bullets or rows of a table.",
            "## Roles\n\nTo be decided.\n",
            _role(""),
        ),
        Rule(
            "ORG003",
            "duplicate-role",
            "error",
            "Two roles have the same id.",
            "Links could not tell them apart. Only letters and digits count, Latin ones without accents: "
            "`Späher` is `spaher`.",
            f"{TEAM}### lead\n",
            TEAM,
        ),
        Rule(
            "ORG004",
            "nameless-role",
            "error",
            "A role's name has no letter or digit.",
            "Ids, agents and metrics are named after it. Those of any script will do.",
            f"{TEAM}### ❄\n- **Headcount:** 1\n",
            f"{TEAM}### ❄ Frost\n- **Headcount:** 1\n",
        ),
        Rule(
            "ORG005",
            "unknown-key",
            "warning",
            "A bold key is not one of the format's.",
            "It has no effect and is read as part of the charter. Near misses are warnings; below a section "
            "Roles, others are infos.",
            _role("- **Risk tolerence:** 0.2\n"),
            _role("- **Risk tolerance:** 0.2\n"),
        ),
        Rule(
            "ORG006",
            "repeated-key",
            "warning",
            "A key is given twice; the last counts.",
            "The first is dead text that readers may believe.",
            _role("- **Agent:** tpe\n- **Agent:** random\n"),
            _role("- **Agent:** random\n"),
        ),
        Rule(
            "ORG007",
            "no-effect",
            "warning",
            "A key does nothing for the agent of its role.",
            "Persona and Memory are for agents that think in words. Policies read neither, commands no memory.",
            _role("- **Memory:** lasting\n"),
            _role(""),
        ),
        Rule(
            "ORG008",
            "repeated-section",
            "warning",
            "A second section of the same name is not read.",
            "What stands in it has no effect.",
            f"{REPORTS}## Links\n- Lead → Explorer: shares with\n",
            f"{REPORTS}- Lead → Explorer: shares with\n",
        ),
        Rule(
            "ORG009",
            "misspelt-section",
            "warning",
            "A section's name is almost Roles, Links or Rhythm, and so is what it holds.",
            "It is read as part of the mission.",
            f"{TEAM}## Linkz\n- Explorer → Lead: reports to\n",
            REPORTS,
        ),
        Rule(
            "ORG010",
            "bad-headcount",
            "error",
            "A headcount is not a whole number from 0 to 64.",
            "It says how many agents to start.",
            "## Roles\n### Lead\n- **Headcount:** many\n",
            "## Roles\n### Lead\n- **Headcount:** 3\n",
        ),
        Rule(
            "ORG011",
            "unknown-agent",
            "error",
            "No agent has this name.",
            "The agent decides who proposes experiments.",
            _role("- **Agent:** hillclimb\n"),
            _role("- **Agent:** hill-climb\n"),
        ),
        Rule(
            "ORG012",
            "bad-risk",
            "error",
            "A risk tolerance is not a number from 0 to 1.",
            "It is a share: of how far proposals go, and how often.",
            _role("- **Risk tolerance:** huge\n"),
            _role("- **Risk tolerance:** 0.8\n"),
        ),
        Rule(
            "ORG013",
            "bad-stand-up",
            "error",
            "A stand-up is not understood, or a role that attends it is unknown.",
            "Write an interval, who attends and what is shared.",
            f"{TEAM}## Rhythm\n- **Stand-up:** when needed\n",
            f"{TEAM}## Rhythm\n- **Stand-up:** every 20 min, everyone, best 3\n",
        ),
        Rule(
            "ORG014",
            "reporting-cycle",
            "error",
            "Reporting lines go round.",
            "Nobody at the top would submit the team's result.",
            f"{REPORTS}- Lead → Explorer: reports to\n",
            REPORTS,
        ),
        Rule(
            "ORG015",
            "unknown-role",
            "error",
            "A link names a role that is not there.",
            "Its results would go nowhere.",
            f"{TEAM}## Links\n- Explorer → Leed: reports to\n",
            REPORTS,
        ),
        Rule(
            "ORG016",
            "bad-link",
            "error",
            "A bullet of the section Links is not a link, or its pattern is unknown.",
            "Links are `A → B: reports to`, `A ↔ B: shares with (ring)`, and so on.",
            f"{TEAM}## Links\n- Explorer helps Lead\n",
            REPORTS,
        ),
        Rule(
            "ORG017",
            "not-a-field",
            "warning",
            "A line or a cell looks like a field and has no value of its key.",
            "It has no effect. Canonical fields are `- **Key:** value`.",
            _role("- **Agent** tpe\n"),
            _role("- **Agent:** tpe\n"),
        ),
        Rule(
            "ORG018",
            "agent-without-model",
            "warning",
            "Roles ask a language model and name none.",
            "The workspace's is used (ORGOPT_MODEL, or `[models]` in orgopt.toml); without one, a run is refused.",
            _role("- **Agent:** llm\n"),
            _role("- **Agent:** llm\n- **Model:** openai/gpt-5-mini\n"),
        ),
        Rule(
            "ORG019",
            "repeated-link",
            "warning",
            "A link is given twice.",
            "The second adds nothing.",
            f"{REPORTS}- Explorer → Lead: reports to\n",
            REPORTS,
        ),
        Rule(
            "ORG020",
            "no-agents",
            "error",
            "The organization has no agents.",
            "Every headcount is 0, so nothing would happen.",
            "## Roles\n### Lead\n- **Headcount:** 0\n",
            "## Roles\n### Lead\n- **Headcount:** 1\n",
        ),
        Rule(
            "ORG021",
            "name-inferred",
            "info",
            "A section or a role is read under another name than its heading.",
            "Numbers, emoji, titles, brackets and counts are not part of a name, and Team or Agents may stand "
            "for Roles.",
            "## Team\n### 1. Lead — the boss\n- **Headcount:** 1\n",
            _role(""),
        ),
        Rule(
            "ORG022",
            "unheard-role",
            "warning",
            "Nobody hears a role.",
            "It spends slots on results that reach nobody who submits.",
            HERMIT,
            f"{HERMIT}- Hermit → Lead: shares with\n",
        ),
        Rule(
            "ORG023",
            "bad-value",
            "error",
            "The value of a key is not one that it may have.",
            "The help line says which it may.",
            _role("- **Copy rule:** worst\n"),
            _role("- **Copy rule:** best\n"),
        ),
        Rule(
            "ORG024",
            "unknown-name",
            "warning",
            "A role's field names somebody who is no role, though one is called nearly so.",
            "`Reports to: Leed` is left out when there is no such role; names that are like none of the roles' "
            "get an info.",
            f"{TEAM}- **Reports to:** Leed\n",
            _role("- **Reports to:** nobody\n"),
        ),
        Rule(
            "ORG025",
            "value-inferred",
            "info",
            "A value was not written and a default, or a word, stands for it.",
            "A role without a headcount has one agent; who has a model or tools is an `llm`; `low` risk is 0.2; "
            "of a range the "
            "middle counts.",
            "## Roles\n### Lead\n",
            _role(""),
        ),
        Rule(
            "ORG026",
            "odd-front-matter",
            "warning",
            "Front matter is given twice, has no end, or has a line that is not `key: value`.",
            "Front matter is read line by line, and nothing in it is expanded. What is not understood is left alone.",
            f"---\nname: lab\nwhat is this\n---\n{TEAM}",
            f"---\nname: lab\n---\n{TEAM}",
        ),
        Rule(
            "ORG027",
            "hidden-character",
            "warning",
            "A name has characters that are not seen.",
            "Zero-width and bidirectional characters make two names look alike, or one read backwards.",
            "## Roles\n### Lea\u200bd\n- **Headcount:** 1\n",
            _role(""),
        ),
        Rule(
            "ORG028",
            "confusable-name",
            "warning",
            "A name mixes letters of different scripts, or looks like another, as `Exp1orer` and `Explorer` do.",
            "`Lеad` with a Cyrillic е is not `Lead`, and nobody can see it. Links that name one miss the other.",
            "## Roles\n### Lеad\n- **Headcount:** 1\n",
            _role(""),
        ),
        Rule(
            "ORG029",
            "unread-reference",
            "warning",
            "A roster links to a file that is not there, or lies outside the folder.",
            "A document is data from anyone, so its references stay inside its folder, symbolic links included.",
        ),
        Rule(
            "ORG030",
            "reviewer-of-nothing",
            "warning",
            "Roles are named for reviewing and review nobody.",
            "Their agents work like all others. Add `Reviewer → Explorer: reviews`, or a reviewed role has no agents.",
            "## Roles\n### Reviewer\n- **Headcount:** 1\n### Explorer\n- **Headcount:** 2\n",
            "## Roles\n### Reviewer\n- **Headcount:** 1\n### Explorer\n- **Headcount:** 2\n"
            "## Links\n- Reviewer → Explorer: reviews\n- Explorer → Reviewer: reports to\n",
        ),
        Rule(
            "ORG031",
            "manager-without-reports",
            "warning",
            "A role is named for leading, and nobody reports to it, nor does it report to anybody.",
            "It hears nothing, so what it decides is a guess.",
            f"{TEAM}### Analyst\n- **Headcount:** 1\n## Links\n"
            "- Explorer → Analyst: reports to\n- Lead → Analyst: shares with\n",
            REPORTS,
        ),
        Rule(
            "ORG032",
            "idle-agents",
            "warning",
            "More agents than the slots can feed (with --task).",
            "Slots are full from about slots × (1 + thinking / running) agents on; others wait and act on old news.",
            "## Roles\n### Explorer\n- **Headcount:** 40\n",
            "## Roles\n### Explorer\n- **Headcount:** 3\n",
        ),
        Rule(
            "ORG033",
            "costly-stand-up",
            "warning",
            "A stand-up costs more than it shares (with --task).",
            "Between two stand-ups there must be time for experiments to tell about.",
            f"{TEAM}## Rhythm\n- **Stand-up:** every 1 s, everyone, all\n",
            f"{TEAM}## Rhythm\n- **Stand-up:** every 8 experiments, everyone, all\n",
        ),
        Rule(
            "ORG034",
            "contradicting-risk",
            "warning",
            "A text states another risk tolerance than the key.",
            "Policy agents follow the key, language agents read both.",
            _role("- **Risk tolerance:** 0.9\n\nKeep a low risk tolerance.\n"),
            _role("- **Risk tolerance:** 0.1\n\nKeep a low risk tolerance.\n"),
        ),
        Rule(
            "ORG035",
            "unknown-file",
            "warning",
            "A charter names a file that the task does not have (with --task).",
            "An agent would look for it, or make it.",
            _role("\nEdit `model.py` alone.\n"),
            _role("\nEdit `train.py` alone.\n"),
        ),
        Rule(
            "ORG036",
            "unknown-focus",
            "warning",
            "A focus names a group of knobs that the task does not have (with --task).",
            "The group is ignored; a role all of whose groups are unknown may touch everything.",
            _role("- **Focus:** optimiser\n"),
            _role("- **Focus:** optimizer\n"),
        ),
        Rule(
            "ORG037",
            "lonely-stand-up",
            "warning",
            "A stand-up has fewer than two agents.",
            "It stops an agent's thinking and tells nobody anything.",
            _role("## Rhythm\n- **Stand-up:** every 8 experiments, everyone, all\n"),
            _role(""),
        ),
        Rule(
            "ORG038",
            "link-to-nobody",
            "warning",
            "A link names a role without agents.",
            "It has no effect until the headcount is 1 or more.",
            REPORTS.replace("**Headcount:** 1", "**Headcount:** 0"),
            REPORTS,
        ),
        Rule(
            "ORG039",
            "link-to-self",
            "warning",
            "A role of one agent shares with itself.",
            "There is nobody else in it to hear.",
            f"{TEAM}## Links\n- Lead ↔ Lead: shares with\n",
            f"{TEAM}## Links\n- Explorer ↔ Explorer: shares with\n",
        ),
        Rule(
            "ORG040",
            "model-without-agent",
            "warning",
            "A role has a model and an agent that uses none.",
            "Only the agent `llm` asks a language model, and commands may be given one.",
            _role("- **Agent:** tpe\n- **Model:** openai/gpt-5-mini\n"),
            _role("- **Agent:** tpe\n"),
        ),
        Rule(
            "ORG041",
            "stub",
            "warning",
            "There is next to nothing in the document.",
            "An empty file is an organization of one Researcher who was told nothing.",
            "# Lab\n",
            REPORTS,
        ),
        Rule(
            "ORG042",
            "control-character",
            "warning",
            "The text has a NUL, another control character, or one that turns its direction.",
            "Editors and terminals show something else than what is read.",
            f"{TEAM}\nWork\x00.\n",
            f"{TEAM}\nWork.\n",
        ),
        Rule(
            "ORG043",
            "agent-is-command",
            "info",
            "A role runs a command of the workspace's.",
            "A document cannot say what is run: `[agents.NAME]` in orgopt.toml does; without it, a run is refused.",
            _role("- **Agent:** command:my-cli\n"),
            _role("- **Agent:** tpe\n"),
        ),
        Rule(
            "ORG044",
            "perhaps-roles",
            "info",
            "Something may be roles and is not read as such.",
            "A list, a table or sections had some signs of a team, and too few. If they are roles, put them "
            "under `## Roles`.",
            "# Lab\n\n## Who we have\n\n- Engineer: builds it\n- Reviewer: looks at it\n- Analyst: counts\n",
            REPORTS,
        ),
    )
}


def page() -> str:
    """The documentation's page of rules, in Markdown; `make format` writes it."""
    intro = (
        "What `orgopt lint` finds. An error forbids running a document, a warning is worth a look, an info says "
        "what was inferred. `orgopt explain ORG014` prints a rule in the terminal."
    )
    parts = [
        "# Rules",
        intro,
        "\n".join(["| code | | finding |", "|---|---|---|"] + [_row(rule) for rule in RULES.values()]),
    ]
    for rule in RULES.values():
        parts.append(f"## {rule.code} {rule.name}")
        parts.append(f"{rule.summary} {rule.why}")
        for title, text in (("Found in:", rule.bad), ("Not in:", rule.good)):
            if text:
                shown = "".join(char if char.isprintable() or char == "\n" else f"<U+{ord(char):04X}>" for char in text)
                parts.append(f"{title}\n\n```text\n{shown.strip()}\n```")
    return "\n\n".join(parts) + "\n"


def _row(rule: Rule) -> str:
    return f"| [{rule.code}](#{rule.code.lower()}-{rule.name}) | {rule.severity} | {rule.summary} |"
