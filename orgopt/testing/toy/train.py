"""The editable part of the toy task: MODE makes it fail in the ways that experiments fail."""

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from prepare import report

X = 0.0  # knob: 0..1, group point
Y = 0.3  # knob: 0..1, group point
SCALE = 1.0  # knob: log 0.1..10, group other
COUNT = 3  # knob: int 1..6, group other
MODE = "ok"  # knob: one of ok|crash|exit|hang|children|nan|nothing|garbage|flood|slow, group other

noise = np.random.default_rng(int(os.environ["ORGOPT_SEED"])).normal(0, 0.01)
if MODE == "crash":
    raise ValueError("the loss exploded \x1b[31m")
if MODE == "exit":
    sys.exit(3)
if MODE == "hang":
    time.sleep(600)
if MODE == "children":
    # A test finds it by its arguments.
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", f"toy-child-{os.environ['ORGOPT_SEED']}"])
    time.sleep(600)
if MODE in ("ok", "slow"):
    for step in range(5):
        report((X - 0.7) ** 2 + (Y - 0.2) ** 2 + 1 / (step + 1))
        if MODE == "slow":
            time.sleep(0.06)
if MODE == "flood":
    while True:
        print("x" * 1_000_000)
if MODE == "garbage":
    Path("weights.npz").write_text("not an archive")
    Path("curve").write_text("0.5\nhalf\n0.4\n")
elif MODE != "nothing":
    np.savez("weights.npz", point=np.array([X, Y, float("nan") if MODE == "nan" else noise]))
