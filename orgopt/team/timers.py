"""What is due when in a run, and which agent comes first at one time: a queue of timers, ordered by time."""

import heapq
from collections.abc import Iterator
from enum import IntEnum
from typing import NamedTuple


class Due(IntEnum):
    """What is due; of several at one time, in this order."""

    AGENT = 0
    """An agent is asked, or what it thought is done."""

    STANDUP = 1
    """A stand-up begins that is held by time."""

    REPORTS = 2
    """The last report of a stand-up is written."""


class Timer(NamedTuple):
    """Something that is due at a time, in lab seconds: an agent, by its number in document order, if nothing else."""

    at: float
    due: Due = Due.AGENT
    number: int = 0


class Timers:
    """The timers that have not gone off."""

    def __init__(self) -> None:
        self._heap: list[Timer] = []

    @property
    def first(self) -> float:
        """When the next one goes off; infinity where there is none."""
        return self._heap[0].at if self._heap else float("inf")

    def set(self, timer: Timer) -> None:
        """Add a timer."""
        heapq.heappush(self._heap, timer)

    def due(self, now: float, end: float) -> Iterator[Timer]:
        """Take out one after the other of those that have gone off by now and before an end, in their order.

        Those that are set meanwhile are among them.
        """
        heap = self._heap
        while heap and heap[0].at <= now and heap[0].at < end:
            yield heapq.heappop(heap)
