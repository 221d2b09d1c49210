"""What speaks for a script, a metric, a direction and a setting of a stranger's folder where no name does."""

from pathlib import Path

import pytest

from orgopt.foreign.survey import survey
from tests.test_found_scripts import SHOWS, found, values

TRAINS = "model.fit(x)\n"
PARSER = "import argparse\nadd = argparse.ArgumentParser().add_argument\n"


@pytest.mark.parametrize(
    ("files", "script"),
    [
        # One trains, and has something to turn.
        ({"main_app.py": SHOWS, "fit_model.py": f"lr = 0.1\n{TRAINS}{SHOWS}"}, "fit_model.py"),
        # One that tunes what another trained comes after it,
        ({"README.md": "`python main.py`\n`python finetune.py`\n",
          "main.py": f"lr = 0.1\n{TRAINS}{SHOWS}", "finetune.py": f"lr = 0.1\n{TRAINS}{SHOWS}"}, "main.py"),
        # but not after one that pretrains for it.
        ({"README.md": "`python pretrain.py`\n`python finetune.py`\n", "finetune.py": f"lr = 0.1\n{TRAINS}{SHOWS}",
          "pretrain.py": f'lr = 0.1\n{TRAINS}print("loss: ", l)\n'}, "finetune.py"),
        ({"old/train.py": f"lr = 0.1\n{TRAINS}{SHOWS}", "main.py": f"lr = 0.1\n{TRAINS}{SHOWS}"}, "main.py"),
    ],
)  # fmt: skip
def test_a_script_is_chosen_by_all_that_speaks_for_it(tmp_path: Path, files: dict[str, str], script: str) -> None:
    assert found(tmp_path, **files).entry.script == script


@pytest.mark.parametrize(
    ("script", "name", "up"),
    [
        # Neither name says anything; the search takes what is less.
        ("if now < least:\n    least = now\nprint('Minimum weight:', least)\n", "Minimum_weight", False),
        ("if now > top:\n    top = now\nprint('Weight found:', top)\n", "Weight_found", True),
        ("top = max(top, now)\nprint('Weight found:', top)\n", "Weight_found", True),
        # A score mostly rises; here the code says otherwise.
        ("if length(r) < best_score:\n    best_score = length(r)\nprint('Best score:', best_score)\n",
         "Best_score", False),
        ("if s > best_score:\n    best_score = s\nprint('Best score:', best_score)\n", "Best_score", True),
        # A count of tries without a gain sets nothing, and says nothing of the direction.
        ("if s < best_score:\n    tries += 1\nprint('Best score:', s)\n", "Best_score", True),
        # What is clamped is no best.
        ("if x < low:\n    x = low\nprint('Value now:', x)\n", None, None),
        ("print('Minimum fitness:', f)\n", "Minimum_fitness", False),
        ("print('Validation accuracy at epoch' + str(e) + ' is %' + str(a))\n", "Validation_accuracy", True),
        ("print('With length:')\nprint(best)\n", "length", False),
    ],
)  # fmt: skip
def test_code_says_what_steers_and_in_which_direction(
    tmp_path: Path, script: str, name: str | None, up: bool | None
) -> None:
    steers = found(tmp_path, **{"train.py": f"lr = 0.1\n{script}"}).steering
    assert (steers and steers.shown.name, steers and steers.up) == (name, up)


def test_a_goal_on_test_data_is_read_on_validation_data_where_that_is_shown(tmp_path: Path) -> None:
    script = "print('test mae:', t)\nprint('val loss:', l)\nprint('val mae:', v)\n"
    steers = found(tmp_path, **{"train.py": script, "README.md": "It reached the lowest test_mae of all.\n"}).steering
    assert steers
    assert (steers.shown.name, steers.up) == ("val_mae", False)


def test_how_much_data_there_is_is_no_metric(tmp_path: Path) -> None:
    script = "print(f'sizes: test={len(t)}')\nprint('val loss:', l)\n"
    steers = found(tmp_path, **{"train.py": script, "README.md": "It had the lowest test error.\n"}).steering
    assert steers
    assert steers.shown.name == "val_loss"


@pytest.mark.parametrize(
    ("script", "knobs"),
    [
        # What is passed to a part of the method, whatever it is called; nothing of the picture or the problem.
        ("from annealing import Annealer\nheat = 1000\nheight = 200\nshown = 5\nplot(shown)\nAnnealer(height, heat)\n",
         {"HEAT": 1000}),
        ("import search\nheat = 1000\nsearch.run(heat)\n", {"HEAT": 1000}),
        # Beside a setting that is known, in a call, a signature and a table of any name.
        ("class A:\n    def __init__(self, data, K=1, t0=2.0, alpha=0.5): ...\nA(d, K=50, t0=0.3, alpha=0.9)\n",
         {"K": 50, "T0": 0.3, "ALPHA": 0.9}),
        ("def go(data, heat=2000, cooling=0.9, lr=0.5): ...\ngo(d)\n", {"HEAT": 2000, "COOLING": 0.9, "LR": 0.5}),
        ("plans = [{'learning_rate': 0.05, 'depth': 8, 'strength': 0.7}]\n",
         {"LEARNING_RATE": 0.05, "DEPTH": 8, "STRENGTH": 0.7}),
        ("shown = {'depth': 8, 'place': 3}\n", {}),
        # Each part of a script sets its own.
        ("if part == 1:\n    epochs = 15\nelse:\n    pass\nif part == 2:\n    epochs = 40\n",
         {"EPOCHS": 15, "EPOCHS_2": 40}),
        (f"{PARSER}add('--update_every', default=4);add('--print_every', default=4);add('--memory_size', default=9)\n",
         {"UPDATE_EVERY": 4, "MEMORY_SIZE": 9}),
    ],
)  # fmt: skip
def test_a_setting_is_known_by_what_it_is_given_to_and_stands_beside(
    tmp_path: Path, script: str, knobs: dict[str, float]
) -> None:
    assert values(found(tmp_path, **{"train.py": f"{script}{SHOWS}"})) == knobs


def test_what_an_agent_asks_its_options_for_is_a_setting_where_nobody_gives_it(tmp_path: Path) -> None:
    agent = (
        "class Agent:\n    def __init__(self, **options):\n        self.gamma = options.get('gamma', 0.99)\n"
        "        self.lr = options.get('lr', 0.001)\nclass Other:\n    def __init__(self, **options):\n"
        "        self.tau = options.get('tau', 0.05)\n"
    )
    script = f"from agent import Agent\nAgent(lr=0.01)\n{SHOWS}"
    assert values(found(tmp_path, **{"train.py": script, "agent.py": agent})) == {"LR": 0.01, "GAMMA": 0.99}


def test_settings_stand_in_branches_of_a_class_and_beside_others_of_a_module(tmp_path: Path) -> None:
    config = "class Config:\n    def __init__(self, kind):\n        if kind == 'a':\n            self.lr = 0.1\n"
    world = "mutation_rate = 0.03\nselection_rate = 0.2\nnewcomers = 3\n"
    script = f"import world\nfrom config import Config\nConfig('a')\n{SHOWS}"
    known = values(found(tmp_path, **{"train.py": script, "config.py": config, "world.py": world}))
    assert known == {"LR": 0.1, "MUTATION_RATE": 0.03, "SELECTION_RATE": 0.2, "NEWCOMERS": 3}


def test_a_loss_that_splits_is_a_part_of_a_model(tmp_path: Path) -> None:
    script = f"lr = 0.1\nembed = 400\nSplitLoss(embed)\nsplit_rows(lr)\n{SHOWS}"
    assert "EMBED" in values(found(tmp_path, **{"train.py": script}))


def test_what_a_compiler_is_given_counts_in_any_folder(tmp_path: Path) -> None:
    main = (
        "#define LEARNING_RATE 0.1\nint main(void) {\n  Options o = { .n_layers = 2,\n    .n_hidden = 15 };\n"
        '  printf("Accuracy: %f\\n", 1.0);\n}\n'
    )
    assert values(found(tmp_path, **{"test/main.c": main})) == {"LEARNING_RATE": 0.1, "N_LAYERS": 2, "N_HIDDEN": 15}


def test_a_folder_is_read_through_a_link(tmp_path: Path) -> None:
    own, link = tmp_path / "own", tmp_path / "link"
    found(own, **{"train.py": f"open('config.json')\n{SHOWS}", "config.json": '{"lr": 0.1}'})
    link.symlink_to(own)
    assert values(survey(link)) == {"LR": 0.1}
