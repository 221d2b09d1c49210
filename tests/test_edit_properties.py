"""Edits on any text: undone to the byte, never an effect beside what they name, and a diff always leads there."""

import json
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orgopt.agent_names import AGENTS
from orgopt.document import apply, diff, lint, parse, read, render
from orgopt.document.editing.base import Edit, SetKey, from_dict
from orgopt.document.editing.canonical import org_text
from orgopt.document.editing.diff import same
from orgopt.document.editing.edits_of_links import AddLink, RemoveLink, SetPattern
from orgopt.document.editing.edits_of_roles import AddRole, DuplicateRole, MergeRoles, RemoveRole, SplitRole
from orgopt.document.editing.edits_of_text import SetCharter, SetMission, SetTitle
from orgopt.document.grammar.key_table import KEYS, ROLE_KEYS
from orgopt.errors import DocumentError
from orgopt.org import LINK_KINDS, Link, Standup, TaskLength

NAMES = ("Lead", "Explorer", "Chief Scientist", "Nurse 2")
IDS = ("lead", "explorer", "chief-scientist", "nurse-2", "researcher", "ghost")
PATTERNS = ("", "ring", "line", "lattice 4", "random 0.2")
VALUES: dict[str, st.SearchStrategy] = {
    "headcount": st.integers(0, 64),
    "agent": st.sampled_from(AGENTS),
    "model": st.sampled_from(["openai/gpt-5-mini", "a:b"]),
    "persona": st.sampled_from(["A sceptic.", "Bold | brash"]),
    "memory": st.sampled_from(["none", "run", "lasting"]),
    "remembers": st.sampled_from(["LR above 1 diverged.", "Deep | wide"]),
    "risk tolerance": st.floats(0, 1).map(lambda x: round(x, 3)),
    "focus": st.sampled_from([(), ("model",), ("optimizer", "schedule")]),
    "confirm": st.integers(0, 5),
    "stop early": st.sampled_from(["off", 0.25, 1.0]),
    "copy rule": st.sampled_from(["best", "majority", "own", "best of 3", "majority of 3"]),
    "task length": st.sampled_from([None, TaskLength(experiments=3), TaskLength(experiments=1, seconds=1200)]),
    "stand-up": st.sampled_from(
        [None, Standup(every=1200, unit="s"), Standup(every=6, unit="experiments", attendees=("lead",), share=2)]
    ),
}
LINES = st.lists(
    st.sampled_from(
        ["# T", "## Roles", "### Lead", "### 2. Explorer — x", "## Team", "- **Headcount:** 3", "Risk: 0.4", "- Agent: tpe", "",
         "- **Lead** — x", "  - Count: 2", "Reports to: Lead, Explorer", "| Role | Count |", "|---|---|", "| Nurse 2 | ×2 |",
         "## Links", "- Explorer → Lead: reports to", "- Lead ↔ Lead: shares with (ring)", "## Rhythm", "- Stand-up: daily",
         "```", "<!--", "-->", "Prose here.", "> quote", "---", "name: Nurse 2", "===", "\ufeff", "    code", "- **Odd:** key",
         "<!-- file: lead.md -->", "<!-- file: r/nurse-2.md -->", "\x00", "a | b"]
    ),
    max_size=24,
)  # fmt: skip
TEXTS = st.tuples(LINES, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans()).map(
    lambda t: t[1].join(t[0]) + (t[1] if t[2] else "")
)
LINKS = st.builds(
    Link,
    source=st.sampled_from(IDS),
    target=st.sampled_from(IDS),
    kind=st.sampled_from(LINK_KINDS),
    pattern=st.sampled_from(PATTERNS),
)
KEYED = st.sampled_from(ROLE_KEYS).flatmap(
    lambda key: st.builds(
        SetKey,
        st.sampled_from(IDS),
        st.just(key),
        st.one_of(VALUES[key], st.just(None) if key not in ("headcount", "agent") else VALUES[key]),
    )
)
RHYTHM = st.sampled_from([name for name, key in KEYS.items() if key.rhythm and key.team]).flatmap(
    lambda key: st.builds(SetKey, st.none(), st.just(key), VALUES[key])
)
PROSE = st.sampled_from(
    ["", "Look.", "Two\n\nparts.", "### A heading", "- **Headcount:** 5", "```\nopen", "a | b", "- x\n- y"]
)
EDITS = st.one_of(
    KEYED, RHYTHM, st.builds(AddLink, LINKS), st.builds(RemoveLink, LINKS), st.builds(SetPattern, LINKS),
    st.builds(SetTitle, PROSE), st.builds(SetMission, PROSE), st.builds(SetCharter, st.sampled_from(IDS), PROSE),
    st.builds(AddRole, st.sampled_from(["### Scout\n- **Headcount:** 1\n\nLook.\n", "# Lead\n", "# A\n## B\n", ""])),
    st.builds(RemoveRole, st.sampled_from(IDS)), st.builds(DuplicateRole, st.sampled_from(IDS), st.sampled_from(["Twin", "Lead", ""])),
    st.builds(MergeRoles, st.sampled_from(IDS), st.sampled_from(IDS)),
    st.builds(SplitRole, st.sampled_from(IDS), st.sampled_from(["Twin", "Lead"]), st.integers(0, 4)),
)  # fmt: skip


@given(TEXTS)
@settings(max_examples=120, deadline=None)
def test_any_text_is_read_and_linted_without_a_trace(text: str) -> None:
    program = parse(text)
    assert render(program) == text
    for finding in lint(program):
        assert 0 <= finding.span.start <= finding.span.end <= len(text)
        assert program.place(finding.span.start)[1] >= 1
    json.dumps(read(program).org.to_dict())


@pytest.mark.slow
@given(TEXTS, EDITS)
@settings(max_examples=160, deadline=None)
def test_an_edit_is_undone_to_the_byte(text: str, edit: Edit) -> None:
    program = parse(text)
    try:
        after = edit.apply(program)
    except DocumentError:
        return
    undo = edit.inverse(program)
    assert undo.apply(after).text == text
    assert undo.inverse(after).apply(program).text == after.text
    assert from_dict(json.loads(json.dumps(undo.to_dict()))) == undo


@given(EDITS)
@settings(max_examples=120, deadline=None)
def test_edits_survive_json(edit: Edit) -> None:
    assert from_dict(json.loads(json.dumps(edit.to_dict()))) == edit


@pytest.mark.slow
@given(TEXTS, st.one_of(KEYED, RHYTHM))
@settings(max_examples=160, deadline=None)
def test_a_key_is_set_and_nothing_else(text: str, edit: SetKey) -> None:
    before = read(parse(text))
    try:
        after = read(edit.apply(parse(text)))
    except DocumentError:
        return
    key = KEYS[edit.key]
    if edit.role is None:
        assert getattr(after.org, key.attribute) == edit.value or key.attribute == "standup"
    elif edit.value is not None:
        assert getattr(after.org.role(edit.role), key.attribute) == edit.value
    if not before.plain:
        assert set(after.roles) == set(before.roles)
        assert {link.key for link in after.org.links} == {link.key for link in before.org.links}


@given(TEXTS, TEXTS)
@settings(max_examples=120, deadline=None)
def test_a_diff_leads_to_the_other_organization(a: str, b: str) -> None:
    before, after = parse(a), parse(b)
    assert same(read(apply(diff(before, after), before)).org, read(after).org)
    assert diff(after, after) == ()


@given(TEXTS)
@settings(max_examples=120, deadline=None)
def test_the_canonical_form_is_a_fixed_point(text: str) -> None:
    org = read(parse(text)).org
    once = org_text(org)
    if same(read(parse(once)).org, org):  # as `orgopt fmt` checks, or refuses
        assert org_text(read(parse(once)).org) == once


def test_edits_cannot_name_what_is_not_the_organizations() -> None:
    for key in ("budget", "metric", "seed", "seeds", "command", "slots", "wall_s"):
        with pytest.raises(ValueError, match=f"no key '{key}'"):
            SetKey("lead", key, "1")
        with pytest.raises(DocumentError):
            from_dict({"edit": "SetKey", "role": None, "key": key, "value": "1"})
    with pytest.raises(DocumentError, match="unknown edit"):
        from_dict({"edit": "SetBudget", "value": 3})
    with pytest.raises(ValueError, match="headcount must be"):
        SetKey("lead", "headcount", 65)


def test_roles_are_duplicated_merged_and_split() -> None:
    text = "## Roles\n\n### Lead\n- **Headcount:** 1\n\n### Explorer\n- **Headcount:** 3\n- **Focus:** model\n\nGo.\n\n## Links\n- Explorer → Lead: reports to\n- Explorer ↔ Explorer: shares with (ring)\n"
    program = parse(text)
    split = SplitRole("explorer", "Scout", 2).apply(program)
    org = read(split).org
    assert [(r.id, r.headcount, r.focus, r.charter) for r in org.roles[1:]] == [
        ("explorer", 1, ("model",), "Go."), ("scout", 2, ("model",), "Go."),
    ]  # fmt: skip
    assert {(k.source, k.target, k.pattern) for k in org.links} >= {("scout", "lead", ""), ("scout", "scout", "ring")}
    merged = read(MergeRoles("scout", "explorer").apply(split)).org
    assert same(merged, read(program).org)
    with pytest.raises(DocumentError, match="has 3 agents, not 4"):
        SplitRole("explorer", "Scout", 4).apply(program)
    twin = read(DuplicateRole("lead", "Deputy").apply(program)).org
    assert Link(source="explorer", target="deputy", kind="reports to") in twin.links


def test_texts_are_rewritten_where_they_stand() -> None:
    text = "# Old ##\n\nMission one.\n\n## Roles\n\n### Lead\n- **Headcount:** 1\n\nCharter one.\n\n- a\n- b\n\n## Rhythm\n\n- **Stand-up:** off\n\n## More\n\nMission two.\n"
    program = parse(text)
    assert SetTitle("New").apply(program).text == text.replace("# Old ##", "# New")
    assert SetCharter("lead", "Other.\n\n1. x").apply(program).text == text.replace(
        "Charter one.\n\n- a\n- b", "Other.\n\n1. x"
    )
    mission = SetMission("Find it.").apply(program)
    assert read(mission).org.mission == "Find it."
    with pytest.raises(DocumentError, match="read as another organization"):
        SetCharter("lead", "### Ghost").apply(program)
    with pytest.raises(DocumentError, match="read as another organization"):
        SetCharter("lead", "- **Headcount:** 9").apply(program)


def test_link_edits_keep_patterns() -> None:
    names = [f"R{i}" for i in range(4)]
    roles = "".join(f"### {name}\n- **Headcount:** 2\n" for name in names)
    links = "".join(f"- {a} ↔ {b}: shares with (ring)\n" for a, b in pairwise(names))
    program = parse(f"## Roles\n{roles}## Links\n{links}")
    link = Link(source="r0", target="r1", kind="shares with", mutual=True, pattern="lattice 2")
    after = SetPattern(link).apply(program)
    assert after.text == program.text.replace("R0 ↔ R1: shares with (ring)", "R0 ↔ R1: shares with (lattice 2)")
    assert SetPattern(link).describe(read(program).org) == "R0 ↔ R1: shares with: pattern ring → lattice 2"
    assert diff(program, after) == (SetPattern(link),)
