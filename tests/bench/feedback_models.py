"""How well the two models of feedback rank what they have not seen, and what picking costs.

    python -m tests.bench.feedback --log feedback.jsonl --studies 10 --mode off    # the plain studies that are asked
    python -m tests.bench.feedback_models                                          # minutes of one core

Each fifth of a plain study's candidates is hidden from kriging and from two members of the ensemble, and predicted.
A pick is timed in a study with `--feedback screen`, in CPU time of one thread, which other work disturbs least.
"""

import argparse
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from orgopt.cli import main as orgopt
from orgopt.document import load
from orgopt.evolve.proposers.points import coordinates, transferred
from orgopt.evolve.proposers.screen import Screen
from orgopt.evolve.space.genome import Space
from orgopt.evolve.surrogate import ensemble
from orgopt.evolve.surrogate.examples import Examples, from_records, records_of
from orgopt.evolve.surrogate.gp import KnownScores, krige
from orgopt.study.model_fit import Quality, quality
from orgopt.study.view import load_study
from orgopt.tasks.folder import load_task
from tests.bench.evolution import BUDGETS, ROOT, SEED, SLOTS

FOLDS = 5


def kriging(known: KnownScores) -> Quality:
    """How well kriging predicts each fifth from the others."""
    fold = np.random.default_rng(0).permutation(len(known.values)) % FOLDS
    mean, sd = np.zeros(len(fold)), np.zeros(len(fold))
    for part in range(FOLDS):
        rest, hidden = fold != part, fold == part
        mean[hidden], sd[hidden] = krige(KnownScores(*(array[rest] for array in known))).predict(known.points[hidden])
    return quality(mean, np.hypot(sd, known.errors), known.values)


def of(folder: Path, space: Space) -> tuple[Examples, KnownScores]:
    """What a study tried, for each of the two models."""
    (tried,) = from_records(records_of(load_study(folder)))
    points = np.array([coordinates(space, transferred(space, params)) for params in tried.params])
    return tried, KnownScores(points, tried.values, tried.errors)


def ranks(scratch: Path, task: str, space: Space) -> str:
    """A row of the table."""
    found: list[tuple[Quality, Quality]] = []
    seconds: list[tuple[float, float]] = []
    for folder in sorted(scratch.glob(f"{task}-*/mlruns/studies/{task}-off")):
        tried, known = of(folder, space)
        start = time.process_time()
        krige(known)
        middle = time.process_time()
        model = ensemble.learn([tried], 0)
        assert model
        seconds.append((middle - start, time.process_time() - middle))
        found.append((kriging(known), model.quality))
    if not found:
        return f"| {task} | 0 |"
    one, other = ([pair[at] for pair in found] for at in (0, 1))
    means = [f"{np.mean([each.spearman for each in model]):.2f}" for model in (one, other)]
    held = [f"{100 * np.mean([each.coverage['80'] for each in model]):.0f} %" for model in (one, other)]
    better = sum(a.spearman > b.spearman for a, b in found)
    took = [f"{1000 * part:.0f}" for part in np.median(seconds, axis=0)]
    return f"| {task} | {len(found)} | {' | '.join(means)} | {better} | {' | '.join(held)} | {' | '.join(took)} |"


def timed(task: str, learn_from: Path | None) -> str:
    """A row of the times of a study: picks and learning, in CPU milliseconds."""
    taken: dict[str, list[float]] = {"propose": [], "learn": []}

    def clocked(name: str) -> Callable[..., Any]:
        inner = getattr(Screen, name)

        def call(*given: Any) -> Any:
            start = time.process_time()
            answer = inner(*given)
            if answer:  # there was a model
                taken[name].append(1000 * (time.process_time() - start))
            return answer

        return call

    words = ["optimize", f"{SEED}.md", "--task", task, "--lab", "replay", "--budget", f"{BUDGETS[task]:g}s"]
    words += ["--slots", str(SLOTS), "--generations", "19", "--population", "8", "--race-seeds", "0", "--no-tracking"]
    words += ["--controls", "none", "--test-seeds", "1", "--workers", "1", "--feedback", "screen", "--name", "timed"]
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            shutil.copy(ROOT / "orgs" / f"{SEED}.md", f"{SEED}.md")
            if learn_from:
                shutil.copytree(learn_from, Path("mlruns") / "studies" / "older")
                words += ["--learn-from", "older"]
            with patch.multiple(Screen, propose=clocked("propose"), learn=clocked("learn")):
                orgopt(words, standalone_mode=False)
        finally:
            os.chdir(before)
    cells = [f"{len(taken['propose'])}"]
    cells += [f"{np.quantile(taken['propose'], share):.0f}" for share in (0.5, 0.95)]
    return f"| {task} | {learn_from is not None} | {' | '.join(cells)} | {np.median(taken['learn']):.0f} |"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--scratch", type=Path, default=Path("build/feedback"), help="where plain studies were kept")
    scratch = parser.parse_args().scratch.resolve()
    seed, library = load(str(ROOT / "orgs" / f"{SEED}.md")), load(str(ROOT / "orgs" / "library.md"))
    rows = []
    for task, budget_s in BUDGETS.items():
        groups = list(dict.fromkeys(knob.group for knob in load_task(task).knobs))
        rows.append(ranks(scratch, task, Space(seed, library, budget_s, groups=groups)))
    times = [timed(task, None) for task in BUDGETS]
    for task, other in zip(BUDGETS, reversed(BUDGETS), strict=True):
        older = next(iter(scratch.glob(f"{other}-*/mlruns/studies/{other}-off")), None)
        times += [timed(task, older)] if older else []
    heads = ["task", "studies", "kriging", "ensemble", "kriging better in", "kriging's 80 % held"]
    heads += ["the ensemble's", "ms to train kriging", "an ensemble"]
    print("\n".join([f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *rows]))
    heads = ["task", "older evidence", "picks", "ms a pick, median", "95 % less than", "ms to learn"]
    print("\n".join(["", f"| {' | '.join(heads)} |", "|---" * len(heads) + "|", *times]))


if __name__ == "__main__":
    main()
