"""Records: every line of a log is read as it was written, older ones too, and whatever is damaged is one message."""

import json
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from click.testing import CliRunner, Result

from orgopt.cli import main
from orgopt.document import Program, parse
from orgopt.errors import OrgoptError, StoreError, UsageError
from orgopt.report import page
from orgopt.storage.seal import Chain, sealed
from orgopt.study.records.kinds import CandidateRecord, EvaluationRecord, FinalRecord
from orgopt.study.records.names import SEARCH
from orgopt.study.records.reader import parse_records, read_records, written
from orgopt.study.verdict.study import ending
from orgopt.study.view import study
from orgopt.study.wording import plain
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from orgopt.testing.toy_task import TOY
from orgopt.tracking import candidate_values, study_values
from orgopt.tracking.backend.entry import NOTE
from tests.conftest import ROOT, TRIO
from tests.fakes.studies import NAME, make_study
from tests.fakes.study import parsed, records
from tests.test_compare import NOISY
from tests.test_replay import own_world

OLD = ROOT / "tests" / "data" / "study-0.1.0" / "study.jsonl"
MESSAGE = r"study\.jsonl:\d+: .+"
SOLO = "# Solo\n\n## Roles\n\n### Researcher\n- **Headcount:** 1\n- **Agent:** hill-climb\n"
Record = dict[str, Any]


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory, toy_once: Task, trio_once: Program) -> bytes:
    """The log of a study of the toy task."""
    return (make_study(tmp_path_factory.mktemp("study"), toy_once, trio_once) / "study.jsonl").read_bytes()


@pytest.fixture(scope="module")
def toy_once() -> Task:
    return load_task(str(TOY))


@pytest.fixture(scope="module")
def trio_once() -> Program:
    return parse(TRIO, "trio.md")


@pytest.mark.slow
def test_every_record_is_written_as_it_was_read(log: bytes) -> None:
    told = [json.loads(line) for line in OLD.read_text().splitlines()]
    found = parsed(told)
    assert [written(record) for record in found] == told
    assert [list(written(record)) for record in found] == [list(one) for one in told], "in the same order"
    lines, chain = log.splitlines(), Chain()
    texts = [json.dumps(written(one), ensure_ascii=False).encode() for one in parse_records(lines, "study.jsonl")]
    assert [sealed(text, chain.add(text)) for text in texts] == lines


def test_a_log_of_an_older_version_is_read() -> None:
    found = read_records(OLD)
    assert isinstance(found[-1], FinalRecord)
    assert found[-1].effects is None
    assert found[-1].ablations == ()
    assert ending(study(found)).title


def test_fields_of_a_later_orgopt_of_the_same_version_are_ignored() -> None:
    told = records(1, 2, tests=2)
    more = [{**one, "novel": {"a": [1]}} for one in told]
    more[2]["score"] = {**more[2]["score"], "novel": 1}
    assert parsed(more) == parsed(told)


def test_a_torn_last_line_is_as_if_it_were_not_there(tmp_path: Path, log: bytes) -> None:
    whole = parse_records(log.splitlines(), "study.jsonl")
    path = tmp_path / "study.jsonl"
    for cut in (1, 20, len(log.splitlines()[-1])):
        path.write_bytes(log[:-cut])
        assert read_records(path) == whole[:-1]
    assert read_records(tmp_path / "missing.jsonl") == []


def changed(told: list[Record], at: int, change: Callable[[Record], object]) -> list[Record]:
    copy = json.loads(json.dumps(told))
    change(copy[at])
    return copy


@pytest.mark.sweep(4)
@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        (EvaluationRecord, lambda one: one.pop("k"), r"k of this evaluation is missing"),
        (EvaluationRecord, lambda one: one["score"].update(q_mean="3"), r"score\.q_mean of this .* a valid number"),
        (EvaluationRecord, lambda one: one["score"].update(q_mean=1e999), r"score\.q_mean of this .* a finite number"),
        (EvaluationRecord, lambda one: one["score"].update(curve=[]), r"a run without a curve"),
        (EvaluationRecord, lambda one: one.update(at=1e12), r"at of this evaluation should be less than"),
        (EvaluationRecord, lambda one: one.update(entrant="nobody"), r"a run of nobody, which is no candidate"),
        (EvaluationRecord, lambda one: one.update(task="nothing"), r"a run on nothing, which is no task"),
        (EvaluationRecord, lambda one: one.update(phase="later"), r"there is no phase later"),
        (CandidateRecord, lambda one: one.update(kind="candidaze"), r"no record that is known: its kind is candidaze"),
        (CandidateRecord, lambda one: one.pop("kind"), r"no record that is known: its kind is missing"),
        (CandidateRecord, lambda one: one.update(index=7), r"has number 7, where number 0 "),
        (CandidateRecord, lambda one: one.update(generation=3), r"is of generation 3, inside of generation 0"),
        (CandidateRecord, lambda one: one.update(parent=4), r"has the parent 4, which is no earlier candidate"),
        (FinalRecord, lambda one: one.update(champion="nobody"), r"the result names nobody, which is no candidate"),
        (FinalRecord, lambda one: one["claims"][0].update(verdict="fine"), r"claims\.0\.verdict of this final "),
    ],
)
def test_what_cannot_be_is_named_with_its_line(kind: type, change: Callable[[Record], object], words: str) -> None:
    told = records(1, 2, tests=2)
    at = next(at for at, one in enumerate(parsed(told)) if isinstance(one, kind))
    with pytest.raises(StoreError, match=rf"study\.jsonl:{at + 1}: .*{words}.*restore the file, or put "):
        parsed(changed(told, at, change))


@pytest.mark.parametrize(("version", "words"), [(1, "begin anew under another name"), (3, "install that version")])
def test_other_versions_are_told_before_their_fields_are_looked_at(version: int, words: str) -> None:
    head = {"kind": "study", "schema_version": version, "orgopt": "9.0", "anything": 1}
    with pytest.raises(
        UsageError, match=rf"study\.jsonl:1: records of version {version}, made by orgopt 9\.0.*{words}"
    ):
        parsed([head])


def flipped(log: bytes, rng: random.Random) -> bytes:
    """A log of which one byte is another."""
    at = rng.randrange(len(log) - 1)  # without the last line end, the last line is a torn one
    other = rng.choice([log[at] ^ (1 << rng.randrange(8)), rng.choice(b'0123456789"{}[],:e-\n\\ \xff')])
    return log[:at] + bytes([other]) + log[at + 1 :]


def test_every_flipped_byte_is_found_or_makes_no_difference(log: bytes) -> None:
    whole, rng, said = parse_records(log.splitlines(), "study.jsonl"), random.Random(1), list[str]()
    for _ in range(600):
        try:
            assert parse_records(flipped(log, rng).split(b"\n")[:-1], "study.jsonl") == whole
        except OrgoptError as error:
            said.append(str(error))
    assert len(said) > 500
    assert all(re.fullmatch(MESSAGE, line) for line in said), "one line each"


@pytest.mark.slow
def test_an_older_log_of_which_a_byte_is_flipped_is_read_or_refused_in_one_line() -> None:
    """Its lines have no checksum: another digit is another number, and nothing more comes of it."""
    log, rng, read, said = OLD.read_bytes(), random.Random(2), 0, list[str]()
    for _ in range(300):
        try:
            view = study(parse_records(flipped(log, rng).split(b"\n")[:-1], "study.jsonl"))
            assert page(view).startswith("<!doctype")
            read += 1
        except OrgoptError as error:
            said.append(str(error))
    assert 0 < read < 100
    assert not any("\n" in line for line in said)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with a study and a contest, made by their commands."""
    folder = tmp_path_factory.mktemp("workspace")
    (folder / "orgopt.toml").touch()
    (folder / "solo.md").write_text(SOLO)
    (folder / "duo.md").write_text(SOLO.replace("1\n", "2\n"))
    own_world(folder / "own", NOISY)
    for args in (optimizing(folder), comparing(folder)):
        done = orgopt(*args)
        assert done.exit_code == 0, done.output
    return folder


def orgopt(*args: str) -> Result:
    return CliRunner().invoke(main, list(args))


def optimizing(folder: Path) -> list[str]:
    sizes = ["--generations", "2", "--population", "3", "--search-seeds", "2", "--race-seeds", "2", "--test-seeds", "2"]
    where = ["--task", str(folder / "own"), "--budget", "8s", "--lab", "replay", "--workers", "1", "--name", NAME]
    return ["optimize", str(folder / "solo.md"), *where, *sizes, "--controls", "none", "--no-tracking"]


def comparing(folder: Path) -> list[str]:
    where = ["--task", str(folder / "own"), "--budget", "8s", "--lab", "replay", "--workers", "1", "--name", "c"]
    return ["compare", str(folder / "solo.md"), str(folder / "duo.md"), *where, "--seeds", "2"]


def readers(folder: Path) -> dict[str, list[str]]:
    """The commands that read a study."""
    where = ["--workspace", str(folder)]
    return {
        "report": ["report", NAME, *where],
        "ui": ["ui", "--report", "--no-browser", *where],
        "export": ["export", NAME, "--optuna", f"sqlite:///{folder}/study.db", *where],
        "checkout": ["checkout", f"champion@{NAME}", *where],
        "sync": ["sync", NAME, *where],
        "optimize": optimizing(folder),
    }


def damages(log: bytes) -> dict[str, tuple[bytes, int, str]]:
    """A log that is damaged in several ways, with the exit code and the words of the message."""
    lines = log.splitlines(keepends=True)
    middle = len(lines) // 2
    cut = b"".join([*lines[:middle], lines[middle][:40], *lines[middle + 1 :]])
    at = log.index(b'"research_output": ') + 22
    digit = log[:at] + (b"1" if log[at : at + 1] != b"1" else b"2") + log[at + 1 :]
    newer = log.replace(b'"schema_version": 2', b'"schema_version": 9', 1)
    text = bytes([log[600] ^ 0x80])
    return {
        "a truncated line": (cut, 6, rf"jsonl:{middle + 1}: not a JSON line"),
        "another digit": (digit, 6, r"jsonl:\d+: of this evaluation: it was changed, or lines before"),
        "no text": (log[:600] + text + log[601:], 6, r"jsonl:1: not a JSON line"),
        "a newer version": (newer, 2, r"jsonl:1: records of version 9"),
    }


@pytest.mark.sweep(4)
@pytest.mark.parametrize("damage", ["a truncated line", "another digit", "no text", "a newer version"])
@pytest.mark.parametrize("reader", ["report", "ui", "export", "checkout", "sync", "optimize"])
def test_commands_say_what_is_damaged_and_end(workspace: Path, tmp_path: Path, damage: str, reader: str) -> None:
    folder = tmp_path / "w"
    shutil.copytree(workspace, folder)
    path = folder / "mlruns" / "studies" / NAME / "study.jsonl"
    (path.parent / "report.html").unlink(missing_ok=True)
    bad, code, words = damages(path.read_bytes())[damage]
    path.write_bytes(bad)
    done = orgopt(*readers(folder)[reader])
    assert isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == (6 if reader == "sync" else code)
    assert len(re.findall(words, done.stderr)) == 1, done.stderr
    assert path.read_bytes() == bad, "nothing is written over it"


@pytest.mark.parametrize("damage", ["a truncated line", "another digit", "a newer version"])
def test_a_damaged_contest_is_not_continued(workspace: Path, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "w"
    shutil.copytree(workspace, folder)
    path = folder / "mlruns" / "contests" / "c" / "contest.jsonl"
    bad, code, words = damages(path.read_bytes())[damage]
    path.write_bytes(bad)
    done = orgopt(*comparing(folder))
    assert isinstance(done.exception, SystemExit), done.exception
    assert done.exit_code == code
    assert len(re.findall(words, done.stderr)) == 1, done.stderr


def test_a_flipped_byte_never_ends_a_command_in_a_traceback(workspace: Path, tmp_path: Path) -> None:
    folder = tmp_path / "w"
    shutil.copytree(workspace, folder)
    path = folder / "mlruns" / "studies" / NAME / "study.jsonl"
    whole, rng = path.read_bytes(), random.Random(3)
    for number in range(60):
        path.write_bytes(flipped(whole, rng))
        name = ("report", "checkout", "export", "optimize")[number % 4]
        done = orgopt(*readers(folder)[name])
        assert done.exit_code in {0, 2, 6}, done.output
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert done.exit_code == 0 or re.search(rf"error: .*{MESSAGE}", done.stderr), done.stderr


@pytest.mark.slow
def test_all_readers_agree_at_every_prefix(log: bytes) -> None:
    """Whoever reads a study, at whatever moment: the same values, who was dropped or disqualified, and the best."""
    told = parse_records(log.splitlines(), "study.jsonl")
    seeds = study(told).head.identity.search_seeds
    for end in range(1, len(told) + 1):
        view = study(told[:end])
        outputs: dict[str, list[float]] = {}
        for one in told[:end]:
            if isinstance(one, EvaluationRecord) and one.phase == SEARCH:
                outputs.setdefault(one.entrant, []).append(one.score.research_output)
        shown = json.loads(re.findall(r'id="data">(.*?)</script>', page(view), re.DOTALL)[0])
        for one, entry in zip(view.candidates, shown["candidates"], strict=True):
            family = candidate_values.Family(view, one, view.parent(one), "", "", "", 0.0, frozenset())
            values = outputs.get(one.name, [])
            dropped = one.record.generation in view.complete and 0 < len(values) < seeds
            assert one.value == (pytest.approx(fmean(values)) if values else None)
            assert entry["value"] == plain(one.value)
            assert ("not evaluated yet" in entry["words"]) == (one.standing is None) == (not values)
            assert candidate_values.tags(family)["orgopt.dropped"] == str(dropped).lower()
            assert ("dropped early" in entry["words"]) == one.dropped == dropped
        best = view.best
        leader = best or view.seed
        assert shown["champion"] == (leader.record.index if leader else None)
        assert not best or view.final or f"{best.name} leads" in ending(view).title
        assert not best or view.final or f"{best.name} leads" in study_values.progress(view)[NOTE].replace("\\", "")
        known = [one for one in view.candidates if one.standing]
        wanted = max(known, key=lambda one: one.standing.estimate, default=None)
        assert best is (view.candidate(view.final.champion) if view.final else wanted)
