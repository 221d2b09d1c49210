"""Tasks: the grammar of knobs, and what a malformed task says."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgopt.errors import TaskError, UsageError
from orgopt.tasks.folder import load_task
from orgopt.tasks.knob import Knob, parse_knobs
from orgopt.tasks.source import find_tasks
from orgopt.tasks.task import Task
from orgopt.testing.toy_task import TOY
from tests.conftest import ROOT
from tests.test_replay import WORLD_TOML, own_world

KNOBS = parse_knobs(
    "A = 3e-4  # knob: log 1e-5..1e-1, group optimizer\n"
    "B = 2  # knob: int 1..4\n"
    'C = "x"  # knob: one of x|y|z, group model\n'
    "D = 64  # knob: one of 32|64|128, group model\n"
    "E = 0.1  # knob: 0..0.5, group schedule\n"
    "NOT_A_KNOB = 1\n"
)


def test_the_grammar_of_knobs() -> None:
    a, b, c, d, e = KNOBS
    assert (a.name, a.group, a.default, a.low, a.high, a.log) == ("A", "optimizer", 3e-4, 1e-5, 1e-1, True)
    assert (b.integer, b.low, b.high, b.group) == (True, 1, 4, "main")
    assert (c.choices, c.ordered) == (("x", "y", "z"), False)
    assert (d.choices, d.ordered, d.default) == ((32, 64, 128), True, 64)
    assert (e.low, e.high, e.log) == (0, 0.5, False)


@given(st.sampled_from(KNOBS), st.floats(-1, 2))
def test_every_position_is_an_allowed_value(knob: Knob, unit: float) -> None:
    value = knob.at(unit)
    assert knob.allows(value)
    assert 0 <= knob.unit(value) <= 1
    assert knob.at(knob.unit(value)) == pytest.approx(value) if knob.ordered else knob.at(knob.unit(value)) == value


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("A = 1  # knob: sideways", "range 'sideways' not understood"),
        ("A = 1  # knob: 2..1", "range '2..1' is empty"),
        ("A = 1  # knob: log 0..1", "no logarithm"),
        ("A = 9  # knob: int 1..4", "A = 9 is outside its range"),
        ('A = "q"  # knob: one of x|y', "A = 'q' is outside its range"),
        ("A = [1]  # knob: 0..1", "is not a number or a string"),
    ],
)
def test_a_malformed_knob_says_where_and_why(line: str, message: str) -> None:
    with pytest.raises(TaskError, match=message) as error:
        parse_knobs(f"x = 0\n{line}\n")
    assert str(error.value).startswith("train.py:2: A")


def test_settings_are_written_into_the_script(toy: Task) -> None:
    script = toy.script_with({"X": 0.25, "MODE": "slow"})
    assert "X = 0.25  # knob: 0..1, group point\n" in script
    assert 'MODE = "slow"  # knob: one of' in script
    assert toy.script_with({}) == toy.source
    assert [knob.default for knob in parse_knobs(script)][:2] == [0.25, 0.3]


def test_settings_out_of_range_are_refused(toy: Task) -> None:
    for settings in ({"X": 1.5}, {"MODE": "other"}, {"NEW": 1}, {"COUNT": 2.5}):
        with pytest.raises(TaskError, match="is not in"):
            toy.script_with(settings)


def test_quality_is_0_at_the_baseline_and_1_at_the_reference(toy: Task) -> None:
    assert [toy.quality(value) for value in (0.5, 0.25, 0.0)] == [0.0, 0.5, 1.0]


def test_every_shipped_task_loads() -> None:
    tasks = find_tasks(ROOT)
    assert "tinygpt" in tasks
    task = load_task("tinygpt", ROOT)
    assert len(task.knobs) >= 10
    assert task.baseline.sd < (task.baseline.heldout - task.reference.heldout) / 4
    compile(task.script_with({}), "train.py", "exec")


def test_what_is_wrong_with_a_task_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no task 'nothing': choose .*tinygpt"):
        load_task("nothing", ROOT)
    folder = tmp_path / "broken"
    shutil.copytree(TOY, folder)
    toml = folder / "task.toml"
    good = toml.read_text()
    for old, new, message in [
        ('script = "train.py"\n', "", "a task has a 'script', or a 'world'"),
        ('script = "train.py"\n', "script = [\n", "task.toml"),
        ("heldout = 0.5", "heldout = -1.0", "must be below the baseline"),
        ("wall_s = 2", 'wall_s = "two"', r"task\.toml:10: \[limits\] wall_s = 'two': it must be a number above 0"),
        ("[floors]", "[start]\nrandom = 1\n\n[floors]", r"\[start\] random = 1: it must be true or false"),
    ]:
        toml.write_text(good.replace(old, new, 1))
        with pytest.raises(TaskError, match=message):
            load_task(str(folder))
    toml.write_text(good)
    (folder / "prepare.py").unlink()
    with pytest.raises(TaskError, match=r"has no prepare\.py"):
        load_task(str(folder))


def test_parameters_of_a_world_are_written_after_its_name() -> None:
    task = load_task("nk:landscape=7,k=3", ROOT)
    assert dict(task.parameters) == {"n": 20, "k": 3, "landscape": 7}
    assert task.name == "nk-landscape-7-k-3"
    assert task.digest == load_task("nk", ROOT).with_parameters(landscape=7, k=3).digest
    again = load_task(task.address, ROOT)
    assert (again.name, again.digest) == ("nk-k-3-landscape-7", task.digest)
    assert load_task("nk:landscape=0", ROOT).name == "nk"


def test_a_task_with_one_parameter_needs_its_value_alone(tmp_path: Path) -> None:
    own_world(tmp_path / "bench", toml=WORLD_TOML + '\n[parameters]\ninstance = "3"\n')
    task = load_task(f"{tmp_path / 'bench'}:167190")
    assert (task.name, dict(task.parameters)) == ("bench-167190", {"instance": "167190"})


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("nk:7", r"'7' says no parameter of nk \(there are: n=20, k=5, landscape=0\): write nk:NAME=VALUE"),
        ("nk:land=7", "says no parameter of nk"),
        ("nk:landscape=", "says no parameter of nk"),
        ("nk:landscape=x", "landscape of nk is a whole number, not 'x'"),
        ("nk:landscape=1.5", "landscape of nk is a whole number"),
        ("nk:landscape=true", "landscape of nk is a whole number"),
        ("digits:a=1", r"no parameter of digits \(there are: none\)"),
        ("none:a=1", "no task 'none'"),
    ],
)
def test_parameters_that_there_are_not_are_refused(name: str, why: str) -> None:
    with pytest.raises(UsageError, match=why):
        load_task(name, ROOT)
