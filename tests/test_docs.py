"""Docs say what is so: every lint code has its section, every command and shown document works."""

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from orgopt.cli import COMMANDS, main
from orgopt.document import lint, parse
from orgopt.document.linting.rules import RULES, page
from tests.conftest import ROOT

PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "AGENTS.md",
    *sorted((ROOT / "docs").glob("*.md")),
    *sorted((ROOT / "docs").glob("[a-z]*/*.md")),
]


def test_every_lint_code_is_documented() -> None:
    sources = "".join(path.read_text() for path in (ROOT / "orgopt").rglob("*.py"))
    raised = set(re.findall(r'"(ORG\d{3})"', sources))
    assert raised == set(RULES)
    assert (ROOT / "docs" / "reference" / "rules.md").read_text() == page()


def test_every_command_is_documented() -> None:
    text = (ROOT / "docs" / "reference" / "commands.md").read_text()
    for name in COMMANDS:
        assert f"`orgopt {name}" in text


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_in_the_docs_parse_and_the_quick_ones_run(
    path: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(ROOT)
    for block in re.findall(r"```bash\n(.*?)```", path.read_text(), re.DOTALL):
        for line in block.splitlines():
            words = shlex.split(line, comments=True)
            if words[:1] == ["cd"]:  # into a workspace that `orgopt init` made, and back
                monkeypatch.chdir(ROOT if words[1] == ".." else tmp_path / words[1])
            if not words or words[0] != "orgopt":
                continue
            if words[1] == "init" and words[2][0] != "-":
                words[2] = str(tmp_path / words[2])
            words = [str(file) for word in words[1:] for file in (sorted(Path().glob(word)) if "*" in word else [word])]
            quick = words[0] in {"init", "show", "lint", "diff", "task", "explain"}
            # A command that takes time is asked for its help, after its options were parsed.
            result = CliRunner().invoke(main, words if quick else [*words, "--help"])
            assert result.exit_code == 0, (line, result.output)
            command = words[: 2 if words[0] == "log" else 1]  # a command of a group has its own options
            options = CliRunner().invoke(main, [*command, "--help"]).output
            assert all(word in options for word in words if word.startswith("--")), line


def test_documents_in_the_docs_have_no_findings() -> None:
    pages = [ROOT / "docs" / name for name in ("reference/documents.md", "tutorials/write-an-organization.md")]
    shown = [text for page in pages for text in re.findall(r"```markdown\n(# .*?)```", page.read_text(), re.DOTALL)]
    assert len(shown) > len(pages)
    for text in shown:
        assert lint(parse(text)) == []


def test_forms_in_the_docs_are_read_as_shown(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "reference" / "documents.md").read_text()
    pairs = re.findall(r"```markdown\n((?:(?!```).)*)```\n\n```text\n(.*?)```", page, re.DOTALL)
    assert len(pairs) == page.count("```text")
    for text, shown in pairs:
        (tmp_path / "form.md").write_text(text)
        assert CliRunner().invoke(main, ["show", str(tmp_path / "form.md")]).stdout == shown


def test_links_between_pages_lead_somewhere() -> None:
    for path in PAGES:
        prose = re.sub(r"```.*?```|`[^`\n]*`", "", path.read_text(), flags=re.DOTALL)
        for target in re.findall(r"\]\(([\w./-]+\.(?:md|json))\)", prose):
            assert (path.parent / target).exists(), f"{path.name} → {target}"


def test_the_example_of_edits_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (code,) = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "reference" / "documents.md").read_text(), re.DOTALL)
    exec(compile(code, "documents.md", "exec"), {})


FROM_PYTHON = (ROOT / "docs" / "how-to" / "from-python.md").read_text()


@pytest.mark.parametrize("code", re.findall(r"```python\n(.*?)```", FROM_PYTHON, re.DOTALL))
@pytest.mark.slow
def test_what_is_shown_of_python_runs(code: str, tmp_path: Path) -> None:
    (tmp_path / "orgs").symlink_to(ROOT / "orgs")
    said: dict[str, Any] = {}
    exec(code, said)
    assert list((tmp_path / "mlruns").rglob("*.jsonl"))
    assert "optimize" not in code or said["study"].final.champion.startswith("g0")


def test_the_map_of_the_design_has_every_module() -> None:
    text = (ROOT / "docs" / "design.md").read_text()
    words = set(re.findall(r"[a-z_]+", text.split("```")[1]))
    modules = {path.stem for path in (ROOT / "orgopt").rglob("*.py") if "toy" not in path.parts}
    assert sorted(modules - words - {"__init__", "__main__"}) == []


def test_what_developers_are_told_of_is_there() -> None:
    """Files that the pages for developers name, and modules that the first docstrings and the map name, exist."""
    python = list((ROOT / "orgopt").rglob("*.py"))
    files = {path.relative_to(ROOT).as_posix() for path in (*python, *(ROOT / "tests").rglob("*.py"))}
    for guide in ("CONTRIBUTING.md", "AGENTS.md"):
        named = set(re.findall(r"`((?:orgopt/|tests/)?[a-z_/]+\.py)`", (ROOT / guide).read_text()))
        assert [one for one in sorted(named) if not any(f"/{file}".endswith(f"/{one}") for file in files)] == []
    modules = {"/" + path.relative_to(ROOT).with_suffix("").as_posix().removesuffix("/__init__") for path in python}
    texts = [path.read_text() for path in python]
    docs = [match[1] for text in texts if (match := re.match(r'"""(.*?)"""', text, re.DOTALL))]
    words = set(re.findall(r"\w+", "\n".join(re.sub(r"`[^`\n]*`", "", text) for text in texts)))
    dotted = {word for text in docs for word in re.findall(r"`([a-z_]+(?:\.\w+)*)`", text)}
    lost = [word for word in dotted if not _is_there(word, modules, words)]
    assert sorted(lost) == []
    tree = (ROOT / "docs" / "design.md").read_text().split("```")[1]
    assert [one for one in re.findall(r"\b([a-z_]+)\.py\b", tree) if f"/orgopt/{one}" not in modules] == []


def _is_there(word: str, modules: set[str], words: set[str]) -> bool:
    """Whether a name is a module's, or that of something in one; one without a point may be any word of the code."""
    head, _, last = word.rpartition(".")
    places = [module for module in modules if module.endswith("/" + word.replace(".", "/"))]
    inside = [module for module in modules if head and module.endswith("/" + head.replace(".", "/"))]
    known = last in {"yaml", "py", "toml", "jsonl", "db", "md", "part", "argv", "lr", "dump"} or head in {
        "ast",
        "torch",
    }
    return bool(places) or (last in words if inside or not head else known)
