"""Logs: whatever becomes of one is noticed, said with its line, and mended by a command."""

import os
import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

import orgopt
from orgopt.agents.thinking.answers import Answer, Answers
from orgopt.agents.thinking.spend import Amount, Spend
from orgopt.cli import main
from orgopt.document import Program, parse
from orgopt.errors import OrgoptError, StoreError
from orgopt.ledger import Event, Ledger, impossible, read_ledger
from orgopt.storage.jsonl import DamagedError, JsonLog, end_path, read_lines
from orgopt.storage.seal import read_record, write_record
from orgopt.study.records.reader import read_records
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from orgopt.testing.toy_task import TOY
from tests.conftest import ROOT, TRIO
from tests.fakes.studies import NAME, make_study

Change = Callable[[list[bytes], random.Random], list[bytes]]


def told(*args: str | Path) -> Result:
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study, in a workspace."""
    return make_study(tmp_path_factory.mktemp("study"), load_task(str(TOY)), parse(TRIO, "trio.md"))


@pytest.fixture
def study(original: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "mlruns" / "studies" / NAME
    shutil.copytree(original, folder)
    return folder


def flipped(lines: list[bytes], rng: random.Random) -> list[bytes]:
    at = rng.randrange(len(lines))
    place = rng.randrange(len(lines[at]) - 1)
    line = bytearray(lines[at])
    line[place] ^= 1 << rng.randrange(8)
    return [*lines[:at], bytes(line), *lines[at + 1 :]]


def doubled(lines: list[bytes], rng: random.Random) -> list[bytes]:
    at = rng.randrange(1, len(lines))
    return [*lines[:at], lines[at], *lines[at:]]


def swapped(lines: list[bytes], rng: random.Random) -> list[bytes]:
    at = rng.randrange(1, len(lines) - 1)
    return [*lines[:at], lines[at + 1], lines[at], *lines[at + 2 :]]


def lost(lines: list[bytes], rng: random.Random) -> list[bytes]:
    at = rng.randrange(1, len(lines))
    return [*lines[:at], *lines[at + 1 :]]


def tail_of_another(lines: list[bytes], rng: random.Random) -> list[bytes]:
    at = rng.randrange(2, len(lines))
    return [*lines[:at], *lines[1 : len(lines) - at + 1]]


@pytest.mark.sweep(3)
@pytest.mark.parametrize("change", [flipped, doubled, swapped, lost, tail_of_another])
def test_a_log_that_was_changed_is_noticed_every_time(study: Path, change: Change) -> None:
    path, rng = study / "study.jsonl", random.Random(1)
    lines = path.read_bytes().splitlines(keepends=True)
    for _ in range(30):
        path.write_bytes(b"".join(change(lines, rng)))
        with pytest.raises(StoreError, match=r"study\.jsonl:\d+: .*'orgopt log verify --repair "):
            read_records(path)


def test_a_log_without_its_last_lines_is_not_taken_for_one_that_was_stopped(study: Path) -> None:
    path = study / "study.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    for kept in (len(lines) - 1, len(lines) // 2):
        path.write_bytes(b"".join(lines[:kept]))
        with pytest.raises(DamagedError, match=f"the log ends here, and had {len(lines)} lines") as error:
            read_records(path)
        assert error.value.line == kept + 1
    end_path(path).unlink()
    assert len(read_records(path)) == len(lines) // 2, "without its end, nobody knows of more"
    path.write_bytes(b"".join(lines))
    end_path(path).write_text(f"{len(lines) - 3} 0123456789abcdef")  # a kill came between the log and its end
    assert len(read_records(path)) == len(lines)


def test_a_log_of_an_older_version_goes_on_with_hashes(tmp_path: Path) -> None:
    path = tmp_path / "study.jsonl"
    shutil.copy(ROOT / "tests" / "data" / "study-0.1.0" / "study.jsonl", path)
    old = read_lines(path)
    log = JsonLog(path)
    log.append({"kind": "more"})
    log.close()
    assert read_lines(path) == [*old, {"kind": "more"}]
    first, second, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([second, first, *rest]))
    with pytest.raises(StoreError, match="its hash is another"):
        read_lines(path)
    path.write_bytes(b"".join([first, second, *rest, b'{"kind": "by hand"}\n']))
    with pytest.raises(StoreError, match="it has no hash, and the lines before it have"):
        read_lines(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"null\n", "not a record, but null"),
        (b"[" * 200_000 + b"\n", r"not a JSON line|brackets in brackets"),
        (b'{"a":' * 200_000 + b"1" + b"}" * 200_000 + b"\n", "brackets in brackets without end"),
        (b"3\n", "not a record, but a number"),
        (bytes(range(128, 256)) + b"\n", "not a JSON line"),
    ],
    ids=["null", "brackets", "nested", "number", "binary"],
)
def test_what_is_no_record_is_one_message(tmp_path: Path, content: bytes, words: str) -> None:
    for name, read in (("log.jsonl", read_lines), ("ledger.jsonl", read_ledger), ("log.jsonl", JsonLog)):
        (tmp_path / name).write_bytes(content)
        if read is not JsonLog:
            with pytest.raises(StoreError, match=rf"{name}:1: .*({words})"):
                read(tmp_path / name)
    (tmp_path / "run.json").write_bytes(content)
    with pytest.raises(ValueError, match=words):
        read_record(tmp_path / "run.json")


@pytest.mark.parametrize("place", ["pipe", "folder", "device", "loop"])
def test_what_is_no_file_is_an_error_and_no_wait(study: Path, tmp_path: Path, place: str) -> None:
    ledger = study / "candidates" / "g00-c00" / "ledger-toy.jsonl"
    (tmp_path / "orgopt.toml").touch()
    for path in (study / "study.jsonl", study / "study.jsonl.end", study / "holder", ledger):
        path.unlink(missing_ok=True)
        if place == "pipe":
            os.mkfifo(path)
        elif place == "folder":
            path.mkdir()
        else:
            path.symlink_to("/dev/zero" if place == "device" else path.name)
    for args in (["report", NAME], ["log", "verify", study], ["sync", NAME]):
        assert told(*args, "--workspace", tmp_path).exit_code in {2, 6}
    with pytest.raises(StoreError):
        JsonLog(study / "study.jsonl")
    with pytest.raises(OrgoptError, match=r"cannot (read|write)"):
        Ledger.load(ledger)


def test_verify_says_what_is_damaged_and_repair_keeps_the_rest(study: Path, tmp_path: Path) -> None:
    path, where = study / "study.jsonl", ["--workspace", tmp_path]
    lines = path.read_bytes().splitlines(keepends=True)
    assert told("log", "verify", NAME, *where).stdout.count("as they were written") > 3
    path.write_bytes(b"".join([*lines[:9], *lines[10:]]))
    bad = told("log", "verify", NAME, *where)
    assert bad.exit_code == 6
    assert "study.jsonl:10: of this" in bad.stdout
    assert f"put lines 10 to {len(lines) - 1} aside and keep the 9 before" in bad.stdout
    assert [log.sound for log in orgopt.verify(study)].count(False) == 1
    assert told("report", NAME, *where).exit_code == 6
    mended = told("log", "verify", NAME, "--repair", *where)
    assert (mended.exit_code, "put aside as study.jsonl.damaged" in mended.stdout) == (0, True)
    assert path.read_bytes() == b"".join(lines[:9])
    assert (study / "study.jsonl.damaged").read_bytes() == b"".join([*lines[:9], *lines[10:]])
    assert all(log.sound for log in orgopt.verify(NAME, workspace=tmp_path))
    assert told("report", NAME, *where).exit_code == 0
    path.write_bytes(b"".join(lines[:5]))
    assert told("log", "verify", path, "--repair").exit_code == 0
    assert len(read_records(path)) == 5


def test_verify_names_what_there_is_not(tmp_path: Path) -> None:
    assert "no log (*.jsonl)" in told("log", "verify", tmp_path).stderr
    assert "no study 'x'" in told("log", "verify", "x", "--workspace", tmp_path).stderr


@pytest.mark.slow
def test_a_repaired_study_goes_on(toy: Task, trio: Program, tmp_path: Path) -> None:
    folder = make_study(tmp_path, toy, trio)
    whole = [record.kind for record in read_records(folder / "study.jsonl")]
    lines = (folder / "study.jsonl").read_bytes().splitlines(keepends=True)
    (folder / "study.jsonl").write_bytes(b"".join([*lines[:9], *lines[10:]]))
    orgopt.verify(folder, repair=True)
    shutil.rmtree(folder / "candidates")
    assert make_study(tmp_path, toy, trio) == folder
    assert sorted(record.kind for record in read_records(folder / "study.jsonl")) == sorted(whole)


def test_a_file_of_one_record_is_believed_only_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    write_record(path, {"slots": 2, "program": "é"})
    assert read_record(path) == {"slots": 2, "program": "é"}
    path.write_bytes(path.read_bytes().replace(b"2", b"3", 1))
    with pytest.raises(ValueError, match="its hash is another"):
        read_record(path)
    path.write_text('{"slots": 2}')  # of an older version
    assert read_record(path) == {"slots": 2}


def test_answers_and_costs_that_were_changed_are_not_taken(tmp_path: Path) -> None:
    answers = Answers(tmp_path / "answers.jsonl")
    for number in range(3):
        answers.put(f"{number}", Answer(text=f"say {number}"))
    answers.close()
    spend = Spend(tmp_path / "spend.jsonl", max_usd=1.0)
    for _ in range(2):
        spend.settle(spend.reserve("lead", Amount(10, 0.25)), Amount(5, 0.125))
    assert Spend(tmp_path / "spend.jsonl").spent == Amount(10, 0.25)
    for name, old, new in (("answers.jsonl", b"say 1", b"say 7"), ("spend.jsonl", b"0.125", b"0.025")):
        path = tmp_path / name
        path.write_bytes(path.read_bytes().replace(old, new, 1))
        with pytest.raises(StoreError, match=rf"{name}:2: .*its hash is another"):
            (Answers if name == "answers.jsonl" else Spend)(path)
    (tmp_path / "answers.jsonl").write_text('{"text": "no key"}\n')
    with pytest.raises(StoreError, match="no answer of a model"):
        Answers(tmp_path / "answers.jsonl")


def outcome(number: int, started: float, ended: float) -> Event:
    return Event("outcome", ended, {"id": number, "started": started, "ended": ended})


START = Event("start", 0.0, {"budget_s": 10.0, "slots": 2})


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([outcome(1, 0, 3), outcome(2, 1, 3), outcome(3, 3, 5)], ""),
        ([outcome(1, 0, 3), outcome(2, 1, 2.9)], "after an event at 3 s"),
        ([outcome(1, 0, 3), outcome(2, 1, 4), outcome(3, 2.9, 5)], "3 experiments ran at once at 2.9 s, on 2 slots"),
        ([outcome(1, 0, 10.01)], "ran from 0 to 10.01 s of 10 s"),
        ([outcome(1, 4, 3)], "ran from 4 to 3 s"),
    ],
)
def test_a_ledger_says_nothing_that_no_lab_can_have_done(events: list[Event], words: str) -> None:
    found = impossible([START, *events])
    assert words in (found[1] if found else "")
    assert bool(found) == bool(words)
