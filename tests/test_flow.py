"""Numbers are settings because of where they flow to, whatever they are called."""

import ast
from pathlib import Path

import pytest

from orgopt.foreign.flow.reach import reached
from orgopt.foreign.flow.sinks import Strength
from orgopt.foreign.survey import survey

SHOWS = 'print(f"best cost: {cost}")\n'


def flows(**files: str) -> dict[str, tuple[object, Strength]]:
    trees = {f"{name}.py": ast.parse(text) for name, text in files.items()}
    script = next(iter(trees))
    return {one.name: (ast.literal_eval(one.node), one.strength) for one in reached(trees, script)}


def knobs(folder: Path, **files: str) -> dict[str, object]:
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    return {knob.name: knob.default for knob in survey(folder).knobs}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("start = 90.0\nt = start\nwhile busy():\n    t *= 0.9\n", "start"),
        ("least = 0.05\nodds = 1.0\nwhile busy():\n    odds = max(least, odds * 0.99)\n", "least"),
        ("jump = 0.2\nif random.random() < jump:\n    go()\n", "jump"),
        ("heat = 7.0\nodds = math.exp(-gap / heat)\n", "heat"),
        ("wide = 64\nnet = nn.Linear(size, wide)\n", "wide"),
        ("table = {'deep': 4}\nmodel = XGBClassifier(**table)\n", "deep"),
        ("table = {}\nmodel = RandomForestClassifier(max_depth=table.get('deep', 4))\n", "deep"),
        ("def fit_it(pace=0.3):\n    Adam(net, pace)\nfit_it()\n", "pace"),
        (
            "class Agent:\n    def __init__(self, pace):\n        self.p = pace\n        Adam(w, self.p)\nAgent(0.3)\n",
            "pace",
        ),
    ],
)
def test_what_a_method_takes_alone_is_reached(text: str, name: str) -> None:
    assert flows(train=text)[name][1] is Strength.METHOD


@pytest.mark.parametrize(
    "text",
    [
        "def unused(pace=0.3):\n    Adam(net, pace)\n",
        "class Old:\n    def __init__(self, pace=0.3):\n        Adam(net, pace)\n",
        "def fit_it(pace=0.3):\n    Adam(net, pace)\nfit_it(pace=rate())\n",
        "class CarEnv:\n    def step(self):\n        self.speed *= drag\ndrag = 0.9\nCarEnv().step()\n",
        "def block(wide):\n    nn.Linear(wide, wide)\nblock(64)\nblock(128)\n",
        "tries = 1\nwhile tries < many():\n    tries += 1\n",
    ],
)
def test_what_takes_no_part_is_not_reached(text: str) -> None:
    assert flows(train=text) == {}


def test_a_number_is_followed_through_files_under_the_name_that_says_most() -> None:
    found = flows(
        main="from conf import H\nfrom net import build\nbuild(H)\n",
        conf="H = 48\n",
        net="def build(width):\n    return nn.Linear(9, width)\n",
    )
    assert found == {"width": (48, Strength.METHOD)}


def test_settings_of_a_search_are_found_by_their_use_and_the_problem_is_left(tmp_path: Path) -> None:
    text = (
        "import random\nfrom anneal import run\nwarmth = 500.0\nfloor = 0.5\nshake = 0.3\n"
        f"cost = run(n_cities=30, warmth=warmth, floor=floor, shake=shake)\n{SHOWS}"
    )
    module = (
        "import random\ndef run(n_cities, warmth, floor, shake):\n    tour = list(range(n_cities))\n"
        "    while warmth > floor:\n        if random.random() < shake:\n            tour.reverse()\n"
        "        warmth *= 0.99\n    return len(tour)\n"
    )
    assert knobs(tmp_path, main=text, anneal=module) == {"WARMTH": 500.0, "FLOOR": 0.5, "SHAKE": 0.3}


def test_what_a_parser_in_a_module_needs_is_said_to_be_missing(tmp_path: Path) -> None:
    (tmp_path / "args.py").write_text("import argparse\np = argparse.ArgumentParser()\np.add_argument('tour')\n")
    (tmp_path / "main.py").write_text(f"from args import p\ncost = solve(p.parse_args().tour)\n{SHOWS}")
    assert survey(tmp_path).lacks == ("tour",)


def test_what_no_run_changes_is_no_result(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text(
        'max_score = 15\nscore = go()\nprint("score:", score)\nprint("max score:", max_score)\n'
    )
    found = survey(tmp_path).steering
    assert found is not None
    assert found.shown.name == "score"


@pytest.mark.parametrize(
    ("text", "up"),
    [
        ("best = max(group, key=fit)\n", True),
        ("best = min(group, key=lambda one: fitness(one))\n", False),
        ("group.sort(key=fit, reverse=True)\n", True),
    ],
)
def test_a_direction_is_read_from_what_is_chosen(tmp_path: Path, text: str, up: bool) -> None:
    (tmp_path / "main.py").write_text(f'{text}f = fit(group[0])\nprint("fitness:", f)\n')
    found = survey(tmp_path).steering
    assert found is not None
    assert found.up is up


def test_sizes_in_an_array_in_c_are_settings_and_how_many_there_are_is_none(tmp_path: Path) -> None:
    (tmp_path / "main.c").write_text(
        "int layer_sizes[] = {16, 8, 1};\nvoid build(int n_layers, int *sizes, double lr) {\n}\n"
        'int main() {\n  build(3, layer_sizes, 0.1);\n  printf("loss: %f\\n", loss);\n}\n'
    )
    found = {knob.name: knob.default for knob in survey(tmp_path).knobs}
    assert found == {"LAYER_SIZES_0": 16, "LAYER_SIZES_1": 8, "LR": 0.1}
