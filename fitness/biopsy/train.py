"""Say which biopsies are malignant, by kernel machines. This is the file that agents edit.

The upper-case constants with a `# knob:` comment are what policy agents turn. Run alone with `python train.py`; lower
`val_nats` is better. `predict` is asked for the biopsies, and gets the arrays that were saved.

An experiment fails where its machine cannot be had: a kernel matrix that is not positive definite has no Cholesky
factor, an nu above what the classes allow is infeasible, and a solver that does not end in time has no answer.
"""

import os
import sys
import warnings

import numpy as np
from prepare import biopsies, save
from scipy.linalg import cho_factor, cho_solve
from scipy.optimize import minimize
from sklearn.svm import SVC, NuSVC

# Inputs
SCALING = "standard"  # knob: one of none|range|standard|robust, group inputs
LOGS = "no"  # knob: one of no|yes, group inputs  # of the measures
COMPONENTS = 10  # knob: int 2..30, group inputs  # principal ones that are kept
WHITEN = "no"  # knob: one of no|yes, group inputs  # all components alike

# Machine
MACHINE = "svc"  # knob: one of svc|nusvc|ridge|process, group machine
COST = 1.0  # knob: log 1e-3..1e3 if MACHINE=svc, group machine
NU = 0.2  # knob: 0.01..0.9 if MACHINE=nusvc, group machine
RIDGE = 1.0  # knob: log 1e-6..100 if MACHINE=ridge, group machine
SIZE = 3.0  # knob: log 0.1..100 if MACHINE=process, group machine  # the prior's standard deviation of the logit

# Kernel
KERNEL = "rbf"  # knob: one of rbf|laplace|poly|sigmoid|linear, group kernel
GAMMA = 0.05  # knob: log 1e-4..10 if KERNEL=rbf|laplace|poly|sigmoid, group kernel
DEGREE = 3  # knob: int 2..6 if KERNEL=poly, group kernel
SHIFT = 1.0  # knob: -2..2 if KERNEL=poly|sigmoid, group kernel

# Many machines
BAGS = 8  # knob: log int 2..40, group bags
SHARE = 0.7  # knob: 0.2..0.95, group bags  # of the cases that each machine sees

# Probabilities
SLOPES = "kept"  # knob: one of fixed|kept, group probabilities  # of the logit: given, or fitted to cases kept apart
SLOPE = 2.0  # knob: log 0.1..20 if SLOPES=fixed, group probabilities
PRIOR = 1.0  # knob: log 0.01..100 if SLOPES=kept, group probabilities  # weight of a slope of one

ITERATIONS = 20_000  # of the solvers, at most
SEED = int(os.environ.get("ORGOPT_SEED", "0"))


def projection(x: np.ndarray) -> dict[str, np.ndarray]:
    """What leads from measures to inputs: centre, scale, and directions, shape (30, COMPONENTS)."""
    x = np.log1p(x) if LOGS == "yes" else x
    centre, scale = x.mean(0), np.ones(x.shape[1])
    if SCALING == "range":
        scale = np.ptp(x, 0)
    elif SCALING == "standard":
        scale = x.std(0)
    elif SCALING == "robust":
        centre, scale = np.median(x, 0), np.quantile(x, 0.75, 0) - np.quantile(x, 0.25, 0)
    inner = (x - centre) / np.maximum(scale, 1e-12)
    _, sizes, directions = np.linalg.svd(inner - inner.mean(0), full_matrices=False)
    kept = directions[:COMPONENTS].T
    if WHITEN == "yes":
        kept = kept * (np.sqrt(len(x)) / np.maximum(sizes[:COMPONENTS], 1e-9))
    return {"centre": centre, "scale": np.maximum(scale, 1e-12), "directions": kept}


def inputs(x: np.ndarray, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """Inputs of the machines, shape (n, COMPONENTS)."""
    x = np.log1p(x) if LOGS == "yes" else x
    return (x - arrays["centre"]) / arrays["scale"] @ arrays["directions"]


def kernel(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The kernel of inputs of shapes (n, d) and (m, d), shape (n, m)."""
    if KERNEL in ("rbf", "laplace"):
        squares = np.maximum((a * a).sum(1)[:, None] + (b * b).sum(1)[None] - 2 * a @ b.T, 0.0)
        return np.exp(-GAMMA * (squares if KERNEL == "rbf" else np.sqrt(squares)))
    product = a @ b.T
    if KERNEL == "poly":
        return (GAMMA * product + SHIFT) ** DEGREE
    return np.tanh(GAMMA * product + SHIFT) if KERNEL == "sigmoid" else product


def machine(gram: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, float]:
    """The weights of the cases, shape (n,), and the constant of a machine by its kernel matrix.

    Raises:
        SystemExit: It cannot be had.
    """
    if MACHINE in ("svc", "nusvc"):
        fitted = SVC(C=COST, kernel="precomputed", max_iter=ITERATIONS) if MACHINE == "svc" else None
        fitted = fitted or NuSVC(nu=NU, kernel="precomputed", max_iter=ITERATIONS)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            fitted.fit(gram, y)
        if int(np.max(fitted.n_iter_)) >= ITERATIONS:
            sys.exit(f"the solver did not end within {ITERATIONS} iterations")
        weights = np.zeros(len(y))
        weights[fitted.support_] = fitted.dual_coef_[0]
        return weights, float(fitted.intercept_[0])
    signs = 2.0 * y - 1.0
    if MACHINE == "ridge":
        factor = cho_factor(gram + RIDGE * np.eye(len(y)))
        return cho_solve(factor, signs - signs.mean()), float(signs.mean())
    return process(SIZE**2 * gram, y), 0.0


def process(gram: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The mode of a Gaussian process for classes, by Newton's method (Rasmussen and Williams 2006, algorithm 3.1)."""
    logit = np.zeros(len(y))
    for _ in range(20):
        p = 1 / (1 + np.exp(-np.clip(logit, -50, 50)))
        root = np.sqrt(p * (1 - p))
        factor = cho_factor(np.eye(len(y)) + root[:, None] * gram * root[None])
        target = root**2 * logit + y - p
        weights = target - root * cho_solve(factor, root * (gram @ target))
        before, logit = logit, gram @ weights
        if np.abs(logit - before).max() < 1e-6:
            return SIZE**2 * weights
    sys.exit("Newton's method did not end")


def slope_of(scores: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """Slope and constant of the logit over scores of cases that a machine has not seen (Platt 1999)."""
    signs = 2.0 * y - 1.0

    def loss(at: np.ndarray) -> float:
        margin = signs * (np.exp(at[0]) * scores + at[1])
        return float(np.logaddexp(0, -margin).sum() + PRIOR * (at @ at))

    found = minimize(loss, np.zeros(2), method="BFGS").x
    return float(np.exp(found[0])), float(found[1])


def predict(x: np.ndarray, arrays: dict[str, np.ndarray]) -> np.ndarray:
    """How probable it is that biopsies with measures of shape (n, 30) are malignant, shape (n,)."""
    gram = kernel(inputs(x, arrays), arrays["cases"])
    logits = (gram @ arrays["weights"] + arrays["constants"]) * arrays["slopes"] + arrays["shifts"]
    return (1 / (1 + np.exp(-np.clip(logits, -50, 50)))).mean(1)


def main() -> None:
    x, y = biopsies("train")
    rng = np.random.default_rng(SEED)
    arrays = projection(x)
    cases = inputs(x, arrays)
    weights, others = np.zeros((len(y), BAGS)), np.zeros((3, BAGS))
    for bag in range(BAGS):
        order = rng.permutation(len(y))
        seen, kept = order[: round(SHARE * len(y))], order[round(SHARE * len(y)) :]
        weights[seen, bag], constant = machine(kernel(cases[seen], cases[seen]), y[seen])
        scores = kernel(cases[kept], cases[seen]) @ weights[seen, bag] + constant
        slope, shift = (SLOPE, 0.0) if SLOPES == "fixed" else slope_of(scores, y[kept])
        others[:, bag] = constant, slope, shift
    arrays |= {"cases": cases, "weights": weights}
    save(arrays | {"constants": others[0], "slopes": others[1], "shifts": others[2]})


if __name__ == "__main__":
    main()
