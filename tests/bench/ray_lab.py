"""The Ray lab beside the local one, on a cluster of three nodes on this machine.

    python -m tests.bench.ray_lab     # 3 to 5 minutes; needs orgopt[ray]

What a launch costs: the same short experiments one after the other in the local lab and in a slot of the cluster. How
busy slots are: experiments of five seconds, which sleep, so that three slots fit on two cores. What is lost: nodes and
slots are killed twenty times while experiments run.
"""

import os
import platform
import time
from collections import Counter
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import ray
from ray.cluster_utils import Cluster

from orgopt.lab.base import Experiment, Lab, Outcome
from orgopt.lab.local import LocalLab
from orgopt.lab.ray.lab import RayLab
from orgopt.lab.sandbox.choice import chosen
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from orgopt.testing.toy_task import toy_task

NODES = 3
LAUNCHES = 60
SECONDS = 5
ROUNDS = 6
KILLS = 20
SLEEPER = f"""
import os, time
X = 0.0  # knob: 0..1
time.sleep({SECONDS})
print(f"val_loss: {{X + int(os.environ['ORGOPT_SEED']) % 7:.3f}}")
"""


def sleeper(folder: Path) -> Task:
    """A script that takes five seconds of no core."""
    (folder / "train.py").write_text(SLEEPER)
    (folder / "prepare.py").write_text(f"TIME_BUDGET = {SECONDS}\n")
    (folder / "task.toml").write_text('kind = "script"\nmetric = "val_loss"\ndirection = "down"\npreload = []\n')
    return load_task(str(folder), folder.parent)


def launches(*labs: Lab) -> list[list[float]]:
    """Seconds from one outcome to the next in each lab of one slot; they take turns, so that all have the same load."""
    took: list[list[float]] = [[] for _ in labs]
    for lab in labs:
        lab.reset()
    for number in range(1, LAUNCHES + 1):
        for lab, of in zip(labs, took, strict=True):
            began = time.perf_counter()
            lab.submit(Experiment(id=number, settings={"X": 0.5}, seed=number))
            lab.wait(lab.now() + 60)
            of.append(time.perf_counter() - began)
    return took


def hop() -> float:
    """Seconds of a call of an actor that does nothing, the median: what Ray itself costs."""
    actor = ray.remote(num_cpus=0)(Nothing).remote()
    took: list[float] = []
    for _ in range(LAUNCHES):
        began = time.perf_counter()
        ray.get(actor.nothing.remote())
        took.append(time.perf_counter() - began)
    ray.kill(actor)
    return median(took)


class Nothing:
    def nothing(self) -> None:
        pass


def busy(lab: Lab, slots: int) -> float:
    """The share of slots' time in which a script slept its five seconds."""
    lab.reset()
    n = slots * ROUNDS
    for number in range(1, n + 1):
        lab.submit(Experiment(id=number, settings={}, seed=number))
    began, told = time.perf_counter(), 0
    while told < n:
        told += sum(isinstance(event, Outcome) for event in lab.wait(lab.now() + 60))
    return n * SECONDS / (slots * (time.perf_counter() - began))


def kills(lab: RayLab, cluster: Cluster) -> tuple[Counter[int], int, int]:
    """How often each experiment was told while nodes and slots were killed; how many there were, and attempts lost."""
    lab.reset()
    numbers, told, lost, done = count(1), Counter[int](), 0, 0
    submitted = 0
    while done < KILLS or sum(told.values()) < submitted:
        while done < KILLS and submitted - sum(told.values()) < 2 * NODES:
            lab.submit(Experiment(id=next(numbers), settings={"MODE": "slow"}, seed=submitted))
            submitted += 1
        for event in lab.wait(lab.now() + 1):
            if isinstance(event, Outcome):
                told[event.id] += 1
                lost += len(event.lost)
        running = [seat for seat in lab._seats if seat.run]
        if done < KILLS and running:
            done += 1
            if done % 2:
                ray.kill(running[done % len(running)].actor)
            else:
                cluster.remove_node(min(cluster.worker_nodes, key=lambda node: node.unique_id))
                cluster.add_node(num_cpus=1)
    return told, submitted, lost


def main() -> None:
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    for _ in range(NODES - 1):
        cluster.add_node(num_cpus=1)
    cluster.wait_for_nodes()
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, Ray {ray.__version__}"
    print(f"Measured {datetime.now(UTC):%Y-%m-%d} on {machine}, load {os.getloadavg()[0]:.1f} before it began.\n")
    with TemporaryDirectory() as scratch:
        with LocalLab(toy_task(), 1) as local, RayLab(toy_task(), 1) as there:
            here, far = launches(local, there)
        more = median(b - a for a, b in zip(here, far, strict=True))
        print(
            f"- A launch: {1000 * median(here):.0f} ms locally, {1000 * median(far):.0f} ms on the cluster, in turns "
            f"(medians of {LAUNCHES}); {1000 * more:+.1f} ms by pairs. A call of an actor that does nothing: "
            f"{1000 * hop():.1f} ms."
        )
        folder = Path(scratch, "sleeper")
        folder.mkdir()
        with RayLab(sleeper(folder), NODES) as lab:
            print(f"- Slots busy with experiments of {SECONDS} s on {NODES} nodes: {busy(lab, NODES):.3f}.")
    with RayLab(toy_task(), NODES) as lab:
        told, submitted, lost = kills(lab, cluster)
    twice = sum(number > 1 for number in told.values())
    print(
        f"- {KILLS} kills, half of nodes and half of slots: of {submitted} experiments {submitted - len(told)} were "
        f"lost and {twice} told twice; {lost} attempts were begun again ({chosen()})."
    )
    ray.shutdown()
    cluster.shutdown()


if __name__ == "__main__":
    main()
