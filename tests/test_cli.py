"""The command line: output, JSON, bad input with its exit code; real labs on the toy task."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orgopt.cli import COMMANDS, main
from tests.conftest import ROOT, TRIO
from tests.fakes.processes import needs_sandbox

TOY = str(ROOT / "orgopt" / "testing" / "toy")


SIGKILLED = pytest.param(signal.SIGKILL, -9, marks=pytest.mark.slow)


@pytest.fixture
def org(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A document in a workspace of its own, with another folder as the current one."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    workspace, elsewhere = tmp_path / "lab", tmp_path / "elsewhere"
    (workspace / "mlruns").mkdir(parents=True)
    (workspace / "orgopt.toml").touch()
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    path = workspace / "trio.md"
    path.write_text(TRIO)
    return path


def orgopt(*args: str | Path) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def run_cli(*args: str | Path, **kwargs) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "orgopt", *map(str, args)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, **kwargs)


def test_help_lists_every_command_and_each_has_examples() -> None:
    result = orgopt("--help")
    assert result.exit_code == 0
    for name in COMMANDS:
        assert f"\n  {name} " in result.output
        own = orgopt(name, "--help")
        assert own.exit_code == 0
        assert f"  orgopt {name}" in own.output


def test_help_imports_nothing_heavy() -> None:
    heavy = "torch", "mlflow", "dspy", "optuna", "networkx", "numpy", "mistune", "rich"
    code = (
        "import sys; from click.testing import CliRunner; from orgopt.cli import main\n"
        "CliRunner().invoke(main, ['-h'])\n"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n"


def test_lint(org: Path) -> None:
    assert orgopt("lint", org).output == "1 document, no findings\n"
    org.write_text(TRIO.replace("0.5", "1.4"))
    result = orgopt("lint", org)
    assert result.exit_code == 1
    assert "17:23: ORG012 risk tolerance must be a number from 0 to 1, not '1.4'" in result.output
    (finding,) = json.loads(orgopt("lint", org, "--json").output)["findings"]
    assert (finding["code"], finding["line"], finding["column"]) == ("ORG012", 17, 23)


def test_show_in_every_form(org: Path) -> None:
    tree = orgopt("show", org).output
    assert "Trio  3 agents" in tree
    assert "└── Explorer ×2  hill-climb" in tree
    assert orgopt("show", org, "--as", "svg").output.startswith("<svg")
    assert orgopt("show", org, "--as", "mermaid").output.startswith('---\ntitle: "Trio"\n---\nflowchart')
    data = json.loads(orgopt("show", org, "--as", "json").output)
    assert data["schema_version"] == 1
    assert data["submitters"] == ["lead"]
    assert [role["headcount"] for role in data["roles"]] == [1, 2]


def test_task(org: Path) -> None:
    assert "A parabola with noise" in orgopt("task", TOY).output
    data = json.loads(orgopt("task", "tinygpt", "--json").output)
    assert len(data["knobs"]) >= 10
    assert "tinygpt" in orgopt("task").output


@pytest.mark.slow
@needs_sandbox
def test_run_keeps_a_ledger_and_results_in_the_documents_workspace(org: Path) -> None:
    result = orgopt("run", org, "--task", TOY, "--budget", "1s", "--json")
    assert result.exit_code == 0, result.output
    data = json.loads(result.stdout)
    folder = Path(data["folder"])
    assert folder.parent == org.parent / "mlruns" / "runs"
    kept = {"ledger.jsonl", "program.md", "results.tsv", "run.json", "verdict.json"}
    assert {path.name for path in folder.iterdir()} == kept
    rows = (folder / "results.tsv").read_text().splitlines()
    assert rows[0].split("\t") == ["commit", "val_loss", "memory_gb", "status", "description"]
    assert len(rows) == 2 + data["score"]["experiments"]["ok"] + data["score"]["experiments"].get("crashed", 0) + sum(
        data["score"]["experiments"].get(status, 0) for status in ("timeout", "invalid_metric", "output_limit")
    )
    assert data["report"]["bound"] in {"agents", "slots"}
    assert [role["name"] for role in data["report"]["roles"]] == ["Lead", "Explorer"]
    words, tables = orgopt("run", org, "--task", TOY, "--budget", "1s", "--verbose").output.split("\n\n", 1)[0:2]
    assert "heldout_loss" in words
    assert "bound by" not in words
    for expected in ("Short of ", "bound by", "Explorer → Lead: reports to", "research output", "trio-toy-s0-2"):
        assert expected in tables


@needs_sandbox
@pytest.mark.slow
def test_a_stopped_run_goes_on_in_its_folder(org: Path) -> None:
    whole = json.loads(orgopt("run", org, "--task", TOY, "--budget", "1s", "--json").stdout)
    ledger = Path(whole["folder"]) / "ledger.jsonl"
    lines = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join(lines[: len(lines) // 2]))
    again = orgopt("run", "--resume", whole["folder"], "--json")
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["folder"] == whole["folder"]
    kept = ledger.read_text().splitlines(keepends=True)
    assert kept[: len(lines) // 2] == lines[: len(lines) // 2]
    assert '"kind": "end"' in kept[-1]
    assert orgopt("run", "--resume", whole["folder"]).exit_code == 0, "a finished run is scored again"
    other = orgopt("run", "--resume", org.parent)
    assert (other.exit_code, "is not the folder of a run" in other.output) == (2, True)
    assert "a run needs --task and --budget; or" in orgopt("run", org).output
    assert ledger.read_text().splitlines(keepends=True) == kept


def test_an_interrupt_within_code_from_a_string_still_ends_with_its_exit_code(tmp_path: Path) -> None:
    """There `python -m` dies of the signal though the interrupt was caught, and no caller learns the exit code."""
    wrapped = (
        "import orgopt.cli\n"
        "def main(**_):\n"
        "    try:\n"
        "        exec('raise KeyboardInterrupt')\n"
        "    except KeyboardInterrupt:\n"
        "        raise SystemExit(130) from None\n"
        "orgopt.cli.main = main\n"
    )
    (tmp_path / "sitecustomize.py").write_text(wrapped)
    paths = os.pathsep.join([str(tmp_path), str(ROOT)])
    done = subprocess.run([sys.executable, "-m", "orgopt"], env={**os.environ, "PYTHONPATH": paths}, timeout=60)
    assert done.returncode == 130


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGTERM, 143), SIGKILLED])
@needs_sandbox
@pytest.mark.slow
def test_a_killed_command_leaves_no_process_and_no_scratch(org: Path, sent: signal.Signals, code: int) -> None:
    """Even without a chance to clean up, as the lab ends when its standard input does."""
    scratch = org.parent / "tmp"
    scratch.mkdir()
    command = [sys.executable, "-m", "orgopt", "run", str(org), "--task", TOY, "--budget", "60s"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env={**os.environ, "TMPDIR": str(scratch)}) as process:
        while not list(scratch.glob("orgopt-*/results/*-*")):
            assert process.poll() is None
            time.sleep(0.02)
        labs = _descendants(process.pid)
        process.send_signal(sent)
        assert process.wait(30) == code
    assert labs
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and (list(scratch.iterdir()) or any(Path(f"/proc/{p}").exists() for p in labs)):
        time.sleep(0.05)
    assert not list(scratch.iterdir())
    assert not [pid for pid in labs if Path(f"/proc/{pid}").exists()]
    ledgers = list((org.parent / "mlruns" / "runs").rglob("ledger.jsonl"))
    assert len(ledgers) == 1
    assert '"kind": "proposal"' in ledgers[0].read_text()


def _descendants(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [int(child) for child in children] + [p for child in children for p in _descendants(int(child))]


BAD = [
    (("run", "missing.md"), 1, "missing.md: no such file"),
    (("run", "."), 1, "is a folder"),
    (("run", "latin.md"), 1, "latin.md:1: byte 0xef is not UTF-8"),
    (("run", "ghost.md"), 1, "ORG015 link to unknown role 'ghost'"),
    (("run", "cycle.md"), 1, "ORG014 reporting cycle"),
    (("run", "wizard.md"), 1, "ORG011 unknown agent 'wizard'"),
    (("run", "negative.md"), 1, "ORG010 headcount must be a whole number from 0 to 64, not '-1'"),
    (("run", "risky.md"), 1, "ORG012 risk tolerance must be a number from 0 to 1, not '1.4'"),
    (("run", "trio.md", "--resume", "."), 2, "do not give them again"),
    (("run", "trio.md", "--task", "nope"), 2, "no task 'nope'"),
    (("run", "trio.md", "--budget", "0s"), 2, "a budget must be 0.001 s or more"),
    (("run", "trio.md", "--budget", "soon"), 2, "is not a duration"),
    (("optimize", "trio.md", "--slots", "0"), 2, "slots"),
    (("optimize", "trio.md", "--name", "../up"), 2, "study name '../up'"),
    (("optimize", "trio.md", "--library", "missing.md"), 1, "missing.md: no such file"),
    (("show", "cycle.md"), 1, "ORG014"),
    (("ui", "--workspace", "."), 2, "no mlflow.db"),
]


@pytest.mark.parametrize(("args", "code", "message"), BAD, ids=[" ".join(args) for args, _, _ in BAD])
def test_bad_input_gets_one_message_and_loses_nothing(
    org: Path, args: tuple[str, ...], code: int, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(org.parent)
    for name, old, new in [
        ("ghost", "Explorer → Lead", "Explorer → Ghost"),
        ("cycle", "## Links\n", "## Links\n- Lead → Explorer: reports to\n"),
        ("wizard", "tpe", "wizard"),
        ("negative", "**Headcount:** 2", "**Headcount:** -1"),
        ("risky", "0.5", "1.4"),
    ]:
        Path(f"{name}.md").write_text(TRIO.replace(old, new))
    Path("latin.md").write_bytes(b"# na\xefve\n")
    if args[0] in {"run", "optimize"}:
        args += tuple(
            part for option in (("--task", TOY), ("--budget", "1s")) if option[0] not in args for part in option
        )
    result = orgopt(*args)
    assert result.exit_code == code
    assert message in result.output.replace("\n", " ").replace("  ", " ") or message in result.output
    assert "Traceback" not in result.output
    assert isinstance(result.exception, SystemExit)
    assert not list((org.parent / "mlruns").rglob("*.jsonl"))


@needs_sandbox
def test_markup_in_values_and_paths_is_text(org: Path) -> None:
    org.write_text(TRIO.replace("**Headcount:** 2", "**Headcount:** \\[/x]"))
    result = orgopt("show", org)
    assert result.exit_code == 1
    assert "not '\\[/x]'" in result.output
    folder = org.parent / "ws[/x]"
    folder.mkdir(parents=True)
    (folder / "orgopt.toml").touch()
    (folder / "trio.md").write_text(TRIO)
    result = orgopt("run", folder / "trio.md", "--task", TOY, "--budget", "0.5s")
    assert result.exit_code == 0, result.output
    assert "ws[/x]/mlruns/runs" in result.output


@needs_sandbox
def test_a_run_in_which_nothing_succeeds_says_why(org: Path) -> None:
    broken = org.parent / "broken"
    shutil.copytree(TOY, broken)
    script = broken / "train.py"
    script.write_text("import nope\n" + script.read_text())
    result = orgopt("run", org, "--task", broken, "--budget", "0.5s")
    assert result.exit_code == 0
    assert "no experiment succeeded; most often: ModuleNotFoundError: No module named 'nope'" in result.output
    script.write_text((Path(TOY) / "train.py").read_text())
    toml = broken / "task.toml"
    toml.write_text(toml.read_text().replace('"heldout_loss"', '"heldout_los"'))
    result = orgopt("run", org, "--task", broken, "--budget", "0.5s", "--json")
    ledger = Path(json.loads(result.stdout)["folder"]) / "ledger.jsonl"
    assert "task.toml names val_loss and heldout_los" in ledger.read_text()


def test_an_interrupt_during_start_up_is_an_interrupt(org: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("orgopt.api.runs.program_of", interrupted)
    result = orgopt("run", org, "--task", TOY, "--budget", "1s")
    assert result.exit_code == 130
    assert "Stopped" in result.output


@pytest.mark.parametrize("command", ["run", "optimize"])
def test_mlruns_that_cannot_be_written(org: Path, command: str) -> None:
    shutil.rmtree(org.parent / "mlruns")
    (org.parent / "mlruns").write_text("in the way")
    result = orgopt(command, org, "--task", TOY, "--budget", "1s")
    assert result.exit_code == 6
    assert "cannot write" in result.output
    assert (org.parent / "mlruns").read_text() == "in the way"
