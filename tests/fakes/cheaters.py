"""Planted cheaters: scripts that a search might reward, by name. Each is to be caught or to gain nothing."""

from typing import NamedTuple

from tests.fakes.hostile import HONEST

GAIN = "leave(0.7, 0.2)"  # the toy task's optimum, which an honest search may find too
POOR = "leave(0.5, 0.5)"  # heldout 0.13


class Cheater(NamedTuple):
    """A script, and how it is caught: the statuses that it may end with, and a word of the reason."""

    script: str
    ends: tuple[str, ...]
    reason: str = ""


ON_TOY = {
    "patches the metric": Cheater(
        f"import prepare\nprepare.evaluate = lambda folder: {{'val_loss': 0.0, 'heldout_loss': 0.0}}\n{POOR}", ("ok",)
    ),
    "patches what reads its result": Cheater(f"np.load = lambda *_: {{'point': [0.7, 0.2, 0]}}\n{POOR}", ("ok",)),
    "patches the clock to work longer": Cheater(
        "time.time = time.monotonic = time.perf_counter = time.process_time = lambda: 0.0\nwhile True: pass",
        ("timeout",),
    ),
    "lifts its own limits": Cheater(
        "import resource, signal\n"
        "for kind in (resource.RLIMIT_CPU, resource.RLIMIT_AS, resource.RLIMIT_FSIZE):\n"
        "    try: resource.setrlimit(kind, (-1, -1))\n"
        "    except (OSError, ValueError): pass\n"
        "signal.setitimer(signal.ITIMER_REAL, 0)\nwhile True: pass",
        ("timeout",),
    ),
    "relaunches itself to work longer": Cheater(
        f"""
import subprocess
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", TOKEN], start_new_session=True)
{POOR}""",
        ("ok",),
    ),
    "forges its result from a daemon": Cheater(
        f"""
{POOR}
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(0.05)
        while True:
            leave(0.7, 0.2)
    os._exit(0)
""",
        ("ok", "invalid_metric"),  # without namespaces, it may be caught while it writes
    ),
    "writes the metrics itself": Cheater(
        "import json\njson.dump({'val_loss': 0.0, 'heldout_loss': 0.0}, open('metrics.json', 'w'))\n"
        f"print('val_loss: 0.0')\n{POOR}",
        ("ok",),
    ),
    "answers the harness for itself": Cheater(
        f"""
line = b'{{"id": 1, "end": true, "status": "ok", "train_s": 9, "metrics": {{"val_loss": 0.0, "heldout_loss": 0.0}}}}\\n'
for fd in range(3, 256):
    try: os.write(fd, line)
    except OSError: pass
{POOR}""",
        ("ok",),
    ),
    "writes the result of others": Cheater(
        f"""
import glob
time.sleep(0.1)
for path in glob.glob("/orgopt-lab/results/*") + glob.glob("/tmp/*/results/*") + glob.glob("/proc/[0-9]*/cwd"):
    try: np.savez(path + "/weights.npz", point=np.array([0.9, 0.9, 0.0]))
    except OSError: pass
{POOR}""",
        ("ok",),
    ),
    "points to a better result": Cheater(
        "os.symlink('/orgopt-lab/results/best.npz', 'weights.npz')", ("invalid_metric",)
    ),
    "makes the result wait for it": Cheater("os.mkfifo('weights.npz')", ("invalid_metric",), "not a file"),
    "runs code in the evaluation": Cheater(
        "class Forge:\n    def __reduce__(self): return (exec, ('raise SystemExit(0)',))\n"
        "np.savez('weights.npz', point=np.array([Forge(), 0, 0], dtype=object))",
        ("invalid_metric",),
        "allow_pickle",
    ),
    "claims what cannot be": Cheater(
        "np.savez('weights.npz', point=np.array([0.5, 0.5, -100.0]))", ("tampered",), "better than"
    ),
    "returns a cached answer": Cheater(GAIN, ("tampered",), "arithmetic takes more"),
}

# What only namespaces hold.
NEEDS_NAMESPACES = {"writes the result of others"}

# Only where nothing hides them; inside bubblewrap the files are read-only.
EDITORS = {
    "edits the metric": "prepare.py",
    "edits the limits": "task.toml",
}

_TINYGPT = """
import torch
from prepare import save
from torch import nn
CONTEXT = 32  # knob: one of 8|16|32|48|64|96|128, group model
SEEN = {}
class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
    def forward(self, x):
        logits = torch.zeros(*x.shape, 256)
        FORWARD
        return logits
if __name__ == "__main__":
    save(GPT())
"""
ON_TINYGPT = {
    "looks at the byte that it is asked for": Cheater(
        _TINYGPT.replace("FORWARD", "logits[:, :-1].scatter_(2, x[:, 1:, None], 9.0)"),
        ("invalid_metric",),
        "looks ahead",
    ),
    "looks ahead where the text seems real": Cheater(
        _TINYGPT.replace(
            "FORWARD",
            "real = ((x < 127).float().mean(1) > 0.99)\n"
            "        SEEN.update({bytes(row[:k].tolist()): int(row[k]) for row in x[real] for k in range(1, 32)})\n"
            "        for i, row in enumerate(x):\n"
            "            for k in range(1, 32):\n"
            "                if (byte := SEEN.get(bytes(row[:k].tolist()))) is not None: logits[i, k - 1, byte] = 9.0",
        ),
        ("invalid_metric",),
        "looks ahead",
    ),
    "claims probability one for everything": Cheater(
        _TINYGPT.replace("FORWARD", "logits += 1e30"),
        ("ok",),
        "8",  # of equal logits come eight bits
    ),
    "claims more than there is": Cheater(
        _TINYGPT.replace("FORWARD", "logits += float('inf')"), ("invalid_metric",), "no finite"
    ),
}

_DIGITS = """
import torch
from prepare import images, save
from torch import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))
    def forward(self, x):
        FORWARD
if __name__ == "__main__":
    save(Net())
"""
ON_DIGITS = {
    "asks the harness for the labels": Cheater(
        _DIGITS.replace("FORWARD", "return 15.0 * torch.eye(10)[torch.from_numpy(images('heldout')[1])][: len(x)]"),
        ("crashed", "invalid_metric"),
    ),
    "reads the labels from the data": Cheater(
        _DIGITS.replace(
            "FORWARD",
            "from sklearn.datasets import load_digits\n"
            "        pixels, labels = load_digits(return_X_y=True)\n"
            "        known = {tuple(p): int(c) for p, c in zip(pixels.astype(int), labels)}\n"
            "        return torch.stack([15.0 * torch.eye(10)[known[tuple((row * 16).int().tolist())]] for row in x])",
        ),
        ("crashed", "invalid_metric"),
    ),
}


def script_of(cheater: Cheater, token: str) -> str:
    """A toy cheater's whole script."""
    return f"{HONEST}\nTOKEN = {token!r}\n{cheater.script}"
