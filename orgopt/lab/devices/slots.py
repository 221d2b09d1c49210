"""Which devices each slot of a lab owns, what its experiments see of them, and how much of them each used."""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict

from orgopt.errors import LabError
from orgopt.invocation import argument
from orgopt.lab.devices.amd import Amd
from orgopt.lab.devices.base import SYSTEM, Device, Maker
from orgopt.lab.devices.nvidia import Nvidia
from orgopt.tasks.task import Task

CLEAN_LIMIT_S = 60.0
"""How long the memory of an experiment that ended is waited for."""
_LEFT_GB = 0.3  # beyond what it was before the first experiment: contexts of others come and go
LOOK_S = 0.5
"""Between two looks at what is used."""
_HIDDEN = {"CUDA_VISIBLE_DEVICES": "", "ROCR_VISIBLE_DEVICES": "", "PYTORCH_NVML_BASED_CUDA_CHECK": "1"}
"""What the warm process sees: a driver that was asked once cannot be used in what is forked afterwards."""


def makers(system: Path = SYSTEM) -> tuple[Maker, ...]:
    """All whose devices are known."""
    return Nvidia(system), Amd(system)


class Seen(TypedDict):
    """Of devices: what says to programs which they are, and the files of those that they are not to see."""

    env: dict[str, str]
    hide: list[str]


UNSEEN: Seen = {"env": {}, "hide": []}
"""Of an experiment without devices."""


@dataclass(slots=True)
class _Used:
    """What was seen of the devices of an experiment."""

    memory_gb: float = 0.0
    shares: list[float] = field(default_factory=list[float])


class Devices:
    """The devices of a lab, each share of them owned by one slot.

    Args:
        task: How many an experiment needs.
        slots: How many experiments run at once.
        system: Where device files are.

    Raises:
        LabError: There are too few.
    """

    def __init__(self, task: Task, slots: int, system: Path = SYSTEM) -> None:
        each = task.limits.gpus
        maker, found = max(((one, one.devices()) for one in makers(system)), key=lambda pair: len(pair[1]))
        if len(found) < slots * each:
            raise LabError(_too_few(task, slots, len(found), system))
        self._maker = maker
        self.of_slot = [tuple(found[slot * each : (slot + 1) * each]) for slot in range(slots)]
        self._free = list(range(slots))
        self._slot: dict[int, int] = {}  # of the experiments that run
        self._used: dict[int, _Used] = {}
        before = maker.use()
        self._idle_gb = {device.id: before[device.id].memory_gb for device in found if device.id in before}
        self._unclean: dict[int, float] = {}  # slots, and until when they are waited for
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True, name="orgopt-devices")
        self._watcher.start()

    @property
    def nodes(self) -> list[str]:
        """All device files of the lab."""
        devices = [device for slot in self.of_slot for device in slot]
        return list(dict.fromkeys(node for device in devices for node in (*device.shared, *device.nodes)))

    @property
    def groups(self) -> list[int]:
        """The groups to which those of them belong that not everybody may use."""
        found = (Path(node).stat() for node in self.nodes)
        return sorted({one.st_gid for one in found if one.st_gid and not one.st_mode & 0o006})

    @property
    def libraries(self) -> list[str]:
        """What of the driver its experiments read outside of the system's folders."""
        return self._maker.libraries()

    def take(self, experiment: int) -> bool:
        """Give an experiment the devices of a free slot; returns whether there is one whose memory is free.

        Raises:
            LabError: Memory that an experiment left is not given back.
        """
        if experiment in self._slot:  # another attempt
            return True
        for slot in self._free:
            if self._clean(slot):
                self._free.remove(slot)
                with self._lock:
                    self._slot[experiment], self._used[experiment] = slot, _Used()
                return True
        return False

    def give_back(self, experiment: int, *, well: bool) -> dict[str, float]:
        """Take the devices from an experiment; returns what it used: `gpu_memory_gb`, and `gpu_share` where told.

        The memory of one that did not end `well` is waited for before its slot is given to another.
        """
        slot = self._slot.get(experiment)
        if slot is None:
            return {}
        self._look()
        with self._lock:
            del self._slot[experiment]
            used = self._used.pop(experiment)
        self._free.append(slot)
        if not well:
            self._unclean[slot] = time.monotonic() + CLEAN_LIMIT_S
        found = {"gpu_memory_gb": round(used.memory_gb, 3)}
        return {**found, "gpu_share": round(sum(used.shares) / len(used.shares), 3)} if used.shares else found

    def seen(self, experiment: int, *, hides: bool) -> Seen:
        """The variables by which an experiment sees its devices, and the device files of other slots, if it `hides`."""
        env = dict(self._maker.environment(self.of_slot[self._slot[experiment]]))
        return {"env": env, "hide": self._others(experiment) if hides else []}

    def _others(self, experiment: int) -> list[str]:
        own = {node for device in self.of_slot[self._slot[experiment]] for node in device.nodes}
        return [node for slot in self.of_slot for device in slot for node in device.nodes if node not in own]

    @property
    def waits(self) -> bool:
        """Whether a slot waits for its memory."""
        return any(slot in self._unclean for slot in self._free)

    def close(self) -> None:
        """Stop looking. May be called twice."""
        self._ended.set()

    def _clean(self, slot: int) -> bool:
        """Whether the memory of a slot's devices is what it was.

        Raises:
            LabError: It is not, after `CLEAN_LIMIT_S`.
        """
        if slot not in self._unclean:
            return True
        use = self._maker.use()
        left = {
            device.id: use[device.id].memory_gb - self._idle_gb.get(device.id, 0.0)
            for device in self.of_slot[slot]
            if device.id in use
        }
        if all(gb <= _LEFT_GB for gb in left.values()):
            del self._unclean[slot]
            return True
        if time.monotonic() > self._unclean[slot]:
            name, gb = max(left.items(), key=lambda pair: pair[1])
            raise LabError(
                f"{gb:.1f} GB of {name} are still in use {CLEAN_LIMIT_S:g} s after the experiment that had it: "
                "another program may use it"
            )
        return False

    def _watch(self) -> None:
        while not self._ended.wait(LOOK_S):
            if self._slot:
                self._look()

    def _look(self) -> None:
        use = self._maker.use()
        with self._lock:
            for experiment, slot in self._slot.items():
                seen = [use[device.id] for device in self.of_slot[slot] if device.id in use]
                used = self._used[experiment]
                used.memory_gb = max(used.memory_gb, sum(one.memory_gb for one in seen))
                used.shares += [one.share for one in seen if one.share is not None]


def warm_environment() -> Mapping[str, str]:
    """The variables of a process from which experiments with devices are forked."""
    return _HIDDEN


def listed(system: Path = SYSTEM) -> tuple[Sequence[Device], str]:
    """The devices of this machine, and why there are none where there are none."""
    why: list[str] = []
    for maker in makers(system):
        if found := maker.devices():
            return found, ""
        why.append(maker.absent)
    return [], " and ".join(why)


def _too_few(task: Task, slots: int, n: int, system: Path) -> str:
    """What is missing, in one line."""
    each = task.limits.gpus
    needs = "a GPU" if slots * each == 1 else f"{slots * each} GPUs, {each} for each of {slots} slots"
    there = f"there {'is 1' if n == 1 else f'are {n}'} here" if n else listed(system)[1]
    less = f" ({argument('slots')} {n // each} would do)" if n >= each else ""
    return f"{task.name} needs {needs} ([resources] gpu = {each}), and {there}{less}: nothing was run"
