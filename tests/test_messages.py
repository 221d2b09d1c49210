"""What programs and people are told: near names, errors as JSON, schemas of JSON, silence."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import orgopt
from orgopt.api.schemas import KINDS, schema
from orgopt.basics.nearest import did_you_mean, nearest
from orgopt.cli import COMMANDS, main
from orgopt.errors import StoreError
from orgopt.storage.locks import hold, is_held
from orgopt.study.folder import is_written
from tests.conftest import ROOT, TRIO, validator
from tests.fakes.studies import write_study
from tests.fakes.study import records

SOLO = "# Solo\n\n## Roles\n\n### Researcher\n- **Headcount:** 1\n- **Agent:** hill-climb\n"


@pytest.fixture(autouse=True)
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orgopt.toml").touch()
    (tmp_path / "trio.md").write_text(TRIO)
    return tmp_path


def said(*args: str | Path) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


def test_the_nearest_name_is_found_whatever_its_letter_case() -> None:
    assert nearest("TinyGTP", ["digits", "tinygpt"]) == "tinygpt"
    assert nearest("zzz", ["digits", "tinygpt"]) is None
    assert did_you_mean("Trioo", ["Trio", "solo"]) == "did you mean 'Trio'? "
    assert did_you_mean("x", []) == ""


@pytest.mark.sweep(4)
@pytest.mark.parametrize(
    ("args", "meant"),
    [
        (["optimise"], "optimize"),
        (["shwo", "trio.md"], "show"),
        (["show", "tiro.md"], "trio.md"),
        (["lint", "Trio.markdown"], "trio.md"),
        (["task", "tinygtp"], "tinygpt"),
        (["run", "trio.md", "--task", "digit", "--budget", "3s"], "digits"),
        (["init", "new", "--template", "torio"], "trio"),
        (["init", "new", "--task", "digts"], "digits"),
        (["report", "alhpa"], "alpha"),
        (["sync", "aplha"], "alpha"),
        (["export", "alpa", "--optuna", "sqlite:///x.db"], "alpha"),
        (["checkout", "champion@alfa"], "alpha"),
        (["checkout", "chmpion@alpha"], "champion"),
        (["schema", "rum"], "run"),
        (["explain", "empty-role"], "empty-roles"),
    ],
    ids=lambda one: " ".join(one[:2]) if isinstance(one, list) else "",
)
def test_an_unknown_name_is_answered_with_the_nearest(lab: Path, args: list[str], meant: str) -> None:
    write_study(lab / "mlruns" / "studies" / "alpha", records(1, 2))
    result = said(*args)
    assert result.exit_code in {1, 2}
    assert re.search(rf"did you mean '{meant}'\?", result.output), result.output


def error_of(result: Result) -> dict[str, Any]:
    """The error that a command printed as the last line of standard error."""
    data = json.loads(result.stderr.splitlines()[-1])
    validator("error").validate(data)
    assert data["error"]["exit_code"] == result.exit_code
    assert result.stdout == ""
    return data["error"]


FAILING: dict[str, tuple[list[str], str]] = {
    "init": (["init", "new", "--template", "none"], "usage"),
    "lint": (["lint", "trio.md", "--unsafe-fixes"], "usage"),
    "explain": (["explain", "ORG999"], "usage"),
    "fmt": (["fmt", "missing.md"], "document"),
    "show": (["show", "missing.md"], "document"),
    "diff": (["diff", "trio.md", "missing.md"], "document"),
    "task": (["task", "none"], "usage"),
    "record": (["record", "none", "--runs", "3"], "usage"),
    "ask": (["ask", "missing.md", "--task", "digits"], "document"),
    "run": (["run", "missing.md", "--task", "nk", "--budget", "3s"], "document"),
    "compare": (["compare", "trio.md", "--task", "nk", "--budget", "3s"], "usage"),
    "bench": (["bench", "missing.md"], "document"),
    "optimize": (["optimize", "trio.md", "--task", "none", "--budget", "3s"], "usage"),
    "export": (["export", "none", "--optuna", "sqlite:///x.db"], "usage"),
    "doctor": (["doctor", "--install", "--models"], "usage"),
    "list": (["list", "--workspace", "none"], ""),
    "skills": (["skills", "--workspace", "none"], ""),
    "status": (["status", "none"], "usage"),
    "tail": (["tail", "none"], "usage"),
    "pause": (["pause"], "usage"),
    "resume": (["resume", "none"], "usage"),
    "tell": (["tell", "none", "words"], "usage"),
    "rm": (["rm", "none"], "usage"),
    "gc": (["gc"], ""),
    "report": (["report", "none"], "usage"),
    "ui": (["ui"], "usage"),
    "sync": (["sync", "none"], "usage"),
    "log": (["log", "verify", "none"], "usage"),
    "checkout": (["checkout", "champion@none"], "usage"),
    "guide": (["guide"], ""),
    "board": (["board", "list", "ftp://host"], "usage"),
    "mcp": (["mcp", "--workspace", "none"], "usage"),
    "schema": (["schema", "none"], "usage"),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_errors_of_every_command_are_json_where_json_is_asked_for(name: str) -> None:
    args, kind = FAILING[name]
    if kind:  # of the others none is wrong but usage
        found = error_of(said(*args, "--json"))
        assert found["kind"] == kind
        assert found["message"]
        assert found["remedy"]
    wrong = said(*args[:2] if name in {"board", "log"} else args[:1], "--no-such-option", "--json")
    assert error_of(wrong)["message"].startswith("No such option")


def test_an_unknown_command_and_damaged_settings_are_json_too(lab: Path) -> None:
    assert "did you mean 'optimize'?" in error_of(said("optimise", "--json"))["message"]
    (lab / "orgopt.toml").write_text("[run\n")
    assert "orgopt.toml" in error_of(said("run", "--json"))["message"]


def test_an_error_of_the_disk_is_json_and_says_how_to_go_on(lab: Path) -> None:
    (lab / "mlruns").write_text("in the way")
    found = error_of(said("run", "trio.md", "--task", "nk", "--budget", "3s", "--lab", "replay", "--json", "-q"))
    assert (found["kind"], found["exit_code"]) == ("store", 6)
    assert "the same command goes on" in found["remedy"]


def test_quiet_says_nothing_but_errors(lab: Path) -> None:
    words = ["run", "trio.md", "--task", "nk", "--budget", "3s"]
    assert said(*words).stderr.startswith("3 agents") or said(*words).stderr
    quiet = said(*words, "-q")
    assert quiet.exit_code == 0
    assert (quiet.stderr, bool(quiet.stdout)) == ("", True)
    failed = said("run", "missing.md", "--task", "nk", "--budget", "3s", "--quiet")
    assert failed.stderr.startswith("error: missing.md: no such file")
    assert said(*words).stderr, "and the next command speaks again"


def test_a_schema_is_there_for_every_kind_and_is_one(lab: Path) -> None:
    for kind in KINDS:
        assert validator(kind)
        shown = said("schema", kind)
        assert json.loads(shown.stdout) == schema(kind)
    listed = said("schema").stdout
    assert all(f"{kind}  " in listed for kind in KINDS)
    assert set(json.loads(said("schema", "--json").stdout)) == set(KINDS)


def test_every_kind_that_the_source_prints_has_a_schema_and_a_row_in_the_docs() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "orgopt" / "cli").rglob("*.py"))
    printed = set(re.findall(r'print_json\(\s*"([\w-]+)"', sources))
    assert printed == {*KINDS} - {"error"}
    page = (ROOT / "docs" / "reference" / "json.md").read_text()
    for kind in KINDS:
        assert f"`{kind}`" in page, kind


def test_json_that_does_not_keep_to_its_schema_fails_a_test() -> None:
    from jsonschema import ValidationError

    with pytest.raises(ValidationError, match="canonical"):
        validator("fmt").validate({"schema_version": 1, "kind": "fmt", "document": "a", "path": None, "written": True})


def test_what_wrote_nothing_before_prints_json_too(lab: Path) -> None:
    (lab / "solo.md").write_text(SOLO)
    made = json.loads(said("init", "new", "--json").stdout)
    names = [Path(path).name for path in made["written"]]
    assert names == [".gitignore", "AGENTS.md", "README.md", "digits", "orgopt.toml", "program.md"]
    assert "trio" in {one["name"] for one in json.loads(said("init", "--templates", "--json").stdout)["templates"]}
    assert json.loads(said("fmt", "solo.md", "--check", "--json").stdout)["written"] is False
    write_study(lab / "mlruns" / "studies" / "alpha", records(1, 2))
    assert "# " in json.loads(said("checkout", "seed@alpha", "--json").stdout)["text"]
    written = json.loads(said("checkout", "seed@alpha", "-o", "seed.md", "--json").stdout)
    assert Path(written["path"]).read_text() == written["text"]


def test_a_study_says_whether_it_runs_was_stopped_or_is_done(lab: Path) -> None:
    told = records(1, 2)
    folder = write_study(lab / "mlruns" / "studies" / "alpha", told)
    assert orgopt.open_study("alpha").to_dict()["state"] == "done"
    write_study(lab / "mlruns" / "studies" / "beta", told[:-1])
    assert orgopt.open_study("beta").to_dict()["state"] == "stopped"
    lock = hold(folder / "lock", lambda: "")
    try:
        assert is_written(folder)
        data = json.loads(said("report", "alpha", "--json").stdout)
        assert data["state"] == "running", "also where an earlier result is there: it goes on"
        with pytest.raises(StoreError, match="busy"):
            hold(folder / "lock", lambda: "busy")
    finally:
        lock.release()
    assert not is_held(folder / "lock")
    assert not is_held(folder / "no-such-lock")


def test_what_nothing_is_known_of_has_no_plus_minus_nought(lab: Path) -> None:
    from orgopt.cli.shared.base import out
    from orgopt.cli.shared.leaderboard import leaderboard
    from orgopt.study.standing import Standing
    from orgopt.study.wording import noise

    assert (noise(0.0), noise(0.0124)) == ("", " ± 0.01")
    words = ["optimize", "trio.md", "--task", "nk", "--budget", "3s", "--generations", "1", "--population", "2"]
    words += ["--search-seeds", "1", "--race-seeds", "0", "--test-seeds", "1", "--controls", "none", "--workers", "1"]
    result = said(*words, "--verbose", "--no-tracking")
    assert result.exit_code == 0, result.output
    assert "± 0.000" not in result.output
    assert "± 0.00" not in (Path(orgopt.open_study().folder) / "report.html").read_text()
    one = Standing(value=0.5, error=0.0, estimate=0.5, doubt=0.0, seeds=1)
    candidate = orgopt.open_study().candidates[0]
    with out.capture() as shown:
        out.print(leaderboard([(candidate.record, one, False)], limit=1))  # type: ignore[list-item]
    assert "0.50" in shown.get()
    assert "±" not in shown.get()


@pytest.mark.parametrize("made", ["run", "compare", "optimize", "record"])
def test_outside_of_a_terminal_a_command_that_says_nothing_gives_a_sign(
    made: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the first of its runs, too, when it measures a baseline or opens a lab."""
    from rich.console import Console

    from orgopt.cli.record import RecordProgress
    from orgopt.cli.run import RunProgress
    from orgopt.cli.shared.contest_progress import ContestProgress
    from orgopt.cli.shared.study_progress import StudyProgress

    console = Console(quiet=True)
    progress = {
        "run": lambda: RunProgress(live=False),
        "compare": lambda: ContestProgress(console),
        "optimize": lambda: StudyProgress(console),
        "record": lambda: RecordProgress(console, quiet=True),
    }[made]()
    assert progress.line() == "preparing …"
    if isinstance(progress, RunProgress):
        progress.close()


def test_a_recording_and_a_study_say_what_they_do_at_last() -> None:
    from rich.console import Console

    from orgopt.cli.record import RecordProgress
    from orgopt.cli.shared.study_progress import StudyProgress

    study = StudyProgress(Console(quiet=True))
    study.sending()
    assert study.line() == "sending the last runs to MLflow …"
    recording = RecordProgress(Console(quiet=True), quiet=True)
    recording.recording_begun(orgopt.load_task("nk"), 40, 0)
    assert recording.line().startswith("nk: 0 of 40 runs")
    recording.fitting()
    assert recording.line() == "fitting the world that replays it …"


DRY = ("optimize", "trio.md", "--task", "digits", "--lab", "replay", "--budget", "15s", "--workers", "2", "--dry-run")


def test_what_a_study_would_cost_is_counted_in_units_that_fit(lab: Path) -> None:
    from orgopt.cli.shared.study_result import duration
    from orgopt.evolve.cost_forecast.calls import Bounds

    assert duration(Bounds(12.4, 55)) == "12 – 55 s"
    assert duration(Bounds(180, 720)) == "3 – 12 min"
    assert duration(Bounds(9000, 9000)) == "2.5 h"
    shown = said(*DRY).stdout
    assert re.search(r"time with 2 workers +\S+ – \S+ (s|min)\n", shown), shown
    assert "hours" not in shown


def test_what_a_study_would_cost_has_the_slow_samplers(lab: Path) -> None:
    def counted(*more: str) -> dict[str, Any]:
        return json.loads(said(*DRY, "--json", *more).stdout)

    fast, every, none = counted(), counted("--controls", "all"), counted("--controls", "none")
    assert {*fast["plain_s"]} == {"optuna:tpe", "optuna:tpe+median"}
    assert none["plain_s"] == {}
    # 24 runs of some 60 experiments at .3 s: seven minutes of work that two workers share
    assert 200 < every["plain_s"]["optuna:gp"] < 2000
    longer = every["wall_s"][0] - fast["wall_s"][0]
    more = sum(every["plain_s"].values()) - sum(fast["plain_s"].values())
    assert longer == pytest.approx(more / 2, rel=0.01)
    assert every["wall_hours"] == pytest.approx([end / 3600 for end in every["wall_s"]])


def test_earlier_runs_of_a_sampler_say_how_long_it_takes(lab: Path) -> None:
    from orgopt.evolve.cost_forecast.estimate import timing
    from orgopt.study.view import study
    from tests.fakes.study import parsed

    told = records(1, 2)
    gp = [one for one in told if one["kind"] == "evaluation" and one["entrant"] == "optuna:gp"]
    for one in gp:
        one["wall_s"] = 77.0
    seen = study(parsed(told))
    found = timing([seen], seen.head.identity.budget_s, seen.head.identity.slots)
    assert found
    assert found.plain_s["optuna:gp"] == 77
    assert found.wall_s < 77


@pytest.mark.sweep(3)
@pytest.mark.parametrize(
    ("words", "typed", "found"),
    [
        (["run", "--task"], "tiny", ["tinygpt"]),
        (["task"], "dig", ["digits"]),
        (["report"], "a", ["alpha"]),
        (["checkout"], "champion@", ["champion@alpha"]),
        (["checkout"], "", ["champion@alpha", "seed@alpha"]),
        (["export"], "g00-c01@", ["g00-c01@alpha"]),
        (["schema"], "log", ["log-verify"]),
        ([], "opt", ["optimize"]),
        (["optimize", "--searc"], "--searc", ["--search", "--search-seeds"]),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else "",
)
def test_shells_complete_names(lab: Path, words: list[str], typed: str, found: list[str]) -> None:
    from click.shell_completion import ShellComplete

    write_study(lab / "mlruns" / "studies" / "alpha", records(1, 2))
    shell = ShellComplete(main, {}, "orgopt", "_ORGOPT_COMPLETE")
    assert [one.value for one in shell.get_completions([word for word in words if word != typed], typed)] == found


def test_where_a_document_is_asked_for_the_shell_lists_files(lab: Path) -> None:
    from click.shell_completion import ShellComplete

    shell = ShellComplete(main, {}, "orgopt", "_ORGOPT_COMPLETE")
    for words in (["show"], ["run"], ["lint"], ["diff", "trio.md"], ["export"]):
        (one,) = shell.get_completions(words, "tr")
        assert (one.type, one.value) == ("file", "tr")
