"""The Ray cluster: joined or started, and what of it slots get.

Ray is an extra of orgopt's (`pip install "orgopt[ray]"`), so that it is imported here and late. Covers what orgopt asks
of Ray; which experiment runs in which slot is `lab`'s.
"""

import os
import socket
from collections.abc import Callable
from importlib import import_module
from typing import Any

from orgopt.errors import LabError, UsageError

ADDRESS = "RAY_ADDRESS"
"""Environment variable, Ray's own: `auto`, `HOST:PORT` or `ray://HOST:PORT`; without it a cluster is started here."""

_KNOCK_S = 5.0

Ray = Any  # the module: it has no types of its own for actors that are made from classes


def join(slots: int, note: Callable[[str], None] | None = None) -> Ray:
    """Ray, connected: to the cluster of this process, of `ADDRESS`, or to one that is started on this machine.

    Args:
        slots: What a cluster that is started here has room for.
        note: Is told which it is.

    Raises:
        UsageError: Ray is not installed.
        LabError: There is no cluster at the address, or none can be started.
    """
    try:
        ray = import_module("ray")
    except ImportError:
        raise UsageError("the ray lab needs Ray: pip install 'orgopt[ray]'") from None
    if ray.is_initialized():
        return ray
    address = os.environ.get(ADDRESS, "")
    _knock(address)
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nobody is told of anybody's research
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR", "namespace": "orgopt"}
    try:
        if address:
            ray.init(address=address, **quiet)
        else:
            cores = max(slots, os.cpu_count() or 1)
            ray.init(address="local", num_cpus=cores, include_dashboard=False, **quiet)
    except (ConnectionError, ValueError, RuntimeError, OSError) as error:
        where = f"the Ray cluster at {address}" if address else "a Ray cluster on this machine"
        raise LabError(f"cannot reach {where}: {str(error).splitlines()[0]}") from None
    if note is not None:
        nodes = [node for node in ray.nodes() if node["Alive"]]
        cpus = ray.cluster_resources().get("CPU", 0)
        where = f"at {address}" if address else "started on this machine"
        note(f"Ray cluster {where}: {len(nodes)} node{'s' * (len(nodes) != 1)}, {cpus:g} cores")
    return ray


def cores() -> int:
    """How many runs of a core each the cluster has room for.

    Raises:
        UsageError: Ray is not installed.
        LabError: There is no cluster.
    """
    return max(1, int(join(1).cluster_resources().get("CPU", 1)))


def _knock(address: str) -> None:
    """Refuse an address where nobody listens, which Ray itself waits for over a minute.

    Raises:
        LabError: Nobody does.
    """
    host, _, port = address.removeprefix("ray://").partition(":")
    if not port.isdigit():
        return
    try:
        socket.create_connection((host, int(port)), timeout=_KNOCK_S).close()
    except (OSError, OverflowError) as error:
        raise LabError(f"no Ray cluster answers at {address}: {error}") from None
