"""`orgopt lint`, `explain`, `fmt`, `init`, `diff` and settings: output in every format, and files that change."""

import json
from pathlib import Path

import jsonschema
import pytest
from click.testing import CliRunner, Result

from orgopt.cli import main
from orgopt.cli.init import templates
from orgopt.document import load, read
from orgopt.document.editing.diff import same
from tests.conftest import ROOT, TRIO

BAD = TRIO.replace("**Headcount:** 2", "**Headcont:** 2").replace("0.5", "1.4")
TWICE = TRIO.replace("## Rhythm", "- Explorer → Lead: reports to\n\n## Rhythm")


def orgopt(*args: str | Path) -> Result:
    return CliRunner().invoke(main, [str(arg) for arg in args])


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    path = tmp_path / "lab.md"
    path.write_text(BAD)
    return path


def test_the_full_format_has_the_line_a_caret_and_a_remedy(lab: Path) -> None:
    result = orgopt("lint", "lab.md")
    assert result.exit_code == 1
    assert "lab.md:15:5: ORG005 unknown key 'headcont'\n15 | - **Headcont:** 2\n   |     ^^^^^^^^\n" in result.output
    assert "   = help: did you mean 'headcount'?" in result.output
    assert "1 document, 1 error, 1 warning, 1 info. 1 more with --fix --unsafe-fixes." in result.output


def test_the_concise_format_is_a_line_a_finding(lab: Path) -> None:
    lines = orgopt("lint", "lab.md", "--format", "concise").output.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("lab.md:") for line in lines[:3])


def test_json(lab: Path) -> None:
    data = json.loads(orgopt("lint", "lab.md", "--format", "json").output)
    assert data == json.loads(orgopt("lint", "lab.md", "--json").output)
    finding = next(finding for finding in data["findings"] if finding["code"] == "ORG005")
    assert (finding["line"], finding["column"], finding["end"]) == (15, 5, {"line": 15, "column": 13})
    assert finding["fix"]["safe"] is False


def test_sarif(lab: Path) -> None:
    log = json.loads(orgopt("lint", "lab.md", "--format", "sarif").output)
    (run,) = log["runs"]
    assert log["version"] == "2.1.0"
    ids = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert [ids[result["ruleIndex"]] for result in run["results"]] == [result["ruleId"] for result in run["results"]]
    region = next(r for r in run["results"] if r["ruleId"] == "ORG012")["locations"][0]["physicalLocation"]["region"]
    assert (region["startLine"], region["startColumn"], region["endColumn"]) == (17, 23, 26)
    assert {result["level"] for result in run["results"]} == {"error", "warning", "note"}


def test_github(lab: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.rename("a,b:c.md")
    line = orgopt("lint", "a,b:c.md", "--format", "github").output.splitlines()[-1]
    assert line.startswith("::error file=a%2Cb%3Ac.md,line=17,col=23,title=ORG012 bad-risk::risk tolerance must")
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    assert orgopt("lint", "a,b:c.md").output.splitlines()[-1] == line


def test_fixes_are_written(lab: Path) -> None:
    lab.write_text(TWICE)
    assert "1 finding can be fixed with --fix" in orgopt("lint", lab).output
    assert lab.read_text() == TWICE
    result = orgopt("lint", lab, "--fix")
    assert result.output == "1 document, no findings, 1 fix made\n"
    assert lab.read_text() == TRIO.replace("## Rhythm", "\n## Rhythm")
    lab.write_text(BAD.replace("1.4", "0.4"))
    assert orgopt("lint", lab, "--fix").exit_code == 0
    assert "Headcont" in lab.read_text()
    orgopt("lint", lab, "--fix", "--unsafe-fixes")
    assert "**Headcount:** 2" in lab.read_text()
    assert orgopt("lint", lab, "--unsafe-fixes").exit_code == 2


def test_a_task_contradicts(lab: Path) -> None:
    lab.write_text(TRIO.replace("Explore.", "Edit `model.py`.").replace("- **Agent:** tpe", "- **Focus:** optimiser"))
    found = json.loads(orgopt("lint", lab, "--json", "--task", ROOT / "fitness" / "tinygpt").output)["findings"]
    assert {finding["code"] for finding in found} == {"ORG035", "ORG036"}
    lab.write_text(TRIO.replace("**Headcount:** 2", "**Headcount:** 30"))
    output = orgopt("lint", lab, "--task", "digits", "--slots", "2").output
    assert "ORG032 31 agents for 2 slots, which about 3 keep busy" in output
    assert "ORG032" not in orgopt("lint", lab, "--task", "digits", "--slots", "16").output


def test_folders_and_unreadable_files(lab: Path) -> None:
    for name in ("a", "b"):
        (lab.parent / f"{name}.md").write_text(TRIO)
    lab.write_bytes(b"\xff")
    result = orgopt("lint", ".", "missing.md")
    assert result.exit_code == 1
    assert "4 documents, 2 errors" in result.output
    codes = [f["code"] for f in json.loads(orgopt("lint", ".", "missing.md", "--json").output)["findings"]]
    assert codes == ["ORG000", "ORG000"]


def test_explain() -> None:
    assert "reporting-cycle" in orgopt("explain", "org014").output
    assert orgopt("explain", "reporting-cycle").output == orgopt("explain", "ORG014").output
    assert "Le<U+200B>ad" not in orgopt("explain", "ORG014").output
    assert "Lea<U+200B>d" in orgopt("explain", "ORG027").output
    assert len(orgopt("explain").output.splitlines()) >= 25
    assert orgopt("explain", "ORG999").exit_code == 2
    assert json.loads(orgopt("explain", "ORG014", "--json").output)["code"] == "ORG014"


def test_fmt_writes_the_canonical_form_once(lab: Path) -> None:
    lab.write_text("## Team\n\n| Role | Count | Reports to |\n|---|---|---|\n| Lead | 1 | |\n| Scout | ×2 | Lead |\n")
    before = read(load(lab)).org
    assert orgopt("fmt", lab, "--check").exit_code == 1
    assert orgopt("fmt", lab, "--out", "new.md").exit_code == 0
    assert same(read(load("new.md")).org, before)
    assert "- **Headcount:** 2" in Path("new.md").read_text()
    assert orgopt("fmt", lab).exit_code == 0
    assert lab.read_text() == Path("new.md").read_text()
    assert orgopt("fmt", lab, "--check").exit_code == 0
    lab.write_text(BAD)
    assert orgopt("fmt", lab).exit_code == 1
    assert lab.read_text() == BAD


@pytest.mark.sweep(5)
@pytest.mark.parametrize("path", sorted((ROOT / "orgs").rglob("*.md")), ids=lambda path: path.stem)
def test_json_keeps_to_its_schema_and_fmt_to_the_organization(path: Path, tmp_path: Path) -> None:
    schema = json.loads((ROOT / "orgopt" / "org.schema.json").read_text())
    jsonschema.validate(json.loads(orgopt("show", path, "--as", "json").output), schema)
    assert orgopt("fmt", path, "--out", tmp_path / "a.md").exit_code == 0
    assert same(read(load(tmp_path / "a.md")).org, read(load(path)).org)


def test_diff_prints_edits(lab: Path) -> None:
    lab.write_text(TRIO)
    Path("b.md").write_text(TRIO.replace("**Headcount:** 2", "**Headcount:** 4").replace("Explore.", "Roam far."))
    assert (
        orgopt("diff", "lab.md", "b.md").output == "  Explorer: headcount 2 → 4\n  Explorer: charter 1 word → 2 words\n"
    )
    first = json.loads(orgopt("diff", "lab.md", "b.md", "--json").output)["edits"][0]
    assert first == {
        "edit": "SetKey", "role": "explorer", "key": "headcount", "value": "4", "text": "Explorer: headcount 2 → 4",
    }  # fmt: skip
    assert "+Roam far." in orgopt("diff", "lab.md", "b.md", "--text").output


INITIAL = (".gitignore", "AGENTS.md", "README.md", "fitness", "orgopt.toml", "program.md")


def test_init_starts_a_workspace_that_lints_and_loses_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    result = orgopt("init", "my-lab", "--template", "flat-talkers", "--task", "nk")
    assert result.exit_code == 0, result.output
    lab = tmp_path / "my-lab"
    assert {path.name for path in lab.iterdir()} == set(INITIAL)
    assert orgopt("lint", lab / "program.md").exit_code == 0
    again = orgopt("init", "my-lab")
    assert (again.exit_code, "already there" in again.output) == (2, True)
    assert orgopt("init", "x", "--template", "nope").exit_code == 2
    assert orgopt("init").exit_code == 2
    monkeypatch.chdir(lab)
    done = orgopt("run", "program.md", "--json", "--lab", "replay")
    assert done.exit_code == 0, done.output
    again = orgopt("run", "--resume", json.loads(done.stdout)["folder"], "--json")
    assert "do not give them again" not in again.output


def test_there_are_ten_templates_that_say_when_they_fit() -> None:
    found = templates()
    assert len(found) >= 10
    for path in found.values():
        program = load(path)
        assert "Fits" in read(program).org.mission, path
        assert orgopt("lint", path).output == "1 document, no findings\n"
    assert orgopt("init", "--templates").output.count("agent") >= 10


def test_settings_that_name_nothing_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "orgopt.toml").write_text("[runn]\nslots = 3\n")
    assert "[runn] is no command" in orgopt("task").output
    (tmp_path / "orgopt.toml").write_text("[task]\njsn = true\n")
    assert "there is no [task] jsn: check, measure, json, quiet" in orgopt("task").output
    (tmp_path / "orgopt.toml").write_text("[run\n")
    assert orgopt("task").exit_code == 2
