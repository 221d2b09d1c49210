"""The server of live pages alone: `python -m orgopt.live.server WORKSPACE PORT`.

It prints its address once it answers, serves this machine until its standard input ends, and then for as long as open
pages need to hear of the end.
"""

import os
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any, cast

from orgopt.errors import UsageError
from orgopt.live.pages import Pages
from orgopt.tracking.own_origin import App, Channel, Scope, own_pages

HOST = "127.0.0.1"
LINGER_S, PATIENCE_S = 2.5, 6.0
"""How long pages have to ask once more when all is over, and how long ago one that counts as open last asked."""


class Heard:
    """An application that notes when it was last asked."""

    def __init__(self, app: App) -> None:
        self.app, self.at = app, 0.0

    async def __call__(self, scope: Scope, receive: Channel, send: Channel) -> None:
        if scope["type"] == "http":
            self.at = time.monotonic()
        await self.app(scope, receive, send)


def listening(port: int, tried: int = 50) -> socket.socket:
    """A socket of this machine alone, on a port or the next free one.

    Raises:
        UsageError: None of them is free.
    """
    for candidate in range(port, min(port + tried, 65536)):
        found = socket.socket()
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((HOST, candidate))
            found.listen()  # who is told the address finds it open
        except OSError:
            found.close()
            continue
        return found
    raise UsageError(f"no free port from {port} on: name another --port")


def main(workspace: str, port: str) -> None:
    """Serve a workspace's pages until standard input ends."""
    import uvicorn

    os.nice(5)  # what runs has the machine
    pages = Pages(Path(workspace))
    threading.Thread(target=pages.warm, daemon=True).start()
    heard = Heard(own_pages(cast("App", pages.app())))
    bound = listening(int(port))
    config = uvicorn.Config(cast("Any", heard), log_level="critical", access_log=False, lifespan="off")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]

    def wait() -> None:
        sys.stdin.buffer.read()
        if time.monotonic() - heard.at < PATIENCE_S:
            time.sleep(LINGER_S)
        server.should_exit = True

    threading.Thread(target=wait, daemon=True).start()
    sys.stdout.write(f"http://{HOST}:{bound.getsockname()[1]}\n")
    sys.stdout.flush()
    server.run(sockets=[bound])


if __name__ == "__main__":
    main(*sys.argv[1:])
