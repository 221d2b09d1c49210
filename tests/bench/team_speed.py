"""How many replayed experiments a second a team does, and where the time goes.

    python tests/bench/team_speed.py [AGENT…]

Five agents that share everything, four slots, about 144 experiments a run, on the recorded world of a task; and a
hundred agents on an NK landscape. CPU time of one process, so that a busy machine disturbs little.
"""

import sys
import time
from collections.abc import Iterator

from orgopt.document import parse
from orgopt.lab import make_lab
from orgopt.lab.replay import ReplayLab
from orgopt.ledger import Ledger
from orgopt.scoring.evaluation import evaluate
from orgopt.tasks.folder import load_task

TASK = "digits"
AGENTS = ("hill-climb", "random", "evolution", "tpe", "gp", "replicate", "imitate")
FIVE = "## Roles\n### A\n- **Headcount:** 5\n- **Agent:** {}\n## Links\n- A → A: shares with\n"
HUNDRED = (
    "## Roles\n### A\n- **Headcount:** 50\n- **Risk tolerance:** 0\n### B\n- **Headcount:** 50\n"
    "- **Risk tolerance:** 0\n## Links\n- A ↔ B: shares with ({})\n"
)


class _Timed:
    """A world whose answers are timed."""

    def __init__(self, source) -> None:
        self._source, self.spent = source, 0.0

    def __getattr__(self, name: str):
        return getattr(self._source, name)

    def answer(self, settings, seed):
        began = time.process_time()
        answer = self._source.answer(settings, seed)
        self.spent += time.process_time() - began
        return answer


def measure(text: str, task_name: str, slots: int, runs: int, budget_s: float) -> tuple[float, float]:
    """Experiments a CPU second, and the share of the time that the world takes for its answers."""
    task, program = load_task(task_name), parse(text)
    lab = make_lab(task, "replay", slots)
    assert isinstance(lab, ReplayLab)
    lab.source = timed = _Timed(lab.source)
    done, spent = 0, 0.0
    for seed in range(-1, runs):  # the first warms up
        ledger = Ledger()
        began = time.process_time()
        evaluate(program, task, lab, budget_s=budget_s, seed=seed + 1, ledger=ledger)
        if seed >= 0:
            spent += time.process_time() - began
            done += len(ledger.of("outcome"))
        else:
            timed.spent = 0.0
    return done / spent, timed.spent / spent


def rates(agents: tuple[str, ...] = AGENTS, runs: int = 5) -> Iterator[tuple[str, float, float]]:
    """For each agent: its name, experiments a second, the world's share."""
    for agent in agents:
        yield agent, *measure(FIVE.format(agent), TASK, 4, runs, 20)


def main() -> None:
    for agent, rate, share in rates(tuple(sys.argv[1:]) or AGENTS):
        print(f"{agent:12s} {rate:7.0f} experiments/s  {1e6 / rate:6.0f} µs each, {share:.0%} the world's")
    for pattern in ("line", "ring", "full"):
        rate, _ = measure(HUNDRED.format(pattern), "nk", 100, 1, 20)
        print(f"100 agents, {pattern:5s} {rate:7.0f} experiments/s")


if __name__ == "__main__":
    main()
