"""Sums of Gaussians in space, to be made faster. This is the file that agents edit.

The upper-case constants with a `# knob:` comment are what policy agents turn. `python train.py` builds; what is timed
are calls of `sums`, in another process, on inputs that nobody has seen before. Everything may change but the name and
the arguments of `sums`, which has one thread.
"""

import ctypes
import subprocess
import sys
from pathlib import Path

import numpy as np
from prepare import built, save

# Method
ENGINE = "numpy"  # knob: one of numpy|c, group method
FORM = "direct"  # knob: one of direct|expanded, group method
DTYPE = "float64"  # knob: one of float64|float32, group method
CUTOFF = 8.0  # knob: 3..8, group method  # widths beyond which blocks are left out
ORDER = "none"  # knob: one of none|axis|cells, group method  # of points, so that a block is near itself

# Blocks
ROWS = 64  # knob: log int 4..1024, group blocks
COLUMNS = 1024  # knob: log int 16..1024, group blocks
CELLS = 8  # knob: one of 2|4|8|16, group blocks  # along each axis

# The exponential, in C
EXP = "library"  # knob: one of library|polynomial|table, group exponential
DEGREE = 4  # knob: int 2..7, group exponential
TABLE = 1024  # knob: one of 64|256|1024|4096|16384, group exponential

# The compiler
OPTIMIZE = 2  # knob: int 0..3, group compiler
NATIVE = "no"  # knob: one of no|yes, group compiler
FAST_MATH = "no"  # knob: one of no|yes, group compiler
UNROLL = 1  # knob: one of 1|2|4|8, group compiler

C_SOURCE = r"""
#include <math.h>

#if EXP == 2
static REAL table[TABLE + 2];
void prepare(void) { for (int k = 0; k < TABLE + 2; k++) table[k] = exp(-SPAN * k / TABLE); }
static inline REAL decay(REAL d) {              /* exp(-d), linear between the entries */
    REAL at = d * (TABLE / (REAL)SPAN);
    at = at < TABLE ? at : TABLE;
    int k = (int)at;
    REAL part = at - k;
    return table[k] + part * (table[k + 1] - table[k]);
}
#elif EXP == 1
void prepare(void) {}
static inline REAL decay(REAL d) {              /* 2^whole by the exponent's bits, 2^part by its series */
    REAL x = d * (REAL)-1.4426950408889634;
    x = x > -120 ? x : -120;
    int whole = (int)(x - (REAL)0.5);
    REAL t = (x - whole) * (REAL)0.6931471805599453, sum = 1;
    for (int k = DEGREE; k >= 1; k--) sum = 1 + sum * t / k;
    union { int bits; float value; } power = {(whole + 127) << 23};
    return sum * power.value;
}
#else
void prepare(void) {}
static inline REAL decay(REAL d) { return EXPONENTIAL(-d); }
#endif

/* Points are three rows each; boxes are the least and most of each block, six numbers. */
void sums(int m, int n, const REAL *x, const REAL *y, const REAL *w, const REAL *rows, const REAL *columns,
          REAL scale, REAL most, REAL *out) {
    for (int i0 = 0, a = 0; i0 < m; i0 += ROWS, a++) {
        int i1 = i0 + ROWS < m ? i0 + ROWS : m;
        for (int i = i0; i < i1; i++) out[i] = 0;
        for (int j0 = 0, b = 0; j0 < n; j0 += COLUMNS, b++) {
            int j1 = j0 + COLUMNS < n ? j0 + COLUMNS : n;
            REAL gap = 0;
            for (int k = 0; k < 3; k++) {
                REAL under = columns[6 * b + k] - rows[6 * a + 3 + k], over = rows[6 * a + k] - columns[6 * b + 3 + k];
                REAL far = under > over ? under : over;
                gap += far > 0 ? far * far : 0;
            }
            if (gap > most) continue;
            for (int i = i0; i < i1; i++) {
                REAL p = x[i], q = x[m + i], r = x[2 * m + i], sum = 0;
#if EXPANDED
                REAL own = p * p + q * q + r * r;
#endif
                UNROLLED
                for (int j = j0; j < j1; j++) {
#if EXPANDED
                    REAL d = own + y[3 * n + j] - 2 * (p * y[j] + q * y[n + j] + r * y[2 * n + j]);
                    d = d > 0 ? d : 0;
#else
                    REAL u = p - y[j], v = q - y[n + j], z = r - y[2 * n + j];
                    REAL d = u * u + v * v + z * z;
#endif
                    sum += w[j] * decay(d * scale);
                }
                out[i] += sum;
            }
        }
    }
}
"""
SPAN = 0.5 * 8.0**2  # the table's end; beyond it nothing counts
REAL = np.dtype(DTYPE)


def build() -> bytes:
    """The shared library of these constants.

    Raises:
        SystemExit: There is no compiler, or it fails.
    """
    names = {"REAL": "float" if DTYPE == "float32" else "double", "EXP": ["library", "polynomial", "table"].index(EXP)}
    names |= {"EXPONENTIAL": "expf" if DTYPE == "float32" else "exp", "EXPANDED": int(FORM == "expanded")}
    names |= {"ROWS": ROWS, "COLUMNS": COLUMNS, "DEGREE": DEGREE, "TABLE": TABLE, "SPAN": SPAN}
    names["UNROLLED"] = f'_Pragma("GCC unroll {UNROLL}")'
    flags = [f"-D{name}={value}" for name, value in names.items()] + [f"-O{OPTIMIZE}"]
    flags += ["-march=native"] * (NATIVE == "yes") + ["-ffast-math"] * (FAST_MATH == "yes")
    Path("kernel.c").write_text(C_SOURCE)
    try:
        subprocess.run(["cc", *flags, "-shared", "-fPIC", "-o", "kernel.so", "kernel.c", "-lm"], check=True)
    except FileNotFoundError:
        sys.exit("ENGINE = c needs a C compiler, and there is no cc here")
    except subprocess.CalledProcessError as failed:
        sys.exit(f"cc failed with {failed.returncode}")
    return Path("kernel.so").read_bytes()


def load() -> ctypes.CDLL:
    """The library that was built, ready to be called."""
    Path("kernel.so").write_bytes(built())
    library = ctypes.CDLL(str(Path("kernel.so").resolve()))
    library.prepare()
    return library


def ordered(points: np.ndarray) -> np.ndarray:
    """An order of points of shape (n, 3) in which neighbours come together."""
    if ORDER == "axis":
        return np.argsort(points[:, 0])
    cell = np.clip(((points + 0.5) * CELLS).astype(np.int64), 0, CELLS - 1)
    return np.argsort((cell[:, 0] * CELLS + cell[:, 1]) * CELLS + cell[:, 2], kind="stable")


def boxes(points: np.ndarray, size: int) -> np.ndarray:
    """The least and the most of each block of points of shape (n, 3), shape (blocks, 6)."""
    first = np.arange(0, len(points), size)
    return np.hstack([np.minimum.reduceat(points, first), np.maximum.reduceat(points, first)])


def by_numpy(x: np.ndarray, y: np.ndarray, w: np.ndarray, scale: float, most: float) -> np.ndarray:
    """The sums in blocks of arrays."""
    out = np.zeros(len(x), REAL)
    rows, columns = boxes(x, ROWS), boxes(y, COLUMNS)
    far = np.maximum(columns[None, :, :3] - rows[:, None, 3:], rows[:, None, :3] - columns[None, :, 3:])
    near = (np.maximum(far, 0) ** 2).sum(2) <= most
    squares = (y * y).sum(1)
    for a, b in np.argwhere(near):
        part, others = x[a * ROWS : (a + 1) * ROWS], y[b * COLUMNS : (b + 1) * COLUMNS]
        if FORM == "expanded":
            d = (part * part).sum(1)[:, None] + squares[b * COLUMNS : (b + 1) * COLUMNS] - 2 * (part @ others.T)
        else:
            d = ((part[:, None, :] - others[None, :, :]) ** 2).sum(2)
        out[a * ROWS : (a + 1) * ROWS] += np.exp(d * REAL.type(-scale)) @ w[b * COLUMNS : (b + 1) * COLUMNS]
    return out


def by_c(x: np.ndarray, y: np.ndarray, w: np.ndarray, scale: float, most: float) -> np.ndarray:
    """The sums by the library."""
    out = np.empty(len(x), REAL)
    rows, columns = boxes(x, ROWS).astype(REAL), boxes(y, COLUMNS).astype(REAL)
    squares = (y * y).sum(1, keepdims=True)
    across, others = np.ascontiguousarray(x.T), np.ascontiguousarray(np.hstack([y, squares]).T)
    real = ctypes.c_float if DTYPE == "float32" else ctypes.c_double
    places = [ctypes.c_void_p(array.ctypes.data) for array in (across, others, w, rows, columns)]
    LIBRARY.sums(len(x), len(y), *places, real(scale), real(most), ctypes.c_void_p(out.ctypes.data))
    return out


def sums(targets: np.ndarray, sources: np.ndarray, weights: np.ndarray, width: float) -> np.ndarray:
    """The sums, shape (m,), for targets of shape (m, 3), sources of shape (n, 3) and their weights, all float64."""
    # Around the middle of the cube: squares that cancel in the expanded form are then a quarter as large.
    x, y, w = (targets - 0.5).astype(REAL), (sources - 0.5).astype(REAL), weights.astype(REAL)
    own = None
    if ORDER != "none":
        own, other = ordered(x), ordered(y)
        x, y, w = x[own], y[other], w[other]
    out = (by_c if ENGINE == "c" else by_numpy)(x, y, w, 0.5 / width**2, (CUTOFF * width) ** 2)
    if own is None:
        return out.astype(np.float64)
    found = np.empty(len(out))
    found[own] = out
    return found


if __name__ == "__main__":
    save(build() if ENGINE == "c" else b"")
elif ENGINE == "c":
    LIBRARY = load()
