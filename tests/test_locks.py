"""Locks of files: one holder at a time, whatever becomes of it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from orgopt.errors import StoreError
from orgopt.storage.locks import hold
from tests.conftest import ROOT

HOLDER = """\
import sys
from pathlib import Path
from orgopt.storage.locks import hold

lock = hold(Path(sys.argv[1]), lambda: "taken")
print("held", flush=True)
sys.stdin.read()
"""


def test_a_lock_is_refused_while_it_is_held_and_free_after_a_kill(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    words = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StoreError, match="taken"):
            hold(path, lambda: "taken")
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    hold(path, lambda: "taken").release()


def test_who_waits_is_told_after_its_patience(tmp_path: Path) -> None:
    lock = hold(tmp_path / "lock", lambda: "taken")
    with pytest.raises(StoreError, match="taken"):
        hold(tmp_path / "lock", lambda: "taken", patience_s=0.01)
    lock.release()
    hold(tmp_path / "lock", lambda: "taken").release()


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match=r"cannot write .*/file/lock: "):
        hold(tmp_path / "file" / "lock", lambda: "taken")
