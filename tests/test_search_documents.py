"""Documents of searches: what they say of a study, what they may not, and that the default is what is done anyway."""

from dataclasses import replace
from pathlib import Path

import pytest

import orgopt
from orgopt.document import apply, diff, lint, load, parse, read, require_org
from orgopt.document.editing.diff import same
from orgopt.errors import OrgoptError
from orgopt.evolve.proposers.arms import arm_of, arms
from orgopt.evolve.search import optimize
from orgopt.evolve.space.genome import Space
from orgopt.storage.jsonl import read_lines
from orgopt.study.config import StudyConfig
from orgopt.study.search_plan import DEFAULT_SEARCH, Beside, SearchPlan, searching
from orgopt.testing.study import opened
from tests.conftest import ROOT

DEFAULT = ROOT / "orgs" / "search" / "default.md"
SHIPPED = sorted(DEFAULT.parent.glob("*.md"))
TOY = ROOT / "orgopt" / "testing" / "toy"
SMALL = StudyConfig(generations=2, population=4, budget_s=2, slots=2, search_seeds=2, contenders=2, test_seeds=1)
MIXED = """# Mixed
## Roles
### Steady
- **Headcount:** 1
- **Agent:** tpe
- **Risk tolerance:** 0.1
### Bold
- **Headcount:** 3
- **Agent:** random
- **Risk tolerance:** 1
### Screener
- **Headcount:** 8
- **Agent:** screen
### Rewriter
- **Headcount:** 4
- **Agent:** reflect
- **Model:** openai/any
## Rhythm
- **Proposes:** documents
- **Generation:** 6
- **Rounds:** 3
- **Drop after:** 1
- **Drop margin:** 1.5
"""


def records(folder: Path, config: StudyConfig) -> list[dict]:
    """What a study of the trio found, without times."""
    program = parse((ROOT / "orgs" / "trio.md").read_text(), "trio.md")
    with opened(folder, program, config) as runs:
        optimize(program, runs.arena, config, runs.log)
    varying = {"at", "wall_s", "cost", "sampler_state"}
    return [{key: value for key, value in one.items() if key not in varying} for one in read_lines(runs.log.path)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2, 3))])
def test_the_default_search_is_what_is_done_anyway_to_the_digit(tmp_path: Path, seed: int) -> None:
    asked = {"task": str(TOY), "budget": 2, "lab": "replay", "seed": seed, "generations": 2, "race_seeds": 0}
    plain, named = (
        orgopt.plan(ROOT / "orgs" / "trio.md", **asked, **more).config for more in ({}, {"search": DEFAULT})
    )
    assert plain == named
    assert plain.plan == SearchPlan()
    assert searching(require_org(load(DEFAULT))) == searching(DEFAULT_SEARCH)
    small = [replace(one, search_seeds=1, population=3, test_seeds=1, controls="none") for one in (plain, named)]
    first, second = (records(tmp_path / str(at) / "study", one) for at, one in enumerate(small))
    assert first == second


def test_a_document_says_who_proposes_how_much_and_how_far() -> None:
    found = searching(require_org(parse(MIXED)))
    assert (found.sampler, found.population, found.search_seeds, found.feedback) == ("tpe", 6, 3, "screen")
    assert (found.rewriter, found.rewrite_share, found.rewriter_model) == ("reflect", 4 / 16, "openai/any")
    assert found.plan == SearchPlan(
        risk=0.1,
        beside=(Beside(sampler="random", share=0.75, risk=1.0),),
        openings=0.0,
        screened=8 / 12,
        drop_after=1,
        drop_margin=1.5,
    )


def test_options_go_before_the_document(tmp_path: Path) -> None:
    (tmp_path / "mixed.md").write_text(MIXED)
    asked = {"task": str(TOY), "budget": 2, "lab": "replay", "search": tmp_path / "mixed.md"}
    config = orgopt.plan(ROOT / "orgs" / "trio.md", **asked, sampler="gp", feedback="off", rewriter="none").config
    assert (config.sampler, config.feedback, config.rewriter, config.population) == ("gp", "off", "none", 6)
    assert config.plan.beside[0].sampler == "random"


@pytest.mark.slow
def test_several_samplers_take_their_shares_and_a_study_of_them_goes_on(tmp_path: Path) -> None:
    plan = searching(require_org(parse(MIXED))).plan
    config = replace(SMALL, plan=plan, population=5, search_seeds=1)
    whole = records(tmp_path / "whole" / "study", config)
    proposers = [one["proposer"] for one in whole if one["kind"] == "candidate"]
    assert {"tpe", "random"} <= {*proposers}
    space = Space(parse((ROOT / "orgs" / "solo.md").read_text()), None, 2)
    drawn = [arm_of(arms(space, config), 0, index).name for index in range(400)]
    assert 260 < drawn.count("random") < 340  # three of four
    lines = (tmp_path / "whole" / "study" / "study.jsonl").read_text().splitlines(keepends=True)
    (tmp_path / "cut" / "study").mkdir(parents=True)
    (tmp_path / "cut" / "study" / "study.jsonl").write_text("".join(lines[: len(lines) // 2]))
    assert sorted(map(str, records(tmp_path / "cut" / "study", config))) == sorted(map(str, whole))


def test_at_full_risk_nothing_is_a_small_change(tmp_path: Path) -> None:
    def changed(risk: float) -> float:
        config = replace(
            SMALL, sampler="random", plan=SearchPlan(risk=risk, openings=0.0), generations=1, search_seeds=1
        )
        found = [one for one in records(tmp_path / str(risk), config) if one["kind"] == "candidate"]
        origin = found[0]["params"]
        return sum(one["params"][name] != origin[name] for one in found[1:] for name in origin) / 3

    assert changed(0.0) <= 2 < 10 < changed(1.0)


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_shipped_searches_are_clean_and_edits_turn_one_into_another(path: Path) -> None:
    program, other = load(path), load(DEFAULT)
    assert lint(program) == []
    assert same(read(apply(diff(other, program), other)).org, read(program).org)


def test_what_a_search_names_stays_a_word_in_a_team() -> None:
    """Keys and agents of a search are in force in searches alone."""
    text = "## Roles\n### Lead\n- **Headcount:** 1\n- **Agent:** {}\n## Rhythm\n- **Generation:** 4\n"
    assert {one.code for one in lint(parse(text.format("cmaes")))} == {"ORG005", "ORG011"}
    org = read(parse(text.format("tpe"))).org
    assert (org.proposes, org.generation) == ("experiments", 8)
    assert "search" not in org.to_dict()


@pytest.mark.parametrize(
    ("rhythm", "code"),
    [("Seeds: 4", "ORG047"), ("Metric: loss", "ORG047"), ("Command: rm", "ORG047"), ("Max USD: 5", "ORG047"),
     ("Drop margin: 40", "ORG023"), ("Rounds: 0", "ORG023"), ("Stand-up: daily", "ORG005")],
)  # fmt: skip
def test_what_is_decided_for_a_search_it_cannot_say(rhythm: str, code: str) -> None:
    key, _, value = rhythm.partition(": ")
    found = lint(parse(f"{DEFAULT.read_text()}- **{key}:** {value}\n"))
    codes = [one.code for one in found]
    assert code in codes
    assert codes.count("ORG005") + codes.count("ORG047") <= 1  # one thing is said once


def test_keys_and_links_that_do_nothing_are_said_to() -> None:
    text = MIXED.replace("- **Agent:** random", "- **Agent:** nsga2\n- **Confirm:** 2\n- **Persona:** bold")
    found = lint(parse(text.replace("## Rhythm", "## Links\n- Bold → Steady: reports to\n\n## Rhythm")))
    assert [one.code for one in found] == ["ORG007"] * 4


def test_a_team_is_no_search() -> None:
    asked = {"task": str(TOY), "budget": 2, "lab": "replay"}
    with pytest.raises(OrgoptError, match="is a team, whose agents propose experiments"):
        orgopt.plan(ROOT / "orgs" / "trio.md", **asked, search=ROOT / "orgs" / "solo.md")
