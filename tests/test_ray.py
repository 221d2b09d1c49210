"""The Ray lab: the contract of every lab, on a cluster of this machine, and what becomes of lost slots and nodes."""

from collections.abc import Iterator

import pytest

pytest.importorskip("ray", reason="Ray is not installed: pip install 'orgopt[ray]'")

import ray

from orgopt.lab.base import Lab
from orgopt.lab.ray.lab import RayLab
from orgopt.lab.sandbox.launch import Sandbox
from orgopt.task import Task
from orgopt.testing.lab import LabContract

pytestmark = [pytest.mark.cluster]


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    ray.init(address="local", num_cpus=4, include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    yield
    ray.shutdown()


class TestRayLab(LabContract):
    def make_lab(self, task: Task, slots: int) -> Lab:
        return RayLab(task, slots, Sandbox.PROCESS)
