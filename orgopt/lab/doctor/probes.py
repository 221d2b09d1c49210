"""Running the doctor's probes: each is really attempted inside a sandbox, and what came of it is a finding.

A probe is an experiment of a task of its own, run by the local lab as any other. It says what it managed to do; what it
may leave behind is looked for from outside.
"""

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from orgopt.errors import LabError, SandboxError
from orgopt.lab.base import Experiment, Outcome, Status
from orgopt.lab.doctor.attempts import BEGIN, FILES, PROBES, Probe
from orgopt.lab.local import LocalLab
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.lab.sandbox.files import readable
from orgopt.lab.sandbox.find_bubblewrap import remedy
from orgopt.lab.sandbox.inside.processes import arguments, inhabitants
from orgopt.storage.json_values import json_values
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task

_PATIENCE_S = 60.0
_SHORT_S = 1.0  # for what is ended by the limit alone


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeResult:
    """What came of a probe: whether the sandbox held, and how one knows."""

    name: str
    held: bool
    detail: str

    def to_dict(self) -> dict[str, Any]:
        """The finding as JSON values."""
        return json_values(self)


def examine(kind: Sandbox) -> Iterator[ProbeResult]:
    """Attempt everything in a sandbox, one finding after another.

    Raises:
        SandboxError: It does not start here.
    """
    try:
        yield from _findings(kind)
    except SandboxError as error:
        raise _of_no_task(error) from None


def _findings(kind: Sandbox) -> Iterator[ProbeResult]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="orgopt-probe-")))
        secret = folder / "secret"
        secret.write_text("")
        token = f"orgopt-probe-{os.getpid()}-{time.monotonic_ns()}"
        port = stack.enter_context(_listener(token))
        names: dict[str, int | str | list[str]] = {"PORT": port, "TOKEN": token, "FILE": str(secret)}
        names["HOME"] = _home()
        os.environ["ORGOPT_PROBE_SECRET"] = token[::-1]  # backwards, so that a script is not taken for it
        stack.callback(os.environ.pop, "ORGOPT_PROBE_SECRET", None)
        stack.enter_context(_neighbour())
        task = probe_task(folder)
        lab = stack.enter_context(LocalLab(task, 1, kind))
        short = stack.enter_context(LocalLab(replace(task, limit_s=_SHORT_S), 1, kind))
        for number, probe in enumerate(PROBES, 1):
            where = short if probe.ends is Status.TIMEOUT else lab
            yield _finding(probe, _run(where, number, probe, names), token)


def trial(kind: Sandbox) -> str:
    """Start the smallest experiment in a sandbox: why none can be run here, or nothing where it ended as it should."""
    with tempfile.TemporaryDirectory(prefix="orgopt-probe-") as folder:
        try:
            with LocalLab(probe_task(Path(folder)), 1, kind) as lab:
                outcome = _run(lab, 1, Probe("trial", "sys.exit('held')"), {})
        except SandboxError as error:
            return str(_of_no_task(error))
        except LabError as error:
            return f"the sandbox does not start: {error}{remedy()}"
    held = outcome.error == "held"
    return "" if held else f"an experiment in the sandbox ended as {outcome.status}: {outcome.error}"


def _of_no_task(error: SandboxError) -> SandboxError:
    """The same without what it says of the probes' own task."""
    return SandboxError(f"{str(error).partition(chr(10))[0]}{remedy()}")


def probe_task(folder: Path) -> Task:
    """A task without research, whose scripts attempt something; its files are laid below a folder."""
    place = folder / "probe"
    place.mkdir()
    for name, text in FILES.items():
        (place / name).write_text(text)
    return load_task(str(place))


def _run(lab: LocalLab, number: int, probe: Probe, names: Mapping[str, Any]) -> Outcome:
    given = "".join(f"{name} = {value!r}\n" for name, value in names.items())
    lab.submit(Experiment(id=number, settings={}, seed=number, script=BEGIN + given + probe.script))
    deadline = lab.now() + _PATIENCE_S
    while lab.now() < deadline:
        for event in lab.wait(deadline):
            if isinstance(event, Outcome):
                return event
    return Outcome(id=number, status=Status.INFRA, started=0.0, ended=0.0, error="it never ended")


def _finding(probe: Probe, outcome: Outcome, token: str) -> ProbeResult:
    if survivors := _survivors(token):
        return ProbeResult(name=probe.name, held=False, detail=f"{survivors} processes outlived it")
    if probe.ends is not None:
        held = outcome.status is probe.ends
        detail = f"ended as {outcome.status}" if held else outcome.error or f"ended as {outcome.status}"
        return ProbeResult(name=probe.name, held=held, detail=detail)
    held = outcome.error == "held"
    return ProbeResult(
        name=probe.name, held=held, detail="attempted in vain" if held else outcome.error or outcome.status
    )


def _survivors(token: str) -> int:
    """How many processes of this machine a probe has left, a moment given for the kernel to end them."""
    deadline = time.monotonic() + 1.0
    while (count := sum(_carries(token, pid) for pid in inhabitants())) and time.monotonic() < deadline:
        time.sleep(0.02)
    return count


def _carries(token: str, pid: int) -> bool:
    return token.encode() in arguments(pid)


def _home() -> list[str]:
    """What lies in the home folder, but for this Python."""
    python = readable()
    entries = [str(path) for path in sorted(Path.home().iterdir())]
    return [entry for entry in entries if not any(Path(path).is_relative_to(entry) for path in python)]


@contextmanager
def _neighbour() -> Generator[None]:
    """Another process of this user, with this environment."""
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as process:
        try:
            yield
        finally:
            process.kill()


@contextmanager
def _listener(token: str) -> Generator[int]:
    """Sockets of this machine that an experiment must not reach; gives the port."""
    with (
        socket.socket() as tcp,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
        socket.socket(socket.AF_UNIX) as own,
    ):
        tcp.bind(("127.0.0.1", 0))
        port = int(tcp.getsockname()[1])
        udp.bind(("127.0.0.1", port))
        tcp.listen()
        if os.uname().sysname == "Linux":
            own.bind(f"\0{token}")
            own.listen()
        yield port
