"""Train a byte-level GPT on a fixed amount of arithmetic. This is the file that agents edit.

The upper-case constants with a `# knob:` comment are what policy agents turn. Run alone with
`python train.py`, then `python prepare.py` for the metric; lower `val_bpb` is better.
"""

import os

import torch
from prepare import MAX_CONTEXT, VOCABULARY, FlopBudget, save, text
from torch import Tensor, nn
from torch.nn import functional as F

# Model
DEPTH = 2  # knob: int 1..4, group model
WIDTH = 32  # knob: one of 16|24|32|48|64|96|128, group model
HEADS = 4  # knob: one of 1|2|4|8, group model
CONTEXT = 32  # knob: one of 8|16|32|48|64|96|128, group model
MLP_RATIO = 2  # knob: int 1..6, group model
ACTIVATION = "swiglu"  # knob: one of gelu|relu2|swiglu|tanh, group model
INIT_SCALE = 0.5  # knob: log 0.25..4, group model
LOGIT_CAP = 12.0  # knob: log 5..60, group model

# Optimizer
OPTIMIZER = "muon"  # knob: one of adamw|muon|sgd, group optimizer
LR = 0.12  # knob: log 3e-4..3e-1, group optimizer
EMBED_LR = 0.3  # knob: log 0.1..10, group optimizer
BETA1 = 0.6  # knob: 0.5..0.98, group optimizer
BETA2 = 0.93  # knob: 0.9..0.999, group optimizer
WEIGHT_DECAY = 0.03  # knob: log 1e-4..1, group optimizer
GRAD_CLIP = 0.3  # knob: log 0.1..10, group optimizer

# Schedule
BATCH = 16  # knob: one of 2|4|8|16|32|64|128, group schedule
SCHEDULE = "linear"  # knob: one of constant|linear|cosine, group schedule
WARMUP = 0.15  # knob: 0..0.4, group schedule
FINAL_LR = 0.1  # knob: 0..0.5, group schedule

SEED = int(os.environ.get("ORGOPT_SEED", "0"))


def activate(x: Tensor, gate: Tensor) -> Tensor:
    if ACTIVATION == "swiglu":
        return F.silu(gate) * x
    if ACTIVATION == "relu2":
        return F.relu(x).square()
    return F.gelu(x) if ACTIVATION == "gelu" else torch.tanh(x)


class Block(nn.Module):
    """Pre-norm attention and MLP, both added to the residual stream."""

    def __init__(self) -> None:
        super().__init__()
        hidden = MLP_RATIO * WIDTH
        self.qkv = nn.Linear(WIDTH, 3 * WIDTH, bias=False)
        self.out = nn.Linear(WIDTH, WIDTH, bias=False)
        self.up = nn.Linear(WIDTH, hidden, bias=False)
        self.gate = nn.Linear(WIDTH, hidden, bias=False) if ACTIVATION == "swiglu" else None
        self.down = nn.Linear(hidden, WIDTH, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        qkv = self.qkv(F.rms_norm(x, (width,))).view(batch, length, 3, HEADS, width // HEADS)
        q, k, v = qkv.permute(2, 0, 3, 1, 4)
        heads = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(heads.transpose(1, 2).reshape(batch, length, width))
        normed = F.rms_norm(x, (width,))
        up = self.up(normed)
        return x + self.down(activate(up, self.gate(normed) if self.gate is not None else up))


class GPT(nn.Module):
    """Bytes of shape (batch, length) to next-byte logits of shape (batch, length, 256)."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(VOCABULARY, WIDTH)
        self.position = nn.Embedding(MAX_CONTEXT, WIDTH)
        self.blocks = nn.ModuleList(Block() for _ in range(DEPTH))
        self.head = nn.Linear(WIDTH, VOCABULARY, bias=False)
        for name, weight in self.named_parameters():
            fan_in = WIDTH if weight.ndim < 2 else weight.shape[1]
            std = 0.5 if "embed" in name or "position" in name else fan_in**-0.5
            nn.init.normal_(weight, std=INIT_SCALE * std)
        for block in self.blocks:  # each block starts as the identity
            nn.init.zeros_(block.out.weight)
            nn.init.zeros_(block.down.weight)
        nn.init.zeros_(self.head.weight)

    def forward(self, bytes_: Tensor) -> Tensor:
        positions = torch.arange(bytes_.shape[1])
        x = self.embed(bytes_) + self.position(positions)
        for block in self.blocks:
            x = block(x)
        logits = self.head(F.rms_norm(x, (WIDTH,)))
        return LOGIT_CAP * torch.tanh(logits / LOGIT_CAP)


class Muon(torch.optim.Optimizer):
    """Momentum whose update of each matrix is orthogonalised (Jordan et al. 2024, github.com/KellerJordan/Muon)."""

    def __init__(self, params: list[Tensor], lr: float) -> None:
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
                momentum.lerp_(p.grad, 1 - BETA1)
                update = orthogonalise(p.grad.lerp(momentum, BETA1))
                scale = max(1, p.shape[0] / p.shape[1]) ** 0.5
                p.mul_(1 - group["lr"] * WEIGHT_DECAY).add_(update, alpha=-group["lr"] * scale)


def orthogonalise(g: Tensor) -> Tensor:
    """The nearest matrix with singular values near 1, by five Newton-Schulz steps."""
    x = g.T if g.shape[0] > g.shape[1] else g
    x = x / (x.norm() + 1e-7)
    for _ in range(5):
        square = x @ x.T
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * square @ square) @ x
    return x.T if g.shape[0] > g.shape[1] else x


def optimizers(model: GPT) -> list[torch.optim.Optimizer]:
    tables = [model.embed.weight, model.position.weight, model.head.weight]
    matrices = [p for p in model.blocks.parameters() if p.ndim == 2]
    if OPTIMIZER == "sgd":
        groups = [{"params": matrices, "lr": 10 * LR}, {"params": tables, "lr": 10 * LR * EMBED_LR}]
        return [torch.optim.SGD(groups, momentum=BETA1, weight_decay=WEIGHT_DECAY)]
    adam = {"betas": (BETA1, BETA2), "weight_decay": WEIGHT_DECAY}
    if OPTIMIZER == "muon":
        return [Muon(matrices, lr=LR), torch.optim.AdamW([{"params": tables, "lr": LR * EMBED_LR}], **adam)]
    return [torch.optim.AdamW([{"params": matrices, "lr": LR}, {"params": tables, "lr": LR * EMBED_LR}], **adam)]


def learning_rate(progress: float) -> float:
    """The share of the peak learning rate at a share of the budget."""
    if progress < WARMUP:
        return (progress + 1e-3) / (WARMUP + 1e-3)
    rest = (progress - WARMUP) / (1 - WARMUP)
    if SCHEDULE == "constant":
        return 1.0
    down = 1 - rest if SCHEDULE == "linear" else (1 + torch.cos(torch.tensor(rest * torch.pi)).item()) / 2
    return FINAL_LR + (1 - FINAL_LR) * down


def main() -> None:
    torch.manual_seed(SEED)
    data = torch.from_numpy(text("train"))
    offsets = torch.arange(CONTEXT + 1)
    model = GPT()
    opts = optimizers(model)
    peaks = [[group["lr"] for group in opt.param_groups] for opt in opts]
    budget = FlopBudget()
    while budget.left():
        share = learning_rate(budget.progress)
        with budget.step():
            starts = torch.randint(len(data) - CONTEXT - 1, (BATCH, 1))
            batch = data[starts + offsets].long()
            logits = model(batch[:, :-1])
            loss = F.cross_entropy(logits.reshape(-1, VOCABULARY), batch[:, 1:].reshape(-1))
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), GRAD_CLIP)
            for opt, rates in zip(opts, peaks, strict=True):
                for group, peak in zip(opt.param_groups, rates, strict=True):
                    group["lr"] = peak * share
                opt.step()
                opt.zero_grad()
        budget.log(loss.item())
        if budget.steps % 50 == 0:
            print(f"step {budget.steps}  {budget.progress:4.0%}  loss {loss.item():.3f} nats", flush=True)
    save(model)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
