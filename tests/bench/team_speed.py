"""How many replayed experiments a second a team does: `python tests/bench/team_speed.py [AGENT…]`.

Five agents that share everything, four slots, 144 experiments a run in virtual time; and a hundred agents on an NK
landscape. CPU time of this process, so that a busy machine disturbs little.
"""

import sys
import time
from dataclasses import replace

from orgopt.ledger import Ledger
from orgopt.org import Link, Org, Role
from orgopt.task import Task, load_task
from orgopt.team.runtime import Team
from tests.conftest import ROOT
from tests.fakes.lab import FakeLab


def measure(org: Org, task: Task, slots: int, runs: int, seconds: float, budget_s: float) -> tuple[int, float]:
    units = [(knob.name, knob) for knob in task.knobs]

    def metric(settings, seed):
        loss = sum((knob.unit(settings[name]) - 0.31) ** 2 for name, knob in units) + seed % 1000 * 1e-4
        return loss, loss

    done, spent = 0, 0.0
    for seed in range(runs):
        lab, ledger = FakeLab(task, slots=slots, seconds=seconds, metric=metric), Ledger()
        team = Team(org, task, lab, seed=seed, ledger=ledger)
        began = time.process_time()
        team.run(budget_s)
        spent += time.process_time() - began
        done += len(ledger.of("outcome"))
    return done, spent


def main() -> None:
    task = replace(load_task("tinygpt", ROOT), think_s=45.0)
    for agent in sys.argv[1:] or ("hill-climb", "random", "evolution", "tpe", "gp", "replicate", "imitate"):
        links = (Link(source="a", target="a", kind="shares with"),)
        org = Org(roles=(Role(id="a", name="A", headcount=5, agent=agent),), links=links)
        done, spent = measure(org, task, 4, 4, 300.0, 10_800)
        print(f"{agent:12s} {done / spent:7.0f} experiments/s  {spent / done * 1e6:6.0f} µs each")
    roles = tuple(Role(id=name.lower(), name=name, headcount=50, risk=0.0) for name in "AB")
    for pattern in ("line", "ring", ""):
        ends = [("a", "b")] if pattern else [("a", "b"), ("a", "a"), ("b", "b")]
        links = tuple(Link(source=a, target=b, kind="shares with", mutual=True, pattern=pattern) for a, b in ends)
        done, spent = measure(Org(roles=roles, links=links), load_task("nk", ROOT), 100, 1, 1.0, 20)
        print(f"100 agents, {pattern or 'full':5s} {done / spent:7.0f} experiments/s")


if __name__ == "__main__":
    main()
