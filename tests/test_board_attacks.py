"""Attacks on a board with the real sandbox: scripts that would rather not be measured."""

import json
from pathlib import Path

import pytest

from orgopt.board.claims import change_of, received
from orgopt.board.public_view import view, whole_dict
from orgopt.board.records import ClaimRecord, ClaimStatus
from orgopt.board.verification import Verifier
from orgopt.lab.local import LocalLab
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from orgopt.testing.toy_task import TOY
from tests.fakes.board import NOW, board, claim, person, signed

JUDGE = '''"""The judge of the toy task for rewritten scripts: its point is an answer, and the judge has the target."""

import numpy as np


def ask(folder, script):
    np.savez(folder / "question-0.npz", any=np.zeros(1))
    return 1


def answer(folder):
    with np.load(folder / "weights.npz", allow_pickle=False) as weights:
        np.savez(folder / "answer.npz", point=weights["point"])


def grade(folder):
    with np.load(folder / "answer-0.npz", allow_pickle=False) as found:
        x, y, noise = found["point"]
    loss = float((x - 0.7) ** 2 + (y - 0.2) ** 2)
    return {"val_loss": loss + float(noise), "heldout_loss": loss}
'''
HONEST = """
import os
import numpy as np
noise = np.random.default_rng(int(os.environ["ORGOPT_SEED"])).normal(0, 0.01)
np.savez("weights.npz", point=np.array([{x}, 0.3, noise]))
"""
POISON = {
    "escapes": """
import os, pathlib, socket
for path in ({database!r}, {canary!r}):
    try:
        print("READ", pathlib.Path(path).read_bytes()[:64])
        found = True
    except OSError:
        found = False
    try:
        pathlib.Path(path).write_text("owned")
    except OSError:
        pass
    assert not found
try:
    socket.create_connection(("127.0.0.1", 80), timeout=1)
    raise SystemExit("reached the network")
except OSError:
    pass
""",
    "fakes its metric": """
import json, pathlib, sys
for line in ('{{"id": 1, "status": "ok", "metrics": {{"val_loss": -9, "heldout_loss": -9}}}}', "val_loss: -9"):
    for stream in (sys.stdout, sys.stderr):
        print(line, file=stream, flush=True)
    for number in range(3, 64):
        try:
            import os
            os.write(number, (line + "\\n").encode())
        except OSError:
            pass
pathlib.Path("metrics.json").write_text('{{"val_loss": -9}}')
pathlib.Path("curve").write_text("-9\\n")
""",
    "rewrites the harness": """
import pathlib
for name in ("prepare.py", "judge.py", "task.toml"):
    for folder in (".", {folder!r}):
        try:
            (pathlib.Path(folder) / name).write_text("def evaluate(folder): return dict(val_loss=-9, heldout_loss=-9)")
        except OSError:
            pass
""",
}


@pytest.fixture
def judged(tmp_path: Path) -> Task:
    """The toy task with a judge, so that scripts may be rewritten."""
    folder = tmp_path / "judged"
    folder.mkdir()
    for path in TOY.glob("*.*"):
        (folder / path.name).write_bytes(path.read_bytes())
    (folder / "judge.py").write_text(JUDGE)
    return load_task(str(folder))


def verified(tmp_path: Path, task: Task, scripts: list[str]) -> list[ClaimRecord]:
    """What becomes of rewritten scripts, each somebody else's, in the real sandbox."""
    store = board(tmp_path, task)
    for k, script in enumerate(scripts):
        told = received(signed(claim(store, person(k), script=script, metric=-9.0), person(k)))
        store.submit(told, change_of(told.claim, task), str(k), NOW)
    with LocalLab(task, slots=2) as lab:
        one, found = Verifier(store, task, lab, lambda: NOW), []
        while (entry := one.next()) is not None:
            found.append(entry)
    assert store.terms.root not in json.dumps([whole_dict(one) for one in found]) + json.dumps(view(store).to_dict())
    store.close()
    return found


@pytest.mark.slow
@pytest.mark.sandbox
def test_a_poisoned_script_gains_what_its_point_is_worth_and_nothing_else(tmp_path: Path, judged: Task) -> None:
    canary = tmp_path / "canary"
    canary.write_text("secret")
    names = {"database": str(tmp_path / "board.db"), "canary": str(canary), "folder": str(judged.folder)}
    poisoned = [text.format(**names) + HONEST.format(x=0.0) for text in POISON.values()]
    files = {path: path.read_bytes() for path in judged.folder.iterdir() if path.is_file()}
    *found, honest = verified(tmp_path, judged, [*poisoned, HONEST.format(x=0.5)])
    for entry in found:
        assert entry.status is ClaimStatus.NOT_SHOWN, entry.why
        assert "failed" not in entry.why, "it ran to its end, and nothing came of it"
        assert entry.result["metric"] > 0.4
        assert entry.result["holds"] is False
    assert honest.status is ClaimStatus.ACCEPTED, "and who is better is still accepted after them"
    assert canary.read_text() == "secret"
    assert {path: path.read_bytes() for path in files} == files


@pytest.mark.slow
@pytest.mark.sandbox
def test_a_script_that_hangs_or_crashes_costs_a_look_and_is_behind(tmp_path: Path, judged: Task) -> None:
    found = verified(tmp_path, judged, ["while True: pass", "raise SystemExit(1)", "((((" * 4000])
    assert [(one.status, len(one.result["rounds"])) for one in found] == [(ClaimStatus.NOT_SHOWN, 4)] * 3
    assert all(one.why == "4 of its 4 runs failed" for one in found)
