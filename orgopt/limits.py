"""The limits of an experiment and what they are by default: memory, disk, processes, and what it may see.

How long it may take is the task's, `Task.limit_s`; `lab.sandbox.inside.supervise` ends what takes longer.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What an experiment of a task may use and see, and what its result can be at most.

    Attributes:
        memory_gb: Memory beyond what the warm process has loaded, of all its processes together.
        disk_gb: Space of its own folder, its temporary files and shared memory together.
        processes: How many processes and threads it may have.
        flops: Floating-point operations of an experiment, of which a result that beats the baseline needs most; 0 where
            nobody counted.
        best: A metric below it cannot be honest; None where none is known.
        result: Name of the file of arrays that an experiment leaves.
        prime: Calls of `prepare.py` that are made once and shared by all experiments, each a name and arguments.
        hide: Files that experiments must not see, of the task's folder or of installed packages.
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
    read: tuple[str, ...] = ()
