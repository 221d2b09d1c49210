"""The limits of an experiment and what they are by default: memory, disk, processes, and what it may see.

How long it may take is the task's, `Task.limit_s`; `lab.sandbox.inside.watch` ends what takes longer.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an experiment of a task may use and see, and what its result can be at most.

    Attributes:
        memory_gb: Memory of all its processes together, and of its files in memory; what they still share with the warm
            process by its share.
        disk_gb: Space of its own folder, its temporary files and shared memory together.
        processes: How many processes and threads it may have.
        flops: Floating-point operations of an experiment, of which a result that beats the baseline needs most; 0 where
            nobody counted.
        best: A metric below it cannot be honest; None where none is known.
        result: Name of the file of arrays that an experiment leaves.
        prime: Calls of `prepare.py` whose results all experiments share, each a name and arguments.
        hide: Files that neither experiments nor what they are forked from can read, of the task's folder or of packages
            that are installed.
        gpus: GPUs that each has for itself.
        read: Files and folders outside of the task's that they may read, as the user's settings name them.
    """

    memory_gb: float = 4.0
    disk_gb: float = 0.25
    processes: int = 64
    flops: float = 0.0
    best: float | None = None
    result: str = "weights.npz"
    prime: tuple[str, ...] = ()
    hide: tuple[str, ...] = ()
    gpus: int = 0
    read: tuple[str, ...] = ()


WITH_GPU = Limits(memory_gb=32.0, disk_gb=4.0, processes=512)
"""What is usual where an experiment has a GPU: its driver, its compilers and their caches take much more."""
