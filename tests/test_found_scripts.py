"""Which script of a stranger's folder is run and how, and settings that calls and commands give, a kind each."""

from pathlib import Path

import pytest

from orgopt.errors import TaskError
from orgopt.foreign.survey import Survey, survey
from orgopt.tasks.folder import load_task
from orgopt.tasks.knob import parse_knobs

SHOWS = 'print(f"val_loss: {loss}")\n'
PARSER = "import argparse\np = argparse.ArgumentParser()\n"


def found(folder: Path, **files: str) -> Survey:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return survey(folder)


def values(survey: Survey) -> dict[str, object]:
    return {knob.name: knob.default for knob in survey.knobs}


@pytest.mark.parametrize(
    ("files", "run"),
    [
        ({"ants.py": f"import grid\nrho = 0.5\nloss = grid.f(rho)\n{SHOWS}", "grid.py": "print(1)\n"}, "ants.py"),
        ({"reinforce_main.py": f"lr = 0.1\n{SHOWS}", "policy.py": "def f(): pass\n"}, "reinforce_main.py"),
        # A module that another takes and that shows the goal itself.
        (
            {
                "src/main.py": f"from train import train\nlr = 0.1\nloss = train(lr)\n{SHOWS}",
                "src/train.py": "def train(lr):\n    print(f'Loss: {lr}')\nif __name__ == '__main__':\n    train(1)\n",
            },
            "src/main.py",
        ),
        ({"train_svm.py": "C = 2.0\nfit(C)\n", "network.py": f"lr = 0.1\nloss = f(lr)\n{SHOWS}"}, "network.py"),
        # Of two as likely, the one that measures on unseen data.
        ({"pretrain.py": "lr = 0.1\nprint(f'loss: {x}')\n", "finetune.py": f"lr = 0.1\n{SHOWS}"}, "finetune.py"),
        # What trains says nothing, and its file counts all the same: it may send its results elsewhere.
        ({"train.py": "lr = 0.1\nwandb.log({'val_loss': f(lr)})\n", "toy.py": SHOWS}, "train.py"),
        ({"a.py": "x = 1\nprint('Hello')\n"}, "a.py"),
    ],
)
def test_the_script_is_the_one_that_shows_the_goal(tmp_path: Path, files: dict[str, str], run: str) -> None:
    assert found(tmp_path, **files).entry.shell == f"python {run}"


def test_scripts_of_which_none_shows_anything_are_named(tmp_path: Path) -> None:
    with pytest.raises(TaskError, match=r"name one of its scripts with --script \(a\.py, b\.py\)"):
        found(tmp_path, **{"a.py": "print('a')\n", "b.py": "print('b')\n"})


@pytest.mark.parametrize(
    ("text", "more", "run"),
    [
        ("p.add_argument('--lr', type=float, required=True)\n", {}, "--lr {LR}"),
        ("p.add_argument('--epochs')\n", {}, "--epochs {EPOCHS}"),  # what has no default is none
        ("p.add_argument('--train', action='store_true')\n", {}, "--train"),
        ("p.add_argument('--debug', action='store_true')\n", {}, ""),
        ("p.add_argument('--yaml_path', type=str)\n", {"conf/a.yaml": "lr: 0.1\n"}, "--yaml_path conf/a.yaml"),
        ("p.add_argument('--config', default='gone.yaml')\n", {"conf/a.yaml": "lr: 0.1\n"}, "--config conf/a.yaml"),
        ("p.add_argument('--config', default='a.yaml')\n", {"a.yaml": "lr: 0.1\n"}, ""),
        ("p.add_argument('--out', type=str)\n", {}, ""),
        ("flags.DEFINE_string('config', 'gone.yaml', '')\n", {"a.yaml": "lr: 0.1\n"}, "--config a.yaml"),
    ],
)
def test_a_command_has_what_its_script_does_nothing_without(
    tmp_path: Path, text: str, more: dict[str, str], run: str
) -> None:
    readme = "```\npython train.py --lr 0.01 --epochs 5\n```\n"
    survey = found(tmp_path, **{"train.py": f"{PARSER}{text}loss = f(p)\n{SHOWS}", "README.md": readme, **more})
    assert survey.entry.shell == f"python train.py {run}".strip()


def test_numbers_of_the_command_are_knobs_beside_those_of_the_script(tmp_path: Path) -> None:
    script = f"{PARSER}p.add_argument('--lr', type=float, required=True)\nWIDTH = 64\nloss = f(p)\n{SHOWS}"
    survey = found(tmp_path, **{"train.py": script, "README.md": "python train.py --lr 0.01\n"})
    assert values(survey) == {"LR": 0.01, "WIDTH": 64}
    toml = "kind = 'script'\nrun = 'python train.py --lr {LR}'\nscript = 'train.py'\nmetric = 'val_loss'\n"
    (tmp_path / "task.toml").write_text(f'{toml}knobs = """\n{survey.entry.knobs}"""\n')
    task = load_task(str(tmp_path))
    assert {knob.name: knob.default for knob in task.knobs} == {"LR": 0.01, "WIDTH": 64}
    assert parse_knobs(task.script_with({"LR": 0.02}), "train.py")[0].default == 0.02


def test_a_command_may_name_its_script_from_a_folder_below(tmp_path: Path) -> None:
    text = f"{PARSER}p.add_argument('--epochs')\nloss = f(p)\n{SHOWS}"
    survey = found(tmp_path, **{"src/train.py": text, "README.md": "cd src\npython train.py --epochs 3\n"})
    assert survey.entry.shell == "python src/train.py --epochs {EPOCHS}"


def test_a_pipeline_of_dvc_is_run_to_the_stage_that_shows_the_result(tmp_path: Path) -> None:
    stages = "".join(f"  {name}:\n    cmd: python src/{name}.py\n" for name in ("get", "model", "score", "plot"))
    files = {
        "get": "print('data')\n",
        "model": "depth = 4\nfit(depth)\n",
        "score": f"loss = f()\n{SHOWS}",
        "plot": "p()\n",
    }
    scripts = {f"src/{name}.py": text for name, text in files.items()}
    survey = found(tmp_path, **scripts, **{"dvc.yaml": f"stages:\n{stages}"})
    assert survey.entry.shell == "python src/get.py && python src/model.py && python src/score.py"
    assert (survey.entry.script, values(survey)) == ("src/model.py", {"DEPTH": 4})
    assert survey.steering is not None
    assert survey.steering.shown.name == "val_loss"


@pytest.mark.parametrize(
    ("text", "knobs"),
    [
        # Defaults of what a script begins with, of any name; of what it calls later those that a person turns.
        ("def main(waist=12, betas=(0.5, 0.9)):\n    pass\nmain()\n", {"WAIST": 12, "BETAS_0": 0.5, "BETAS_1": 0.9}),
        ("def draw(waist=12):\n    pass\nx = draw(y)\n", {}),
        # What own functions are given by place or name, where they are called once.
        ("def fit(net, epochs, lr):\n    pass\nfit(n, 30, 0.1)\n", {"EPOCHS": 30, "LR": 0.1}),
        ("def fit(net, epochs):\n    pass\nfit(n, 30)\nfit(m, 40)\n", {}),
        ("algorithms.eaSimple(pop, toolbox, 0.7, 0.2, 90)\n", {"CXPB": 0.7, "MUTPB": 0.2, "NGEN": 90}),
        ("def vns(tour, k_max=500):\n    pass\nvns(tour, k_max=50)\n", {"K_MAX": 50}),
        ("x = F.dropout(x, 0.3)\n", {"DROPOUT": 0.3}),
        ("x = F.dropout(x, p=0.3)\n", {"DROPOUT": 0.3}),
        ("flags.DEFINE_float('lr', 1, 'rate')\nflags.DEFINE_integer('steps', 30, '')\n", {"LR": 1.0, "STEPS": 30}),
        ("flags.DEFINE_enum('optimizer', 'sgd', ['sgd', 'adam'], '')\n", {"OPTIMIZER": "sgd"}),
        ("def go():\n    if True:\n        epochs = 3\n", {"EPOCHS": 3}),
    ],
)
def test_settings_that_calls_give_are_found(tmp_path: Path, text: str, knobs: dict[str, object]) -> None:
    assert values(found(tmp_path, **{"train.py": f"{text}loss = f()\n{SHOWS}"})) == knobs


@pytest.mark.parametrize(
    ("name", "text", "knobs"),
    [
        ("main.jl", "function train(net, epochs, lr)\nend\ntrain(n, 90, 0.05)\n", {"EPOCHS": 90, "LR": 0.05}),
        (
            "main.rs",
            "impl Net { fn fit(&mut self, x: &X, epochs: usize, rate: f64) {} }\nfn main() { net.fit(&x, 9, 0.5); }\n",
            {"EPOCHS": 9, "RATE": 0.5},
        ),
        ("main.rs", "fn main() { for epoch in 0..30 { step(); } }\n", {"EPOCHS": 30}),
        ("main.c", "int main(void) { for (int epoch = 0; epoch < 40; epoch++) step(); }\n", {"EPOCHS": 40}),
        ("main.c", "double fit(double *x, int epochs) {\n}\nint main(void) { fit(x, 7); }\n", {"EPOCHS": 7}),
        ("main.c", "double fit(double *x, int epochs) {\n}\nint main(void) { fit(x, 7); fit(y, 8); }\n", {}),
    ],
)
def test_numbers_that_own_functions_of_other_languages_are_given(
    tmp_path: Path, name: str, text: str, knobs: dict[str, object]
) -> None:
    files = {"src/main.rs": text, "Cargo.toml": "[package]\n"} if name.endswith(".rs") else {name: text}
    assert values(found(tmp_path, **files)) == knobs


def test_a_script_of_julia_has_the_settings_of_what_it_includes(tmp_path: Path) -> None:
    files = {"main.jl": 'include("net.jl")\nlr = 0.1\nrun(lr)\n', "net.jl": "width = 8\n", "other.jl": "depth = 3\n"}
    assert found(tmp_path, **files).files == ("main.jl", "net.jl")


def test_an_example_that_learns_counts_before_a_tool_and_gets_its_features(tmp_path: Path) -> None:
    learns = 'const LR: f64 = 0.1;\nfn main() { train(); println!("test reward: {}", r); }\n'
    cargo = '[package]\nname = "a"\n[[example]]\nname = "pole"\nrequired-features = ["envs", "cpu"]\n'
    files = {"Cargo.toml": cargo, "src/bin/page.rs": "fn main() {}\n", "examples/pole.rs": learns}
    assert found(tmp_path, **files).entry.shell == "cargo run --release --example pole --features envs,cpu"


@pytest.mark.parametrize(
    ("text", "name", "up"),
    [
        ('form = "step %d, loss = %.2f"\nprint(form % (step, loss))\n', "loss", False),
        ('form = "step {}, loss {}"\nprint(form.format(step, loss))\n', "loss", False),
        ('print(f"Validation loss after epoch [{e}/{n}]: {v:.4f}")\n', "Validation_loss", False),
        ('print(f"epoch loss: {x}")\n', "epoch_loss", False),
        ('print(f"tour cost: {x}")\n', "tour_cost", None),
        ('print("Final distance: " + str(best))\n', "Final_distance", False),
        ("model.fit(X, X, n_epoch=9, validation_set=0.1)\n", "val_loss", False),
        ("DPOTrainer(net, train_dataset=data)\n", "train_loss", False),
        ('print(f"val cost: {x}")\n', "val_cost", False),
        ('print("Best fitness:", min(found))\n', "Best_fitness", False),
        ('k = np.argmax(fitness)\nprint("Best fitness:", best)\n', "Best_fitness", True),
        ('print("Best fitness:", best)\n', "Best_fitness", None),
        ('a = max(fitness)\nb = min(fitness)\nprint("Best fitness:", best)\n', "Best_fitness", None),
    ],
)
def test_metrics_and_their_directions(tmp_path: Path, text: str, name: str, up: bool | None) -> None:
    steering = found(tmp_path, **{"train.py": f"lr = 0.1\n{text}"}).steering
    assert steering is not None
    assert (steering.shown.name, steering.up) == (name, up)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('println("Train loss: " * string(a) * " | Val loss: " * string(b))\n', "Val_loss"),
        ('@printf("val loss: %.3f", x)\n', "val_loss"),
    ],
)
def test_sums_of_texts_in_julia_are_read(tmp_path: Path, text: str, name: str) -> None:
    steering = found(tmp_path, **{"main.jl": f"lr = 0.1\nrun(lr)\n{text}"}).steering
    assert steering is not None
    assert steering.shown.name == name


def test_a_complaint_is_no_metric(tmp_path: Path) -> None:
    text = 'const LR: f64 = 0.1;\nfn main() { eprintln!("error: {}", e); }\n'
    assert found(tmp_path, **{"Cargo.toml": "[package]\n", "src/main.rs": text}).steering is None
    text = text.replace("eprintln!", "println!")
    assert found(tmp_path, **{"src/main.rs": text}).steering is not None
