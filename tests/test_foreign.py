"""Foreign checkouts: what is found in their files, the metric that they print, its faults, and the stamp everywhere."""

import json
import math
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orgopt.cli import main
from orgopt.document import parse
from orgopt.errors import OrgoptError, TaskError, UsageError
from orgopt.foreign import data_folders, parsed
from orgopt.foreign.knobs import HEADING
from orgopt.lab.base import Experiment, Outcome, Status
from orgopt.lab.local import LocalLab
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.lab.sandbox.inside.printed import printed_metric
from orgopt.ledger import Ledger
from orgopt.report import page
from orgopt.scoring.calibration import calibrate, measured
from orgopt.scoring.evaluation import evaluate
from orgopt.study.view import load_study
from orgopt.tasks.folder import load_task
from orgopt.tasks.knob import parse_knobs
from orgopt.tasks.task import Measure, Task
from tests.conftest import ROOT, TRIO
from tests.fakes.processes import needs_sandbox

CHECKOUT = ROOT / "tests" / "checkout"
SOLO = "## Roles\n\n### Solo\n- **Headcount:** 1\n- **Agent:** hill-climb\n\nWork.\n"
PREPARE = "TIME_BUDGET = 0.05\n"


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "workspace"
    (folder / "mlruns").mkdir(parents=True)
    (folder / "solo.md").write_text(SOLO)
    (folder / "trio.md").write_text(TRIO)
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(folder)
    return folder


def checkout(folder: Path, script: str, prepare: str = PREPARE, toml: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.py").write_text(script)
    (folder / "prepare.py").write_text(prepare)
    if toml:
        (folder / "task.toml").write_text(toml)
    return folder


def orgopt(*words: object) -> Result:
    return CliRunner().invoke(main, [str(word) for word in words])


def outcome(task: Task, script: str | None = None, kind: Sandbox = Sandbox.BUBBLEWRAP) -> Outcome:
    with LocalLab(task, 1, kind) as lab:
        lab.submit(Experiment(id=1, settings={}, seed=1, script=script))
        while True:
            for event in lab.wait(lab.now() + 30):
                assert isinstance(event, Outcome)
                return event


def test_a_checkout_is_described_from_its_files() -> None:
    task = load_task(str(CHECKOUT))
    assert (task.metric, task.heldout, task.printed, task.self_reported) == ("val_bpb", "val_bpb", "val_bpb", True)
    assert task.limit_s == pytest.approx(60.2)  # twice the budget, and start-up
    assert task.think_s == pytest.approx(0.01)
    assert not task.measured
    ranges = {knob.name: (knob.default, knob.range) for knob in task.knobs}
    assert ranges == {
        "BETAS_0": (0.9, "0.6 … 0.95"),
        "BETAS_1": (0.95, "0.8 … 0.975"),
        "WARMUP": (0.0, "0 … 0.3"),
        "DEPTH": (4, "2 … 8"),
        "LEARNING_RATE": (0.05, "0.0125 … 0.2 (log)"),
        "SCHEDULE": ("flat", "cosine | flat"),
        "USE_BIAS": (False, "False | True"),
    }
    # Marks are added, the seed is set, parts of a tuple have names above, and nothing else changes, line by line.
    own = (CHECKOUT / "train.py").read_text().split("\n")
    mine = [line for line in task.source.split("\n") if line != HEADING and not re.search(r"# train.py:\d+ \w+$", line)]
    for changed, theirs in zip(mine, own, strict=True):
        if not theirs.startswith("BETAS"):
            assert changed.startswith("SEED = ((42 + " if theirs.startswith("SEED") else theirs.split("  #")[0])
    assert any(line.startswith("BETAS = (BETAS_0, BETAS_1)") for line in mine)
    assert "DEPTH = 7  # knob: int 2..8  # layers" in task.script_with({"DEPTH": 7})
    assert "USE_BIAS = True  #" in task.script_with({"USE_BIAS": True})


def test_marks_of_the_script_count_alone(tmp_path: Path) -> None:
    script = "A = 1.0  # knob: 0..2, group x\nB = 3\nprint('loss: 1')\n"
    task = load_task(str(checkout(tmp_path / "c", script)))
    assert [knob.name for knob in task.knobs] == ["A"]
    assert task.source == script


def test_what_is_no_knob(tmp_path: Path) -> None:
    script = '''
"""
DOC = 3
"""
ZERO = 0.0
MINUS = -1.0
PAIR = (1, 2)
TEXT = "adam"
TWICE = 1
TWICE = 2
SEED = 42
TIME_BUDGET = 9
LONG = (
    3
)
PEAK_FLOPS = 1e12
A = 1; B = 2
lower = 3
GOOD = 1e-3  # "quoted" # twice
def f():
    INNER = 3
print(f"val_loss={GOOD}")
'''
    task = load_task(str(checkout(tmp_path / "c", script, "pass\n")))
    parts = ["PAIR_0", "PAIR_1", "LONG_VALUE", "A_VALUE", "B_VALUE"]
    assert [knob.name for knob in task.knobs] == [*parts, "GOOD"]
    assert task.limit_s == 2 * 9 + 60
    (line,) = (line for line in task.script_with({"GOOD": 0.002}).splitlines() if line.startswith("GOOD"))
    assert line.endswith('# "quoted" # twice')


@pytest.mark.parametrize(
    ("lines", "metric"),
    [
        ('print("train_loss: 1")\nprint(f"val_loss: {1}")\nprint("test_loss: 1")', "val_loss"),
        ('print("loss: 1")\nprint("val_acc: 1")\nprint("test_loss: 1")', "-val_acc"),
        ('print("accuracy =", 0.5)', "-accuracy"),
        ('print("loss: %.3f" % 1)', "loss"),
        ('import sys\nsys.stdout.write("x: 1\\nval_bpb:   0.5\\n")', "val_bpb"),
        ('print("val/acc: 1")', "-val/acc"),
    ],
)
def test_the_metric_is_found_by_its_name(tmp_path: Path, lines: str, metric: str) -> None:
    assert load_task(str(checkout(tmp_path / "c", f"X = 1\n{lines}\n"))).metric == metric


@needs_sandbox
def test_task_toml_says_more(tmp_path: Path) -> None:
    toml = 'kind = "script"\nmetric = "score"\ndirection = "up"\ntitle = "Mine"\n'
    toml += "[limits]\nwall_s = 7\n[time]\nthink_s = 2\n"
    task = load_task(str(checkout(tmp_path / "c", "X = 1\nprint('score: 3')\n", toml=toml)))
    assert (task.metric, task.printed, task.title, task.limit_s, task.think_s) == ("-score", "score", "Mine", 7.0, 2.0)
    found = outcome(task)
    assert (found.status, found.metric) == (Status.OK, -3.0)


@pytest.mark.parametrize(
    ("script", "toml", "error"),
    [
        ("X = 1\nprint('hello')\n", "", "prints no line that looks like a metric"),
        ("X = (\n", "", r"train.py:1: it is not Python"),
        ("print('loss: 1')\n", "", "has no knobs"),
        ("X = 1\n", 'kind = "script"\nmetric = "score"\n', "is less score better, or more"),
        ("X = 1\n", 'kind = "script"\nmetric = "loss"\ndirection = "left"\n', 'must be "down" or "up"'),
        ("X = 1\n", 'kind = "script"\nmetric = "loss"\nbaseline = 3\n', "there is no 'baseline'"),
        (
            "X = 1\n",
            'kind = "script"\nmetric = "loss"\n[limits]\nwall_s = 0\n',
            "it must be a number above 0",
        ),
    ],
)
def test_bad_checkouts_are_refused(tmp_path: Path, script: str, toml: str, error: str) -> None:
    with pytest.raises(OrgoptError, match=error):
        load_task(str(checkout(tmp_path / "c", script, toml=toml)))


def test_a_folder_that_is_neither(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("X = 1\n")
    with pytest.raises(UsageError, match=r"no task.toml.*prepare.py"):
        load_task(str(tmp_path))


@pytest.mark.parametrize(
    ("output", "value"),
    [
        (b"val_bpb: 0.5", 0.5),
        (b"val_bpb=1e-3\r\n", 1e-3),
        (b"val_bpb: 3\nstep 2\nval_bpb: 2\nstep 3\n", 2.0),  # earlier steps
        (b"\rstep 1 | val_bpb: 9\r\x1b[1;32mval_bpb:\x1b[0m   0.25\x1b]0;title\x07\n\xff\xfe\n", 0.25),
        (b"val_bpb: 1\nn: 2\nval_bpb: 1.0\n", 1.0),  # twice the same
        (b"my val_bpb: 9\nval_bpb: 1\n", 1.0),
    ],
)
def test_the_last_summary_counts(output: bytes, value: float) -> None:
    assert printed_metric(output, "val_bpb") == value


@pytest.mark.parametrize(
    ("output", "error"),
    [
        (b"", "printed no 'val_bpb"),
        (b"x val_bpb: 1 is good", "printed no 'val_bpb"),
        (b"val_bpb: nan", "nan, which is not finite"),
        (b"val_bpb: -inf", "-inf, which is not finite"),
        (b"val_bpb: 1e999", "not finite"),
        (b"val_bpb: 1.2.3", "no number"),
        (b"val_bpb: 1\ntime: 3\n\nval_bpb: 2\n", "as 1 and as 2"),
    ],
)
def test_what_is_no_metric(output: bytes, error: str) -> None:
    with pytest.raises(ValueError, match=error):
        printed_metric(output, "val_bpb")


@pytest.mark.sweep(3)
@pytest.mark.parametrize("kind", [pytest.param(Sandbox.BUBBLEWRAP, marks=needs_sandbox), Sandbox.PROCESS])
@pytest.mark.parametrize(
    ("end", "status", "error"),
    [
        ("print('val_loss: 0.5')", Status.OK, ""),
        ("import sys; sys.stdout.buffer.write(b'\\x1b[31mval_loss: 0.5\\x1b[0m\\n\\xff\\n')", Status.OK, ""),
        ("print('all is well')", Status.INVALID_METRIC, "it printed no 'val_loss: …'"),
        ("print('val_loss: nan')", Status.INVALID_METRIC, "not finite"),
        ("print('val_loss: 1\\nval_loss: 2')", Status.INVALID_METRIC, "as 1 and as 2"),
        (
            "print('val_loss: 1'); raise ValueError('it \\x1b[31mexploded')",
            Status.CRASHED,
            "ValueError: it [31mexploded",
        ),
        ("print('val_loss: 1', flush=True); time.sleep(60)", Status.TIMEOUT, ""),
        ("print('val_loss: 1')\nwhile True: print('x' * 1_000_000)", Status.OUTPUT_LIMIT, ""),
    ],
)
def test_how_experiments_end(tmp_path: Path, kind: Sandbox, end: str, status: Status, error: str) -> None:
    wall_s = 2 if status is Status.TIMEOUT else 60  # a busy machine takes its time
    toml = f'kind = "script"\nmetric = "val_loss"\n[limits]\nwall_s = {wall_s}\n'
    task = load_task(str(checkout(tmp_path / "c", f"import time\nX = 1\n{end}\n", toml=toml)))
    found = outcome(task, kind=kind)
    assert (found.status, found.metric) == (status, 0.5 if status is Status.OK else None)
    assert error in found.error


@needs_sandbox
def test_more_is_better_where_the_name_says_so(tmp_path: Path) -> None:
    task = load_task(str(checkout(tmp_path / "c", "X = 1\nprint('val_acc: 0.75')\n")))
    assert outcome(task).metric == -0.75
    with LocalLab(task, 1) as lab:
        task = measured(task, lab)
    assert replace(task.baseline, seconds=0.0) == Measure(metric=-0.75, heldout=-0.75, sd=0.0, seeds=3)
    assert task.baseline.seconds > 0
    assert task.quality(-0.825) == pytest.approx(0.1)  # a tenth more


def test_quality_is_the_relative_improvement() -> None:
    task = load_task(str(CHECKOUT)).with_baseline(Measure(metric=2.0, heldout=2.0, sd=0.1, seeds=3))
    assert [task.quality(value) for value in (2.0, 1.9, 0.0, 2.2)] == pytest.approx([0.0, 0.05, 1.0, -0.1])
    at_zero = task.with_baseline(Measure(metric=0.0, heldout=0.0, sd=0.1, seeds=3))
    assert at_zero.quality(-0.5) == 0.5


@needs_sandbox
def test_a_judged_task_gains_nothing_by_printing(toy: Task) -> None:
    script = toy.source + "\nprint('val_loss: -0.05')\nprint('heldout_loss: -0.05')\n"
    found = outcome(toy, script=script)
    assert found.metric == pytest.approx(0.5, abs=0.1)
    with LocalLab(toy, 1) as lab:
        assert "metric" not in lab.stamp


@needs_sandbox
def test_an_experiment_cannot_change_the_checkout(tmp_path: Path) -> None:
    end = "import prepare, pathlib\npathlib.Path(prepare.__file__).write_text('TIME_BUDGET = 9')\nprint('loss: 0')\n"
    folder = checkout(tmp_path / "c", f"X = 1\n{end}")
    task = load_task(str(folder))
    held = outcome(task)
    assert held.status is Status.CRASHED
    assert "Read-only file system" in held.error
    loose = outcome(task, kind=Sandbox.PROCESS)
    assert (loose.status, loose.metric) == (Status.TAMPERED, None)
    assert (folder / "prepare.py").read_text() == PREPARE  # put back


@needs_sandbox
def test_a_python_caller_gets_a_baseline_measured() -> None:
    task = load_task(str(CHECKOUT))
    ledger = Ledger()
    with LocalLab(task, 2) as lab:
        score = evaluate(parse(SOLO), task, lab, budget_s=0.6, seed=1, ledger=ledger, verify_seeds=1)
    assert math.isfinite(score.research_output)
    assert score.lab["metric"] == "self-reported"


CACHED = """
import os
CACHE_DIR = os.path.join(os.path.expanduser("~"), ".cache", "corpus")
DATA_DIR = os.path.join(CACHE_DIR, "data")
TIME_BUDGET = 0.05

def text():
    with open(os.path.join(DATA_DIR, "text")) as file:
        return file.read()
"""
READS = "from prepare import text\nX = 1\nprint(f'val_loss: {len(text())}')\n"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "home"
    (folder / ".cache" / "corpus" / "data").mkdir(parents=True)
    (folder / ".cache" / "corpus" / "data" / "text").write_text("abcde")
    (folder / "secret").write_text("secret")
    monkeypatch.setenv("HOME", str(folder))
    return folder


@pytest.mark.slow
@needs_sandbox
def test_data_outside_must_be_allowed_in_so_many_words(tmp_path: Path, home: Path, workspace: Path) -> None:
    folder = checkout(tmp_path / "c", READS, CACHED)
    assert data_folders([parsed(folder / "prepare.py")]) == ("~/.cache/corpus",)
    result = orgopt("run", "solo.md", "--task", folder, "--budget", "1s")
    assert result.exit_code == 2
    assert f'[tasks."c"]\nread = ["~/.cache/corpus"]\ninto {workspace}/orgopt.toml' in result.output
    (workspace / "orgopt.toml").write_text('[tasks.c]\nread = ["~/.cache/corpus"]\n')
    task = load_task(str(folder), workspace)
    assert (outcome(task).status, outcome(task).metric) == (Status.OK, 5.0)
    assert outcome(task, kind=Sandbox.PROCESS).metric == 5.0
    # The rest of the home stays out of sight, and what may be read cannot be written.
    seen = "import os\nX = 1\nprint('val_loss:', len(os.listdir(os.path.expanduser('~'))))\n"
    assert outcome(task, script=seen).metric == 1.0
    wrote = "import os\nX = 1\nopen(os.path.expanduser('~/.cache/corpus/new'), 'w')\n"
    assert "Read-only file system" in outcome(task, script=wrote).error
    before = outcome_digest(task)
    (home / ".cache" / "corpus" / "more").write_text("x")
    assert outcome_digest(task) != before
    shutil.rmtree(home / ".cache")
    with pytest.raises(TaskError, match=r"is the data prepared \(python prepare.py in"):
        LocalLab(task, 1)


def outcome_digest(task: Task) -> str:
    with LocalLab(task, 1) as lab:
        return lab.data_digest


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ('read = "~/.cache"', "may say read"),
        ('read = ["relative"]', "may say read"),
        ('write = ["~/.cache"]', "may say read"),
        ('read = ["/"]', "whole home"),
        ('read = ["~/"]', "whole home"),
        ('read = ["/tmp"]', "each experiment's own|whole home"),
    ],
)
def test_settings_that_allow_too_much_are_refused(
    tmp_path: Path, home: Path, workspace: Path, setting: str, error: str
) -> None:
    folder = checkout(tmp_path / "c", "X = 1\nprint('loss: 1')\n")
    (workspace / "orgopt.toml").write_text(f"[tasks.c]\n{setting}\n")
    with pytest.raises(OrgoptError, match=error):
        outcome(load_task(str(folder), workspace))


@needs_sandbox
@pytest.mark.slow
def test_a_run_measures_the_baseline_once_and_is_stamped(workspace: Path) -> None:
    before = orgopt("task", CHECKOUT)
    assert "not measured yet" in before.output
    assert json.loads(orgopt("task", CHECKOUT, "--json").output)["baseline"] is None
    result = orgopt("run", "solo.md", "--task", CHECKOUT, "--budget", "1.5s", "--verify-seeds", "1")
    assert result.exit_code == 0, result.output
    assert "3 runs of the unedited train.py" in result.output
    assert "metric self-reported" in result.output
    (folder,) = (workspace / "mlruns" / "runs").iterdir()
    start = json.loads((folder / "ledger.jsonl").read_text().splitlines()[0])
    assert start["lab"]["metric"] == "self-reported"
    assert start["baseline"] == pytest.approx(1.17, abs=0.02)
    after = orgopt("task", CHECKOUT)
    assert "baseline (q = 0) 1.1" in after.output
    assert "self-reported" in after.output
    again = orgopt("run", "solo.md", "--task", CHECKOUT, "--budget", "1s", "--json")
    found = json.loads(again.stdout)
    assert "unedited" not in again.stderr
    assert found["score"]["lab"]["metric"] == "self-reported"
    assert found["score"]["experiments"]["ok"] >= 1


@needs_sandbox
def test_a_baseline_that_does_not_train_says_why(tmp_path: Path, workspace: Path) -> None:
    folder = checkout(tmp_path / "c", "import nowhere\nX = 1\nprint('loss: 1')\n")
    result = orgopt("run", "solo.md", "--task", folder, "--budget", "1s")
    assert result.exit_code == 6
    assert "does not train on this machine: ModuleNotFoundError: No module named 'nowhere'" in result.output


@needs_sandbox
@pytest.mark.slow
def test_a_contest_is_stamped(workspace: Path) -> None:
    words = ("compare", "solo.md", "trio.md", "--task", CHECKOUT, "--budget", "0.6s", "--seeds", "1")
    result = orgopt(*words)
    assert result.exit_code == 0, result.output
    assert "checkout is self-reported: its val_bpb is what its train.py prints of itself." in result.output
    (folder,) = (workspace / "mlruns" / "contests").iterdir()
    records = [json.loads(line) for line in (folder / "contest.jsonl").read_text().splitlines()]
    assert records[0]["identity"]["tasks"]["checkout"]["lab"]["metric"] == "self-reported"
    assert json.loads(orgopt(*words, "--json").stdout)["self_reported"] == ["checkout"]


@needs_sandbox
@pytest.mark.slow
def test_a_study_is_stamped_in_its_log_its_report_and_mlflow(workspace: Path) -> None:
    sizes = ("--generations", "1", "--population", "2", "--search-seeds", "1", "--contenders", "2", "--race-seeds", "1")
    result = orgopt(
        *("optimize", "trio.md", "--task", CHECKOUT, "--lab", "local", "--budget", "0.6s", *sizes),
        *("--test-seeds", "1", "--controls", "none", "--verify-seeds", "1"),
    )
    assert result.exit_code == 0, result.output
    assert "checkout is self-reported" in result.output
    (folder,) = (workspace / "mlruns" / "studies").iterdir()
    records = [json.loads(line) for line in (folder / "study.jsonl").read_text().splitlines()]
    assert records[0]["identity"]["tasks"]["checkout"]["lab"]["metric"] == "self-reported"
    assert all(r["score"]["lab"]["metric"] == "self-reported" for r in records if r["kind"] == "evaluation")
    html = page(load_study(folder))
    assert "local, metric self-reported" in html
    assert "nobody but the script measured it" in html
    assert tags(workspace) >= {("study", "self-reported"), ("candidate", "self-reported")}


def tags(workspace: Path) -> set[tuple[str, str]]:
    import sqlite3

    with sqlite3.connect(workspace / "mlflow.db") as database:
        rows = database.execute("SELECT run_uuid, key, value FROM tags WHERE key LIKE 'orgopt.%'").fetchall()
    runs: dict[str, dict[str, str]] = {}
    for run, key, value in rows:
        runs.setdefault(run, {})[key] = value
    return {(run["orgopt.kind"], run.get("orgopt.metric", "")) for run in runs.values()}


@pytest.mark.slow
@needs_sandbox
def test_a_recording_replays_and_stays_self_reported(workspace: Path, tmp_path: Path) -> None:
    folder = tmp_path / "c"
    shutil.copytree(CHECKOUT, folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "prepare.py").write_text((CHECKOUT / "prepare.py").read_text().replace("0.1  #", "0.01  #"))
    result = orgopt("record", folder, "--runs", "120")
    assert result.exit_code == 0, result.output
    result = orgopt("run", "solo.md", "--task", folder, "--lab", "replay", "--budget", "3s")
    assert result.exit_code == 0, result.output
    assert "metric self-reported" in result.output


def test_log_integers_cover_their_range() -> None:
    (knob,) = parse_knobs("N = 8  # knob: log int 2..32  # how many\n")
    assert [knob.at(unit) for unit in (0.0, 0.5, 1.0)] == [2, 7, 32]
    for value in range(2, 33):
        assert knob.at(knob.unit(value)) == value
    with pytest.raises(TaskError, match="below 1"):
        parse_knobs("N = 8  # knob: log int 0.5..32\n")


@needs_sandbox
def test_calibration_needs_a_script_that_trains(tmp_path: Path) -> None:
    task = load_task(str(checkout(tmp_path / "c", "X = 1\nprint('loss: nan')\n")))
    with LocalLab(task, 1) as lab, pytest.raises(OrgoptError, match="nan, which is not finite"):
        calibrate(task, lab, 1)
