"""Sends a study while it runs, in a process of its own: `python -m orgopt.tracking WORKSPACE FOLDER`.

A line on standard input says that the log has something new, its end that the study is over. Each line on standard
output says that MLflow took something, or, as JSON, what stopped it.
"""

import json
import os
import sys
from contextlib import suppress
from pathlib import Path

NICENESS = 5  # runs come first, but a busy machine must not starve it


def main() -> None:
    """Send until standard input ends, and then what is left."""
    with suppress(OSError):
        os.nice(NICENESS)
    workspace, folder = map(Path, sys.argv[1:])
    from orgopt.tracking.sync import Tracking  # after its priority: this takes a while

    tracking = Tracking(workspace, heard=lambda: _say(""))
    _report(tracking.open())
    going = True
    while going:
        # All that was said meanwhile is one piece of news.
        going = bool(os.read(sys.stdin.fileno(), 65536))
        _report(tracking.sync(folder).problem)


def _report(problem: str) -> None:
    _say(json.dumps(problem) if problem else "")


def _say(line: str) -> None:
    with suppress(BrokenPipeError):  # nobody listens any more; the work is done all the same
        os.write(1, f"{line}\n".encode())


if __name__ == "__main__":
    main()
