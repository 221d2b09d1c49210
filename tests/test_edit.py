"""Edits: small changes of text, and the edits between two documents."""

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orgopt.agent_names import AGENTS
from orgopt.document import Program, apply, describe, diff, load, parse, read
from orgopt.document.editing.base import Edit, SetKey
from orgopt.document.editing.edits_of_links import AddLink, RemoveLink
from orgopt.document.editing.edits_of_roles import AddRole, RemoveRole
from orgopt.errors import DocumentError
from orgopt.org import Link, Standup
from tests.conftest import ROOT, TRIO

PROGRAMS = ROOT / "tests" / "programs"
SCOUT = "### Scout\n- **Headcount:** 1\n- **Agent:** random\n\nLook.\n"


def changed_lines(before: Program, after: Program) -> tuple[list[str], list[str]]:
    old, new = before.text.splitlines(), after.text.splitlines()
    return [line for line in old if line not in new], [line for line in new if line not in old]


@pytest.mark.parametrize(
    ("edit", "gone", "new"),
    [
        (SetKey("explorer", "headcount", 5), ["- **Headcount:** 2"], ["- **Headcount:** 5"]),
        (SetKey("lead", "agent", "random"), ["- **Agent:** tpe"], ["- **Agent:** random"]),
        (SetKey("lead", "risk tolerance", 0.75), ["- **Risk tolerance:** 0.2"], ["- **Risk tolerance:** 0.75"]),
        (SetKey(None, "risk tolerance", 0.4), [], ["- **Risk tolerance:** 0.4"]),
        (
            SetKey(None, "stand-up", None),
            ["- **Stand-up:** every 8 experiments, everyone, best 2"],
            ["- **Stand-up:** off"],
        ),
        (AddLink(Link(source="lead", target="explorer", kind="shares with")), [], ["- Lead → Explorer: shares with"]),
        (RemoveLink(Link(source="explorer", target="lead", kind="reports to")), ["- Explorer → Lead: reports to"], []),
        (AddRole(SCOUT), [], ["### Scout", "- **Headcount:** 1", "- **Agent:** random", "Look."]),
    ],
)  # fmt: skip
def test_an_edit_changes_the_lines_that_it_must(trio: Program, edit: Edit, gone: list[str], new: list[str]) -> None:
    old_lines, new_lines = changed_lines(trio, edit.apply(trio))
    assert old_lines == gone
    # "- **Headcount:** 1" and others may stand elsewhere in the document already.
    assert [line for line in new if line not in trio.text.splitlines()] == new_lines


def test_removing_a_role_takes_its_links_and_its_seat(trio: Program) -> None:
    program = SetKey(None, "stand-up", Standup(every=60, unit="s", attendees=("lead", "explorer"))).apply(trio)
    org = read(RemoveRole("explorer").apply(program)).org
    assert [role.id for role in org.roles] == ["lead"]
    assert org.links == ()
    assert org.standup == Standup(every=60, unit="s", attendees=("lead",))


def test_a_plain_file_gets_its_researcher_written_out() -> None:
    plain = load(PROGRAMS / "plain.md")
    program = apply([SetKey("researcher", "headcount", 3), AddRole(SCOUT)], plain)
    assert program.text.startswith(plain.text)
    assert [(role.id, role.headcount) for role in read(program).org.roles] == [("researcher", 3), ("scout", 1)]


def test_line_ends_of_the_document_are_kept() -> None:
    windows = load(PROGRAMS / "windows.md")
    edits = [
        SetKey("one", "risk tolerance", 0.9),
        AddRole(SCOUT),
        AddLink(Link(source="scout", target="one", kind="reports to")),
    ]
    program = apply([*edits, SetKey(None, "stand-up", Standup(every=5, unit="experiments"))], windows)
    org = read(program).org
    assert org.headcount == 3
    assert org.roles[0].risk == 0.9
    assert len(org.links) == 1
    assert program.text.startswith(windows.text)
    assert "\n" not in program.text[len(windows.text) :].replace("\r\n", "")


def test_a_document_that_would_swallow_a_role_says_so() -> None:
    with pytest.raises(DocumentError, match="ends inside an unclosed block"):
        AddRole(SCOUT).apply(load(PROGRAMS / "unclosed.md"))


def test_edits_that_name_nothing_are_errors(trio: Program) -> None:
    with pytest.raises(DocumentError, match="no role 'ghost'; the roles are: lead, explorer"):
        SetKey("ghost", "headcount", 1).apply(trio)
    with pytest.raises(DocumentError, match="no such link"):
        RemoveLink(Link(source="lead", target="explorer", kind="reports to")).apply(trio)
    with pytest.raises(DocumentError, match="role 'Lead' is already there"):
        AddRole("### Lead\n").apply(trio)


def test_edits_describe_themselves(trio: Program) -> None:
    org = read(trio).org
    edits = [
        SetKey("explorer", "headcount", 3), SetKey("lead", "risk tolerance", 0.5), SetKey("lead", "agent", "random"),
        AddRole(SCOUT), RemoveRole("explorer"), SetKey(None, "stand-up", Standup(every=720, unit="s", share=1)),
        RemoveLink(Link(source="explorer", target="lead", kind="reports to")),
        AddLink(Link(source="scout", target="lead", kind="shares with", mutual=True)),
        SetKey(None, "stand-up", Standup(every=4, unit="experiments", share=2)),
    ]  # fmt: skip
    assert describe(edits, org) == [
        "Explorer: headcount 2 → 3",
        "Lead: risk tolerance 0.2 → 0.5",
        "Lead: agent tpe → random",
        "+ role Scout",
        "− role Explorer",
        "Stand-up: every 8 experiments, everyone, best 2 → every 12 min, everyone, best 1",
        "− Explorer → Lead: reports to",
        "+ Scout ↔ Lead: shares with",
        "Stand-up: every 8 experiments → every 4 experiments",
    ]


@pytest.mark.sweep(9)
@pytest.mark.parametrize("b", sorted((ROOT / "orgs").glob("*.md")), ids=lambda path: path.stem)
@pytest.mark.parametrize("a", sorted((ROOT / "orgs").glob("*.md")), ids=lambda path: path.stem)
def test_a_diff_leads_from_one_shipped_organization_to_another(a: Path, b: Path) -> None:
    before, after = load(a), load(b)
    assert organization(apply(diff(before, after), before)) == organization(after)
    assert diff(after, after) == ()


NAMES = ("Lead", "Explorer", "Chief Scientist", "Nurse 2")


@st.composite
def documents(draw: st.DrawFn) -> Program:
    names = draw(st.lists(st.sampled_from(NAMES), unique=True, min_size=1))
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    lines = ["# T", "", draw(st.sampled_from(["", "Mission."])), "## Roles", ""]
    for name in names:
        lines += [f"### {name}"]
        lines += draw(st.sampled_from([[""], []]))
        fields = [
            f"- **Headcount:** {draw(st.integers(0, 9))}",
            f"- **Agent:** {draw(st.sampled_from(AGENTS))}",
            f"- **Risk tolerance:** {draw(st.integers(0, 20)) / 20:g}",
        ]
        lines += draw(st.lists(st.sampled_from(fields), unique=True))
        lines += draw(st.sampled_from([["", "Charter text.", ""], [""]]))
    if draw(st.booleans()):
        pairs = st.tuples(st.sampled_from(names), st.sampled_from(["→", "↔"]), st.sampled_from(names))
        links = [f"- {a} {arrow} {b}: shares with" for a, arrow, b in draw(st.lists(pairs))]
        links += [f"- {b} → {a}: reports to" for a, b in pairwise(names) if draw(st.booleans())]
        lines += ["## Links", *links, ""]
    if draw(st.booleans()):
        lines += ["## Rhythm", f"- **Stand-up:** {draw(st.sampled_from(['off', 'every 3 min', 'every 5 runs, all']))}"]
    return parse(newline.join(lines) + draw(st.sampled_from(["", newline])))


def organization(program: Program) -> tuple[object, ...]:
    """What a diff carries over: everything but prose, as sets where order has no meaning."""
    org = read(program).org
    roles = {(r.id, r.headcount, r.agent, org.risk_of(r)) for r in org.roles}
    return roles, {link.key for link in org.links}, org.standup


@pytest.mark.slow
@given(documents(), documents())
@settings(max_examples=60, deadline=None)
def test_applying_a_diff_gives_the_other_organization(a: Program, b: Program) -> None:
    assert organization(apply(diff(a, b), a)) == organization(b)


def test_the_fixture_is_the_canonical_form(trio: Program) -> None:
    assert trio.text == TRIO
