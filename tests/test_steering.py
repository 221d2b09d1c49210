"""Steering: what is kept and what runs, pauses, hours at which something stops, notices."""

import datetime as dt
import json
import os
import signal
import threading
import time
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

import orgopt
from orgopt.api import steering
from orgopt.api.results import leftovers, size_of
from orgopt.api.steering import TimeIsUp, ending_after, seconds_left
from orgopt.api.toml_notify import NOTICE_S
from orgopt.cli import main
from orgopt.cli.shared.base import Duration, err, whole_command
from orgopt.cli.shared.study_progress import StudyProgress
from orgopt.cli.tail import line_of
from orgopt.document import parse
from orgopt.errors import StoreError, UsageError
from orgopt.evolve.space.candidate import Candidate
from orgopt.storage.jsonl import read_lines
from orgopt.storage.locks import holding, is_held
from orgopt.study.records.names import SEARCH
from orgopt.study.standing import Standing
from tests.conftest import TRIO
from tests.fakes.studies import write_study
from tests.fakes.study import records

SMALL: dict[str, Any] = {
    "generations": 2, "population": 2, "search_seeds": 1, "race_seeds": 0, "test_seeds": 1, "controls": "none",
    "workers": 1, "tracking": False, "budget": "3s", "task": "nk", "name": "live",
}  # fmt: skip
NOON = dt.datetime(2026, 5, 4, 12, 0, tzinfo=dt.UTC)


@pytest.fixture(autouse=True)
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orgopt.toml").touch()
    (tmp_path / "trio.md").write_text(TRIO)
    return tmp_path


def said(*args: str, text: str = "") -> Result:
    return CliRunner().invoke(main, list(args), input=text)


def told(*args: str) -> dict[str, Any]:
    result = said(*args, "--json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


class Heard(orgopt.Callback):
    """Keeps what is noted, and does something after each run that is kept."""

    def __init__(self, after: Any = lambda number: None) -> None:
        self.notes: list[str] = []
        self.number, self.after = 0, after

    def noted(self, line: str) -> None:
        self.notes.append(line)

    def evaluated(self, *_: object) -> None:
        self.number += 1
        self.after(self.number)

    compared = evaluated


# Hours


@pytest.mark.parametrize(
    ("until", "hours", "seconds"),
    [
        (None, None, None),
        ("18:00", None, 6 * 3600),
        ("9:30", None, 21.5 * 3600),
        ("2026-05-05T12:00", None, 86_400),
        ("2026-05-04T12:00+00:00", 1.5, "is over"),
        (None, 1.5, 5400),
        ("18:00", 1.5, 5400),
        ("12:30", 1.5, 1800),
        ("24:00", None, "is no time"),
        ("soon", None, "is no time"),
        ("2026-05-04T11:59", None, "is over"),
    ],
)
def test_when_something_stops(until: str | None, hours: float | None, seconds: float | str | None) -> None:
    if isinstance(seconds, str):
        with pytest.raises(UsageError, match=seconds):
            seconds_left(until, hours, NOON)
    else:
        assert seconds_left(until, hours, NOON) == seconds


def test_an_hour_ends_what_runs_and_leaves_no_alarm_behind() -> None:
    before = signal.getsignal(signal.SIGALRM)
    with pytest.raises(TimeIsUp), ending_after(1000):
        os.kill(os.getpid(), signal.SIGALRM)
    assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)
    assert signal.getsignal(signal.SIGALRM) is before
    with pytest.raises(TimeIsUp), ending_after(0):
        time.sleep(5)
    with ending_after(None):
        assert signal.getitimer(signal.ITIMER_REAL) == (0, 0)


def test_another_thread_cannot_be_interrupted() -> None:
    failed: list[str] = []

    def work() -> None:
        try:
            with ending_after(5):
                failed.append("began")
        except UsageError as error:
            failed.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert failed == ["until and max_hours need the main thread of Python"]


def ring(number: int) -> None:
    """The hour comes when three runs are kept."""
    if number == 3:
        os.kill(os.getpid(), signal.SIGALRM)


@pytest.mark.slow
def test_a_study_whose_time_is_up_keeps_its_runs_and_goes_on() -> None:
    heard = Heard(ring)
    found = orgopt.optimize("trio.md", **SMALL, max_hours=5, callback=heard)
    assert (found.finished, found.to_dict()["state"], len(found.view.evaluations)) == (False, "stopped", 3)
    assert heard.notes[-1] == "time is up; the same command goes on"
    assert orgopt.optimize("trio.md", **SMALL).finished


def test_a_contest_whose_time_is_up_ranks_the_seeds_that_all_had() -> None:
    (Path("solo.md")).write_text(TRIO.replace("0.5", "0.9"))
    where = {"task": "nk", "budget": "3s", "seeds": 4, "workers": 1}
    heard = Heard(ring)
    found = orgopt.compare("trio.md", "solo.md", **where, until="23:59", callback=heard)
    assert found.ranking.seeds == 1
    assert heard.notes[-1] == "time is up after 1 of 4 seeds; the same command goes on"
    assert orgopt.results()[0].state == "stopped", "one entrant has a run more"
    assert orgopt.compare("trio.md", "solo.md", **where).ranking.seeds == 4
    assert orgopt.results()[0].state == "done"


# Pauses


def test_a_paused_study_waits_until_it_may_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str, int]] = []

    def sleep(_: float) -> None:  # as another terminal sees it
        (one,) = told("list", "--running")["results"]
        seen.append((one["state"], one["runs"]))
        if len(seen) == 2:
            assert told("resume")["state"] == "running"

    monkeypatch.setattr(steering.time, "sleep", sleep)
    heard = Heard(lambda number: told("pause", "live") if number == 2 else None)
    found = orgopt.optimize("trio.md", **SMALL, callback=heard)
    assert found.finished
    assert seen == [("paused", 2)] * 2
    assert "resume live goes on" in heard.notes[-2]
    assert heard.notes[-1] == "goes on"


def test_a_pause_of_a_process_that_is_gone_holds_nobody_up(lab: Path) -> None:
    folder = lab / "mlruns" / "studies" / "live"
    folder.mkdir(parents=True)
    (folder / "pause").touch()
    assert orgopt.optimize("trio.md", **SMALL).finished
    assert not (folder / "pause").exists()


def test_what_does_not_run_cannot_be_paused() -> None:
    orgopt.run("trio.md", task="nk", budget="3s")
    assert "its budget ends it" in said("pause", "trio-nk-s0").output
    orgopt.optimize("trio.md", **SMALL)
    assert "does not run" in said("pause", "live").output
    assert "name a study or a contest that runs: none" in said("pause").output
    assert "run --resume" in said("resume", "trio-nk-s0").output
    assert "does not run: the command that began it" in said("resume", "live").output


# Notices


@pytest.mark.slow
def test_a_command_is_told_of_generations_and_the_verdict(lab: Path) -> None:
    words = 'cat >> told; echo \\" $ORGOPT_EVENT\\" >> told'
    (lab / "orgopt.toml").write_text(f"[notify]\ncommand = \"sh -c '{words}'\"\n")
    orgopt.optimize("trio.md", **SMALL)
    lines = (lab / "told").read_text().splitlines()
    events = [json.loads(line.rpartition(" ")[0]) for line in lines]
    assert [one["event"] for one in events] == ["generation", "generation", "verdict"]
    assert [line.rpartition(" ")[2] for line in lines] == ["generation", "generation", "verdict"]
    assert {one["name"] for one in events} == {"live"}
    assert events[-1]["text"] == orgopt.open_study("live").ending.title
    orgopt.optimize("trio.md", **SMALL)
    assert len((lab / "told").read_text().splitlines()) == 4, "what was told is not told again, but for the verdict"


def test_a_contest_tells_its_verdict(lab: Path) -> None:
    (lab / "orgopt.toml").write_text('[notify]\ncommand = ["sh", "-c", "cat > told"]\n')
    found = orgopt.compare("trio.md", "optuna:random", task="nk", budget="3s", seeds=1, workers=1)
    expected = {"event": "verdict", "name": found.folder.name, "text": found.ending.title}
    assert json.loads((lab / "told").read_text()) == expected


def test_a_command_is_told_of_a_failure_and_can_end_nothing(lab: Path) -> None:
    (lab / "orgopt.toml").write_text('[notify]\ncommand = ["sh", "-c", "cat > told; echo went wrong >&2; exit 3"]\n')

    def fail(number: int) -> None:
        if number == 2:
            raise StoreError("the disk is full")

    heard = Heard(fail)
    with pytest.raises(StoreError, match="the disk is full"):
        orgopt.optimize("trio.md", **SMALL, callback=heard)
    assert json.loads((lab / "told").read_text())["event"] == "failure"
    assert any("ended with 3: went wrong" in note for note in heard.notes)
    (lab / "orgopt.toml").write_text('[notify]\ncommand = "no-such-program"\n')
    heard = Heard()
    assert orgopt.optimize("trio.md", **SMALL, callback=heard).finished
    assert any("No such file" in note for note in heard.notes)
    assert NOTICE_S < 60


WRONG = ["notify = 3", "[notify]\ncommand = 3", "[notify]\nurl = 'x'", "[notify]\ncommand = [1]"]


@pytest.mark.parametrize("text", WRONG)
def test_a_notice_that_is_not_understood_is_refused_before_anything_begins(lab: Path, text: str) -> None:
    (lab / "orgopt.toml").write_text(text + "\n")
    with pytest.raises(UsageError, match="notify"):
        orgopt.optimize("trio.md", **SMALL)
    assert not (lab / "mlruns").exists()


# What is kept


def test_everything_that_is_kept_is_listed_with_its_state(lab: Path) -> None:
    assert "Nothing is kept here yet" in said("list").output
    write_study(lab / "mlruns" / "studies" / "alpha", records(1, 2))
    write_study(lab / "mlruns" / "studies" / "broken", records(1, 2))
    log = lab / "mlruns" / "studies" / "broken" / "study.jsonl"
    log.write_text(log.read_text().replace("g00-c01", "g00-c09", 1))
    orgopt.run("trio.md", task="nk", budget="3s")
    (lab / "mlruns" / "runs" / "never").mkdir()
    (lab / "mlruns" / "runs" / "never" / "run.json").write_text("{}")
    found = {one["name"]: (one["result"], one["state"]) for one in told("list")["results"]}
    assert found == {
        "alpha": ("study", "done"), "broken": ("study", "damaged"),
        "trio-nk-s0": ("run", "done"), "never": ("run", "empty"),
    }  # fmt: skip
    shown = said("list").stdout
    assert all(name in shown for name in found)
    assert told("status", "alpha")["ending"]["title"] in " ".join(said("status", "alpha").stdout.split())
    assert "experiments" in said("status", "trio-nk-s0").stdout
    assert "no study, contest or run 'alhpa'" in said("status", "alhpa").output
    assert "did you mean 'alpha'" in said("status", "alhpa").output
    (left,) = leftovers()
    assert left.name == "never"


def test_a_run_that_is_at_work_is_running_and_nobody_else_goes_on_with_it(lab: Path) -> None:
    found = orgopt.run("trio.md", task="nk", budget="3s")
    with holding(found.folder / "run.json", "busy"):
        assert orgopt.find_result("trio-nk-s0").state == "running"
        with pytest.raises(StoreError, match="in use by another process"):
            orgopt.resume(found.folder)
        with pytest.raises(UsageError, match="at work there"):
            orgopt.remove([orgopt.find_result("trio-nk-s0")], workspace=lab)
    assert not is_held(found.folder / "run.json")
    assert orgopt.resume(found.folder).score == found.score


def test_results_are_removed_once_one_has_said_yes(lab: Path) -> None:
    folder = write_study(lab / "mlruns" / "studies" / "alpha", records(1, 2))
    orgopt.run("trio.md", task="nk", budget="3s")
    refused = said("rm", "alpha", text="n\n")
    assert folder.exists()
    assert refused.exit_code == 0
    assert "Nothing was removed." in refused.output
    assert "Nothing was removed." in said("rm", "alpha").output, "nobody is there who could answer"
    assert "Remove 1 result" in refused.output
    assert "needs --yes" in said("rm", "alpha", "--json").output
    size = size_of(folder)
    assert said("rm", "alpha", text="y\n").exit_code == 0
    assert not folder.exists()
    data = told("rm", "trio-nk-s0", "--yes")
    assert (data["removed"], data["mlflow_runs"], size > 1000) == (["trio-nk-s0"], 0, True)
    assert said("rm", "alpha", "--yes").exit_code == 2
    assert told("list")["results"] == []


def test_what_nothing_was_measured_in_is_cleaned_up(lab: Path) -> None:
    kept = write_study(lab / "mlruns" / "studies" / "alpha", records(1, 2))
    empty = lab / "mlruns" / "studies" / "begun"
    empty.mkdir()
    (empty / "lock").touch()
    (lab / "mlruns" / "studies" / "my-notes").mkdir()
    assert told("gc", "--yes")["removed"] == ["begun"]
    assert kept.exists()
    assert (lab / "mlruns" / "studies" / "my-notes").exists(), "what is nobody's is left alone"
    assert told("gc", "--yes")["removed"] == []


# Tail


@pytest.mark.slow
def test_tail_says_in_words_what_a_log_has(lab: Path) -> None:
    orgopt.optimize("trio.md", **SMALL)
    shown = said("tail", "live", "-n", "1000").stdout.splitlines()
    assert shown[0] == "study live begins"
    assert shown[-1].startswith("done: the champion is g0")
    assert sum(line.startswith("generation") for line in shown) == 2
    assert len(said("tail", "live", "-n", "3").stdout.splitlines()) <= 3
    logged = read_lines(lab / "mlruns" / "studies" / "live" / "study.jsonl")
    assert [json.loads(line) for line in said("tail", "live", "-n", "1000", "--json").stdout.splitlines()] == logged
    orgopt.run("trio.md", task="nk", budget="3s")
    run = said("tail", "-n", "1000").stdout
    assert "begins: 3 agents, 2 slots, 3 s" in run
    assert "the budget is spent" in run.splitlines()[-1]
    assert line_of({"kind": "of a later version"}) == ""


def test_tail_follows_what_runs_to_its_end(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_study(lab / "mlruns" / "studies" / "alpha", records(1, 2))
    text = (folder / "study.jsonl").read_bytes()
    lines = text.splitlines(keepends=True)
    (folder / "study.jsonl").write_bytes(b"".join(lines[:5]))
    (folder / "study.jsonl.end").unlink()
    (folder / "lock").touch()
    lock = holding(folder / "lock", "busy")
    lock.__enter__()

    def sleep(_: float) -> None:  # the writer goes on, and ends
        (folder / "study.jsonl").write_bytes(text)
        lock.__exit__(None, None, None)

    monkeypatch.setattr("orgopt.cli.tail.time.sleep", sleep)
    shown = said("tail", "alpha", "-n", "0").stdout.splitlines()
    assert shown[-1].startswith("done: the champion is")


# What a team is told


class Listening(orgopt.Callback):
    """Tells a run something when its first stand-up is over, and keeps its meetings."""

    def __init__(self) -> None:
        self.meetings: list[dict[str, Any]] = []

    def event(self, job: object, event: Any) -> None:
        if event.kind == "meeting":
            self.meetings.append(event.data)
            if len(self.meetings) == 1:
                assert said("tell", "trio-nk-s0", "leave X01 alone").exit_code == 0


def test_the_next_standup_hears_what_a_person_says_and_so_does_a_repetition(
    lab: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgopt.agents.base import Agent

    heard: list[str] = []
    monkeypatch.setattr(Agent, "hear", lambda self, text: heard.append(text))
    listening = Listening()
    found = orgopt.run("trio.md", task="nk", budget="30s", callback=listening)
    told = [meeting.get("told") for meeting in listening.meetings]
    assert told[:2] == [None, ["leave X01 alone"]]
    assert set(told[2:]) <= {None}, "once"
    assert heard == ["A person who follows this run says: leave X01 alone"] * len(listening.meetings[1]["agents"])
    whole = (found.folder / "ledger.jsonl").read_text()
    lines = whole.splitlines(keepends=True)
    place = next(number for number, line in enumerate(lines) if '"told"' in line)
    for cut in (place - 2, place + 3, len(lines)):  # before it was heard, after, at the end
        (found.folder / "ledger.jsonl").write_text("".join(lines[:cut]))
        heard.clear()
        orgopt.resume(found.folder)
        now = (found.folder / "ledger.jsonl").read_text().splitlines(keepends=True)
        assert now[:cut] == lines[:cut]
        assert sum('"told"' in line for line in now) == 1
        assert len(heard) == len(listening.meetings[1]["agents"])
    assert orgopt.verify(found.folder)[0].sound


def test_who_cannot_hear_is_not_told(lab: Path) -> None:
    found = orgopt.run("trio.md", task="nk", budget="3s")
    assert "nobody is left" in said("tell", "trio-nk-s0", "hello").output
    ledger = found.folder / "ledger.jsonl"
    ledger.write_text("".join(ledger.read_text().splitlines(keepends=True)[:5]))
    assert "policies hear it and do as before" in said("tell", "trio-nk-s0", "hello").output
    assert told("tell", "trio-nk-s0", "hello") == {
        "schema_version": 1, "kind": "told", "name": "trio-nk-s0", "understood": False,
    }  # fmt: skip
    assert "1 to 2000 characters" in said("tell", "trio-nk-s0", " ").output
    assert "1 to 2000 characters" in said("tell", "trio-nk-s0", "x" * 2001).output
    program = found.folder / "program.md"
    program.write_text("\n".join(line for line in TRIO.splitlines() if "Stand-up" not in line))
    assert "no stand-up" in said("tell", "trio-nk-s0", "hello").output
    write_study(lab / "mlruns" / "studies" / "alpha", records(1, 2))
    assert "name a run" in said("tell", "alpha", "hello").output


def test_a_command_to_repeat_has_what_the_settings_gave_and_no_hours(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []

    @click.command()
    @click.argument("path")
    @click.option("--task", multiple=True)
    @click.option("--budget", type=Duration())
    @click.option("--slots", type=int, default=2)
    @click.option("--until")
    @click.option("--max-hours", type=float)
    @click.option("--live", is_flag=True)
    @click.option("--tracking/--no-tracking", default=True)
    def study(**_: object) -> None:
        said.append(whole_command("orgopt"))

    words = ["a b.md", "--max-hours", "3", "--until=18:00", "--live", "--slots", "4"]
    monkeypatch.setattr("sys.argv", ["orgopt", "optimize", *words])
    given = {"task": ("nk", "digits"), "budget": "30s", "tracking": False, "max_hours": 2.0, "slots": 3}
    study.main(words, standalone_mode=False, default_map=given)
    assert said == ["orgopt optimize 'a b.md' --slots 4 --task nk --task digits --budget 30s --no-tracking"]


def test_the_best_so_far_of_a_search_never_falls() -> None:
    def standing(value: float, estimate: float) -> Standing:
        return Standing(value=value, error=0.1, estimate=estimate, doubt=0.1, seeds=5)

    progress = StudyProgress(err)
    progress.generations, progress.population, progress.begun, progress.phase = 2, 3, True, SEARCH
    shown: list[float] = []
    told = [(0.3, 0.3), (0.7, 0.4), (0.5, 0.45), (0.9, 0.42), (0.44, 0.46), (0.2, 0.25)]
    for number, (value, estimate) in enumerate(told):
        made = {"parent": None, "proposer": "tpe", "params": {}, "program": parse(TRIO), "changes": ()}
        candidate = Candidate(index=number, generation=0, **made)
        progress.told(candidate, standing(value, estimate), dropped=False)
        shown.append(float(progress.line().partition("best so far ")[2].split()[1]))
    assert shown == [0.3, 0.4, 0.45, 0.45, 0.46, 0.46]
