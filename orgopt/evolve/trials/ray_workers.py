"""Workers on a Ray cluster: the arena's jobs, each in an actor on a node with a core for it.

Jobs are pure functions of what they are given, so that one whose worker or node is lost is done again elsewhere, and
the results are those of one machine.
"""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from orgopt.errors import LabError, OrgoptError
from orgopt.evolve.trials.job import ArenaConfig, Job, Result, run_job
from orgopt.lab.base import Lab
from orgopt.lab.ray.cluster import join
from orgopt.lab.ray.parcel import Parcel, pack, unpack
from orgopt.plugin_faults import naming_packages
from orgopt.tasks.task import Task

RETRIES = 2
"""How often a job is done again whose worker was lost."""
PLACE_LIMIT_S = 300.0
_LOST_IN_ALL = 100


class Worker:
    """What runs in an actor."""

    def __init__(self, tasks: Mapping[str, Task], terms: ArenaConfig, *parcels: Parcel) -> None:
        by_name = dict(zip(tasks, parcels, strict=True))
        self._tasks = {name: replace(task, folder=unpack(by_name[name])) for name, task in tasks.items()}
        self._terms = terms
        self._labs: dict[str, Lab] = {}

    def ready(self) -> bool:
        """Whether it has a place: it answers."""
        return True

    @naming_packages()
    def work(self, job: Job) -> Result:
        """What a job gives."""
        task = self._tasks[job.task]
        if job.task not in self._labs:
            self._labs[job.task] = self._terms.open(task)
        return run_job(job, task, self._labs[job.task], self._terms)


class RayWorkers:
    """Runs jobs on the cluster.

    Args:
        tasks: The tasks, by name; their folders travel to each node once.
        terms: What is the same for all runs.
        workers: How many run at once.

    Raises:
        UsageError: Ray is not installed.
        LabError: There is no cluster.
    """

    def __init__(self, tasks: Mapping[str, Task], terms: ArenaConfig, workers: int) -> None:
        self._ray = join(workers)
        self._tasks, self._terms = dict(tasks), terms
        self._parcels = [self._ray.put(pack(task.folder)) for task in tasks.values()]
        self._actors: list[Any] = []
        self._coming: dict[Any, Any] = {}  # those that have no place yet, by what they will answer
        self._free: deque[Any] = deque()
        self._lost = 0
        for _ in range(workers):
            self._begin()

    def run(self, jobs: Sequence[Job]) -> Iterator[Result]:
        """The results of some jobs, each as it ends.

        Raises:
            LabError: A lab broke, or workers are lost again and again.
        """
        waiting = deque((job, 0) for job in jobs)
        asked: dict[Any, tuple[Any, Job, int]] = {}
        try:
            while waiting or asked:
                while waiting and self._free:
                    job, tries = waiting.popleft()
                    actor = self._free.popleft()
                    asked[actor.work.remote(job)] = (actor, job, tries)
                for answer in self._answered([*asked, *self._coming], anybody=bool(asked)):
                    if answer in self._coming:
                        self._arrived(answer)
                        continue
                    actor, job, tries = asked.pop(answer)
                    try:
                        result = self._ray.get(answer)
                    except self._ray.exceptions.RayTaskError as error:
                        raise _cause(error) from None
                    except self._ray.exceptions.RayError as error:
                        if tries == RETRIES:
                            raise LabError(f"a worker of the cluster was lost {tries + 1} times: {error}") from None
                        self._replace(actor)
                        waiting.append((job, tries + 1))
                    else:
                        self._free.append(actor)
                        yield result
        finally:
            for actor, _, _ in asked.values():
                self._replace(actor)  # what it is at is given up

    def _answered(self, answers: list[Any], *, anybody: bool) -> list[Any]:
        """The first answers of workers at work, and of those that may find a place.

        Raises:
            LabError: No worker is at work, and none finds a place for long.
        """
        ready, _ = self._ray.wait(answers, num_returns=1, timeout=None if anybody else PLACE_LIMIT_S)
        if not ready:
            raise LabError(f"no worker found a place on the cluster within {PLACE_LIMIT_S:g} s: its cores are taken")
        return ready

    def _arrived(self, answer: Any) -> None:
        """A worker has a place, or was lost before it had one."""
        actor = self._coming.pop(answer)
        try:
            self._ray.get(answer)
            self._free.append(actor)
        except self._ray.exceptions.RayTaskError as error:
            raise _cause(error) from None
        except self._ray.exceptions.RayError:
            self._lost += 1
            if self._lost > _LOST_IN_ALL:
                raise LabError("workers of the cluster are lost before they begin, again and again") from None
            self._replace(actor)

    def close(self) -> None:
        """Give the workers back to the cluster. May be called twice."""
        actors, self._actors, self._coming = self._actors, [], {}
        self._free.clear()
        for actor in actors:
            self._ray.kill(actor)

    def _begin(self) -> None:
        """Ask the cluster for a place for one more worker."""
        options = {"num_cpus": 1, "scheduling_strategy": "SPREAD", "max_restarts": 0}
        actor = self._ray.remote(**options)(Worker).remote(self._tasks, self._terms, *self._parcels)
        self._actors.append(actor)
        self._coming[actor.ready.remote()] = actor

    def _replace(self, actor: Any) -> None:
        self._ray.kill(actor)
        self._actors.remove(actor)
        self._begin()


def _cause(error: Any) -> Exception:
    """What a job raised, by its own class where it is worded for users."""
    cause = error.cause
    return type(cause)(*cause.args) if isinstance(cause, OrgoptError) else LabError(f"a worker failed: {cause}")
