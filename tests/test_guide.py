"""The guide for agents, in all its forms: what it says to type works, and what it names is there."""

import json
import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from orgopt.api.guide import agents_md, guide, skill
from orgopt.cli import COMMANDS, main
from tests.conftest import ROOT


def said(*args: str) -> str:
    result = CliRunner().invoke(main, list(args))
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_guide_is_printed_as_it_is_and_as_a_skill() -> None:
    assert said("guide") == guide()
    text = said("guide", "--skill")
    assert text == skill()
    _, head, rest = text.split("---\n", 2)
    fields = dict(line.split(": ", 1) for line in head.splitlines())
    assert fields["name"] == "orgopt"
    assert 100 < len(fields["description"]) <= 1024, "what Claude Code and Codex take"
    assert rest.lstrip() == guide()
    assert json.loads(said("guide", "--json"))["text"] == guide()


@pytest.mark.parametrize("line", sorted(set(re.findall(r"`(orgopt [^`]+)`", guide()))))
def test_what_the_guide_says_to_type_is_there(line: str) -> None:
    words = shlex.split(line)[1:]
    if words[0] == "COMMAND":
        return
    assert words[0] in COMMANDS
    options = said(words[0], "--help")
    assert all(word in options for word in words if word.startswith("-")), line


def test_every_tool_that_the_guide_names_is_one() -> None:
    named = set(re.findall(r"`([a-z]+_[a-z]+)`", guide())) - {"dry_run"}
    tools = "".join(path.read_text() for path in (ROOT / "orgopt" / "mcp_server").glob("*.py"))
    assert named
    assert all(f"def {name}(" in tools for name in named)
    page = (ROOT / "docs" / "how-to" / "agents.md").read_text()
    for module in ("tools_documents", "tools_results", "tools_jobs"):
        source = (ROOT / "orgopt" / "mcp_server" / f"{module}.py").read_text()
        listed = re.findall(r"self\.(\w+)[,\]]", source.partition("return [")[2].partition("]\n")[0] + "]")
        assert listed
        assert [name for name in listed if f"`{name}`" not in page] == []


def test_a_new_workspace_tells_agents_how_to_work_in_it(tmp_path: Path) -> None:
    said("init", str(tmp_path / "lab"))
    text = (tmp_path / "lab" / "AGENTS.md").read_text()
    assert text == agents_md()
    assert text.startswith("# This workspace")
    assert [line for line in text.splitlines() if re.match("# ", line)] == ["# This workspace"]


def test_what_llms_txt_names_is_there_and_is_all_that_begins() -> None:
    text = (ROOT / "docs" / "llms.txt").read_text()
    links = re.findall(r"\]\(([\w./-]+)\)", text)
    assert len(links) == len(set(links)) > 10
    for link in links:
        assert (ROOT / "docs" / link).is_file(), link
    assert text.startswith("# orgopt\n\n> ")
