"""Real runs against replayed ones: the same documents, budgets and slots, on the tasks that have recordings.

    python -m tests.bench.real_replay digits --budget 30 --seeds 4 --clock cpu --log real.jsonl
    python -m tests.bench.real_replay pixels --budget 6 --slots 4 --clock cpu solo trio champion.md …

Prints a Markdown table: research output of each organization with experiments that are trained and that are replayed,
with the standard error over seeds, and for each pair the difference in both; of more than four organizations, how far
training agrees with the order that replays give, and with the differences that they claim. With `--clock wall`, real
runs are those of the local lab and take seeds × organizations × budget. With `--clock cpu` every experiment is
trained likewise, but the clock of the run counts its CPU seconds, as recordings do: on a machine with other work, the
runs are what they would be without it. A third row replays with the budget that gives as many experiments as were
trained. What the log has is not run again.
"""

import argparse
import statistics
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import combinations
from math import sqrt
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import spearmanr

from orgopt.document import load
from orgopt.lab import make_lab
from orgopt.lab.base import Experiment
from orgopt.lab.local import LocalLab
from orgopt.lab.replay import ReplayLab
from orgopt.lab.worlds.world import WorldAnswer
from orgopt.scoring.calibration import train_all
from orgopt.scoring.evaluation import Score, evaluate
from orgopt.storage.jsonl import JsonLog, read_lines
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Settings, Task
from tests.conftest import ROOT

ORGS = ("solo", "eight-solo", "flat-talkers")
WALL_FACTOR = 30.0  # how much longer an experiment may take by the wall than by its CPU seconds
FIRST_REPLAY = 1000  # seeds of replays, apart from the real ones
FEW = 4  # organizations, of which each pair is a row
CLAIMED = 2.0  # standard errors of a difference from which on a replay claims it
RESAMPLES = 2000

Records = Mapping[str, Sequence[Mapping[str, Any]]]


class Trained:
    """A source of answers that trains for them, one at a time, and says that they took their CPU seconds."""

    def __init__(self, task: Task) -> None:
        self._task, self._lab = task, LocalLab(replace(task, limit_s=WALL_FACTOR * task.limit_s), slots=1)
        self.data_digest, self.stamp = self._lab.data_digest, {"clock": "cpu", "data": self._lab.data_digest[:12]}

    def answer(self, settings: Settings, seed: int) -> WorldAnswer:
        (outcome,) = train_all(self._lab, [Experiment(id=1, settings=settings, seed=seed)], WALL_FACTOR)
        seconds = outcome.cpu_s or self._task.limit_s
        scores = {"metric": outcome.metric, "heldout": outcome.heldout, "error": outcome.error}
        step_s = seconds / max(1, len(outcome.curve))
        return WorldAnswer(status=outcome.status, seconds=seconds, step_s=step_s, curve=outcome.curve, **scores)

    def truth(self, settings: Settings) -> None:
        """Only training can tell."""

    def validation(self, settings: Settings) -> None:
        """Likewise."""

    def close(self) -> None:
        self._lab.close()


def run(task_name: str, org: str, kind: str, budget: float, slots: int, seeds: range) -> list[Score]:
    """The scores of an organization in one lab, a seed each: `wall` and `cpu` train, `replay` does not."""
    path = Path(org) if org.endswith(".md") else ROOT / "orgs" / f"{org}.md"
    task, program = load_task(task_name, ROOT), load(path)
    if kind == "cpu":
        with closing(Trained(task)) as source:
            lab = ReplayLab(task, source, slots)
            return [evaluate(program, task, lab, budget_s=budget, seed=seed) for seed in seeds]
    with closing(make_lab(task, "local" if kind == "wall" else kind, slots)) as lab:
        return [evaluate(program, task, lab, budget_s=budget, seed=seed) for seed in seeds]


def trained(args: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    """The real runs of each organization, those of the log too; seed by seed, so that all meet the same load."""
    key = {"task": args.task, "budget_s": args.budget, "slots": args.slots, "clock": args.clock}
    found: dict[str, list[dict[str, Any]]] = {org: [] for org in args.orgs}
    for record in read_lines(args.log):
        if key.items() <= record.items() and record["org"] in found:
            found[record["org"]].append(record)
    with closing(JsonLog(args.log)) as log:
        for seed in range(args.seeds):
            for org in args.orgs:
                if all(record["seed"] != seed for record in found[org]):
                    (score,) = run(args.task, org, args.clock, args.budget, args.slots, range(seed, seed + 1))
                    found[org].append({**key, "org": org, "seed": seed, **score.to_dict()})
                    log.append(found[org][-1])
    return found


def replayed(args: argparse.Namespace, org: str, budget: float) -> list[dict[str, Any]]:
    seeds = range(FIRST_REPLAY, FIRST_REPLAY + args.replays)
    return [score.to_dict() for score in run(args.task, org, "replay", budget, args.slots, seeds)]


def experiments(records: list[dict[str, Any]]) -> float:
    """Mean number that ended well."""
    return statistics.mean(record["experiments"].get("ok", 0) for record in records)


def as_many(args: argparse.Namespace, org: str, wanted: float) -> float:
    """The budget whose replays end about as many experiments."""
    budget = args.budget
    for _ in range(4):
        scores = run(args.task, org, "replay", budget, args.slots, range(FIRST_REPLAY, FIRST_REPLAY + 5))
        budget *= wanted / max(1.0, experiments([score.to_dict() for score in scores]))
    return budget


def mean(values: list[float]) -> tuple[float, float]:
    """Mean and its standard error."""
    error = statistics.stdev(values) / sqrt(len(values)) if len(values) > 1 else float("nan")
    return statistics.mean(values), error


def outputs(records: Records) -> np.ndarray:
    """Research outputs, by organization and seed."""
    return np.array([[record["research_output"] for record in of_one] for of_one in records.values()])


def agreement(real: np.ndarray, replay: np.ndarray) -> tuple[float, float, int]:
    """How far two arrays by organization and seed say the same.

    Returns:
        Rank correlation of the means; of the differences that the second claims, the share with the first's sign; and
        the number of these.
    """
    a, b = real.mean(axis=1), replay.mean(axis=1)
    error = replay.std(axis=1, ddof=1) / sqrt(replay.shape[1])
    claimed = [
        (i, j)
        for i, j in combinations(range(len(a)), 2)
        if abs(b[i] - b[j]) > CLAIMED * sqrt(error[i] ** 2 + error[j] ** 2)
    ]
    same = [(a[i] - a[j]) * (b[i] - b[j]) > 0 for i, j in claimed]
    return float(spearmanr(a, b).statistic), float(np.mean(same)) if same else float("nan"), len(claimed)


def print_agreement(found: Mapping[str, Records]) -> None:
    """Training against both replays, with 95 % intervals over the seeds that were trained."""
    real, rng = outputs(found["trained"]), np.random.default_rng(0)
    print(
        "\n| trained against | rank correlation | differences claimed | of them with the same sign |\n|---|---|---|---|"
    )
    for kind in ("replayed", "as many"):
        replay = outputs(found[kind])
        rank, same, claimed = agreement(real, replay)
        drawn = [agreement(real[:, rng.integers(real.shape[1], size=real.shape[1])], replay) for _ in range(RESAMPLES)]
        low, high = np.quantile(np.array(drawn)[:, :2], [0.025, 0.975], axis=0)
        cells = [f"{rank:.2f} [{low[0]:.2f}, {high[0]:.2f}]", str(claimed), f"{same:.2f} [{low[1]:.2f}, {high[1]:.2f}]"]
        print(f"| {kind} | {' | '.join(cells)} |")


def print_differences(found: Mapping[str, Records]) -> None:
    """A row for each pair of organizations."""
    print("\n| difference | trained | replayed | as many |\n|---|---|---|---|")
    for a, b in combinations(found["trained"], 2):
        cells: list[str] = []
        for by_org in found.values():
            (one, e1), (other, e2) = (mean([record["research_output"] for record in by_org[org]]) for org in (a, b))
            cells.append(f"{one - other:+.3f} ± {sqrt(e1**2 + e2**2):.3f}")
        print(f"| {a} − {b} | " + " | ".join(cells) + " |")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task")
    parser.add_argument("orgs", nargs="*", default=list(ORGS), help="names of orgs/, or paths that end with .md")
    parser.add_argument("--budget", type=float, default=30)
    parser.add_argument("--seeds", type=int, default=4, help="real runs of each organization")
    parser.add_argument("--replays", type=int, default=100, help="replayed runs of each organization")
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--clock", choices=["wall", "cpu"], default="wall", help="what real runs are timed by")
    parser.add_argument("--log", type=Path, default=Path("real_replay.jsonl"), help="keeps the real runs")
    args = parser.parse_args()
    real = trained(args)
    found: dict[str, dict[str, list[dict[str, Any]]]] = {"trained": real, "replayed": {}, "as many": {}}
    for org in args.orgs:
        found["replayed"][org] = replayed(args, org, args.budget)
        found["as many"][org] = replayed(args, org, as_many(args, org, experiments(real[org])))
    real_runs = f"{args.seeds} real seeds by {args.clock}"
    print(f"{args.task}, {args.budget:g} s on {args.slots} slots, {real_runs}, {args.replays} replayed\n")
    print("| organization | | research output | final q | experiments | failed |\n|---|---|---|---|---|---|")
    for org in args.orgs:
        for kind, by_org in found.items():
            records = by_org[org]
            cells = [mean([record[name] for record in records]) for name in ("research_output", "q_final")]
            lost = statistics.mean(
                sum(n for status, n in record["experiments"].items() if status not in {"ok", "unfinished"})
                for record in records
            )
            row = " | ".join(f"{value:+.3f} ± {error:.3f}" for value, error in cells)
            print(f"| {org} | {kind} | {row} | {experiments(records):.0f} | {lost:.1f} |")
    (print_differences if len(args.orgs) <= FEW else print_agreement)(found)


if __name__ == "__main__":
    main()
