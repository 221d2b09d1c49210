"""Train a small network on digits of which a quarter have wrong labels. This is the file that agents edit.

The upper-case constants with a `# knob:` comment are what policy agents turn. Run alone with
`python train.py`, then `python prepare.py` for the metric; lower `val_nats` is better.
"""

import math
import os
from itertools import pairwise

import torch
from prepare import CLASSES, LOGIT_CAP, PIXELS, FlopBudget, images, save
from torch import Tensor, nn
from torch.nn import functional as F

# Model
DEPTH = 2  # knob: int 1..4, group model
WIDTH = 128  # knob: one of 16|32|48|64|96|128|192|256, group model
ACTIVATION = "gelu"  # knob: one of relu|gelu|tanh, group model
INIT_SCALE = 1.0  # knob: log 0.3..3, group model

# Optimizer
OPTIMIZER = "adamw"  # knob: one of adamw|sgd|lion, group optimizer
LR = 0.15  # knob: log 3e-3..3, group optimizer
MOMENTUM = 0.9  # knob: 0.5..0.99, group optimizer
GRAD_CLIP = 1.0  # knob: log 0.1..10, group optimizer

# Schedule
BATCH = 64  # knob: one of 16|32|64|128|256, group schedule
SCHEDULE = "cosine"  # knob: one of constant|linear|cosine, group schedule
WARMUP = 0.1  # knob: 0..0.4, group schedule

# Regularization
WEIGHT_DECAY = 0.01  # knob: log 1e-4..3, group regularization
DROPOUT = 0.2  # knob: 0..0.7, group regularization
INPUT_NOISE = 0.15  # knob: 0..0.6, group regularization
SHIFT = 0.3  # knob: 0..1, group regularization
ROBUSTNESS = 0.6  # knob: 0..1, group regularization

SEED = int(os.environ.get("ORGOPT_SEED", "0"))


class Net(nn.Module):
    """Images of shape (batch, 64) to logits of shape (batch, 10), through DEPTH hidden layers."""

    def __init__(self) -> None:
        super().__init__()
        sizes = [PIXELS, *[WIDTH] * DEPTH, CLASSES]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in pairwise(sizes))
        for layer in self.layers:
            nn.init.normal_(layer.weight, std=INIT_SCALE * layer.in_features**-0.5)
            nn.init.zeros_(layer.bias)

    def forward(self, x: Tensor) -> Tensor:
        x = 2 * x - 1
        for layer in self.layers[:-1]:
            x = layer(x)
            x = F.relu(x) if ACTIVATION == "relu" else F.gelu(x) if ACTIVATION == "gelu" else torch.tanh(x)
            x = F.dropout(x, DROPOUT, self.training)
        return LOGIT_CAP * torch.tanh(self.layers[-1](x) / LOGIT_CAP)


class Lion(torch.optim.Optimizer):
    """The sign of a momentum, with decoupled decay (Chen et al. 2023, arXiv:2302.06675)."""

    def __init__(self, params: list[Tensor], lr: float) -> None:
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                momentum = self.state[p].setdefault("momentum", torch.zeros_like(p))
                update = momentum.lerp(p.grad, 1 - MOMENTUM).sign_()
                p.mul_(1 - group["lr"] * WEIGHT_DECAY).add_(update, alpha=-group["lr"])
                momentum.lerp_(p.grad, 0.01)


def optimizer(model: nn.Module) -> torch.optim.Optimizer:
    params = list(model.parameters())
    # The factors make the same LR sensible for all three; dampening makes it independent of the momentum.
    if OPTIMIZER == "lion":
        return Lion(params, lr=0.002 * LR)
    if OPTIMIZER == "sgd":
        decay = 0.01 * WEIGHT_DECAY
        return torch.optim.SGD(params, lr=3 * LR, momentum=MOMENTUM, dampening=MOMENTUM, weight_decay=decay)
    return torch.optim.AdamW(params, lr=0.02 * LR, betas=(MOMENTUM, 0.99), weight_decay=WEIGHT_DECAY)


def learning_rate(progress: float) -> float:
    """The share of the peak learning rate at a share of the budget."""
    if progress < WARMUP:
        return (progress + 1e-3) / (WARMUP + 1e-3)
    rest = (progress - WARMUP) / (1 - WARMUP)
    if SCHEDULE == "constant":
        return 1.0
    return 1 - rest if SCHEDULE == "linear" else (1 + math.cos(rest * math.pi)) / 2


def disturb(x: Tensor) -> Tensor:
    """Move a share of the images by a pixel in a random direction, and add noise."""
    if SHIFT:
        square = x.view(-1, 8, 8)
        moved = torch.zeros_like(square)
        axis, step = 1 + int(torch.randint(2, ())), 2 * int(torch.randint(2, ())) - 1
        start = max(0, step)
        moved.narrow(axis, start, 7).copy_(square.narrow(axis, 1 - start, 7))
        x = torch.where(torch.rand(len(x), 1) < SHIFT, moved.view(-1, PIXELS), x)
    return x + INPUT_NOISE * torch.randn_like(x) if INPUT_NOISE else x


def objective(nats: Tensor) -> Tensor:
    """Generalized cross-entropy: from the usual one towards the mean absolute error, which trusts labels less.

    Zhang and Sabuncu 2018, arXiv:1805.07836.
    """
    if ROBUSTNESS < 1e-3:
        return nats.mean()
    return ((1 - torch.exp(-ROBUSTNESS * nats)) / ROBUSTNESS).mean()


def main() -> None:
    torch.manual_seed(SEED)
    pixels, labels = (torch.from_numpy(array) for array in images("train"))
    model = Net()
    opt = optimizer(model)
    peak = opt.param_groups[0]["lr"]
    budget = FlopBudget(model, BATCH)
    while budget.left():
        chosen = torch.randint(len(pixels), (BATCH,))
        nats = F.cross_entropy(model(disturb(pixels[chosen])), labels[chosen], reduction="none")
        loss = objective(nats)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), GRAD_CLIP)
        opt.param_groups[0]["lr"] = peak * learning_rate(budget.progress)
        opt.step()
        opt.zero_grad()
        budget.step(nats.mean().item())
        if budget.steps % 100 == 0:
            print(f"step {budget.steps}  {budget.progress:4.0%}  loss {loss.item():.3f}", flush=True)
    save(model)


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
