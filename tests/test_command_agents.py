"""Command agents: a script of the tests' own as the coding CLI, in real sandboxes and real git."""

import json
import os
import pickle
import re
import signal
import socket
import subprocess
import sys
import threading
import time
import tomllib
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orgopt.agents.command.toml_agents import CommandSettings, read_commands
from orgopt.agents.session import Language, Means
from orgopt.agents.thinking.spend import OverBudgetError
from orgopt.agents.toml_models import LanguageSettings
from orgopt.cli import main
from orgopt.document import lint, parse
from orgopt.document.editing.canonical import org_text
from orgopt.document.linting.lint import require_org
from orgopt.errors import SandboxError, StoreError, UsageError
from orgopt.lab.local import LocalLab
from orgopt.lab.sandbox import choice, files
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.lab.sandbox.find_bubblewrap import VARIABLE
from orgopt.ledger import Event, Ledger
from orgopt.org import Link, Org, Role, Standup
from orgopt.scoring.evaluation import evaluate
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from orgopt.team.desk import MAX_FAILED
from orgopt.team.repository import Repository
from orgopt.team.runtime import Team
from orgopt.testing.toy_task import TOY
from tests.conftest import ROOT
from tests.fakes.lab import FakeLab
from tests.fakes.processes import gone, needs_sandbox
from tests.test_minds import Strokes
from tests.test_words import noiseless

pytestmark = needs_sandbox

CLI = ROOT / "tests" / "fakes" / "coding_cli.py"
CANARY = "canary-0123456789abcdef"
HAND = Role(id="hand", name="Hand", agent="command:cli", charter="Turn what others leave alone.")
ALONE = Org(title="Lab", mission="Find the bottom.", roles=(HAND,))
TICK_S = 1.0
ONE_CALL_S = 1.015  # a thought begins at 0.01 s and takes a tick; the next would begin later


@pytest.fixture(autouse=True)
def nobody_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(choice.CHOICE, "")


class Ticks:
    """A clock by which each call takes a second, however busy the machine is."""

    def __init__(self) -> None:
        self.asked: dict[str, int] = {}

    def __call__(self) -> float:
        name = threading.current_thread().name
        self.asked[name] = self.asked.get(name, -1) + 1
        return self.asked[name] * TICK_S


def command(*words: str, **more: object) -> CommandSettings:
    given = {"read": (str(CLI),), "timeout_s": 60.0, **more}
    return CommandSettings(name="cli", command=(sys.executable, str(CLI), *words), **given)  # type: ignore[arg-type]


def run(
    task: Task,
    *words: str,
    org: Org = ALONE,
    lab: FakeLab | None = None,
    ledger: Ledger | None = None,
    folder: Path | None = None,
    budget_s: float = ONE_CALL_S,
    max_usd: float | None = None,
    clock: Callable[[], float] | None = None,
    resumed: bool = False,
    **more: object,
) -> Ledger:
    ledger = ledger or Ledger()
    settings = LanguageSettings(commands={"cli": command(*words, **more)}, max_usd=max_usd)
    with Language(org, settings, folder=folder, clock=clock or Ticks(), resumed=resumed) as language:
        lab = lab or FakeLab(task, slots=3, metric=noiseless)
        Team(org, task, lab, seed=1, ledger=ledger, language=language).run(budget_s)
    return ledger


def rewriting(task: Task) -> FakeLab:
    lab = FakeLab(task, slots=3, metric=noiseless)
    lab.takes_scripts = True
    return lab


def thoughts(ledger: Ledger) -> list[dict]:
    return [event.data for event in ledger.of("thought") if event.data["failure"] != "unfinished"]


# What commits become


def test_each_commit_becomes_an_experiment_and_its_subject_the_hypothesis(toy: Task) -> None:
    ledger = run(toy, "climb", budget_s=7)
    proposals = [event.data for event in ledger.of("proposal")]
    assert [one["knobs"]["X"] for one in proposals] == [0.28, 0.448, 0.5488, 0.6093][: len(proposals)]
    assert len(proposals) == 3
    assert {one["note"] for one in proposals} == {"X should be nearer to 0.7"}
    assert [one["parent"] for one in proposals] == [0, 1, 2]
    assert "script" not in proposals[0]
    for event, data in zip(ledger.of("thought"), thoughts(ledger), strict=False):
        assert event.t == pytest.approx(data["began"] + TICK_S)
        assert (data["ended"], data["exit_code"], data["said"]) == ("ok", 0, "moved X\n")
        assert data["commits"] == [["X should be nearer to 0.7", ""]]
    first = ledger.of("start")[0].data["language"]["hand"]
    assert first["command"] == "cli"
    assert first["sandbox"] == "bubblewrap"
    assert "Turn what others leave alone." in first["instructions"]


def test_several_commits_are_several_experiments_one_after_the_other(toy: Task) -> None:
    ledger = run(toy, "several", budget_s=3.5, max_experiments=2)
    proposals = ledger.of("proposal")
    assert [event.data["knobs"] for event in proposals] == [{"X": 0.4}, {"X": 0.5}]
    assert [event.t for event in proposals] == [pytest.approx(1.01), pytest.approx(2.01)]
    assert thoughts(ledger)[0]["unread"] == 3


def test_code_may_be_rewritten_where_scripts_are_run(toy: Task, tmp_path: Path) -> None:
    code = Repository(tmp_path / "code.git", toy)
    ledger = run(toy, "code", lab=rewriting(toy))
    (proposal,) = [event.data for event in ledger.of("proposal")]
    assert "import sys  # faster" in proposal["script"]
    for event in ledger.events:
        code.take(event)
    assert code.problem == ""
    shown = subprocess.run(
        ["git", "--git-dir", str(tmp_path / "code.git"), "show", "refs/discarded/1"], capture_output=True, text=True
    ).stdout
    assert "a comment helps" in shown
    assert "+import sys  # faster" in shown


def test_code_may_not_where_recorded_results_are_replayed(toy: Task) -> None:
    ledger = run(toy, "code")
    assert thoughts(ledger)[0]["failure"] == "invalid"
    assert "nothing but values of knobs may change" in thoughts(ledger)[0]["error"]


def test_what_was_left_uncommitted_is_one_more(toy: Task) -> None:
    ledger = run(toy, "uncommitted")
    (proposal,) = [event.data for event in ledger.of("proposal")]
    assert proposal["knobs"] == {"Y": 0.2}
    assert proposal["note"] == "uncommitted edits: I moved Y to its bottom"


def test_new_files_that_the_script_has_no_use_for_are_left_out(toy: Task) -> None:
    ledger = run(toy, "spare")
    assert [event.data["knobs"] for event in ledger.of("proposal")] == [{"X": 0.5}]


@pytest.mark.slow
def test_a_world_without_a_script_has_its_knobs_in_a_file() -> None:
    task = load_task("nk", ROOT)
    lab, ledger = FakeLab(task, metric=lambda settings, seed: (1.0, 1.0)), Ledger()
    with Language(ALONE, LanguageSettings(commands={"cli": command("flip")}), clock=Ticks()) as language:
        Team(ALONE, task, lab, seed=1, ledger=ledger, language=language).run(4)
    start, proposal, *_ = [event.data for event in ledger.of("proposal")]
    assert start["note"] == "starts at random"
    assert proposal["note"] == "turn the first that is off"
    assert list(proposal["knobs"].values()) == [1]


USELESS = {
    "nothing": ("no_commit", "changed nothing"),
    "other": ("other_files", "changes prepare.py: only train.py"),
    "added": ("other_files", "changes helper.py: only train.py"),
    "syntax": ("invalid", "would not compile"),
    "range": ("invalid", "outside its range"),
    "gone": ("invalid", ""),
    "vandal": ("lost", "its repository cannot be read"),
    "exit": ("exit_code", "exit code 3: cannot go on"),
}


@pytest.mark.sweep(3)
@pytest.mark.parametrize(("mode", "expected"), USELESS.items(), ids=USELESS)
def test_what_cannot_be_used_is_a_failure_that_says_why(
    toy: Task, mode: str, expected: tuple[str, str], request: pytest.FixtureRequest
) -> None:
    ledger = run(toy, mode, lab=rewriting(toy))
    (data,) = thoughts(ledger)
    assert data["failure"] == expected[0]
    assert expected[1] in data["error"]
    assert not ledger.of("proposal")


def test_what_is_outside_the_focus_is_refused(toy: Task) -> None:
    ledger = run(toy, "focus", org=replace(ALONE, roles=(replace(HAND, focus=("point",)),)))
    assert "SCALE is outside your focus" in thoughts(ledger)[0]["error"]


@pytest.mark.slow
def test_commits_that_can_be_used_count_beside_those_that_cannot(toy: Task) -> None:
    ledger = run(toy, "mixed")
    assert [event.data["knobs"] for event in ledger.of("proposal")] == [{"X": 0.6}]
    (refused, _), (kept, reason) = thoughts(ledger)[0]["commits"]
    assert (refused, kept, reason) == ("far out", "nearer", "")


def test_work_that_was_committed_counts_when_the_command_then_failed(toy: Task) -> None:
    ledger = run(toy, "exit", "commit")
    assert [event.data["note"] for event in ledger.of("proposal")] == ["then it failed"]
    assert thoughts(ledger)[0]["exit_code"] == 3


@pytest.mark.slow
def test_after_five_failures_an_agent_has_given_up_and_others_go_on(toy: Task) -> None:
    org = replace(ALONE, roles=(HAND, Role(id="other", name="Other", agent="hill-climb")))
    ledger = run(toy, "nothing", org=org, budget_s=9)
    assert [data["failure"] for data in thoughts(ledger)] == ["no_commit"] * MAX_FAILED
    assert {event.data["agent"] for event in ledger.of("proposal")} == {"other-1"}
    assert max(event.t for event in ledger.of("outcome")) > 7


# What it is told


@pytest.mark.sweep(3)
@pytest.mark.parametrize("where", ["file", "argument", "stdin"])
def test_it_is_told_its_charter_its_task_and_what_it_knows(toy: Task, where: str) -> None:
    words = {"file": ("{prompt_file}", "{model}"), "argument": ("/dev/null", "{prompt}"), "stdin": ("-", "{script}")}
    org = replace(ALONE, roles=(replace(HAND, model="big", persona="You are careful."),))
    ledger = run(toy, "told", *words[where], org=org, max_output_kb=64)
    (data,) = thoughts(ledger)
    said = data["said"]
    for text in ("You are careful.", "Turn what others leave alone.", "Find the bottom.", "X=0.0 (0…1)"):
        assert text in said
    assert "train.py as it stands in the baseline (val_loss 0.5)" in said
    assert "the last 3 at most" in said
    assert "values of its knobs, and nothing else" in said
    assert said.rstrip().endswith(
        {"file": "big", "argument": 'what should help, and why"`', "stdin": "train.py"}[where]
    )
    told = ledger.of("thinking")[0].data["told"]
    assert set(told) == {"settings", "known", "inbox", "left"}


@pytest.mark.slow
def test_it_is_told_how_its_last_experiment_went_and_why_its_last_call_gave_none(toy: Task) -> None:
    went = thoughts(run(toy, "told", "{prompt_file}", "x", budget_s=3.5, max_output_kb=64))[-1]["said"]
    assert re.search(
        r"## How your last experiment went\n\n#1 gave 0\.\d+, the baseline 0\.5.*; you said: as told", went
    )
    assert "gave no experiment" not in went
    told = run(toy, "nothing", budget_s=3.5).of("thinking")[-1].data["told"]
    assert told["failed"] == "it changed nothing\nit changed nothing"


@pytest.mark.slow
def test_its_repository_has_the_start_and_the_baseline_and_nothing_of_others(toy: Task) -> None:
    org = replace(ALONE, roles=(HAND, Role(id="other", name="Other", agent="random")))
    ledger = run(toy, "history", org=org, budget_s=5.5)
    first, second = thoughts(ledger)[:2]
    assert first["said"].splitlines()[0] == "baseline"
    assert "'prepare.py', 'train.py'" in first["said"]
    assert second["said"].splitlines()[:2] == ["experiment 2 (val_loss 0.1864)", "baseline"]


# Others


@pytest.mark.slow
def test_a_stand_up_takes_its_latest_hypotheses_for_its_report(toy: Task) -> None:
    lead = Role(id="lead", name="Lead", agent="command:cli")
    links = (Link(source="hand", target="lead", kind="reports to"),)
    org = replace(ALONE, roles=(lead, HAND), links=links, standup=Standup(every=4, unit="experiments", share=1))
    ledger = run(toy, "climb", org=org, budget_s=8)
    (met, *_) = ledger.of("meeting")
    assert "X should be nearer to 0.7" in met.data["reports"]["hand-1"]
    later = [e.data["told"] for e in ledger.of("thinking") if e.t > met.t and e.data["agent"] == "lead-1"]
    assert "hand-1 reports: experiment" in later[0]["inbox"]


@pytest.mark.slow
def test_it_reviews_by_running_again(toy: Task) -> None:
    roles = (Role(id="lead", name="Lead", agent="command:cli"), Role(id="hand", name="Hand", agent="hill-climb"))
    links = (Link(source="lead", target="hand", kind="reviews"), Link(source="hand", target="lead", kind="reports to"))
    ledger = run(toy, "focus", org=replace(ALONE, roles=roles, links=links), budget_s=9)
    notes = [e.data["note"] for e in ledger.of("proposal") if e.data["agent"] == "lead-1"]
    assert any(note.startswith("replicates ") for note in notes)
    submitted = {e.data["id"] for e in ledger.of("submission")}
    assert submitted - {0}


# Time, output, reach


@pytest.mark.sweep(2)
@pytest.mark.parametrize("kind", list(Sandbox))
def test_a_command_that_hangs_is_ended_with_all_that_it_started(toy: Task, kind: Sandbox) -> None:
    choice.choose(kind)
    mark = f"cli-child-{kind}-{os.getpid()}"
    began = time.monotonic()
    ledger = run(toy, "hang", mark, timeout_s=1.0)
    assert gone(mark, within_s=0)
    assert time.monotonic() - began < 20
    (data,) = thoughts(ledger)
    assert (data["failure"], data["said"]) == ("timeout", "hanging\n")
    assert not ledger.of("proposal")


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(Sandbox))
def test_the_end_comes_at_most_two_seconds_after_the_limit(toy: Task, kind: Sandbox) -> None:
    choice.choose(kind)
    ledger = run(toy, "hang", f"late-{os.getpid()}", timeout_s=3.0, budget_s=4.9, clock=time.perf_counter)
    (data,) = thoughts(ledger)
    assert data["failure"] == "timeout"
    assert 3.0 <= data["seconds"] < 5.0


@pytest.mark.slow
def test_what_was_committed_before_the_limit_counts_and_the_rest_does_not(toy: Task) -> None:
    ledger = run(toy, "hang", f"kept-{os.getpid()}", "commit", timeout_s=2.0)
    (proposal,) = [event.data for event in ledger.of("proposal")]
    assert (proposal["note"], proposal["knobs"]) == ("before the hang", {"X": 0.2})
    assert thoughts(ledger)[0]["ended"] == "timeout"
    assert thoughts(ledger)[0]["failure"] == ""


@pytest.mark.slow
def test_a_command_in_flight_ends_with_the_run_which_keeps_what_it_did(toy: Task, tmp_path: Path) -> None:
    mark = f"cli-flight-{os.getpid()}"
    lab = FakeLab(toy)
    lab.virtual = False  # so that its thoughts are not waited for

    def now() -> float:
        lab.time += 0.05
        time.sleep(0.05)
        return lab.time

    lab.now = now  # type: ignore[method-assign]
    began = time.monotonic()
    ledger = run(toy, "hang", mark, "commit", lab=lab, timeout_s=100.0, budget_s=3, folder=tmp_path)
    assert time.monotonic() - began < 30
    assert gone(mark, within_s=0)
    (cut,) = [event.data for event in ledger.of("thought")]
    assert (cut["failure"], cut["ended"]) == ("unfinished", "stopped")
    assert cut["printed"] == "hanging\n"
    assert cut["commits"] == [["before the hang", ""]]
    assert not ledger.of("proposal")


def test_a_megabyte_of_noise_is_cut_to_its_ends(toy: Task, tmp_path: Path) -> None:
    ledger = run(toy, "noise", folder=tmp_path, max_output_kb=8)
    said = thoughts(ledger)[0]["said"]
    assert said.startswith("first line\n")
    assert said.endswith("last line\n")
    assert "bytes …" in said
    assert len(said.encode()) < 3 * 8 * 1024  # a byte that is no text takes three
    assert [event.data["note"] for event in ledger.of("proposal")] == ["loud"]
    assert (tmp_path / "answers.jsonl").stat().st_size < 128 * 1024


def test_no_secret_is_seen_but_those_that_are_given_and_none_is_kept(
    toy: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = tmp_path / "secret.txt"
    outside.write_text(f"file {CANARY}")
    monkeypatch.setenv("OTHER_KEY", f"other-{CANARY}")
    monkeypatch.setenv("GIVEN_KEY", f"given-{CANARY}")
    home = str(Path.home() / ".bashrc")
    places = (
        str(outside),
        f"/proc/{os.getpid()}/environ",
        "/proc/1/environ",
        home,
        "/etc/shadow",
        str(ROOT / "README.md"),
    )
    folder = tmp_path / "run"
    ledger = Ledger(folder / "ledger.jsonl")
    run(toy, "spy", *places, ledger=ledger, folder=folder, env=("GIVEN_KEY",), max_output_kb=128)
    ledger.close()
    said = thoughts(ledger)[0]["said"]
    assert "GIVEN_KEY=***" in said
    assert "OTHER_KEY" not in said
    assert f"{outside}: " in said
    assert ledger.of("proposal")[0].data["note"] == "looked around: ***"
    for path in folder.rglob("*"):
        assert not path.is_file() or CANARY not in path.read_text()


def test_a_script_that_keeps_a_secret_is_refused(toy: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIVEN_KEY", f"given-{CANARY}")
    ledger = run(toy, "leak", lab=rewriting(toy), folder=tmp_path, env=("GIVEN_KEY",))
    assert thoughts(ledger)[0]["failure"] == "secret"
    assert CANARY not in (tmp_path / "answers.jsonl").read_text()


def test_what_a_task_hides_from_experiments_is_hidden_from_commands() -> None:
    task = load_task("digits", ROOT)
    places = files.hidden(task)
    assert places
    assert all(Path(place).stat().st_size > 1000 for place in places)
    code = "import pathlib, sys; print([len(pathlib.Path(one).read_bytes()) for one in sys.argv[1:]])"
    settings = CommandSettings(name="cli", command=(sys.executable, "-c", code, *places))
    lab, ledger = FakeLab(task, metric=lambda settings, seed: (1.0, 1.0)), Ledger()
    with Language(ALONE, LanguageSettings(commands={"cli": settings}), clock=Ticks()) as language:
        Team(ALONE, task, lab, seed=1, ledger=ledger, language=language).run(task.think_s + 1.001)
    assert thoughts(ledger)[0]["said"] == f"{[0] * len(places)}\n"


@pytest.mark.parametrize("allowed", [False, True])
def test_the_network_is_there_only_where_it_is_allowed(toy: Task, allowed: bool) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        ledger = run(toy, "network", str(server.getsockname()[1]), network=allowed)
        said = thoughts(ledger)[0]["said"]
        assert ("network: reached" in said) == allowed
        if not allowed:
            with pytest.raises(BlockingIOError):
                server.accept()


def test_what_it_does_to_its_repository_reaches_nobody(toy: Task) -> None:
    ledger = run(toy, "forge")
    assert thoughts(ledger)[0]["commits"] == [["forged", ""], ["uncommitted edits", ""]]
    assert not Path("/tmp/ran").exists()


def test_folders_may_be_shown_and_those_of_the_home_are_found_there(
    toy: Task, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    (home / ".my-cli").mkdir(parents=True)
    (home / ".my-cli" / "config").write_text("hello from home")
    (home / ".my-cli").chmod(0o777)
    monkeypatch.setenv("HOME", str(home))
    code = (
        "import pathlib as p; h = p.Path.home(); print(h); print((h / '.my-cli/config').read_text()); "
        "(h / '.my-cli/seen').write_text('x'); (h / 'cache').mkdir(); print(sorted(x.name for x in h.iterdir()))"
    )
    settings = CommandSettings(name="cli", command=(sys.executable, "-c", code), write=(str(home / ".my-cli"),))
    ledger = Ledger()
    with Language(ALONE, LanguageSettings(commands={"cli": settings}), clock=Ticks()) as language:
        Team(ALONE, toy, FakeLab(toy), seed=1, ledger=ledger, language=language).run(ONE_CALL_S)
    said = thoughts(ledger)[0]["said"].splitlines()
    assert said[0] != str(home)
    assert said[1:] == ["hello from home", "['.my-cli', 'cache']"]
    assert (home / ".my-cli" / "seen").read_text() == "x"


def test_the_weaker_sandbox_is_stamped(toy: Task) -> None:
    choice.choose(Sandbox.PROCESS)
    ledger = run(toy, "climb")
    assert ledger.of("start")[0].data["language"]["hand"]["sandbox"] == "process"
    assert [event.data["note"] for event in ledger.of("proposal")] == ["X should be nearer to 0.7"]


@pytest.mark.fault
def test_memory_is_bounded(toy: Task) -> None:
    ledger = run(toy, "hog", memory_gb=0.5, timeout_s=30.0)
    assert thoughts(ledger)[0]["failure"] == "memory"


@pytest.mark.fault
@pytest.mark.parametrize("kind", list(Sandbox))
def test_no_command_outlives_a_killed_run(tmp_path: Path, kind: Sandbox) -> None:
    choice.choose(kind)  # in the environment, which it hands on
    mark = f"cli-orphan-{kind}-{os.getpid()}"
    workspace(tmp_path, "hang", mark)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "orgopt",
            "run",
            "lab.md",
            "--task",
            str(TOY),
            "--budget",
            "60s",
        ],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 30
    while gone(mark, within_s=0) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not gone(mark, within_s=0), "it never started"
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert gone(mark, within_s=5)


# Money and records


@pytest.mark.slow
def test_calls_are_booked_and_a_limit_is_hard(toy: Task, tmp_path: Path) -> None:
    ledger = run(toy, "climb", folder=tmp_path, budget_s=20, usd_per_call=0.4, max_usd=1.0)
    assert [data["usd"] for data in thoughts(ledger)] == [0.4, 0.4, 0.0]
    assert thoughts(ledger)[-1]["failure"] == "over_budget"
    assert sum(1 for line in (tmp_path / "spend.jsonl").read_text().splitlines() if "settle" in line) == 2
    assert "$1.00" in ledger.of("thinking")[0].data["told"]["left"]
    with pytest.raises(UsageError, match="usd_per_call into"):
        run(toy, "climb", max_usd=1.0)


@pytest.mark.slow
def test_a_recorded_run_is_repeated_from_any_event_on_without_a_call(toy: Task, tmp_path: Path) -> None:
    lead = Role(id="lead", name="Lead", agent="command:cli")
    links = (Link(source="hand", target="lead", kind="reports to"),)
    org = replace(ALONE, roles=(lead, HAND), links=links, standup=Standup(every=3, unit="experiments", share=2))
    whole = run(toy, "several", org=org, folder=tmp_path, budget_s=4, clock=Strokes()).events
    assert {"thought", "proposal", "meeting", "outcome", "end"} <= {event.kind for event in whole}
    asked = (tmp_path / "answers.jsonl").read_text()
    for cut in (*range(1, len(whole), 5), len(whole)):
        again = run(toy, "exit", org=org, folder=tmp_path, ledger=Ledger(events=whole[:cut]), budget_s=4)
        assert again.events == whole, f"cut after {cut}"
    assert (tmp_path / "answers.jsonl").read_text() == asked
    with pytest.raises(StoreError, match=r"answers\.jsonl lacks an answer to"):
        run(toy, "several", org=org, ledger=Ledger(events=whole), budget_s=4)


def test_settings_reach_the_processes_of_a_study(toy: Task, tmp_path: Path) -> None:
    given = LanguageSettings(commands={"cli": command("climb", usd_per_call=0.4)}, max_usd=1.0)
    means = pickle.loads(pickle.dumps(Means(settings=given, account=tmp_path / "spend.jsonl")))
    with means.open(ALONE) as language:
        assert language.settings == replace(given, max_usd=None), "agents are not told of a limit that all runs share"
        assert language.spend.max_usd == 1.0
    text = "# Lab\n\n## Roles\n\n### Hand\n- **Agent:** command:cli\n"
    with pytest.raises(OverBudgetError, match="could not think on"):
        evaluate(parse(text), toy, FakeLab(toy), budget_s=60, seed=1, verify_seeds=1, means=means)


# What is refused before anything begins


def refused(settings: CommandSettings | None, role: Role = HAND, **environ: str) -> str:
    commands = {"cli": settings} if settings else {}
    with pytest.raises(UsageError) as error:
        Language(replace(ALONE, roles=(role,)), LanguageSettings(commands=commands), environ=environ)
    return str(error.value)


def test_what_is_not_declared_or_not_there_is_refused(tmp_path: Path) -> None:
    assert (
        "Hand runs the command 'cli', which is not declared: put into orgopt.toml\n  [agents.cli]\n  command = [\""
        in (refused(None))
    )
    assert "passes on MY_KEY, which is not set" in refused(command("climb", env=("MY_KEY",)))
    assert "has {model}, and Hand names none" in refused(command("climb", "{model}"))
    assert "read or write has /no/such, which is not there" in refused(command("climb", write=("/no/such",)))
    missing = CommandSettings(name="cli", command=("no-such-cli",))
    assert "[agents.cli] of orgopt.toml: there is no program 'no-such-cli'" in refused(missing)
    own = tmp_path / "bin" / "own-cli"
    own.parent.mkdir()
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    hidden = CommandSettings(name="cli", command=(str(own),))
    assert f'the sandbox hides {own}: add read = ["{own.parent}"]' in refused(hidden)
    choice.choose(Sandbox.PROCESS)
    Language(ALONE, LanguageSettings(commands={"cli": hidden})).close()


def test_without_bubblewrap_nothing_begins(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    with pytest.raises(SandboxError, match="command agents run in a sandbox, and"):
        Language(ALONE, LanguageSettings(commands={"cli": CommandSettings(name="cli", command=("true",))}))


WRONG = {
    "a list": ("x", "needs a command, such as command ="),
    "no command": ({"timeout_s": 3}, "needs a command"),
    "a text": ({"command": "claude -p"}, "must be a list of texts"),
    "empty": ({"command": []}, "is empty"),
    "placeholder": ({"command": ["x", "{promt}"]}, "{promt}, which stands for nothing: {prompt}, {prompt_file}"),
    "option": ({"command": ["x"], "shell": True}, "has no option 'shell': command, timeout_s"),
    "timeout": ({"command": ["x"], "timeout_s": 0}, "timeout_s must be a number above zero"),
    "infinite": ({"command": ["x"], "timeout_s": float("inf")}, "must be a number above zero"),
    "a secret": ({"command": ["x"], "env": ["KEY=sk-1"]}, "secrets belong into the environment"),
    "network": ({"command": ["x"], "network": "yes"}, "network must be true or false"),
    "relative": ({"command": ["x"], "read": ["data"]}, "write an absolute path"),
    "the root": ({"command": ["x"], "write": ["/"]}, "write an absolute path"),
    "output": ({"command": ["x"], "max_output_kb": 129}, "a whole number from 1 to 128"),
    "dollars": ({"command": ["x"], "usd_per_call": -1}, "a number of dollars"),
    "experiments": ({"command": ["x"], "max_experiments": 1.5}, "a whole number from 1 to 10"),
}


@pytest.mark.parametrize(("given", "message"), WRONG.values(), ids=WRONG)
def test_wrong_tables_are_refused_with_what_to_write(given: object, message: str) -> None:
    with pytest.raises(UsageError, match=r"orgopt\.toml: \[agents\.my-cli\]") as error:
        read_commands({"my-cli": given})
    assert message in str(error.value)


def test_names_are_those_that_documents_can_write(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="my-cli"):
        read_commands({"My CLI": {"command": ["x"]}})
    found = read_commands({"c": {"command": ["x", "{a: 1}"], "read": [str(tmp_path)], "usd_per_call": 0}})["c"]
    assert (found.command, found.read, found.usd_per_call) == (("x", "{a: 1}"), (str(tmp_path),), 0.0)
    assert CommandSettings.of(json.loads(json.dumps(asdict(found)))) == found


def test_the_presets_of_the_docs_are_understood() -> None:
    page = (ROOT / "docs" / "how-to" / "command-agents.md").read_text()
    presets: dict[str, CommandSettings] = {}
    for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL):
        presets |= read_commands(tomllib.loads(block)["agents"])
    small = {"aider-small", "mini-small"}
    assert {"claude", "codex", "aider", "gemini", "mini", "opencode", "qwen", "script"} | small == set(presets)
    # Each gets the prompt in one way; of codex's `-` it is standard input.
    assert [name for name, one in presets.items() if not (one.uses("prompt") or one.uses("prompt_file"))] == ["codex"]


def test_documents_name_a_command_and_nothing_of_it() -> None:
    text = "# Lab\n\n## Roles\n\n### Hand\n- **Headcount:** 1\n- **Agent:** {}\n\nWork as well as you can.\n"
    org = require_org(parse(text.format("Command: My CLI")))
    assert org.roles[0].agent == "command:my-cli"
    found = [(one.code, one.severity) for one in lint(parse(text.format("command:my-cli")))]
    assert found == [("ORG043", "info")]
    wrong = lint(parse(text.format("command:")))
    assert [one.code for one in wrong] == ["ORG011"]
    assert require_org(parse(org_text(org))) == org
    table = "# Lab\n\n## Roles\n\n| Role | Agent |\n|---|---|\n| Hand | command:my-cli |\n| Eye | tpe |\n"
    assert [role.agent for role in require_org(parse(table)).roles] == ["command:my-cli", "tpe"]
    remembers = lint(parse(text.format("command:x\n- **Memory:** lasting\n- **Persona:** Calm.\n- **Model:** m")))
    assert [one.code for one in remembers] == ["ORG043", "ORG007"]


# From the command line


def workspace(folder: Path, *words: str) -> None:
    (folder / "lab.md").write_text("# Lab\n\nFind the bottom.\n\n## Roles\n\n### Hand\n- **Agent:** command:cli\n")
    listed = json.dumps([sys.executable, str(CLI), *words])
    (folder / "orgopt.toml").write_text(f'[agents.cli]\ncommand = {listed}\nread = ["{CLI}"]\n')


def orgopt(*words: str) -> Result:
    return CliRunner().invoke(main, words, catch_exceptions=False)


@pytest.mark.slow
def test_a_run_of_real_experiments_is_scored_kept_and_repeated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    workspace(tmp_path, "climb")
    asked = (
        "run",
        "lab.md",
        "--task",
        str(TOY),
        "--budget",
        "4s",
        "--slots",
        "1",
        "--json",
    )
    result = orgopt(*asked)
    assert result.exit_code == 0, result.stderr
    printed = json.loads(result.stdout)
    folder = Path(printed["folder"])
    assert printed["score"]["experiments"]["ok"] >= 1
    assert printed["score"]["agent_s"] > 0
    log = subprocess.run(
        ["git", "--git-dir", str(folder / "code.git"), "log", "--format=%B", "kept"], capture_output=True, text=True
    ).stdout
    assert "X should be nearer to 0.7" in log
    workspace(tmp_path, "exit")  # another command: it is not asked
    (tmp_path / "orgopt.toml").write_text("")
    again = orgopt("run", "--resume", str(folder), "--json")
    assert again.exit_code == 0, again.stderr
    assert json.loads(again.stdout)["score"] == printed["score"]


def test_a_run_without_its_command_is_refused_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    workspace(tmp_path, "climb")
    (tmp_path / "orgopt.toml").write_text("")
    result = orgopt("run", "lab.md", "--task", str(TOY), "--budget", "1s")
    assert result.exit_code == 2
    assert "[agents.cli]" in result.stderr
    assert not (tmp_path / "mlruns").exists()


@pytest.mark.parametrize(
    "words",
    [
        ("compare", "lab.md", "optuna:random", "--task", "nk", "--budget", "12s", "--seeds", "2"),
        ("optimize", "lab.md", "--task", "nk", "--budget", "12s", "--no-tracking"),
    ],
    ids=["compare", "optimize"],
)
def test_contests_and_studies_are_refused_likewise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    monkeypatch.chdir(tmp_path)
    workspace(tmp_path, "climb")
    (tmp_path / "orgopt.toml").write_text("")
    result = orgopt(*words)
    assert result.exit_code == 2
    assert "[agents.cli]" in result.stderr
    assert not (tmp_path / "mlruns").exists()


@pytest.mark.slow
def test_a_contest_runs_commands_on_one_account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    workspace(tmp_path, "flip")
    task = ("--task", "nk", "--lab", "replay", "--budget", "12s", "--seeds", "2", "--workers", "1")
    result = orgopt("compare", "lab.md", "optuna:random", *task, "--json")
    assert result.exit_code == 0, result.output
    folder = Path(json.loads(result.stdout)["folder"])
    assert "settle" in (folder / "spend.jsonl").read_text()


@pytest.mark.slow
def test_a_run_that_was_cut_short_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    workspace(tmp_path, "several")
    asked = (
        "run",
        "lab.md",
        "--task",
        str(TOY),
        "--budget",
        "8s",
        "--slots",
        "1",
        "--json",
    )
    folder = Path(json.loads(orgopt(*asked).stdout)["folder"])
    lines = (folder / "ledger.jsonl").read_text().splitlines(keepends=True)
    cut = next(at for at, line in enumerate(lines) if '"id": 2' in line and '"proposal"' in line)
    (folder / "ledger.jsonl").write_text("".join(lines[: cut + 1]))
    again = orgopt("run", "--resume", str(folder), "--json")
    assert again.exit_code == 0, again.stderr
    whole = (folder / "ledger.jsonl").read_text().splitlines(keepends=True)
    assert whole[: cut + 1] == lines[: cut + 1]
    found = [json.loads(line) for line in whole]
    assert [one["note"] for one in found if one["kind"] == "proposal"][:3] == ["X is 0.3", "X is 0.4", "X is 0.5"]
    assert found[-1]["kind"] == "end"


@pytest.mark.slow
def test_code_that_a_command_wrote_is_trained_and_judged(toy: Task) -> None:
    settings = LanguageSettings(commands={"cli": command("code")})
    ledger = Ledger()
    lab = LocalLab(toy, slots=1)
    try:
        with Language(ALONE, settings) as language:
            Team(ALONE, toy, lab, seed=1, ledger=ledger, language=language).run(4)
    finally:
        lab.close()
    done: list[Event] = ledger.of("outcome")
    assert done
    assert ledger.of("proposal")[0].data["script"].count("# faster") == 1
