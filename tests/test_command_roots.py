"""What a program is run from, found by its place: a venv, npm packages, an interpreter."""

import sys
from pathlib import Path

import pytest

from orgopt.agents.session import Language
from orgopt.agents.toml_models import LanguageSettings
from orgopt.lab.sandbox.command.roots import roots_of
from orgopt.ledger import Ledger
from orgopt.tasks.task import Task
from orgopt.team.runtime import Team
from tests.fakes.lab import FakeLab
from tests.fakes.processes import needs_sandbox
from tests.test_command_agents import ALONE, ONE_CALL_S, CommandSettings, Ticks, thoughts
from tests.test_words import noiseless


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_a_program_of_a_venv_has_its_venv_and_that_of_a_link_to_it(tmp_path: Path) -> None:
    venv = tmp_path / "tools" / "aider"
    tool = program(venv / "bin" / "aider", f"#!{venv}/bin/python\n")
    (venv / "bin" / "python").symlink_to(sys.executable)
    (venv / "pyvenv.cfg").write_text("home = /usr/bin\n")
    assert str(venv) in roots_of(tool)
    link = tmp_path / "bin" / "aider"
    link.parent.mkdir()
    link.symlink_to(tool)
    assert str(venv) in roots_of(link)
    assert str(tmp_path) not in roots_of(link)


def test_a_program_of_npm_has_the_packages_that_lie_beside_it(tmp_path: Path) -> None:
    modules = tmp_path / "lib" / "node_modules"
    main = program(modules / "tool" / "node_modules" / "inner" / "cli.js", "#!/usr/bin/env node\n")
    link = tmp_path / "bin" / "tool"
    link.parent.mkdir()
    link.symlink_to(main)
    assert roots_of(link)[0] == str(modules)
    assert roots_of(modules / ".bin" / "tool")[0] == str(modules)


def test_an_interpreter_of_another_place_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    node = program(tmp_path / "node" / "bin" / "node-own", "binary")
    monkeypatch.setenv("PATH", str(node.parent), prepend=":")
    tool = program(tmp_path / "tools" / "cli", "#!/usr/bin/env -S node-own --flag\n")
    assert roots_of(tool) == (str(node.parent),)
    assert roots_of(program(tmp_path / "tools" / "plain", "#!/bin/sh\n")) == ()
    assert roots_of(program(tmp_path / "tools" / "gone", "#!/usr/bin/env no-such-thing\n")) == ()
    assert roots_of(tmp_path / "nowhere") == ()


def test_a_home_is_never_shown_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    tool = program(tmp_path / "me" / "bin" / "tool", "#!/bin/sh\n")
    (tmp_path / "me" / "pyvenv.cfg").write_text("home = /usr/bin\n")
    assert roots_of(tool) == ()
    above = program(tmp_path / "bin" / "tool", "#!/bin/sh\n")
    (tmp_path / "pyvenv.cfg").write_text("home = /usr/bin\n")
    assert roots_of(above) == ()


@needs_sandbox
def test_a_program_elsewhere_runs_without_being_allowed(toy: Task, tmp_path: Path) -> None:
    """A link to a script whose venv has a module beside it: neither is named in the settings."""
    venv = tmp_path / "venv"
    (venv / "lib").mkdir(parents=True)
    (venv / "pyvenv.cfg").write_text("home = /usr/bin\n")
    (venv / "lib" / "own.py").write_text("TEXT = 'its own module'\n")
    text = f"import sys\nsys.path.insert(0, {str(venv / 'lib')!r})\nfrom own import TEXT\nprint(TEXT)\n"
    python = Path(sys.executable).resolve()  # a first line can name no folder with spaces
    tool = program(venv / "bin" / "tool", f"#!{python}\n{text}")
    for part in (tmp_path, *tmp_path.parents):
        if part.stat().st_mode & 0o005 != 0o005:
            part.chmod(part.stat().st_mode | 0o005)
    (tmp_path / "linked").symlink_to(tool)
    ledger = Ledger()
    settings = LanguageSettings(commands={"cli": CommandSettings(name="cli", command=(str(tmp_path / "linked"),))})
    with Language(ALONE, settings, clock=Ticks()) as language:
        Team(ALONE, toy, FakeLab(toy, metric=noiseless), seed=1, ledger=ledger, language=language).run(ONE_CALL_S)
    assert thoughts(ledger)[0]["said"] == "its own module\n"
