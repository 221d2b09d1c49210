"""Openings: organizations that are known to work, in the first generation of a search."""

from dataclasses import replace
from pathlib import Path

import pytest

from orgopt.agents.toml_models import LanguageSettings, ModelSettings
from orgopt.document import lint, load, parse, read
from orgopt.document.findings import errors
from orgopt.evolve.proposers.openings import openings
from orgopt.evolve.space.genome import Space
from orgopt.team.skill import Changes, Skill
from tests.conftest import ROOT

ORGS = sorted(path for path in (ROOT / "orgs").glob("*.md") if path.stem != "library")


def space(path: Path, **parts: tuple[str, ...]) -> Space:
    return Space(load(path), load(ROOT / "orgs" / "library.md"), 60, **parts)


@pytest.mark.parametrize("path", ORGS, ids=lambda path: path.stem)
def test_every_opening_is_a_sound_document_with_work_for_every_slot(path: Path) -> None:
    found = openings(space(path), 4)
    assert len(found) >= 2
    for opening in found:
        program = space(path).program(opening.params)
        assert not list(errors(lint(program)))
        assert read(program).org.headcount >= 4


def test_the_first_is_a_crowd_that_tells_everything() -> None:
    solo = space(ROOT / "orgs" / "solo.md")
    org = read(solo.program(openings(solo, 4)[0].params)).org
    assert [(role.agent, role.headcount) for role in org.roles] == [("gp", 4)]  # as many as solo's genome can have
    assert [(link.source, link.kind, link.target) for link in org.links] == [
        ("researcher", "shares with", "researcher")
    ]


def test_frozen_parts_stay_as_they_are() -> None:
    trio = space(ROOT / "orgs" / "trio.md", fix=("headcount", "roles", "links"))
    before = read(trio.seed).org
    for opening in openings(trio, 4):
        after = read(trio.program(opening.params)).org
        assert after.links == before.links
        assert [role.headcount for role in after.roles] == [role.headcount for role in before.roles]
    assert openings(space(ROOT / "orgs" / "trio.md", only=("stand-up",)), 4) == []


def test_organizations_that_think_in_words_have_none() -> None:
    program = parse("# Words\n\n## Roles\n\n### Writer\n- **Headcount:** 2\n- **Agent:** llm\n")
    assert openings(Space(program, None, 60), 4) == []


def test_roles_begin_with_the_model_that_improved_most_for_its_price() -> None:
    program = parse(
        "# Words\n\n## Roles\n\n### Writer\n- **Agent:** llm\n\n### Hand\n- **Agent:** llm\n- **Model:** a/big\n"
    )
    both = Space(program, None, 60, models=("small",))
    settings = LanguageSettings(default="a/big", models={"small": ModelSettings(name="b/small")})

    def first(*skills: Skill) -> dict[str, object]:
        found = [one.params for one in openings(both, 4, skills, settings)]
        return {name: to for name, to in (found[0] if found else {}).items() if to != both.origin[name]}

    def skill(role: str, model: str, thoughts: int, better: int, usd: float, each: float = 0.1) -> Skill:
        changes = {"optimizer": Changes(tried=thoughts, better=better, gained=-1.0, kept=better * each)}
        return Skill(role=role, model=model, thoughts=thoughts, invalid=0, tokens=thoughts, usd=usd, changes=changes)

    big, small = skill("hand", "a/big", 40, 20, 4.0), skill("x", "b/small", 40, 10, 1.0)
    # Half as many improvements for a quarter of the price; so it is for a role of which nothing is known.
    assert first(big, small) == {"model/writer": "small", "model/hand": "small"}
    assert (
        first(replace(big, changes=skill("hand", "a/big", 40, 20, 4.0, each=0.3).changes), small) == {}
    )  # larger ones
    assert first(replace(big, usd=0.0), small) == {}  # both by their tokens then
    assert first(big, skill("x", "b/small", 19, 19, 0.1)) == {}  # too little is known
    assert first() == {}
    lucky = skill("hand", "b/small", 4, 0, 0.0)
    assert first(big, small, lucky)["model/hand"] == "small"  # four thoughts without one say little
    assert openings(Space(program, None, 60, models=("small",), fix=("model",)), 4, [big, small], settings) == []
    assert "model/writer" not in Space(program, None, 60).distributions  # one name alone is no choice
