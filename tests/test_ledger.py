"""Ledgers and logs of JSON lines: appended, torn, read back, exported."""

from pathlib import Path

import pytest

from orgopt.errors import StoreError
from orgopt.ledger import Ledger, results_tsv
from orgopt.storage.jsonl import JsonLog, read_lines


def test_a_line_is_on_the_disk_when_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    path = tmp_path / "log.jsonl"
    monkeypatch.setattr("os.fsync", lambda _: seen.append(path.read_text()))
    log = JsonLog(path)
    log.append({"a": 1})
    log.append({"b": 2}, sync=False)
    log.close()
    assert [line.split(", ")[0] for line in seen] == ['{"a": 1']


def test_a_log_is_read_back_and_a_torn_line_is_dropped(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "log.jsonl"
    log = JsonLog(path)
    log.append({"a": 1})
    log.append({"b": "ü\n"})
    log.close()
    with path.open("a") as file:
        file.write('{"torn": tr')
    assert list(read_lines(path)) == [{"a": 1}, {"b": "ü\n"}]
    log = JsonLog(path)
    log.append({"c": 3})
    log.close()
    assert list(read_lines(path)) == [{"a": 1}, {"b": "ü\n"}, {"c": 3}]
    assert list(read_lines(tmp_path / "missing")) == []


def test_a_damaged_log_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    path.write_text('{"a": 1}\nrubbish\n{"b": 2}\n')
    with pytest.raises(StoreError, match=r"log\.jsonl:2: not a JSON line"):
        list(read_lines(path))


def test_a_place_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="cannot write"):
        JsonLog(tmp_path / "file" / "log.jsonl")


def test_a_full_disk_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = JsonLog(tmp_path / "log.jsonl")
    log.close()
    with Path("/dev/full").open("ab", buffering=0) as full:
        monkeypatch.setattr(log, "_file", full)
        with pytest.raises(StoreError, match="No space left on device"):
            log.append({"a": 1})


def test_results_have_the_columns_of_autoresearch() -> None:
    ledger = Ledger()
    ledger.add("start", 0, commit="aaaaaaa", baseline=3.1)
    ledger.add("submission", 0, id=0, metric=3.1)
    for number, status, metric in [(1, "ok", 3.0), (2, "ok", 3.2), (3, "crashed", None), (4, "unfinished", None)]:
        ledger.add("proposal", 0, id=number, agent="lead-1", note=f"LR → {number}\tx", commit=f"{number}" * 7)
        ledger.add("outcome", 1, id=number, agent="lead-1", status=status, metric=metric, memory_gb=0.25)
    ledger.add("submission", 1, id=1, metric=3.0)
    assert results_tsv(ledger, "val_bpb").split("\n") == [
        "commit\tval_bpb\tmemory_gb\tstatus\tdescription",
        "aaaaaaa\t3.100000\t0.0\tkeep\tbaseline",
        "1111111\t3.000000\t0.2\tkeep\tlead-1: LR → 1 x",
        "2222222\t3.200000\t0.2\tdiscard\tlead-1: LR → 2 x",
        "3333333\t0.000000\t0.2\tcrash\tlead-1: LR → 3 x",
        "",
    ]
