"""What a person is told of a document before it costs anything, and policies that stand in for agents with words."""

from collections.abc import Sequence
from pathlib import Path

import pytest

import orgopt
from orgopt.agent_names import WORKING_AGENTS
from orgopt.document import load, parse, read
from orgopt.document.reading_summary import in_a_line, inferred, with_policies
from orgopt.errors import UsageError
from tests.conftest import ROOT

WORDS = "# Plan\n\n## Roles\n\n### Ada\n- **Agent:** llm\n\nThink.\n\n### Bob\n- **Headcount:** 2\n- **Agent:** gp\n"


class Heard(orgopt.Callback):
    def __init__(self) -> None:
        self.lines: list[str] = []
        self.inferred: list[str] = []

    def organization_read(self, line: str, inferred: Sequence[str]) -> None:
        self.lines.append(line)
        self.inferred += inferred


def test_a_document_is_said_in_a_line() -> None:
    assert in_a_line(load(ROOT / "orgs" / "trio.md")).endswith(
        "trio.md is read as 2 roles, 3 agents: Lead (tpe), Explorer × 2 (hill-climb). "
        "Links: Explorer → Lead: reports to; stand-up every 8 experiments, everyone, best 2."
    )
    many = parse("## Roles\n" + "".join(f"\n### R{i}\n" for i in range(20)))
    assert in_a_line(many).count("hill-climb") == 8
    assert " and 12 more. No links; no stand-up." in in_a_line(many)


def test_what_was_inferred_is_said_and_what_is_written_is_not() -> None:
    assert inferred(load(ROOT / "orgs" / "portfolio.md")) == []
    (one, *_) = inferred(parse("Just prose.\n", "notes.md"))
    assert "read as one Researcher" in one
    found = inferred(parse("## Roles\n\n### Ada\nThink hard.\n"))
    assert any("nobody reads the text of Ada: hill-climb is a policy" in line for line in found)
    crowd = inferred(parse("## Roles\n" + "".join(f"\n### R{i}\n- **Risk tolerance:** oops\n" for i in range(9))))
    assert len(crowd) == 6
    assert "orgopt lint" in crowd[-1]


@pytest.mark.parametrize("agent", WORKING_AGENTS)
def test_a_policy_stands_in_for_who_thinks_in_words(agent: str) -> None:
    org = read(with_policies(parse(WORDS), agent)).org
    assert [(role.name, role.agent) for role in org.roles] == [("Ada", agent), ("Bob", "gp")]
    program = load(ROOT / "orgs" / "trio.md")
    assert with_policies(program, agent) is program


@pytest.mark.slow
def test_who_cannot_be_asked_is_refused_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORGOPT_MODEL", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orgopt.toml").touch()
    terms = {"task": "nk", "budget": "3s", "lab": "replay"}
    with pytest.raises(UsageError, match="let a policy stand in: agents='tpe'"):
        orgopt.run(parse(WORDS, "words.md"), **terms)
    with pytest.raises(UsageError, match="no policy 'opus'"):
        orgopt.run(parse(WORDS, "words.md"), agents="opus", **terms)
    assert not (tmp_path / "mlruns").exists()
    heard = Heard()
    result = orgopt.run(parse(WORDS, "words.md"), agents="tpe", callback=heard, **terms)
    assert heard.lines == ["words.md is read as 2 roles, 3 agents: Ada (tpe), Bob × 2 (gp). No links; no stand-up."]
    assert "- **Agent:** tpe" in (result.folder / "program.md").read_text()
    found = orgopt.compare(parse(WORDS, "a.md"), parse(WORDS + "\nMore.\n", "b.md"), agents="tpe", seeds=2, **terms)
    assert len(found.ranking.placings) == 2
    assert orgopt.plan(parse(WORDS, "a.md"), agents="gp", **terms).team.role("ada").agent == "gp"
