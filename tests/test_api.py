"""The front door: what the command line does, as functions."""

import inspect
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

import orgopt
from orgopt.cli import main
from orgopt.cli.bench import bench_command
from orgopt.cli.compare import compare_command
from orgopt.cli.optimize import optimize_command
from orgopt.cli.record import record_command
from orgopt.cli.run import run_command
from orgopt.errors import SandboxError, StoreError, UsageError
from orgopt.ledger import Event
from orgopt.study.default_seeds import contest_seeds, study_defaults
from orgopt.tasks.task import Task
from orgopt.workspace import find_workspace
from tests.conftest import ROOT, TRIO
from tests.test_optimize_cli import BOWL
from tests.test_replay import own_world

SOLO = "# Solo\n\n## Roles\n\n### Researcher\n- **Headcount:** 1\n- **Agent:** hill-climb\n"
SMALL: dict[str, Any] = {
    "generations": 2, "population": 3, "search_seeds": 2, "race_seeds": 2, "test_seeds": 2, "controls": "none",
    "workers": 1, "tracking": False, "budget": "10s",
}  # fmt: skip
SHOWN = {
    "json",
    "csv",
    "verbose",
    "quiet",
    "dry-run",
    "usd-per-slot-hour",
    "resume",
    "live",
    "approve",
    "sandbox",
    "address",
    "help",
}
"""Options that say how a command prints, or that have a function of their own."""


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "trio.md").write_text(TRIO)
    (tmp_path / "solo.md").write_text(SOLO)
    (tmp_path / "fitness").mkdir()
    own_world(tmp_path / "fitness" / "bowl", BOWL)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_each_name_is_there_and_stays_itself() -> None:
    assert set(orgopt.__all__) == set(orgopt._HOMES) < set(dir(orgopt))
    for name in orgopt.__all__:
        assert getattr(orgopt, name) is getattr(orgopt, name), name
    assert not inspect.ismodule(orgopt.evaluate)
    with pytest.raises(AttributeError, match="no attribute 'evaluat'"):
        _ = orgopt.evaluat  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["search_seeds", "race_seeds", "test_seeds", "controls", "seeds"])
def test_what_is_said_of_defaults_that_depend_on_the_lab_is_so(name: str) -> None:
    command, function = (compare_command, orgopt.compare) if name == "seeds" else (optimize_command, orgopt.optimize)
    said = [
        contest_seeds(lab) if name == "seeds" else getattr(study_defaults(lab), name) for lab in ("replay", "local")
    ]
    words = f"{said[0]} in replay and {said[1]} for real"
    (option,) = (one for one in command.params if one.name == name)
    assert f"[default: {words.replace(' and ', ', ')}]" in " ".join((option.help or "").split())  # type: ignore[union-attr]
    text = inspect.getdoc(orgopt.plan if function is orgopt.optimize else function) or ""
    (line,) = (one for one in text.splitlines() if one.strip().startswith(f"{name}: "))
    assert f"None is {words}" in line


@pytest.mark.parametrize(
    ("command", "function"),
    [
        (run_command, orgopt.run),
        (compare_command, orgopt.compare),
        (bench_command, orgopt.bench),
        (optimize_command, orgopt.optimize),
        (record_command, orgopt.record),
    ],
)
def test_functions_have_the_names_and_defaults_of_the_options(command: click.Command, function: Callable) -> None:
    taken = inspect.signature(function).parameters
    for option in (one for one in command.params if isinstance(one, click.Option)):
        name = option.opts[0].removeprefix("--")
        if name in SHOWN:
            continue
        parameter = taken[name.replace("-", "_")]
        known = option.to_info_dict()["default"]
        if known is not None and not option.multiple:
            assert parameter.default == known, name
        # Who is added to a contest is on its terms: there, task and budget need not be said.
        needed = set() if function is orgopt.compare else {"task", "budget"} - ({"budget"} if known else set())
        assert (parameter.default is inspect.Parameter.empty) == (name in needed), name


def test_a_run_is_kept_shown_and_scored_as_without_files(lab: Path) -> None:
    heard: list[Event] = []

    class Heard(orgopt.Callback):
        def event(self, job: object, event: Event) -> None:
            heard.append(event)

    found = orgopt.run("trio.md", task="bowl", budget="10s", callback=Heard())
    assert found.folder == lab / "mlruns" / "runs" / "trio-bowl-s0"
    assert (found.folder / "ledger.jsonl").read_text().count("\n") == len(heard) > 10
    assert repr(found).startswith("RunResult(trio-bowl-s0: ")
    assert found.ending.title in found._repr_html_()
    assert json.loads(json.dumps(found.to_dict())) == found.to_dict()
    assert json.loads(json.dumps(found.score.to_dict())) == found.score.to_dict()
    said = CliRunner().invoke(main, ["run", "trio.md", "--task", "bowl", "--budget", "10s", "--json"])
    assert json.loads(said.stdout)["score"] == found.score.to_dict()
    task = orgopt.load_task("bowl", lab)
    assert orgopt.evaluate(orgopt.load("trio.md"), task=task, budget=10, lab="replay") == found.score


def test_what_a_prompt_shows_is_a_line(lab: Path) -> None:
    planned = orgopt.plan("trio.md", task="bowl", **SMALL)
    for shown in (
        planned,
        planned.forecast(),
        orgopt.read("trio.md").org,
        orgopt.load_task("bowl", lab),
        orgopt.evaluate("trio.md", task="bowl", budget=10),
    ):
        said = repr(shown)
        assert said.startswith(f"{type(shown).__name__}(")
        assert len(said) < 120
        assert "\n" not in said
    assert json.loads(json.dumps(planned.forecast().to_dict())) == planned.forecast().to_dict()
    for edit in orgopt.diff("trio.md", "solo.md"):
        assert json.loads(json.dumps(edit.to_dict())) == edit.to_dict()


def test_messages_name_arguments_as_whoever_gave_them_does(lab: Path) -> None:
    with pytest.raises(UsageError, match=r"^learn_from is what feedback learns from: add feedback='screen'$"):
        orgopt.plan("solo.md", task="bowl", **SMALL, learn_from="all")
    words = ["optimize", "solo.md", "--task", "bowl", "--budget", "9s", "--learn-from", "all"]
    said = CliRunner().invoke(main, words).output
    assert "--learn-from is what --feedback learns from: add --feedback screen" in said


def test_a_run_that_was_interrupted_goes_on(lab: Path) -> None:
    class Stop(orgopt.Callback):
        def event(self, job: object, event: Event) -> None:
            if event.kind == "outcome":
                raise KeyboardInterrupt

    whole = orgopt.run("trio.md", task="bowl", budget=10)
    with pytest.raises(KeyboardInterrupt):
        orgopt.run("trio.md", task="bowl", budget=10, callback=Stop())
    assert orgopt.resume("mlruns/runs/trio-bowl-s0-2").score == whole.score
    with pytest.raises(UsageError, match="is not the folder of a run"):
        orgopt.resume(lab)


def test_a_contest_is_a_table(lab: Path) -> None:
    found = orgopt.compare("trio.md", orgopt.parse(SOLO, "solo.md"), task="bowl", budget=10, seeds=3, workers=1)
    table = found.to_pandas()
    assert list(table.index) == [one.entrant for one in found.ranking.placings]
    assert list(table["score"]) == [one.output.mean for one in found.ranking.placings]
    assert found.ending.title in found._repr_html_()
    assert repr(found) == f"Comparison({found.folder.name}: {found.ending.title})"


def test_a_study_is_planned_carried_out_and_found_again(lab: Path) -> None:
    planned = orgopt.plan("solo.md", task="bowl", **SMALL)
    assert planned.forecast().runs["search"] == (12, 12)
    assert not (lab / "mlruns").exists()
    study = orgopt.optimize("solo.md", task="bowl", **SMALL)
    assert study.finished
    assert study.seed.text == SOLO
    assert study.champion is not None
    assert (study.folder / "best.md").read_text() == study.champion.text
    table = study.to_pandas()
    assert list(table.index) == [one.name for one in study.candidates]
    assert table["score"].notna().all()
    assert study.ending.title in study._repr_html_()
    assert "Fitness by generation" in study._repr_html_()
    again = orgopt.optimize("solo.md", task="bowl", **SMALL)
    assert again.final == study.final, "nothing is left to do, and the result is the same"
    assert [one.name for one in orgopt.studies()] == [study.name] == [orgopt.open_study(study.name).name]
    assert orgopt.open_study().view == again.view
    with pytest.raises(UsageError, match=f"there are: {study.name}"):
        orgopt.open_study("nope")


@pytest.mark.slow
def test_a_study_that_was_interrupted_continues(lab: Path) -> None:
    class Stop(orgopt.Callback):
        left = 5

        def evaluated(self, phase: str, job: object, score: object) -> None:
            self.left -= 1
            if not self.left:
                raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        orgopt.optimize("solo.md", task="bowl", **SMALL, callback=Stop())
    assert not orgopt.open_study().finished
    assert orgopt.open_study().ending.word == "running"
    assert orgopt.optimize("solo.md", task="bowl", **SMALL).finished


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda: orgopt.run("trio.md", task="bowl", budget="soon"), "'soon' is not a duration: write 15s"),
        (lambda: orgopt.run("trio.md", task="bowl", budget=0), "no time at all"),
        (lambda: orgopt.run("trio.md", task="nope", budget=1), "no task 'nope': choose bowl, "),
        (
            lambda: orgopt.run("trio.md", task="bowl", budget=9, sandbox="sand"),
            "no sandbox 'sand': choose bubblewrap or",
        ),
        (lambda: orgopt.run("trio.md", task="bowl", budget=9, lab="x"), "no lab 'x': choose local, replay"),
        (lambda: orgopt.optimize("solo.md", task="bowl", **SMALL, lab="x"), "no lab 'x'"),
        (lambda: orgopt.optimize("solo.md", task="bowl", **SMALL, sampler="x"), "no sampler 'x': choose tpe, "),
        (lambda: orgopt.optimize("solo.md", task="bowl", **SMALL, also="x"), "objectives are research-output"),
        (lambda: orgopt.optimize("solo.md", task="bowl", **SMALL, rewriter="x"), "no rewriter 'x'"),
        (lambda: orgopt.optimize("solo.md", task="bowl", **SMALL, feedback="x"), "no feedback 'x'"),
        (lambda: orgopt.optimize("solo.md", task="bowl", **SMALL, only=["x"]), "no part 'x'"),
        (lambda: orgopt.optimize("solo.md", task="bowl", **SMALL, name="a/b"), "study name 'a/b'"),
        (lambda: orgopt.compare("solo.md", task="bowl", budget=9), "two entrants or more"),
        (lambda: orgopt.compare("solo.md", "trio.md", task="bowl", budget=9, seeds=0), "seeds must be a whole number"),
        (lambda: orgopt.run("trio.md", task="bowl", budget=9, slots=0), "slots must be a whole number from 1 to 256"),
        (lambda: orgopt.run("trio.md", task="bowl", budget=9, seed=None), "seed must be .*, not None"),
        (lambda: orgopt.run("trio.md", task="bowl", budget=9, max_usd=-1), "max_usd must be a number from 0 on"),
        (
            lambda: orgopt.run("trio.md", task=["bowl", "digits"], budget=9),
            "task must be one name, one folder or",
        ),
        (lambda: orgopt.run("trio.md", task="bowl", budget=9, callback=print), "inherits orgopt.Callback, not"),
        (lambda: orgopt.optimize("solo.md", task="bowl", **{**SMALL, "population": 0}), "population must be a whole"),
        (lambda: orgopt.optimize("solo.md", task="bowl", **SMALL, verify_seeds=None), "verify_seeds must be"),
        (lambda: orgopt.optimize("solo.md", task="bowl", **SMALL, rewrite_share=1.5), "rewrite_share must be a number"),
        (lambda: orgopt.optimize("solo.md", task="bowl", **SMALL, name=".."), "study name '..': use letters"),
        (lambda: orgopt.optimize("solo.md", task="bowl", **SMALL, only="nope"), "no part 'nope'"),
        (lambda: orgopt.record("bowl", runs=3, slots=0), "slots must be a whole number"),
        (lambda: orgopt.record("bowl"), "give runs for a recording, or seek to go on"),
        (lambda: orgopt.record("bowl", runs=3), "bowl is a world: there is no training to record"),
        (lambda: orgopt.run("", task="bowl", budget=9), "document must be a file, a folder, .*, not ''"),
        (lambda: orgopt.run(None, task="bowl", budget=9), "document must be a file, .*, not None"),
        (lambda: orgopt.lint(""), "document must be"),
        (lambda: orgopt.diff("solo.md", 3), "after must be a file, .*, not 3"),
        (lambda: orgopt.run("trio.md", task=None, budget=9), "task must be one name, one folder or one Task, not None"),
        (lambda: orgopt.run("trio.md", task="", budget=9), "task must be a name, .*, not ''"),
        (lambda: orgopt.run("trio.md", task="bowl", budget=object()), "budget must be seconds, or text such as 15s"),
        (lambda: orgopt.run("trio.md", task="bowl", budget=True), "budget must be seconds, .*, not True"),
        (lambda: orgopt.run("trio.md", task="bowl", budget=float("inf")), "'inf' is longer than a year"),
        (
            lambda: orgopt.run("trio.md", task="bowl", budget=1e-5),
            "'1e-05' is no time at all: a budget must be",
        ),
        (lambda: orgopt.run("trio.md", task="bowl", budget=9, lab=3), "lab must be text or None, not 3"),
        (lambda: orgopt.compare("solo.md", None, task="bowl", budget=9), "each document must be a file, .*, not None"),
        (lambda: orgopt.compare(["solo.md", 3], task="bowl", budget=9), "each document must be a file, .*, not 3"),
        (lambda: orgopt.compare(["solo.md"], task="bowl", budget=9), "a contest needs two entrants or more"),
        (lambda: orgopt.compare("solo.md", "trio.md", task=3, budget=9), "task must be a name, .*, not 3"),
        (lambda: orgopt.optimize("solo.md", task=None, **SMALL), "task must be a name, .*, not None"),
        (lambda: orgopt.optimize("solo.md", task="bowl", held_out_task=3, **SMALL), "held_out_task must be a name"),
        (
            lambda: orgopt.optimize("solo.md", task="bowl", **SMALL, fix=[3]),
            "fix must be text, or several",
        ),
        (lambda: orgopt.optimize("solo.md", task="bowl", **SMALL, library=3), "library must be a file, .*, not 3"),
        (lambda: orgopt.optimize("solo.md", task="bowl", **SMALL, sampler=3), "sampler must be text or None, not 3"),
        (
            lambda: orgopt.optimize("solo.md", task="bowl", **{**SMALL, "tracking": "no"}),
            "tracking must be True",
        ),
        (lambda: orgopt.open_study(3), "name must be a path, not 3"),
        (lambda: orgopt.studies(workspace=3), "workspace must be a path or None, not 3"),
        (lambda: orgopt.resume(""), "folder must be a path, not ''"),
        (lambda: orgopt.plan("solo.md", task="bowl", **SMALL, also="dollars"), "also='dollars': only language agents"),
        (lambda: orgopt.plan("solo.md", task="bowl", **SMALL, learn_from="all"), "learn_from is what feedback learns"),
    ],
)
def test_what_is_refused_leaves_nothing(lab: Path, ask: Callable[[], object], message: str) -> None:
    with pytest.raises((UsageError, ValueError), match=message.replace("(", r"\(")):
        ask()
    assert not (lab / "mlruns").exists()


def test_what_no_sandbox_holds_leaves_nothing(lab: Path, toy: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORGOPT_BUBBLEWRAP", str(lab))
    for ask in (orgopt.run, orgopt.compare, orgopt.optimize):
        documents = ("trio.md", "solo.md") if ask is orgopt.compare else ("trio.md",)
        with pytest.raises(SandboxError):
            ask(*documents, task=toy, budget="9s", lab="local")
        assert not (lab / "mlruns").exists()


def test_the_workspace_is_where_one_stands_else_the_documents(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, theirs = lab / "mine" / "deep", lab / "theirs" / "orgs"
    for folder in (mine, theirs):
        folder.mkdir(parents=True)
    document = theirs / "a.md"
    document.write_text(SOLO)
    monkeypatch.chdir(mine)
    assert find_workspace(document) == mine
    (lab / "theirs" / "orgopt.toml").touch()
    assert find_workspace(document) == lab / "theirs"
    assert find_workspace() == mine
    (lab / "mine" / "orgopt.toml").touch()
    assert find_workspace(document) == find_workspace() == lab / "mine"
    orgopt.run(document, task=lab / "fitness" / "bowl", budget=10)
    assert (lab / "mine" / "mlruns" / "runs" / "a-bowl-s0").is_dir()
    assert not list((lab / "theirs").rglob("mlruns"))


@pytest.mark.slow
def test_a_study_that_cannot_be_read_hides_no_other(lab: Path) -> None:
    study = orgopt.optimize("solo.md", task="bowl", **SMALL)
    for name, text in (("young", ""), ("damaged", "{\n")):
        (lab / "mlruns" / "studies" / name).mkdir()
        (lab / "mlruns" / "studies" / name / "study.jsonl").write_text(text)
    assert [one.name for one in orgopt.studies()] == [study.name] == [orgopt.open_study().name]
    for name in ("young", "damaged"):
        with pytest.raises((UsageError, StoreError), match=r"study\.jsonl"):
            orgopt.open_study(name)


def test_notes_are_warnings_where_nobody_listens(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ORGOPT_MODEL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.warns(UserWarning, match="rewriting is skipped"):
        orgopt.plan("solo.md", task="bowl", **SMALL, rewriter="reflect")


def test_rooms_and_signatures_of_the_front_door() -> None:
    assert orgopt.draw.svg(orgopt.read(orgopt.parse(SOLO)).org).startswith("<svg")
    assert issubclass(UsageError, orgopt.errors.OrgoptError)
    assert "StudyResult" in str(inspect.signature(orgopt.optimize).return_annotation)


def test_a_program_and_an_organization_show_themselves(lab: Path) -> None:
    program = orgopt.load("trio.md")
    assert repr(program) == "Program('trio.md', 25 lines)"
    reading = orgopt.read(program)
    assert repr(reading) == f"Reading({reading.org!r}, {len(reading.findings)} findings)"
    assert reading._repr_html_().startswith("<svg")
    assert orgopt.read("trio.md").org == orgopt.read(program).org
    assert orgopt.lint("trio.md") == []
    assert orgopt.diff("trio.md", program) == ()
    org = orgopt.read(program).org
    assert org._repr_html_().startswith("<svg")
    assert "Explorer" in org._repr_html_()


@pytest.mark.slow
def test_a_script_needs_no_guard_for_its_workers(lab: Path) -> None:
    """Workers do not begin the user's own script again."""
    (lab / "mine.py").write_text(
        "import orgopt\nprint('begun')\n"
        "found = orgopt.compare('trio.md', 'solo.md', task='bowl', budget='10s', seeds=4, workers=2)\n"
        "print(found.ranking.seeds)\n"
    )
    done = subprocess.run([sys.executable, "mine.py"], capture_output=True, text=True, cwd=lab, timeout=120)
    assert done.stdout.splitlines() == ["begun", "4"], done.stderr


@pytest.mark.slow
def test_the_example_script_runs(tmp_path: Path) -> None:
    (script,) = (ROOT / "docs").rglob("front_door.py")
    (tmp_path / "orgs").symlink_to(ROOT / "orgs")  # nothing is kept there, and continued
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, cwd=tmp_path, timeout=300)
    assert done.returncode == 0, done.stderr
