"""The published models on NK landscapes, exactly and fast, to know what an organization's run should show.

    python fitness/nk/reference.py lazer --landscapes 1000
    python fitness/nk/reference.py barkoczi --landscapes 300

`lazer`: D. Lazer & A. Friedman (2007), The network structure of exploration and exploitation, Administrative Science
Quarterly 52:667. N 20, K 5, 100 agents. In each round an agent copies the best of all its neighbours if that is better
than its own, and else flips a random bit and keeps it if that is better. All move at once.

`barkoczi`: D. Barkoczi & M. Galesic (2016), Social learning strategies modify the effect of network structure on group
performance, Nature Communications 7:13109, after the authors' code. N 15, K 7, contributions rounded to one decimal,
and a bit may be drawn as one of its own K; 100 agents. Each samples 3 neighbours and takes their best option, or the
one that at least two have, if it is better than its own; else it flips a random bit and keeps it if that is better.
"""

import argparse
import time
from collections.abc import Callable

import numpy as np
from nk import scores

AGENTS = 100
BATCH = 20  # landscapes at once: 2^20 scores of four bytes each

# A rule gives each agent's option from others, -1 for none: (codes, values, neighbours, rng) -> codes.
Rule = Callable[[np.ndarray, np.ndarray, np.ndarray, np.random.Generator], np.ndarray]


def line() -> np.ndarray:
    """Neighbours of each agent, shape (agents, degree); the ends of the line are their own second neighbour."""
    own = np.arange(AGENTS)[:, None]
    return np.clip(own + np.array([-1, 1]), 0, AGENTS - 1)


def lattice(degree: int) -> np.ndarray:
    """A ring in which everyone is linked to the nearest `degree`."""
    reach = [d for d in range(-degree // 2, degree // 2 + 1) if d]
    return (np.arange(AGENTS)[:, None] + reach) % AGENTS


def caves(size: int) -> np.ndarray:
    """Cliques in a ring, each linked to the next by one rewired link (Watts 1999): as clustered as can be."""
    first = np.arange(AGENTS) // size * size
    members = [range(start, start + size) for start in first]
    neighbours = np.array([[other for other in row if other != agent] for agent, row in enumerate(members)])
    for first in range(0, AGENTS, size):
        last = (first - 1) % AGENTS
        # The first of a clique gives up its second member for the last of the clique before, and is given up likewise.
        neighbours[first][neighbours[first] == first + 1] = last
        neighbours[last][neighbours[last] == last - 1] = first
    return neighbours


def random_network(degree: int, rng: np.random.Generator) -> np.ndarray:
    """Links between pairs at random with that mean degree; rows are filled up with the agent itself."""
    linked = np.triu(rng.random((AGENTS, AGENTS)) < degree / (AGENTS - 1), 1)
    linked |= linked.T
    neighbours = np.tile(np.arange(AGENTS)[:, None], (1, int(linked.sum(1).max())))
    for agent in range(AGENTS):
        others = np.flatnonzero(linked[agent])
        neighbours[agent, : len(others)] = others
    return neighbours


def full() -> np.ndarray:
    """Everyone is linked to everyone."""
    return np.array([[other for other in range(AGENTS) if other != agent] for agent in range(AGENTS)])


def best_of_all(codes: np.ndarray, values: np.ndarray, neighbours: np.ndarray, _: np.random.Generator) -> np.ndarray:
    """The option of the best neighbour."""
    if neighbours.shape[1] == AGENTS - 1:  # everyone's best neighbour is everyone's best, or oneself
        best = np.argmax(values, axis=1)[:, None].repeat(AGENTS, axis=1)
    else:
        columns = np.argmax(values[:, neighbours], axis=2)
        best = neighbours[np.arange(AGENTS), columns]
    return np.take_along_axis(codes, best, 1)


def _three(codes: np.ndarray, neighbours: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Three different neighbours of each agent, shape (landscapes, agents, 3)."""
    agents, degree = neighbours.shape
    columns = np.full((len(codes), agents, 3), -1)
    # Floyd's draw without replacement: each of the last three ranks replaces a number that is drawn already.
    for drawn in range(3):
        top = degree - 3 + drawn
        column = rng.integers(0, top + 1, columns.shape[:2])
        repeated = (columns[..., :drawn] == column[..., None]).any(-1)
        columns[..., drawn] = np.where(repeated, top, column)
    return neighbours[np.arange(agents)[None, :, None], columns]


def best_of_three(
    codes: np.ndarray, values: np.ndarray, neighbours: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """The best option of three neighbours."""
    rows, sample = np.arange(len(codes))[:, None, None], _three(codes, neighbours, rng)
    column = np.argmax(values[rows, sample], 2)[..., None]
    return np.take_along_axis(codes[rows, sample], column, 2)[..., 0]


def majority_of_three(codes: np.ndarray, _: np.ndarray, neighbours: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The option that at least two of three neighbours have, or none."""
    sample = _three(codes, neighbours, rng)
    one, two, three = np.moveaxis(codes[np.arange(len(codes))[:, None, None], sample], 2, 0)
    return np.where((one == two) | (one == three), one, np.where(two == three, two, -1))


def simulate(landscapes: np.ndarray, neighbours: np.ndarray, rule: Rule, rounds: int, seed: int) -> np.ndarray:
    """The mean score of the agents after each round, shape (landscapes, rounds + 1).

    Args:
        landscapes: Scores of all solutions, shape (landscapes, 2^N).
        neighbours: Shape (agents, degree).
    """
    rng = np.random.default_rng(seed)
    count, size = landscapes.shape
    rows = np.arange(count)[:, None]
    codes = rng.integers(0, size, (count, AGENTS))
    values = landscapes[rows, codes]
    means = [values.mean(1)]
    for _ in range(rounds):
        heard = rule(codes, values, neighbours, rng)
        copied = (heard >= 0) & (landscapes[rows, heard] > values)
        flipped = codes ^ (1 << rng.integers(0, size.bit_length() - 1, codes.shape))
        tried = np.where(copied, heard, flipped)
        gained = landscapes[rows, tried]
        codes, values = np.where(gained > values, tried, codes), np.maximum(gained, values)
        means.append(values.mean(1))
    return np.stack(means, 1)


def lazer(count: int, n: int, k: int, rounds: int = 100) -> None:
    networks = {"line": line(), "lattice 4": lattice(4), "full": full()}
    found: dict[str, list[np.ndarray]] = {name: [] for name in [*networks, "random 4"]}
    for first in range(0, count, BATCH):
        batch = range(first, min(first + BATCH, count))
        landscapes = np.stack([scores(n, k, np.random.default_rng([n, k, number])) for number in batch])
        networks["random 4"] = random_network(4, np.random.default_rng([1, first]))
        for name, neighbours in networks.items():
            found[name].append(simulate(landscapes, neighbours, best_of_all, rounds, seed=first))
    curves = {name: np.concatenate(parts) for name, parts in found.items()}
    report(curves, [5, 10, 15, 18, 20, 25, 50, rounds])
    difference = curves["line"] - curves["full"]
    ahead = difference.mean(0) > 0
    if ahead[-1]:  # the line must stay ahead from then on
        print(f"line ahead of full from t = {rounds + 1 - int(np.argmin(ahead[::-1]))} on")
    share = (difference[:, -1] > 0).mean()
    print(f"landscapes that favour the line at t = {rounds}: {share:.3f} ± {(share * (1 - share) / count) ** 0.5:.3f}")


def barkoczi(count: int, n: int, k: int, rounds: int = 199) -> None:
    networks = {"lattice 4": lattice(4), "caves 20": caves(20), "caves 4": caves(4), "full": full()}
    rules = {"best of 3": best_of_three, "majority of 3": majority_of_three}
    found: dict[str, list[np.ndarray]] = {f"{rule}, {name}": [] for rule in rules for name in networks}
    for first in range(0, count, BATCH):
        batch = range(first, min(first + BATCH, count))
        landscapes = np.stack(
            [scores(n, k, np.random.default_rng([n, k, number]), decimals=1, own_again=True) for number in batch]
        )
        for rule, function in rules.items():
            for name, neighbours in networks.items():
                found[f"{rule}, {name}"].append(simulate(landscapes, neighbours, function, rounds, seed=first))
    report({name: np.concatenate(parts) for name, parts in found.items()}, [5, 10, 20, 50, 100, rounds])


def report(curves: dict[str, np.ndarray], times: list[int]) -> None:
    print(f"{'mean score at t =':24}" + "".join(f"{t:>8}" for t in times) + "   ± at the last")
    for name, curve in curves.items():
        error = curve[:, -1].std(ddof=1) / len(curve) ** 0.5
        print(f"{name:24}" + "".join(f"{curve[:, t].mean():8.3f}" for t in times) + f"   {error:.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=["lazer", "barkoczi"])
    parser.add_argument("--landscapes", type=int, default=100)
    parser.add_argument("--n", type=int)
    parser.add_argument("--k", type=int)
    args = parser.parse_args()
    started = time.perf_counter()
    run, n, k = (lazer, 20, 5) if args.model == "lazer" else (barkoczi, 15, 7)
    run(args.landscapes, args.n or n, k if args.k is None else args.k)
    print(f"{args.landscapes} landscapes in {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
