"""Real runs against replayed ones: the same documents, budgets and slots, on the tasks that have recordings.

    python tests/bench/real_replay.py digits --budget 30 --seeds 4

Prints a Markdown table: research output of each organization in the local and in the replay lab, with the
standard error over seeds, and whether the order is the same. Real runs take seeds × organizations × budget.
"""

import argparse
import statistics
from contextlib import closing
from itertools import combinations
from math import sqrt

from orgopt.document import load
from orgopt.evaluate import Score, evaluate
from orgopt.lab import make_lab
from orgopt.task import load_task

ORGS = ("solo", "eight-solo", "flat-talkers")


def scores(task_name: str, org: str, kind: str, *, budget: float, slots: int, seeds: range) -> list[Score]:
    """The scores of an organization in one lab, a seed each."""
    task = load_task(task_name)
    with closing(make_lab(task, kind, slots)) as lab:
        return [evaluate(load(f"orgs/{org}.md"), task, lab, budget_s=budget, seed=seed) for seed in seeds]


def mean(values: list[float]) -> str:
    """Mean ± standard error."""
    error = statistics.stdev(values) / sqrt(len(values)) if len(values) > 1 else float("nan")
    return f"{statistics.mean(values):+.3f} ± {error:.3f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task")
    parser.add_argument("--budget", type=float, default=30)
    parser.add_argument("--seeds", type=int, default=4, help="real runs of each organization")
    parser.add_argument("--replays", type=int, default=40, help="replayed runs of each organization")
    parser.add_argument("--slots", type=int, default=2)
    args = parser.parse_args()
    print(f"{args.task}, {args.budget:g} s on {args.slots} slots, {args.seeds} real seeds, {args.replays} replayed:\n")
    print("| organization | lab | research output | final q | experiments |\n|---|---|---|---|---|")
    means: dict[tuple[str, str], float] = {}
    for org in ORGS:
        for kind, seeds in (("local", range(args.seeds)), ("replay", range(1000, 1000 + args.replays))):
            found = scores(args.task, org, kind, budget=args.budget, slots=args.slots, seeds=seeds)
            output = [score.research_output for score in found]
            means[org, kind] = statistics.mean(output)
            ran = statistics.mean(score.experiments.get("ok", 0) for score in found)
            print(f"| {org} | {kind} | {mean(output)} | {mean([s.q_final for s in found])} | {ran:.0f} |", flush=True)
    for a, b in combinations(ORGS, 2):
        real, replay = (means[a, kind] - means[b, kind] for kind in ("local", "replay"))
        print(f"\n{a} − {b}: {real:+.3f} real, {replay:+.3f} replayed: {'agree' if real * replay > 0 else 'disagree'}")


if __name__ == "__main__":
    main()
