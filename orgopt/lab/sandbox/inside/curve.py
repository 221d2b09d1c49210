"""The learning curve that an experiment reports: a line with a number for each point, in the file `curve`.

The script that writes it is trusted with nothing: the file may be anything.
"""

import math
import os
import stat
from pathlib import Path

CURVE = "curve"
MAX_POINTS = 256
MAX_VALUE = 1e12  # more is a training that diverged
_MAX_BYTES = 32 * MAX_POINTS


def read_curve(folder: Path) -> tuple[float, ...]:
    """The points so far; empty when there are none.

    The curve ends before the first line that is not a finite number, since what follows could no longer be
    compared step by step. A line without its end is still being written.
    """
    try:
        # Neither follows a link out of the folder nor waits for the other end of a pipe.
        file = os.open(folder / CURVE, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return ()
    try:
        raw = os.read(file, _MAX_BYTES) if stat.S_ISREG(os.fstat(file).st_mode) else b""
    except OSError:
        return ()
    finally:
        os.close(file)
    points: list[float] = []
    for line in raw.split(b"\n")[:-1][:MAX_POINTS]:
        try:
            value = float(line)
        except ValueError:
            break
        if not math.isfinite(value) or abs(value) > MAX_VALUE:
            break
        points.append(value)
    return tuple(points)
