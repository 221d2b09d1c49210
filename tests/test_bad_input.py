"""Bad input by the command line: each is a finding with a place or one message, never a traceback or a wait."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from orgopt.cli import main
from orgopt.document import load, parse, read
from orgopt.document.editing.edits_of_roles import AddRole
from orgopt.document.saving import save
from orgopt.errors import DocumentError
from tests.conftest import ROOT, TRIO

BAD = "## Roles\n### Lead\n- **Headcount:** x\n"


def orgopt(*args: str | Path) -> Result:
    result = CliRunner().invoke(main, [str(arg) for arg in args])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture(autouse=True)
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("missing.md", "missing.md: no such file"),
        ("broken.md", "broken.md: no such file"),
        ("loop.md", "loop.md: cannot be read (Too many levels of symbolic links)"),
        ("x" * 300, ": cannot be read (File name too long)"),
        ("a\x00b", ": cannot be read (embedded null byte)"),
        ("pipe.md", "pipe.md: is a pipe, not a file"),
        ("folder", "folder: is a folder without Markdown files"),
        ("/dev/zero", "/dev/zero: larger than 256 KiB"),
        ("utf16.md", "utf16.md: is UTF-16"),
        ("secret.md", "secret.md: cannot be read (Permission denied)"),
    ],
)
def test_what_is_no_document_is_one_finding(lab: Path, name: str, message: str) -> None:
    (lab / "broken.md").symlink_to("nowhere.md")
    (lab / "loop.md").symlink_to("loop.md")
    os.mkfifo(lab / "pipe.md")
    (lab / "folder").mkdir()
    (lab / "utf16.md").write_text(BAD, "utf-16")
    (lab / "secret.md").write_text(BAD)
    (lab / "secret.md").chmod(0)
    (lab / "good.md").write_text(TRIO)
    if name == "secret.md" and os.access(lab / name, os.R_OK):
        pytest.skip("this user may read everything")
    result = orgopt("lint", name, "good.md")
    assert result.exit_code == 1
    assert "ORG000 " in result.output
    assert message in result.output.replace("ORG000 ", "")
    assert result.output.endswith("2 documents, 1 error.\n")
    assert [f["code"] for f in json.loads(orgopt("lint", name, "good.md", "--json").output)["findings"]] == ["ORG000"]
    for command in (["show", name], ["diff", name, "good.md"], ["fmt", name]):
        assert orgopt(*command).exit_code in {1, 2}


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda task: append(task / "train.py", b"# changed\n"), "another version of digits (files train.py: recorded"),
        (lambda task: append(task / "prepare.py", b"# changed\n"), "another version of digits (files prepare.py: reco"),
        (lambda task: cut(task / "records.parquet", 1000), "records.parquet is damaged: its SHA-256 is"),
        (lambda task: cut(task / "records.parquet", None), "records.parquet is damaged: its SHA-256 is"),
        (lambda task: (task / "records.parquet").unlink(), "no recording to replay"),
        (lambda task: append(task / "train.py", b"LR_2 = 9.0  # knob: 0..1\n"), "LR_2 = 9.0 is outside its range 0 …"),
    ],
)
def test_a_recording_that_does_not_fit_is_one_message(
    lab: Path, damage: Callable[[Path], object], message: str
) -> None:
    task = lab / "fitness" / "digits"
    shutil.copytree(ROOT / "fitness" / "digits", task)
    (lab / "solo.md").write_text(TRIO)
    damage(task)
    result = orgopt("run", "solo.md", "--task", "digits", "--budget", "5s", "--lab", "replay")
    assert result.exit_code == 2
    assert message in " ".join(result.output.split())
    said = [line for line in result.output.splitlines() if " is read as " not in line]
    assert [line.startswith("error: ") for line in said] == [True]


def append(path: Path, text: bytes) -> None:
    with path.open("ab") as file:
        file.write(text)


def cut(path: Path, size: int | None) -> None:
    """Drop the last bytes of a file, or all."""
    os.truncate(path, 0 if size is None else path.stat().st_size - size)


def test_a_pipe_of_the_shell_is_read() -> None:
    command = [sys.executable, "-m", "orgopt", "lint", "/dev/stdin", "--format", "concise"]
    done = subprocess.run(command, input=BAD, capture_output=True, text=True, timeout=60)
    assert done.stdout.startswith("/dev/stdin:3:18: ORG010 headcount must be")


@pytest.mark.parametrize(
    "name", ["new\nline.md", "esc\x1b[31m.md", "[red]x.md", ":smile:.md", "tail\\", os.fsdecode(b"\xff.md"), "-- x.md"]
)
def test_odd_names_are_shown_in_one_line(lab: Path, name: str) -> None:
    (lab / name).write_text(BAD)
    for form in ("concise", "full", "json", "sarif", "github"):
        result = orgopt("lint", "--format", form, "--", name)
        assert result.exit_code == 1
        assert "\x1b" not in result.stdout
        if form == "concise":
            first = result.stdout.splitlines()[0]
            assert first.endswith(":3:18: ORG010 headcount must be a whole number from 0 to 64, not 'x'")
    assert ":smile:" in orgopt("lint", "--", ":smile:.md").output
    assert "\x1b" not in orgopt("show", "--", name).stderr


def test_text_is_never_taken_for_markup(lab: Path) -> None:
    (lab / "a.md").write_text("## Roles\n### Le[/]ad :bomb: [red]x[/red] \\\n- **Headcount:** 1\n- **Agent:** [b]\n")
    output = orgopt("lint", "a.md").output
    assert "2 | ### Le[/]ad :bomb: [red]x[/red] \\\n" in output
    assert "unknown agent '[b]'" in output


def test_a_bad_file_in_a_folder_does_not_hide_the_others(lab: Path) -> None:
    (lab / "a.md").write_bytes(b"\xff")
    (lab / "b.md").write_text(TRIO)
    result = orgopt("lint", ".")
    assert result.exit_code == 1
    assert "2 documents, 1 error" in result.output


def test_folders_that_go_round_are_read_once(lab: Path) -> None:
    team = lab / "team"
    (team / "real").mkdir(parents=True)
    (team / "scout.md").write_text("Look.\n")
    (team / "real" / "lead.md").write_text("Decide.\n")
    (team / "alias.md").symlink_to("scout.md")
    (team / "again").symlink_to("../team")
    (team / "linked").symlink_to("real")
    assert [role.id for role in read(load(team)).org.roles] == ["scout", "lead"]
    (team / "AGENTS.md").write_text("## Agents\n- [Boss](./real/lead.md)\n- [Scout](scout.md)\n")
    (team / "scout.md").write_text("---\nname: scout\n---\nLook.\n")
    assert [(role.id, role.charter) for role in read(load(team)).org.roles] == [("boss", "Decide."), ("scout", "Look.")]


def test_too_many_role_files_are_refused(lab: Path) -> None:
    for i in range(101):
        (lab / f"r{i}.md").write_text("Go.\n")
    assert "more than 100 files of roles" in orgopt("lint", ".").output
    (lab / "r0.md").unlink()
    assert len(read(load(lab)).org.roles) == 100


@pytest.mark.parametrize("name", ["a\nb.md", "<x>.md", "x" * 220 + ".md"])
def test_a_role_file_that_no_mark_can_name_is_refused(lab: Path, name: str) -> None:
    (lab / name).write_text("Go.\n")
    (lab / "lead.md").write_text("Go.\n")
    assert "rename it" in orgopt("lint", ".").output


def test_nothing_is_written_outside_the_folder(lab: Path) -> None:
    team = lab / "team"
    team.mkdir()
    for name in ("lead", "scout"):
        (team / f"{name}.md").write_text("Go.\n")
    program = load(team)
    program = parse(f"{program.text}\n<!-- file: ../spy.md -->\n# Spy\n", program.source, program.root)
    with pytest.raises(DocumentError, match="outside the folder"):
        save(program)
    save(AddRole("### Spy\n\n<!-- file: ../spy.md -->\n# Spy\n").apply(load(team)))
    assert not (lab / "spy.md").exists()
