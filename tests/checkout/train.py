"""The editable part of a tiny checkout: it trains for its time and prints how that went."""

import time

from prepare import TIME_BUDGET, evaluate_bpb

DEPTH = 4  # layers
LEARNING_RATE = 0.05
SCHEDULE = "flat"  # flat or cosine
USE_BIAS = False
WARMUP = 0.0
BETAS = (0.9, 0.95)
SEED = 42

began = time.monotonic()
steps = 0
rate = LEARNING_RATE if SCHEDULE == "flat" else LEARNING_RATE / 2
if SCHEDULE == "cosine":
    rate = LEARNING_RATE
while time.monotonic() - began < TIME_BUDGET:
    steps += 1
    if steps % 100_000 == 0:
        print(f"\rstep {steps:05d} | loss: {1 / steps:.6f}", end="", flush=True)
print()
val_bpb = evaluate_bpb(DEPTH, rate, SCHEDULE, steps)
print("---")
print(f"val_bpb:          {val_bpb:.6f}")
print(f"training_seconds: {time.monotonic() - began:.1f}")
print(f"num_steps:        {steps}")
