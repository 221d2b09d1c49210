"""A layer as one Triton kernel: a matrix product whose bias and gelu are applied before it is written.

This is the file that agents edit. The upper-case constants with a `# knob:` comment are what policy agents turn. What
is judged are calls of `fused` on inputs that nobody has seen before; everything may change but its name and arguments.
"""

import torch
import triton
import triton.language as tl
from prepare import save

BLOCK_M = 64  # knob: one of 16|32|64|128|256, group blocks
BLOCK_N = 64  # knob: one of 16|32|64|128|256, group blocks
BLOCK_K = 32  # knob: one of 16|32|64|128, group blocks
GROUP_M = 1  # knob: int 1..16, group order  # rows of blocks that are worked off together, for the cache
WARPS = 4  # knob: one of 1|2|4|8|16, group launch
STAGES = 2  # knob: int 1..6, group launch
GELU = "tanh"  # knob: one of tanh|sigmoid, group epilogue  # how the same function is computed


@triton.jit
def kernel(
    x, w, bias, out, m, n, k,
    BLOCK_M: tl.constexpr, BLOCK_N: tl.constexpr, BLOCK_K: tl.constexpr, GROUP_M: tl.constexpr, SIGMOID: tl.constexpr,
):  # fmt: skip
    number = tl.program_id(0)
    across = tl.cdiv(n, BLOCK_N)
    down = tl.cdiv(m, BLOCK_M)
    first = number // (GROUP_M * across) * GROUP_M
    rows_of_group = min(down - first, GROUP_M)
    row = first + number % (GROUP_M * across) % rows_of_group
    column = number % (GROUP_M * across) // rows_of_group
    i = row * BLOCK_M + tl.arange(0, BLOCK_M)
    j = column * BLOCK_N + tl.arange(0, BLOCK_N)
    inner = tl.arange(0, BLOCK_K)
    sums = tl.zeros((BLOCK_M, BLOCK_N), dtype=tl.float32)
    for start in range(0, k, BLOCK_K):
        at = start + inner
        a = tl.load(x + i[:, None] * k + at[None, :], mask=(i[:, None] < m) & (at[None, :] < k), other=0.0)
        b = tl.load(w + at[:, None] * n + j[None, :], mask=(at[:, None] < k) & (j[None, :] < n), other=0.0)
        sums = tl.dot(a, b, sums, input_precision="ieee")
    y = sums + tl.load(bias + j, mask=j < n, other=0.0).to(tl.float32)[None, :]
    z = 1.5957691216057308 * (y + 0.044715 * y * y * y)  # twice the argument of gelu's tanh
    if SIGMOID:  # noqa: SIM108  decided while it is compiled
        y = y / (1 + tl.exp(-z))
    else:
        y = y * (1 - 1 / (tl.exp(z) + 1))
    tl.store(out + i[:, None] * n + j[None, :], y.to(out.dtype.element_ty), mask=(i[:, None] < m) & (j[None, :] < n))


def fused(x: torch.Tensor, w: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
    """The layer, shape (m, n), for x of shape (m, k), w of shape (k, n) and a bias of shape (n,)."""
    (m, k), n = x.shape, w.shape[1]
    out = torch.empty(m, n, device=x.device, dtype=x.dtype)
    blocks = triton.cdiv(m, BLOCK_M) * triton.cdiv(n, BLOCK_N)
    kernel[(blocks,)](
        x, w, bias, out, m, n, k,
        BLOCK_M=BLOCK_M, BLOCK_N=BLOCK_N, BLOCK_K=BLOCK_K, GROUP_M=GROUP_M, SIGMOID=GELU == "sigmoid",
        num_warps=WARPS, num_stages=STAGES,
    )  # fmt: skip
    return out


if __name__ == "__main__":
    save()
