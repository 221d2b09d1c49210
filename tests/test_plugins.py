"""What installed packages add: found by name, loaded when it is used, and never in the way of anything else."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from click.testing import CliRunner

import orgopt
from orgopt import plugins
from orgopt.agent_names import AGENT_KIND
from orgopt.agents import make_agent
from orgopt.cli import main
from orgopt.cli.doctor import KINDS, tried_plugins
from orgopt.document import lint, parse, read
from orgopt.errors import PluginError, UsageError
from orgopt.evolve.proposers.optuna_samplers import find_sampler
from orgopt.evolve.proposers.sampler import Proposer
from orgopt.evolve.space.genome import Space
from orgopt.exporting import find_exporter
from orgopt.lab import make_lab
from orgopt.plugin_faults import naming_packages
from orgopt.study.config import StudyConfig
from orgopt.study.contest_log import contest_identity
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from tests.conftest import ROOT

DOCUMENT = "# Solo\n\n## Roles\n\n### One\n- **Headcount:** 1\n- **Agent:** {}\n"
AGENT = """\
from orgopt.agents import Policy

class Agent(Policy):
    def act(self, view):
        raise AssertionError
"""

Install = Callable[..., None]


def _forget() -> None:
    """Look at what is installed again, which no process has to do but this one."""
    plugins._all_installed.cache_clear()
    read.cache_clear()


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install packages as pip leaves them: a module, and a folder that says what it has."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def installed(package: str, group: str, name: str, code: str, factory: str = "Agent") -> None:
        module = package.replace("-", "_")
        (tmp_path / f"{module}.py").write_text(code)
        about = tmp_path / f"{module}-1.0.dist-info"
        about.mkdir()
        (about / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[{group}]\n{name} = {module}:{factory}\n")
        _forget()

    _forget()
    yield installed
    _forget()
    for name in [name for name in sys.modules if name.startswith("plug_")]:
        del sys.modules[name]


def test_an_agent_of_a_package_is_known_and_used(install: Install) -> None:
    document = parse(DOCUMENT.format("walker"))
    assert [finding.code for finding in lint(document)] == ["ORG011"]
    install("plug-a", "orgopt.agents", "walker", AGENT)
    assert lint(document) == []
    assert read(document).org.roles[0].agent == "walker"
    assert type(make_agent("walker")).__module__ == "plug_a"
    assert AGENT_KIND.package("walker") == "plug-a 1.0"
    assert AGENT_KIND.package("tpe") == ""


def test_a_near_name_is_offered_with_all_that_there_are(install: Install) -> None:
    install("plug-a", "orgopt.agents", "walker", AGENT)
    with pytest.raises(UsageError, match=r"no agent 'walkr': did you mean 'walker'\? choose random, .*, llm, walker"):
        make_agent("walkr")
    (finding,) = lint(parse(DOCUMENT.format("walkr")))
    assert finding.help == "did you mean 'walker'?"


def test_unknown_names_of_every_kind_are_refused(toy: Task) -> None:
    with pytest.raises(UsageError, match="no sampler 'rndom': did you mean 'random'\\? choose tpe, gp"):
        find_sampler("rndom")
    with pytest.raises(UsageError, match="no lab 'relay': did you mean 'replay'\\? choose local, replay"):
        make_lab(toy, "relay", 1)
    with pytest.raises(UsageError, match="no exporter 'pdf': choose agents-md, claude-agents, crewai"):
        find_exporter("pdf")


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import nothing_of_this_name", "cannot be used: ModuleNotFoundError: No module named 'nothing_of_this_name'"),
        ("", "cannot be used: AttributeError: module 'plug_bad' has no attribute 'Agent'"),
        ("class Agent:\n    def __init__(self): raise OSError('no disk')", "cannot be used: OSError: no disk"),
        ("class Agent:\n    pass", "is no Policy: it lacks the base class orgopt.agents.base.Policy"),
        ("Agent = 3", "cannot be used: TypeError: 'int' object is not callable"),
    ],
)
def test_a_broken_package_is_named_and_stops_nothing_else(install: Install, code: str, why: str) -> None:
    install("plug-bad", "orgopt.agents", "walker", code)
    with pytest.raises(PluginError) as error:
        make_agent("walker")
    assert (
        str(error.value) == f"the agent 'walker' of the package plug-bad 1.0 {why}; update the package, or uninstall it"
    )
    assert make_agent("tpe")
    assert lint(parse(DOCUMENT.format("walker"))) == []


FAULTS = {
    "return {}['x']": r"failed \(plug_bad\.py, line 5\): KeyError: 'x'; tell its author",
    "return helped()": r"failed \(plug_bad\.py, line 8\): ZeroDivisionError",
    "return None": "failed: ValueError: act gave None where it has to give a Proposal",
    "return Proposal(settings={}, parent=0, note='')": "act gave settings that are not those of the task's knobs: ",
    "return Proposal(settings=dict.fromkeys(view.starts[0].settings, 9e9), parent=0, note='')": " = 9000000000.0",
    "return Proposal(settings=view.starts[0].settings, parent=77, note='')": "the parent 77, an experiment that",
    "return repeat(view.starts[0], 1) if view.rng else open('/nothing/here')": "",
}


@pytest.mark.parametrize("body", FAULTS)
def test_a_package_that_fails_at_work_is_named_with_its_cause(install: Install, body: str) -> None:
    code = "from orgopt.agents import Policy, Proposal, repeat\n\nclass Agent(Policy):\n    def act(self, view):\n"
    install("plug-bad", "orgopt.agents", "walker", f"{code}        {body}\n\ndef helped():\n    return 1 / 0\n")
    program = parse(DOCUMENT.format("walker"))
    if not FAULTS[body]:
        assert orgopt.evaluate(program, task="nk", budget=5).experiments
        return
    with pytest.raises(
        PluginError, match=rf"^the agent 'walker' of the package plug-bad 1\.0 .*{FAULTS[body]}"
    ) as error:
        orgopt.evaluate(program, task="nk", budget=5)
    assert error.value.__cause__ is not None


def test_only_the_package_at_fault_is_named(install: Install) -> None:
    install("plug-a", "orgopt.agents", "walker", "def broken(): raise OSError('no disk')\nclass Agent: pass")
    install("plug-b", "orgopt.labs", "cloud", "class Agent:\n    def go(self, job): job()")
    import plug_a  # type: ignore[import-not-found]
    import plug_b  # type: ignore[import-not-found]

    with (
        pytest.raises(PluginError, match=r"^the agent 'walker' of the package plug-a 1\.0 failed .*: OSError: no disk"),
        naming_packages(),
    ):
        plug_b.Agent().go(plug_a.broken)
    with pytest.raises(KeyError), naming_packages():
        raise KeyError("orgopt's own fault")
    with pytest.raises(UsageError), naming_packages():
        plug_b.Agent().go(partial(make_lab, None, "nope", 1))


@pytest.mark.parametrize(
    ("group", "code", "why"),
    [
        ("orgopt.agents", "from orgopt.agents import Policy\nclass Agent(Policy): pass", "is no Policy: it lacks act"),
        ("orgopt.labs", "class Agent:\n    def __init__(self, task): pass", "is called with 2 arguments: too many"),
        (
            "orgopt.labs",
            "class Agent:\n    def __init__(self, task, slots): pass",
            "is no Lab: it lacks truth, reset, now",
        ),
        ("orgopt.samplers", "class Agent:\n    objectives = 1\n    def moves(self, space): pass", "it lacks make"),
        ("orgopt.rewriters", "class Agent:\n    def __init__(self): pass", "is called with 1 argument: too many"),
        ("orgopt.exporters", "class Agent:\n    def __init__(self): 1 / 0\n    export = 0", "cannot be used: Zero"),
        ("orgopt.tasks", "class Agent:\n    def folder(self): return '/nowhere'", "has no folder of a task 'walker'"),
        ("orgopt.tasks", "class Agent:\n    def folder(self): return None", "cannot be used: TypeError"),
        ("orgopt.agents", AGENT, ""),
        ("orgopt.exporters", "class Agent:\n    def export(self, org): return {}", ""),
    ],
)
def test_the_doctor_says_what_cannot_be_used(install: Install, group: str, code: str, why: str) -> None:
    install("plug-a", group, "walker", code)
    (found,) = tried_plugins()
    assert why in found.problem
    assert bool(found.problem) == bool(why)


def test_a_sampler_and_an_export_that_give_nothing_are_named(install: Install, tmp_path: Path) -> None:
    sampler = "class Agent:\n    objectives = 1\n    def moves(self, space): pass\n    def make(self, *given): pass"
    install("plug-a", "orgopt.samplers", "walker", sampler)
    install("plug-b", "orgopt.exporters", "walker", "class Agent:\n    def export(self, org): pass")
    program = parse(DOCUMENT.format("tpe"))
    config = StudyConfig(generations=1, population=2, budget_s=1, slots=1, sampler="walker")
    proposer = Proposer(Space(program, None, 1), config)
    with pytest.raises(PluginError, match=r"plug-a 1\.0 gave None where make has to give a sampler of Optuna's"):
        proposer.arms[0].made(proposer.space, 2, 0)
    said = CliRunner().invoke(main, ["export", str(ROOT / "orgs" / "trio.md"), "--to", "walker", str(tmp_path / "out")])
    assert "plug-b 1.0 gave None where export has to give texts by their files' names" in said.output


def test_a_search_gives_every_role_the_agents_of_packages_that_are_named(install: Install) -> None:
    install("plug-a", "orgopt.agents", "walker", AGENT)
    install("plug-b", "orgopt.agents", "unnamed", AGENT)
    text = DOCUMENT.format("walker") + "\n### Two\n- **Headcount:** 1\n- **Agent:** tpe\n"
    space = Space(parse(text), None, 1)
    for role in ("one", "two"):
        choices = space.distributions[f"agent/{role}"].choices
        assert "walker" in choices
        assert "unnamed" not in choices


def test_an_agent_of_orgopt_is_never_replaced(install: Install) -> None:
    install("plug-a", "orgopt.agents", "tpe", AGENT)
    with pytest.raises(PluginError, match=r"'tpe' is in orgopt 0\.2\.0 and in the package plug-a 1\.0: unin"):
        make_agent("tpe")
    assert make_agent("gp")
    assert AGENT_KIND.names.count("tpe") == 1


def test_of_two_packages_with_one_name_none_is_chosen(install: Install) -> None:
    install("plug-a", "orgopt.agents", "walker", AGENT)
    install("plug-b", "orgopt.agents", "walker", AGENT)
    with pytest.raises(PluginError, match=r"'walker' is in the package plug-. 1\.0 and in the package plug-."):
        make_agent("walker")


def test_a_name_that_no_document_can_have_is_refused(install: Install) -> None:
    install("plug-a", "orgopt.agents", "My_Agent", AGENT)
    with pytest.raises(PluginError, match=r"'My_Agent' of the package plug-a 1\.0 has a name that cannot be written"):
        make_agent("My_Agent")


def test_a_task_of_a_package_is_its_folder(install: Install, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "fitness" / "nk", tmp_path / "elsewhere" / "plain")
    source = "from pathlib import Path\nclass Agent:\n    def folder(self): return Path(__file__).parent / {!r}\n"
    install("plug-a", "orgopt.tasks", "plain", source.format("elsewhere/plain"))
    install("plug-b", "orgopt.tasks", "gone", source.format("nowhere"))
    install("plug-c", "orgopt.tasks", "nk", source.format("elsewhere/plain"))
    assert load_task("plain").folder == tmp_path / "elsewhere" / "plain"
    with pytest.raises(PluginError, match=r"the package plug-b 1\.0 has no folder of a task 'gone' where it says: "):
        load_task("gone")
    with pytest.raises(PluginError, match=r"the task 'nk' is in orgopt 0\.2\.0 and in the package plug-c 1\.0"):
        load_task("nk")
    listed = CliRunner().invoke(main, ["task"])
    assert listed.exit_code == 0
    assert "plain  An NK landscape" in listed.stdout
    assert "gone: the package plug-b 1.0 has no folder" in listed.stderr


def test_a_study_is_another_with_another_version_of_what_it_uses(install: Install, toy: Task, tmp_path: Path) -> None:
    document, config = parse(DOCUMENT.format("walker")), StudyConfig(generations=1, population=1, budget_s=1, slots=1)
    install("plug-a", "orgopt.agents", "walker", AGENT)
    identity = config.identity(document, {"toy": toy}, None, {"toy": {"lab": "replay"}})
    assert identity["packages"] == {"agent walker": "plug-a 1.0"}
    assert "packages" not in config.identity(parse(DOCUMENT.format("tpe")), {"toy": toy}, None, {"toy": {}})
    about = tmp_path / "plug_a-1.0.dist-info" / "METADATA"
    about.write_text(about.read_text().replace("1.0", "1.1"))
    _forget()
    assert config.identity(document, {"toy": toy}, None, {"toy": {}})["packages"] == {"agent walker": "plug-a 1.1"}


def test_a_contest_is_another_with_another_version_of_what_it_uses(install: Install, toy: Task) -> None:
    install("plug-a", "orgopt.agents", "walker", AGENT)
    texts, labs = {"a": DOCUMENT.format("walker"), "b": "optuna:tpe"}, {"toy": {"lab": "replay"}}
    assert contest_identity({}, texts, {"toy": toy}, labs)["packages"] == {"agent walker": "plug-a 1.0"}
    assert "packages" not in contest_identity({}, {"a": DOCUMENT.format("tpe")}, {"toy": toy}, labs)


def test_an_export_stays_in_its_folder_and_replaces_nothing_unasked(install: Install, tmp_path: Path) -> None:
    code = "class Agent:\n    def export(self, org): return {{{!r}: 'text'}}\n"
    install("plug-a", "orgopt.exporters", "inside", code.format("a/b.txt"))
    install("plug-b", "orgopt.exporters", "outside", code.format("../b.txt"))
    folder, source = tmp_path / "out", str(ROOT / "orgs" / "trio.md")

    def export(*words: str) -> str:
        result = CliRunner().invoke(main, ["export", source, "--to", *words])
        return f"{result.exit_code} {result.output.strip()}"

    assert export("inside", str(folder)).startswith("0 ")
    assert (folder / "a" / "b.txt").read_text() == "text"
    (folder / "a" / "b.txt").write_text("mine")
    assert "2 error:" in export("inside", str(folder))
    assert (folder / "a" / "b.txt").read_text() == "mine"
    assert export("inside", str(folder), "--force").startswith("0 ")
    assert "plug-b 1.0 would write outside of the folder: ../b.txt" in export("outside", str(folder))
    assert not (tmp_path / "b.txt").exists()


def test_every_kind_lists_what_is_wrong_without_stopping(install: Install) -> None:
    install("plug-bad", "orgopt.labs", "cloud", "import nothing_of_this_name")
    install("plug-same", "orgopt.samplers", "tpe", AGENT)
    install("plug-number", "orgopt.rewriters", "three", "Agent = 3")
    found = {one.name: one.problem for one in tried_plugins()}
    assert "No module named 'nothing_of_this_name'" in found["cloud"]
    assert "orgopt 0.2.0 and in the package plug-same 1.0" in found["tpe"]
    assert found["three"] == "plug_number:Agent cannot be called"


def test_help_does_not_look_for_packages() -> None:
    code = "import sys, orgopt.cli\norgopt.cli.main(['--help'], standalone_mode=False)\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert "importlib.metadata" not in done.stdout.split()


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a process that has the example package, installed from its sources."""
    pytest.importorskip("setuptools", minversion="77")
    folder = tmp_path_factory.mktemp("example")
    shutil.copytree(ROOT / "tests" / "plugin", folder / "source")  # a build leaves files beside it
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check", "--quiet")
    words = [sys.executable, "-m", "pip", "install", *options, "--target", str(folder / "site"), str(folder / "source")]
    subprocess.run(words, check=True)
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(folder / "site"))), "AUDIT": "audit.txt"}


@pytest.mark.slow
def test_an_installed_package_adds_one_of_each_kind(example: dict[str, str], tmp_path: Path) -> None:
    def orgopt(*words: str) -> str:
        command = [sys.executable, "-m", "orgopt", *words]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=example)
        assert done.returncode in {0, 5}, done.stderr  # doctor says 5 where no sandbox holds
        return done.stdout

    (tmp_path / "mine.md").write_text(DOCUMENT.format("one-by-one"))
    (tmp_path / "mlruns").mkdir()
    assert "no findings" in orgopt("lint", "mine.md")
    assert "valley  A valley with noise" in orgopt("task")
    orgopt("run", "mine.md", "--task", "valley", "--lab", "audited", "--budget", "3s")
    assert "ok 0." in (tmp_path / "audit.txt").read_text()
    few = "--generations 2 --population 3 --search-seeds 1 --race-seeds 0 --test-seeds 1 --controls none --no-tracking"
    chosen = "--task valley --lab audited --sampler joint-tpe --rewriter trim --budget 2s"
    assert "valley height" in orgopt("optimize", "mine.md", *chosen.split(), *few.split())
    assert "6 candidates" in orgopt("export", "--to", "csv", "study.csv")
    assert len((tmp_path / "study.csv").read_text().splitlines()) == 7
    orgopt("export", "mine.md", "--to", "subagents", "agents")
    assert "name: one\n" in (tmp_path / "agents" / "one.md").read_text()
    listed = orgopt("doctor")
    assert listed.count("orgopt-example 1.2.0") == len(KINDS)


@pytest.mark.slow
def test_the_example_package_passes_its_own_tests(example: dict[str, str], tmp_path: Path) -> None:
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(ROOT / "tests" / "plugin" / "tests")]
    done = subprocess.run(
        [*words, "--rootdir", str(tmp_path)], capture_output=True, text=True, cwd=tmp_path, env=example
    )
    assert done.returncode == 0, done.stdout
