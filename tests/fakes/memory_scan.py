"""What an experiment does to find data in its own memory, live or freed: a script, and how to say what it looks for."""

from typing import Any

import numpy as np

SCAN = r"""
import os, sys
# First of all, with as little memory of its own as can be, since what is freed is soon written over.
FIELDS = [line.split() for line in open("/proc/self/maps")]
BUFFER = bytearray(1 << 16)
source, written = os.open("/proc/self/mem", os.O_RDONLY), 0
for field in FIELDS:
    if "w" in field[1]:
        first, _, last = field[0].partition("-")
        first, last = int(first, 16), int(last, 16)
        while first < last:
            try:
                size = os.preadv(source, [BUFFER], first)
            except OSError:
                break
            if written % (1 << 25) == 0:  # no file may be large
                target = os.open(f"memory-{written >> 25}", os.O_WRONLY | os.O_CREAT)
            os.write(target, BUFFER)
            first, written = first + size, written + len(BUFFER)
"""
SEARCH = r"""
import gc, glob, re
import numpy as np

WINDOW = 16
WEIGHTS = np.random.default_rng(5).integers(1, 2**63, WINDOW, dtype=np.uint64) | np.uint64(1)
TEXT = re.compile(rb"\d{1,2}(?:\.0)?(?:, ?\d{1,2}(?:\.0)?){63}")  # a row of digits, written out

def hashes(values):
    values = values.astype(np.uint64)
    values ^= values >> np.uint64(29)  # of small whole numbers as floats, only the highest bits differ
    values *= np.uint64(0x9E3779B97F4A7C15)
    values ^= values >> np.uint64(32)
    n = max(0, len(values) - WINDOW + 1)
    found = np.zeros(n, np.uint64)
    for k in range(WINDOW):
        found += values[k : k + n] * WEIGHTS[k]
    return found

def arrays():
    # The memory of all arrays that the collector knows of, those that others are views of included.
    for one in gc.get_objects():
        for array in gc.get_referents(one):
            while isinstance(array, np.ndarray):
                if type(array) is np.ndarray and array.dtype != object:
                    yield array.tobytes()
                array = array.base

def scan(wanted):
    found = {name: set() for name in wanted}
    table = {}
    for name, (kind, hidden) in wanted.items():
        table.setdefault(kind, np.zeros(1 << 16, bool))[hidden & np.uint64(0xFFFF)] = True
    def look(chunk):
        for row in TEXT.finditer(chunk):
            numbers = np.array([float(one) for one in row[0].split(b",")])
            note("u8", hashes(numbers[10:26].view("u8")))
        for kind in table:
            note(kind, hashes(np.frombuffer(chunk[: len(chunk) // 8 * 8], kind)))
    def note(kind, here):
        if kind in table:
            likely = here[table[kind][here & np.uint64(0xFFFF)]]
            for name, (of, hidden) in wanted.items():
                if of == kind:
                    found[name].update(likely[np.isin(likely, hidden)].tolist())
    for path in glob.glob("memory-*"):
        with open(path, "rb") as memory:
            look(memory.read())
    for chunk in arrays():
        look(chunk)
    return {name: len(one) for name, one in found.items()}

def decoded(wanted):
    return {name: (kind, np.frombuffer(bytes.fromhex(text), np.uint64)) for name, (kind, text) in wanted.items()}
"""


def searching(rows: dict[str, tuple[str, np.ndarray]]) -> str:
    """A script that says how many of some rows of 16 numbers each are in its memory, by name; it has their hashes."""
    given: dict[str, Any] = {}
    exec(SEARCH, given)  # the same hash on both sides
    found = {
        name: (kind, np.concatenate([given["hashes"](row) for row in array]).tobytes().hex())
        for name, (kind, array) in rows.items()
    }
    return f"{SCAN}\nexec({SEARCH!r})\nprint()\nsys.exit(repr(scan(decoded({found!r}))))\n"
