"""Pages that follow what runs: what is new is told once, names are names, and texts stay texts."""

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from orgopt.ledger import Ledger
from orgopt.live.pages import Pages
from orgopt.live.with_mlflow import beside
from orgopt.storage.jsonl import JsonLog
from orgopt.storage.seal import write_record
from orgopt.study.records.reader import Growing, read_records
from orgopt.study.wording import plain
from orgopt.tracking.own_origin import own_pages
from tests.conftest import TRIO
from tests.fakes.studies import write_study
from tests.fakes.study import records

HOSTILE = 'Scout</script><script>alert(1)</script><img src=x onerror="alert(2)">'
TOLD = records(2, 4, tests=2)


def client(workspace: Path) -> TestClient:
    return TestClient(own_pages(Pages(workspace).app()), base_url="http://127.0.0.1:5100")  # type: ignore[arg-type]


def begun(workspace: Path, told: list[dict[str, Any]], name: str = "trio") -> Path:
    return write_study(workspace / "mlruns" / "studies" / name, told)


def append(folder: Path, told: list[dict[str, Any]]) -> None:
    log = JsonLog(folder / "study.jsonl", counted=True)
    for record in told:
        log.append(record)
    log.close()


@pytest.mark.slow
def test_what_is_new_is_told_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orgopt.live.followed.REST", 0.0)
    cut = next(i for i, record in enumerate(TOLD) if record["kind"] == "generation") + 1
    folder, asked = begun(tmp_path, TOLD[:cut]), client(tmp_path)
    at = "/orgopt/studies/trio/state"
    first = asked.get(at).json()
    assert first["order"] == [*first["sections"]]
    assert {"top", "fitness", "costs", "decisions"} <= set(first["sections"])
    assert "Not finished" in first["sections"]["top"]
    assert len(first["data"]["candidates"]) == 4
    assert set(asked.get(f"{at}?since={first['since']}").json()) == {"since", "state"}
    append(folder, TOLD[cut:])
    second = asked.get(f"{at}?since={first['since']}").json()
    assert "claims" in second["order"]
    several = r"several scores: (\S+) in the search, (\S+) in the race, (\S+) on test seeds"
    found = re.search(several, second["sections"]["claims"])
    told = next(record["estimates"] for record in TOLD if record["kind"] == "final")
    assert found
    assert found.groups() == tuple(plain(value) for value in (told["raw"], told["race"], told["test"]["mean"]))
    assert "with the 95 % interval, which the whiskers draw" in second["sections"]["top"]
    assert "Not finished" not in second["title"]
    assert second["state"] == "done"
    assert len(second["data"]["candidates"]) == 8
    third = asked.get(f"{at}?since={second['since']}").json()
    assert set(third) == {"since", "state"}
    assert asked.get(f"{at}?since=other-9").json()["sections"].keys() == dict.fromkeys(second["order"]).keys()


def test_a_candidate_is_told_when_it_is_asked_for(tmp_path: Path) -> None:
    begun(tmp_path, TOLD)
    asked = client(tmp_path)
    told = asked.get("/orgopt/studies/trio/candidates/5").json()
    program = next(one["program"] for one in TOLD if one["kind"] == "candidate" and one["index"] == 5)
    assert "\n".join(told["lines"][line] for line in told["texts"][told["text"]]) == program.rstrip("\n")
    assert [row[0] for row in told["curves"]] == ["digits", "tinygpt"]
    for other in ("99", "-1", "x"):
        assert asked.get(f"/orgopt/studies/trio/candidates/{other}").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "studies/none",
        "studies/..",
        "studies/%2e%2e%2f%2e%2e",
        "studies/..%2ftrio",
        "runs/trio",
        "contests/trio",
        "x/trio",
    ],
)
def test_names_are_those_of_the_workspace_and_never_paths(tmp_path: Path, path: str) -> None:
    begun(tmp_path, TOLD[:3])
    answer = client(tmp_path).get(f"/orgopt/{path}/state")
    assert answer.status_code == 404
    assert str(tmp_path) not in answer.text


def test_what_lies_elsewhere_is_not_served(tmp_path: Path) -> None:
    workspace, outside = tmp_path / "here", tmp_path / "there"
    source = begun(outside, TOLD[:3])
    studies = workspace / "mlruns" / "studies"
    studies.mkdir(parents=True)
    (studies / "linked").symlink_to(source)
    (studies / "log").mkdir()
    (studies / "log" / "study.jsonl").symlink_to(source / "study.jsonl")
    asked = client(workspace)
    for name in ("linked", "log"):
        assert asked.get(f"/orgopt/studies/{name}/state").status_code == 404
        assert f"/studies/{name}" not in asked.get("/orgopt/").text


@pytest.mark.parametrize(
    "headers", [{"Host": "evil.example:5100"}, {"Origin": "http://127.0.0.1:1"}, {"Origin": "null"}]
)
def test_pages_of_others_are_refused(tmp_path: Path, headers: dict[str, str]) -> None:
    begun(tmp_path, TOLD[:3])
    assert client(tmp_path).get("/orgopt/studies/trio/state", headers=headers).status_code == 403


def test_texts_of_documents_stay_texts(tmp_path: Path) -> None:
    told = records(2, 4, tests=2, title=HOSTILE)
    begun(tmp_path, [{**record, "name": f"{HOSTILE}"} if record["kind"] == "study" else record for record in told])
    begun(tmp_path, TOLD[:3], "<b>&'")
    asked = client(tmp_path)
    page = asked.get("/orgopt/studies/trio")
    assert "script-src 'sha256-" in page.headers["content-security-policy"]
    assert "connect-src 'self'" in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    for text in (
        page.text,
        asked.get("/orgopt/").text,
        *asked.get("/orgopt/studies/trio/state").json()["sections"].values(),
    ):
        assert "<script>alert" not in text
        assert "<img" not in text
    assert "&lt;b&gt;&amp;" in asked.get("/orgopt/").text


def test_a_damaged_log_is_said_and_not_shown(tmp_path: Path) -> None:
    folder = begun(tmp_path, TOLD[:6])
    path = folder / "study.jsonl"
    path.write_bytes(path.read_bytes().replace(b"g00-c00", b"g00-c0x", 1))
    answer = client(tmp_path).get("/orgopt/studies/trio/state")
    assert answer.status_code == 503
    assert "damaged" in answer.json()["error"]


def test_a_growing_log_is_read_where_it_grew(tmp_path: Path) -> None:
    folder = begun(tmp_path, TOLD[:5])
    growing = Growing(folder / "study.jsonl")
    assert growing.look() == read_records(folder / "study.jsonl")
    with (folder / "study.jsonl").open("ab") as file:
        file.write(b'{"kind": "gener')  # torn: somebody is writing it
    assert len(growing.look()) == 5
    append(folder, TOLD[5:20])
    assert growing.look() == read_records(folder / "study.jsonl")
    (folder / "study.jsonl").unlink()
    assert growing.look() == []
    append(folder, TOLD[:2])
    assert len(growing.look()) == 2
    assert Growing(tmp_path / "none").look() == []


def started(workspace: Path, name: str = "trio-toy-s0") -> Path:
    """A run that has had two experiments and a stand-up."""
    folder = workspace / "mlruns" / "runs" / name
    folder.mkdir(parents=True)
    settings = {
        "program": "trio.md",
        "task": "toy",
        "budget_s": 10.0,
        "lab": "replay",
        "slots": 2,
        "seed": 0,
        "verify_seeds": 1,
    }
    write_record(folder / "run.json", settings)
    (folder / "program.md").write_text(TRIO)
    ledger = Ledger(folder / "ledger.jsonl")
    agents = ["lead-1", "explorer-1", "explorer-2"]
    start = {
        "budget_s": 10.0,
        "slots": 2,
        "lab": {"lab": "replay"},
        "seed": 0,
        "agents": agents,
        "baseline": 0.5,
        "commit": "a",
    }
    ledger.add("start", 0.0, **start)
    ledger.add("submission", 0.0, id=0, metric=0.5)
    for number, agent in ((1, "explorer-1"), (2, "explorer-2")):
        ledger.add("proposal", 0.5, id=number, agent=agent, knobs={"X": 0.1}, parent=0, note=HOSTILE, commit="b")
    for number, agent, value in ((1, "explorer-1", 0.4), (2, "explorer-2", 0.6)):
        data = {
            "status": "ok",
            "started": 0.5,
            "ended": 1.5,
            "metric": value,
            "heldout": value,
            "memory_gb": 0.0,
            "error": "",
        }
        ledger.add("outcome", 1.5, agent=agent, id=number, **data)
    ledger.add("submission", 1.5, id=1, metric=0.4)
    ledger.add("meeting", 2.0, agents=agents, seconds=0.5, shared=[1], told=["look at X"])
    ledger.add("approval", 2.5, agent="lead-1", commit="c", approved=False, note="too slow")
    ledger.close()
    return folder


def test_a_run_has_a_page_with_its_timeline_and_decisions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orgopt.live.followed.REST", 0.0)
    folder, asked = started(tmp_path), client(tmp_path)
    first = asked.get("/orgopt/runs/trio-toy-s0/state").json()
    parts = first["sections"]
    assert [*parts] == ["top", "contents", "timeline", "course", "costs", "decisions", "document"]
    assert "Not finished: 0.500 → 0.400 on this one seed (lower is better), after 2 of 2 experiments." in parts["top"]
    (met,) = re.findall(r'<path d="([^"]*)" class="met h14"', parts["timeline"])
    assert met.count("M") == 3  # of three agents
    assert parts["timeline"].count('class="run role-1 kept h14"') == 2  # on its agent's row and its slot's
    assert "60 %</b> idle" in parts["costs"]
    for words in (
        "Submits #1",
        "A person said: look at X",
        "A person refused the script that lead-1 rewrote",
        "too slow",
    ):
        assert words in parts["decisions"]
    assert "<script>" not in json.dumps(parts)
    ledger = Ledger.load(folder / "ledger.jsonl")
    ledger.close()
    log = JsonLog(folder / "ledger.jsonl")
    log.append({"kind": "end", "t": 10.0})
    log.close()
    notes = ["2 experiments (2 ok).", "Measured on: lab toy.", "Most that failed did with: nothing"]
    headline = ["0.500 → 0.400", "loss of toy; lower is better"]
    ending = {"word": "better", "title": "toy is improved.", "notes": notes, "headline": headline, "measures": ["m"]}
    (folder / "verdict.json").write_text(json.dumps(ending))
    second = asked.get(f"/orgopt/runs/trio-toy-s0/state?since={first['since']}").json()
    assert second["state"] == "done"
    assert second["title"] == "trio-toy-s0: toy is improved."
    assert "document" not in second["sections"]  # it is as it was
    top = second["sections"]["top"]
    assert "<b>0.500 → 0.400</b><span>loss of toy; lower is better</span>" in top
    assert [note in top for note in notes] == [False, False, True]  # what tiles and facts say is not said again
    assert "<p>m</p>" not in top
    assert "toy is improved.<small>0.500 → 0.400 loss of toy; lower is better</small>" in asked.get("/orgopt/").text


def test_mlflow_answers_what_is_not_ours(tmp_path: Path) -> None:
    async def mlflow(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"mlflow"})

    both = TestClient(beside(mlflow, Pages(tmp_path).app()), base_url="http://127.0.0.1:5000")  # type: ignore[arg-type]
    assert [both.get(path).text[:6] for path in ("/", "/orgoptics", "/api/x")] == ["mlflow"] * 3
    assert "What this workspace keeps" in both.get("/orgopt/").text


@pytest.mark.slow
def test_a_server_says_where_it_is_and_ends_with_who_began_it(tmp_path: Path) -> None:
    import urllib.request

    from orgopt.live.serving import Serving

    begun(tmp_path, TOLD[:3])
    heard: list[str] = []
    with Serving(tmp_path, heard.append, 5150) as serving:
        serving._listener.join(120)
        (address,) = heard
        assert address.startswith("http://127.0.0.1:51")
        with urllib.request.urlopen(f"{address}/orgopt/studies/trio/state", timeout=60) as answer:
            assert json.load(answer)["sections"]
        pid = serving._process.pid
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
