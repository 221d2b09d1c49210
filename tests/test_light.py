"""Documents and replays without the heavy packages: what README promises to whom looks first."""

import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from orgopt.cli.shared.exit_codes import Exit
from orgopt.cli.shared.exits import command
from orgopt.cli.shared.missing import HEAVY, without
from tests.conftest import ROOT

SOLO, RING = (shlex.quote(str(ROOT / "orgs" / name)) for name in ("solo.md", "ring.md"))

READERS = ("numpy", "scipy", "optuna", "pyarrow", "pydantic")
"""What commands that only read documents do without, too."""

HIDE = f"""
import shlex, sys
class Hidden:
    names = {sorted({*HEAVY, "pandas", "matplotlib", "sqlparse", *READERS})!r}
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
hidden = Hidden()
sys.meta_path.insert(0, hidden)
from orgopt.cli import main
from click.testing import CliRunner
for line in sys.argv[1:]:
    if line.split()[0] not in ("lint", "show", "diff", "fmt"):
        hidden.names = set(hidden.names) - {set(READERS)!r}
    done = CliRunner().invoke(main, shlex.split(line))
    print(done.exit_code, line.split()[0], done.stderr.strip().splitlines()[-1:] if done.exit_code else "")
"""


def run(folder: Path, *lines: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", HIDE, *lines], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_documents_and_replays_need_no_heavy_package(tmp_path: Path) -> None:
    found = run(
        tmp_path,
        *(f"lint {SOLO}", f"show {SOLO}", f"diff {SOLO} {RING}", f"fmt --check {SOLO}"),
        f"run {SOLO} --task digits --budget 2s --lab replay",
    )
    assert [line.split()[0] for line in found] == ["0"] * 5, found


OPENS = """
import orgopt.agents.policy.gp
from orgopt.evolve.trials.job import ArenaConfig
from orgopt.evolve.trials.local_workers import _single_threaded
from orgopt.tasks.folder import load_task
for name in ("digits", "nk"):
    ArenaConfig(lab="replay", slots=2, budget_s=60, verify_seeds=1).open(load_task(name))
print(_single_threaded())
"""


@pytest.mark.slow
def test_what_a_worker_loads_begins_no_thread_so_that_the_others_are_forks_of_it() -> None:
    done = subprocess.run([sys.executable, "-c", OPENS], cwd=ROOT, capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("True\n", "")


def test_what_needs_one_says_which(capsys: pytest.CaptureFixture[str]) -> None:
    @command
    def lacking() -> None:
        raise ModuleNotFoundError("No module named 'torch'", name="torch.nn")

    with pytest.raises(SystemExit) as end:
        lacking()
    assert end.value.code == Exit.INFRASTRUCTURE
    said = capsys.readouterr().err
    assert "this needs torch, which is not installed here: pip install 'torch" in said
    assert len(said.strip().splitlines()) == 1


def test_what_another_lacks_is_not_ours() -> None:
    assert without(ModuleNotFoundError("No module named 'mine'", name="mine")) is None


def test_the_readme_lists_what_is_left() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    light = {Requirement(one).name for one in asked} - set(HEAVY.values())
    (line,) = re.findall(r"bin/pip install (click .*)", (ROOT / "README.md").read_text())
    assert set(line.split()) == light


@pytest.mark.slow
def test_contests_and_searches_in_a_replay_need_none_either(tmp_path: Path) -> None:
    contest = f"compare {SOLO} {RING} --task digits --budget 2s --seeds 2"
    search = f"optimize {SOLO} --task digits --budget 2s --lab replay --generations 1 --population 2"
    rest = "--race-seeds 0 --test-seeds 4 --controls none --real-runs 0 --name x"
    found = run(tmp_path, "init mine", f"{contest} --lab replay", f"{search} {rest}", "report x")
    assert [line.split()[0] for line in found] == ["0"] * 4, found
