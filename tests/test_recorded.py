"""Recorded worlds: fitted to real runs, replayed by numpy alone, with the noise and the failures of the recording."""

import random
import shutil
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from orgopt.document import Program
from orgopt.errors import TaskError
from orgopt.lab import make_lab
from orgopt.lab.base import Checkpoint, Experiment, Outcome, Status
from orgopt.lab.worlds.active_learning import sought
from orgopt.lab.worlds.fitted_world import Encoder, Recorded
from orgopt.lab.worlds.open import load_fitted, open_recorded
from orgopt.lab.worlds.recorder import Recording
from orgopt.lab.worlds.recording import load_records, rows_table, write_table
from orgopt.lab.worlds.recording_files import records_path, task_version
from orgopt.ledger import Ledger
from orgopt.scoring.evaluation import evaluate
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Settings, Task
from orgopt.testing.toy_task import TOY
from tests.conftest import ROOT

SEED_SD = 0.02
POINTS = 4


def real_loss(settings: Settings) -> float:
    return (float(settings["X"]) - 0.7) ** 2 + (float(settings["Y"]) - 0.2) ** 2


def row(settings: dict[str, Any], seed: int) -> dict[str, Any]:
    """A run as if it had been trained: MODE exit fails, slow takes longer, metric and held-out noise go together."""
    noise = float(np.random.default_rng(seed).normal(0, SEED_SD))
    loss, failed = real_loss(settings), settings["MODE"] == "exit"
    curve = [loss + noise + 1 / (step + 1) for step in range(2 if failed else POINTS)]
    return {
        "settings": settings,
        "seed": seed,
        "status": "crashed" if failed else "ok",
        "curve": curve,
        "seconds": 0.5 if settings["MODE"] == "slow" else 0.1,
        "wall_s": 0.1,
        "metric": None if failed else loss + noise,
        "heldout": None if failed else loss + 0.5 * noise,
        "error": "it exited" if failed else "",
    }


def record(task: Task, runs: int = 400) -> None:
    rng = np.random.default_rng(3)
    rows: list[dict[str, Any]] = []
    while len(rows) < runs:
        settings = {knob.name: knob.at(rng.random()) for knob in task.knobs}
        settings["MODE"] = str(rng.choice(["ok", "ok", "slow", "exit"]))
        repeats = 5 if rng.random() < 0.1 else 1
        rows += [row(settings, int(rng.integers(2**31))) for _ in range(repeats)]
    origin = {
        "task": task.name,
        "files": task_version(task),
        "data_digest": task.data_digest,
        "seed": 0,
    }
    write_table(records_path(task), rows_table(task, rows), {**origin, "parts": []})


@pytest.fixture(scope="module")
def recorded_toy(tmp_path_factory: pytest.TempPathFactory) -> Task:
    folder = tmp_path_factory.mktemp("recorded") / "toy"
    shutil.copytree(TOY, folder)
    task = load_task(str(folder))
    record(task)
    return task


@pytest.fixture(scope="module")
def world(recorded_toy: Task) -> Recorded:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("orgopt.lab.worlds.fit.EPOCHS", 200)  # a toy needs no more
        return open_recorded(recorded_toy)


@pytest.mark.slow
def test_settings_not_seen_are_predicted(world: Recorded) -> None:
    quality = world.meta["quality"]
    assert quality["metric"]["spearman"] > 0.95
    assert quality["metric"]["rmse_best_fifth"] < 2 * SEED_SD
    assert quality["rates"]["crashed"] == pytest.approx(0.25, abs=0.06)
    assert quality["noise_sd_best_quarter"] == pytest.approx(SEED_SD, rel=0.4)
    good, bad = world.truth({"X": 0.7, "Y": 0.2}), world.truth({"X": 0.0, "Y": 0.9})
    assert good == pytest.approx(0.0, abs=0.04)
    assert bad > 0.4


def test_noise_is_that_of_real_runs_and_pairs_the_metrics(world: Recorded) -> None:
    answers = [world.answer({"X": 0.4, "Y": 0.4}, seed) for seed in range(300)]
    ok = np.array([(one.metric, one.heldout) for one in answers if one.status is Status.OK], dtype=float)
    assert len(ok) > 250
    assert ok[:, 0].std() == pytest.approx(SEED_SD, rel=0.6)
    assert ok[:, 1].std() == pytest.approx(SEED_SD / 2, rel=0.6)
    assert np.corrcoef(ok.T)[0, 1] > 0.9


def test_an_answer_is_decided_by_settings_and_seed(world: Recorded, recorded_toy: Task) -> None:
    first = world.answer({"X": 0.5}, 7)
    assert first == world.answer({"X": 0.5}, 7) == open_recorded(recorded_toy).answer({"X": 0.5}, 7)
    assert first != world.answer({"X": 0.5}, 8)
    assert first.heldout != world.truth({"X": 0.5})
    assert len(first.curve) == POINTS
    assert first.step_s == pytest.approx(first.seconds / POINTS)


def test_settings_fail_as_often_as_their_like(world: Recorded) -> None:
    rng = np.random.default_rng(5)

    def failures(mode: str) -> float:
        settings = [{"X": rng.random(), "Y": rng.random(), "MODE": mode} for _ in range(200)]
        answers = [world.answer(one, number) for number, one in enumerate(settings)]
        for one in answers:
            if one.status is Status.CRASHED:
                assert (one.metric, one.heldout, len(one.curve)) == (None, None, 2)
                assert "crashed" in one.error
        return sum(one.status is Status.CRASHED for one in answers) / len(answers)

    assert failures("exit") > 0.9
    assert failures("ok") < 0.1


@pytest.mark.slow
def test_seconds_are_virtual_and_the_limit_holds(recorded_toy: Task) -> None:
    with closing(make_lab(recorded_toy, "replay", 1)) as lab:
        lab.submit(Experiment(id=1, settings={"MODE": "slow", "X": 0.5}, seed=1, watched=True))
        events = [event for _ in range(POINTS + 1) for event in lab.wait(until=10)]
    assert [type(event) for event in events] == [Checkpoint] * POINTS + [Outcome]
    assert lab.now() == pytest.approx(0.5, rel=0.15)


def test_a_team_runs_on_a_recording(recorded_toy: Task, trio: Program) -> None:
    ledgers = (Ledger(), Ledger())
    for ledger in ledgers:
        with closing(make_lab(recorded_toy, "replay", 2)) as lab:
            score = evaluate(trio, recorded_toy, lab, budget_s=5, seed=3, ledger=ledger)
    assert ledgers[0].events == ledgers[1].events
    assert score.q_final > 0.8
    assert score.lab["lab"] == "replay"
    assert len(score.lab["recording"]) == 12


def test_a_fitted_world_is_kept_and_replays_without_torch(world: Recorded, recorded_toy: Task) -> None:
    assert (recorded_toy.folder / "world.json").is_file()
    code = (
        "import sys; from orgopt.lab.worlds.open import open_recorded; from orgopt.tasks.folder import load_task;"
        f"world = open_recorded(load_task({str(recorded_toy.folder)!r})); print(world.answer({{}}, 1).metric);"
        "assert 'torch' not in sys.modules"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert result.returncode == 0, result.stderr
    assert float(result.stdout) == world.answer({}, 1).metric


def test_settings_of_no_knob_are_refused(world: Recorded) -> None:
    for settings, message in (({"X": 2.0}, "X = 2.0 is not in"), ({"COUNT": 2.5}, "COUNT"), ({"NEW": 1}, "NEW = 1")):
        with pytest.raises(TaskError, match=message):
            world.answer(settings, 1)


def test_inputs_are_the_same_by_settings_and_by_positions(toy: Task) -> None:
    encoder, rng = Encoder(toy.knobs), np.random.default_rng(0)
    for _ in range(50):
        settings = {knob.name: knob.at(rng.random()) for knob in toy.knobs}
        units = np.array([[knob.unit(settings[knob.name]) for knob in toy.knobs]])
        assert encoder.row(settings) == pytest.approx(encoder.rows(units)[0].tolist(), abs=1e-6)


def test_what_is_wrong_with_a_recording_is_said(recorded_toy: Task, world: Recorded, tmp_path: Path) -> None:
    folder = tmp_path / "toy"
    shutil.copytree(recorded_toy.folder, folder)
    task = load_task(str(folder))
    assert open_recorded(task).meta["fit_s"] == world.meta["fit_s"]  # kept, not fitted again
    script = folder / "train.py"
    script.write_text(script.read_text() + "\n# changed\n")
    with pytest.raises(TaskError, match=r"another version of toy .*record it again"):
        open_recorded(task)
    shutil.copy(recorded_toy.folder / "train.py", script)
    path = records_path(task)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(TaskError, match=r"records\.parquet is damaged: .*restore it or record it again"):
        open_recorded(task)
    path.unlink()
    with pytest.raises(TaskError, match=r"toy has no recording to replay .*orgopt record .*toy --runs 2000"):
        make_lab(task, "replay", 1)


def flipped(data: bytes, rng: random.Random) -> bytes:
    """Some bytes of which a bit is another."""
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ (1 << rng.randrange(8))]) + data[at + 1 :]


def test_a_world_of_which_a_byte_is_flipped_is_as_it_was_or_none(
    recorded_toy: Task, world: Recorded, tmp_path: Path
) -> None:
    whole, rng, refused = (recorded_toy.folder / "world.npz").read_bytes(), random.Random(1), 0
    for _ in range(40):
        (tmp_path / "world.npz").write_bytes(flipped(whole, rng))
        found, why = load_fitted(recorded_toy, tmp_path)
        refused += found is None
        if found is None:
            assert why
        else:
            assert (found.meta, found.fitted.w1.tolist()) == (world.meta, world.fitted.w1.tolist())
    assert refused > 30
    (tmp_path / "world.npz").write_bytes(b"")
    assert load_fitted(recorded_toy, tmp_path) == (None, "world.npz is damaged (EOFError)")


def test_a_flipped_byte_of_a_recording_is_refused_and_nothing_fitted(recorded_toy: Task, tmp_path: Path) -> None:
    shutil.copytree(recorded_toy.folder, tmp_path / "toy")
    task, rng = load_task(str(tmp_path / "toy")), random.Random(2)
    path = records_path(task)
    whole = path.read_bytes()
    for _ in range(12):
        path.write_bytes(flipped(whole, rng))
        with pytest.raises(TaskError, match=r"is damaged: its SHA-256"):
            open_recorded(task)


def test_too_few_runs_and_damaged_worlds(recorded_toy: Task, tmp_path: Path) -> None:
    folder = tmp_path / "toy"
    shutil.copytree(recorded_toy.folder, folder)
    task = load_task(str(folder))
    (folder / "world.npz").write_bytes(b"PK\x03\x04 torn")
    world, why = load_fitted(task, folder)
    assert (world, "world.npz is damaged (BadZipFile" in why) == (None, True)
    record(task, runs=20)
    said: list[str] = []
    with pytest.raises(TaskError, match="runs that ended well, a world needs 40"):
        open_recorded(task, note=said.append)
    assert said == ["toy: fitting the world of 20 runs, once: world.npz is damaged (BadZipFile)"]


def test_half_of_what_is_sought_lies_on_the_way_to_the_reference(
    recorded_toy: Task, world: Recorded, tmp_path: Path
) -> None:
    folder = tmp_path / "toy"
    shutil.copytree(recorded_toy.folder, folder)
    reference = {"X": 0.7, "Y": 0.2, "COUNT": 5}
    with (folder / "task.toml").open("a") as toml:
        toml.write("\n[reference.settings]\n" + "".join(f"{key} = {value}\n" for key, value in reference.items()))
    task = load_task(str(folder))
    first, *rest = [one.settings for one in sought(Recorded(task, world.fitted, world.meta), 61, first_row=7)]
    assert first == task.complete(reference)
    default, near = task.complete({}), [one for at, one in enumerate(rest) if at % 6 > 2]
    kept = [one[name] in {default[name], first[name]} for one in near for name in default]
    assert 0.6 < sum(kept) / len(kept) < 0.9
    assert {one["COUNT"] for one in near} >= {3, 5}
    assert max(world.truth(one) for at, one in enumerate(rest) if at % 6 == 0) < 0.05


def test_a_recording_goes_on_where_searches_of_its_world_end(
    recorded_toy: Task, world: Recorded, tmp_path: Path
) -> None:
    folder = tmp_path / "toy"
    shutil.copytree(recorded_toy.folder, folder)
    task = load_task(str(folder))
    before = len(load_records(records_path(task), task))
    planned = sought(world, 9, first_row=before)
    assert planned == sought(world, 9, first_row=before)
    assert planned != sought(world, 9, first_row=before + 9)
    assert [one.row for one in planned] == list(range(before, before + 9))
    ends = [world.truth(one.settings) for one in planned[::3]]
    assert max(ends) < 0.05
    # Any lab will do to keep their outcomes; a stopped command repeats none.
    lab = make_lab(recorded_toy, "replay", 2)
    with Recording(task, folder, seed=0, data_digest=task.data_digest) as recording:
        assert recording.written == before
        for _ in zip(range(3), recording.add(lab, planned, "first"), strict=False):
            pass
    with Recording(task, folder, seed=0, data_digest=task.data_digest) as recording:
        assert sum(1 for _ in recording.add(lab, planned, "again")) <= 6
    records = load_records(records_path(task), task)
    assert len(records) == before + 9
    assert [part["command"] for part in records.provenance["parts"]] == ["first", "again"]
