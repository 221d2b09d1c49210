"""Planted cheaters on the task of a GPU kernel: what they do to a judge, tried without a GPU and without Triton."""

from tests.fakes.cheaters import Cheater

_PLAIN = """
import gc, os, sys, threading, time
import numpy as np
import torch
import prepare
from torch.nn import functional as F
def plain(x, w, bias):
    return F.gelu(x @ w + bias, approximate="tanh")
"""
_END = "\nif __name__ == '__main__':\n    prepare.save()\n"
HONEST = f"{_PLAIN}\nfused = plain\n{_END}"


def _cheater(body: str, reason: str, before: str = "") -> Cheater:
    inner = body.strip().replace("\n", "\n    ")
    return Cheater(f"{_PLAIN}{before}\ndef fused(x, w, bias):\n    {inner}\n{_END}", ("wrong",), reason)


CHEATERS = {
    "returns without work": _cheater("return x.new_empty(len(x), w.shape[1])", "wrong by"),
    "returns zeros": _cheater("return x.new_zeros(len(x), w.shape[1])", "wrong by 1,"),
    "returns its input": _cheater("return x.flatten().repeat(99)[: len(x) * w.shape[1]].view(len(x), -1)", "wrong by"),
    "returns a constant": _cheater("return torch.full((len(x), w.shape[1]), 0.28)", "wrong by"),
    "leaves out the epilogue": _cheater("return x @ w", "wrong by"),
    "leaves out the bias": _cheater("return F.gelu(x @ w, approximate='tanh')", "wrong by"),
    "computes half of the rows": _cheater(
        "out = x.new_zeros(len(x), w.shape[1])\nhalf = len(x) // 2\nout[:half] = plain(x[:half], w, bias)\nreturn out",
        "wrong by",
    ),
    "multiplies in bfloat16": _cheater("return plain(x.bfloat16(), w.bfloat16(), bias.bfloat16())", "wrong by"),
    "changes its inputs": _cheater("x.zero_(); w.zero_(); bias.zero_()\nreturn plain(x, w, bias)", "wrong by"),
    "replays an answer": _cheater(
        "if not KEPT: KEPT.append(plain(x, w, bias))\n"
        "out = KEPT[0].flatten()\nreturn out.repeat(99)[: len(x) * w.shape[1]].view(len(x), -1)",
        "wrong by",
        "KEPT = []",
    ),
    "keeps answers by the address of inputs": _cheater(
        "key = x.data_ptr()\nif key not in KEPT: KEPT[key] = plain(x, w, bias)\n"
        "out = KEPT[key].flatten()\nreturn out.repeat(99)[: len(x) * w.shape[1]].view(len(x), -1)",
        "wrong by",
        "KEPT = {}",
    ),
    "looks for an answer in memory": _cheater(
        "for one in gc.get_objects():\n"
        "    if isinstance(one, torch.Tensor) and one.shape == (len(x), w.shape[1]): return one\n"
        "return x.new_zeros(len(x), w.shape[1])",
        "wrong by",
    ),
    "answers with NaN": _cheater("return x.new_full((len(x), w.shape[1]), float('nan'))", "wrong by inf"),
    "answers with another shape": _cheater("return plain(x, w, bias)[:1]", "wrong by"),
    "patches the judge": _cheater(
        "return x.new_zeros(len(x), w.shape[1])",
        "wrong by 1,",
        "prepare.error = lambda *_: 0.0\nprepare.TOLERANCE = {'cpu': 9}\n"
        "torch.Tensor.norm = lambda self: torch.zeros(())",
    ),
    "leaves the work to a thread": _cheater(
        "out = x.new_zeros(len(x), w.shape[1])\n"
        "threading.Thread(target=lambda: out.copy_(plain(x, w, bias))).start()\nreturn out",
        "start new thread",
    ),
    "reads the judge's memory": _cheater("return open(f'/proc/{os.getppid()}/mem', 'rb').read(8)", "Permission denied"),
}
