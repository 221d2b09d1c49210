"""What experiments can find in their memory, and how much of it they can hold."""

import importlib.util
from collections.abc import Callable
from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from orgopt.lab.base import Experiment
from orgopt.lab.local import LocalLab
from orgopt.lab.sandbox.launch import Sandbox
from orgopt.task import load_task
from orgopt.testing.lab import drain
from tests.conftest import ROOT
from tests.fakes.memory_scan import searching
from tests.fakes.processes import needs_sandbox

KINDS = [pytest.param(Sandbox.BUBBLEWRAP, marks=needs_sandbox), Sandbox.PROCESS]
Rows = dict[str, tuple[str, np.ndarray]]


def prepare_of(name: str) -> ModuleType:
    path = ROOT / "fitness" / name / "prepare.py"
    spec = importlib.util.spec_from_file_location(f"prepare_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def rows_of_digits() -> tuple[Rows, Rows]:
    """The middle of each image, as the task has it and as scikit-learn does."""
    images = prepare_of("digits").images

    def forms(split: str) -> Rows:
        middle = images(split)[0][:, 10:26].copy()
        plain = (middle.astype(np.float64) * 16).round()
        return {split: ("u4", middle.view(np.uint32)), f"{split}, as read": ("u8", plain.view(np.uint64))}

    return forms("train"), {**forms("val"), **forms("heldout")}


def rows_of_tinygpt() -> tuple[Rows, Rows]:
    """Text across the bounds of modules: the text of each alone is what Python itself has loaded, partly."""
    prepare = prepare_of("tinygpt")

    def forms(split: str, places: range) -> Rows:
        text = prepare.text(split)
        pieces = np.array([text[at - 8 : at + 8] for at in places])
        return {split: ("u1", pieces), f"{split}, as numbers": ("u8", pieces.astype(np.uint64))}

    bounds = range(prepare.EVAL_SEGMENT, prepare.EVAL_BYTES, prepare.EVAL_SEGMENT)
    train = forms("train", range(1000, 200_000, 1000))
    return {"train": train["train"]}, {**forms("val", bounds), **forms("heldout", bounds)}


HIDDEN: dict[str, Callable[[], tuple[Rows, Rows]]] = {"digits": rows_of_digits, "tinygpt": rows_of_tinygpt}


def test_every_shipped_task_that_trains_is_scanned() -> None:
    shipped = {path.parent.name for path in (ROOT / "fitness").glob("*/task.toml")}
    assert {name for name in shipped if load_task(name, ROOT).script} == HIDDEN.keys()


@pytest.mark.slow
@pytest.mark.parametrize("name", HIDDEN)
@pytest.mark.parametrize("sandbox", KINDS)
def test_no_hidden_row_of_a_shipped_task_lies_in_the_memory_of_an_experiment(name: str, sandbox: Sandbox) -> None:
    seen, hidden = HIDDEN[name]()
    known = {int(row) for _, rows in seen.values() for row in _ids(rows)}
    hidden = {key: (kind, rows[[row not in known for row in _ids(rows)]]) for key, (kind, rows) in hidden.items()}
    script = searching({**seen, **hidden})
    task = load_task(name, ROOT)
    task = replace(task, limit_s=200, limits=replace(task.limits, disk_gb=2.0))
    with LocalLab(task, 2, sandbox) as lab:
        for number in (1, 2):  # so that what is judged meanwhile would be found, too
            lab.submit(Experiment(id=number, settings={}, seed=number))
        drain(lab, 2, until=100)
        lab.submit(Experiment(id=3, settings={}, seed=3, script=script))
        (outcome,) = drain(lab, 1, until=400)
    found = eval(outcome.error)
    assert {key: count for key, count in found.items() if key in hidden} == dict.fromkeys(hidden, 0)
    shared = next(iter(seen))
    assert found[shared] > 0.99 * len(seen[shared][1]), "what experiments share is found, as whatever lies there is"


def _ids(rows: np.ndarray) -> list[int]:
    return [hash(row.tobytes()) for row in rows]
