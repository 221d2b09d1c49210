"""Published results on networks of problem solvers, by documents of `orgs/science` in the team runtime.

    python tests/bench/science.py --landscapes 60 --log science.jsonl

Each document runs on NK landscapes in the replay lab, a hundred agents on a hundred slots, and so does the published
model itself (`fitness/nk/reference.py`) on the same landscapes and the very network that the document describes.
`docs/explanation/validation.md` explains the table that is printed. What the log has is not run again.
"""

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from orgopt.document import load, require_org
from orgopt.lab import make_lab
from orgopt.ledger import Ledger
from orgopt.org import Org
from orgopt.storage.jsonl import JsonLog, read_lines
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from orgopt.team import links
from orgopt.team.runtime import Team
from tests.conftest import ROOT

sys.path.insert(0, str(ROOT / "fitness" / "nk"))
import reference

SLOTS = 100
REFERENCES = 10  # simulations of the published model a landscape, which are cheap: one alone is as noisy as a team
LAZER = ("lazer-line", "lazer-lattice", "lazer-full")
BARKOCZI = tuple(f"barkoczi-{shape}-{rule}" for rule in ("best", "conformity") for shape in ("clustered", "full"))
RULES = {
    "best": reference.best_of_all,
    "best of 3": reference.best_of_three,
    "majority of 3": reference.majority_of_three,
}


class Model(NamedTuple):
    """A published experiment: its landscapes, its organizations, and the rounds that are reported."""

    parameters: dict[str, object]
    documents: tuple[str, ...]
    rounds: tuple[int, ...]
    share: float  # of the landscapes that are asked for

    def task(self, landscape: int) -> Task:
        task = load_task("nk", ROOT).with_parameters(**self.parameters, landscape=landscape)
        return replace(task, knobs=task.knobs[: task.parameters["n"]])


MODELS = {
    "lazer": Model({"n": 20, "k": 5}, LAZER, (5, 10, 15, 20, 25, 50, 100), 1.0),
    "lazer, K=0": Model({"n": 20, "k": 0}, LAZER, (5, 10, 15, 20, 25, 50), 0.25),
    "barkoczi": Model({"n": 15, "k": 7, "decimals": 1, "own_again": True}, BARKOCZI, (5, 10, 20, 50, 100, 199), 0.25),
}


def means(ledger: Ledger, agents: int, rounds: int) -> np.ndarray:
    """The mean over agents of the best score that each has run, after each round, shape (rounds + 1,).

    A round is a lab second; in the first, agents try the solution that they start from.
    """
    place: dict[str, int] = {}
    found = np.zeros((rounds + 1, agents))
    for event in ledger.of("outcome"):
        if event.data["status"] == "ok":
            cell = round(event.t) - 1, place.setdefault(event.data["agent"], len(place))
            found[cell] = 1 - event.data["metric"]
    return np.maximum.accumulate(found).mean(1)


def neighbours(org: Org, seed: int) -> np.ndarray:
    """The document's network as the reference takes it; rows are filled up with the agent itself."""
    network, order = links.network(org, seed), [member.id for member in links.members(org)]
    place = {agent: at for at, agent in enumerate(order)}
    rows = [[place[source] for source in network.sources(agent)] for agent in order]
    width = max(map(len, rows))
    return np.array([row + [at] * (width - len(row)) for at, row in enumerate(rows)])


def team_and_reference(model: Model, landscape: int) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """For each document, the curve of its team and the mean one of simulations of the published model."""
    task, rounds = model.task(landscape), model.rounds[-1]
    with closing(make_lab(task, "replay", SLOTS)) as lab:
        scores = np.tile(1 - lab.source.world.shortfall, (REFERENCES, 1))
        for name in model.documents:
            org = require_org(load(ROOT / "orgs" / "science" / f"{name}.md"))
            ledger = Ledger()
            Team(org, task, lab, seed=landscape, ledger=ledger).run(rounds + 1.5)
            rule = RULES[org.copy_rule_of(org.roles[0])]
            published = reference.simulate(scores, neighbours(org, landscape), rule, rounds, seed=1000 + landscape)
            yield name, means(ledger, org.headcount, rounds), published.mean(0)


def run(name: str, model: Model, count: int, log: JsonLog) -> None:
    """Add to the log what it does not have of the first `count` landscapes."""
    done = {record["landscape"] for record in read_lines(log.path) if record["model"] == name}
    for landscape in set(range(count)) - done:
        began, curves = time.process_time(), {}
        for document, team, published in team_and_reference(model, landscape):
            curves[document] = {"team": team.round(5).tolist(), "reference": published.round(5).tolist()}
        log.append({"model": name, "landscape": landscape, "cpu_s": time.process_time() - began, "curves": curves})


def report(name: str, model: Model, log: Path) -> None:
    """Print what the log has of a model, as Markdown."""
    records = [record for record in read_lines(log) if record["model"] == name]
    if not records:
        return
    minutes = sum(record["cpu_s"] for record in records) / 60
    print(f"\n{name}: {len(records)} landscapes, {minutes:.0f} CPU minutes\n")
    print("| document | | " + " | ".join(f"t = {t}" for t in model.rounds) + " | ± |")
    print("|---" * (len(model.rounds) + 3) + "|")
    curves = {
        (document, who): np.array([record["curves"][document][who] for record in records])
        for document in model.documents
        for who in ("team", "reference")
    }
    for document in model.documents:
        team, published = curves[document, "team"], curves[document, "reference"]
        for who, found in (("team", team), ("reference", published), ("difference", team - published)):
            row = [f"{found[:, t].mean():.3f}" for t in model.rounds]
            print(f"| {document} | {who} | " + " | ".join(row) + f" | {_error(found[:, -1]):.3f} |")
    if name.startswith("lazer"):
        for who in ("team", "reference"):
            compare(curves["lazer-line", who], curves["lazer-full", who], who)


def compare(line: np.ndarray, full: np.ndarray, who: str) -> None:
    """Print when and how often the line is ahead of the full network."""
    gap = line - full
    behind = np.flatnonzero(gap.mean(0) <= 0)
    crossing = [_crossing(gap[np.random.default_rng(at).integers(0, len(gap), len(gap))]) for at in range(2000)]
    low, high = np.percentile(crossing, [2.5, 97.5])
    wins, n = int((gap[:, -1] > 0).sum()), len(gap)
    least, most = wilson(wins, n)
    print(
        f"\n{who}: full ahead up to t = {behind[-1] if len(behind) else 0}; "
        f"line ahead for good from t = {_crossing(gap)} (bootstrap {low:.0f} to {high:.0f}); "
        f"at the end on {wins} of {n} landscapes (95 %: {least:.3f} to {most:.3f}), "
        f"full on {int((gap[:, -1] < 0).sum())}"
    )
    for label, found in (("line", line), ("full", full)):
        print(f"{who}, {label}: mean reaches .99 at t = {_first(found.mean(0) >= 0.99)}")


def _crossing(gap: np.ndarray) -> int:
    """The first round from which the mean gap stays above 0."""
    behind = np.flatnonzero(gap.mean(0) <= 0)
    return int(behind[-1]) + 1 if len(behind) else 0


def _first(reached: np.ndarray) -> int | None:
    return int(np.argmax(reached)) if reached.any() else None


def wilson(wins: int, n: int) -> tuple[float, float]:
    """The 95 % interval of a share by Wilson's score."""
    z, share = 1.96, wins / n
    middle, half = share + z**2 / (2 * n), z * (share * (1 - share) / n + z**2 / (4 * n**2)) ** 0.5
    return (middle - half) / (1 + z**2 / n), (middle + half) / (1 + z**2 / n)


def _error(values: np.ndarray) -> float:
    return float(values.std(ddof=1) / len(values) ** 0.5) if len(values) > 1 else float("nan")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--landscapes", type=int, default=40, help="for K=5; a quarter of them for the others")
    parser.add_argument("--only", choices=MODELS, help="run this model alone")
    parser.add_argument("--log", type=Path, default=Path("science.jsonl"), help="keeps the curves")
    args = parser.parse_args()
    models = {name: model for name, model in MODELS.items() if args.only in {None, name}}
    with closing(JsonLog(args.log)) as log:
        for name, model in models.items():
            run(name, model, max(1, round(args.landscapes * model.share)), log)
    for name, model in models.items():
        report(name, model, args.log)


if __name__ == "__main__":
    main()
