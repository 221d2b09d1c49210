"""Where validation and held-out quality part, and a world's own figures."""

import json
import tomllib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from orgopt.cli import main
from orgopt.lab.worlds import metrics_part as parted
from orgopt.lab.worlds.metrics_part import figures, parting
from orgopt.lab.worlds.world import CalledWorld
from orgopt.tasks.knob import parse_knobs
from orgopt.tasks.task import Measure, Task
from tests.test_replay import own_world

KNOBS = "X = 0.1  # knob: 0.0..1.0\nY = 0.1  # knob: 0.0..1.0\n"


class Bowl:
    """Validation is lowest at X = Y = .8, what counts `apart` from there; `knows` or answers with noise alone."""

    def __init__(self, apart: float, noise: float = 0.0, sign: float = 1.0) -> None:
        self.apart, self.noise, self.sign = apart, noise, sign

    def validation(self, knobs):
        return (knobs["X"] - 0.8) ** 2 + (knobs["Y"] - 0.8) ** 2

    def truth(self, knobs):
        return self.sign * ((knobs["X"] - 0.8 + self.apart) ** 2 + (knobs["Y"] - 0.8) ** 2)

    def curve(self, knobs, seed):
        return 1.0, [self.validation(knobs) + self.noise * float(np.random.default_rng(seed).standard_normal())]


def call(*words: str) -> str:
    done = CliRunner().invoke(main, words)
    assert done.exit_code == 0, done.output
    return done.stdout


def place(toy: Task, world: Bowl) -> tuple[Task, CalledWorld]:
    at = {"X": 0.1, "Y": 0.1}
    start = Measure(metric=Bowl.validation(world, at), heldout=world.truth(at), sd=world.noise, seeds=16)
    best = {"X": 0.8 - world.apart, "Y": 0.8}
    end = Measure(metric=Bowl.validation(world, best), heldout=world.truth(best), sd=world.noise, seeds=16)
    end = end if end.heldout < start.heldout else replace(end, heldout=start.heldout - 0.1)
    task = replace(toy, knobs=parse_knobs(KNOBS), baseline=start, reference=end)
    return task, CalledWorld(task, world)


@pytest.mark.parametrize(
    ("world", "said"),
    [
        (Bowl(0.0), ""),
        (Bowl(0.1), ""),
        (Bowl(0.6), "the reference 1.00. Judge"),
        (Bowl(0.0, sign=-1.0), "rank correlation -1.00"),
        (Bowl(0.0, noise=0.3), ""),
    ],
)
def test_a_line_says_where_both_metrics_part(
    toy: Task, world: Bowl, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parted, "_DRAWS", 400)
    found = parting(*place(toy, world))
    assert found.progress is not None
    assert found.progress > 0.98
    assert bool(found.warnings) is bool(said), found
    assert said in " ".join(found.warnings)


def test_what_no_search_finds_is_no_parting(toy: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parted, "_DRAWS", 50)
    task, source = place(toy, Bowl(0.0))
    far = replace(task, reference=Measure(metric=-5.0, heldout=-5.0, sd=0.0, seeds=16))
    found = parting(far, source)
    assert found.quality < 0.3
    assert found.warnings == ()


def test_a_world_that_fails_in_places_is_searched_where_it_does_not(toy: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    class Half(Bowl):
        validation = None  # type: ignore[assignment]

        def curve(self, knobs, seed):
            if knobs["X"] > 0.5:
                raise ValueError("out of memory")
            return 1.0, [Bowl.validation(self, knobs)]

    monkeypatch.setattr(parted, "_DRAWS", 200)
    found = parting(*place(toy, Half(0.0)))
    assert found.settings["X"] == pytest.approx(0.5, abs=0.02)


def test_figures_are_those_of_the_world(toy: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parted, "_DRAWS", 400)
    task, source = place(toy, Bowl(0.2, noise=0.01))
    found = figures(task, source)
    assert found.baseline.heldout == pytest.approx(task.baseline.heldout)
    assert found.reference.heldout == pytest.approx(0.0, abs=0.001)
    assert found.settings["X"] == pytest.approx(0.6, abs=0.03)


def test_both_are_asked_for_by_options(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parted, "_DRAWS", 50)
    folder = own_world(tmp_path / "mine")
    assert "Nothing parts." in call("task", str(folder), "--check")
    assert json.loads(call("task", str(folder), "--check", "--json"))["warnings"] == []
    toml = tomllib.loads(call("task", str(folder), "--measure"))
    assert toml["baseline"]["heldout"] > toml["reference"]["heldout"]
    assert set(toml["reference"]) == {"metric", "heldout", "sd", "seeds", "settings"}
    assert json.loads(call("task", str(folder), "--measure", "--json"))["kind"] == "figures"
