"""Learn to swing a pole up by evolution of a small policy. This is the file that agents edit.

The upper-case constants with a `# knob:` comment are what policy agents turn. Run alone with `python train.py`; lower
`val_cost` is better. `act` is asked for pushes, and gets the arrays that were saved.
"""

import os

import numpy as np
from prepare import OBSERVED, Budget, cost, observed, save, step

# Policy
HIDDEN = 6  # knob: one of 0|3|6|12, group policy  # units; none is a linear policy
GAIN = 1.0  # knob: log 0.1..10, group policy  # of what it sees
START_SD = 0.3  # knob: log 0.01..2, group policy  # of the first weights

# Evolution
METHOD = "es"  # knob: one of es|cem, group evolution
CANDIDATES = 32  # knob: one of 8|16|32|64|128, group evolution  # at once
SIGMA = 0.3  # knob: log 0.03..3, group evolution  # how far candidates lie from the centre
SIGMA_END = 0.3  # knob: log 0.02..1, group evolution  # the share of it that is left in the end
RATE = 0.3  # knob: log 0.01..3 if METHOD=es, group evolution
MOMENTUM = 0.5  # knob: 0..0.95 if METHOD=es, group evolution
ELITE = 0.25  # knob: 0.05..0.6 if METHOD=cem, group evolution  # the share that makes the next centre
INERTIA = 0.2  # knob: 0..0.9 if METHOD=cem, group evolution  # the share of the last centre in the next

# Training
EPISODES = 2  # knob: int 1..4, group training  # of each candidate
LENGTH = 80  # knob: int 15..120, group training  # steps of an episode
EASY = 0.2  # knob: 0..1, group training  # the share of starts near upright
LATE = 0.3  # knob: 0..1, group training  # how much more the last steps count than the first
EFFORT = 0.003  # knob: log 1e-4..1, group training  # what a push costs

SEED = int(os.environ.get("ORGOPT_SEED", "0"))
WEIGHTS = OBSERVED * HIDDEN + 2 * HIDDEN + 1 if HIDDEN else OBSERVED + 1


def pushes(seen: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Pushes, shape (p, e), of p policies with weights of shape (p, WEIGHTS) for e carts each, seen as (p, e, 5)."""
    seen = GAIN * seen
    if not HIDDEN:
        return np.tanh((seen @ weights[:, :OBSERVED, None])[..., 0] + weights[:, OBSERVED:])
    inner = OBSERVED * HIDDEN
    first = weights[:, :inner].reshape(-1, OBSERVED, HIDDEN)
    units = np.tanh(seen @ first + weights[:, None, inner : inner + HIDDEN])
    return np.tanh((units @ weights[:, inner + HIDDEN : inner + 2 * HIDDEN, None])[..., 0] + weights[:, -1:])


def act(seen: np.ndarray, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Pushes from −1 to 1, shape (n,), for what is seen of n carts, shape (n, 5)."""
    return pushes(seen[None], arrays["weights"][None])[0]


def costs(weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """What policies cost, shape (p,), each over the same EPISODES starts."""
    start = rng.normal(0.0, [0.3, 0.2, 0.3, 0.3], (EPISODES, 4))
    start[:, 2] += np.where(rng.random(EPISODES) < EASY, 0.0, np.pi)
    state = np.broadcast_to(start, (len(weights), EPISODES, 4))
    share = 1.0 + LATE * np.linspace(-1.0, 1.0, LENGTH)
    total = np.zeros((len(weights), EPISODES))
    for number in range(LENGTH):
        push = pushes(observed(state), weights)
        state = step(state, push, 0.5, 0.1)
        total += share[number] * (cost(state) + EFFORT * push * push)
    return total.mean(1) / LENGTH


def main() -> None:
    rng = np.random.default_rng(SEED)
    centre = START_SD * rng.standard_normal(WEIGHTS)
    moving = np.zeros(WEIGHTS)
    budget = Budget()
    while budget.left():
        sigma = SIGMA * SIGMA_END**budget.progress
        drawn = rng.standard_normal((CANDIDATES // 2, WEIGHTS))
        drawn = np.concatenate([drawn, -drawn])
        found = costs(centre + sigma * drawn, rng)
        order = np.argsort(found)
        if METHOD == "es":  # Salimans et al. 2017, arXiv:1703.03864, by ranks
            rank = np.empty(CANDIDATES)
            rank[order] = np.linspace(1.0, -1.0, CANDIDATES)
            gradient = rank @ drawn / CANDIDATES
            moving = MOMENTUM * moving + (1 - MOMENTUM) * gradient
            centre = centre + 10 * RATE * sigma * moving
        else:  # the cross-entropy method, with a width that is given
            elite = drawn[order[: max(1, round(ELITE * CANDIDATES))]]
            centre = centre + (1 - INERTIA) * sigma * elite.mean(0)
        budget.charge(CANDIDATES * EPISODES, LENGTH, float(found.mean()))
    save({"weights": centre})


if __name__ == "__main__":
    main()
