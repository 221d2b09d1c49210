"""Organizations with ten to ten thousand slots, in virtual time: what the coordinator can do, and which chart is best.

    python -m tests.bench.scale               # 10, 100 and 1,000 slots: some minutes of one core
    python -m tests.bench.scale 10000         # some minutes for a chart
    python -m tests.bench.scale --kept FILE   # goes on with what FILE has, and keeps every run in it

An agent for each slot, the same number of experiments a slot at every size, on NK landscapes, a landscape a seed, where
the best settings are hard to find. Runs of more than 100 slots are processes of their own, so that memory is theirs.
Times are CPU seconds.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean
from typing import NamedTuple

from orgopt.lab import make_lab
from orgopt.lab.base import Lab
from orgopt.ledger import Ledger
from orgopt.org import Link, Org, Role, Standup
from orgopt.scoring.samples import t_quantile
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from orgopt.team.runtime import Team

TASK = "nk"
EXPERIMENTS = 8
"""About so many for each slot; each takes a second."""
AGENT = "evolution"
TEAM = 10
SEEDS = {10: 24, 100: 12, 1_000: 3, 10_000: 2}


TOGETHER = 100


class Chart(NamedTuple):
    """A way to organize any number of slots, and the most slots with which it is run."""

    org: Callable[[int], Org]
    most: int = 10_000


def _flat(pattern: str = "", *, rhythm: int = 0, share: int | None = None, heads: int = 1) -> Callable[[int], Org]:
    """One role, `heads` agents a slot; everybody meets after each `rhythm` experiments a slot."""

    def built(slots: int) -> Org:
        role = Role(id="a", name="A", headcount=heads * slots, agent=AGENT)
        said = pattern.format(chance=f"{min(1.0, TEAM / (heads * slots)):.6f}")
        links = (Link(source="a", target="a", kind="shares with", pattern=said),) if said else ()
        meets = Standup(every=rhythm * slots, unit="experiments", share=share) if rhythm else None
        return Org(roles=(role,), links=links, standup=meets)

    return built


def _teams(*, rhythm: int = 0) -> Callable[[int], Org]:
    """Teams of about ten hands and a lead; leads stand in a ring, or meet and bring their best."""

    def built(slots: int) -> Org:
        leads = max(1, slots // (TEAM + 1))
        lead = Role(id="lead", name="Lead", headcount=leads, agent=AGENT)
        hand = Role(id="hand", name="Hand", headcount=slots - leads, agent=AGENT)
        some = f"random {min(1.0, 1 / leads):.6f}"
        up = Link(source="hand", target="lead", kind="reports to", pattern=some)
        down = Link(source="lead", target="hand", kind="shares with", pattern=some)
        ring = Link(source="lead", target="lead", kind="shares with", pattern="ring")
        meets = Standup(every=rhythm * slots, unit="experiments", attendees=("lead",), share=1) if rhythm else None
        return Org(roles=(lead, hand), links=(up, down) if rhythm else (up, down, ring), standup=meets)

    return built


CHARTS = {
    "alone": Chart(_flat()),
    "ring": Chart(_flat("ring")),
    "ten at random": Chart(_flat("random {chance}")),
    "ten at random, two agents a slot": Chart(_flat("random {chance}", heads=2), most=1_000),
    "teams of ten, leads in a ring": Chart(_teams()),
    "teams of ten, leads meet": Chart(_teams(rhythm=2)),
    "all meet, every 2 experiments, best one": Chart(_flat(rhythm=2, share=1), most=1_000),
    "all meet, every 4 experiments": Chart(_flat(rhythm=4), most=1_000),
    "everybody with everybody": Chart(_flat("full"), most=100),
}


def charts(slots: int) -> dict[str, Org]:
    """Organizations by name, for a number of slots: built here, since a document's headcounts end at 64."""
    return {name: chart.org(slots) for name, chart in CHARTS.items() if slots <= chart.most}


class Measured(NamedTuple):
    """A run: CPU seconds to begin and to go through, what was done, KiB, and the mean of what it held for its best."""

    begun_s: float
    ran_s: float
    experiments: int
    messages: int
    learnt: int
    kib: float
    score: float


def measure(slots: int, seed: int, names: list[str]) -> Iterator[Measured]:
    """Runs on one landscape, in a process that did nothing before; memory is told of a run that is alone in it."""
    task = load_task(TASK).with_parameters(landscape=seed)
    lab = make_lab(task, "replay", slots)
    for name in names:
        yield _measured(name, slots, seed, task, lab, alone=len(names) == 1)


def _measured(name: str, slots: int, seed: int, task: Task, lab: Lab, *, alone: bool) -> Measured:
    org, idle, ledger, began = CHARTS[name].org(slots), _resident(), Ledger(), time.process_time()
    team = Team(org, task, lab, seed=seed, ledger=ledger)
    begun = time.process_time()
    team.run(EXPERIMENTS)
    ended = time.process_time()
    return Measured(
        begun_s=begun - began,
        ran_s=ended - begun,
        experiments=len(ledger.of("outcome")),
        messages=len(ledger.of("message")),
        learnt=sum(len(one.beliefs.runs) - 1 for one in team._order),
        kib=_resident() - idle if alone else 0.0,
        score=_over_time(ledger),
    )


def _over_time(ledger: Ledger) -> float:
    """The score of what the organization would submit, 1 is the optimum, as a mean over its budget."""
    best = [(event.t, 1 - event.data["metric"]) for event in ledger.of("submission")]
    ends = [t for t, _ in best[1:]] + [float(EXPERIMENTS)]
    return sum(score * (end - t) for (t, score), end in zip(best, ends, strict=True)) / EXPERIMENTS


def _resident() -> float:
    """The resident memory of this process, in KiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


def row(slots: int, name: str, runs: dict[int, Measured], alone: dict[int, Measured]) -> str:
    """A row of the table: rates of all runs, and scores with 95 % intervals."""
    all_runs = list(runs.values())
    spent = sum(one.ran_s for one in all_runs)
    rates = [sum(getattr(one, what) for one in all_runs) / spent for what in ("experiments", "messages", "learnt")]
    begun, kib = mean(one.begun_s for one in all_runs), max(one.kib for one in all_runs) / slots
    cells = [
        *(f"{rate:,.0f}" for rate in rates),
        f"{slots / rates[0]:.3g}",
        f"{begun:.2g}",
        f"{kib:,.0f}" if kib else "–",
    ]
    cells.append(_interval([one.score for one in all_runs], "{:.3f}"))
    both = sorted(runs.keys() & alone.keys())
    gains = [runs[seed].score - alone[seed].score for seed in both]
    cells.append("" if name == "alone" or not gains else _interval(gains, "{:+.3f}"))
    return f"| {slots:,} | {name} | {' | '.join(cells)} |"


def _interval(values: list[float], form: str) -> str:
    n, middle = len(values), mean(values)
    if n < 2:
        return f"{form.format(middle)} (one run)"
    error = (sum((one - middle) ** 2 for one in values) / (n - 1) / n) ** 0.5 * t_quantile(n - 1, 0.975)
    return f"{form.format(middle)} ± {error:.3f} ({n})"


def _begun(slots: int, seed: int, names: list[str]) -> list[Measured]:
    """Runs of some charts, in a process of their own."""
    command = [sys.executable, "-m", "tests.bench.scale", "--one", str(slots), str(seed), *names]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout if names else ""
    return [Measured(*json.loads(line)) for line in said.splitlines()]


def main(sizes: list[int], kept: Path | None) -> None:
    found: dict[tuple[int, str], dict[int, Measured]] = {}
    for line in kept.read_text().splitlines() if kept and kept.exists() else ():
        slots, name, seed, told = json.loads(line)
        found.setdefault((slots, name), {})[seed] = Measured(*told)
    for slots in sizes:
        for seed in range(SEEDS.get(slots, 3)):
            missing = [name for name in charts(slots) if seed not in found.setdefault((slots, name), {})]
            # To begin a process takes longer than a run of few slots, and so does a landscape.
            for names in [missing] if slots <= TOGETHER else [[name] for name in missing]:
                for name, told in zip(names, _begun(slots, seed, names), strict=True):
                    found[slots, name][seed] = told
                    if kept:
                        with kept.open("a") as file:
                            file.write(json.dumps([slots, name, seed, told]) + "\n")
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f} at the end"
    print(f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine}.\n")
    heads = ("experiments/s", "messages/s", "learnt/s", "saturates below, s", "to begin, s", "KiB a slot")
    print(f"| slots | chart | {' | '.join(heads)} | score (runs) | over alone |")
    print(f"|---|---|{'---|' * len(heads)}---|---|")
    for slots in sizes:
        for name in CHARTS:
            if found.get((slots, name)):
                print(row(slots, name, found[slots, name], found.get((slots, "alone"), {})))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        for line in measure(int(sys.argv[2]), int(sys.argv[3]), sys.argv[4:]):
            print(json.dumps(line), flush=True)
    else:
        parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("sizes", nargs="*", type=int, default=[10, 100, 1_000])
        parser.add_argument("--kept", type=Path)
        asked = parser.parse_args()
        main(asked.sizes, asked.kept)
