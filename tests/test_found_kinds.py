"""Kinds of settings and metrics that people's scripts have: each is found by a script that has nothing else of it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from orgopt.foreign.results.metric import in_english
from orgopt.foreign.results.tables import TRACKED
from orgopt.foreign.survey import survey
from orgopt.lab.sandbox.inside import trackers

SHOWS = 'print(f"val_loss: {loss}")\n'


def knobs(folder: Path, text: str, name: str = "train.py") -> dict[str, object]:
    (folder / name).write_text(text)
    return {knob.name: knob.default for knob in survey(folder).knobs}


def steered(folder: Path, text: str, name: str = "train.py") -> tuple[str, bool | None, str]:
    (folder / name).write_text(text)
    found = survey(folder).steering
    assert found is not None
    return found.shown.name, found.up, found.shown.pattern


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("for epoch in range(10):\n    loss = f()\n", {"EPOCHS": 10}),
        ("for epoch in tqdm(range(1, 31)):\n    loss = f()\n", {"EPOCHS": 31}),
        ("for row in range(10):\n    loss = f()\n", {}),
        ("Dense(64, activation='relu')\nDense(10, activation='softmax')\nloss = f()\n", {"UNITS": 64}),
        ("Conv2D(32, (3, 3))\nDropout(0.3)\nloss = f()\n", {"FILTERS": 32, "DROPOUT": 0.3}),
        ("opt = optim.SGD(net.parameters(), 0.05)\nloss = f()\n", {"LEARNING_RATE": 0.05}),
        ("model.learn(total_timesteps=5000)\nloss = f()\n", {"TOTAL_TIMESTEPS": 5000}),
        ("import fire\ndef tune(lr=0.1, units=64):\n    return lr\nloss = fire.Fire(tune)\n", {"LR": 0.1, "UNITS": 64}),
        ("for fold in range(2):\n    batch_size = 32\n    loss = f()\n", {"BATCH_SIZE": 32}),
        ("with open('x') as f:\n    params = {'logreg__C': 2.0}\nloss = f()\n", {"LOGREG_C": 2.0}),
        ("act_type = 'relu'  #@param ['relu', 'gelu']\nloss = f()\n", {"ACT_TYPE": "relu"}),
        ("num_filt1 = 8\nhidden2 = 64\noutput_window = 6\nloss = f()\n", {"NUM_FILT1": 8, "HIDDEN2": 64}),
    ],
)
def test_settings_of_each_kind_are_found(tmp_path: Path, text: str, found: dict[str, object]) -> None:
    assert knobs(tmp_path, text + SHOWS) == found


def test_a_help_lists_choices(tmp_path: Path) -> None:
    text = "import argparse\np = argparse.ArgumentParser()\np.add_argument('--opt', default='sgd', help='sgd | adam')\n"
    (tmp_path / "train.py").write_text(f"{text}loss = f()\n{SHOWS}")
    assert survey(tmp_path).knobs[0].choices == ("adam", "sgd")


@pytest.mark.parametrize(
    ("text", "name", "up", "line"),
    [
        ("print(epoch, test_loss.item())\n", "test_loss", False, "3 0.25\n"),
        ('print(f"{epoch}_{train_loss:.4f}_{val_loss:.4f}")\n', "val_loss", False, "3_0.5_0.25\n"),
        ('print(f"Acc: {train_acc * 100:.2f}%/{test_acc * 100:.2f}%")\n', "test_Acc", True, "Acc: 0.9%/0.25%\n"),
        ('print(f"验证准确率: {acc}")\n', "val_accuracy", True, "验证准确率: 0.25\n"),
        ('print(f"perte de test = {x}")\n', "loss_test", False, "perte de test = 0.25\n"),
        ('print(f"mean_ret_20 {ret:.1f} v_loss {v}")\n', "mean_ret_20", True, "mean_ret_20 0.25 v_loss 9\n"),
        ("print(classification_report(y, p))\n", "accuracy", True, "    accuracy        0.25     179\n"),
        ('r = {"val_mae": mae}\nprint(r)\n', "val_mae", False, "{'val_mae': 0.25}\n"),
        ('print(f"loss {loss_val}")\nprint(f"test acc {acc}")\n', "test_acc", True, "loss 3\ntest acc 0.25\n"),
    ],
)
def test_metrics_of_each_kind_are_found_and_read(tmp_path: Path, text: str, name: str, up: bool, line: str) -> None:
    import re

    found, way, pattern = steered(tmp_path, f"lr = 0.1\n{text}")
    assert (found, way) == (name, up)
    assert re.findall(pattern, line) == ["0.25"]


def test_what_goes_into_a_file_is_not_printed(tmp_path: Path) -> None:
    text = 'with open("log.txt", "a") as f:\n    f.write(f"val: {val_loss}\\n")\nprint(f"val_loss: {val_loss}")\n'
    assert steered(tmp_path, text)[0] == "val_loss"


def test_a_julia_script_is_found(tmp_path: Path) -> None:
    text = (
        "function train(; epochs=10, batch_size=128)\n    opt = Adam(0.001)  # slow\n    γ = 0.99\n"
        '    println("val loss: $(round(l, digits=4))")\nend\n\ntrain()\n'
    )
    assert knobs(tmp_path, text, "train.jl") == {"EPOCHS": 10, "BATCH_SIZE": 128, "LEARNING_RATE": 0.001, "GAMMA": 0.99}
    found = survey(tmp_path)
    assert found.entry.shell == "julia train.jl"
    assert found.steering is not None
    assert found.steering.shown.name == "val_loss"


def test_a_script_that_is_no_python_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("Run `python start.py`.\n")
    (tmp_path / "start.py").write_text("print 'no'\n")
    with pytest.raises(Exception, match=r"start\.py:1: it is not Python"):
        survey(tmp_path)


def test_words_of_other_languages_count_whole() -> None:
    assert in_english("Multimedia loss") == "Multimedia loss"
    assert in_english("最高 검증 정확도") == "best   val   accuracy"


TRACKING = """\
import argparse, wandb, mlflow, mlflow.sklearn
from torch.utils.tensorboard import SummaryWriter
run = wandb.init(project="x", config=argparse.Namespace(lr=0.5))
assert run.config.lr == wandb.config["lr"] == 0.5
writer = SummaryWriter("runs")
mlflow.set_tracking_uri("http://nowhere.invalid")
with mlflow.start_run():
    wandb.log({"val/loss": 0.25, "sample": object()}, step=1)
    wandb.watch(None).unwatch()
    writer.add_scalar("Loss/val", 0.5, 1)
    mlflow.log_metric("val_acc", 0.75)
    mlflow.sklearn.log_model(None, "m")
wandb.summary["best"] = 1
wandb.finish()
"""


def test_what_goes_to_a_tracker_alone_steers_and_is_kept(tmp_path: Path) -> None:
    text = TRACKING.replace("0.25", "loss").replace("0.5, 1)", "x, 1)").replace("0.75", "y")
    (tmp_path / "train.py").write_text(f"lr = 0.1\n{text}")
    found = survey(tmp_path).steering
    assert found is not None
    assert (found.shown.file, found.shown.key in {"val/loss", "val_acc", "Loss/val"}) == (TRACKED, True)
    body = f"import sys; sys.path.insert(0, {str(Path(trackers.__file__).parent)!r})\n"
    body += "import types; sys.modules['torch'] = types.ModuleType('torch'); sys.modules['torch'].__path__ = []\n"
    body += "sys.modules['torch.utils'] = types.ModuleType('torch.utils'); sys.modules['torch.utils'].__path__ = []\n"
    body += f"from pathlib import Path; import trackers; trackers.stand_in(Path('{TRACKED}'))\n{TRACKING}"
    subprocess.run([sys.executable, "-c", body], cwd=tmp_path, check=True, timeout=60)
    lines = [json.loads(line) for line in (tmp_path / TRACKED).read_text().splitlines()]
    assert lines == [{"val/loss": 0.25}, {"Loss/val": 0.5}, {"val_acc": 0.75}, {"best": 1.0}]


def test_what_is_printed_counts_before_a_tracker(tmp_path: Path) -> None:
    text = 'import wandb\nwandb.log({"val/acc": acc})\nprint(f"val_loss: {loss}")\n'
    assert steered(tmp_path, text)[0] == "val_loss"
    assert trackers.TRACKED == TRACKED


def test_a_text_with_more_places_than_values_is_no_fault(tmp_path: Path) -> None:
    assert steered(tmp_path, 'print("{}: {}".format(name))\nprint(f"val_loss: {x}")\n')[0] == "val_loss"


def test_names_that_are_given_as_values_are_names(tmp_path: Path) -> None:
    assert steered(tmp_path, 'print("-- %s: %.4f" % ("val_acc", acc))\n')[:2] == ("val_acc", True)


def test_settings_of_modules_count_where_the_script_has_few(tmp_path: Path) -> None:
    (tmp_path / "engine.py").write_text(
        'TRAIN_CONFIG = {"epochs": 9, "verbose": 1}\ndef go(net):\n    return optim.Adam(net, lr=0.02)\n'
    )
    assert knobs(tmp_path, f"import engine\nengine.go(1)\n{SHOWS}") == {"EPOCHS": 9, "LR": 0.02}


def test_lines_of_an_ini_file_are_settings(tmp_path: Path) -> None:
    (tmp_path / "dev.ini").write_text("[DEFAULT]\nLearningRate=0.01\nPath=data\n")
    text = f"import configparser\nc = configparser.ConfigParser()\nc.read(f'{{mode}}.ini')\n{SHOWS}"
    assert knobs(tmp_path, text) == {"LEARNING_RATE": 0.01}


def test_a_package_runs_as_a_module(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/__main__.py").write_text(f"epochs = 3\n{SHOWS}if __name__ == '__main__':\n    pass\n")
    assert survey(tmp_path).entry.shell == "python -m src"


def test_a_count_of_all_is_no_second_metric(tmp_path: Path) -> None:
    text = 'print("Test set: Accuracy: {}/{} ({:.0f}%)".format(correct, len(test_loader.dataset), 100 * correct))\n'
    assert steered(tmp_path, text)[0] == "test_Accuracy"
