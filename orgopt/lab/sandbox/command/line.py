"""A line from a command in the sandbox to who answers it outside: a socket that the sandbox makes, and hands out.

What the sandbox does for it is `inside.line`.
"""

import contextlib
import socket
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Who answers a command over a socket that it alone can reach.

    Attributes:
        serve: Takes the socket, which listens.
        key: What the command shows there.
        env: Variables that tell programs of it; `{relay}` is its address, `{relay_key}` the key.
    """

    serve: Callable[[socket.socket], object]
    key: str
    env: Mapping[str, str]


class Door:
    """Where the sandbox hands out the socket of the relay, before the command begins."""

    def __init__(self, line: Line | None, outer: socket.socket) -> None:
        self._line, self._outer = line, outer

    def look(self) -> None:
        """Take the socket once it is there, and have it served."""
        if self._line is None:
            return
        with contextlib.suppress(BlockingIOError):
            _, found, _, _ = socket.recv_fds(self._outer, 64, 1)
            line, self._line = self._line, None
            if found:
                line.serve(socket.socket(fileno=found[0]))


@contextlib.contextmanager
def opened(line: Line | None) -> Generator[tuple[Door, int]]:
    """The two ends of the way by which the socket is handed out: ours, and the descriptor for the sandbox."""
    outer, inner = socket.socketpair()
    with outer, inner:
        outer.setblocking(False)
        yield Door(line, outer), inner.fileno()
