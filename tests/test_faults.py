"""The fault suite: hostile experiments against the sandbox, each by really attempting it.

For each: a typed outcome, an end within its limit and two seconds, no survivor, at most 128 KiB kept, no canary read,
less than 50 MB more memory of this process, and the next experiment as if nothing had been.
"""

import os
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from orgopt.lab.base import Experiment, Outcome, Status
from orgopt.lab.local import LocalLab
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.lab.sandbox.files import covers_tmp
from orgopt.tasks.experiment_limits import Limits
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from orgopt.testing.lab import drain
from orgopt.testing.toy_task import TOY
from tests.conftest import ROOT
from tests.fakes import hostile
from tests.fakes.processes import gone, needs_sandbox, resident_mb

pytestmark = pytest.mark.fault
TOKEN = f"orgopt-fault-{os.getpid()}"
LIMIT_S = 4.0  # two seconds pass on a busy machine while nothing runs
HONEST = {"X": 0.7, "Y": 0.2}


def task() -> Task:
    toy = load_task(str(TOY))
    return replace(toy, limit_s=LIMIT_S, limits=Limits(memory_gb=0.25, disk_gb=0.1, processes=32))


def kept(lab: LocalLab) -> int:
    """Bytes of the lab's folder."""
    return sum(path.stat().st_size for path in lab._warm.scratch.rglob("*") if path.is_file())


def inflict(lab: LocalLab, script: str, **names: Any) -> Outcome:
    """Run a hostile script beside an honest experiment, and check what must hold after any."""
    given = "\n".join(f"{name} = {value!r}" for name, value in {"TOKEN": TOKEN, **names}.items())
    before = resident_mb()
    lab.reset()
    lab.submit(Experiment(id=1, settings={}, seed=1, watched=True, script=f"{hostile.HONEST}\n{given}\n{script}"))
    began = time.monotonic()
    (outcome,) = drain(lab, 1, until=60)
    took = time.monotonic() - began
    assert gone(TOKEN), "nothing survives it"
    assert took <= LIMIT_S + 2
    assert kept(lab) <= 128 * 1024
    assert len(outcome.curve) <= 256
    assert resident_mb() - before < 50
    assert len(outcome.error) <= 300
    assert outcome.error.isprintable()
    lab.submit(Experiment(id=2, settings=HONEST, seed=1))
    (following,) = drain(lab, 1)
    assert (following.status, following.heldout) == (Status.OK, pytest.approx(0.0)), "the next one is unaffected"
    assert following.lost == ()
    return outcome


@pytest.fixture(scope="module")
def lab() -> Iterator[LocalLab]:
    with LocalLab(task(), 1, Sandbox.BUBBLEWRAP) as lab:
        lab.reset()
        yield lab


@pytest.fixture(scope="module")
def weak() -> Iterator[LocalLab]:
    with LocalLab(task(), 1, Sandbox.PROCESS) as lab:
        lab.reset()
        yield lab


@needs_sandbox
@pytest.mark.parametrize("name", hostile.FAULTS)
def test_bubblewrap_holds(lab: LocalLab, name: str) -> None:
    status, script = hostile.FAULTS[name]
    outcome = inflict(lab, script)
    assert outcome.status == status, outcome.error
    assert (outcome.metric is None) == (status != "ok")
    if status == "ok":
        assert outcome.heldout == pytest.approx(0.13), "what it left, not what it claimed"


# What sessions, limits and a subreaper hold without namespaces.
WEAKLY_HELD = [
    name
    for name in hostile.FAULTS
    if name
    not in {
        "allocates shared memory",
        "deletes its temporary folder and its own",
        "fills the disk",
        "forks without end",
        "kills its own init and everything",
        "makes a million files",
    }
]


@pytest.mark.parametrize("name", WEAKLY_HELD)
def test_process_holds(weak: LocalLab, name: str) -> None:
    status, script = hostile.FAULTS[name]
    assert inflict(weak, script).status == status


@pytest.fixture
def secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    canary = f"canary-{os.getpid()}"
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", canary)
    path = tmp_path / "secret"
    path.write_text(canary)
    yield {"CANARY": canary[::-1], "HOST_FILE": str(path)}
    assert path.read_text() == canary


@needs_sandbox
def test_nothing_outside_is_read(secret: dict[str, str]) -> None:
    with LocalLab(task(), 1, Sandbox.BUBBLEWRAP) as lab:  # begun with the canary in the environment
        outcome = inflict(lab, hostile.READS, **secret)
    assert outcome.error == "read 0 of True"


def test_the_environment_is_scrubbed_without_namespaces_too(secret: dict[str, str]) -> None:
    script = "sys.exit(f'read {CANARY[::-1] in repr(dict(os.environ)) + open(\"/proc/self/environ\").read()}')"
    with LocalLab(task(), 1, Sandbox.PROCESS) as lab:
        assert inflict(lab, script, **secret).error == "read False"


@needs_sandbox
def test_nothing_outside_is_written(lab: LocalLab, secret: dict[str, str]) -> None:
    files = {path: path.read_bytes() for path in (ROOT / "orgopt" / "lab").rglob("*.py")}
    assert inflict(lab, hostile.WRITES, **secret).error == "wrote 0"
    assert all(path.read_bytes() == content for path, content in files.items())


@needs_sandbox
def test_nothing_is_reached_by_network(lab: LocalLab) -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as abstract,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as datagram,
    ):
        tcp.bind(("0.0.0.0", 0))
        port = tcp.getsockname()[1]
        udp.bind(("0.0.0.0", port))
        abstract.bind(f"\0{TOKEN}")
        datagram.bind(f"\0{TOKEN}-datagram")
        for listener in (tcp, abstract):
            listener.listen()
        for one in (tcp, udp, abstract, datagram):
            one.setblocking(False)
        address = socket.gethostbyname(socket.gethostname())
        outcome = inflict(lab, hostile.CONNECTS, PORT=port, HOST_ADDRESS=address)
        for listener in (tcp, abstract):
            with pytest.raises(BlockingIOError):
                listener.accept()
        for receiver in (udp, datagram):
            with pytest.raises(BlockingIOError):
                receiver.recv(1)
    assert outcome.error == "reached nothing"


@needs_sandbox
def test_an_experiment_has_no_rights_and_sees_itself_alone(lab: LocalLab) -> None:
    assert inflict(lab, hostile.ESCAPES).error == "did [] with [] among 1 as 65534"


@needs_sandbox
def test_experiments_do_not_see_each_other(lab: LocalLab) -> None:
    writes = (
        "for folder in ('.', '/tmp', '/dev/shm', os.environ['TMPDIR']): open(f'{folder}/mark', 'w').write('x')\nleave()"
    )
    looks = "sys.exit(str([path for path in ('mark', '/tmp/mark', '/dev/shm/mark') if os.path.exists(path)]))"
    assert inflict(lab, writes).status is Status.OK
    seen = [] if covers_tmp() else ["/tmp/mark"]  # where this Python lies in /tmp, experiments share it
    assert inflict(lab, looks).error == str(seen)


@needs_sandbox
def test_two_beside_each_other_share_nothing() -> None:
    listens = """
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind("\\0meeting")
s.settimeout(1.0)
open("/dev/shm/meeting", "w").write("x")
try:
    sys.exit(f"heard {s.recv(10)}")
except TimeoutError:
    sys.exit("heard nothing")
"""
    speaks = """
import socket
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
for _ in range(8):
    try:
        s.sendto(b"x", "\\0meeting")
        sys.exit("was heard")
    except OSError:
        time.sleep(0.1)
pids = [name for name in os.listdir("/proc") if name.isdigit()]
sys.exit(f"alone among {len(pids)}, {os.path.exists('/dev/shm/meeting')}")
"""
    with LocalLab(task(), 2, Sandbox.BUBBLEWRAP) as lab:
        lab.reset()
        for number, script in enumerate((listens, speaks), 1):
            lab.submit(Experiment(id=number, settings={}, seed=1, script=hostile.HONEST + script))
        errors = {outcome.id: outcome.error for outcome in drain(lab, 2)}
    assert errors == {1: "heard nothing", 2: "alone among 1, False"}
