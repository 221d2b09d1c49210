"""What experiments can find in their memory, and how much of it they can hold."""

import hashlib
import importlib.util
import secrets
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from orgopt.errors import LabError
from orgopt.lab.base import Experiment, Status
from orgopt.lab.local import LocalLab
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.lab.sandbox.inside.prime import copied
from orgopt.tasks.experiment_limits import Limits
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from orgopt.testing.lab import drain
from orgopt.testing.toy_task import TOY
from tests.conftest import ROOT
from tests.fakes.hoarders import BEGINS, HONEST, LIMITED, OF_NAMESPACES
from tests.fakes.memory_scan import SCAN, searching
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


def rows_of_table(name: str, table: str) -> tuple[Rows, Rows]:
    """The first sixteen numbers of each case: as many as are looked for at once; none that are training's somewhere."""
    cases = getattr(prepare_of(name), table)
    train = cases("train")[0]
    shared = {window.tobytes() for window in np.lib.stride_tricks.sliding_window_view(train.ravel(), 16)}

    def form(split: str) -> Rows:
        first = np.ascontiguousarray(cases(split)[0][:, :16])
        own = [split == "train" or row.tobytes() not in shared for row in first]
        return {split: ("u8", first[own].view(np.uint64))}

    return form("train"), {**form("val"), **form("heldout")}


def rows_of_swingup() -> tuple[Rows, Rows]:
    """The first states, four in a row, of which none is shared."""
    state, _, _ = prepare_of("swingup").starts()
    return {}, {"starts": ("u8", np.ascontiguousarray(state, np.float64).reshape(-1, 16).view(np.uint64))}


DRAWN_LATER = {"speed", "kernel"}
"""Tasks without rows that could lie anywhere: their inputs are drawn when an experiment is judged."""

HIDDEN: dict[str, Callable[[], tuple[Rows, Rows]]] = {
    "digits": rows_of_digits,
    "tinygpt": rows_of_tinygpt,
    "biopsy": lambda: rows_of_table("biopsy", "biopsies"),
    "pixels": lambda: rows_of_table("pixels", "pixels"),
    "swingup": rows_of_swingup,
}


def test_every_shipped_task_that_trains_is_scanned() -> None:
    shipped = {path.parent.name for path in (ROOT / "fitness").glob("*/task.toml")}
    assert {name for name in shipped if load_task(name, ROOT).script} == HIDDEN.keys() | DRAWN_LATER


def scan(name: str, sandbox: Sandbox):
    """A task in a sandbox, by night unless it says something new.

    What a judge hands out is its task's own, how it is handed out a sandbox's: the quickest is in both, others in one.
    """
    known = name != "tinygpt" and (name == "swingup" or sandbox is Sandbox.BUBBLEWRAP)
    marks = [*([needs_sandbox] if sandbox is Sandbox.BUBBLEWRAP else []), *([] if known else [pytest.mark.nightly])]
    return pytest.param(name, sandbox, marks=marks)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "sandbox"), [scan(name, sandbox) for name in HIDDEN for sandbox in Sandbox])
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
    for shared in list(seen)[:1]:
        there = len(np.unique(seen[shared][1], axis=0))
        assert found[shared] > 0.99 * there, "what experiments share is found, as whatever lies there is"


LOOKS = (
    SCAN
    + """
import glob, hashlib, re
found = set()
for path in glob.glob("memory-*"):
    found |= {*re.findall(rb"canary-[0-9a-f]{32}", open(path, "rb").read())}
hashed = {hashlib.sha256(token).hexdigest() for token in found}
print()
sys.exit(repr([len(hashed & set(wanted)) for wanted in WANTED]))
"""
)
READS = """
from pathlib import Path
import numpy as np

def rows(split):
    lines = (Path(__file__).parent / "rows.txt").read_text().splitlines()
    table = np.array(lines, dtype="S39")
    return table[:4] if split == "train" else table[4:]

def data_digest():
    return str(len(rows("heldout")))

def evaluate(folder):
    rows("heldout")
    return {"val_loss": 0.4, "heldout_loss": 0.4}
"""


def tokens(count: int) -> list[str]:
    return [f"canary-{secrets.token_hex(16)}" for _ in range(count)]


def hashed(found: list[str]) -> list[str]:
    return [hashlib.sha256(token.encode()).hexdigest() for token in found]


def task_with(folder: Path, prepare: str, sandbox: str, rows: list[str] | None = None) -> Task:
    """The toy task with another prepare.py."""
    shutil.copytree(TOY, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "prepare.py").write_text(prepare)
    (folder / "rows.txt").write_text("\n".join(rows or []))
    with (folder / "task.toml").open("a") as file:
        file.write(f"\n[sandbox]\n{sandbox}\n")
    return load_task(str(folder))


@pytest.mark.sweep(2)
@pytest.mark.parametrize("sandbox", KINDS)
def test_what_is_primed_is_shared_and_what_was_read_beside_it_is_not(tmp_path: Path, sandbox: Sandbox) -> None:
    rows = tokens(12)
    task = task_with(tmp_path / "toy", READS, 'prime = ["rows train"]\nhide = ["rows.txt"]', rows)
    uses = "import numpy, prepare\nassert len(prepare.rows('train')) == 4\nnumpy.savez('weights.npz', point=[0.5])\n"
    with LocalLab(replace(task, limit_s=20.0), 1, sandbox) as lab:
        lab.submit(Experiment(id=1, settings={}, seed=1, script=uses))
        lab.submit(
            Experiment(id=2, settings={}, seed=1, script=f"WANTED = {[hashed(rows[:4]), hashed(rows[4:])]}\n{LOOKS}")
        )
        first, second = drain(lab, 2, until=60)
    assert (first.status, first.error) == (Status.OK, "")
    assert second.error == "[4, 0]"


@pytest.mark.sweep(2)
@pytest.mark.parametrize("sandbox", KINDS)
def test_no_script_and_no_result_of_another_lies_in_memory(toy: Task, sandbox: Sandbox) -> None:
    (token,) = tokens(1)
    speaks = f"import sys\nprint('{token}')\nopen('curve', 'w').write('0.1234567\\n')\nsys.exit('{token}')\n"
    with LocalLab(replace(toy, limit_s=20.0), 1, sandbox) as lab:
        for number in range(3):
            lab.submit(Experiment(id=number, settings={}, seed=1, script=speaks))
        assert {outcome.error for outcome in drain(lab, 3, until=60)} == {token}
        lab.submit(Experiment(id=4, settings={}, seed=1, script=f"WANTED = {[hashed([token])]}\n{LOOKS}"))
        (outcome,) = drain(lab, 1, until=60)
    assert outcome.error == "[0]"


JUDGE = """
import numpy as np
import runpy

def ask(folder, script):
    np.savez(folder / "question-0.npz", x=np.zeros(1))
    return 1

def answer(folder):
    runpy.run_path(str(folder / "train.py"), run_name="answers")

def grade(folder):
    raise ValueError(str(np.load(folder / "answer-0.npz")["told"]))
"""
LOCKS = """
import fcntl, os, struct
import numpy as np
told = []
def attempt(name, call, *arguments):
    try:
        call(*arguments)
        told.append(name)
    except OSError:
        pass
shared = os.open(os.__file__, os.O_RDONLY)
attempt("flock", fcntl.flock, shared, fcntl.LOCK_EX | fcntl.LOCK_NB)
attempt("lockf", fcntl.lockf, shared, fcntl.LOCK_SH | fcntl.LOCK_NB)
attempt("ofd", fcntl.fcntl, shared, 37, struct.pack("hhqqi4x", fcntl.F_RDLCK, 0, 0, 1, 0))
attempt("pipe", fcntl.fcntl, os.pipe()[1], 1031, 8192)
print(told)
if __name__ == "answers":
    np.savez("answer.npz", told=str(told))
else:
    assert told == ["flock", "lockf", "ofd", "pipe"], told
    np.savez("weights.npz", point=[0.5])
"""


@needs_sandbox
def test_code_that_sees_held_out_data_has_no_locks_to_tell_of_it(tmp_path: Path) -> None:
    task = task_with(tmp_path / "toy", READS, "")
    (task.folder / "rows.txt").write_text("\n".join(tokens(12)))
    (task.folder / "judge.py").write_text(JUDGE)
    with LocalLab(task, 1, Sandbox.BUBBLEWRAP) as lab:
        lab.submit(Experiment(id=1, settings={}, seed=1, script=LOCKS))
        (outcome,) = drain(lab, 1, until=20)
    assert outcome.error == "ValueError: []"


@pytest.mark.parametrize(
    ("prepare", "sandbox", "message"),
    [
        ("def rows():\n    pass\n", 'prime = ["rows"]', "returned nothing: let it return the data"),
        (
            "def rows():\n    return {1: [object()]}\n",
            'prime = ["rows"]',
            "returned a builtins.object: what is shared are",
        ),
        ("def rows():\n    return 1 / 0\n", 'prime = ["rows"]', "ZeroDivisionError"),
        ("def data_digest():\n    return 1 / 0\n", "", "ZeroDivisionError"),
    ],
)
def test_what_cannot_be_shared_is_said(tmp_path: Path, prepare: str, sandbox: str, message: str) -> None:
    text = f"def data_digest():\n    return ''\n{prepare}"
    task = task_with(tmp_path / "toy", text, sandbox)
    with LocalLab(task, 1, Sandbox.PROCESS) as lab, pytest.raises(LabError, match=message):
        lab.reset()


@needs_sandbox
def test_hidden_files_cannot_be_read_while_the_task_is_imported(tmp_path: Path) -> None:
    text = READS + "\nHELDOUT = rows('heldout')\nassert len(HELDOUT)\n"
    task = task_with(tmp_path / "toy", text, 'hide = ["rows.txt"]', tokens(12))
    with (
        LocalLab(task, 1, Sandbox.BUBBLEWRAP) as lab,
        pytest.raises(LabError, match=r"what task.toml hides cannot be read while prepare.py is imported"),
    ):
        lab.reset()


def test_a_view_is_shared_without_what_it_is_a_view_of() -> None:
    table = np.arange(1000)
    for shared in (copied(table[:10]), copied([{"a": (table[:10],)}])[0]["a"][0]):
        assert (shared.tolist(), shared.base) == (list(range(10)), None)
    assert copied((1, "a", None, 2.5, b"x", np.float32(2))) == (1, "a", None, 2.5, b"x", 2)
    with pytest.raises(TypeError, match="what is shared"):
        copied(np.array([object()]))


@pytest.fixture(scope="module", params=KINDS)
def small(request: pytest.FixtureRequest) -> Iterator[LocalLab]:
    """A lab of little memory and much disk."""
    limits = Limits(memory_gb=0.3, disk_gb=1.0)
    with LocalLab(replace(load_task(str(TOY)), limit_s=8.0, limits=limits), 1, request.param) as lab:
        yield lab


@pytest.mark.fault
@pytest.mark.parametrize("name", [*LIMITED, *OF_NAMESPACES])
def test_memory_is_bounded_wherever_it_is_held(small: LocalLab, name: str) -> None:
    if name in OF_NAMESPACES and small.sandbox is Sandbox.PROCESS:
        pytest.skip("not held without namespaces, as docs/explanation/security.md says")
    status, script, error = {**LIMITED, **OF_NAMESPACES}[name]
    small.reset()
    small.submit(Experiment(id=1, settings={}, seed=1, script=BEGINS + script))
    (outcome,) = drain(small, 1, until=30)
    assert (outcome.status, error in outcome.error) == (status, True), outcome.error
    assert outcome.memory_gb < 1.5  # a busy machine looks late; unbounded, the largest takes 2.4


@pytest.mark.sweep(2)
def test_honest_memory_is_not_counted_twice(small: LocalLab) -> None:
    """Children that read what they inherited, programs that start, and arrays in shared memory."""
    small.reset()
    small.submit(Experiment(id=1, settings={}, seed=1, script=BEGINS + HONEST))
    (outcome,) = drain(small, 1, until=30)
    assert (outcome.status, outcome.error) == (Status.CRASHED, "was let")


def _ids(rows: np.ndarray) -> list[int]:
    return [hash(row.tobytes()) for row in rows]
