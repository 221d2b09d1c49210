"""Crossing and the archive: what is taken from whom, that a document comes of it, and that it repeats itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from orgopt.document import Program, lint, parse, read
from orgopt.document.reading.reader import errors
from orgopt.evolve.proposers.cross import CROSS, Cross, pieces
from orgopt.evolve.proposers.sampler import Proposer
from orgopt.evolve.search import optimize
from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.space.genome import Params, Space
from orgopt.org import Org, Role
from orgopt.report.kinds import kinds
from orgopt.storage.jsonl import read_lines
from orgopt.study.best_of_kinds import Kind, elites, kind_of
from orgopt.study.config import StudyConfig
from orgopt.study.search_plan import SearchPlan
from orgopt.study.standing import Standing
from orgopt.study.view import load_study
from orgopt.testing.study import opened
from tests.conftest import ROOT

TRIO, LIBRARY = (parse((ROOT / "orgs" / f"{name}.md").read_text(), f"{name}.md") for name in ("trio", "library"))
CONFIG = StudyConfig(
    generations=2,
    population=4,
    budget_s=2,
    slots=2,
    search_seeds=1,
    contenders=2,
    test_seeds=1,
    plan=SearchPlan(crossed=1.0, cross_risk=0.5),
)


@pytest.fixture(scope="module")
def crossing() -> Cross:
    return Cross(CONFIG, Proposer(Space(TRIO, LIBRARY, 20), CONFIG))


def candidate(crossing: Cross, index: int, changes: Params, texts: dict[str, str] | None = None) -> Candidate:
    space, params = crossing.proposer.space, {**crossing.proposer.space.origin, **changes}
    return Candidate(
        index=index,
        generation=0,
        parent=0,
        proposer="tpe",
        params=params,
        program=space.program(params),
        changes=(),
        texts=texts or {},
    )


def told(*candidates: Candidate) -> dict[str, Standing]:
    """The later, the better, and all of it certain."""
    return {
        one.name: Standing(value=at, error=1e-9, estimate=at, doubt=1e-9, seeds=2) for at, one in enumerate(candidates)
    }


def test_a_role_comes_whole_and_who_is_hired_brings_its_links_and_texts(crossing: Cross) -> None:
    first = candidate(crossing, 0, {"risk/lead": 0.9}, {"charter/scout": "Old.", "mission": "Mine."})
    hired = {"headcount/scout": 2, "risk/scout": 0.15, "shares/lead·scout": "↔", "shares/scout": "ring"}
    other = candidate(crossing, 1, {**hired, "agent/lead": "gp"}, {"charter/scout": "Look far.", "mission": "Theirs."})
    params, texts = crossing.crossed(first, other, "scout")
    origin = crossing.proposer.space.origin
    assert {name: value for name, value in params.items() if value != origin[name]} == {"risk/lead": 0.9, **hired}
    assert texts == {"mission": "Mine.", "charter/scout": "Look far."}
    org = crossing.proposer.space.organization(params)
    assert [role.headcount for role in org.roles if role.id == "scout"] == [2]
    assert {("lead", "scout"), ("scout", "scout")} <= {(link.source, link.target) for link in org.links}
    assert (
        crossing.crossed(first, candidate(crossing, 3, {**hired, "headcount/scout": 1}), "scout")[0]["shares/scout"]
        == origin["shares/scout"]
    ), "one agent has nobody to share with"
    # Between two that have the role it comes alone: the chart is a piece of its own.
    both = candidate(crossing, 2, {"headcount/scout": 1, "shares/lead·scout": "no"})
    params, _ = crossing.crossed(both, other, "scout")
    assert (params["headcount/scout"], params["shares/lead·scout"]) == (2, "no")


def test_every_free_parameter_is_in_one_piece() -> None:
    space = Space(TRIO, LIBRARY, 20, fix=["headcount"])
    found = [name for names in pieces(space).values() for name in names]
    assert sorted(found) == sorted(space.free)
    assert {"the chart", "the meeting", "lead", "explorer", "scout"} <= {*pieces(space)}


def test_the_meeting_of_another_is_taken_where_nothing_else_differs(crossing: Cross) -> None:
    plain = candidate(crossing, 0, {})
    meeting = {"standup/experiments": 13, "standup/best": "3"}
    other = candidate(crossing, 1, {"risk/lead": 0.55, **meeting})
    found = [crossing.propose(index, 2, [plain, other], told(plain, other)) for index in range(8, 20)]
    made = [one for one in found if one]
    assert {(one.parent, one.other) for one in made} <= {(0, 1), (1, 0)}
    assert {one.program.text for one in made} <= {
        candidate(crossing, 2, changes).program.text for changes in (meeting, {"risk/lead": 0.55})
    }
    assert any("Stand-up" in change for one in made for change in one.changes)


def test_nobody_is_crossed_with_its_like_or_left_without_agents(crossing: Cross) -> None:
    one = candidate(crossing, 0, {})
    assert crossing.propose(9, 2, [one], told(one)) is None
    a, b = (candidate(crossing, at, {f"headcount/{gone}": 0}) for at, gone in enumerate(("lead", "explorer")))
    made = [crossing.propose(index, 2, [a, b], told(a, b)) for index in range(8, 14)]
    assert all(read(found.program).org.headcount for found in made if found)
    assert all(not any(errors(lint(found.program))) for found in made if found)


@pytest.mark.parametrize(
    ("agents", "size", "words"),
    [
        ({"gp": 1}, "1", "models"),
        ({"gp": 1, "tpe": 1}, "2", "models"),
        ({"gp": 1, "hill-climb": 2, "replicate": 1}, "3–4", "local search + models"),
        ({"llm": 4, "command:codex": 1}, "5–8", "language"),
        ({"imitate": 33, "gp": 0}, "33–64", "helpers"),
        ({"their-agent": 9}, "9–16", "their-agent"),
    ],
)
def test_kinds_are_sizes_and_ways_to_search(agents: dict[str, int], size: str, words: str) -> None:
    roles = tuple(Role(id=f"r{n}", name="R", headcount=heads, agent=a) for n, (a, heads) in enumerate(agents.items()))
    found = kind_of(Org(roles=roles))
    assert (found.size, found.agents) == (size, words)


def test_the_archive_has_the_best_of_each_kind() -> None:
    small, large = Kind(0, "models"), Kind(3, "language")
    assert elites([(large, 0.1, "a"), (small, 0.2, "b"), (small, 0.4, "c"), (small, 0.4, "d")]) == {
        small: "c",
        large: "a",
    }


def records(folder: Path, program: Program, config: StudyConfig = CONFIG) -> list[dict]:
    with opened(folder, program, config) as runs:
        optimize(program, runs.arena, config, runs.log)
    varying = {"at", "wall_s", "cost", "sampler_state"}
    return [{key: value for key, value in one.items() if key not in varying} for one in read_lines(runs.log.path)]


@pytest.mark.slow
def test_a_study_that_crosses_repeats_itself_goes_on_and_shows_its_kinds(tmp_path: Path) -> None:
    whole = records(tmp_path / "whole" / "study", TRIO)
    crossed = [one for one in whole if one["kind"] == "candidate" and one["proposer"] == CROSS]
    assert crossed
    assert {one["generation"] for one in crossed} == {1}
    assert all(one["other"] != one["parent"] and one["other"] < one["index"] for one in crossed)
    lines = (tmp_path / "whole" / "study" / "study.jsonl").read_text().splitlines(keepends=True)
    place = next(at for at, line in enumerate(lines) if f'"name": "{crossed[0]["name"]}"' in line)
    (tmp_path / "cut" / "study").mkdir(parents=True)
    (tmp_path / "cut" / "study" / "study.jsonl").write_text("".join(lines[: place + 1]))
    assert sorted(map(str, records(tmp_path / "cut" / "study", TRIO))) == sorted(map(str, whole))
    ended = load_study(tmp_path / "whole" / "study")
    assert "3–4: local search + models" in str(kinds(ended))
    assert kinds(replace(ended, final=None)) is None, "each document would be read, in each second of a study"


def test_without_crossing_a_study_is_called_what_it_was() -> None:
    before = replace(CONFIG, plan=SearchPlan(risk=0.7)).identity(TRIO, {}, None, {})
    assert not any("cross" in name for name in before["plan"])
    assert CONFIG.identity(TRIO, {}, None, {})["plan"]["crossed"] == 1.0
