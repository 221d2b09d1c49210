"""Trying the GPUs of this machine: whether an experiment sees the one of its slot and can use it."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orgopt.errors import LabError
from orgopt.lab.base import Experiment, Outcome
from orgopt.lab.devices.base import Device
from orgopt.lab.devices.slots import listed
from orgopt.lab.doctor.probes import probe_task
from orgopt.lab.local import LocalLab
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.storage.json_values import json_values
from orgopt.tasks.experiment_limits import WITH_GPU

_LIMIT_S = 60.0  # a driver that is not kept loaded takes some seconds
_WORD = "can be used"
_PROBE = """
import ctypes, sys, time
def called(library, name, *given):
    code = getattr(library, name)(*given)
    if code: sys.exit(f"{name} gives {code}")
def library(*names):
    for name in names:
        try: return ctypes.CDLL(name)
        except OSError as error: why = error
    sys.exit(str(why))
n, place, context = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_void_p()
if MAKER == "nvidia":
    cuda = library("libcuda.so.1")
    called(cuda, "cuInit", 0)
    called(cuda, "cuDeviceGetCount", ctypes.byref(n))
    called(cuda, "cuCtxCreate_v2", ctypes.byref(context), 0, 0)
    called(cuda, "cuMemAlloc_v2", ctypes.byref(place), ctypes.c_size_t(1 << 24))
else:
    hip = library("libamdhip64.so", "/opt/rocm/lib/libamdhip64.so")
    called(hip, "hipGetDeviceCount", ctypes.byref(n))
    called(hip, "hipMalloc", ctypes.byref(place), ctypes.c_size_t(1 << 24))
time.sleep(1)  # so that each slot has its own
sys.exit(f"{n.value} can be used")
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class TriedGpu:
    """A GPU, and what came of its use in the default sandbox."""

    id: str
    name: str
    memory_gb: float
    usable: bool
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON values."""
        return json_values(self)


def try_gpus() -> tuple[list[TriedGpu], str]:
    """The GPUs of this machine, each used by an experiment of its own, and why there are none where there are none."""
    devices, why = listed()
    if not devices:
        return [], why
    try:
        said = _used(devices)
    except LabError as error:
        said = [str(error).partition("\n")[0]] * len(devices)
    return [
        TriedGpu(
            id=device.id,
            name=device.name,
            memory_gb=round(device.memory_gb, 1),
            usable=text == f"1 {_WORD}",
            detail="an experiment sees it alone and can use it" if text == f"1 {_WORD}" else text,
        )
        for device, text in zip(devices, said, strict=True)
    ], ""


def _used(devices: Sequence[Device]) -> list[str]:
    """What experiments said, one in each slot."""
    maker = "amd" if any("/dev/kfd" in device.shared for device in devices) else "nvidia"
    with tempfile.TemporaryDirectory(prefix="orgopt-probe-") as folder:
        task = replace(probe_task(Path(folder)), limit_s=_LIMIT_S, limits=replace(WITH_GPU, gpus=1))
        with LocalLab(task, len(devices), Sandbox.BUBBLEWRAP) as lab:
            for number in range(len(devices)):
                lab.submit(Experiment(id=number, settings={}, seed=0, script=f"MAKER = {maker!r}\n{_PROBE}"))
            said: dict[int, str] = {}
            while len(said) < len(devices):
                for event in lab.wait(lab.now() + _LIMIT_S):
                    if isinstance(event, Outcome):
                        said[event.id] = event.error or f"ended as {event.status}"
    return [said[number] for number in range(len(devices))]
