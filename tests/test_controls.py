"""Controls of a winner and its ablations: documents without errors that change what they say and no more."""

from collections import Counter
from pathlib import Path

import pytest

from orgopt.document import Program, lint, load, parse, read
from orgopt.evolve.controls import ablations, control_seeds, controls, one_agent, random_documents, shuffled
from orgopt.evolve.space.genome import Space
from orgopt.org import Link, Org, Role, Standup
from orgopt.scoring.evaluation import evaluate
from orgopt.study.config import CONTROLS
from orgopt.tasks.task import Task
from tests.conftest import ROOT
from tests.fakes.lab import FakeLab

ORGS = sorted(path for path in (ROOT / "orgs").glob("*.md") if path.stem != "library")
FEW = parse("# Few\n\n## Roles\n\n### A\n- **Headcount:** 1\n- **Agent:** gp\n\nThink.\n")


def made(program: Program, seed: int = 0) -> dict[str, list[str]]:
    found = controls(program, Space(program, None, 60), seed, 4)
    return {control.name: [entrant.text for entrant in control.entrants] for control in found}


def agents(org: Org) -> dict[str, tuple[int, str, float]]:
    return {role.id: (role.headcount, role.agent, org.risk_of(role)) for role in org.roles if role.headcount}


def clean(text: str) -> Org:
    program = parse(text)
    assert not [finding for finding in lint(program) if finding.severity == "error"]
    return read(program).org


@pytest.mark.sweep(4)
@pytest.mark.parametrize("path", ORGS, ids=lambda path: path.stem)
def test_controls_of_the_shipped_organizations(path: Path) -> None:
    program = load(path)
    org, found = read(program).org, made(program)
    assert [name for name in found if name.startswith("optuna")] == ["optuna:tpe", "optuna:tpe+median", "optuna:gp"]
    if org.headcount > 1:
        one = clean(found["one agent"][0])
        assert (one.headcount, one.links, one.standup) == (1, (), None)
        assert set(agents(one)) <= set(agents(org))
    assert ("silent" in found) == bool(org.links or org.standup)
    for text in found.get("silent", []):
        quiet = clean(text)
        assert (agents(quiet), quiet.links, quiet.standup) == (agents(org), (), None)
    for text in found.get("shuffled", []):
        mixed = clean(text)
        assert (agents(mixed), mixed.standup) == (agents(org), org.standup)
        assert Counter(_form(link) for link in mixed.links) == Counter(_form(link) for link in org.links)
        assert {link.key for link in mixed.links} != {link.key for link in org.links}
    assert len(found["random"]) == len(set(found["random"])) == 8
    assert all(clean(text).headcount for text in found["random"])


def _form(link: Link) -> tuple[str, bool, str, bool]:
    return (link.kind, link.mutual, link.pattern, link.source == link.target)


@pytest.mark.parametrize("path", ORGS, ids=lambda path: path.stem)
def test_each_ablation_lacks_one_part(path: Path) -> None:
    program = load(path)
    org, found = read(program).org, ablations(program)
    assert len({one.entrant for one in found}) == len(found)
    roles = [one for one in found if one.role]
    assert [one.role for one in roles] == [role.id for role in org.roles if role.headcount < org.headcount]
    for one in found:
        after = clean(one.program.text)
        if one.role:
            assert agents(after) == {key: value for key, value in agents(org).items() if key != one.role}
            assert set(after.links) == {link for link in org.links if one.role not in (link.source, link.target)}
        elif one.link:
            assert agents(after) == agents(org)
            assert len(after.links) == len(org.links) - 1
        else:
            assert (one.part, after.standup, after.links) == ("Stand-up", None, org.links)
    assert ("Stand-up" in {one.part for one in found}) == (org.standup is not None)


def test_ablations_are_named_after_what_they_lack(trio: Program) -> None:
    found = {one.entrant: one for one in ablations(trio)}
    assert list(found) == [
        "without Lead",
        "without Explorer",
        "without Explorer → Lead: reports to",
        "without Stand-up",
    ]
    link = found["without Explorer → Lead: reports to"]
    assert (link.part, link.link, link.role) == ("Explorer → Lead: reports to", "explorer → lead: reports to", "")
    assert "Decide.\n" not in found["without Lead"].program.text
    assert found["without Stand-up"].program.text == trio.text.replace("every 8 experiments, everyone, best 2", "off")


def test_what_leaves_no_agents_or_has_no_effect_is_not_ablated() -> None:
    assert ablations(FEW) == []
    text = FEW.text + "### B\n- **Headcount:** 0\n\n## Links\n- A → B: shares with\n- A ↔ A: shares with\n"
    assert ablations(parse(text)) == []


def test_a_role_s_seat_in_the_stand_up_goes_with_it(trio: Program) -> None:
    few = parse(trio.text.replace("everyone", "Lead"))
    found = {one.part: read(one.program).org for one in ablations(few)}
    assert found["Explorer"].standup == read(few).org.standup
    assert found["Lead"].standup is None  # nobody would be left: not everyone instead


@pytest.mark.parametrize(
    ("lead", "others", "chosen"),
    [("gp", "random", "lead"), ("replicate", "random", "many"), ("imitate", "imitate", "lead")],
)
def test_one_agent_is_the_submitter_if_it_can_work_alone(lead: str, others: str, chosen: str) -> None:
    roles = (
        Role(id="lead", name="Lead", agent=lead),
        Role(id="few", name="Few", agent=others, headcount=2),
        Role(id="many", name="Many", agent=others, headcount=5),
    )
    links = tuple(Link(source=end, target="lead", kind="reports to") for end in ("few", "many"))
    alone = one_agent(Org(roles=roles, links=links, standup=Standup(every=60, unit="s")))
    assert [(role.id, role.headcount) for role in alone.roles] == [(chosen, 1)]
    assert (alone.links, alone.standup) == ((), None)


def test_a_control_that_is_the_winner_itself_is_left_out() -> None:
    found = made(FEW)
    assert set(found) == {"hand-made", "random", "optuna:tpe", "optuna:tpe+median", "optuna:gp"}
    assert "hand-made" not in made(load(ROOT / "orgs" / "gp-four.md"))


def test_the_team_by_hand_has_an_agent_for_each_slot() -> None:
    program = load(ROOT / "orgs" / "trio.md")
    for slots in (2, 4):
        found = controls(program, Space(program, None, 60), 0, slots)
        (entrant,) = next(control.entrants for control in found if control.name == "hand-made")
        assert agents(clean(entrant.text)) == {"statistician": (slots, "gp", 0.3)}


def test_slow_controls_run_on_fewer_seeds() -> None:
    runs = {
        kind: [control_seeds(kind, name, 24) for name in ("silent", "optuna:tpe", "optuna:gp")] for kind in CONTROLS
    }
    assert runs == {"none": [0, 0, 0], "fast": [24, 8, 0], "all": [24, 24, 24]}


@pytest.mark.slow
def test_what_is_drawn_is_decided_by_the_seed(trio: Program) -> None:
    assert made(trio, seed=3) == made(trio, seed=3)
    assert made(trio, seed=3)["random"] != made(trio, seed=4)["random"]


def test_shuffled_links_go_everywhere_and_reports_stay_without_cycles() -> None:
    text = "## Roles\n" + "".join(f"### R{i}\n- **Headcount:** {1 + i % 2}\n" for i in range(5))
    lines = ["R0 → R1: reports to", "R1 → R2: reports to", "R3 → R2: reports to", "R1 ↔ R1: shares with (ring)"]
    program = parse(text + "## Links\n" + "".join(f"- {line}\n" for line in lines))
    found = [clean(one.text) for one in shuffled(program, 0, 40)]
    assert len(found) == 40
    assert {link.source for org in found for link in org.links if link.kind == "reports to"} == {
        f"r{i}" for i in range(5)
    }
    rings = {link.source for org in found for link in org.links if link.pattern == "ring"}
    assert rings == {"r1", "r3"}  # a ring of one is none


def test_there_may_be_fewer_ways_to_shuffle_than_are_wanted(trio: Program) -> None:
    assert [read(one).org.links for one in shuffled(trio, 0)] == [
        (Link(source="lead", target="explorer", kind="reports to"),)
    ]


def test_random_documents_keep_what_may_not_change(trio: Program) -> None:
    space = Space(trio, load(ROOT / "orgs" / "library.md"), 60, only=("links", "stand-up"))
    found = random_documents(space, 1)
    assert {tuple(agents(read(one).org).items()) for one in found} == {tuple(agents(read(trio).org).items())}
    assert len({read(one).org.links for one in found}) > 2


def test_controls_run(toy: Task, trio: Program) -> None:
    for control in controls(trio, Space(trio, None, 60), 0, 4):
        for entrant in control.entrants:
            if not entrant.text.startswith("optuna:"):
                score = evaluate(parse(entrant.text), toy, FakeLab(toy), budget_s=5, seed=1)
                assert score.experiments["ok"] > 0, entrant.name


def test_a_roster_in_files_is_edited_too(tmp_path: Path) -> None:
    (tmp_path / "lead.md").write_text("---\nname: Lead\nheadcount: 1\n---\nDecide.\n")
    (tmp_path / "scout.md").write_text("---\nname: Scout\nheadcount: 3\n---\nLook.\n")
    found = {one.role: agents(read(one.program).org) for one in ablations(load(tmp_path))}
    assert {role: {key: value[0] for key, value in left.items()} for role, left in found.items()} == {
        "lead": {"scout": 3},
        "scout": {"lead": 1},
    }
