"""Machines with GPUs that are none: what nvidia-smi and /sys would say, and a maker whose devices every Linux has."""

import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from orgopt.lab.devices.base import Device, Use

FIRST, SECOND = "GPU-0a1b2c3d-0000-0000-0000-000000000001", "GPU-0f1e2d3c-0000-0000-0000-000000000002"


def gpu(uuid: str, minor: int, *, used: int = 3, util: str = "12 %", parts: Sequence[tuple[int, int]] = ()) -> str:
    """A GPU of nvidia-smi's report, with the instances of its parts."""
    inner = "".join(
        f"<mig_device><index>{k}</index><gpu_instance_id>{gi}</gpu_instance_id>"
        f"<compute_instance_id>{ci}</compute_instance_id>"
        f"<fb_memory_usage><total>20000 MiB</total><used>{used} MiB</used></fb_memory_usage></mig_device>"
        for k, (gi, ci) in enumerate(parts)
    )
    return (
        f"<gpu id='0000:0{minor}:00.0'><product_name>Big Card</product_name>"
        f"<mig_mode><current_mig>{'Enabled' if parts else 'N/A'}</current_mig></mig_mode>"
        f"<mig_devices>{inner or 'None'}</mig_devices><uuid>{uuid}</uuid><minor_number>{minor}</minor_number>"
        f"<fb_memory_usage><total>80000 MiB</total><used>{used} MiB</used></fb_memory_usage>"
        f"<utilization><gpu_util>{util}</gpu_util></utilization></gpu>"
    )


def install_smi(folder: Path, gpus: Sequence[str], listed: str = "") -> None:
    """Put an nvidia-smi into a folder, which says what it is given."""
    folder.mkdir(exist_ok=True)
    report = "".join(gpus)
    (folder / "report").write_text(f"<?xml version='1.0'?><nvidia_smi_log>{report}</nvidia_smi_log>")
    (folder / "list").write_text(listed)
    tool = folder / "nvidia-smi"
    tool.write_text(f'#!/bin/sh\nif [ "$1" = -L ]; then cat {folder}/list; else cat {folder}/report; fi\n')
    tool.chmod(tool.stat().st_mode | stat.S_IXUSR)


def device_files(system: Path, *names: str) -> None:
    """Files where a machine has device files."""
    for name in names:
        path = system / "dev" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


class TwoDevices:
    """A maker of two devices, whose files every Linux has, so that a real sandbox can bind them."""

    absent = "there is no such maker"

    def __init__(self) -> None:
        self.memory = {"one": 0.5, "two": 0.5}
        self.share: float | None = 0.25

    def devices(self) -> list[Device]:
        return [
            Device(id="one", name="A", memory_gb=8.0, nodes=("/dev/full",), shared=("/dev/zero",), of="one"),
            Device(id="two", name="A", memory_gb=8.0, nodes=("/dev/random",), shared=("/dev/zero",), of="two"),
        ]

    def use(self) -> dict[str, Use]:
        return {name: Use(gb, self.share) for name, gb in self.memory.items()}

    def environment(self, devices: Iterable[Device]) -> Mapping[str, str]:
        return {"CUDA_VISIBLE_DEVICES": ",".join(device.id for device in devices)}

    def libraries(self) -> list[str]:
        return []
