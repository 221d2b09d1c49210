"""The examples for clusters: their shells and parsers read them, and their commands exist."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from orgopt.cli.run import run_command

FOLDER = Path(__file__).parents[1] / "docs" / "examples" / "cluster"


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.sh")), ids=lambda path: path.name)
def test_shells_read_them(path: Path) -> None:
    subprocess.run(["bash", "-n", str(path)], check=True)


def test_a_parser_reads_what_a_team_shares() -> None:
    found = yaml.safe_load((FOLDER.parent / "shared" / "compose.yaml").read_text(encoding="utf-8"))
    assert {"database", "storage", "mlflow"} <= found["services"].keys()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.name)
def test_parsers_read_them(path: Path) -> None:
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    assert found.get("spec", found).get("entrypoint", found.get("run"))


@pytest.mark.parametrize("path", sorted(FOLDER.iterdir()), ids=lambda path: path.name)
def test_their_options_are_known(path: Path) -> None:
    words = path.read_text(encoding="utf-8").replace("\\\n", " ")
    commands = re.findall(r"orgopt (run) (.*)", words)
    assert commands
    known = {name for option in run_command.params for name in option.opts}
    for _, rest in commands:
        assert set(re.findall(r"(?<= )--[a-z-]+", rest)) <= known
