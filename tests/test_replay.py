"""The replay lab: the contract of every lab, in virtual time; and worlds of a task's own."""

import json
import re
import textwrap
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner

from orgopt.cli import main
from orgopt.document import Program, parse
from orgopt.errors import TaskError, UsageError
from orgopt.evolve.trials.optuna_baseline import evaluate_plain
from orgopt.lab import default_lab, make_lab
from orgopt.lab.base import Experiment, Lab, Outcome, Status
from orgopt.lab.replay import ReplayLab
from orgopt.lab.worlds.world import CalledWorld, open_world
from orgopt.ledger import Ledger
from orgopt.scoring.evaluation import evaluate
from orgopt.tasks.folder import load_task
from orgopt.tasks.knob import parse_knobs
from orgopt.tasks.task import Settings, Task
from orgopt.testing.lab import LabContract
from orgopt.testing.toy_task import ToyWorld
from tests.conftest import ROOT

WORLD_TOML = '''
title = "Mine"
brief = "A world of one's own."
world = "mine.py:world"
metric = "loss"
heldout = "loss"
unit = "units"
knobs = """
X = 0.1  # knob: 0..1, group point
MODE = "ok"  # knob: one of ok|bad, group other
"""

[limits]
wall_s = 9

[time]
think_s = 0.1
meeting_s = 0.1
meeting_per_head_s = 0.1

[baseline]
metric = 0.5
heldout = 0.5
sd = 0.0
seeds = 1

[reference]
metric = 0.0
heldout = 0.0
sd = 0.0
seeds = 1
'''

MINE = """
    class Mine:
        def curve(self, knobs, seed):
            return 1.0, [knobs["X"] ** 2]

    def world():
        return Mine()
"""


def lab_of(toy: Task, slots: int = 2) -> ReplayLab:
    return ReplayLab(toy, CalledWorld(toy, ToyWorld()), slots)


def outcome_of(toy: Task, **settings: str | float) -> Outcome:
    lab = lab_of(toy)
    lab.submit(Experiment(id=1, settings=settings, seed=4))
    (outcome,) = lab.wait(until=1000)
    assert isinstance(outcome, Outcome)
    return outcome


def own_world(folder: Path, code: str = MINE, toml: str = WORLD_TOML) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "task.toml").write_text(toml)
    (folder / "mine.py").write_text(textwrap.dedent(code))
    return folder


class TestReplayLab(LabContract):
    def make_lab(self, task: Task, slots: int) -> Lab:
        return lab_of(task, slots)


@pytest.mark.parametrize(
    ("mode", "status", "error"),
    [
        ("crash", Status.CRASHED, "ValueError: the loss exploded [31m"),
        ("nan", Status.INVALID_METRIC, "curve ends with nan"),
        ("nothing", Status.INVALID_METRIC, "curve is empty"),
        ("garbage", Status.INVALID_METRIC, "curve took 0.0 seconds"),
    ],
)
def test_a_world_that_fails_is_an_outcome(toy: Task, mode: str, status: Status, error: str) -> None:
    outcome = outcome_of(toy, MODE=mode)
    assert (outcome.status, outcome.error, outcome.metric, outcome.heldout) == (status, error, None, None)
    assert outcome.ended == 0.05  # what the baseline takes


def test_a_run_over_the_limit_times_out_with_the_curve_so_far(toy: Task) -> None:
    outcome = outcome_of(toy, MODE="hang")
    assert (outcome.status, outcome.ended, outcome.curve) == (Status.TIMEOUT, toy.limit_s, ())


def test_the_clock_jumps_and_slots_queue(toy: Task) -> None:
    lab = lab_of(toy, slots=1)
    for number in (1, 2, 3):
        lab.submit(Experiment(id=number, settings={"MODE": "slow"}, seed=number))
    ended = [event.ended for _ in range(3) for event in lab.wait(until=10) if isinstance(event, Outcome)]
    assert ended == pytest.approx([0.3, 0.6, 0.9])
    assert lab.now() == pytest.approx(0.9)


def test_settings_out_of_range_are_refused(toy: Task) -> None:
    with pytest.raises(TaskError, match="X = 7 is not in 0 … 1"):
        lab_of(toy).submit(Experiment(id=1, settings={"X": 7}, seed=1))


def test_the_same_run_gives_the_same_ledger_and_a_score_without_seed_noise(toy: Task, trio: Program) -> None:
    ledgers = (Ledger(), Ledger())
    scores = [evaluate(trio, toy, lab_of(toy), budget_s=3, seed=5, ledger=ledger) for ledger in ledgers]
    assert ledgers[0].events == ledgers[1].events
    assert scores[0] == scores[1]
    assert scores[0].lab == {"lab": "replay", "world": toy.world, "digest": toy.digest}
    submitted = {"X": 0.0, "Y": 0.3, **scores[0].submission}
    assert scores[0].heldout == pytest.approx((submitted["X"] - 0.7) ** 2 + (submitted["Y"] - 0.2) ** 2)


def test_a_world_of_a_file_in_the_tasks_folder_or_of_a_package(tmp_path: Path) -> None:
    task = load_task(str(own_world(tmp_path / "mine")))
    assert [knob.name for knob in task.knobs] == ["X", "MODE"]
    assert default_lab(task) == "replay"
    assert open_world(task).answer({"X": 0.5}, 1).metric == 0.25
    assert open_world(task).truth({}) is None  # then a submission is measured with fresh seeds
    toml = WORLD_TOML.replace("mine.py:world", "orgopt.testing.toy_task:world").replace(
        "MODE =", "Y = 0.1 # knob: 0..1\nMODE ="
    )
    assert open_world(load_task(str(own_world(tmp_path / "other", toml=toml)))).truth({"X": 0.7}) == pytest.approx(0.01)


def test_the_digest_knows_the_world_and_its_parameters(tmp_path: Path) -> None:
    first = load_task(str(own_world(tmp_path / "mine"))).digest
    again = load_task(str(own_world(tmp_path / "mine", code=MINE.replace("** 2", "** 4"))))
    assert len({first, again.digest, again.with_parameters(n=3).digest}) == 3


FAILING = """
    import sys

    class Mine:
        def curve(self, knobs, seed):
            if knobs["X"] != 0.1:
                {curve}
            return 1.0, [knobs["X"] ** 2]

        def truth(self, knobs):
            if knobs["X"] != 0.1:
                {truth}
            return knobs["X"] ** 2

    def world():
        return Mine()
"""


@pytest.mark.parametrize(
    ("curve", "truth", "ended"),
    [
        ("raise OSError('no disk')", "pass", (Status.CRASHED, "OSError: no disk")),
        ("sys.exit(3)", "pass", (Status.CRASHED, "SystemExit: 3")),
        ("return 1.0, [float('nan')]", "pass", (Status.INVALID_METRIC, "curve ends with nan")),
        ("return float('inf'), [1.0]", "pass", (Status.INVALID_METRIC, "curve took inf seconds")),
        ("pass", "raise OSError('no disk')", (Status.CRASHED, "OSError: no disk")),
        ("pass", "return float('nan')", (Status.INVALID_METRIC, "truth is nan")),
    ],
)
def test_a_world_that_fails_away_from_its_baseline_never_scores(
    tmp_path: Path, trio: Program, curve: str, truth: str, ended: tuple[Status, str]
) -> None:
    code, toml = FAILING.format(curve=curve, truth=truth), WORLD_TOML.replace("= 0.5", "= 0.01")
    task = load_task(str(own_world(tmp_path / "mine", code, toml)))
    world = open_world(task)
    answer = world.answer({"X": 0.5}, 1)
    assert (answer.status, answer.error) == ended
    assert (answer.seconds, answer.metric) == (1.0, None)
    if truth != "pass":
        with pytest.raises(TaskError, match=r"mine\.py:world of mine (fails: OSError: no disk|says that the truth of)"):
            world.truth({"X": 0.5})
    score = evaluate(trio, task, ReplayLab(task, world, 2), budget_s=20, seed=0)
    assert score.q_final == 0.0
    assert score.common_error == ended[1]


@pytest.mark.parametrize(
    ("code", "world", "message"),
    [
        (MINE, "mine:world", "No module named 'mine'"),
        (MINE, "other.py:world", r"there is no other\.py"),
        (MINE, "../mine.py:world", r"there is no \.\./mine\.py"),
        (MINE, "mine.py:nothing", r"mine\.py has no 'nothing' to call"),
        (MINE, "mine.py", "is not 'file.py:name'"),
        ("def world(: pass", "mine.py:world", "cannot be loaded: SyntaxError"),
        ("def world(): raise OSError('no file')", "mine.py:world", "fails: OSError: no file"),
        ("def world(): raise SystemExit(3)", "mine.py:world", "fails: SystemExit: 3"),
        ("def world(): return 3", "mine.py:world", "fails on its own baseline: AttributeError"),
    ],
)
def test_what_is_wrong_with_a_world_is_said(tmp_path: Path, code: str, world: str, message: str) -> None:
    task = load_task(str(own_world(tmp_path / "mine", code, WORLD_TOML.replace("mine.py:world", world))))
    with pytest.raises(TaskError, match=message):
        make_lab(task, "replay", 1)


def test_a_task_has_a_script_or_a_world(tmp_path: Path, toy: Task) -> None:
    task = load_task(str(own_world(tmp_path / "mine")))
    with pytest.raises(UsageError, match="mine is a world without a script to train: use lab='replay'"):
        make_lab(task, "local", 1)
    for toml in ('script = "train.py"\n' + WORLD_TOML, WORLD_TOML.replace('world = "mine.py:world"', "")):
        with pytest.raises(TaskError, match="a task has a 'script', or a 'world'"):
            load_task(str(own_world(tmp_path / "mine", toml=toml)))
    with pytest.raises(TaskError, match=r"mine/task\.toml has no knobs"):
        load_task(str(own_world(tmp_path / "mine", toml=WORLD_TOML.replace("# knob:", "#"))))


def test_run_says_what_it_was_measured_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own_world(tmp_path / "mine")
    (tmp_path / "solo.md").write_text("# Solo\n\n## Roles\n\n### One\n- **Headcount:** 1\n- **Agent:** hill-climb\n")
    monkeypatch.chdir(tmp_path)
    arguments = ["run", "solo.md", "--task", "mine", "--budget", "20s", "--json"]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    run = json.loads(result.stdout)
    assert run["score"]["lab"]["lab"] == "replay"
    start = json.loads((Path(run["folder"]) / "ledger.jsonl").read_text().splitlines()[0])
    assert start["lab"] == run["score"]["lab"]
    assert run["score"]["q_final"] > 0.9
    result = CliRunner().invoke(main, [*arguments, "--lab", "local"])
    assert result.exit_code == 2
    assert "use --lab replay" in result.output


def test_nk_scores_are_normalised_by_the_true_optimum() -> None:
    task = load_task("nk", ROOT).with_parameters(n=8, k=3, landscape=1)
    world = open_world(task).world
    shortfalls = [world.truth({name: bits >> i & 1 for i, name in enumerate(world.names)}) for bits in range(256)]
    assert min(shortfalls) == 0.0
    assert max(shortfalls) < 1.0
    assert shortfalls == world.shortfall.tolist()


def test_the_documented_world_runs(tmp_path: Path, trio: Program) -> None:
    page = (ROOT / "docs" / "how-to" / "record-and-replay.md").read_text()
    toml, code = (re.findall(rf"```{kind}\n(.*?)```", page, re.DOTALL)[0] for kind in ("toml", "python"))
    (tmp_path / "task.toml").write_text(toml)
    (tmp_path / "bowl.py").write_text(code)
    task = load_task(str(tmp_path))
    assert task.baseline.heldout == pytest.approx(open_world(task).truth({}))
    with closing(make_lab(task, "replay", 2)) as lab:
        assert evaluate(trio, task, lab, budget_s=200, seed=1).q_final > 0.9


BRANCHED = """
KIND = "a"  # knob: one of a|b, group kind
RATE = 0.1  # knob: 0..1, group kind
DEPTH = 3  # knob: int 1..9 if KIND=b, group shape
"""


@pytest.mark.parametrize("kind", ["team", "optuna:tpe", "optuna:random"])
def test_what_runs_turns_only_the_knobs_that_its_setting_has(toy: Task, kind: str) -> None:
    task = replace(toy, source=BRANCHED, knobs=parse_knobs(BRANCHED), baseline=replace(toy.baseline, metric=2.0))
    seen: list[Settings] = []

    class Branched:
        def curve(self, knobs: Settings, seed: int) -> tuple[float, list[float]]:
            seen.append(knobs)
            return 1.0, [abs(float(knobs["RATE"]) - 0.4) + (knobs["KIND"] == "a") + abs(float(knobs["DEPTH"]) - 7) / 9]

    lab, ledger = ReplayLab(task, CalledWorld(task, Branched()), 2), Ledger()
    if kind == "team":
        text = "## Roles\n### A\n- **Headcount:** 3\n- **Agent:** tpe\n- **Risk tolerance:** 0.8\n"
        score = evaluate(parse(text), task, lab, budget_s=30, seed=1, ledger=ledger)
    else:
        score = evaluate_plain(kind, task, lab, budget_s=30, seed=1, ledger=ledger)
    assert {knobs["KIND"] for knobs in seen} == {"a", "b"}
    assert {knobs["DEPTH"] for knobs in seen if knobs["KIND"] == "a"} == {3}
    assert len({knobs["DEPTH"] for knobs in seen if knobs["KIND"] == "b"}) > 2
    idle = [event.data["knobs"] for event in ledger.of("proposal") if event.data["knobs"].get("KIND", "a") == "a"]
    assert not any("DEPTH" in knobs for knobs in idle)
    assert task.script_with(score.submission)


def test_a_text_with_a_condition_keeps_it(toy: Task) -> None:
    task = replace(toy, source=BRANCHED, knobs=parse_knobs(BRANCHED))
    assert task.script_with({"KIND": "b", "DEPTH": 5}).endswith("DEPTH = 5  # knob: int 1..9 if KIND=b, group shape\n")
    assert task.complete({"DEPTH": 5})["DEPTH"] == 3
    with pytest.raises(TaskError, match="DEPTH = 12 is not in 1 … 9 if KIND=b"):
        task.complete({"DEPTH": 12})
