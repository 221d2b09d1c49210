"""AMD's GPUs, as Linux's amdgpu and kfd tell of them in /sys."""

import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from orgopt.lab.devices.base import SYSTEM, Device, Use, named, nodes_in
from orgopt.lab.devices.nvidia import driver_folders

_NODES = "sys/class/kfd/kfd/topology/nodes"
_VARIABLE = "ROCR_VISIBLE_DEVICES"


class Amd:
    """What /sys says of the GPUs that ROCm can use.

    Args:
        system: The root of /sys and of the device files.
    """

    def __init__(self, system: Path = SYSTEM) -> None:
        self._system = system

    def devices(self) -> list[Device]:
        shared = nodes_in(self._system, ["dev/kfd"])
        found: list[Device] = []
        for node in self._nodes() if shared else ():
            facts = _facts(node / "properties")
            minor = int(facts.get("drm_render_minor", 0))
            if not minor or not int(facts.get("simd_count", 0)):  # a processor's own node
                continue
            unique = int(facts.get("unique_id", 0))
            id_ = f"GPU-{unique:016x}" if unique else str(len(found))
            nodes = nodes_in(self._system, [f"dev/dri/renderD{minor}"])
            name, memory = _line(node / "name") or "AMD GPU", self._memory(minor, "total")
            found.append(Device(id=id_, name=name, memory_gb=memory, nodes=nodes, shared=shared, of=id_))
        return named(found, os.environ.get(_VARIABLE))

    def use(self) -> dict[str, Use]:
        found: dict[str, Use] = {}
        for device in self.devices():
            for node in device.nodes:
                minor = int(node.rpartition("renderD")[2])
                busy = _line(self._card(minor) / "gpu_busy_percent")
                share = int(busy) / 100 if busy.isdigit() else None
                found[device.id] = Use(self._memory(minor, "used"), share)
        return found

    def environment(self, devices: Iterable[Device]) -> Mapping[str, str]:
        return {_VARIABLE: ",".join(device.id for device in devices)}

    def libraries(self) -> list[str]:
        rocm = [str(path) for path in sorted(Path("/opt").glob("rocm*")) if path.is_dir()]
        return [*rocm, *driver_folders(("libamdhip64.so", "libhsa-runtime64.so"))]

    @property
    def absent(self) -> str:
        return "Linux has no /dev/kfd" if not (self._system / "dev/kfd").exists() else f"{_VARIABLE} leaves none"

    def _nodes(self) -> list[Path]:
        folder = self._system / _NODES
        return sorted(folder.iterdir(), key=lambda path: (len(path.name), path.name)) if folder.is_dir() else []

    def _card(self, minor: int) -> Path:
        return self._system / "sys/class/drm" / f"renderD{minor}" / "device"

    def _memory(self, minor: int, what: str) -> float:
        number = _line(self._card(minor) / f"mem_info_vram_{what}")
        return int(number) / 1e9 if number.isdigit() else 0.0


def _facts(path: Path) -> dict[str, str]:
    """A file of names and numbers, one pair a line."""
    try:
        pairs = [line.split(maxsplit=1) for line in path.read_text().splitlines()]
    except OSError:
        return {}
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def _line(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError):
        return ""
