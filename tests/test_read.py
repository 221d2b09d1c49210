"""Reading and linting: what a document means, and findings with place and remedy."""

import time
from pathlib import Path

import pytest

from orgopt.document import Program, format_finding, lint, load, parse, read, require_org
from orgopt.document.editing.edits_of_links import AddLink
from orgopt.document.editing.edits_of_roles import AddRole
from orgopt.document.grammar.rhythm import format_standup, parse_standup
from orgopt.document.linting.lint import fix
from orgopt.errors import DocumentError
from orgopt.org import Link, Standup
from tests.conftest import TRIO

PROGRAMS = Path(__file__).parent / "programs"


def codes(text: str) -> list[str]:
    """The codes of a document's findings, but for headcounts taken as 1."""
    return [finding.code for finding in lint(parse(text)) if finding.code != "ORG025"]


def role(text: str = "", extra: str = "") -> str:
    return f"# T\n\n## Roles\n\n### Lead\n{text}\n\nCharter.\n\n### Explorer\n\nGo.\n\n{extra}"


def test_the_canonical_form_is_read_whole(trio: Program) -> None:
    org = require_org(trio)
    assert lint(trio) == []
    assert (org.title, org.mission, org.headcount) == ("Trio", "Find the bottom.", 3)
    assert [(r.id, r.headcount, r.agent, r.risk, r.charter) for r in org.roles] == [
        ("lead", 1, "tpe", 0.2, "Decide."),
        ("explorer", 2, "hill-climb", 0.5, "Explore."),
    ]
    assert org.links == (Link(source="explorer", target="lead", kind="reports to"),)
    assert org.standup == Standup(every=8, unit="experiments", share=2)
    assert org.submitters() == ("lead",)


def test_other_markdown_is_read_too() -> None:
    reading = read(load(PROGRAMS / "folded.md"))
    org = reading.org
    assert [(r.id, r.name, r.headcount) for r in org.roles] == [("lead", "Lead", 2), ("spaher", "Späher", 1)]
    assert "### Not a role" in org.roles[0].charter
    assert org.roles[1].charter.startswith("#### A charter may have parts")
    assert org.mission.startswith("Mission with")
    assert org.mission.endswith("Part of the mission.")
    assert org.standup == Standup(every=7200, unit="s", attendees=("lead", "spaher"))
    assert org.risk == 0.4
    assert org.links[1].pattern == "ring"
    assert reading.findings == ()


def test_a_plain_instruction_file_is_one_researcher() -> None:
    program = load(PROGRAMS / "plain.md")
    org = require_org(program)
    assert [(r.id, r.headcount) for r in org.roles] == [("researcher", 1)]
    assert "Change something." in org.roles[0].charter
    assert [finding.code for finding in lint(program)] == ["ORG001"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (role("- **Headcount:** -1"), "ORG010"),
        (role("- **Headcount:** 65"), "ORG010"),
        (role("- **Headcount:** many"), "ORG010"),
        (role("- **Agent:** wizard"), "ORG011"),
        (role("- **Agent:** llm"), "ORG018"),
        (role("- **Risk tolerance:** 1.4"), "ORG012"),
        (role("- **Risk tolerance:** nan"), "ORG012"),
        (role("- **Headcont:** 1"), "ORG005"),
        (role("- **Headcount:** 1\n- **Headcount:** 2"), "ORG006"),
        (role("- **Memory:** lasting"), "ORG007"),
        (role("- Headcount: plenty"), "ORG017"),
        (role("- **Confirm:** 6"), "ORG023"),
        (role("- **Stop early:** 2"), "ORG023"),
        (role("- **Focus:** ❄"), "ORG023"),
        (role("- **Agent** tpe"), "ORG017"),
        (role(extra="## Linkz\n\n- Explorer → Lead: reports to\n"), "ORG009"),
        (role(extra="## Rythm\n"), "ORG009"),
        (role(extra="### Lead\n"), "ORG003"),
        (role(extra="### ❄\n"), "ORG004"),
        ("# T\n\n## Roles\n\nNobody.\n", "ORG002"),
        (role(extra="## Links\n- Explorer → Boss: reports to\n"), "ORG015"),
        (role(extra="## Links\n- Explorer → Lead: reports to\n- Lead → Explorer: reports to\n"), "ORG014"),
        (role(extra="## Links\n- Lead → Lead: reports to\n"), "ORG014"),
        (role(extra="## Links\n- Lead, Explorer\n"), "ORG016"),
        (role(extra="## Links\n- Lead → Explorer: loves\n"), "ORG016"),
        (role(extra="## Links\n- Lead ↔ Explorer: reports to\n"), "ORG016"),
        (role(extra="## Links\n- Lead → Explorer: shares with (star)\n"), "ORG016"),
        (role(extra="## Links\n- Lead ↔ Explorer: shares with\n- Explorer <-> Lead: shares with\n"), "ORG019"),
        (role(extra="## Rhythm\n- **Stand-up:** sometimes\n"), "ORG013"),
        (role(extra="## Rhythm\n- **Stand-up:** every 0 min\n"), "ORG013"),
        (role(extra="## Rhythm\n- **Stand-up:** every 5 min, Ghost\n"), "ORG013"),
        ("# T\n\n## Roles\n\n### Lead\n- **Headcount:** 0\n", "ORG020"),
        (role(extra="### Hermit\n\nAlone.\n\n## Links\n- Explorer → Lead: reports to\n"), "ORG022"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_code(text: str, code: str) -> None:
    assert codes(text) == [code]


def test_a_finding_shows_the_line_a_caret_and_a_remedy() -> None:
    program = parse(role("- **Agent:** hill-clim"), "orgs/lab.md")
    (finding,) = [finding for finding in lint(program) if finding.severity == "error"]
    assert format_finding(program, finding).split("\n") == [
        "orgs/lab.md:6:14: ORG011 unknown agent 'hill-clim'",
        "6 | - **Agent:** hill-clim",
        "  |              ^^^^^^^^^",
        "  = help: did you mean 'hill-climb'?",
    ]


def test_a_cycle_names_its_path() -> None:
    links = "## Links\n- Lead → Explorer: reports to\n- Explorer → Lead: reports to\n"
    with pytest.raises(DocumentError, match=r"program\.md:16:3: ORG014 reporting cycle Explorer → Lead → Explorer"):
        require_org(parse(role(extra=links)))


@pytest.mark.parametrize(
    ("text", "standup"),
    [
        ("every 20 min, everyone, best 3", Standup(every=1200, unit="s", share=3)),
        ("every 90 s, everyone, all", Standup(every=90, unit="s")),
        ("every 6 h, Lead and Chief Scientist, best 1",
         Standup(every=21600, unit="s", attendees=("lead", "chief-scientist"), share=1)),
        ("every 1 experiment, everyone, all", Standup(every=1, unit="experiments")),
        ("off", None),
    ],
)  # fmt: skip
def test_standups_are_written_as_they_are_read(text: str, standup: Standup | None) -> None:
    assert parse_standup(text) == standup
    names = {"lead": "Lead", "chief-scientist": "Chief Scientist"}
    assert parse_standup(format_standup(standup, names)) == standup
    assert format_standup(standup, names) == text


@pytest.mark.parametrize(
    "text",
    [
        "---\n" + "a\r" * 4000 + "\nx\n",
        "---\r\n" + "a\r\n" * 4000,
        role(extra="## Links\n- " + " " * 20_000 + "x\n"),
        f"## Roles\n\n### a{' ' * 60_000}b\n\n- a{' ' * 60_000}b\n\n{'---' * 9}\n- [a]({'(' * 60_000}\n",
        role("- **Focus:** a" + " " * 60_000 + "b\nReports to: " + "](" * 30_000),
        "## Roles\n\n### " + "🔬" * 30_000 + "a\n\n### b" + "\u200b" * 30_000 + "\n",
        "\x00\n" * 30_000,
        role(extra="## Links\n- " + "a →" * 5_000 + "\n"),
        role("- **" + "x" * 20_000),
        role(extra="## Rhythm\n- **Stand-up:** every " + "9" * 5_000 + " experiments\n"),
        "#" * 50_000 + "\n" + "> " * 3_000 + "\n" + "- " * 3_000,
        "# Team\n\n**1. Planner**\n\nPlans it.\n\n- Reports to: Lead\n\n**2. Lead**\n\nLeads it.\n" + " " * 60_000,
    ],
    ids=[
        "front matter",
        "front matter of CRLF",
        "spaces",
        "runs of blanks",
        "values",
        "signs",
        "NULs",
        "arrows",
        "key",
        "digits",
        "nesting",
        "blanks below somebody",
    ],
)
def test_hostile_text_is_answered_at_once(text: str) -> None:
    began = time.process_time()
    program = parse(text)
    lint(program)
    assert program.text == text
    assert time.process_time() - began < 2


def crowd(n: int, links: str) -> str:
    """A document of some roles and as many links."""
    roles = "".join(f"### R{i}\n- **Headcount:** 1\n\nGo.\n\n" for i in range(n))
    return f"## Roles\n\n{roles}## Links\n" + "".join(f"- {links.format(i, (i * 7 + 1) % n)}\n" for i in range(n))


@pytest.mark.sweep(3)
@pytest.mark.parametrize(
    "links",
    ["R{0} → R{1}: reports to", "R{0} → R0: reports to", "R{0} → X{0}: reports to",
     "R{0} ↔ R{1}: shares with", "R1 → R0: reports to",
     "[R{0}](r{0}.md) → R0: reviews"],
)  # fmt: skip
def test_a_thousand_roles_are_answered_at_once(links: str) -> None:
    program = parse(crowd(1000, links))
    began = time.process_time()
    lint(program)
    assert time.process_time() - began < 2
    assert len(read(program).org.roles) == 1000


def test_findings_of_one_code_end_at_a_hundred() -> None:
    program = parse("# T\n" + "a\x00\n" * 500)
    found = [finding for finding in lint(program) if finding.code == "ORG042"]
    assert len(found) == 100
    assert found[-1].message == "control character U+0000, and 400 more findings of ORG042"
    assert len(format_finding(program, found[-1])) < 500
    assert fix(program)[0].text == "# T\n" + "a\n" * 500


def test_sections_of_any_level_are_found_and_never_taken_for_roles() -> None:
    text = TRIO.replace("# Trio\n", "").replace("## Roles", "# Roles").replace("### ", "## ")
    org = require_org(parse(text))
    assert [r.id for r in org.roles] == ["lead", "explorer"]
    assert len(org.links) == 1
    assert org.standup is not None
    program = AddRole("### Scout\n\n#### Notes\n\nLook.\n").apply(parse(text))
    program = AddLink(Link(source="scout", target="lead", kind="reports to")).apply(program)
    assert [r.id for r in require_org(program).roles] == ["lead", "explorer", "scout"]
    assert "\n## Scout\n\n### Notes\n" in program.text


def test_a_section_named_links_in_a_charter_is_prose() -> None:
    org = require_org(parse(role("\n#### Links\n\n- Ghost → Lead: reports to\n")))
    assert org.links == ()
    assert "Ghost" in org.roles[0].charter


def test_a_second_section_of_the_same_name_is_reported() -> None:
    assert codes(role(extra="## Roles\n\n### More\n")) == ["ORG008"]


def test_names_cannot_steer_a_terminal() -> None:
    program = parse("## Roles\n\n### Le\x1b[31mad\n- **Agent:** wi\x1bzard\n")
    assert read(program).org.roles[0].name == "Le\ufffd[31mad"
    assert all("\x1b" not in format_finding(program, finding) for finding in lint(program))


def test_a_name_that_reads_as_two_is_written_by_its_id() -> None:
    standup = Standup(every=3, unit="experiments", attendees=("search-and-rescue", "lead"))
    text = format_standup(standup, {"search-and-rescue": "Search and Rescue", "lead": "Lead"})
    assert text == "every 3 experiments, search-and-rescue and Lead, all"
    assert parse_standup(text) == standup


def test_a_role_file_that_stands_twice_in_a_text_makes_nobody_without_a_name() -> None:
    text = "# Team\n<!-- file: lead.md -->\n\nLeads.\n<!-- file: lead.md -->\n\nLeads again.\n"
    assert all(role.id for role in read(parse(text)).org.roles)
