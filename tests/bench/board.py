"""What a board accepts, and how fast: false claims, honest ones, adaptive overfitting, and claims verified a minute.

    python -m tests.bench.board noise            # 1,000 claims that are no better, on many boards
    python -m tests.bench.board power            # improvements of one and two resolutions, at the 1st to 10,000th test
    python -m tests.bench.board drift            # 10,000 adaptive submissions against one held-out split
    python -m tests.bench.board speed --claims 20  # real experiments of digits

The first three are simulated: rounds are drawn, and go through the very test and ladder that a board has. A resolution
is that of a run's verification (`orgopt.scoring.gain_evidence`): eight pairs show it in four of five cases.
"""

import argparse
import math
import os
import platform
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np

from orgopt.board.ladder import Ladder
from orgopt.board.sequential_test import BATCH, FAMILY, SequentialResult, level, verdict
from orgopt.lab.base import Checkpoint, Outcome
from orgopt.lab.local import LocalLab
from orgopt.scoring.gain_evidence import LEVEL, PAIRS, POWER
from orgopt.scoring.samples import t_quantile
from orgopt.tasks.task import Task

Draw = Callable[[np.random.Generator, int], np.ndarray]

RESOLUTION = (t_quantile(PAIRS - 1, LEVEL) + t_quantile(PAIRS - 1, POWER)) / math.sqrt(PAIRS)
"""In standard deviations of a pair."""


def normal(rng: np.random.Generator, n: int) -> np.ndarray:
    return rng.normal(0, 1, n)


def heavy(rng: np.random.Generator, n: int) -> np.ndarray:
    """Student's t with three degrees of freedom."""
    return rng.standard_t(3, n) / math.sqrt(3)


def spikes(rng: np.random.Generator, n: int) -> np.ndarray:
    """One run in ten is slowed down a lot, the claim's as often as the other's."""
    return (rng.normal(0, 1, n) + 10 * (rng.random(n) < 0.1) - 10 * (rng.random(n) < 0.1)) / math.sqrt(19)


def rare(rng: np.random.Generator, n: int) -> np.ndarray:
    """A claim that is a little better in nine runs of ten, and as far behind as counts in the tenth."""
    return np.where(rng.random(n) < 0.9, 1 / 3, -3.0)


def same(rng: np.random.Generator, n: int) -> np.ndarray:
    """Runs that are usually the same to the last digit, and very bad one time in twenty, whoever's they are."""
    bad = rng.random((2, n)) < 0.05
    return (bad[0].astype(float) - bad[1]) / math.sqrt(2 * 0.05 * 0.95)


def far(rng: np.random.Generator, n: int) -> np.ndarray:
    """A claim that is a little better in 19 runs of 20, and so far behind in one that its mean is no better."""
    return np.where(rng.random(n) < 0.95, 1.0, -19.0) / math.sqrt(0.95 + 0.05 * 19**2)


def steps(rng: np.random.Generator, n: int) -> np.ndarray:
    """A metric that is counted, such as errors of few: differences are whole steps."""
    return np.round(rng.normal(0, 0.96, n))


def constant(rng: np.random.Generator, n: int) -> np.ndarray:
    """Runs that no seed changes, neither the claim's nor the best's."""
    return np.zeros(n)


# All but the last two have a standard deviation of one, as the noise that a board knows.
NOISES: dict[str, Draw] = {
    "normal": normal,
    "heavy tails": heavy,
    "spikes": spikes,
    "whole steps": steps,
    "usually the same, rarely very bad": same,
    "mostly better, far worse in one of 20": far,
    "mostly better, worst in one of 10": rare,
    "the same with every seed": constant,
}
POWERS: dict[str, tuple[Draw, int]] = {
    "one resolution": (normal, 1),
    "twice": (normal, 2),
    "twice, heavy tails": (heavy, 2),
    "twice, spikes": (spikes, 2),
    "twice, whole steps": (steps, 2),
    "twice, rarely very bad": (same, 2),
}


def tested(rng: np.random.Generator, draw: Draw, gain: float, test: int, family: float) -> tuple[bool, int]:
    """Whether a claim passes its test, and after how many rounds that is known."""
    alpha, gains = level(test, family), list[float]()
    while True:
        gains += (draw(rng, BATCH) + gain).tolist()
        said = verdict(gains, 1.0, alpha)
        if said is not SequentialResult.OPEN:
            return said is SequentialResult.BETTER, len(gains)


def noise(boards: int, claims: int, family: float) -> None:
    """Accepted claims of so many that are no better, a board."""
    print(f"{claims} claims that are no better on each of {boards} boards, at most {family:g} accepted by design")
    print("| noise | accepted, mean a board | boards with any | rounds a claim |\n|---|---|---|---|")
    for name, draw in NOISES.items():
        accepted, rounds = list[int](), 0
        for number in range(boards):
            rng = np.random.default_rng([number, len(name)])
            found = [tested(rng, draw, 0.0, test, family) for test in range(1, claims + 1)]
            accepted.append(sum(won for won, _ in found))
            rounds += sum(took for _, took in found)
        mean, any_ = float(np.mean(accepted)), sum(one > 0 for one in accepted)
        print(f"| {name} | {mean:.3f} | {any_} of {boards} | {rounds / boards / claims:.1f} |", flush=True)


def power(runs: int, family: float) -> None:
    """How many of 100 honest improvements are accepted, by how many tests came before."""
    print(f"of {runs} improvements, accepted in % and rounds each; a resolution is {RESOLUTION:.2f} sd of a pair")
    print(f"| test | level | {' | '.join(POWERS)} |\n|---|---|{'---|' * len(POWERS)}")
    for test in (1, 10, 100, 1000, 10_000):
        cells = [f"{test:,}", f"{level(test, family):.1e}"]
        for draw, times in POWERS.values():
            rng = np.random.default_rng([test, times])
            found = [tested(rng, draw, times * RESOLUTION, test, family) for _ in range(runs)]
            rounds = np.mean([took for _, took in found])
            cells.append(f"{100 * sum(won for won, _ in found) / runs:.0f}, {rounds:.0f} rounds")
        print(f"| {' | '.join(cells)} |", flush=True)


def drift(submissions: int, examples: int, repeats: int) -> None:
    """How far the published best is from its true quality, after an attack by its own answers.

    Every submission guesses labels; its true accuracy is one half. Of a plain leaderboard, which answers with the exact
    score, the attacker learns by majority (Blum and Hardt 2015, figure 1). Of a ladder, which answers only that there
    is a new best, they keep what climbed and guess parts of it anew.
    """
    step = 0.5 / math.sqrt(examples)
    print(f"{submissions} adaptive submissions, {examples} held-out examples, step {step:.4f}; true accuracy .5")
    print("| leaderboard | published best | drift | times that it changed |\n|---|---|---|---|")
    for name, attack in (("exact scores", _majority), ("best so far, exact", _exact), ("ladder", _climb)):
        found = [attack(np.random.default_rng(k), submissions, examples, step) for k in range(repeats)]
        best, changed = np.mean([one[0] for one in found]), np.mean([one[1] for one in found])
        print(f"| {name} | {best:.3f} | {best - 0.5:+.3f} | {changed:.0f} |", flush=True)


def _majority(rng: np.random.Generator, submissions: int, examples: int, step: float) -> tuple[float, int]:
    """Add up what scored better than chance, and submit the majority."""
    labels, votes, best, changed = rng.integers(0, 2, examples), np.zeros(examples), 0.0, 0
    for _ in range(submissions):
        guess = rng.integers(0, 2, examples)
        score = float((guess == labels).mean())
        changed += score > best
        best = max(best, score)
        votes += (2 * guess - 1) * np.sign(score - 0.5)
    return max(best, float(((votes > 0) == labels).mean())), changed


def _exact(rng: np.random.Generator, submissions: int, examples: int, step: float) -> tuple[float, int]:
    """Climb on a board that publishes every new best as it is."""
    return _climbed(rng, submissions, examples, 0.0)


def _climb(rng: np.random.Generator, submissions: int, examples: int, step: float) -> tuple[float, int]:
    """Climb on a ladder, by as few guesses anew at a time as may bring it a step further."""
    return _climbed(rng, submissions, examples, step)


def _climbed(rng: np.random.Generator, submissions: int, examples: int, step: float) -> tuple[float, int]:
    labels, guess, changed = rng.integers(0, 2, examples), rng.integers(0, 2, examples), 0
    start = score = float((guess == labels).mean())
    ladder = Ladder(step=step or 1e-9)
    least = max(1, round(step * examples))
    for _ in range(submissions):
        some = rng.integers(least, max(least + 1, 4 * least) + 1) if changed or not step else examples
        new = guess.copy()
        places = rng.choice(examples, min(int(some), examples), replace=False)
        new[places] = rng.integers(0, 2, len(places)) if len(places) == examples else 1 - new[places]
        other = float((new == labels).mean())
        if climbed := ladder.look(other - score):
            ladder, guess, score, changed = climbed, new, other, changed + 1
    return start + ladder.gain, changed


def speed(claims: int, slots: int) -> None:
    """Claims of random settings of digits, verified by real experiments in the sandbox."""
    from orgopt.board.claims import Claim, change_of, received
    from orgopt.board.store import ClaimStore
    from orgopt.board.terms import new_terms
    from orgopt.board.verification import Verifier
    from orgopt.tasks.folder import load_task
    from tests.fakes.board import person, signed

    task, rng, ran = load_task("digits"), np.random.default_rng(0), list[float]()
    with tempfile.TemporaryDirectory() as folder, _Counting(task, slots, ran) as lab:
        store = ClaimStore.made(f"sqlite:///{folder}/board.db", new_terms(task, made=0.0))
        for k in range(claims):
            near = {"LR": float(0.15 * math.exp(rng.normal(0, 0.3))), "DROPOUT": float(rng.uniform(0.1, 0.3))}
            one = Claim(board=store.terms.id, key=person(k).public, settings=near, metric=0.13)
            told = received(signed(one, person(k)))
            store.submit(told, change_of(told.claim, task), str(k), 0.0)
        _ = lab.data_digest
        before, began, rounds = os.getloadavg()[0], time.monotonic(), 0
        found, verifier = Counter[str](), Verifier(store, task, lab, time.time)
        while (entry := verifier.next()) is not None:
            found[entry.status.value] += 1
            rounds += len(entry.result["rounds"]) + len(entry.result["recheck"])
        took = time.monotonic() - began
        store.close()
    spent = sum(ran)
    print(f"{claims} claims in {took:.0f} s, {60 * claims / took:.1f} a minute, {rounds / claims:.1f} rounds each")
    print(f"{spent / claims:.1f} CPU seconds of {len(ran) / claims:.0f} runs a claim, {spent / len(ran):.2f} each")
    print(", ".join(f"{number} {status}" for status, number in found.items()))
    print(f"{slots} slots, load {before:.1f} before and {os.getloadavg()[0]:.1f} after")


class _Counting(LocalLab):
    """A lab that notes the CPU seconds of each run, which load changes less than those on the wall."""

    def __init__(self, task: Task, slots: int, ran: list[float]) -> None:
        super().__init__(task, slots)
        self._ran = ran

    def wait(self, until: float) -> list[Outcome | Checkpoint]:
        found = super().wait(until)
        self._ran += [one.cpu_s for one in found if isinstance(one, Outcome)]
        return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["noise", "power", "drift", "speed"])
    parser.add_argument("--boards", type=int, default=100)
    parser.add_argument("--claims", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=200)
    parser.add_argument("--family", type=float, default=FAMILY)
    parser.add_argument("--submissions", type=int, default=10_000)
    parser.add_argument("--examples", type=int, default=600)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--slots", type=int, default=2)
    args = parser.parse_args()
    print(f"{datetime.now(UTC):%Y-%m-%d}, Python {platform.python_version()}, {os.cpu_count()} cores")
    if args.what == "noise":
        noise(args.boards, args.claims, args.family)
    elif args.what == "power":
        power(args.runs, args.family)
    elif args.what == "drift":
        drift(args.submissions, args.examples, args.repeats)
    else:
        speed(args.claims, args.slots)


if __name__ == "__main__":
    main()
