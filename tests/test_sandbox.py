"""Choosing the sandbox, what it is started with, and what happens where it cannot be had."""

import json
import os
import signal
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orgopt.cli import main
from orgopt.errors import SandboxError, TaskError, UsageError
from orgopt.lab.base import Experiment, Outcome, Status
from orgopt.lab.local import LocalLab
from orgopt.lab.sandbox import bubblewrap_line as wrap
from orgopt.lab.sandbox import choice, launch
from orgopt.lab.sandbox import find_bubblewrap as bubblewrap
from orgopt.lab.sandbox.choice import CHOICE, Sandbox, chosen
from orgopt.lab.sandbox.find_bubblewrap import VARIABLE
from orgopt.lab.sandbox.inside import isolate, seccomp
from orgopt.lab.sandbox.inside.start import ISOLATION_FAILED, check_isolation
from orgopt.tasks.experiment_limits import Limits
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from orgopt.testing.lab import drain
from tests.conftest import ROOT
from tests.fakes import callers
from tests.fakes.processes import needs_sandbox

SOLO = str(ROOT / "orgs" / "solo.md")
TOY = str(ROOT / "orgopt" / "testing" / "toy")


@pytest.fixture(autouse=True)
def nobody_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CHOICE, "")  # and whatever a command chooses is undone


def program(path: Path, script: str = "exit 0") -> Path:
    """A program that says nothing of its own."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def orgopt(*args: str | Path) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def test_bubblewrap_is_the_default_and_others_are_named() -> None:
    assert chosen() is Sandbox.BUBBLEWRAP
    choice.choose("process")
    assert chosen() is Sandbox.PROCESS
    choice.choose("chroot")
    with pytest.raises(UsageError, match="choose bubblewrap or process"):
        chosen()


@pytest.mark.parametrize(
    ("end", "code"),
    [(lambda: os.kill(os.getpid(), signal.SIGKILL), 128 + signal.SIGKILL), (lambda: os._exit(1), ISOLATION_FAILED)],
)
def test_a_probe_that_was_killed_says_nothing_about_the_sandbox(
    monkeypatch: pytest.MonkeyPatch, end: Callable[[], None], code: int
) -> None:
    monkeypatch.setattr(isolate, "enter", lambda *_: end())
    with pytest.raises(SystemExit) as ended:
        check_isolation({"limits": {}, "hidden": []})
    assert ended.value.code == code
    assert (launch.failure(Sandbox.BUBBLEWRAP, code, "no message") is not None) == (code == ISOLATION_FAILED)


def test_without_bubblewrap_nothing_runs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, toy: Task) -> None:
    program(tmp_path / "bin" / "apt-get")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(bubblewrap, "_of_environment", list)
    with pytest.raises(SandboxError, match="apt-get install bubblewrap"):
        LocalLab(toy, slots=1)
    document = tmp_path / "solo.md"
    document.write_text(Path(SOLO).read_text())
    result = orgopt("run", document, "--task", TOY, "--budget", "1s")
    assert result.exit_code == 5
    assert "--sandbox process" in result.stderr
    assert "Traceback" not in result.output
    assert not list(tmp_path.rglob("ledger.jsonl")), "no experiment was run, and no empty run is left"


@pytest.mark.slow
@needs_sandbox
def test_a_run_that_is_resumed_in_vain_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    document = tmp_path / "solo.md"
    document.write_text(Path(SOLO).read_text())
    done = orgopt("run", document, "--task", TOY, "--budget", "0.5s", "--slots", "1", "--json")
    folder = Path(json.loads(done.stdout)["folder"])
    (folder / "ledger.jsonl").write_text("")  # as of a run that was killed at once
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert orgopt("run", "--resume", folder).exit_code == 5
    assert (folder / "program.md").is_file()


def test_a_sandbox_that_does_not_hold_is_told_from_a_broken_task() -> None:
    assert launch.failure(Sandbox.BUBBLEWRAP, 1, "bwrap: No permissions to create a new namespace")
    assert launch.failure(Sandbox.BUBBLEWRAP, ISOLATION_FAILED, "experiments cannot be isolated: unshare")
    assert launch.failure(Sandbox.BUBBLEWRAP, 1, "ModuleNotFoundError: No module named 'x'") is None
    assert launch.failure(Sandbox.PROCESS, ISOLATION_FAILED, "bwrap: x") is None


@pytest.mark.slow
def test_the_weaker_sandbox_is_stamped_on_everything(tmp_path: Path) -> None:
    document = tmp_path / "solo.md"
    document.write_text(Path(SOLO).read_text())
    result = orgopt("run", document, "--task", TOY, "--budget", "2s", "--sandbox", "process", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["score"]["lab"]["sandbox"] == found["sandbox"] == "process"
    ledger = (Path(found["folder"]) / "ledger.jsonl").read_text()
    assert json.loads(ledger.splitlines()[0])["lab"]["sandbox"] == "process"


@needs_sandbox
@pytest.mark.slow
def test_a_run_resumes_in_its_own_sandbox(tmp_path: Path) -> None:
    document = tmp_path / "solo.md"
    document.write_text(Path(SOLO).read_text())
    first = json.loads(
        orgopt("run", document, "--task", TOY, "--budget", "1s", "--sandbox", "process", "--json").stdout
    )
    again = orgopt("run", "--resume", first["folder"], "--json")
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["score"]["lab"]["sandbox"] == "process"


@pytest.mark.slow
def test_settings_choose_the_sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "solo.md").write_text(Path(SOLO).read_text())
    (tmp_path / "orgopt.toml").write_text('[run]\nsandbox = "process"\n')
    monkeypatch.chdir(tmp_path)
    result = orgopt("run", "solo.md", "--task", TOY, "--budget", "1s", "--json")
    assert json.loads(result.stdout)["score"]["lab"]["sandbox"] == "process"
    os.environ[CHOICE] = ""  # as in another process
    (tmp_path / "orgopt.toml").write_text('[run]\nsandbox = "none"\n')
    assert orgopt("run", "solo.md", "--task", TOY, "--budget", "1s").exit_code == 2


def test_no_secret_is_passed_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, toy: Task) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    env = launch.start(Sandbox.PROCESS, toy, tmp_path).env
    assert "canary" not in repr(dict(env))
    assert set(env) <= {
        *("PATH", "HOME", "TMPDIR", "USER", "LOGNAME", "OMP_NUM_THREADS", "PYTHONDONTWRITEBYTECODE"),
        *("LANG", "LC_ALL", "LD_LIBRARY_PATH", "TZ"),
    }


@needs_sandbox
def test_what_bubblewrap_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, toy: Task) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    start = launch.start(Sandbox.BUBBLEWRAP, toy, tmp_path)
    assert "canary" not in repr((start.command, dict(start.env)))
    line = list(start.command[: start.command.index("--")])
    for option in ("--unshare-pid", "--unshare-net", "--unshare-ipc", "--die-with-parent", "--new-session"):
        assert option in line
    assert ("--unshare-user" in line) == (os.getuid() != 0)
    assert [line[at + 1] for at, word in enumerate(line) if word == "--bind"] == [str(tmp_path / "results")]
    bound = {line[at + 1] for at, word in enumerate(line) if word == "--ro-bind"}
    assert not bound & {"/", "/home", "/root", "/etc", "/var", str(Path.home()), str(ROOT)}


@needs_sandbox
def test_a_tasks_recordings_are_hidden(tmp_path: Path) -> None:
    line = launch.start(Sandbox.BUBBLEWRAP, load_task("digits", ROOT), tmp_path).command
    hidden = {line[at + 2] for at, word in enumerate(line) if word == "--ro-bind" and line[at + 1] == "/dev/null"}
    names = ("records.parquet", "records.parquet.sha256", "world.json", "world.npz")
    assert hidden == {f"/orgopt-lab/task/{name}" for name in names}


@needs_sandbox
def test_what_is_to_be_hidden_must_be_there(tmp_path: Path) -> None:
    folder = copy_of_toy(tmp_path, '\n[sandbox]\nhide = ["nowhere/labels.csv"]\n')
    with pytest.raises(TaskError, match="there is no nowhere/labels"):
        LocalLab(load_task(str(folder)), 1, Sandbox.BUBBLEWRAP)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[sandbox]\nresult = "../weights.npz"\n', "the name of one file of arrays"),
        ('[sandbox]\nresult = "weights.pkl"\n', "the name of one file of arrays"),
        ("[sandbox]\nnetwork = true\n", "there is no .sandbox. network"),
    ],
)
def test_a_task_cannot_ask_for_anything_else(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TaskError, match=message):
        load_task(str(copy_of_toy(tmp_path, text)))
    folder = copy_of_toy(tmp_path, "")
    toml = (folder / "task.toml").read_text()
    (folder / "task.toml").write_text(toml.replace("wall_s = 2", "wall_s = 2\nmemory_gb = 0"))
    with pytest.raises(TaskError, match=r"memory_gb = 0: it must be a number above 0"):
        load_task(str(folder))


KINDS = [pytest.param(Sandbox.BUBBLEWRAP, marks=needs_sandbox), Sandbox.PROCESS]


def run_one(lab: LocalLab, script: str) -> Outcome:
    lab.reset()
    lab.submit(Experiment(id=1, settings={}, seed=1, script=script))
    return drain(lab, 1, until=300)[0]


@needs_sandbox
def test_calls_that_lead_out_are_refused(toy: Task) -> None:
    with LocalLab(replace(toy, limit_s=20.0), 1, Sandbox.BUBBLEWRAP) as lab:
        assert run_one(lab, callers.CALLS).error == "did []"
        assert run_one(lab, callers.LOOKS_AROUND).error == "found []"


@pytest.mark.parametrize("sandbox", KINDS)
def test_what_real_scripts_use_works(toy: Task, sandbox: Sandbox) -> None:
    with LocalLab(replace(toy, limit_s=60.0), 1, sandbox) as lab:
        assert run_one(lab, callers.REAL_LIBRARIES).error == "all works"


@pytest.mark.slow
@pytest.mark.parametrize("sandbox", KINDS)
def test_what_real_libraries_use_works(toy: Task, sandbox: Sandbox) -> None:
    with LocalLab(replace(toy, limit_s=200.0), 1, sandbox) as lab:
        assert run_one(lab, callers.MORE_LIBRARIES).error == "all works"


MALFORMED = {
    "no UTF-8": ("print('\udcff')", "surrogates not allowed"),
    "a null byte": ("print('\0')", "null bytes"),
    "a syntax error": ("def :", "invalid syntax"),
    "brackets": ("(" * 5_000 + ")" * 5_000, "too many nested parentheses"),
    "a long sum": ("1" + "+1" * 100_000, ""),
    "a hundred thousand signs": ("-" * 100_000 + "1", ""),
    "a strange encoding": ("# coding: rot13\n", "encoding"),
    "more than its disk has": ("#" * 30_000_000, "No space left on device"),
    "its own error": ("class E(Exception):\n    def __str__(self): raise E\nraise E", ""),
    "no streams": ("import sys\nsys.stdout = sys.stderr = None\nraise ValueError", ""),
    "an odd end": ("import sys\nsys.exit('\\udcff')", ""),
}


@pytest.mark.parametrize("sandbox", KINDS)
@pytest.mark.slow
def test_a_malformed_script_is_an_experiments_failure_and_no_neighbours(toy: Task, sandbox: Sandbox) -> None:
    scripts = {name: case for name, case in MALFORMED.items() if sandbox is Sandbox.BUBBLEWRAP or "disk" not in name}
    with LocalLab(replace(toy, limit_s=8.0, limits=Limits(disk_gb=0.02)), 2, sandbox) as lab:
        for number, (name, (script, error)) in enumerate(scripts.items()):
            lab.reset()
            lab.submit(Experiment(id=2 * number, settings={"MODE": "slow"}, seed=1))
            lab.submit(Experiment(id=2 * number + 1, settings={}, seed=1, script=script))
            by_id = {outcome.id: outcome for outcome in drain(lab, 2, until=30)}
            neighbour, outcome = by_id[2 * number], by_id[2 * number + 1]
            assert (neighbour.status, neighbour.lost) == (Status.OK, ()), name
            assert outcome.status in {Status.CRASHED, Status.OOM, Status.DISK}, name
            assert outcome.lost == (), name
            assert error in outcome.error, (name, outcome.error)


def copy_of_toy(tmp_path: Path, more: str) -> Path:
    folder = tmp_path / "toy"
    folder.mkdir(exist_ok=True)
    for name in ("prepare.py", "train.py", "task.toml"):
        (folder / name).write_text((Path(TOY) / name).read_text())
    with (folder / "task.toml").open("a") as file:
        file.write(more)
    return folder


@pytest.mark.parametrize("scope", ["experiment", "answer", "command", "memory"])
@pytest.mark.parametrize("machine", ["x86_64", "aarch64", "riscv64"])
def test_the_filter_of_system_calls_jumps_within_itself(
    machine: str, scope: seccomp.Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("platform.machine", lambda: machine)
    rules = seccomp.program(scope)
    assert bool(rules) == (machine != "riscv64")
    for at, (code, yes, no, _) in enumerate(rules):
        if code & 0x07 == 0x05:
            assert at + 1 + max(yes, no) < len(rules)
    assert len(rules) < 4096


@pytest.mark.fault
@needs_sandbox
def test_doctor_says_what_holds() -> None:
    result = orgopt("doctor", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["holds"] == {"bubblewrap": True, "process": False}
    assert all(probe["held"] for probe in found["probes"]["bubblewrap"])
    weak = {probe["name"] for probe in found["probes"]["process"] if not probe["held"]}
    fails = {"network", "files outside", "secrets in environments", "other processes", "ways to the neighbours"}
    assert fails <= weak, "each can fail"
    assert not {"survivors", "time", "memory", "memory that hides", "file size", "output"} & weak


@pytest.mark.fault
def test_doctor_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    result = orgopt("doctor")
    assert result.exit_code == 5
    first = result.stdout.splitlines()[0]
    assert first == (
        f"The default sandbox does not start: experiments run in a sandbox, and {VARIABLE}={tmp_path} names no program:"
    )
    assert f"unset {VARIABLE}" in result.stdout
    assert "bubblewrap (default)" not in result.stdout, "no column of what does not start"
    assert "not held" in result.stdout, "the other sandbox starts"


@needs_sandbox
def test_what_pythons_library_links_to_can_be_read_inside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    library, elsewhere = tmp_path / "lib", tmp_path / "etc" / "sitecustomize.py"
    for path in (library, elsewhere.parent):
        path.mkdir()
    elsewhere.write_text("import sys\n")
    (library / "sitecustomize.py").symlink_to(elsewhere)
    (library / "gone.py").symlink_to(tmp_path / "nowhere")
    monkeypatch.setattr("sysconfig.get_path", lambda _: str(library))
    line = wrap.wrapped({str(library): str(library)}, {})
    read = [*line, "/bin/cat", str(library / "sitecustomize.py")]
    assert subprocess.run(read, capture_output=True, text=True, check=True).stdout == "import sys\n"
