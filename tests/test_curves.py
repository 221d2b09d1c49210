"""How well learning curves say, half-way, how an experiment ends."""

from pathlib import Path

import numpy as np
import pytest

from orgopt.lab.worlds.learning_curves import predictiveness
from orgopt.lab.worlds.world import open_world
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from tests.conftest import ROOT


def world(folder: Path, curve: str) -> Task:
    folder.mkdir()
    toml = (ROOT / "fitness" / "nk" / "task.toml").read_text()
    head, _, rest = toml.partition('knobs = """')
    head = head.replace("nk.py:world", "world.py:World")
    (folder / "task.toml").write_text(head + 'knobs = """X = 0.5  # knob: 0..1, group x' + rest)
    (folder / "world.py").write_text(
        "class World:\n    def __init__(self, **parameters):\n        pass\n\n"
        f"    def curve(self, knobs, seed):\n        x = knobs['X']\n        return 0.9, {curve}\n"
    )
    return load_task(str(folder))


@pytest.mark.parametrize(
    ("curve", "found"),
    [
        ("[2 * x, x + 1, x]", 1.0),
        ("[x, 1 - x, x]", -1.0),
        ("[x]", None),
        ("[0.5, 0.5, x]", None),
        ("[x, float('nan'), x]", None),
        ("[x, x, x if x == 0.5 else 1 / 0]", None),
    ],
)
def test_what_is_seen_half_way(tmp_path: Path, curve: str, found: float | None) -> None:
    task = world(tmp_path / "world", curve)
    assert open_world(task).answer({"X": 0.5}, 1).status in {"ok", "crashed"}
    said = predictiveness(task)
    assert said == (found if found is None else pytest.approx(found))


def test_of_a_recording_it_is_that_of_its_runs() -> None:
    from orgopt.lab.worlds.recording import load_records
    from orgopt.lab.worlds.recording_files import records_path

    task = load_task("tinygpt")
    records = load_records(records_path(task), task)
    whole = [curve for curve, status in zip(records.curves, records.status, strict=True) if status == "ok"]
    half, end = np.array([(curve[(len(curve) - 1) // 2], curve[-1]) for curve in whole]).T
    ranks = np.argsort(np.argsort(half)), np.argsort(np.argsort(end))
    assert predictiveness(task) == pytest.approx(np.corrcoef(*ranks)[0, 1], abs=0.01)


def test_a_task_without_recording_has_none(toy: Task) -> None:
    assert predictiveness(toy) is None
