"""Folders of role files: what edits add, link and remove is there when the folder is read again."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from orgopt.cli import main
from orgopt.document import apply, load, read, save
from orgopt.document.editing.base import SetKey
from orgopt.document.editing.diff import same
from orgopt.document.editing.edits_of_links import AddLink
from orgopt.document.editing.edits_of_roles import AddRole, RemoveRole
from orgopt.document.saving import in_folder
from orgopt.org import Link, Standup

ZOE = AddRole("### Zoe\n- **Headcount:** 2\n- **Agent:** tpe\n\nLook twice.\n")
MEET = SetKey(None, "stand-up", Standup(every=600, unit="s"))
REVIEWS = AddLink(Link(source="zoe", target="ada", kind="reviews"))


def text_files(folder: Path) -> dict[str, str]:
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*.md")}


@pytest.fixture
def agents(tmp_path: Path) -> Path:
    """A folder of agents as Claude Code has them, one of which has no front matter."""
    folder = tmp_path / ".claude" / "agents"
    folder.mkdir(parents=True)
    (folder / "ada.md").write_text("---\nname: ada\ndescription: Leads.\nmodel: opus\n---\n\nYou lead.\n")
    (folder / "bob.md").write_text("---\nname: bob\ndescription: Digs.\nmodel: opus\n---\n\nYou dig.\n")
    return folder


def test_a_folder_of_agents_gets_files_links_and_a_rhythm(agents: Path) -> None:
    before = text_files(agents)
    program = apply([ZOE, REVIEWS, MEET], load(agents))
    save(program)
    found = text_files(agents)
    assert found["zoe.md"] == (
        "---\nname: zoe\ndescription: Look twice.\nheadcount: 2\nagent: tpe\nreviews: ada\n---\n\nLook twice.\n"
    )
    assert found["team.md"] == "## Rhythm\n\n- **Stand-up:** every 10 min, everyone, all\n"
    assert {name: found[name] for name in before} == before
    again = read(load(agents)).org
    assert same(again, read(program).org)
    assert [role.id for role in again.roles] == ["ada", "bob", "zoe"]
    save(RemoveRole("zoe").apply(load(agents)))
    assert set(text_files(agents)) == {"ada.md", "bob.md", "team.md"}


def test_files_without_front_matter_stay_roles_beside_a_new_main_document(tmp_path: Path) -> None:
    (tmp_path / "ada.md").write_text("You lead.\n")
    (tmp_path / "bob.md").write_text("You dig.\n")
    program = apply([MEET, ZOE], load(tmp_path))
    save(program)
    assert same(read(load(tmp_path)).org, read(program).org)
    assert (tmp_path / "zoe.md").read_text() == "- **Headcount:** 2\n- **Agent:** tpe\n\nLook twice.\n"


def test_a_squad_gets_a_row_and_a_charter(tmp_path: Path) -> None:
    squad = tmp_path / ".squad"
    for name in ("ada", "bob"):
        (squad / "agents" / name).mkdir(parents=True)
        (squad / "agents" / name / "charter.md").write_text(f"# {name.title()} — Engineer\n\nWorks.\n")
    rows = "".join(
        f"| {name.title()} | Engineer | `.squad/agents/{name}/charter.md` | Active |\n" for name in ("ada", "bob")
    )
    (squad / "team.md").write_text(
        f"# Team\n\n## Members\n\n| Name | Role | Charter | Status |\n|---|---|---|---|\n{rows}"
    )
    program = ZOE.apply(load(squad / "team.md"))
    save(program)
    assert (squad / "team.md").read_text().endswith("| Zoe | Look twice. | `.squad/agents/zoe/charter.md` | Active |\n")
    assert (squad / "agents" / "zoe" / "charter.md").read_text() == (
        "# Zoe\n\n- **Headcount:** 2\n- **Agent:** tpe\n\nLook twice.\n"
    )
    assert same(read(load(squad / "team.md")).org, read(program).org)
    save(RemoveRole("zoe").apply(load(squad / "team.md")))
    assert not (squad / "agents" / "zoe").exists()
    assert "Zoe" not in (squad / "team.md").read_text()


def test_a_folder_is_written_from_the_text_of_a_study(agents: Path, tmp_path: Path) -> None:
    text = apply([ZOE, MEET], load(agents)).text
    other = tmp_path / "other"
    other.mkdir()
    save(in_folder(text, other))
    assert set(text_files(other)) == {"ada.md", "bob.md", "zoe.md", "team.md"}
    assert load(other).text == text


def test_a_document_of_one_file_is_written_into_a_folder(agents: Path) -> None:
    text = "# Team\n\n## Roles\n\n### Zoe\n- **Headcount:** 2\n"
    save(in_folder(text, agents))
    assert (agents / "team.md").read_text() == text


def test_a_crew_is_written_into_a_folder_as_what_it_is(tmp_path: Path) -> None:
    text = "coder:\n  role: Coder\n  goal: codes\ntester:\n  role: Tester\n  goal: tests\n"
    (tmp_path / "had").mkdir()
    (tmp_path / "had" / "agents.yaml").write_text(text)
    program = load(tmp_path / "had")
    (tmp_path / "new").mkdir()
    save(in_folder(program.text, tmp_path / "new", Path(program.source).name))
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["agents.yaml"]
    assert read(load(tmp_path / "new")).org == read(program).org


def test_other_documents_of_a_folder_stay_where_nobody_forced_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orgopt.cli.checkout.document_of_study", lambda *_: "# A\n\n## Roles\n\n### B\n")
    for name in ("README.md", "a.md", "b.md"):
        (tmp_path / name).write_text("# Mine\n\n## Roles\n\n### Ada\n- **Headcount:** 1\n")
    found = CliRunner().invoke(main, ["checkout", "champion@x", "-o", str(tmp_path)])
    assert found.exit_code == 2
    assert "--force" in found.output
    assert all("Mine" in path.read_text() for path in tmp_path.glob("*.md"))


def test_a_checkout_removes_files_of_its_seed_document_alone(agents: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = load(agents)
    champion = RemoveRole("bob").apply(seed).text
    texts = {"seed@x": seed.text, "champion@x": champion}
    monkeypatch.setattr("orgopt.cli.checkout.document_of_study", lambda which, _: texts[which])
    other = "---\nname: own\ndescription: Mine.\n---\n\nNobody's business.\n"
    (agents / "own.md").write_text(other)
    found = CliRunner().invoke(main, ["checkout", "champion@x", "-o", str(agents), "--force"])
    assert found.exit_code == 0, found.output
    assert set(text_files(agents)) == {"ada.md", "own.md"}
    assert (agents / "own.md").read_text() == other
    assert "bob.md is removed" in found.output
    (agents / "bob.md").write_text("---\nname: bob\ndescription: Another.\n---\n\nYou rest.\n")
    CliRunner().invoke(main, ["checkout", "champion@x", "-o", str(agents), "--force"])
    assert (agents / "bob.md").exists(), "it is another one now"


@pytest.mark.parametrize("flags", [["--fix"], ["--fix", "--unsafe-fixes"]])
def test_a_fix_invents_no_role(tmp_path: Path, flags: list[str]) -> None:
    path = tmp_path / "lab.md"
    # As `Rhythm`, the second section is none of these; as `Roles`, the first would make roles of its parts.
    path.write_text("# Lab\n\n## Roless\n\n### Reporting\n\n### Notes\n\n## Rythm\n\n- **Stand-up:** every 3 runs\n")
    CliRunner().invoke(main, ["lint", str(path), *flags])
    assert read(load(path)).plain
    assert ("## Rhythm" in path.read_text()) == (len(flags) > 1)
