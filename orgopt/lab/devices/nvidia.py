"""NVIDIA's GPUs and their MIG parts, as nvidia-smi tells of them."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from xml.etree import ElementTree as ET

from orgopt.lab.devices.base import SYSTEM, Device, Use, named, nodes_in

_TOOL = "nvidia-smi"
_SHARED = ("dev/nvidiactl", "dev/nvidia-uvm", "dev/nvidia-uvm-tools", "dev/nvidia-modeset", "dev/dxg")
"""Of all its GPUs; the last is Windows' under Linux, which has no other."""
_CAPABILITIES = "proc/driver/nvidia-caps/mig-minors"
_LIMIT_S = 30.0  # a driver that is not kept loaded takes some seconds
_PART = re.compile(r"\s*MIG (?P<profile>\S+)\s+Device\s+(?P<index>\d+): \(UUID: (?P<id>MIG-[^)\s]+)\)")
_WHOLE = re.compile(r"GPU \d+: .*\(UUID: (?P<id>GPU-[^)\s]+)\)")
_MIB = 2**20 / 1e9


class Nvidia:
    """What nvidia-smi says.

    Args:
        system: The root of its device files.
    """

    def __init__(self, system: Path = SYSTEM) -> None:
        self._system = system

    def devices(self) -> list[Device]:
        report = _report()
        found: list[Device] = []
        if report is None:
            return found
        shared = nodes_in(self._system, _SHARED)
        parts = _parts(_said("-L"))
        for gpu in report.iter("gpu"):
            whole, name, minor = _text(gpu, "uuid"), _text(gpu, "product_name"), _text(gpu, "minor_number")
            nodes = nodes_in(self._system, [f"dev/nvidia{minor}"])
            if _text(gpu, "mig_mode/current_mig") != "Enabled":
                memory = _memory(gpu, "total")
                found.append(Device(id=whole, name=name, memory_gb=memory, nodes=nodes, shared=shared, of=whole))
                continue
            for index, part in enumerate(gpu.iterfind("mig_devices/mig_device")):
                profile, id_ = parts.get((whole, int(_text(part, "index") or index)), ("", ""))
                if id_:  # else nothing can name it to a program
                    own = self._capabilities(minor, part)
                    found.append(
                        Device(
                            id=id_,
                            name=f"{name} MIG {profile}",
                            memory_gb=_memory(part, "total"),
                            nodes=(*nodes, *own),
                            shared=shared,
                            of=whole,
                        )
                    )
        return named(found, os.environ.get("CUDA_VISIBLE_DEVICES"))

    def use(self) -> dict[str, Use]:
        report = _report()
        if report is None:
            return {}
        parts = _parts(_said("-L")) if "<current_mig>Enabled" in ET.tostring(report, "unicode") else {}
        found: dict[str, Use] = {}
        for gpu in report.iter("gpu"):
            whole = _text(gpu, "uuid")
            share = re.match(r"\d+", _text(gpu, "utilization/gpu_util"))
            found[whole] = Use(_memory(gpu, "used"), int(share.group()) / 100 if share else None)
            for index, part in enumerate(gpu.iterfind("mig_devices/mig_device")):
                _, id_ = parts.get((whole, int(_text(part, "index") or index)), ("", ""))
                if id_:
                    found[id_] = Use(_memory(part, "used"), None)  # the driver counts the time of whole GPUs alone
        return found

    def environment(self, devices: Iterable[Device]) -> Mapping[str, str]:
        # By id, since numbers are given anew among the devices that a program sees.
        return {"CUDA_VISIBLE_DEVICES": ",".join(device.id for device in devices)}

    def libraries(self) -> list[str]:
        return driver_folders(("libcuda.so", "libnvidia-ml.so"))

    @property
    def absent(self) -> str:
        if shutil.which(_TOOL) is None:
            return f"there is no {_TOOL}"
        if "CUDA_VISIBLE_DEVICES" in os.environ and _report() is not None:
            return f"CUDA_VISIBLE_DEVICES={os.environ['CUDA_VISIBLE_DEVICES']} leaves none"
        return f"{_TOOL} tells of none"

    def _capabilities(self, minor: str, part: ET.Element) -> tuple[str, ...]:
        """The device files by which a part may be used: of its instance of the GPU, and of that of computing."""
        own = f"gpu{minor}/gi{_text(part, 'gpu_instance_id')}"
        wanted = {f"{own}/access", f"{own}/ci{_text(part, 'compute_instance_id')}/access"}
        try:
            lines = (self._system / _CAPABILITIES).read_text().splitlines()
        except OSError:
            return ()
        pairs = (line.split() for line in lines)
        minors = [pair[1] for pair in pairs if len(pair) == 2 and pair[0] in wanted]
        return nodes_in(self._system, [f"dev/nvidia-caps/nvidia-cap{number}" for number in minors])


def driver_folders(names: Iterable[str]) -> list[str]:
    """The folders outside of the system's that hold libraries of some names, by the linker's own list."""
    wanted = tuple(names)
    try:
        said = subprocess.run(["/sbin/ldconfig", "-p"], capture_output=True, text=True, timeout=_LIMIT_S, check=False)
        lines = said.stdout.splitlines()
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        lines = []
    listed = [line.rpartition(" => ")[2] for line in lines if line.strip().startswith(wanted)]
    given = [Path(folder) for folder in os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder]
    listed += [str(path) for folder in given for name in wanted for path in folder.glob(f"{name}*")]
    folders = {str(Path(path).parent) for path in listed} | {str(Path(path).resolve().parent) for path in listed}
    system = ("/usr", "/lib", "/lib32", "/lib64")
    return sorted(one for one in folders if not any(Path(one).is_relative_to(root) for root in system))


def _said(*arguments: str) -> str:
    """What nvidia-smi prints; empty where it does not."""
    try:
        said = subprocess.run([_TOOL, *arguments], capture_output=True, text=True, timeout=_LIMIT_S, check=False)
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
    return said.stdout if said.returncode == 0 else ""


def _report() -> ET.Element | None:
    text = _said("-q", "-x")
    try:
        return ET.fromstring(text) if text else None
    except ET.ParseError:
        return None


def _parts(listed: str) -> dict[tuple[str, int], tuple[str, str]]:
    """The profile and id of each MIG part, by the id of its GPU and its number there."""
    found: dict[tuple[str, int], tuple[str, str]] = {}
    whole = ""
    for line in listed.splitlines():
        if match := _WHOLE.match(line):
            whole = match["id"]
        elif match := _PART.match(line):
            found[whole, int(match["index"])] = match["profile"], match["id"]
    return found


def _text(element: ET.Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def _memory(element: ET.Element, what: str) -> float:
    """GB of memory; 0 where it is not told, as of a GPU that has been parted."""
    number = re.match(r"\d+", _text(element, f"fb_memory_usage/{what}"))
    return int(number.group()) * _MIB if number else 0.0
