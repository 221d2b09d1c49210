"""Organizations with ten to ten thousand slots, in virtual time: what the coordinator can do, and which chart is best.

    python -m tests.bench.scale               # 10, 100 and 1,000 slots: some minutes of one core
    python -m tests.bench.scale 10 100 1000 10000

An agent for each slot, the same number of experiments a slot at every size, on an NK landscape, where the best settings
are hard to find. Each chart at each size is a process of its own, so that its memory is its own. CPU time of one core.
"""

import os
import platform
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from statistics import mean

from orgopt.lab import make_lab
from orgopt.ledger import Ledger
from orgopt.org import Link, Org, Role, Standup
from orgopt.scoring import verified
from orgopt.task_folder import load_task
from orgopt.team.runtime import Team

TASK = "nk"
EXPERIMENTS = 12
"""About so many for each slot."""
AGENT = "evolution"
TEAM = 10
FULL_MOST = 1_000
"""Agents up to whom everybody talks to everybody: messages grow with the square."""


def charts(slots: int) -> dict[str, Org]:
    """Organizations by name, for a number of slots: built here, since a document's headcounts end at 64."""

    def flat(pattern: str = "", rhythm: int = 0) -> Org:
        role = Role(id="a", name="A", headcount=slots, agent=AGENT)
        links = (Link(source="a", target="a", kind="shares with", pattern=pattern),) if pattern else ()
        meets = Standup(every=rhythm, unit="experiments") if rhythm else None
        return Org(roles=(role,), links=links, standup=meets)

    leads = max(1, slots // (TEAM + 1))
    lead = Role(id="lead", name="Lead", headcount=leads, agent=AGENT)
    hand = Role(id="hand", name="Hand", headcount=slots - leads, agent=AGENT)
    teams = Org(
        roles=(lead, hand),
        links=(
            Link(source="hand", target="lead", kind="reports to", pattern=f"random {min(1.0, 1 / leads):.6f}"),
            Link(source="lead", target="hand", kind="shares with", pattern=f"random {min(1.0, 1 / leads):.6f}"),
            Link(source="lead", target="lead", kind="shares with", pattern="ring"),
        ),
    )
    found = {
        "alone": flat(),
        "ring": flat("ring"),
        f"random, {TEAM} each": flat(f"random {min(1.0, TEAM / slots):.6f}"),
        "all meet every 5 experiments": flat(rhythm=5 * slots),
        "all meet every 2 experiments": flat(rhythm=2 * slots),
        "teams of ten, leads in a ring": teams,
    }
    return found | ({"everybody with everybody": flat("full")} if slots <= FULL_MOST else {})


def measure(name: str, slots: int, seeds: int) -> str:
    """The rest of a row of the table, in a process that did nothing before."""
    task = load_task(TASK)
    org, lab = charts(slots)[name], make_lab(task, "replay", slots)
    idle = resident()
    spent, done, told, more, outputs = 0.0, 0, 0, 0.0, list[float]()
    for seed in range(seeds):
        ledger, began = Ledger(), time.process_time()
        Team(org, task, lab, seed=seed, ledger=ledger).run(EXPERIMENTS)
        spent += time.process_time() - began
        done += len(ledger.of("outcome"))
        told += len(ledger.of("message"))
        more = resident() - idle
        score = verified(task, lab, ledger, budget_s=EXPERIMENTS, seed=seed, verify_seeds=1)
        outputs.append(score.research_output)
    return f"{done / spent:,.0f} | {told / spent:,.0f} | {more / slots:,.0f} | {mean(outputs):.3f}"


def resident() -> float:
    """The resident memory of this process, in KiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024


def main(sizes: list[int]) -> None:
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, load {os.getloadavg()[0]:.1f}"
    print(f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine}.\n")
    print("| slots | chart | experiments/s | messages/s | KiB a slot | research output |")
    print("|---|---|---|---|---|---|")
    for slots in sizes:
        seeds = max(1, min(16, 2_000 // slots))
        for name in charts(slots):
            command = [sys.executable, "-m", "tests.bench.scale", "--one", name, str(slots), str(seeds)]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
            print(f"| {slots:,} | {name} | {said} |", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(measure(sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
    else:
        main([int(word) for word in sys.argv[1:]] or [10, 100, 1_000])
