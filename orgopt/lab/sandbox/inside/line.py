"""The line of a command to the relay: a socket in its own network, which orgopt serves from outside; and placeholders.

The socket is made before the command begins, and handed out through a descriptor that the command does not get. So it
needs no process that passes bytes on, and no way out of the sandbox.
"""

import socket
from collections.abc import Mapping
from typing import Any

from . import isolate


def open_line(job: dict[str, Any]) -> None:
    """Listen where the command alone can reach, hand the socket out, and note its address."""
    if job["namespaces"] and not job["limits"]["network"]:
        isolate.raise_loopback()
    with socket.socket() as listener, socket.socket(fileno=job["relay"]["door"]) as door:
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        socket.send_fds(door, [b"listener"], [listener.fileno()])
        job["relay"]["address"] = f"http://127.0.0.1:{listener.getsockname()[1]}"


def addresses(job: Mapping[str, Any]) -> dict[str, str]:
    """The variables that tell programs of it; none where there is no relay."""
    if not job["relay"]:
        return {}
    places = {"relay": job["relay"]["address"], "relay_key": job["relay"]["key"]}
    return {name: filled(value, places) for name, value in job["relay"]["env"].items()}


def filled(word: str, values: Mapping[str, str]) -> str:
    """A word of the command with its placeholders filled, once."""
    pieces = word.split("{")
    text = [pieces[0]]
    for piece in pieces[1:]:
        name, closed, rest = piece.partition("}")
        text.append(values[name] + rest if closed and name in values else "{" + piece)
    return "".join(text)
