"""Contests: turns, continuing, rankings with what they can tell, the command and its bad input."""

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from starlette.testclient import TestClient

import orgopt
from orgopt.basics.callback import Callback
from orgopt.cli import main
from orgopt.cli.compare import resolution, sparkline
from orgopt.cli.shared.contest_progress import ContestProgress
from orgopt.document import Program, parse
from orgopt.errors import StoreError, UsageError
from orgopt.evolve.contest import Contest, default_name, enter, identity_of
from orgopt.evolve.trials.job import Job
from orgopt.live.pages import Pages
from orgopt.report import glance
from orgopt.report.contest_page import contest_page
from orgopt.scoring.evaluation import Score
from orgopt.storage.jsonl import read_lines
from orgopt.study.contest_log import ContestLog
from orgopt.study.contest_view import contest_ending, contest_view
from orgopt.study.ranking import Ranking, Scores, ranking
from orgopt.study.statistics import Difference
from orgopt.study.verdict.brief import brief
from orgopt.study.verdict.contest import ending
from orgopt.study.verdict.ending_form import Ending
from orgopt.study.wording import interval, metric, plain, signed
from orgopt.tasks.task import Task
from tests.conftest import TRIO
from tests.fakes.arena import toy_arena
from tests.fakes.study import score_of, task_record
from tests.test_replay import WORLD_TOML, own_world

SOLO = "## Roles\n\n### Solo\n- **Headcount:** 1\n- **Agent:** random\n\nWork.\n"
NOISY = """
    import numpy as np

    class Noisy:
        def curve(self, knobs, seed):
            return 1.0, [(knobs["X"] - 0.7) ** 2 + np.random.default_rng(seed).normal(0, 0.05)]

    def world():
        return Noisy()
"""


def scores_of(**outputs: list[float]) -> Scores:
    """Runs of entrants on one task with these research outputs."""
    return {
        (name, "toy", k): score_of(value, heldout=0.5 - value / 2, curve=((0.0, 0.0), (5.0, value)))
        for name, values in outputs.items()
        for k, value in enumerate(values)
    }


def ranked(**outputs: list[float]) -> Ranking:
    return ranking(scores_of(**outputs), list(outputs), ["toy"], len(next(iter(outputs.values()))), 10)


def told(found: Ranking, sizes: Mapping[str, int] | None = None) -> Ending:
    """The end of a contest of equally large documents, but for `a`, which is smaller."""
    sizes = {one.entrant: 1 + (one.entrant != "a") for one in found.placings} if sizes is None else sizes
    return ending(found, {"toy": task_record(heldout="loss", unit="nats")}, sizes=sizes, command="orgopt compare")


def test_what_does_not_vary_with_the_seed_shows_no_difference(toy: Task) -> None:
    """Documents on a script with a seed of its own may only have found the luck of that seed."""
    outputs = {"a": [0.5, 0.51, 0.52, 0.5], "b": [0.1, 0.11, 0.1, 0.12]}
    assert ranked(**outputs).placings[1].verdict == "worse"
    sure = ranking(scores_of(**outputs), ["a", "b"], ["toy"], 4, 10, sure=False)
    assert [one.verdict for one in sure.placings] == ["first", "no difference"]
    said = ending(sure, {"toy": task_record(heldout="loss", unit="nats")}, sizes={}, steady=["toy"])
    assert said.title == "No difference is shown between a and b."
    assert "toy does not vary with the seed" in said.sure
    assert said.advice[0].startswith("Let the script take its seed from the variable ORGOPT_SEED")


@pytest.fixture
def entrants(trio: Program) -> dict[str, str]:
    return {"trio": trio.text, "solo": SOLO, "optuna:random": "optuna:random"}


def test_entrants_take_turns_on_the_same_seeds(toy: Task, entrants: dict[str, str]) -> None:
    with toy_arena(toy) as arena:
        jobs = Contest(entrants, arena, seed=3).left(4)
    order = [(job.entrant, k) for job, k in jobs.items()]
    assert order[:3] == [("trio", 0), ("solo", 0), ("optuna:random", 0)]
    assert [name for name, k in order if k == 1] == ["solo", "optuna:random", "trio"]
    assert [k for _, k in order] == [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]
    seeds = {k: {job.seed for job, own in jobs.items() if own == k} for k in range(4)}
    assert all(len(found) == 1 for found in seeds.values())
    assert len(set.union(*seeds.values())) == 4


def test_a_contest_is_continued_and_extended(toy: Task, entrants: dict[str, str], tmp_path: Path) -> None:
    """Stopped after five runs, continued, and given more seeds, it shows what an uninterrupted one does."""

    def contest(folder: Path, seeds: int, stop_after: int = 99) -> tuple[Ranking, int]:
        done: list[str] = []

        def ended(job, k, score) -> None:
            done.append(job.entrant)
            if len(done) == stop_after:
                raise KeyboardInterrupt

        with (
            toy_arena(toy, budget_s=8) as arena,
            ContestLog(folder, identity_of(entrants, arena, 0), entrants, arena.tasks) as log,
        ):
            return Contest(entrants, arena, seed=0, log=log).run(seeds, ended=ended), len(done)

    with pytest.raises(KeyboardInterrupt):
        contest(tmp_path / "a", 3, stop_after=5)
    assert contest_view(tmp_path / "a").seeds == 1  # all three had the first
    assert "5 runs of 3 entrants" in contest_page(contest_view(tmp_path / "a"))
    second, runs = contest(tmp_path / "a", 3)
    assert runs == 4
    whole, runs = contest(tmp_path / "b", 5)
    assert runs == 15
    extended, runs = contest(tmp_path / "a", 5)
    assert (extended, runs) == (whole, 6)
    assert (second.seeds, extended.seeds) == (3, 5)
    assert contest(tmp_path / "a", 5)[1] == 0
    keys = [(r["entrant"], r["k"]) for r in read_lines(tmp_path / "a" / "contest.jsonl") if r["kind"] == "evaluation"]
    assert len(keys) == len(set(keys)) == 15
    view = contest_view(tmp_path / "a")
    assert view.ranked() == whole
    assert contest_ending(view, whole).title in contest_page(view)


def test_a_contest_is_followed_on_a_page(
    toy: Task, entrants: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orgopt.live.followed.REST", 0.0)
    folder = tmp_path / "mlruns" / "contests" / "c"
    with (
        toy_arena(toy, budget_s=8) as arena,
        ContestLog(folder, identity_of(entrants, arena, 0), entrants, arena.tasks) as log,
    ):
        asked = TestClient(Pages(tmp_path).app(), base_url="http://127.0.0.1:5100")
        assert [*asked.get("/orgopt/contests/c/state").json()["sections"]] == ["top", "contents"]
        Contest(entrants, arena, seed=0, log=log).run(2)
    told = asked.get("/orgopt/contests/c/state").json()
    assert [*told["sections"]] == ["top", "contents", "claims", "curves", "experiments", "runs"]
    ran = [one.score for one in contest_view(folder).runs if one.entrant == "solo"]
    best = min(one.heldout for one in ran)
    assert f'data-label="best result">{metric(best)}<' in told["sections"]["experiments"]
    assert told["state"] == "done"
    index = asked.get("/orgopt/").text
    assert 'href="/orgopt/contests/c"' in index
    assert re.search(r"[−+]?\d\.\d+ \[[^<]*\]<small>score [^<]*, mean of 2 seeds, higher is better; toy ", index)


def test_a_contest_with_other_settings_is_another(toy: Task, entrants: dict[str, str], tmp_path: Path) -> None:
    with toy_arena(toy, budget_s=8) as arena:
        identity = identity_of(entrants, arena, 0)
        with (
            ContestLog(tmp_path / "a", identity, entrants, arena.tasks),
            pytest.raises(StoreError, match="contest a is in use by process"),
        ):
            ContestLog(tmp_path / "a", identity, entrants, arena.tasks)
        other = identity_of({**entrants, "solo": SOLO + "Harder.\n"}, arena, 0)
        with pytest.raises(UsageError, match=r"contest a has other settings \(entrants.solo \w+ → \w+\)"):
            ContestLog(tmp_path / "a", other, entrants, arena.tasks)


def test_a_clear_winner_is_the_best_and_its_lead_is_given() -> None:
    rng = np.random.default_rng(0)
    hard = rng.normal(0, 0.1, 12)
    found = ranked(b=(0.3 + hard).tolist(), a=(0.6 + hard + rng.normal(0, 0.05, 12)).tolist())
    assert [(one.entrant, one.verdict) for one in found.placings] == [("a", "best"), ("b", "worse")]
    behind = found.placings[1].behind
    assert behind is not None
    assert behind.low < -0.3 < behind.high < 0
    said = told(found)
    assert said.title == "a is better than b."
    known = f"▲ better than b by {plain(-behind.mean)} {interval(-behind.high, -behind.low)}"
    assert said.sure.startswith(f"{known} with 95 % confidence, on 12 seeds: a scores ")
    assert said.seeds == "12 seeds"
    assert said.advice == ("Take a.",)
    assert found.comparisons == 1


def test_no_difference_is_said_as_plainly() -> None:
    rng = np.random.default_rng(1)
    level, low = (rng.normal(mean, 0.1, 10).tolist() for mean in (0.5, 0.1))
    found = ranked(a=level, b=[x + 0.001 for x in level[::-1]], c=low)
    assert [one.verdict for one in found.placings] == ["first", "no difference", "worse"]
    said = told(found)
    assert said.title == "b is better than c. No difference is shown between b and a."
    assert told(ranked(a=level, b=level[::-1], c=level[1:] + level[:1])).title.startswith(
        "No difference is shown among "
    )
    assert "verdicts are corrected for 3 comparisons" in said.sure
    assert [(bar.name, bar.verdict) for bar in said.bars] == [("b", ""), ("a", "no difference"), ("c", "better")]
    assert said.advice == ("Take a: it is smaller, and loses less than 0.05.",)
    few = ranked(a=[0.0, 0.2, -0.1, 0.3, 0.1], b=[0.3, 0.1, 0.2, 0.1, 0.4])
    (said,) = told(few).advice
    undecided, _, more = said.partition(" on. ")
    assert undecided == f"No difference so far: 5 seeds show differences from {plain(few.resolves)}"
    seeds = r"If the difference is what it seems, about (\d+) seeds show it in four of five cases: .* --seeds (\d+)"
    found_seeds = re.fullmatch(seeds, more)
    assert found_seeds
    assert found_seeds[1] == found_seeds[2]
    assert told(found, sizes={}).bars[0].meaning.startswith("plain Optuna")


def test_a_contest_of_one_seed_says_that_it_tells_nothing() -> None:
    said = told(ranked(a=[0.5], b=[0.1]))
    assert said.sure == "a scores 0.50, b 0.10, on one seed, which tells nothing of luck."
    assert said.advice[-1] == "No difference so far: one seed tells nothing of luck: orgopt compare --seeds 24"


def test_verdicts_are_corrected_for_all_pairs() -> None:
    """Who is first was picked by the same figures: of four equals, the three pairs with it are not all there are."""
    found = ranked(**dict(zip("abcd", np.random.default_rng(38).normal(0.5, 0.1, (4, 8)).tolist(), strict=True)))
    p_values = [one.behind.p_value for one in found.placings if one.behind]
    assert 3 * min(p_values) < 0.05 < 6 * min(p_values)
    assert {one.verdict for one in found.placings} == {"first", "no difference"}
    assert found.comparisons == 6


def test_what_seeds_can_resolve_is_said() -> None:
    rng = np.random.default_rng(3)
    few = ranked(**{name: rng.normal(0.5, 0.1, 40).tolist() for name in "ab"})
    assert 0.05 < few.resolves < 0.08
    assert few.more_seeds is not None
    assert 250 < few.more_seeds < 500
    assert f"40 seeds can resolve ±{plain(few.resolves)}" in resolution(few)
    assert f"{few.more_seeds} more seeds would resolve 0.02" in resolution(few)
    one = ranked(a=[0.5], b=[0.4])
    assert (one.more_seeds, one.placings[1].verdict) == (None, "no difference")
    assert one.to_dict()["resolves"] is None
    assert resolution(one) == "One seed tells nothing of luck: --seeds 10 would."
    json.dumps(one.to_dict(), allow_nan=False)
    same = ranked(a=[0.5, 0.5], b=[0.5, 0.5])
    assert (same.more_seeds, same.placings[1].verdict) == (0, "no difference")


def test_the_course_over_the_budget_is_that_of_the_submissions() -> None:
    found = ranked(a=[1.0, 0.5], b=[0.1, 0.2])
    assert found.placings[0].q == pytest.approx((0.0,) * 11 + (0.75,) * 13)
    assert sparkline((0.0, 0.5, 1.0), 0.0, 1.0) == "▁▅█"
    assert sparkline((0.0, 0.0), 0.0, 0.0) == "▁▁"


def test_entrants_are_named_after_their_files(tmp_path: Path) -> None:
    paths = [tmp_path / "a" / "lab.md", tmp_path / "b" / "lab.md", tmp_path / "solo.md"]
    for path in paths:
        path.parent.mkdir(exist_ok=True)
        path.write_text(SOLO)
    assert list(enter([*paths, "optuna:gp"])) == [str(paths[0]), str(paths[1]), "solo", "optuna:gp"]
    assert list(enter([parse(SOLO, "x.md"), parse(SOLO + "\n", "x.md")])) == ["x.md", "x.md 2"]
    assert default_name({"a": "", "B c": "", "optuna:tpe": "", "d": ""}, ["t", "u"], "12ab") == (
        "a-vs-b-c-vs-optuna-tpe-and-1-more-t+u-12ab"
    )


@pytest.mark.slow
def test_from_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    task = str(own_world(tmp_path / "mine", NOISY, WORLD_TOML))
    found = orgopt.compare(parse(SOLO, "solo.md"), parse(TRIO, "trio.md"), task=task, budget="20s", seeds=3)
    assert {one.entrant for one in found.ranking.placings} == {"solo", "trio"}
    assert found.to_dict()["seeds"] == 3
    with pytest.raises(UsageError, match="name a task"):
        orgopt.compare(parse(SOLO, "solo.md"), parse(TRIO, "trio.md"), task=[], budget=20)


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace with two documents and a world."""
    (tmp_path / "mlruns").mkdir()
    (tmp_path / "trio.md").write_text(TRIO)
    (tmp_path / "solo.md").write_text(SOLO)
    own_world(tmp_path / "mine", NOISY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def compare(*args: str) -> Result:
    return CliRunner().invoke(main, ["compare", *args, "--task", "mine", "--budget", "20s", "--workers", "1"])


def test_the_command_ranks_and_continues(lab: Path) -> None:
    first = compare("trio.md", "solo.md", "optuna:random", "--seeds", "2", "--verbose")
    assert first.exit_code == 0, first.output
    assert "2 of 2 seeds  trio 0." in first.stderr
    assert "2 seeds can resolve ±" in first.stdout
    for name in ("trio", "solo", "optuna:random"):
        assert f"\n{name} " in f"\n{first.stdout}"
    folder = next((lab / "mlruns" / "contests").iterdir())
    assert folder.name.startswith("trio-vs-solo-vs-optuna-random-mine-")
    assert str(Path("mlruns/contests") / folder.name / "contest.jsonl") in first.stdout
    more = compare("trio.md", "solo.md", "optuna:random", "--seeds", "3", "--json")
    assert "6 runs are in the log" in more.stderr
    result = json.loads(more.stdout)
    assert (result["kind"], result["seeds"], len(result["placings"])) == ("compare", 3, 3)
    assert result["contest"] == folder.name
    head, *runs = read_lines(folder / "contest.jsonl")
    assert [one["entrant"] for one in head["entrants"]] == ["trio", "solo", "optuna:random"]
    assert len(runs) == 9
    assert result["placings"][0]["mean"] >= result["placings"][1]["mean"]


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (["trio.md"], 2, "a contest needs two entrants or more"),
        ([], 2, "a contest needs two entrants or more"),
        (["trio.md", "./trio.md"], 2, "trio.md is named twice"),
        (["optuna:tpe", "optuna:tpe"], 2, "optuna:tpe is named twice"),
        (["trio.md", "optuna:best"], 2, "no plain sampler 'optuna:best'"),
        (["trio.md", "none.md"], 1, "none.md"),
        (["trio.md", "bad.md"], 1, "ORG020"),
        (["trio.md", "solo.md", "--task", "minus"], 2, "no task 'minus'"),
        (["trio.md", "solo.md", "--task", "mine"], 2, "task mine is named twice"),
        (["trio.md", "solo.md", "--budget", "0.5s"], 2, "too small for one experiment on mine"),
        (["trio.md", "solo.md", "--name", "a/b"], 2, "contest name 'a/b'"),
        (["trio.md", "solo.md", "--lab", "local"], 2, "without a script to train"),
    ],
)
def test_bad_input_is_answered(lab: Path, args: list[str], code: int, message: str) -> None:
    (lab / "bad.md").write_text("## Roles\n### A\n- **Headcount:** 0\n")
    budget = [] if "--budget" in args else ["--budget", "20s"]
    result = CliRunner().invoke(main, ["compare", *args, "--task", "mine", *budget])
    assert (result.exit_code, message in result.stderr) == (code, True), result.output
    assert not list((lab / "mlruns").glob("contests/*/contest.jsonl"))


def test_another_contest_of_the_name_is_refused(lab: Path) -> None:
    assert compare("trio.md", "solo.md", "--seeds", "1", "--name", "x").exit_code == 0
    result = compare("trio.md", "solo.md", "--seeds", "1", "--name", "x", "--slots", "3")
    assert result.exit_code == 2
    assert "contest x has other settings (slots 2 → 3): choose another --name" in result.stderr


def test_an_interrupted_contest_says_what_is_kept_and_goes_on(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def interrupted(self: ContestProgress, job: Job, k: int, score: Score) -> None:
        seen.append(job.entrant)
        if len(seen) == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(ContestProgress, "compared", interrupted)
        result = compare("trio.md", "solo.md", "--seeds", "4")
    assert result.exit_code == 130
    assert "Stopped. 3 runs of 8 are saved. Continue: the same command." in result.stderr
    again = compare("trio.md", "solo.md", "--seeds", "2")
    assert "3 runs are in the log" in again.stderr
    assert again.exit_code == 0


def test_slots_and_failures_stand_beside_the_scores() -> None:
    def runs(name: str, busy: float, **ended: int) -> Scores:
        scores = scores_of(**{name: [0.1, 0.2, 0.3]})
        return {key: replace(one, utilisation=busy, experiments=ended) for key, one in scores.items()}

    scores = runs("a", 0.5, ok=6, crashed=3, stopped=1) | runs("b", 0.95, ok=20)
    found = ranking(scores, ["a", "b"], ["toy"], 3, 10)
    end = told(found, {"a": 1, "b": 2})
    meanings = {bar.name: bar.meaning for bar in end.bars}
    assert meanings["a"] == "1 agent, 10 experiments a run, 3 of them failed, slots busy 50%"
    assert meanings["b"] == "2 agents, 20 experiments a run, slots busy 95%"
    assert "a left slots idle (busy 50%; b 95%): its 1 agent cannot fill them all." in end.notes
    assert not any("idle" in line for line in told(found, {"a": 2, "b": 2}).notes)


def test_few_seeds_do_not_make_two_equal() -> None:
    """A difference next to nothing within a wide interval: what the next seeds would show, and nobody is the winner."""
    found = ranked(a=[0.6, -0.4, 0.5, -0.3], b=[-0.4, 0.6, -0.3, 0.496])
    end = told(found)
    wanted = r"No difference so far: 4 seeds show .* on\. With (\d+) more, differences of .* --seeds (\d+)"
    more = re.fullmatch(wanted, end.advice[0])
    assert more
    assert int(more[2]) == 4 + int(more[1])
    assert " → " not in end.measures[0]
    second, behind = end.bars[1], found.placings[1].behind
    assert behind
    assert (second.low, second.high) == (end.bars[0].value + behind.low, end.bars[0].value + behind.high)
    drawn = str(glance.scores(end))
    assert 'class="first"' not in drawn
    assert drawn.count('class="range"') == 3  # a line with its ends, of the second alone
    assert "○ no difference shown: the 95 % interval has 0 in it" in drawn
    said, about = brief(end)
    assert said == f"a: ○ no difference shown to b: {signed(-behind.mean)} {_within(behind)}"
    assert re.match(r"score a \S+, b \S+, mean of 4 seeds, higher is better; toy ", about)


def _within(behind: Difference) -> str:
    return interval(-behind.high, -behind.low, sign=True)


def test_a_winner_has_its_colour() -> None:
    end = told(ranked(a=[0.5, 0.52, 0.49, 0.51], b=[0.1, 0.13, 0.11, 0.1]))
    drawn = str(glance.scores(end))
    assert drawn.count('class="first"') == 1
    assert "no difference" not in drawn


def three_teams(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A workspace with a.md, b.md and c.md, where one stands; the name of its task."""
    task = str(own_world(folder / "mine"))
    (folder / "orgopt.toml").write_text("")
    for name in ("a", "b", "c"):
        (folder / f"{name}.md").write_text(TRIO.replace("# ", f"# {name} ", 1))
    monkeypatch.chdir(folder)
    return task


def test_an_entrant_is_added_by_naming_one_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = three_teams(tmp_path, monkeypatch)
    asked = {"task": task, "budget": "6s", "seeds": 2, "workers": 1}
    first = orgopt.compare("a.md", "b.md", **asked)
    noted = Noting()
    more = orgopt.compare("a.md", "c.md", "b.md", **asked, callback=noted)
    assert more.folder != first.folder
    assert noted.lines == ["4 runs are taken from contests under the same terms"]
    assert noted.ran == {"c"}
    means = {one.entrant: one.output.mean for one in more.ranking.placings}
    assert {one.entrant: one.output.mean for one in first.ranking.placings}.items() <= means.items()
    other = Noting()
    orgopt.compare("a.md", "c.md", **{**asked, "seed": 1}, callback=other)
    assert (other.lines, other.ran) == ([], {"a", "c"})


def test_an_entrant_is_added_to_a_contest_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    task = three_teams(tmp_path, monkeypatch)
    with pytest.raises(UsageError, match=r"say to which contest: there is none yet \(name\)"):
        orgopt.compare(add="c.md")
    terms = {"budget": "6s", "seeds": 2, "workers": 1, "slots": 3, "seed": 5}
    first = orgopt.compare("a.md", "b.md", "optuna:random", task=task, **terms)
    (tmp_path / "a.md").write_text("# Gone")  # who took part is in the log
    noted = Noting()
    more = orgopt.compare(add=["c.md", "optuna:tpe"], name=first.folder.name, workers=1, callback=noted)
    assert noted.lines == ["6 runs are taken from contests under the same terms"]
    assert noted.ran == {"c", "optuna:tpe"}
    assert {one.entrant: one.output.n for one in more.ranking.placings} == dict.fromkeys(
        ["a", "b", "c", "optuna:random", "optuna:tpe"], 2
    )
    means = {one.entrant: one.output.mean for one in more.ranking.placings}
    assert {one.entrant: one.output.mean for one in first.ranking.placings}.items() <= means.items()
    for wrong, message in (
        ({"add": "c.md"}, "say to which contest: there are "),
        ({"add": "c.md", "name": "x"}, "no contest 'x': there are "),
        ({"add": "b.md", "name": first.folder.name}, "takes part in a-vs-b-.* already, as b"),
        ({"add": "c.md", "name": first.folder.name, "budget": "7s"}, r"on other terms, .*: budget_s 6\.0 → 7\.0"),
    ):
        with pytest.raises(UsageError, match=message):
            orgopt.compare(**wrong)
    with pytest.raises(UsageError, match="and not both"):
        orgopt.compare("a.md", add="c.md", name=first.folder.name)


class Noting(Callback):
    """What a contest notes, and who ran in it."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.ran: set[str] = set()

    def noted(self, line: str) -> None:
        self.lines.append(line)

    def compared(self, job, k, score) -> None:
        self.ran.add(job.entrant)
