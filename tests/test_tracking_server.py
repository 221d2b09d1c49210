"""Tracking to a server: one that runs, is killed and comes back, answers 500, or does not answer."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from orgopt.cli.shared.messages import Said
from orgopt.document import parse
from orgopt.tasks.folder import load_task
from orgopt.testing.toy_task import TOY
from orgopt.tracking import Tracking, load_prompt
from orgopt.tracking.background import Projection
from tests.conftest import TRIO
from tests.fakes.studies import NAME, SMALL, copied, make_study
from tests.test_tracking import everything

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    toy = load_task(str(TOY))
    return make_study(tmp_path_factory.mktemp("original"), toy, parse(TRIO, "trio.md"), SMALL)


@pytest.fixture
def folder(tmp_path: Path, original: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("MLFLOW_HTTP_REQUEST_TIMEOUT", "MLFLOW_HTTP_REQUEST_MAX_RETRIES"):
        monkeypatch.delenv(name, raising=False)
    return copied(original, tmp_path)


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A real `mlflow server` on loopback, with its database and artifacts in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self.uri = f"http://127.0.0.1:{self.port}"
        folder.mkdir()

    def start(self) -> None:
        environment = {**os.environ, "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
        environment.pop("MLFLOW_TRACKING_URI", None)
        store = ["--backend-store-uri", f"sqlite:///{self.folder}/mlflow.db"]
        store += ["--artifacts-destination", str(self.folder)]
        command = [sys.executable, "-m", "mlflow", "server", *store, "--workers", "1", "--port", str(self.port)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, env=environment, start_new_session=True, cwd=self.folder, **quiet)
        deadline = time.monotonic() + 200
        while time.monotonic() < deadline:
            with suppress(OSError), urllib.request.urlopen(f"{self.uri}/health", timeout=1):
                return
            time.sleep(0.1)
        self.kill()
        raise TimeoutError

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    server = Server(tmp_path / "server")
    server.start()
    yield server
    server.kill()


class Broken(ThreadingHTTPServer):
    """A server that is there but of no use."""

    daemon_threads = True

    def __init__(self, hangs: bool) -> None:
        self.asked, self.hangs, self.over = 0, hangs, threading.Event()
        super().__init__(("127.0.0.1", 0), Answer)

    @property
    def uri(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Answer(BaseHTTPRequestHandler):
    server: Broken

    def do_GET(self) -> None:
        self.server.asked += 1
        if self.server.hangs:
            self.server.over.wait(30)
        healthy = self.path == "/health"
        self.send_response(200 if healthy else 500)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET  # noqa: N815  as the base class has it

    def log_message(self, *_) -> None:
        pass


@contextmanager
def broken(hangs: bool = False) -> Iterator[Broken]:
    with Broken(hangs) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.over.set()
        server.shutdown()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_server_gets_what_a_database_gets(
    folder: Path, server: Server, tmp_path: Path, original: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    own = tmp_path / "own"
    assert Tracking(own).sync(copied(original, own)).problem == ""
    expected = everything(own)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    assert Tracking(tmp_path).sync(folder).problem == ""
    assert load_prompt(tmp_path, f"prompts:/{NAME}.md@seed") == TRIO
    assert everything(tmp_path) == expected


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.fault
def test_a_server_that_is_killed_and_comes_back_has_everything_once(
    folder: Path, server: Server, tmp_path: Path, original: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    own = tmp_path / "own"
    assert Tracking(own).sync(copied(original, own)).problem == ""
    expected = everything(own)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
    for things in (3, 8):  # it dies while something is on its way
        taken = iter(range(things))

        def heard(taken=taken) -> None:
            if next(taken, None) is None:
                server.kill()

        sent = Tracking(tmp_path, heard).sync(folder)
        assert sent.problem
        server.kill()
        server.start()
    assert Tracking(tmp_path).sync(folder).problem == ""
    assert Tracking(tmp_path).sync(folder) == (0, "")
    assert everything(tmp_path) == expected


@pytest.mark.parametrize("hangs", [False, pytest.param(True, marks=pytest.mark.slow)], ids=["500", "hangs"])
@pytest.mark.slow
def test_a_broken_server_costs_a_study_next_to_nothing(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], hangs: bool
) -> None:
    with broken(hangs) as server:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", server.uri)
        projection = Projection(tmp_path, folder, Said())
        with projection:
            for _ in range(3):
                projection.poke()
            while not projection.troubled:  # as long as a study would run
                time.sleep(0.05)
            began = time.monotonic()
        assert time.monotonic() - began < 5
    said = capsys.readouterr().err
    assert said.count("MLflow could not be written") <= 2
    assert server.asked < 20
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert Tracking(tmp_path).sync(folder).problem == ""


def test_no_server_at_all_is_said_in_a_second(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"http://127.0.0.1:{free_port()}")
    began = time.monotonic()
    sent = Tracking(tmp_path).sync(folder)
    assert time.monotonic() - began < 5
    assert "does not answer" in sent.problem
