"""Real runs against replayed ones: the same documents, budgets and slots, on the tasks that have recordings.

    python -m tests.bench.real_replay digits --budget 30 --seeds 4 --log real.jsonl

Prints a Markdown table: research output of each organization in the local and in the replay lab, with the standard
error over seeds, and for each pair the difference in both. Real runs take seeds × organizations × budget. On a busy
machine they come to fewer experiments than the budget would allow; a third row replays with the budget that gives as
many as were trained. What the log has is not run again.
"""

import argparse
import statistics
from contextlib import closing
from itertools import combinations
from math import sqrt
from pathlib import Path
from typing import Any

from orgopt.document import load
from orgopt.evaluate import Score, evaluate
from orgopt.lab import make_lab
from orgopt.ledger import JsonLog, read_lines
from orgopt.task import load_task
from tests.conftest import ROOT

ORGS = ("solo", "eight-solo", "flat-talkers")
FIRST_REPLAY = 1000  # seeds of replays, apart from the real ones


def run(task_name: str, org: str, kind: str, budget: float, slots: int, seeds: range) -> list[Score]:
    """The scores of an organization in one lab, a seed each."""
    task, program = load_task(task_name, ROOT), load(ROOT / "orgs" / f"{org}.md")
    with closing(make_lab(task, kind, slots)) as lab:
        return [evaluate(program, task, lab, budget_s=budget, seed=seed) for seed in seeds]


def trained(args: argparse.Namespace) -> dict[str, list[dict[str, Any]]]:
    """The real runs of each organization, those of the log too; seed by seed, so that all meet the same load."""
    key = {"task": args.task, "budget_s": args.budget, "slots": args.slots}
    found = {org: [] for org in ORGS}
    for record in read_lines(args.log):
        if key.items() <= record.items():
            found[record["org"]].append(record)
    with closing(JsonLog(args.log)) as log:
        for seed in range(args.seeds):
            for org in ORGS:
                if all(record["seed"] != seed for record in found[org]):
                    (score,) = run(args.task, org, "local", args.budget, args.slots, range(seed, seed + 1))
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("task")
    parser.add_argument("--budget", type=float, default=30)
    parser.add_argument("--seeds", type=int, default=4, help="real runs of each organization")
    parser.add_argument("--replays", type=int, default=100, help="replayed runs of each organization")
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--log", type=Path, default=Path("real_replay.jsonl"), help="keeps the real runs")
    args = parser.parse_args()
    real = trained(args)
    found: dict[str, dict[str, list[dict[str, Any]]]] = {"trained": real, "replayed": {}, "as many": {}}
    for org in ORGS:
        found["replayed"][org] = replayed(args, org, args.budget)
        found["as many"][org] = replayed(args, org, as_many(args, org, experiments(real[org])))
    print(f"{args.task}, {args.budget:g} s on {args.slots} slots, {args.seeds} real seeds, {args.replays} replayed\n")
    print("| organization | | research output | final q | experiments | failed |\n|---|---|---|---|---|---|")
    for org in ORGS:
        for kind, by_org in found.items():
            records = by_org[org]
            cells = [mean([record[name] for record in records]) for name in ("research_output", "q_final")]
            lost = statistics.mean(
                sum(n for status, n in record["experiments"].items() if status not in {"ok", "unfinished"})
                for record in records
            )
            row = " | ".join(f"{value:+.3f} ± {error:.3f}" for value, error in cells)
            print(f"| {org} | {kind} | {row} | {experiments(records):.0f} | {lost:.1f} |")
    print("\n| difference | trained | replayed | as many |\n|---|---|---|---|")
    for a, b in combinations(ORGS, 2):
        cells = []
        for by_org in found.values():
            (one, e1), (other, e2) = (mean([record["research_output"] for record in by_org[org]]) for org in (a, b))
            cells.append(f"{one - other:+.3f} ± {sqrt(e1**2 + e2**2):.3f}")
        print(f"| {a} − {b} | " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
