"""What the worlds of the suite are like, and where the optimum of one lies, trained again.

    python -m tests.bench.worlds                   # the table of docs/explanation/worlds.md
    python -m tests.bench.worlds biopsy --retrain  # candidates for [reference.settings], best first

All of the first is read from the recordings. The second climbs the recorded world from many starts, trains the ends of
the climbs, and the best recorded settings beside them, with four fresh seeds each, and trains the best of these with
sixteen others.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from orgopt.lab.base import Experiment, Status
from orgopt.lab.local import LocalLab
from orgopt.lab.worlds.active_learning import _climb
from orgopt.lab.worlds.fitted_world import Recorded
from orgopt.lab.worlds.learning_curves import spearman
from orgopt.lab.worlds.open import open_recorded
from orgopt.lab.worlds.recording import Records, load_records
from orgopt.lab.worlds.recording_files import records_path
from orgopt.scoring.calibration import train_all
from orgopt.tasks.folder import load_task
from orgopt.tasks.knob import active, settled
from orgopt.tasks.suite import TASKS
from orgopt.tasks.task import Settings, Task

CLIMBS = 8
EDGE = 0.05  # of a knob's range; an optimum so near an end is at it
BEST = 0.2
HEAD = (
    "task",
    "runs",
    "knobs, of them conditional",
    "in the optimum, at a bound",
    "seconds, median (10th to 90th of 100)",
    "failed",
    "noise / way to the reference",
    "half-way with the end, all and best fifth",
    "validation with held out, best fifth",
)


def climbs(world: Recorded, n: int) -> list[dict]:
    """Ends of hill climbs on a world's held-out metric without noise, best first."""
    rng = np.random.default_rng(0)
    ends = [settled(world.task.knobs, _climb(world, rng, from_baseline=not k)[-1]) for k in range(n)]
    return sorted(map(dict, ends), key=world.truth)


def at_bounds(task: Task, settings: Settings) -> tuple[int, int]:
    """How many of the ranges that a setting turns are at an end, and how many there are."""
    ranges = [knob for knob in active(task.knobs, settings) if knob.ordered and len(knob.choices) != 2]
    units = [knob.unit(settings[knob.name]) for knob in ranges]
    edges = [max(EDGE, 0.5 / len(knob.choices) + 1e-9) if knob.choices else EDGE for knob in ranges]
    return sum(min(unit, 1 - unit) <= edge for unit, edge in zip(units, edges, strict=True)), len(ranges)


def noise(records: Records) -> float:
    """Standard deviation over seeds of the held-out metric, median over repeated settings of the better half."""
    _, setting = np.unique(records.units, axis=0, return_inverse=True)
    groups = [records.heldout[setting.reshape(-1) == one] for one in range(setting.max() + 1)]
    repeated = [group[np.isfinite(group)] for group in groups if np.isfinite(group).sum() > 2]
    repeated.sort(key=lambda group: float(group.mean()))
    return float(np.median([group.std(ddof=1) for group in repeated[: max(1, len(repeated) // 2)]]))


def row(task: Task) -> tuple[str, ...]:
    """A task's line of the table."""
    records = load_records(records_path(task), task)
    world = open_recorded(task)
    ok = records.status == Status.OK
    seconds = records.seconds[ok]
    low, middle, high = np.quantile(seconds, [0.1, 0.5, 0.9])
    best = ok & (records.metric <= np.nanquantile(records.metric, BEST))
    curves = "no curve"
    if any(len(curve) > 1 for curve, fine in zip(records.curves, ok, strict=True) if fine):
        half = np.array([curve[(len(curve) - 1) // 2] if len(curve) > 1 else np.nan for curve in records.curves])
        curves = ", ".join(f"{spearman(half[rows], records.heldout[rows]):.2f}" for rows in (ok, best))
    ends, ranges = at_bounds(task, climbs(world, CLIMBS)[0])
    conditional = sum(knob.only_if is not None for knob in task.knobs)
    way = task.baseline.heldout - task.reference.heldout if task.reference else np.nan
    return (
        f"`{task.name}`",
        f"{len(records):,}",
        f"{len(task.knobs)}, {conditional}",
        f"{ends} of {ranges}",
        f"{middle:.2f} ({low:.2f} to {high:.2f})",
        f"{1 - ok.mean():.0%}",
        f"{noise(records) / way:.2f}",
        curves,
        f"{spearman(records.metric[best], records.heldout[best]):.2f}",
    )


def trained(task: Task, settings: Sequence[Settings], seeds: Sequence[int], slots: int) -> np.ndarray:
    """Metric and held-out metric of settings with some seeds, (settings, seeds, 2); NaN of what failed."""
    pairs = [(one, seed) for one in settings for seed in seeds]
    task = replace(task, limit_s=30 * task.limit_s)  # however busy the machine is
    with LocalLab(task, slots) as lab:
        asked = [Experiment(id=k + 1, settings=one, seed=seed) for k, (one, seed) in enumerate(pairs)]
        done = train_all(lab, asked, task.limit_s)
    values = [(one.metric, one.heldout) if one.status is Status.OK else (np.nan, np.nan) for one in done]
    return np.array(values, dtype=float).reshape(len(settings), len(seeds), 2)


def retrain(task: Task, slots: int) -> None:
    """Print the optimum of a task's world as it is predicted and as it trains, and the best of all that was tried."""
    world, records = open_recorded(task), load_records(records_path(task), task)
    ends = climbs(world, CLIMBS)
    order = np.argsort(np.where(np.isfinite(records.heldout), records.heldout + noise(records), np.inf))[:CLIMBS]
    known = [{knob.name: knob.at(unit) for knob, unit in zip(task.knobs, records.units[k], strict=True)} for k in order]
    found = trained(task, [*ends, *known], range(30_000, 30_004), slots)
    means = found[:, :, 1].mean(1)
    predicted, error = [world.truth(one) for one in ends], float(found[0, :, 1].std(ddof=1)) / 2
    print(f"ends of climbs: predicted {np.median(predicted):.4f}, trained {np.nanmedian(means[:CLIMBS]):.4f} (medians)")
    print(f"the world's optimum: predicted {predicted[0]:.4f}, trained {means[0]:.4f} ± {error:.4f}")
    best = int(np.nanargmin(means))
    again = trained(task, [[*ends, *known][best]], range(20_000, 20_016), slots)[0]
    print(f"\n[reference]  # {'an end of a climb' if best < CLIMBS else 'a recorded setting'}")
    for name, column in (("metric", 0), ("heldout", 1)):
        print(f"{name} = {np.nanmean(again[:, column]):.4f}")
    print(f"sd = {np.nanstd(again[:, 1], ddof=1):.4f}\nseeds = {int(np.isfinite(again[:, 1]).sum())}")
    print("\n[reference.settings]")
    settings = [*ends, *known][best]
    for knob in task.knobs:
        if settings[knob.name] != knob.default:
            value = settings[knob.name]
            print(f'{knob.name} = "{value}"' if isinstance(value, str) else f"{knob.name} = {value}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tasks", nargs="*")
    parser.add_argument("--retrain", action="store_true")
    parser.add_argument("--slots", type=int, default=2)
    args = parser.parse_args()
    tasks = [load_task(name, Path.cwd()) for name in args.tasks or TASKS]
    if args.retrain:
        for task in tasks:
            retrain(task, args.slots)
        return
    print(f"| {' | '.join(HEAD)} |\n|{'---|' * len(HEAD)}")
    for task in tasks:
        if task.script:
            print(f"| {' | '.join(row(task))} |")


if __name__ == "__main__":
    main()
