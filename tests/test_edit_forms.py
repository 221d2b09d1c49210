"""Edits in every form: what is new looks as what its author wrote, and the other lines stay as they are."""

import difflib

import numpy as np
import pytest

from orgopt.document import Program, load, parse, read
from orgopt.document.editing.base import Edit, SetKey
from orgopt.document.editing.canonical import role_text
from orgopt.document.editing.diff import same
from orgopt.document.editing.edits_of_links import AddLink, RemoveLink
from orgopt.document.editing.edits_of_roles import AddRole, DuplicateRole, RemoveRole, SplitRole
from orgopt.document.editing.edits_of_text import SetCharter
from orgopt.errors import DocumentError
from orgopt.evolve.space import write
from orgopt.evolve.space.genome import Space
from orgopt.org import Link, Role, Standup
from tests.conftest import ROOT
from tests.fakes.forms import FORMS, written

SCOUT = Role(id="scout", name="Scout", headcount=2, agent="tpe", charter="Looks for new ways.")
REPORTS = Link(source="tester", target="planner", kind="reports to")
REVIEWS = Link(source="lead", target="planner", kind="reviews")

LOOKS: dict[str, dict[str, tuple[str, ...]]] = {
    "sections with fields": {
        "key": ("- **Risk tolerance:** 0.7",),
        "role": ("## Scout", "", "- **Headcount:** 2", "- **Agent:** tpe", "", "Looks for new ways."),
        "link": ("- **Reports to:** Lead, Planner",),
        "review": ("- **Reviews:** Planner",),
    },
    "counts in headings": {
        "key": ("Risk tolerance: 0.7",),
        "role": ("### Scout (x2)", "", "Looks for new ways.", "Agent: tpe"),
        "link": ("Reports to: Lead, Planner",),
        "review": ("Reviews: Planner",),
    },
    "table": {
        "role": ("| 5 | Scout | Looks for new ways. | 2 | tpe | — |",),
        "review": ("## Links", "", "- Lead → Planner: reviews"),
    },
    "bullets": {
        "key": ("  - Risk tolerance: 0.7",),
        "role": ("- **Scout** — Looks for new ways.", "  - Headcount: 2", "  - Agent: tpe"),
        "link": ("  - Reports to: Lead, Planner",),
        "review": ("  - Reviews: Planner",),
    },
    "nested list": {
        "key": ("### Planner", "- **Risk tolerance:** 0.7"),
        "role": ("- Scout ×2", "", "### Scout", "- **Agent:** tpe", "", "Looks for new ways."),
    },
    "paragraphs": {
        "key": ("- Risk tolerance: 0.7",),
        "role": ("**5. Scout**", "", "Looks for new ways.", "", "- Headcount: 2", "- Agent: tpe"),
        "link": ("- Reports to: Lead, Planner",),
    },
    "chart": {
        "role": ("    Scout[Scout x2]", "", "### Scout", "- **Agent:** tpe", "", "Looks for new ways."),
        "link": ("    PLA1 --> TES3",),
        "review": ("    LEA0 -->|reviews| PLA1",),
    },
    "crew": {
        "key": ("  risk_tolerance: 0.7",),
        "role": (
            "scout:", "  role: >", "    Scout", "  goal: >", "    Looks for new ways.", "  headcount: 2",
            "  agent: tpe",
        ),
        "link": ("  reports_to: planner",),
        "review": ("  reviews: planner",),
    },
    "role files": {
        "key": ("risk_tolerance: 0.7",),
        "role": (
            "<!-- file: scout.md -->", "---", "name: scout", "headcount: 2", "agent: tpe", "---", "", "# Scout", "",
            "Looks for new ways.",
        ),
        "link": ("reports to: lead, planner",),
        "review": ("reviews: planner",),
    },
    "roster with files": {
        "key": ("risk_tolerance: 0.7",),
        "role": (
            "| Scout | Looks for new ways. | `agents/scout.md` |", "", "<!-- file: agents/scout.md -->", "---",
            "name: scout", "headcount: 2", "agent: tpe", "---", "", "# Scout", "", "Looks for new ways.",
        ),
    },
}  # fmt: skip
"""The lines that an edit adds, by the form."""

MADE: dict[str, Edit] = {
    "key": SetKey("planner", "risk tolerance", 0.7),
    "role": AddRole(role_text(SCOUT)),
    "link": AddLink(REPORTS),
    "review": AddLink(REVIEWS),
}


def changed(before: Program, after: Program) -> tuple[list[str], list[str]]:
    """The lines that are gone and those that are new."""
    lines = list(difflib.ndiff(before.text.splitlines(), after.text.splitlines()))
    return [line[2:] for line in lines if line[0] == "-"], [line[2:] for line in lines if line[0] == "+"]


def filled(lines: list[str]) -> list[str]:
    return [line for line in lines if line]


@pytest.mark.parametrize(("form", "what"), [(form, what) for form, looks in LOOKS.items() for what in looks])
def test_what_is_new_has_the_form_of_what_is_there(form: str, what: str) -> None:
    program = written(form, 4)
    after = MADE[what].apply(program)
    gone, new = changed(program, after)
    assert filled(new) == filled(list(LOOKS[form][what]))
    assert not filled(gone) or what == "link"
    assert MADE[what].inverse(program).apply(after).text == program.text


def test_a_key_without_a_column_gets_one() -> None:
    program = written("table", 3)
    _, new = changed(program, MADE["key"].apply(program))
    assert new[0] == "| # | Agent | Mission | Headcount | Strategy | Reports to | Risk tolerance |"
    assert new[1] == "|---|---|---|---|---|---|---|"
    assert [line.rsplit("| ", 1)[1] for line in new[2:]] == ["|", "0.7 |", "|"]


@pytest.mark.parametrize("form", FORMS)
def test_each_edit_does_what_it_says_and_nothing_else(form: str) -> None:
    program = written(form, 5)
    org = read(program).org
    lead = org.roles[0].id
    for edit, roles, links in (
        (SetKey("planner", "headcount", 5), 0, 0),
        (SetKey("planner", "agent", "random"), 0, 0),
        (AddRole(role_text(SCOUT)), 1, 0),
        (RemoveRole("planner"), -1, -1 if org.links else 0),
        (DuplicateRole("planner", "Twin"), 1, 1 if org.links else 0),
        (SplitRole("engineer", "Twin", 1), 1, 1 if org.links else 0),
        (AddLink(REVIEWS), 0, 1),
        (SetCharter("planner", "Plans twice.\n\nThen waits."), 0, 0),
        *([(RemoveLink(org.links[0]), 0, -1)] if org.links else []),
    ):
        if isinstance(edit, SplitRole) and org.role("engineer").headcount < 2:
            continue
        after = edit.apply(program)
        found = read(after).org
        assert len(found.roles) == len(org.roles) + roles
        assert len(found.links) == len(org.links) + links
        for role in org.roles:
            assert role.id in {"planner", "engineer"} or found.role(role.id) == role
        assert found.role(lead) == org.role(lead)
        assert edit.inverse(program).apply(after).text == program.text


def test_a_form_says_what_it_has_no_place_for() -> None:
    crew = written("crew", 3)
    for edit in (
        SetKey(None, "stand-up", Standup(every=60, unit="s")),
        AddLink(Link(source="lead", target="planner", kind="shares with", pattern="ring")),
    ):
        with pytest.raises(DocumentError, match=r"takes no such change.*orgopt fmt agents\.yaml --out team\.md"):
            edit.apply(crew)


def test_a_charter_keeps_fields_of_unknown_keys_and_the_title_of_a_file() -> None:
    text = (
        "## Team\n\n### Ada\n- **Born:** 1815\n- **Headcount:** 2\n\nLeads.\n\n### Bob\n- **Headcount:** 1\n\nDigs.\n"
    )
    after = SetCharter("ada", "Decides.").apply(parse(text))
    assert after.text == text.replace("Leads.", "Decides.")
    whole = read(SetCharter("ada", "Decides.", whole=True).apply(parse(text))).org.role("ada")
    assert whole.charter == "Decides."
    files = written("roster with files", 2)
    after = SetCharter("planner", "Plans twice.").apply(files)
    gone, new = changed(files, after)
    assert (len(gone), new) == (1, ["Plans twice."])
    assert same(read(SetCharter("planner", "Plans twice.").apply(after)).org, read(after).org)


def near(space: Space, number: int) -> dict:
    """A point of a space that differs from its origin in four parameters."""
    rng, params = np.random.default_rng(number), dict(space.origin)
    for _ in range(4):
        name = str(rng.choice(space.active(params)))
        distribution = space.distributions[name]
        if hasattr(distribution, "choices"):
            params[name] = distribution.choices[int(rng.integers(len(distribution.choices)))]
    return params


@pytest.mark.parametrize("form", [form for form in FORMS if form != "crew"])
def test_a_candidate_of_any_form_is_written_at_once(form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not edit by edit, which costs a reading each: that is how a search took minutes."""
    space = Space(written(form, 6), load(ROOT / "orgs" / "library.md"), 60)
    monkeypatch.setattr(write, "apply", None)
    for number in range(4):
        params = near(space, number)
        found, target = read(space.program(params)).org, space.organization(params)
        assert {role.id: (role.headcount, role.agent) for role in found.roles} == {
            role.id: (role.headcount, role.agent) for role in target.roles
        }
        assert {(link.key, link.pattern) for link in found.links} == {(k.key, k.pattern) for k in target.links}
