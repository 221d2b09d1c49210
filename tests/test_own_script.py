"""A task of what is there: entries, knobs of all forms, metrics, other languages, and what runs of them show."""

import ast
import json
import shutil
import tomllib
from pathlib import Path, PurePosixPath

import pytest
from click.testing import CliRunner

from orgopt.api.labs import check_budget
from orgopt.basics.syntax import tree
from orgopt.cli import main
from orgopt.cli.shared.adopted import answered
from orgopt.errors import OrgoptError, TaskError, UsageError
from orgopt.foreign.draft import Answers, draft
from orgopt.foreign.editable import editable
from orgopt.foreign.results.elsewhere import shown_elsewhere
from orgopt.foreign.results.steering import steering
from orgopt.foreign.results.tables import held, keys
from orgopt.foreign.results.templates import shown
from orgopt.foreign.space import named_space, widened
from orgopt.foreign.survey import Survey, survey
from orgopt.lab.base import Experiment, Outcome, Status
from orgopt.lab.checking import check
from orgopt.lab.local import LocalLab
from orgopt.lab.sandbox.choice import Sandbox, using
from orgopt.lab.sandbox.inside.execute import python_words
from orgopt.lab.sandbox.inside.printed import Reading, read_metric
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Measure, Task
from orgopt.workspace import find_workspace
from tests.conftest import ROOT

OPTIONS = '''\
"""Fit a line."""
from __future__ import annotations
import argparse
import random

def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--learning-rate", "-l", type=float, default=0.1)
    parser.add_argument("--steps", type=int, default=2**4)
    parser.add_argument("--optimizer", choices=["sgd", "momentum"], default="sgd")
    parser.add_argument("--nesterov", action="store_true")
    parser.add_argument("--val-fraction", type=float, default=0.2)
    parser.add_argument("--seed", type=int, default=7)
    args = parser.parse_args()
    random.seed(args.seed)
    w = random.random()
    for step in range(args.steps):
        w -= args.learning_rate * (w - 3) * (0.5 if args.optimizer == "sgd" else 0.7)
        print(f"step {step}: val loss {(w - 3) ** 2:.6f}")
    print(f"Best validation loss: {(w - 3) ** 2:.6f} after {args.steps} steps")

if __name__ == "__main__":
    main()
'''


def written(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def adopted(folder: Path) -> Task:
    """The folder as the task that is made of it, without a run."""
    found = survey(folder)
    steers = found.steering
    (folder / "task.toml").write_text(draft(found, Answers(up=steers.up if steers else None)))
    return load_task(str(folder))


def knobs_in(folder: Path) -> dict[str, object]:
    return {knob.name: knob.default for knob in survey(folder).knobs}


def script(tmp_path: Path, text: str, **others: str) -> Survey:
    return survey(written(tmp_path / "c", **{"train.py": f"{text}\nprint('val_loss: 1')\n", **others}))


def outcome(task: Task, settings: dict[str, object] | None = None, seed: int = 1) -> Outcome:
    with LocalLab(task, 1, Sandbox.PROCESS) as lab:
        lab.submit(Experiment(id=1, settings=settings or {}, seed=seed))  # pyright: ignore[reportArgumentType]
        while True:
            for event in lab.wait(lab.now() + 60):
                assert isinstance(event, Outcome)
                return event


# How it is run


@pytest.mark.parametrize(
    ("files", "script", "run"),
    [
        ({"train.py": "print(1)", "model.py": "print(2)"}, "train.py", "python train.py"),
        ({"src/train.py": "print(1)", "src/evaluate.py": "print(2)"}, "src/train.py", "python src/train.py"),
        ({"main.py": "main()", "train.py": "def train():\n    pass\n"}, "main.py", "python main.py"),
        ({"fit_it.py": "run()", "README.md": "Then `uv run fit_it.py`."}, "fit_it.py", "python fit_it.py"),
        ({"go.py": "run()", "Makefile": "train:\n\tpython go.py\n"}, "go.py", "python go.py"),
        (
            {"src/train.py": "go()", "std/train_bc.py": "go()", "README.md": "`./.venv/bin/python -m std.train_bc`"},
            "std/train_bc.py",
            "python -m std.train_bc",
        ),
        (
            {
                "train.py": "p.add_argument('--data', required=True)\nprint(1)",
                "README.md": "```\npython train.py --data d.csv --epochs 3\n```",
            },
            "train.py",
            "python train.py --data d.csv",
        ),
        (
            {
                "train.py": "import sys\nc = load(sys.argv[1])\nprint(1)",
                "README.md": "`python train.py conf/b.yaml`",
                "conf/a.yaml": "lr: 0.1",
                "conf/b.yaml": "lr: 0.2",
            },
            "train.py",
            "python train.py conf/b.yaml",
        ),
        (
            {"train.py": "import sys\nc = load(sys.argv[1])\nprint(1)", "a.yaml": "lr: 0.1"},
            "train.py",
            "python train.py a.yaml",
        ),
        (
            {
                "train.py": "import sys\nc = load(sys.argv[1] if len(sys.argv) > 1 else 'b.yaml')\nprint(1)",
                "a.yaml": "lr: 0.1",
            },
            "train.py",
            "python train.py",
        ),
        (
            {
                "train.py": "import typer\ndef main(config: str, go: bool = False): pass\ntyper.run(main)",
                "conf/a.yml": "lr: 0.1",
                "README.md": "`python train.py conf/a.yml`",
            },
            "train.py",
            "python train.py conf/a.yml",
        ),
        ({"Cargo.toml": "", "src/main.rs": "fn main() {}"}, "", "cargo run --release"),
        ({"Cargo.toml": "", "src/bin/bench.rs": "fn main() {}"}, "", "cargo run --release --bin bench"),
        ({"Cargo.toml": "", "src/bin/train.rs": "fn main() {}"}, "", "cargo run --release --bin train"),
        (
            {
                "Cargo.toml": "",
                "src/lib.rs": "",
                "examples/xor.rs": "x.lr(0.1)",
                "examples/mnist.rs": "train(); test();",
            },
            "",
            "cargo run --release --example mnist",
        ),
        (
            {
                "a/plain.c": "int main() {}",
                "a/tiled.c": "// clang -O3 a/tiled.c && ./a.out\n#define BLOCK_X 4\nint main() {}",
            },
            "",
            "clang -O3 a/tiled.c && ./a.out",
        ),
        (
            {"tokenizer.py": "go()", "main_net.py": "LR = 0.1\ngo()", "README.md": "`python tokenizer.py`"},
            "main_net.py",
            "",
        ),
        ({"go.mod": "", "cmd/train/main.go": "package main"}, "", "go run ./cmd/train"),
        ({"Makefile": "run: prog\n\t./prog\n", "prog.c": "int main(void) {}"}, "", "make -s run"),
        ({"net.c": "", "train.c": "int main(void) {}"}, "", "cc -O2 train.c net.c -o program -lm && ./program"),
        (
            {"train.c": '#include "src/net.h"\nint main(void) {}', "src/net.h": "", "src/net.c": '#include "sum.h"\n'}
            | {"src/sum.h": "", "src/sum.c": "", "src/other.c": ""},
            "",
            "cc -O2 train.c src/net.c src/sum.c -o program -lm && ./program",
        ),
        (
            {"train.cpp": '#include "nn/net.h"\nint main() {}', "include/nn/net.h": ""},
            "",
            "c++ -O2 -std=c++17 -Iinclude train.cpp -o program -lm && ./program",
        ),
        (
            {"go.mod": "", "main.go": "package main", "README.md": "`go run . --seed 1 --lr 0.1 --epochs 9 --batch 4`"},
            "",
            "go run . --seed {SEED} --lr {LR} --epochs {EPOCHS} --batch {BATCH}",
        ),
        (
            {
                "strategy.py": "WINDOW = 3",
                "backtest.py": "import strategy\nprint(1)",
                "prepare.py": "print(2)",
                "program.md": "- Modify `strategy.py`, the only file you edit.\n\nYou cannot:\n- Modify `backtest.py`",
            },
            "strategy.py",
            "python backtest.py",
        ),
        (
            {"a.py": '"""The agent edits THIS file."""\nDEPTH = 3', "run.py": "import a\nprint(1)"},
            "a.py",
            "python run.py",
        ),
        ({"src/train.py": "from src.net import x\nprint(1)", "src/net.py": ""}, "src/train.py", "python -m src.train"),
        (
            {
                "train.py": "p.add_argument('--config', required=True)\nprint(1)",
                "configs/default.yaml": "lr: 0.1",
                "configs/big.yaml": "lr: 0.2",
            },
            "train.py",
            "python train.py --config configs/default.yaml",
        ),
    ],
)
def test_the_command_is_found(tmp_path: Path, files: dict[str, str], script: str, run: str) -> None:
    found = survey(written(tmp_path, **files)).entry
    assert (found.script, found.shell) == (script, run or f"python {script}")


def test_a_folder_in_which_nothing_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"nothing that looks like something to run.*run = '…'"):
        survey(written(tmp_path, **{"README.md": "Hello", "tests/test_x.py": "print(1)"}))


def test_what_a_script_needs_and_nothing_gives_is_said(tmp_path: Path) -> None:
    found = script(tmp_path, "p.add_argument('--data', required=True)\nLR = 0.1")
    assert found.lacks == ("--data",)
    assert "# The script needs --data: write it into run." in draft(found, Answers(up=False))


def test_words_that_a_script_takes_and_nothing_gives_are_said(tmp_path: Path) -> None:
    files = {"a.yaml": "lr: 0.1", "b.yaml": "lr: 0.2"}
    assert script(tmp_path, "import sys\nLR = read(sys.argv[1], sys.argv[2])", **files).lacks == (
        "2 words after its name (sys.argv)",
    )


def test_a_configuration_file_named_by_the_command_has_the_knobs(tmp_path: Path) -> None:
    folder = written(
        tmp_path,
        **{
            "train.py": "import sys, yaml\nc = yaml.safe_load(open(sys.argv[1]))\nprint('val_loss:', c['lr'] ** 2)\n",
            "conf/a.yaml": "lr: 0.5\nepochs: 3\n",
        },
    )
    task = adopted(folder)
    assert {knob.name for knob in task.knobs} == {"LR", "EPOCHS"}
    assert outcome(task, {"LR": 0.25}).metric == 0.0625


# Knobs


@pytest.mark.parametrize(
    ("text", "knobs"),
    [
        ("TOTAL = 2**19", {"TOTAL": 524288}),
        ("BETAS = (0.9, 0.95)", {"BETAS_0": 0.9, "BETAS_1": 0.95}),
        ("DROPOUT = 0.0\nWARMUP_STEPS = 0\nSHIFT = 0.0", {"DROPOUT": 0.0}),
        ("lr = 0.01\nx = 3", {"LR": 0.01}),
        ("batch_size = 5 * 8\nbatch_size //= n", {"BATCH_SIZE": 40}),
        ("lr = 0.01\ndef f():\n    lr = 3", {"LR": 0.01}),
        ("def train(epochs=9, lr=0.1, batch_size=4): pass\ntrain(3)", {"EPOCHS": 3, "LR": 0.1, "BATCH_SIZE": 4}),
        ("train(model, lr=0.1, opt={'gamma': 0.6, 'name': 'x'})", {"LR": 0.1, "GAMMA": 0.6}),
        ("m.compile(optimizer='adam')\nDropout(0.2)", {"OPTIMIZER": "adam", "DROPOUT": 0.2}),
        ("SVC(kernel='rbf', C=2.0)", {"KERNEL": "rbf", "C": 2.0}),
        ("target_update_interval = 50", {"TARGET_UPDATE_INTERVAL": 50}),
        ("p.add_argument('--bs', default='128')\ngradient_clip_val = 1.0", {"BS": 128, "GRADIENT_CLIP_VAL": 1.0}),
        ("n_embd = 64\ny.split(n_embd, dim=2)", {"N_EMBD": 64}),
        ("KIND = 'a'\nTABLE = {'a': 1, 'b': 2}\nTABLE[KIND]", {"KIND": "a"}),
        ("config = {'lr': 0.1, 'model': {'depth': 4}, 'out': 'x'}", {"LR": 0.1, "DEPTH": 4}),
        ("p.add_argument('--dim', type=float, default=4)", {"DIM": 4.0}),
        ("p.add_argument('--no-bias', action='store_true')", {"NO_BIAS": False}),
        ("p.add_argument('--lr', default='0.1', type=float)", {"LR": 0.1}),
        ("add = p.add_argument\nadd('--lr', type=float, default=0.1)\nadd('--seed', default=3)", {"LR": 0.1}),
        ("@click.option('--lr', default=0.1)\ndef f(lr): pass", {"LR": 0.1}),
        ("@click.option('--act', type=click.Choice(['a', 'b']), default='a')\ndef f(act): pass", {"ACT": "a"}),
        ("import typer\ndef main(lr: float = typer.Option(0.1), n_steps: int = 9): pass", {"LR": 0.1, "N_STEPS": 9}),
        ("@dataclass\nclass C:\n    lr: float = 1\n    name: str = 'x'", {"LR": 1.0}),
        ("class C(BaseModel):\n    lr: float = Field(0.1, gt=0.0, le=0.5)", {"LR": 0.1}),
        ("class C(BaseModel):\n    act: Literal['a', 'b'] = 'a'", {"ACT": "a"}),
        ("@dataclass\nclass C:\n    width: int = 8\nC(width=3)\nLR = 0.1", {"WIDTH": 3, "LR": 0.1}),
        ("lr = float(os.environ.get('LR', '0.6'))", {"LR": 0.6}),
        ("rate = env_float('MY_LR', .6)", {"MY_LR": 0.6}),
        ("Forest(n_estimators=50, max_depth=4, verbose=1)", {"N_ESTIMATORS": 50, "MAX_DEPTH": 4}),
        ("".join(f"D{k}_RATE = 0.1\n" for k in range(6)) + "Forest(depth=5)", {f"D{k}_RATE": 0.1 for k in range(6)}),
        ("def run(epochs=5, lr=0.1): pass\nrun(lr=0.2)", {"EPOCHS": 5, "LR": 0.2}),
        ("def main():\n    batch_size = 16\n    total = 3\n", {"BATCH_SIZE": 16}),
        ("KIND = 'a'  # 'a' | 'b'\nOTHER = 'a'  # as in the paper, or so", {"KIND": "a"}),
        ("class Cross(Strategy):\n    fast = 5\n    parameters = {'size': 0.1}", {"FAST": 5, "SIZE": 0.1}),
        ("nepochs = 9\nMIN_HOLD_DAYS = 25\nTEST_DAYS = 30", {"NEPOCHS": 9, "MIN_HOLD_DAYS": 25}),
        (
            "a = {'embed_dim': 1024}\nargs = {'embed_dim': 192}\nconfig = {'embed_dim': 1024}",
            {"EMBED_DIM": 192, "EMBED_DIM_2": 1024},
        ),
        ("kernel[grid](x, BLOCK_SIZE=128, num_warps=4)", {"BLOCK_SIZE": 128, "NUM_WARPS": 4}),
    ],
)
def test_knobs_are_found_in_all_forms(tmp_path: Path, text: str, knobs: dict[str, object]) -> None:
    found = script(tmp_path, text)
    assert {knob.name: knob.default for knob in found.knobs} == knobs
    tree(found.marked.source)  # it is Python still


def test_the_values_of_knobs_stand_where_their_literals_did(tmp_path: Path) -> None:
    text = (
        '"""Doc."""\nfrom __future__ import annotations\nimport os\nBETAS = (0.9, 0.95)\nTOTAL = 2**5  # tokens\n'
        "class C:\n    LR = 1\nconfig = dict(depth=4, drop_rate=0.0)\nrate = float(os.environ.get('RATE', '0.5'))\n"
    )
    folder = written(tmp_path / "c", **{"train.py": f"{text}print('val_loss: 1')\n"})
    task = adopted(folder)
    values = {"BETAS_0": 0.8, "TOTAL": 64, "DEPTH": 5, "RATE": 0.7, "DROP_RATE": 0.25}
    space: dict[str, object] = {"print": lambda *_: None}
    exec(compile(task.script_with(values), "train.py", "exec"), space)
    assert (space["BETAS"], space["TOTAL"], space["rate"]) == ((0.8, 0.95), 64, 0.7)
    assert space["config"] == {"depth": 5, "drop_rate": 0.25}
    assert space["__doc__"] == "Doc."


def test_what_measures_is_no_knob_in_any_form(tmp_path: Path) -> None:
    text = (
        "p.add_argument('--val-split', type=float, default=0.1)\np.add_argument('--eval-every', type=int, default=10)\n"
        "p.add_argument('--seed', type=int, default=1)\np.add_argument('--gap', type=int, default=3)\n"
        "make_splits(data, args.gap)\nLR = 0.1\n"
    )
    assert set(knobs_in(script(tmp_path, text).folder)) == {"LR"}
    settings = (
        "train:\n  lr: 0.1\n  batch_size: 8\neval:\n  batch_size: 16\nlogging:\n  depth: 3\ndata:\n  batch_size: 4\n"
    )
    found = script(tmp_path / "y", "open('conf.yaml')", **{"conf.yaml": settings})
    assert {knob.name: knob.default for knob in found.knobs} == {"LR": 0.1, "TRAIN_BATCH_SIZE": 8, "DATA_BATCH_SIZE": 4}


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        (
            "c.yaml",
            "lr: 5e-1  # rate\nnet:\n  act: relu\n  widths: [8, 16]\n",
            "lr: 0.25  # rate\nnet:\n  act: relu\n  widths: [8, 4]\n",
        ),
        ("c.yml", "a: {lr: 0.5, seed: 3}\n", "a: {lr: 0.25, seed: 5}\n"),
        ("c.json", '{"lr": 0.5,\n "net": {"depth": 2}}', '{"lr": 0.25,\n "net": {"depth": 2}}'),
        ("c.toml", "[opt]\nlr = 0.5 # rate\nname = 'adam'\n", "[opt]\nlr = 0.25 # rate\nname = 'adam'\n"),
    ],
)
def test_files_of_settings_keep_their_form(tmp_path: Path, name: str, before: str, after: str) -> None:
    folder = written(tmp_path / "c", **{"train.py": f"open('{name}')\nprint('val_loss: 1')\n", name: before})
    task = adopted(folder)
    values: dict[str, object] = {"LR": 0.25} | ({"WIDTHS_1": 4} if "widths" in before else {})
    known = {knob.name for knob in task.knobs}
    text = task.script_with({key: value for key, value in values.items() if key in known})  # pyright: ignore[reportArgumentType]
    assert task.files_with(text, 2)[name] == after
    assert (folder / name).read_text() == before


def test_seeds_of_files_move_where_they_serve_training_alone(tmp_path: Path) -> None:
    conf = "seed: 3\nlr: 0.1\ndata:\n  seed: 4\n"
    both = "c = load('conf.yaml')\nsplit_data(x, c['seed'])\nprint('val_loss: 1')\n"
    alone = "c = load('conf.yaml')\nmodel.fit(seed=c['seed'])\nprint('val_loss: 1')\n"
    for name, text, moved in (("a", alone, "seed: 10"), ("b", both, "seed: 3")):
        task = adopted(written(tmp_path / name, **{"train.py": text, "conf.yaml": conf}))
        found = task.files_with(task.source, 7)["conf.yaml"]
        assert found.startswith(moved)
        assert "  seed: 4" in found
        assert ("conf.yaml:1: seed (set from ORGOPT_SEED)" in task.seeds) == (name == "a")


@pytest.mark.parametrize("place", ["'conf'", "HERE"])
def test_hydra_files_and_modules_of_settings_are_found(tmp_path: Path, place: str) -> None:
    files = {
        "train.py": "import hydra\nfrom lib.config import Config\n"
        f"@hydra.main(config_path={place}, config_name='main')\n"
        "def run(cfg): print(f'val_loss: {1}')\n",
        "lib/__init__.py": "",
        "lib/config.py": "class Config:\n    hidden = 32\n",
        "conf/main.yaml": "defaults:\n  - opt: adam\n  - _self_\nepochs: 9\n",
        "conf/opt/adam.yaml": "lr: 0.1\n",
        "conf/opt/sgd.yaml": "lr: 0.5\n",
    }
    found = survey(written(tmp_path / "c", **files))
    assert set(found.files) == {"lib/config.py", "conf/main.yaml", "conf/opt/adam.yaml"}
    assert {knob.name: knob.default for knob in found.knobs} == {"HIDDEN": 32, "EPOCHS": 9, "LR": 0.1}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("train.c", "#define LR 0.5f /* rate */\nint main(void) { int hidden = 8; for (int k = 0; k < 3; k++); }"),
        ("sa.c", "#define lr 0.5\n#define hidden 8\nint x[hidden]={0};\n"),
        ("src/main.rs", "const LR: f64 = 0.5;\nfn main() { let hidden = 8usize; }"),
        ("main.go", 'package main\nconst hidden = 8\nvar lr = flag.Float64("lr", 0.5, "rate")\n'),
        ("train.js", "const LR = 0.5;\nlet hidden = 8;\n// let depth = 3;\n"),
    ],
)
def test_constants_of_other_languages(tmp_path: Path, name: str, text: str) -> None:
    toml = f"kind = 'script'\nrun = './it'\nfiles = ['{name}']\nmetric = 'loss'\ndirection = 'down'\n"
    task = load_task(str(written(tmp_path / "c", **{name: text, "task.toml": toml})))
    assert {knob.name: knob.default for knob in task.knobs} == {"LR": 0.5, "HIDDEN": 8}
    changed = task.files_with(task.script_with({"LR": 0.25, "HIDDEN": 4}), 1)[name]
    assert changed == text.replace("0.5", "0.25").replace("8", "4", 1)


def test_sources_that_are_not_built_have_no_knobs(tmp_path: Path) -> None:
    files = {"train.c": "int main(void) { int epochs = 9; }", "gpu/other.c": "int main(void) { int layers = 3; }"}
    assert knobs_in(written(tmp_path, **files)) == {"EPOCHS": 9}


SPACES = {
    "sweep.yaml": """
hydra:
  sweeper:
    params:
      opt.lr: tag(log, interval(0.001, 0.1))
      depth: range(1, 5)
      act: choice(a, b)
""",
    "space.json": """{
"lr": {"name": "FloatDistribution", "attributes": {"low": 0.001, "high": 0.1, "log": true}},
"depth": {"name": "IntDistribution", "attributes": {"low": 1, "high": 4}},
"act": {"name": "CategoricalDistribution", "attributes": {"choices": ["a", "b"]}}
}""",
    "tune.py": """
def objective(trial):
    trial.suggest_float('lr', 1e-3, 0.1, log=True)
    trial.suggest_int('depth', 1, 4)
    trial.suggest_categorical('act', ['a', 'b'])
""",
    "wandb.yaml": """
parameters:
  lr: {min: 0.001, max: 0.1, distribution: log_uniform_values}
  depth: {min: 1, max: 4}
  act: {values: [a, b]}
""",
}


@pytest.mark.parametrize(("name", "text"), SPACES.items())
def test_spaces_of_other_tools_are_read(tmp_path: Path, name: str, text: str) -> None:
    found = named_space(written(tmp_path, **{name: text}) / name)
    assert {key.rsplit(".", 1)[-1]: spec for key, spec in found.items()} == {
        "lr": "log 0.001..0.1",
        "depth": "int 1..4",
        "act": "one of a|b",
    }


def test_a_named_space_has_the_ranges_and_the_only_knobs(tmp_path: Path) -> None:
    files = {
        "train.py": "LR = 0.01\nWIDTH = 8\nDEPTH = 2\nprint('val_loss: 1')\n",
        "space.yaml": "lr: interval(0.001, 0.5)\ndepth: choice(1, 2, 3)\n",
        "task.toml": "kind = 'script'\nspace = 'space.yaml'\n",
    }
    task = load_task(str(written(tmp_path / "c", **files)))
    assert {knob.name: knob.range for knob in task.knobs} == {"LR": "0.001 … 0.5", "DEPTH": "1 | 2 | 3"}
    (tmp_path / "c" / "space.yaml").write_text("a: b\n")
    with pytest.raises(TaskError, match="no search space that is understood"):
        load_task(str(tmp_path / "c"))


def test_leave_and_knobs_of_task_toml(tmp_path: Path) -> None:
    toml = "kind = 'script'\nscript = 'train.py'\nleave = ['WIDTH']\n"
    files = {"train.py": "LR = 0.01\nWIDTH = 8\nprint('val_loss: 1')\n", "task.toml": toml}
    assert [knob.name for knob in load_task(str(written(tmp_path / "c", **files))).knobs] == ["LR"]
    toml = "kind = 'script'\nrun = './it --lr {LR}'\nknobs = 'LR = 0.1  # knob: log 0.01..1'\nmetric = 'loss'\n"
    task = load_task(str(written(tmp_path / "d", **{"task.toml": toml})))
    assert [(knob.name, knob.range) for knob in task.knobs] == [("LR", "0.01 … 1 (log)")]
    assert task.run == ("./it", "--lr", "{LR}")


# Metrics


def steered(tmp_path: Path, text: str, **others: str) -> tuple[str, bool | None]:
    found = survey(written(tmp_path / "c", **{"train.py": f"LR = 0.1\n{text}", **others})).steering
    assert found is not None
    return found.shown.name, found.up


@pytest.mark.parametrize(
    ("text", "name", "up"),
    [
        ("print(f'Epoch {e} | train loss {a:.3f} | val loss {b:.3f}')", "val_loss", False),
        ("print('Validation accuracy: %.2f%%' % acc)", "Validation_accuracy", True),
        ("print('RMSE: {:.3f}, R2: {:.3f}'.format(a, b))\nif r < best_rmse: best_rmse = r", "RMSE", False),
        ("logging.info('test_acc=' + str(acc))", "test_acc", True),
        ("log.info('epoch %d val mse %.4f', e, mse)", "val_mse", False),
        ("print(json.dumps({'val_f1': f, 'epoch': e}))", "val_f1", True),
        ("r = {'auc': a}\nprint(json.dumps({'train': {'auc': b}, 'val': r}))", "val_auc", True),
        ("line = f'val acc: {x}'\nprint(line)", "val_acc", True),
        ("print('val_loss:', a)\nprint('val_acc:', acc)\nif acc > best_acc: best_acc = acc", "val_acc", True),
        ("def evaluate():\n    print(f'loss: {x}')\nprint(f'loss {y}')", "loss", False),
        ("m = {'val_mse': 1, 'steps': 2}\nfor k, v in m.items(): print(f'{k}: {v}')", "val_mse", False),
        ("model.fit(x, y, validation_data=(a, b))", "val_loss", False),
        ("class M:\n    def step(self): self.log('val_auroc', x)\nM()", "val_auroc", True),
        ("print('Accuracy score is {:.4f}'.format(a))", "Accuracy_score", True),
        ("print(f'Error loading file: {e}')\nprint(f'dice: {d}')", "dice", True),
        ("print(f'Train - Loss: {a}, Acc: {b}')\nprint(f'Val - Loss: {c}, Acc: {d}')", "val_Acc", True),
        ("print(f'train: loss={a} acc={b} - test: loss={c} acc={d}')", "test_acc", True),
        ("print(f'val {losses[k]:.4f}')", "val", False),
        ("print0(f'train loss {a:.3f}')", "train_loss", False),
        ("print(f'Mean Sharpe (all windows) : {s}')", "Mean_Sharpe", True),
        ("for k in ['val_mse', 'n']:\n    print(f'{k}={m[k]}')", "val_mse", False),
        ("def log0(text):\n    print(text)\nlog0(f'final_int8_exact val_bpb: {x} size: {n}')", "val_bpb", False),
        ("print(f'loss {a}')\nprint(f'val loss {b}')", "val_loss", False),
        ("log.info(f'model with best validation loss {x}')", "best_validation_loss", False),
        ("progress_bar(i, 'Loss: %.3f | Acc: %.3f' % (a, b))", "Acc", True),
        ("pbar.set_postfix({'val_loss': x})", "val_loss", False),
        ("PPO('MlpPolicy', env).learn(total_timesteps=9)", "ep_rew_mean", True),
        ("print(f'{name} best score: {g.best_score_}')", "best_score", True),
        ("print(f'Failed to load\\n({x})')\nprint(f'val acc: {y}')", "val_acc", True),
        ("from dvclive import Live\nwith Live() as live: live.log_metric('f1_score', f1(y))", "f1_score", True),
    ],
)
def test_the_metric_is_found_in_what_is_printed(tmp_path: Path, text: str, name: str, up: bool) -> None:
    assert steered(tmp_path, text) == (name, up)


def test_a_seed_of_any_option_is_set(tmp_path: Path) -> None:
    found = script(tmp_path, "add = p.add_argument\nadd('--random-state', default=42)\nadd('--lr', default=0.1)")
    assert [note.rsplit("(", 1)[-1] for note in found.parts.seeds] == ["set from ORGOPT_SEED)"]


def test_what_is_computed_from_test_data_says_so(tmp_path: Path) -> None:
    found = script(tmp_path, "m = {'roc_auc': auc(y_test, p)}\nfor k, v in m.items(): print(f'{k}: {v}')")
    assert found.steering is not None
    assert (found.steering.shown.name, found.steering.on_test, found.steering.test) == ("roc_auc", True, False)
    assert "# It is computed from what the script calls test data" in draft(found, Answers(up=True))


def test_streams_and_sums_of_other_languages_are_read(tmp_path: Path) -> None:
    for name, text in {
        "train.cpp": 'int main() { std::cout << "epoch " << e << " val loss: " << std::fixed << loss << "\\n"; }',
        "Train.java": 'class Train { void main() { System.out.println("val loss: " + loss); } }',
    }.items():
        found = steering(tmp_path, {}, {name: text})
        assert found is not None
        assert (found.shown.name, found.up) == ("val_loss", False)


def test_better_below_a_formula_is_of_what_it_gives(tmp_path: Path) -> None:
    goal = "The metric is:\n\n```\nscore = mse + 0.1 * size\n```\n\nLower is better."
    text = "print(f'score: {s}')\nprint(f'val_mse: {m}')"
    assert steered(tmp_path, text, **{"program.md": goal}) == ("score", False)


def test_what_a_document_says_counts_first(tmp_path: Path) -> None:
    text = "print(f'val_loss: {a}')\nprint(f'val_cost: {b}')\n"
    assert steered(tmp_path, text, **{"program.md": "Goal: minimize val_cost."}) == ("val_cost", False)


@pytest.mark.parametrize(
    "line",
    ["f'Epoch {1}: train loss {9:.3f}, val loss {0.25:.4f} ({3}s)'", "'val loss = %.3e' % 0.25", "'val loss', 0.25"],
)
def test_the_pattern_finds_what_the_script_prints(line: str) -> None:
    code = f"print({line})"
    printed: list[str] = []
    exec(code, {"print": lambda *words: printed.append(" ".join(map(str, words)))})
    (one,) = (one for one in shown(tree(code), "train.py") if one.name == "val_loss")
    assert read_metric(f"val loss 7\n{printed[0]}\n".encode(), "val_loss", Reading(one.pattern)) == 0.25


@pytest.mark.parametrize(
    ("output", "reading", "value"),
    [
        (b"acc 0.5\nacc 0.75\ndone", Reading(r"acc ([\d.]+)"), 0.75),
        (b'{"val": 1.0}\nnoise\n{"val": 0.5, "x": 2}\nbye', Reading(key="val"), 0.5),
        (b'{"a": {"b": 3}}', Reading(key="a.b"), 3.0),
        (b'[{"loss": 2}, {"loss": 1.5}]', Reading(file="m.json", key="loss"), 1.5),
        (b"epoch,val\n1,0.5\n2,0.25\n", Reading(file="log.csv", key="val"), 0.25),
    ],
)
def test_metrics_by_pattern_json_and_table(output: bytes, reading: Reading, value: float) -> None:
    assert read_metric(output, "m", reading) == value


@pytest.mark.parametrize(
    ("output", "reading", "error"),
    [
        (b"nothing", Reading(r"acc ([\d.]+)"), "printed nothing that"),
        (b"acc nan", Reading(r"acc (\S+)"), "not finite"),
        (b'{"x": 1}', Reading(key="val"), "no JSON of its output has 'val'"),
        (b"a,b\n1,2\n", Reading(file="l.csv", key="val"), "no column 'val'"),
    ],
)
def test_a_metric_that_is_not_there_is_refused(output: bytes, reading: Reading, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        read_metric(output, "m", reading)


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("pattern = 'acc [0-9]'", "regular expression with one group"),
        ("pattern = '('", "regular expression with one group"),
        ("metric_file = '/etc/passwd'", "path of a file in the folder"),
        ("files = 'x'", "a list"),
        ("files = ['gone.yaml']", "has no gone.yaml"),
        ("run = 'a \"b'", "No closing quotation"),
    ],
)
def test_what_task_toml_says_wrongly_is_refused(tmp_path: Path, line: str, error: str) -> None:
    toml = f"kind = 'script'\nscript = 'train.py'\n{line}\n"
    files = {"train.py": "LR = 0.1\nprint('val_loss: 1')", "task.toml": toml}
    with pytest.raises(OrgoptError, match=error):
        load_task(str(written(tmp_path / "c", **files)))


# Runs


@pytest.mark.slow
def test_an_ordinary_script_runs_with_its_knobs(tmp_path: Path) -> None:
    task = adopted(written(tmp_path / "c", **{"train.py": OPTIONS}))
    assert (task.metric, task.run) == ("Best_validation_loss", ("python", "train.py"))
    assert {knob.name for knob in task.knobs} == {"LEARNING_RATE", "STEPS", "OPTIMIZER", "NESTEROV"}
    plain, moved = outcome(task), outcome(task, {"LEARNING_RATE": 0.2, "OPTIMIZER": "momentum"})
    assert plain.status is moved.status is Status.OK
    assert plain.metric is not None
    assert moved.metric is not None
    assert moved.metric < plain.metric


def test_a_script_below_finds_what_lies_beside_it_with_its_values(tmp_path: Path) -> None:
    files = {
        "src/train.py": "import json, settings\nfrom pathlib import Path\nc = json.load(open('conf/c.json'))\n"
        "print(f'val loss is {settings.LR + c[\"depth\"]}')\n",
        "src/settings.py": "LR = 0.5\n",
        "conf/c.json": '{"depth": 4}',
    }
    task = adopted(written(tmp_path / "c", **files))
    assert outcome(task, {"LR": 0.25, "DEPTH": 6}).metric == 6.25


@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no compiler")
def test_a_program_in_another_language(tmp_path: Path) -> None:
    code = '#include <stdio.h>\n#define LR 0.5\nint main(void) { printf("epoch 1, val loss: %f\\n", LR * 4); }\n'
    task = adopted(written(tmp_path / "c", **{"train.c": code}))
    assert (task.script, task.metric) == ("knobs.py", "val_loss")
    assert "val_loss that cc -O2 train.c" in task.brief
    found = outcome(task, {"LR": 0.25})
    assert (found.status, found.metric) == (Status.OK, 1.0)


def test_a_command_alone_says_which_script_has_the_knobs(tmp_path: Path) -> None:
    toml = "kind = 'script'\nrun = 'python -u train.py'\nmetric = 'loss'\ndirection = 'down'\n"
    task = load_task(str(written(tmp_path / "c", **{"train.py": "LR = 0.5\nprint('loss:', LR)\n", "task.toml": toml})))
    assert (task.script, [knob.name for knob in task.knobs]) == ("train.py", ["LR"])


def test_a_package_below_src_is_found_with_its_values(tmp_path: Path) -> None:
    folder = written(
        tmp_path / "c",
        **{
            "scripts/train.py": "from net.config import Config\nprint('val_loss:', Config().lr ** 2)\n",
            "src/net/config.py": "class Config:\n    lr = 0.5\n    epochs = 3\n",
        },
    )
    assert outcome(adopted(folder), {"LR": 0.25}).metric == 0.0625


def test_words_of_a_command_are_filled_and_a_file_is_read(tmp_path: Path) -> None:
    code = "import json, sys\nk = json.load(open(sys.argv[2]))\nloss = float(sys.argv[1]) + k['SEED']\n"
    code += "json.dump({'loss': loss}, open('m.json', 'w'))\n"
    toml = (
        "kind = 'script'\nrun = \"sh -c 'python3 go.py {LR} {config}'\"\nknobs = 'LR = 0.5  # knob: 0..1'\n"
        "metric = 'loss'\nmetric_file = 'm.json'\nmetric_key = 'loss'\n"
    )
    task = load_task(str(written(tmp_path / "c", **{"go.py": code, "task.toml": toml})))
    assert outcome(task, {"LR": 0.75}, seed=3).metric == 3.75


def test_a_metric_in_a_folder_that_the_script_makes(tmp_path: Path) -> None:
    code = (
        "import json, pathlib\nLR = 0.5\nout = pathlib.Path('runs') / str(7)\nout.mkdir(parents=True)\n"
        "file = out / 'scores.json'\nwith open(file, 'w') as f:\n    json.dump({'val': {'loss': LR * 4}}, f)\n"
    )
    task = adopted(written(tmp_path / "c", **{"train.py": code, "old/scores.json": '{"val": {"loss": 9}}'}))
    assert (task.metric, task.metric_file, task.metric_key) == ("val_loss", "scores.json", "val.loss")
    assert outcome(task, {"LR": 0.25}).metric == 1.0


def test_an_option_of_the_script_is_not_one_of_python() -> None:
    assert python_words(["python", "-u", "train.py", "-u", "5"]) == ["train.py", "-u", "5"]


def test_a_program_that_is_not_there_fails_in_plain_words(tmp_path: Path) -> None:
    toml = "kind = 'script'\nrun = './nothing'\nknobs = 'LR = 0.5  # knob: 0..1'\nmetric = 'loss'\n"
    found = outcome(load_task(str(written(tmp_path / "c", **{"task.toml": toml}))))
    assert (found.status, found.error) == (Status.CRASHED, "./nothing: No such file or directory")


def test_a_check_shows_which_knobs_arrive(tmp_path: Path) -> None:
    text = OPTIONS.replace("args = parser.parse_args()", "args = parser.parse_args()\n    args.steps = 9")
    text = f"UNUSED_SCALE = 3.0\nUNUSED_SCALE = 3.0 if UNUSED_SCALE else 1.0\n{text}"
    with using(Sandbox.PROCESS):
        found = check(adopted(written(tmp_path / "c", **{"train.py": OPTIONS})))
    assert set(found.read) == {"LEARNING_RATE", "STEPS", "OPTIMIZER", "NESTEROV"}
    assert (len(found.metrics), found.unproven, found.failed) == (2, {}, None)
    assert found.noise > 0
    assert any("Best validation loss" in line for line in found.varied)


@pytest.mark.slow
def test_a_check_names_a_knob_that_does_not_arrive(tmp_path: Path) -> None:
    text = "import os\nimport settings\nlr = settings.choose()\nprint('val_loss:', lr)\n"
    other = "DEPTH = 3\nLR_INIT = 0.1\ndef choose():\n    global DEPTH\n    DEPTH = 7\n    return LR_INIT\n"
    toml = (
        "kind = 'script'\nrun = 'python train.py'\nscript = 'train.py'\nfiles = ['settings.py']\nmetric = 'val_loss'\n"
    )
    folder = written(tmp_path / "c", **{"train.py": text, "settings.py": other, "task.toml": toml})
    with using(Sandbox.PROCESS):
        found = check(load_task(str(folder)))
    assert found.read == ("LR_INIT",)
    assert "DEPTH" not in found.read


def test_a_check_says_what_is_wrong(tmp_path: Path) -> None:
    text = "LR = 0.1\nprint('starting')\nraise SystemExit('no data here')\nprint('val_loss: 1')\n"
    with using(Sandbox.PROCESS):
        found = check(adopted(written(tmp_path / "c", **{"train.py": text})), runs=1)
    assert found.failed is not None
    assert "no data here" in found.failed.error
    assert "starting" in found.output


# The command


def test_init_makes_a_task_and_a_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "mine", **{"train.py": OPTIONS})
    with using(Sandbox.PROCESS):
        done = CliRunner().invoke(main, ["init", "lab", "--task", "mine"])
    assert done.exit_code == 0, done.output
    assert "Best_validation_loss, less is better" in done.output
    assert "Found where the script reads them: LEARNING_RATE" in done.output
    toml = (tmp_path / "mine" / "task.toml").read_text()
    assert 'direction = "down"' in toml
    assert '# metric = "val_loss"  # is shown, too' in toml
    assert f'task = "{tmp_path / "mine"}"' in (tmp_path / "lab" / "orgopt.toml").read_text()
    assert {path.name for path in (tmp_path / "mine").iterdir()} == {"train.py", "task.toml"}
    again = CliRunner().invoke(main, ["init", "other", "--task", "mine", "--no-try"])
    assert again.exit_code == 0, again.output
    assert "a task as it stands" in again.output
    assert (tmp_path / "mine" / "task.toml").read_text() == toml


def test_init_leaves_what_is_unsure_as_lines_to_decide(tmp_path: Path) -> None:
    written(tmp_path / "mine", **{"train.py": "LR = 0.1\nprint(LR)\n"})
    done = CliRunner().invoke(main, ["init", "--task", str(tmp_path / "mine"), "--no-try"])
    assert done.exit_code == 0, done.output
    assert "To decide:" in done.output
    toml = (tmp_path / "mine" / "task.toml").read_text()
    assert "# Decide: which number steers?" in toml
    (tmp_path / "mine" / "task.toml").write_text(toml + "metric = 'x'\ndirection = 'up'\n")
    assert load_task(str(tmp_path / "mine")).metric == "-x"


def test_init_refuses_what_has_nothing_to_turn(tmp_path: Path) -> None:
    written(tmp_path / "mine", **{"train.py": "print('val_loss: 1')\n"})
    done = CliRunner().invoke(main, ["init", "--task", str(tmp_path / "mine")])
    assert done.exit_code != 0
    assert "has nothing that could be turned" in done.output
    assert "with a number in train.py." in done.output
    assert not (tmp_path / "mine" / "task.toml").exists()
    written(tmp_path / "c", **{"a.c": "// gcc a.c -o a && ./a\nint main() { return 0; }\n"})
    done = CliRunner().invoke(main, ["init", "--task", str(tmp_path / "c")])
    assert "with a number in its files." in done.output


@pytest.mark.slow
def test_check_speaks_json(tmp_path: Path) -> None:
    folder = written(tmp_path / "mine", **{"train.py": OPTIONS})
    adopted(folder)
    with using(Sandbox.PROCESS):
        done = CliRunner().invoke(main, ["task", str(folder), "--check", "--json"])
    data = json.loads(done.stdout)
    assert (data["status"], data["unproven"]) == (["ok", "ok"], {})
    assert data["seconds"] > 0


def asked(monkeypatch: pytest.MonkeyPatch, found: Survey, *said: str) -> Answers:
    answers = iter(said)
    monkeypatch.setattr("orgopt.cli.shared.adopted.asks", lambda: True)
    monkeypatch.setattr("click.prompt", lambda *_, **__: next(answers))
    return answered(found)


def test_what_is_unsure_is_asked_in_a_terminal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = script(tmp_path, "LR = 0.1\nprint(f'val_acc: {a}')\nprint(f'val_fitness: {b}')")
    assert asked(monkeypatch, found, "val_fitness", "more") == Answers(metric="val_fitness", up=True)
    assert asked(monkeypatch, found, "val_acc") == Answers(metric="val_acc", up=True)
    text = draft(found, Answers(metric="val_fitness", up=True))
    assert 'metric = "val_fitness"' in text
    assert '# metric = "val_acc"  # is shown, too' in text
    test = script(tmp_path / "t", "LR = 0.1\nprint(f'test_acc: {a}')").steering
    assert test is not None
    assert not test.sure


# The user's folder, and budgets


def test_results_of_a_command_in_a_checkout_go_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    plain = written(tmp_path / "plain", **{"notes.txt": ""})
    bare = written(tmp_path / "bare", **{"train.py": "", "prepare.py": ""})
    named = written(tmp_path / "named", **{"task.toml": "kind = 'script'\n", "src/a.py": ""})
    judged = written(tmp_path / "judged", **{"task.toml": "title = 'x'\n", "train.py": "", "prepare.py": ""})
    for folder, inside in ((plain, False), (judged, False), (bare, True), (named, True), (named / "src", True)):
        monkeypatch.chdir(folder)
        assert find_workspace().is_relative_to(tmp_path / "state" / "orgopt") == inside
        assert inside or find_workspace() == folder
    monkeypatch.chdir(named / "src")
    assert find_workspace().name.startswith("named-")
    (named / "orgopt.toml").touch()
    assert find_workspace() == named


def test_a_refused_command_leaves_a_checkout_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    folder = written(
        tmp_path / "c", **{"train.py": "LR = 0.1\nprint('val_loss: 1')\n", "prepare.py": "TIME_BUDGET = 9\n"}
    )
    before = sorted(folder.iterdir())
    monkeypatch.chdir(folder)
    done = CliRunner().invoke(
        main, ["compare", str(ROOT / "orgs" / "solo.md"), "optuna:tpe", "--task", ".", "--budget", "2s"]
    )
    assert done.exit_code == 2
    assert "too small for one experiment" in done.output
    assert sorted(folder.iterdir()) == before
    assert not (tmp_path / "state").exists()


def test_budgets_are_checked_against_what_was_measured(tmp_path: Path) -> None:
    folder = written(tmp_path / "c", **{"train.py": "LR = 0.1\nprint('val_loss: 1')\n", "prepare.py": ""})
    task = load_task(str(folder))
    check_budget(1.0, {"c": task}, tmp_path)  # nobody knows yet
    measured = task.with_baseline(Measure(metric=1.0, heldout=1.0, sd=0.1, seeds=3, seconds=0.5))
    assert (measured.think_s, measured.meeting_s) == (0.05, pytest.approx(0.5 / 30))
    check_budget(1.0, {"c": measured}, tmp_path)
    with pytest.raises(UsageError, match=r"takes about 0.55 s with the thinking before it as measured here"):
        check_budget(0.5, {"c": measured}, tmp_path)
    timed = written(
        tmp_path / "d", **{"train.py": "LR = 0.1\nprint('val_loss: 1')\n", "prepare.py": "TIME_BUDGET = 30\n"}
    )
    with pytest.raises(UsageError, match="takes about 33 s"):
        check_budget(10.0, {"d": load_task(str(timed))}, tmp_path)


def test_nothing_of_test_data_steers_unless_somebody_says_so(tmp_path: Path) -> None:
    found = script(tmp_path, "LR = 0.1\nprint(f'test_acc: {a}')")
    lines = tomllib.loads(draft(found, answered(found)))
    assert "metric" not in lines
    assert '# metric = "test_acc"' in draft(found, answered(found))
    assert tomllib.loads(draft(found, Answers(metric="test_acc", up=True)))["metric"] == "test_acc"


@pytest.mark.parametrize("name", ["val_loss_reduction", "val_accuracy_drop", "val_loss_gain"])
def test_a_direction_that_a_name_leaves_open_is_not_guessed(tmp_path: Path, name: str) -> None:
    found = script(tmp_path, f"LR = 0.1\nprint(f'{name}: {{a}}')").steering
    assert found is not None
    assert (found.shown.name, found.up, found.sure) == (name, None, False)


def test_a_chain_of_cout_is_read_at_once_whatever_quotes_it_has(tmp_path: Path) -> None:
    chain = " ".join(f'<< "a{i}: " << a{i}' for i in range(20))
    text = f"int main() {{ std::cout {chain} << '\\'' << std::endl; std::cout << R\"(\nx\n)\" {chain} << 1;\n}}\n"
    found = {name for one in shown_elsewhere(text, "main.cpp") for name in [one.name]}
    assert {"a0", "a19"} <= found


@pytest.mark.parametrize(
    "said",
    [
        "`world.py` is the only file you must not modify.",
        "You should avoid changing `world.py`.",
        "Nobody edits world.py, which judges.",
        "|" + ("-" * 60 + "|") * 400,
    ],
    ids=["only", "avoid", "nobody", "a long row"],
)
def test_a_file_that_documents_keep_from_agents_is_not_the_one_to_change(tmp_path: Path, said: str) -> None:
    (tmp_path / "README.md").write_text(f"# Game\n\n{said}\n")
    for name in ("world.py", "model.py"):
        (tmp_path / name).write_text("print(1)\n")
    assert "world.py" not in editable(tmp_path, [PurePosixPath("model.py"), PurePosixPath("world.py")])


@pytest.mark.parametrize(
    ("makefile", "program"),
    [
        (".SHELLFLAGS := -eu -o pipefail -c\nTARGET := sim\n", "./sim"),
        ("main.o: main.c\n\tgcc -c main.c -o main.o\nsim: main.o\n\tgcc main.o -o sim\n", "./sim"),
    ],
)
def test_what_a_makefile_builds_is_its_program(tmp_path: Path, makefile: str, program: str) -> None:
    (tmp_path / "Makefile").write_text(makefile)
    (tmp_path / "main.c").write_text("#define LR 0.5\nint main() { return 0; }\n")
    assert program in " ".join(survey(tmp_path).entry.run)


@pytest.mark.parametrize(
    ("name", "text", "knobs", "metric"),
    [
        (
            "main.go",
            'c := Config{NEmbd: 16, NHead: 4}\nfmt.Errorf("load error: %f", e)\nfmt.Printf("loss %.4f", l)',
            {"NEMBD": 16, "NHEAD": 4},
            ("loss", False),
        ),
        (
            "src/main.rs",
            'T::new().batch_size(20).push(3).with(SGD::new(0.5));\nprintln!("test accuracy:\\t{}", a);',
            {"BATCH_SIZE": 20, "SGD": 0.5},
            ("test_accuracy", True),
        ),
        (
            "mm.c",
            '#define N 64\n#define BLOCK_X 4\nint main() { printf("GFLOP/s: %f", g); }',
            {"BLOCK_X": 4},
            ("GFLOP_s", True),
        ),
    ],
)
def test_programs_in_other_languages_are_read_by_their_forms(
    tmp_path: Path, name: str, text: str, knobs: dict[str, object], metric: tuple[str, bool]
) -> None:
    builds = {"go.mod": ""} if name.endswith(".go") else {"Cargo.toml": ""} if name.endswith(".rs") else {}
    found = survey(written(tmp_path / "c", **{name: text, **builds}))
    assert {knob.name: knob.default for knob in found.knobs} == knobs
    assert found.steering is not None
    assert (found.steering.shown.name, found.steering.up) == metric


@pytest.mark.parametrize(
    ("spec", "value", "wide"),
    [
        ("log 1e-05..0.005", 0.01, "log 1e-05..0.01"),
        ("int 2..4", 3, "int 2..4"),
        ("int 2..4", 9, "int 2..9"),
        ("one of 8|12", 16, "one of 16|8|12"),
        ("one of a|b", "a", "one of a|b"),
        ("log 0.1..1", 0.0, "log 0.1..1"),
    ],
)
def test_a_named_range_reaches_as_far_as_the_untouched_value(spec: str, value: float | str, wide: str) -> None:
    assert widened(spec, value) == wide


def test_json_lines_that_go_to_a_file_are_read_from_it(tmp_path: Path) -> None:
    text = "import json\nLR = 0.1\nwith open('out.jsonl', 'w') as f:\n"
    text += "    f.write(json.dumps({'val_acc': 1 - LR}) + '\\n')\n"
    folder = written(tmp_path / "c", **{"train.py": text})
    assert "metric_file" in draft(survey(folder), Answers(up=True))
    assert outcome(adopted(folder)).metric == -0.9


def test_what_cannot_be_read_or_is_no_folder_is_said(tmp_path: Path) -> None:
    folder = written(tmp_path / "c", **{"train.py": "def f(:\n"})
    with pytest.raises(TaskError, match=r"train.py:1: it is not Python"):
        survey(folder)
    for task, words in (
        (folder / "train.py", "is a file: name its folder"),
        (tmp_path / "none", "is no folder: --task"),
    ):
        assert words in CliRunner().invoke(main, ["init", "--task", str(task)]).output.replace("\n", " ")


def test_many_files_of_data_do_not_hide_the_script(tmp_path: Path) -> None:
    files = {f"data/{k}.txt": "" for k in range(420)} | {f"a/b/c{k}.py": "" for k in range(420)}
    assert survey(written(tmp_path, **files, **{"src/train.py": "print(1)"})).entry.script == "src/train.py"


def test_defaults_of_what_a_script_makes_elsewhere_are_knobs(tmp_path: Path) -> None:
    agent = "class Agent:\n    def __init__(self, n, gamma=0.9, lr=0.1):\n        pass\n"
    assert knobs_in(script(tmp_path, "from agent import Agent\nAgent(3, lr=0.2)", **{"agent.py": agent}).folder) == {
        "LR": 0.2,
        "GAMMA": 0.9,
    }


def test_what_a_script_sends_to_a_tracker_alone_is_said(tmp_path: Path) -> None:
    found = survey(written(tmp_path / "c", **{"train.py": "lr = 0.1\nwandb.log({'val/loss': x, 'lr': lr})\n"}))
    assert found.steering is not None
    text = draft(found, Answers(up=found.steering.up))
    assert 'metric = "val/loss"  # train.py sends it to a tracker alone' in text
    assert 'metric_file = "tracked.jsonl"' in text
    assert load_task(str(written(tmp_path / "c", **{"task.toml": text}))).metric_key == "val/loss"


def test_modules_that_configuration_files_name_are_read(tmp_path: Path) -> None:
    files = {
        "train.py": "import hydra\nlr = 0.1\nhydra.utils.instantiate(cfg.model)\n",
        "conf/model.yaml": "_target_: net.module.Net\nwidth: 4\n",
        "net/module.py": "class Net(L):\n    def step(self): self.log('val_loss', x)\n",
    }
    steers = survey(written(tmp_path / "c", **files)).steering
    assert steers is not None
    assert steers.shown.name == "val_loss"


def test_a_table_that_holds_what_its_name_stood_for_is_read_once() -> None:
    tree = ast.parse('acc = 0.5\nacc = {"acc": acc, "n": 3}\n')
    assert keys(ast.parse("acc", mode="eval").body, held(tree)) == ["acc", "n"]
