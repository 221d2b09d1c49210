"""Worlds that nobody here made: agents against Optuna on public surrogates of real trainings.

    python -m tests.bench.outside FOLDER [--part end] [--entrants gp,tpe,…] [--seeds 16]

FOLDER is a checkout of https://github.com/slds-lmu/yahpo_data (Pfisterer et al. 2022, "YAHPO Gym"), of which nothing
is shipped here; `pip install onnxruntime` answers its surrogates. The rule by which worlds are taken was written down
before any run: of every scenario whose surrogate lies in that repository itself (four do), instances in the order of
their numbers, the first two to look at while agents were made (`--part look`), the last three (of four instances: two)
to be run once, at the end (`--part end`). `--part 10:16` are the eleventh to sixteenth of each scenario. An entrant may
be a document: its path without `.md`.

Each world steers by validation loss; `vp` is validation progress (`Task.progress`) of what was submitted at last,
without noise, 0 at the scenario's own default and 1 at the best of 20,000 draws and 4,000 steps from the best of them.
A run has four slots and a budget of 24 median experiments a slot, in virtual time. What the log has is not run again.
"""

import argparse
import json
import statistics
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from functools import cache, cached_property
from math import inf, sqrt
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnxruntime

from orgopt.document import load, parse
from orgopt.evolve.trials.optuna_baseline import evaluate_plain
from orgopt.lab.replay import ReplayLab
from orgopt.lab.worlds.world import CalledWorld
from orgopt.scoring.evaluation import Score, evaluate
from orgopt.scoring.samples import t_quantile
from orgopt.storage.jsonl import JsonLog, read_lines
from orgopt.tasks.knob import Settings, parse_knobs
from orgopt.tasks.task import Measure, Task
from tests.bench.rivals import RIVALS
from tests.conftest import ROOT

SLOTS, EXPERIMENTS = 4, 24
NOISE = 0.03
"""Standard deviation between seeds, as a share of the way from the default to the optimum."""
EPOCHS = 52


class Scenario(NamedTuple):
    """How a surrogate is asked: its inputs and outputs in order, as its own package lists them."""

    cats: tuple[str, ...]
    conts: tuple[str, ...]
    outputs: tuple[str, ...]
    instance: str
    steers: str
    counts: str
    seconds: str
    fixed: Mapping[str, float]


_RBV2 = ("acc", "bac", "auc", "brier", "f1", "logloss", "timetrain", "timepredict", "memory")
_FULL = {"trainsize": 1.0, "repl": 10}
_BOOST = "nrounds eta gamma lambda alpha subsample max_depth min_child_weight colsample_bytree colsample_bylevel"
SCENARIOS = {
    "iaml_glmnet": Scenario(
        ("task_id",),
        ("alpha", "s", "trainsize"),
        ("mmce", "f1", "auc", "logloss", "ramtrain", "rammodel", "rampredict", "timetrain"),
        "task_id",
        "logloss",
        "logloss",
        "timetrain",
        {"trainsize": 1.0},
    ),
    "lcbench": Scenario(
        ("OpenML_task_id",),
        (
            *("epoch", "batch_size", "learning_rate", "momentum"),
            *("weight_decay", "num_layers", "max_units", "max_dropout"),
        ),
        ("time", "val_accuracy", "val_cross_entropy", "val_balanced_accuracy", "test_cross_entropy"),
        "OpenML_task_id",
        "val_cross_entropy",
        "test_cross_entropy",
        "time",
        {"epoch": EPOCHS},
    ),
    "rbv2_rpart": Scenario(
        ("task_id", "num.impute.selected.cpo"),
        ("cp", "maxdepth", "minbucket", "minsplit", "trainsize", "repl"),
        _RBV2,
        "task_id",
        "logloss",
        "logloss",
        "timetrain",
        _FULL,
    ),
    "rbv2_xgboost": Scenario(
        ("task_id", "booster", "num.impute.selected.cpo"),
        (*_BOOST.split(), "rate_drop", "skip_drop", "trainsize", "repl"),
        _RBV2,
        "task_id",
        "logloss",
        "logloss",
        "timetrain",
        _FULL,
    ),
}


class Surrogate:
    """A world: one instance of a scenario, noise of its own added."""

    def __init__(self, folder: Path, name: str, instance: str, *, conditions: bool = False) -> None:
        self._conditions = conditions
        self.scenario, self.instance, self.name = SCENARIOS[name], instance, name
        space = json.loads((folder / name / "config_space.json").read_text())
        given = {one["name"]: one for one in space["hyperparameters"]}
        self.space = {key: one for key, one in given.items() if key not in {self.scenario.instance, *_FULL, "epoch"}}
        self.only_if = {one["child"]: (one["parent"], _values(one)) for one in space["conditions"]}
        self._codes = json.loads((folder / name / "encoding.json").read_text())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        model = str(folder / name / "model.onnx")
        self._model = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._names = {_knob_name(key): key for key in self.space}
        self.median_s, self.noise = 1.0, 0.0

    @cached_property
    def knobs(self) -> str:
        """The knobs, as a task declares them."""
        return "".join(
            f"{_knob_name(key)} = {_spec(one, self.only_if.get(key) if self._conditions else None)}\n"
            for key, one in self.space.items()
        )

    def ask(self, many: list[Settings], epochs: range | None = None) -> dict[str, np.ndarray]:
        """The outputs, (n,) each: of n settings, or of one at n epochs."""
        cats, conts = [], []
        for settings in many:
            given = {self._names[knob]: value for knob, value in settings.items()}
            given = {**given, **self.scenario.fixed, self.scenario.instance: self.instance}
            for child, (parent, values) in self.only_if.items():
                if given[parent] not in values:
                    del given[child]
            cats.append([self._codes[key][str(given.get(key, "#na#"))] for key in self.scenario.cats])
            conts.append([float(given.get(key, 0.0)) for key in self.scenario.conts])
        cat, cont = np.array(cats, dtype=np.int32), np.array(conts, dtype=np.float32)
        if epochs is not None:
            cat, cont = np.repeat(cat, len(epochs), 0), np.repeat(cont, len(epochs), 0)
            cont[:, self.scenario.conts.index("epoch")] = epochs
        found = self._model.run(None, {"x_cat": cat, "x_cont": cont})[0]
        return dict(zip(self.scenario.outputs, found.T.astype(float), strict=False))

    def curve(self, knobs: Settings, seed: int) -> tuple[float, list[float]]:
        rng = np.random.default_rng(seed)
        found = self.ask([knobs], range(1, EPOCHS + 1) if "epoch" in self.scenario.conts else None)
        values = found[self.scenario.steers]
        # Most of what a seed changes stays the same over a run.
        noise = self.noise * (rng.standard_normal() + 0.3 * rng.standard_normal(len(values))) / sqrt(1.09)
        seconds = float(np.clip(found[self.scenario.seconds][-1] / self.median_s, 0.1, 10.0))
        return seconds, [float(value) for value in values + noise]

    def truth(self, knobs: Settings) -> float:
        return float(self.ask([knobs])[self.scenario.counts][0])

    def validation(self, knobs: Settings) -> float:
        return float(self.loss([knobs])[0])

    def loss(self, many: list[Settings]) -> np.ndarray:
        return self.ask(many)[self.scenario.steers]


def _values(condition: dict[str, Any]) -> list[str]:
    return [str(value) for value in condition.get("values", [condition.get("value")])]


def _knob_name(key: str) -> str:
    return key.upper().replace(".", "_")


def _spec(one: dict[str, Any], only_if: tuple[str, list[str]] | None) -> str:
    """A knob's default and comment."""
    condition = f" if {_knob_name(only_if[0])}={'|'.join(only_if[1])}" if only_if else ""
    if one["type"] == "categorical":
        return f'"{one["default"]}"  # knob: one of {"|".join(one["choices"])}{condition}'
    integer = one["type"] == "uniform_int"
    scale = " ".join(word for word, on in (("log", one["log"]), ("int", integer)) if on)
    low, high = (one[end] if integer else float(f"{one[end]:.6g}") for end in ("lower", "upper"))
    default = min(high, max(low, one["default"]))
    return f"{default!r}  # knob: {scale} {low!r}..{high!r}{condition}".replace("knob:  ", "knob: ")


class Place(NamedTuple):
    """A world with its task, and its optimum by the loss that steers."""

    task: Task
    source: CalledWorld
    optimum: Measure

    def vp(self, score: Score) -> float:
        """Validation progress, also where the optimum is no reference: what counts may be worse there."""
        found = self.source.validation(score.submission)
        assert found is not None
        progress = replace(self.task, reference=self.optimum).progress(found)
        assert progress is not None
        return progress


@cache
def place(folder: Path, name: str, instance: str, *, conditions: bool = False) -> Place:
    """A world, ready to run; its optimum is looked for."""
    world = Surrogate(folder, name, instance, conditions=conditions)
    knobs = parse_knobs(world.knobs)
    rng = np.random.default_rng(0)
    draws: list[Settings] = [{knob.name: knob.at(rng.random()) for knob in knobs} for _ in range(20_000)]
    answers = world.ask(draws)
    world.median_s = float(np.median(answers[world.scenario.seconds]))
    losses = answers[world.scenario.steers]
    best, least = draws[int(losses.argmin())], float(losses.min())
    for wide in np.geomspace(0.3, 0.003, 20):
        near = [
            {
                knob.name: knob.at(knob.unit(best[knob.name]) + wide * rng.standard_normal() * (rng.random() < 0.4))
                for knob in knobs
            }
            for _ in range(200)
        ]
        found = world.loss(near)
        if found.min() < least:
            best, least = near[int(found.argmin())], float(found.min())
    defaults = {knob.name: knob.default for knob in knobs}
    default = float(world.loss([defaults])[0])
    world.noise = NOISE * (default - least)
    start = Measure(metric=default, heldout=world.truth(defaults), sd=world.noise, seeds=16)
    end = Measure(metric=least, heldout=world.truth(best), sd=world.noise, seeds=16)
    task = _task(f"{name}:{instance}", world, start, end)
    return Place(task, CalledWorld(task, world), end)


def _task(name: str, world: Surrogate, baseline: Measure, reference: Measure) -> Task:
    steers, counts = world.scenario.steers, world.scenario.counts
    # What counts may be worst where what steers is best; q is then a share of the metric.
    sound = reference.heldout < baseline.heldout
    return Task(
        name=name,
        folder=ROOT / "tests",
        title=name,
        brief="",
        metric=steers,
        heldout=counts,
        unit="",
        script="",
        world="outside:world",
        parameters={},
        preload=(),
        limit_s=20.0,
        think_s=0.02,
        meeting_s=0.01,
        meeting_per_head_s=0.01,
        random_start=False,
        baseline=baseline,
        reference=reference if sound else None,
        floors={},
        data_digest="",
        source=world.knobs,
        knobs=parse_knobs(world.knobs),
    )


def instances(folder: Path, name: str, part: str) -> list[str]:
    """The instances of a part; see the module. It may also be some, as in `28,334`, or places, as in `10:16`."""
    if part[0].isdigit() and ":" not in part:
        return part.split(",")
    space = json.loads((folder / name / "config_space.json").read_text())
    key = SCENARIOS[name].instance
    choices = next(one["choices"] for one in space["hyperparameters"] if one["name"] == key)
    ordered = sorted(choices, key=int)
    if ":" in part:
        first, last = map(int, part.split(":"))
        return ordered[first:last]
    return ordered[:2] if part == "look" else ordered[2:][-3:]


TEAM = "# T\n\n## Roles\n\n### A\n- **Headcount:** {n}\n- **Agent:** {agent}\n{more}\n## Links\n- A → A: shares with\n"


def run(where: Place, entrant: str, seed: int, slots: int = SLOTS) -> dict[str, Any]:
    """One run: plain Optuna, a searcher of `rivals`, a shipped document, `AGENT` on each slot, or `1 AGENT` on one."""
    alone, kind = entrant.startswith("1 "), entrant.removeprefix("1 ")
    lab = ReplayLab(where.task, where.source, 1 if alone else slots)
    budget = float(EXPERIMENTS * (2 if alone else 1))
    began = time.process_time()
    if kind in RIVALS:
        points = EPOCHS if where.task.name.startswith("lcbench") else 1
        searcher = RIVALS[kind](seed, points, slots * EXPERIMENTS)
        score = evaluate_plain(kind, where.task, lab, budget_s=budget, seed=seed, searcher=searcher)
    elif kind.startswith("optuna:"):
        score = evaluate_plain(kind, where.task, lab, budget_s=budget, seed=seed)
    else:
        path, (agent, _, more) = ROOT / "orgs" / f"{kind}.md", kind.partition("+")
        early = f"- **Stop early:** {more}\n" if more else ""
        text = TEAM.format(n=1 if alone else slots, agent=agent, more=early)
        program = (
            load(path)
            if path.is_file()
            else parse(text.replace("\n## Links\n- A → A: shares with\n", "") if alone else text)
        )
        score = evaluate(program, where.task, lab, budget_s=budget, seed=seed)
    spent = time.process_time() - began
    return {
        "vp": where.vp(score),
        "q": score.research_output,
        "q_final": score.q_final,
        "experiments": sum(score.experiments.values()),
        "stopped": score.experiments.get("stopped", 0),
        "cpu_s": round(spent, 3),
    }


def runs(args: argparse.Namespace) -> Iterator[dict[str, Any]]:
    """Every run that is asked for, from the log where it has it."""
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, cwd=ROOT).stdout
    kept = {(one["world"], one["entrant"], one["tag"], one["seed"]): one for one in read_lines(args.log)}
    with closing(JsonLog(args.log)) as log:
        for seed in range(args.seeds):
            for name in args.scenarios.split(","):
                for instance in instances(args.folder, name, args.part):
                    for entrant in args.entrants.split(","):
                        tag = "" if entrant.startswith("optuna:") else args.tag
                        tag += f"x{args.slots}" * (args.slots != SLOTS) + " if" * args.conditions
                        key = (f"{name}:{instance}", entrant, tag, seed)
                        if key not in kept:
                            found = run(
                                place(args.folder, name, instance, conditions=args.conditions),
                                entrant,
                                seed,
                                args.slots,
                            )
                            kept[key] = dict(zip(("world", "entrant", "tag", "seed"), key, strict=True)) | found
                            kept[key]["commit"] = commit.strip()
                            log.append(kept[key])
                        yield kept[key]


def table(found: list[dict[str, Any]], against: str) -> str:
    """Means by entrant, and the difference in vp to a rival with its 95 % interval, and on how many worlds it shows."""
    entrants = list(dict.fromkeys(one["entrant"] for one in found))
    worlds = list(dict.fromkeys(one["world"] for one in found))
    by = {(one["entrant"], one["world"], one["seed"]): one for one in found}
    lines = [
        f"| | vp | q | experiments | CPU s a run | vp over {against} | worlds above : below |",
        "|---|" + "---|" * 6,
    ]
    for entrant in entrants:
        mine = [one for one in found if one["entrant"] == entrant]
        cells = [statistics.mean(one[key] for one in mine) for key in ("vp", "q", "experiments", "cpu_s")]
        row = f"| {entrant} | {cells[0]:.3f} | {cells[1]:.3f} | {cells[2]:.0f} | {cells[3]:.2f} "
        differences, above, below = [], 0, 0
        for world in worlds:
            pairs = [
                by[key]["vp"] - other["vp"]
                for key in by
                if key[:2] == (entrant, world) and (other := by.get((against, world, key[2])))
            ]
            if len(pairs) < 2:
                continue
            differences += pairs
            mean, half = statistics.mean(pairs), half_width(pairs)
            above, below = above + (mean > half), below + (mean < -half)
        if differences and entrant != against:
            half = half_width(differences) if len(differences) > 1 else inf
            row += f"| {statistics.mean(differences):+.3f} ± {half:.3f} | {above} : {below} of {len(worlds)} |"
        else:
            row += "| | |"
        lines.append(row)
    return "\n".join(lines)


def half_width(values: Sequence[float]) -> float:
    """Half of the 95 % interval of a mean."""
    return t_quantile(len(values) - 1, 0.975) * statistics.stdev(values) / sqrt(len(values))


def by_world(found: list[dict[str, Any]]) -> str:
    entrants = list(dict.fromkeys(one["entrant"] for one in found))
    lines = ["| vp | " + " | ".join(entrants) + " |", "|---|" + "---|" * len(entrants)]
    for world in dict.fromkeys(one["world"] for one in found):
        cells = [
            statistics.mean(one["vp"] for one in found if (one["world"], one["entrant"]) == (world, entrant))
            for entrant in entrants
        ]
        lines.append(f"| {world} | " + " | ".join(f"{cell:.3f}" for cell in cells) + " |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--part", default="end", help="look, end, instances as in 28,334, or places as in 10:16")
    parser.add_argument("--scenarios", default=",".join(SCENARIOS))
    parser.add_argument("--entrants", default="optuna:gp,optuna:tpe,gp,tpe,portfolio")
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--slots", type=int, default=SLOTS)
    parser.add_argument("--conditions", action="store_true", help="tell entrants which knobs depend on others")
    parser.add_argument("--against", default="optuna:gp")
    parser.add_argument("--tag", default="", help="which state of the code its runs are of")
    parser.add_argument("--log", type=Path, default=Path("outside.jsonl"))
    parser.add_argument("--quiet", action="store_true", help="run, and print nothing")
    args = parser.parse_args()
    found = list(runs(args))
    if not args.quiet:
        print(table(found, args.against), by_world(found), sep="\n\n")


if __name__ == "__main__":
    main()
