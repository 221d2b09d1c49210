"""Measure a task's baseline and reference with fresh seeds, as task.toml keeps them.

    python tests/bench/measure_task.py tinygpt --seeds 16

The reference is the setting in `[reference.settings]` of task.toml; its figures come from runs that
had no part in finding it.
"""

import argparse
import statistics
import tomllib
from pathlib import Path

from orgopt.lab.base import Experiment, Status
from orgopt.lab.local import LocalLab
from orgopt.scoring.calibration import train_all
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Settings, Task


def measure(task: Task, settings: Settings, seeds: int, first_seed: int, slots: int) -> None:
    with LocalLab(task, slots) as lab:
        experiments = [Experiment(id=k + 1, settings=settings, seed=first_seed + k) for k in range(seeds)]
        outcomes = train_all(lab, experiments, task.limit_s)
        digest = lab.data_digest
    done = [outcome for outcome in outcomes if outcome.status is Status.OK]
    for name in ("metric", "heldout"):
        values = [getattr(outcome, name) for outcome in done]
        print(f"{name} = {statistics.mean(values):.4f}  # sd {statistics.stdev(values):.4f}")
    seconds = statistics.mean(outcome.cpu_s for outcome in done)
    print(f"seeds = {len(done)}  # {seconds:.2f} CPU s each, data {digest}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task")
    parser.add_argument("--seeds", type=int, default=16)
    parser.add_argument("--slots", type=int, default=2)
    args = parser.parse_args()
    task = load_task(args.task, Path.cwd())
    toml = tomllib.loads((task.folder / "task.toml").read_text("utf-8"))
    print("[baseline]")
    measure(task, {}, args.seeds, 10_000, args.slots)
    print("[reference]")
    measure(task, toml["reference"].get("settings", {}), args.seeds, 20_000, args.slots)


if __name__ == "__main__":
    main()
