"""Which rule spends the seeds of a race best: simulated from the logs of studies, at equal numbers of runs.

    python -m tests.bench.best_arm mlruns/demo-studies/mlruns/studies/* --races 1000

For each log, truths of all candidates are drawn around their estimates, by their doubt; a search is made of them anew
with the noise of one seed, its best and the seed document are raced, and each rule picks. The search flatters all by
0.08, as those of the logs did. What seeds bring beside the truth is drawn from the deviations in the log's own race, a
seed at a time, so that what seeds have in common stays so. Regret is what the pick's truth lacks to the best
contender's. All rules see the same truths, searches and seeds. The t tests are what orgopt did before.
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from orgopt.evolve.race import FIRST
from orgopt.scoring.samples import t_quantile
from orgopt.study import allocation, statistics
from orgopt.study.records.names import RACE
from orgopt.study.standing import standings
from orgopt.study.statistics import interval
from orgopt.study.view import load_study

TESTS = "t tests at four looks"
LOOKS = 4
FLATTERY = 0.08


class World(NamedTuple):
    """What a log says: estimates and doubts of candidates, their search seeds, and deviations, (seeds, contenders)."""

    name: str
    estimates: np.ndarray
    doubts: np.ndarray
    searched: np.ndarray
    sd: float
    deviations: np.ndarray
    contenders: int
    seeds: int


def world(folder: Path) -> World:
    view = load_study(folder)
    told = [one.standing for one in view.candidates if one.standing]
    raced: dict[str, list[float]] = {}
    for name in {run.entrant for run in view.evaluations if run.phase == RACE}:
        by_task = [[one.research_output for one in view.scores(RACE, name, task)] for task in view.tasks]
        raced[name] = list(np.mean([row[: min(map(len, by_task))] for row in by_task], axis=0))
    seeds = max(map(len, raced.values()))
    full = np.array([values for values in raced.values() if len(values) == seeds]).T
    apart = (full - full.mean(axis=0)) * np.sqrt(seeds / (seeds - 1))
    sd = told[0].error * np.sqrt(told[0].seeds)
    return World(
        f"{folder.name} ({', '.join(view.tasks)})",
        np.array([one.estimate for one in told]),
        np.array([one.doubt for one in told]),
        np.array([one.seeds for one in told]),
        float(sd),
        apart,
        len(raced),
        seeds,
    )


class Race(NamedTuple):
    """One simulated race: what the search believes of the contenders, their truths, and what each seed would show."""

    truths: np.ndarray  # (contenders,)
    estimates: np.ndarray
    doubts: np.ndarray
    shown: np.ndarray  # (contenders, many seeds)


def drawn(of: World, rng: np.random.Generator) -> Race:
    truths = rng.normal(of.estimates, of.doubts)
    outputs = {
        str(at): truth + of.sd * rng.standard_normal(int(n))
        for at, (truth, n) in enumerate(zip(truths, of.searched, strict=True))
    }
    told, _ = standings(outputs)
    estimates = np.array([told[str(at)].estimate for at in range(len(truths))])
    doubts = np.array([told[str(at)].doubt for at in range(len(truths))])
    best = np.argsort(-estimates, kind="stable")[: of.contenders]
    if 0 not in best:
        best = np.append(best[:-1], 0)
    rows = rng.integers(len(of.deviations), size=of.contenders * of.seeds)
    columns = np.array([rng.integers(of.deviations.shape[1], size=len(best)) for _ in rows]).T
    shown = truths[best][:, None] + of.deviations[rows[None, :], columns]
    return Race(truths[best], estimates[best] + FLATTERY, doubts[best], shown)


Spent = tuple[int, int]
"""The pick, and how many runs it took."""
Believe = Callable[[Race, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Means and standard deviations of what is believed of each after n runs of each."""


def both(race: Race, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By the search and the race, as `orgopt.evolve.race` does."""
    return allocation.looked_again(race.estimates, race.doubts, *alone(race, n))


def alone(race: Race, n: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """By the race alone."""
    values = [race.shown[at, :k] for at, k in enumerate(n)]
    return np.array([one.mean() for one in values]), statistics.pooled_sd(values) / np.sqrt(n)


def by_tests(race: Race, seeds: int, believe: Believe = alone) -> Spent:
    """At four looks, whoever the leader beats in a one-sided paired t test leaves; Bonferroni for looks and pairs."""
    alive, spent, seen = np.arange(len(race.truths)), 0, 0
    level = 0.05 / (LOOKS * (len(alive) - 1))
    for look in range(LOOKS):
        before, seen = seen, max(1, round(seeds * (look + 1) / LOOKS))
        spent += (seen - before) * len(alive)
        values = race.shown[alive, :seen]
        leader = int(values.mean(axis=1).argmax())
        apart = values[leader] - values
        apart[leader] = 0
        beaten = apart.mean(axis=1) > t_quantile(seen - 1, 1 - level) * apart.std(axis=1, ddof=1) / np.sqrt(seen)
        alive = alive[~beaten] if seen > 2 else alive
        if len(alive) == 1:
            break
    means, _ = believe(race, np.full(len(race.truths), seen))
    return int(alive[means[alive].argmax()]), spent


def top_two(race: Race, budget: int, rng: np.random.Generator, believe: Believe = both) -> Spent:
    """Top-two Thompson sampling (Russo 2020, Operations Research), as many runs at a time as there are contenders."""
    n = np.full(len(race.truths), FIRST)
    while n.sum() < budget:
        means, sds = believe(race, n)
        for _ in range(min(len(n), budget - int(n.sum()))):
            one = int(rng.normal(means, sds).argmax())
            if rng.random() < 0.5:
                others = (int(draw.argmax()) for draw in rng.normal(means, sds, size=(100, len(means))))
                one = next((other for other in others if other != one), one)
            n[one] += 1
    return int(believe(race, n)[0].argmax()), int(n.sum())


def allocated(race: Race, budget: int, believe: Believe = both, *, doubt: float = 0.0, rounds: int = 1) -> Spent:
    """Optimal computing budget allocation; it ends early where the chance of another best is below the doubt."""
    n = np.full(len(race.truths), FIRST)
    while True:
        means, sds = believe(race, n)
        left = budget - int(n.sum())
        if left <= 0 or allocation.doubt_of_best(means, sds) < doubt:
            return int(means.argmax()), int(n.sum())
        n = n + allocation.allocation(means, n, float(sds[0] * np.sqrt(n[0])), min(left, rounds * len(n)))


def rules(budget: int, seeds: int) -> Mapping[str, Callable[[Race, np.random.Generator], Spent]]:
    """Rules by name; but for two, all have as many runs as the t tests take on average."""
    return {
        TESTS: lambda race, _: by_tests(race, seeds),
        "t tests, by expected value": lambda race, _: by_tests(race, seeds, both),
        "top-two Thompson, race alone": lambda race, rng: top_two(race, budget, rng, alone),
        "top-two Thompson": lambda race, rng: top_two(race, budget, rng),
        "OCBA, race alone": lambda race, _: allocated(race, budget, alone),
        "OCBA": lambda race, _: allocated(race, budget),
        "OCBA, three times as many at once": lambda race, _: allocated(race, budget, rounds=3),
        "OCBA, three quarters of the runs": lambda race, _: allocated(race, budget * 3 // 4),
        "OCBA until 5 % doubt": lambda race, _: allocated(race, seeds * len(race.truths), doubt=0.05),
    }


def simulated(of: World, races: int, seed: int) -> dict[str, np.ndarray]:
    """For each rule, (races, 3): whether the pick was the best, its regret, and the runs that it took."""
    made = [drawn(of, np.random.default_rng([seed, number])) for number in range(races)]
    budget = round(float(np.mean([by_tests(race, of.seeds)[1] for race in made])))
    found: dict[str, list[tuple[float, float, int]]] = {}
    for number, race in enumerate(made):
        for name, rule in rules(budget, of.seeds).items():
            pick, spent = rule(race, np.random.default_rng([seed, number, 1]))
            regret = float(race.truths.max() - race.truths[pick])
            found.setdefault(name, []).append((float(regret == 0), regret, spent))
    return {name: np.array(rows) for name, rows in found.items()}


def table(folders: Sequence[Path], races: int, seed: int) -> str:
    """All logs together, and the difference to t tests on the same races."""
    every: dict[str, list[np.ndarray]] = {}
    for folder in folders:
        of = world(folder)
        for name, rows in simulated(of, races, seed).items():
            every.setdefault(name, []).append(rows)
        print(f"{of.name}: {of.contenders} contenders, {of.seeds} seeds", flush=True)
        for name, found in every.items():
            hit, regret, runs = found[-1].mean(axis=0)
            print(f"   {name}: {runs:.0f} runs, the best in {hit:.3f}, regret {regret:.4f}", flush=True)
    lines = ["| rule | runs | the best picked | regret | less regret than by t tests |", "|---|---|---|---|---|"]
    base = np.concatenate(every[TESTS])
    for name, found in every.items():
        rows = np.concatenate(found)
        hit, regret, apart = (interval(one) for one in (rows[:, 0], rows[:, 1], base[:, 1] - rows[:, 1]))
        lines.append(
            f"| {name} | {rows[:, 2].mean():.0f} | {hit.mean:.3f} [{hit.low:.3f}, {hit.high:.3f}] | {regret.mean:.4f} "
            f"[{regret.low:.4f}, {regret.high:.4f}] | {apart.mean:+.4f} [{apart.low:+.4f}, {apart.high:+.4f}] |"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, help="studies whose race has been run")
    parser.add_argument("--races", type=int, default=1000, help="of each log")
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print(table(args.folders, args.races, args.seed))


if __name__ == "__main__":
    main()
