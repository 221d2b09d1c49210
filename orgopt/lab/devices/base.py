"""A GPU as a lab has it, whoever made it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

SYSTEM = Path("/")
"""Where device nodes and the files of drivers are looked for; tests have another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A GPU, or the part of one that may be given away alone.

    Attributes:
        id: What its driver knows it by, wherever it is seen from: a UUID where there is one.
        name: Of the model, and of the part.
        memory_gb: What it has.
        nodes: Device files that belong to it alone.
        shared: Device files that all of its maker need.
        of: The whole GPU that it is a part of; its own id where it is one.
    """

    id: str
    name: str
    memory_gb: float
    nodes: tuple[str, ...]
    shared: tuple[str, ...]
    of: str


class Use(NamedTuple):
    """How much of a device is used: of its memory, and the share of its time, None where that is not told."""

    memory_gb: float
    share: float | None


class Maker(Protocol):
    """What is special about the devices of one maker."""

    def devices(self) -> list[Device]:
        """What there is on this machine and given to this process, in the driver's order."""
        ...

    def use(self) -> dict[str, Use]:
        """How much of each is used now, by `Device.id`; those of which nothing can be told are missing."""
        ...

    def environment(self, devices: Iterable[Device]) -> Mapping[str, str]:
        """The variables by which programs see these devices and no others."""
        ...

    def libraries(self) -> list[str]:
        """Files and folders of the driver that a program needs to read, as far as they are outside of /usr."""
        ...

    @property
    def absent(self) -> str:
        """Why there are none, as a clause."""
        ...


def named(found: list[Device], given: str | None) -> list[Device]:
    """The devices that a variable such as CUDA_VISIBLE_DEVICES leaves to this process, in its order.

    As drivers do it: numbers and beginnings of ids; what names none ends the list. None is of a variable that is not
    set, which leaves all.
    """
    if given is None:
        return found
    left: list[Device] = []
    for word in filter(None, (part.strip() for part in given.split(","))):
        if word.isdigit():
            whole = list(dict.fromkeys(one.of for one in found))
            one = [device for device in found if int(word) < len(whole) and device.of == whole[int(word)]][:1]
        else:
            one = [device for device in found if device.id.startswith(word)][:1]
        if not one:
            break
        left += one
    return left


def nodes_in(folder: Path, names: Iterable[str]) -> tuple[str, ...]:
    """The device files of some names that are there, as paths of this machine."""
    return tuple(f"/{name}" for name in names if (folder / name).exists())
