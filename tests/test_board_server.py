"""A board over HTTP: what it answers, and what it refuses of whoever would rather not follow its rules."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner
from sqlalchemy import Connection
from starlette.testclient import TestClient

from orgopt.api.boards import found_by
from orgopt.board.claims import BODY_BYTES
from orgopt.board.client import Board
from orgopt.board.records import BoardState, ClaimRecord
from orgopt.board.server import listening, make_app
from orgopt.board.store import ClaimStore
from orgopt.board.terms import new_terms
from orgopt.board.verification import Verifier
from orgopt.cli import main
from orgopt.errors import LabError, UsageError
from orgopt.lab.base import Status
from orgopt.ledger import Ledger
from orgopt.storage.seal import write_record
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from tests.conftest import ROOT
from tests.fakes.board import NOW, InstantLab, board, claim, decide, parabola, person, send, signed, toy_task

BEST = {"X": 0.7, "Y": 0.2}
EVIL = "<script>alert(1)</script>\u202e"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[ClaimStore]:
    found = board(tmp_path, name="Bowl <b>")
    yield found
    found.close()


@pytest.fixture
def http(store: ClaimStore, toy: Task) -> TestClient:
    return TestClient(make_app(store, toy, lambda: NOW), raise_server_exceptions=False)


def post(http: TestClient, body: bytes, **headers: str):
    return http.post("/claims", content=body, headers={**JSON, **headers})


def test_a_claim_is_sent_decided_and_shown_in_every_form(http: TestClient, store: ClaimStore) -> None:
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
    assert "Claim 1 of Ada is accepted: " in one
    # The chart's path ends where the evidence that is published stands, and its tables agree with it.
    result = http.get("/claims/1.json").json()["result"]
    (drawn,) = re.findall(r'aria-label="From 1 to ([\d,]+) in (\d+) rounds, where [\d,]+ is needed"', one)
    assert drawn == (f"{math.exp(result['log_evidence']):,.0f}", str(len(result["rounds"])))
    assert one.count(f"ahead of the untouched script in {len(result['rounds'])} of {len(result['rounds'])} rounds") == 1
    assert '<td class="now">0.7</td>' in one, "beside what the script has"
    feed = ET.fromstring(http.get("/feed.atom").text)
    assert [entry.findtext("{*}author/{*}name") for entry in feed.iterfind("{*}entry")] == ["Ada"]
    assert http.get("/next.md").text.startswith("# Next on toy")
    assert http.get("/next.json").json()["settings"] == BEST
    assert http.head("/").status_code == 200


@pytest.mark.parametrize("settings", [{"Y": 0.6}, {"MODE": "crash"}])
def test_the_page_of_a_claim_that_shows_no_gain_says_where_it_stopped(
    http: TestClient, store: ClaimStore, settings: dict[str, object]
) -> None:
    send(store, settings)
    assert "○" in http.get("/claims/1").text  # it waits
    decide(store, lambda one: Status.CRASHED if one.settings.get("MODE") == "crash" else parabola(one))
    send(store, settings, who=1)
    one = http.get("/claims/1").text
    assert "shows no gain" in one
    assert one.index("✗") < one.index("A test that stays valid")
    assert one.count('aria-label="not reached"') == 2  # the second verification, and data held out
    assert "is a copy: claim 1 was first" in http.get("/claims/2").text


def test_what_is_refused_is_refused_with_a_code_and_words(http: TestClient, store: ClaimStore) -> None:
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


def test_who_sends_too_many_is_told_when_to_try_again(http: TestClient, store: ClaimStore) -> None:
    for k in range(3):
        assert post(http, signed(claim(store, person(), {"X": 0.1 * (k + 1)}), person())).status_code == 201
    over = post(http, signed(claim(store, person(), {"X": 0.9}), person()), **{"X-Forwarded-For": "10.1.2.3"})
    assert (over.status_code, over.headers["retry-after"]) == (429, "60")


def test_nothing_that_a_contributor_wrote_can_run_or_hide(http: TestClient, store: ClaimStore) -> None:
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


def test_addresses_are_neither_shown_nor_kept(store: ClaimStore, toy: Task, tmp_path: Path) -> None:
    far = TestClient(make_app(store, toy, lambda: NOW), client=("2001:db8:1:2:3::4", 5))
    assert post(far, signed(claim(store, person(), BEST), person())).status_code == 201
    store.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("board.db*"))
    assert b"2001:db8" not in kept


def test_a_board_answers_for_its_own_task_alone(store: ClaimStore) -> None:
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
    one.stdout.close()
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
        with start("verify", "--task", str(toy), env=env) as stopped:
            stopped.send_signal(signal.SIGTERM)
        decided = said("verify", "--task", str(toy), "--once")["decided"]
        assert [one["status"] for one in decided] == ["accepted"]
        shown = said("show", address, "1", "--repeat", "--task", str(toy))
        assert shown["wrong"] == []
        assert all(one["same"] for one in shown["repeated"])
        program = tmp_path / "program.md"
        assert said("next", address, "-o", str(program))["best"] == 1
        assert program.read_text().startswith("# Next on toy")
    finally:
        server.kill()
        server.wait()


def child(url: str, ahead: float) -> int:
    """A process that decides what waits, with a clock that is some seconds ahead."""
    process = os.fork()
    if process:
        return process
    try:
        own = ClaimStore(url)
        one = Verifier(own, toy_task(), InstantLab(toy_task(), seconds=0.0002), lambda: NOW + ahead)
        while one.next() is not None:
            pass
    finally:
        os._exit(0)


@pytest.mark.fault
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_verifiers_that_are_killed_decide_as_one_that_was_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Kills at any moment: every claim is decided once, by the same tests and runs as without them."""
    monkeypatch.setattr("orgopt.board.store.ATTEMPTS", 1000)
    terms, found = new_terms(toy_task(), made=NOW), {}
    for name, kills in (("calm", 0), ("killed", 20)):
        url = f"sqlite:///{tmp_path}/{name}.db"
        store = ClaimStore.made(url, terms)  # the same secret, so that the same seeds are drawn
        for k in range(6):
            send(store, {"X": 0.1 * (k % 3) + 0.2, "SCALE": 1.0 + k / 100}, who=k, address=str(k))
        store.close()
        for turn in range(kills):
            process = child(url, 1000.0 * turn)
            time.sleep(0.004 * (turn % 7))
            os.kill(process, signal.SIGKILL)
            os.waitpid(process, 0)
        os.waitpid(child(url, 1e6), 0)
        store = ClaimStore(url)
        found[name] = [replace(one, decided=None) for one in store.entries(100)]
        store.close()
    assert not [one.id for one in found["calm"] if one.status.open]
    assert found["calm"] == found["killed"]


class Killed(BaseException):
    """What ends a process of a test, which no code catches."""


class Dying:
    """A database whose process is killed at its n-th transaction: before it is committed, or right after."""

    def __init__(self, store: ClaimStore, n: int, *, after: bool) -> None:
        self.engine, self.n, self.after, self.count = store._engine, n, after, 0
        self.dispose = self.engine.dispose

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        self.count += 1
        with self.engine.begin() as here:
            yield here
            if self.count == self.n and not self.after:
                raise Killed
        if self.count == self.n:
            raise Killed


def lived(url: str, n: int = 0, *, after: bool = False, ahead: float = 0.0) -> int:
    """The transactions of a server that takes four claims and a verifier that decides them, up to the n-th."""
    store = ClaimStore(url)
    store._engine = dying = Dying(store, n, after=after)
    try:
        for k, settings in enumerate(({"X": 0.5}, {"X": 0.5}, {"X": 0.7, "Y": 0.2}, {"SCALE": 1.5})):
            send(store, settings, who=k, address=str(k))
        decide(store, clock=NOW + ahead)
    except Killed:
        pass
    store.close()
    return dying.count


@pytest.mark.fault
def test_a_kill_at_any_step_changes_nothing(tmp_path: Path) -> None:
    """Killed at each transaction in turn, before and after it is committed: whoever goes on ends as without it."""
    terms = new_terms(toy_task(), made=NOW)

    def ended(*steps: tuple[int, bool]) -> tuple[list[ClaimRecord], BoardState, int]:
        url = f"sqlite:///{tmp_path}/{'-'.join(f'{n}{after:d}' for n, after in steps)}.db"
        ClaimStore.made(url, terms).close()
        for turn, (n, after) in enumerate(steps):
            count = lived(url, n, after=after, ahead=1e4 * turn)
        store = ClaimStore(url)
        found = [replace(one, decided=None) for one in store.entries(100)], replace(store.state(), changes=0)
        store.close()
        return *found, count

    *calm, steps = ended((0, False))
    assert [one.status.value for one in calm[0]] == ["not shown", "accepted", "copy", "accepted"]
    for n in range(1, steps + 1):
        for after in (False, True):
            assert list(ended((n, after), (0, False))[:2]) == calm, (n, after)


def test_what_a_run_submitted_last_is_what_it_claims(tmp_path: Path) -> None:
    def ran(*events: tuple[str, dict]) -> tuple:
        folder = tmp_path / str(len(list(tmp_path.iterdir())))
        folder.mkdir()
        asked = {
            "program": "p.md",
            "task": "toy",
            "budget_s": 9.0,
            "lab": None,
            "slots": 1,
            "seed": 0,
            "verify_seeds": 2,
        }
        write_record(folder / "run.json", asked)
        ledger = Ledger(folder / "ledger.jsonl")
        start = {"budget_s": 9.0, "slots": 1, "agents": [], "commit": "a", "baseline": 0.5}
        for t, (kind, data) in enumerate([("start", start), *events]):
            ledger.add(kind, float(t), **data)
        ledger.close()
        return found_by(folder)

    outcome = {
        "agent": "a",
        "status": "ok",
        "started": 0.0,
        "ended": 1.0,
        "heldout": None,
        "memory_gb": 0.0,
        "error": "",
    }
    proposal = {"id": 1, "agent": "a", "note": "", "commit": "b", "knobs": {"X": 0.5}}
    done = ("outcome", {"id": 1, "metric": 0.05, **outcome}), ("submission", {"id": 1, "metric": 0.05})
    settings, script, metric, ledger = ran(("proposal", proposal), *done)
    assert (settings, script, metric, len(ledger)) == ({"X": 0.5}, "", 0.05, 64)
    assert ran(("proposal", {**proposal, "script": "pass"}), *done)[:2] == ({}, "pass")
    for events in ([], [("submission", {"id": 0, "metric": 0.5})]):
        with pytest.raises(UsageError, match="nothing but the untouched"):
            ran(*events)
