"""A board over HTTP: what it answers, and what it refuses of whoever would rather not follow its rules."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from orgopt.board.claims import BODY_BYTES
from orgopt.board.client import Board
from orgopt.board.records import Status
from orgopt.board.server import listening, make_app
from orgopt.board.store import Store
from orgopt.cli import main
from orgopt.errors import LabError, UsageError
from orgopt.task import Task
from orgopt.task_folder import load_task
from tests.conftest import ROOT
from tests.fakes.board import NOW, board, claim, decide, person, send, signed

BEST = {"X": 0.7, "Y": 0.2}
EVIL = "<script>alert(1)</script>\u202e"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    found = board(tmp_path, name="Bowl <b>")
    yield found
    found.close()


@pytest.fixture
def http(store: Store, toy: Task) -> TestClient:
    return TestClient(make_app(store, toy, lambda: NOW), raise_server_exceptions=False)


def post(http: TestClient, body: bytes, **headers: str):
    return http.post("/claims", content=body, headers={**JSON, **headers})


def test_a_claim_is_sent_decided_and_shown_in_every_form(http: TestClient, store: Store) -> None:
    body = signed(claim(store, person(), BEST, name="Ada", note="half the way"), person())
    first = post(http, body)
    assert (first.status_code, first.headers["location"]) == (201, "/claims/1")
    assert first.json()["status"] == "waiting"
    assert "settings" not in first.json(), "what it changes is told once it is decided"
    again = post(http, body)
    assert (again.status_code, again.json()) == (200, first.json()), "sending it twice changes nothing"
    for path in ("/", "/claims/1", "/claims/1.json", "/board.json"):
        assert "0.7" not in http.get(path).text.split("</style>")[-1], path
    decide(store)
    told = http.get("/board.json").json()
    assert (told["best"], told["counts"]) == (1, {"accepted": 1})
    assert "root" not in told["board"]
    page = http.get("/").text
    assert all(word in page for word in ("Ada", "X = 0.7", "Bowl &lt;b&gt;", "leads", "5%"))
    one = http.get("/claims/1").text
    assert all(word in one for word in ("--repeat", "The second verification", "half the way"))
    feed = ET.fromstring(http.get("/feed.atom").text)
    assert [entry.findtext("{*}author/{*}name") for entry in feed.iterfind("{*}entry")] == ["Ada"]
    assert http.get("/next.md").text.startswith("# Next on toy")
    assert http.get("/next.json").json()["settings"] == BEST
    assert http.head("/").status_code == 200


def test_what_is_refused_is_refused_with_a_code_and_words(http: TestClient, store: Store) -> None:
    good = signed(claim(store, person(), BEST), person())
    for answer, code in [
        (post(http, b"{}"), 400),
        (post(http, good, **{"Content-Type": "text/plain"}), 415),
        (post(http, b"x" * (BODY_BYTES + 1)), 413),
        (http.post("/claims", content=iter([b" " * 100_000] * 3), headers=JSON), 413),
        (post(http, good[:-20] + b"0" * 18 + b'"}'), 400),
        (post(http, b"[" * 50_000), 400),
        (http.get("/claims"), 405),
        (http.get("/claims/1"), 404),
        (http.get("/claims/99999999999999999999.json"), 404),
        (http.get("/claims/../board.db"), 404),
        (http.get("/claims/%2e%2e%2fboard.db"), 404),
        (http.get("/..%2f..%2fetc/passwd"), 404),
        (http.get("//etc/passwd"), 404),
    ]:
        assert answer.status_code == code, answer.request.url
        assert answer.json()["error"]["message"]
        assert "Traceback" not in answer.text
    assert store.counts() == {}


def test_who_sends_too_many_is_told_when_to_try_again(http: TestClient, store: Store) -> None:
    for k in range(3):
        assert post(http, signed(claim(store, person(), {"X": 0.1 * (k + 1)}), person())).status_code == 201
    over = post(http, signed(claim(store, person(), {"X": 0.9}), person()), **{"X-Forwarded-For": "10.1.2.3"})
    assert (over.status_code, over.headers["retry-after"]) == (429, "60")


def test_nothing_that_a_contributor_wrote_can_run_or_hide(http: TestClient, store: Store) -> None:
    send(store, BEST, name=EVIL, note=EVIL)
    decide(store)
    for path in ("/", "/claims/1", "/feed.atom"):
        answer = http.get(path)
        assert "<script" not in answer.text
        assert "\u202e" not in answer.text
        assert "[U+202E]" in answer.text
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "script-src" not in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert http.get("/board.json").headers["content-type"] == "application/json"


def test_addresses_are_neither_shown_nor_kept(store: Store, toy: Task, tmp_path: Path) -> None:
    far = TestClient(make_app(store, toy, lambda: NOW), client=("2001:db8:1:2:3::4", 5))
    assert post(far, signed(claim(store, person(), BEST), person())).status_code == 201
    store.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("board.db*"))
    assert b"2001:db8" not in kept


def test_a_board_answers_for_its_own_task_alone(store: Store) -> None:
    with pytest.raises(UsageError, match="the board is for toy"):
        make_app(store, load_task(str(ROOT / "fitness" / "digits")), lambda: NOW)


def test_a_client_says_what_is_wrong_with_an_address() -> None:
    for address in ("ftp://host", "host", "file:///etc/passwd", "http://"):
        with pytest.raises(UsageError, match="no address of a board"):
            Board(address)
    with pytest.raises(UsageError, match="cannot listen"), listening("192.0.2.1", 0):
        pass
    with listening("127.0.0.1", 0) as (one,):
        port = one.getsockname()[1]
    with pytest.raises(LabError, match="does not answer"):
        Board(f"http://name:secret@127.0.0.1:{port}").read()


# A real server, verifier and client


def start(*words: str, env: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "orgopt", "board", *words], stdout=subprocess.PIPE, env=env, text=True
    )


def served(env: dict[str, str], task: Path, port: int = 0) -> tuple[subprocess.Popen[str], str]:
    """A server and its address, once it answers."""
    one = start("serve", "--task", str(task), "--port", str(port), "--json", env=env)
    text = ""
    while not text.endswith("}\n"):
        text += one.stdout.readline()
    address = json.loads(text)["address"]
    for _ in range(600):
        try:
            urllib.request.urlopen(f"{address}/board.json", timeout=10).close()
            break
        except OSError:
            time.sleep(0.1)
    return one, address


def said(*words: str) -> dict:
    result = CliRunner().invoke(main, ["board", *words, "--json"])
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.slow
@pytest.mark.sandbox
def test_a_board_from_end_to_end_and_killed_in_between(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Real processes: claims by the command, a server and verifiers that are killed, and a test that is repeated."""
    (tmp_path / "orgopt.toml").touch()
    env = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path / "config"), "PYTHONPATH": str(ROOT)}
    monkeypatch.setenv("XDG_CONFIG_HOME", env["XDG_CONFIG_HOME"])
    toy = ROOT / "orgopt" / "testing" / "toy"
    server, address = served(env, toy)
    try:
        sent = said("submit", address, "--set", "X=0.5", "--metric", "0.05", "--name", "Ada")
        assert sent["status"] == "waiting"
        server.send_signal(signal.SIGKILL)
        server.wait()
        server, address = served(env, toy, int(address.rpartition(":")[2]))
        assert said("list", address)["newest"][0]["id"] == 1, "what was answered is kept"
        stopped = start("verify", "--task", str(toy), env=env)
        stopped.send_signal(signal.SIGTERM)
        stopped.wait()
        decided = said("verify", "--task", str(toy), "--once")["decided"]
        assert [one["status"] for one in decided] == ["accepted"]
        shown = said("show", address, "1", "--repeat", "--task", str(toy))
        assert shown["wrong"] == []
        assert all(one["same"] for one in shown["repeated"])
        program = tmp_path / "program.md"
        assert said("next", address, "-o", str(program))["best"] == 1
        ran = CliRunner().invoke(main, ["run", str(program), "--task", str(toy), "--budget", "2s", "--json", "-q"])
        assert ran.exit_code == 0, ran.output
        folder = json.loads(ran.stdout)["folder"]
        assert said("submit", address, "--run", folder)["ledger"] == "", "shown once it is decided"
        said("verify", "--task", str(toy), "--once")
        assert len(said("show", address, "2")["ledger"]) == 64
    finally:
        server.kill()
        server.wait()


@pytest.mark.slow
def test_verifiers_that_are_killed_decide_as_one_that_was_not(tmp_path: Path) -> None:
    """Twenty kills at any moment: every claim is decided once, by the same runs as without them."""
    stores = []
    for name in ("calm", "killed"):
        (tmp_path / name).mkdir()
        store = board(tmp_path / name)
        stores.append(store)
    # The same secrets and claims, so that the same seeds are drawn.
    terms = stores[0].terms
    stores[1].close()
    (tmp_path / "killed" / "board.db").unlink()
    for path in (tmp_path / "killed").glob("board.db-*"):
        path.unlink()
    calm, killed = stores[0], Store.made(f"sqlite:///{tmp_path}/killed/board.db", terms)
    for store in (calm, killed):
        for k in range(12):
            send(store, {"X": 0.1 * (k % 4) + 0.2, "SCALE": 1.0 + k / 100}, who=k, address=str(k))
    decide(calm)
    url, kills = f"sqlite:///{tmp_path}/killed/board.db", 0
    for turn in range(200):
        command = [sys.executable, "-m", "tests.fakes.board", url, str(1000 * turn)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as one:
            assert one.stdout.readline() == "ready\n"
            if kills < 20:
                time.sleep(0.02 + 0.013 * (turn % 9))
                one.send_signal(signal.SIGKILL)
                kills += 1
            elif one.stdout.readline() == "done\n":
                break
    left = [one.status for one in killed.entries(100) if one.status.open]
    assert left == []
    same = [[(one.id, one.status, one.test, one.against, one.result) for one in s.entries(100)] for s in (calm, killed)]
    lost = {one.id for one in killed.entries(100) if one.status is Status.LOST}
    if not lost:
        assert same[0] == same[1]
    tests = [one.test for one in killed.entries(100) if one.test is not None]
    assert len(set(tests)) == len(tests)
    calm.close()
    killed.close()
