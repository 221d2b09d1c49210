"""What each node of a cluster holds experiments with: the doctor's probes, run there."""

import platform
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from orgopt.errors import LabError
from orgopt.lab.doctor.probes import ProbeResult, examine
from orgopt.lab.ray.cluster import join
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.storage.json_values import json_values
from orgopt.version import __version__


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node, as it was found.

    Attributes:
        name: Of the machine.
        address: Where the cluster has it.
        cores, gpus: What slots can get of it.
        version: Of orgopt there; empty where it cannot be imported.
        problem: Why experiments cannot run there in the sandbox; empty where they can.
        weak: The probes that the sandbox does not hold in.
    """

    name: str
    address: str
    cores: float
    gpus: float
    version: str = ""
    problem: str = ""
    weak: tuple[str, ...] = ()

    @property
    def fit(self) -> bool:
        """Whether experiments can run there as they do here."""
        return not self.problem and not self.weak

    def to_dict(self) -> dict[str, Any]:
        """The node as JSON values."""
        return json_values(self)


def examine_nodes(sandbox: Sandbox) -> Iterator[Node]:
    """Attempt on each node what an experiment could do there, one after another.

    Raises:
        UsageError: Ray is not installed.
        LabError: There is no cluster.
    """
    ray = join(1)
    for one in ray.nodes():
        resources = one["Resources"]
        if not one["Alive"] or not resources.get("CPU"):
            continue
        node = Node(
            name=one["NodeManagerHostname"],
            address=one["NodeManagerAddress"],
            cores=resources["CPU"],
            gpus=resources.get("GPU", 0),
        )
        there = ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy(one["NodeID"], soft=False)
        ask = ray.remote(num_cpus=0, scheduling_strategy=there, max_retries=0)(_examined)
        try:
            version, findings = ray.get(ask.remote(sandbox.value))
        except ray.exceptions.RayTaskError as error:
            yield replace(node, problem=str(error.cause))
        except ray.exceptions.RayError as error:
            yield replace(node, problem=str(error).splitlines()[0])
        else:
            other = "" if version == __version__ else f"has orgopt {version}, and this is {__version__}"
            weak = tuple(found.name for found in findings if not found.held)
            yield replace(node, version=version, problem=other, weak=weak)


def _examined(sandbox: str) -> tuple[str, list[ProbeResult]]:
    """On the node: its version of orgopt, and what came of the probes.

    Raises:
        LabError: The sandbox does not start there.
    """
    try:
        return __version__, list(examine(Sandbox(sandbox)))
    except LabError as error:
        raise LabError(f"{platform.node()}: {error}") from None
