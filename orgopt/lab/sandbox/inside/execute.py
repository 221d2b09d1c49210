"""How a checkout's command is run in the folder of an experiment: a Python script in this process, else a program.

A script that the warm process runs itself has its imports already; any other command takes this process's place.
"""

import os
import re
import runpy
import sys
from ast import literal_eval
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CONFIG = "knobs.json"
"""The file of all knobs' values that `{config}` in a command names."""

_PYTHONS = re.compile(r"python3?(\.\d+)?$")
_RUNNERS = ("uv", "poetry", "pdm", "pipenv", "hatch", "rye")
_KNOB = re.compile(r"^([A-Z][A-Z0-9_]*)\s*=\s*(\S.*?)\s*#\s*knob:", re.MULTILINE)
_FILLED = re.compile(r"\{(\w+)\}")
_PLACES = (".cargo/bin", ".local/bin", "go/bin", ".juliaup/bin")
_SYSTEM = "/usr/local/bin:/usr/local/go/bin:/usr/bin:/bin"


def is_command(config: Mapping[str, Any]) -> bool:
    """Whether experiments start a program, and are not a Python script that runs in the process that they are."""
    words = python_words(config["run"])
    return bool(config["run"]) and words is None


def python_words(run: Sequence[str]) -> list[str] | None:
    """The script and the arguments of a command that runs Python, as Python would get them; None for another."""
    words = list(run)
    if words and words[0] in _RUNNERS and words[1:2] == ["run"]:
        words = words[2:]
        if words and words[0].endswith(".py"):
            return words
    if not words or not _PYTHONS.search(words[0]):
        return None
    words = words[1:]
    while words[:1] == ["-u"]:  # its output is unbuffered anyway; behind the script it would be the script's own
        words = words[1:]
    return words if words and (words[0].endswith(".py") or (words[0] == "-m" and len(words) > 1)) else None


def execute(run: Sequence[str], script: str, text: str, seed: int) -> None:
    """Run a command with the values of knobs and the seed in it.

    Args:
        run: Its words; `{NAME}` is the value of a knob, `{SEED}` the seed, `{config}` a file of JSON with all of them.
        script: The task's script.
        text: The script of the experiment, or the text of its knobs.
        seed: The experiment's.
    """
    values = {name: literal_eval(value) for name, value in _KNOB.findall(text)}
    if any("{config}" in word for word in run):
        import json

        Path(CONFIG).write_text(json.dumps({**values, "SEED": seed}), "utf-8")
    shown = {**values, "SEED": seed, "config": CONFIG}
    words = [_FILLED.sub(lambda found: str(shown.get(found[1], found[0])), word) for word in run]
    if (python := python_words(words)) is None:
        start(words)
        return
    if (package := Path("src")).is_dir() and not (package / "__init__.py").exists():
        sys.path.insert(0, str(package.absolute()))  # as where a package of this layout is installed
    if python[0] == "-m":
        sys.argv = python[1:]
        sys.path.insert(0, str(Path.cwd()))
        runpy.run_module(python[1], run_name="__main__", alter_sys=True)
        return
    sys.argv = python
    # As Python does: modules beside the script come first, those with knobs of this experiment among them.
    sys.path.insert(0, str(Path(python[0]).absolute().parent))
    if script != python[0]:
        sys.path.insert(1, str(Path.cwd()))
    runpy.run_path(python[0], run_name="__main__")


def start(words: Sequence[str]) -> None:
    """Become a program; one that is not there fails as a shell says it."""
    home = Path(os.environ.get("HOME", "/"))
    places = [str(home / place) for place in _PLACES if (home / place).is_dir()]
    path = os.pathsep.join([str(Path(sys.executable).parent), *places, *os.environ["PATH"].split(os.pathsep), _SYSTEM])
    os.environ["PATH"] = path
    name = sys.executable if _PYTHONS.fullmatch(words[0]) else words[0]
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        os.execvp(name, [name, *words[1:]])
    except OSError as error:
        raise SystemExit(f"{words[0]}: {error.strerror}") from None
