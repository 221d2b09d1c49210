"""How a checkout is run: its script, or any command in any language, from what its files say and are called."""

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

from orgopt.errors import TaskError
from orgopt.foreign.arguments import needed
from orgopt.foreign.builds import built, places
from orgopt.foreign.editable import HELPS, does_something, editable, judge, script_of
from orgopt.foreign.files import own_files
from orgopt.foreign.likely import ENOUGH, Likely, by_contents, chief, ranked, shown_elsewhere, turned
from orgopt.foreign.pipelines import pipeline
from orgopt.foreign.sites.python_text import called, calls, constant, imported
from orgopt.foreign.source import parsed

_DOCUMENTS = ("program.md", "readme.md", "readme.rst", "readme.txt", "makefile", "justfile", "dvc.yaml", "dockerfile")
_BYTES = 1 << 18
_PYTHON = re.compile(
    r"(?:^|[\s`$;&!\"'(])(?:uv run|poetry run|pipenv run|pdm run|[\w./~-]*\bpython3?(?:\.\d+)?|torchrun|"
    r"accelerate launch|CUDA_VISIBLE_DEVICES=\S+ python3?)"
    r"(?P<words>[^`\n;&|>#]*)"
)
_STARTS = {"uv", "poetry", "pipenv", "pdm", "run", "python", "python3", "torchrun", "accelerate", "launch", "-u", "--"}
_CONFIG = re.compile(r"conf|cfg|settings|param|yaml|yml", re.IGNORECASE)
_DATA = re.compile(
    r"\.(?:png|jpe?g|gif|bmp|tiff?|webp|wav|mp[34]|flac|npy|npz|pt|pth|pkl|bin|csv|tsv|txt|jsonl|parquet|h5|xml|svg|pdf|zip|gz)",
    re.IGNORECASE,
)
"""Endings of data, of which there may be many thousands beside a few sources."""
_MOST_FILES = 400
_MOST_NAMED = 12
_MOST_CONFIGS = 60
_SURE = 5.0
"""The weight of a name that says what is to be run, whatever it shows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """How a checkout is run.

    Attributes:
        script: The Python file that agents may change, by its path in the checkout; empty for another command.
        runs: The Python file that the command runs, mostly the same; empty for another command.
        run: The words of the command; of a script its arguments alone matter.
        shell: The command as one types it.
        said: The file that says so; empty where names alone do.
        others: Other files that could be meant.
        knobs: Lines of knobs whose places are in the command.
    """

    script: str
    run: tuple[str, ...]
    runs: str = ""
    said: str = ""
    others: tuple[str, ...] = ()
    knobs: str = ""

    @property
    def shell(self) -> str:
        return typed(self.run)


def typed(run: Sequence[str]) -> str:
    """The words of a command as one types them; places for knobs are no concern of a shell."""
    if tuple(run[:2]) == ("sh", "-c"):
        return run[2]
    return " ".join(word if re.fullmatch(r"[\w@%+=:,./{}-]+", word) else shlex.quote(word) for word in run)


def entry(folder: Path) -> Entry | None:
    """How a checkout is most likely run; None where nothing in it looks like something to run."""
    found = [PurePosixPath(name) for name in own_files(folder) if not _DATA.fullmatch(name.suffix)]
    names = sorted(found, key=lambda name: len(name.parts))[:_MOST_FILES]
    commands = list(_commands(folder))
    scripts = [name for name in names if name.suffix == ".py"]
    if told := _told(folder, scripts, commands):
        return told
    each = [words for _, words in commands]

    @cache
    def modules(name: str) -> Mapping[str, ast.Module]:
        return local_modules(folder, name)

    weighed = ranked(folder, scripts, each)
    likely = [one for one in weighed if one.weight >= ENOUGH]
    build = built(folder, names)
    if build is not None and (not likely or likely[0].weight < 4):
        return Entry(script="", run=build.run, said=build.said, knobs=build.knobs)
    if not likely:
        named = [script_of(words) for words in each]
        likely = [Likely(0.0, name) for name in named if _can_run(folder, name, scripts)][:1]
    likely = likely or [one for one in weighed if one.weight > 0][:1]  # deep in folders
    script = chief(folder, likely, each, modules) if likely else by_contents(folder, scripts, modules)
    script = shown_elsewhere(folder, script, scripts, each, modules) if likely and likely[0].weight < _SURE else script
    if not script:
        return None
    if (piped := pipeline(folder, script, modules)) is not None:
        return Entry(script=piped.script, runs=piped.judge, run=piped.run, said=piped.said)
    said, words = next(((where, words) for where, words in commands if script_of(words) == script), ("", list[str]()))
    most = likely[0].weight if likely else 0.0
    others = tuple(one.name for one in likely[:4] if one.weight > most - 1.5 and one.name != script)
    run, knobs = places(_command(folder, script, words))
    return Entry(script=script, runs=script, run=run, said=said, others=others, knobs=knobs)


def runnable(folder: Path) -> list[str]:
    """The Python files of a checkout that do something when they are run, whatever for, by path."""
    scripts = [name for name in own_files(folder) if name.suffix == ".py"][:_MOST_FILES]
    return [str(name) for name in scripts if does_something(folder / name)]


def told(folder: Path) -> list[str]:
    """The Python files that the commands of a checkout's documents run, by path."""
    return [name for name in dict.fromkeys(script_of(words) for _, words in _commands(folder)) if name]


def _told(folder: Path, scripts: Sequence[PurePosixPath], commands: Sequence[tuple[str, list[str]]]) -> Entry | None:
    """The file that documents say is the one to change, and what runs it; None where they name none."""
    counts = editable(folder, scripts)
    named = list(counts)[:_MOST_NAMED]
    words = [words for _, words in commands]
    judged = {name: judge(folder, name, scripts, words, lambda one: local_modules(folder, one)) for name in named}
    judged = {name: run for name, run in judged.items() if run}
    if not judged:
        return None
    runs = script_of(next(iter(judged.values())))
    most = max(counts[name] for name in judged)
    same = [name for name, run in judged.items() if script_of(run) == runs and counts[name] == most]
    script = max(same or judged, key=lambda name: turned(folder, name))
    said, own = next(((where, one) for where, one in commands if script_of(one) == runs), ("", judged[script]))
    others = tuple(name for name in judged if name != script)
    run, knobs = places(_command(folder, runs, own))
    return Entry(script=script, runs=runs, run=run, said=said, others=others, knobs=knobs)


def _can_run(folder: Path, name: str, scripts: Sequence[PurePosixPath]) -> bool:
    stem = PurePosixPath(name).stem
    return bool(name and PurePosixPath(name) in scripts and not HELPS.search(stem) and does_something(folder / name))


def _command(folder: Path, script: str, words: Sequence[str]) -> tuple[str, ...]:
    """The words that run a script: as a module where it is one of a package that it imports itself."""
    given = needed(folder, script, words)
    parts = PurePosixPath(script).with_suffix("").parts
    top = script.split("/")[0]
    if PurePosixPath(script).name == "__main__.py":
        return ("python", "-m", ".".join(parts[:-1]) or ".", *given)
    package = top != script and all(part.isidentifier() for part in parts)
    above = {module.split(".")[0] for module, level in imported(parsed(folder / script)) if not level}
    beside = (folder / script).parent / top
    inside = package and top in above and not (beside.is_dir() or beside.with_suffix(".py").is_file())
    if words[:1] == ["-m"] or inside or (package and any(level for _, level in imported(parsed(folder / script)))):
        return ("python", "-m", ".".join(parts), *given)
    return ("python", script, *given)


def _commands(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The Python commands that documents and build files have, with where they stand."""
    found = [path for path in sorted(folder.iterdir()) if path.is_file()] if folder.is_dir() else []
    named = {path.name.lower(): path for path in found}
    scripts = [path for path in found if path.suffix in {".sh", ".bash"}]
    more = [path for name, path in named.items() if path.suffix.lower() == ".md" and name not in _DOCUMENTS]
    for path in [*(named[name] for name in _DOCUMENTS if name in named), *scripts, *more]:
        text = path.read_bytes()[:_BYTES].decode("utf-8", "replace").replace("\\\n", " ")
        for match in _PYTHON.finditer(text):
            with suppress(ValueError):
                words = _placed(folder, [word for word in shlex.split(match["words"]) if word not in _STARTS])
                yield f"{path.name}:{text.count(chr(10), 0, match.start()) + 1}", words
    with suppress(OSError, ValueError, KeyError):
        for word in tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]["scripts"].values():
            yield "pyproject.toml", ["-m", str(word).split(":")[0]]


def _placed(folder: Path, words: list[str]) -> list[str]:
    """A command whose script is named as from a folder below with its path, where just one file has that name."""
    script = script_of(words)
    if not script or words[:1] == ["-m"] or (folder / script).is_file():
        return words
    same = [str(name) for name in own_files(folder) if name.name == PurePosixPath(script).name]
    return [same[0] if len(same) == 1 and word.endswith(script) else word for word in words]


def local_modules(folder: Path, script: str, trees: Mapping[str, ast.Module] | None = None) -> dict[str, ast.Module]:
    """The syntax of a script and of the checkout's own modules that it imports, directly or through others, by path."""
    found: dict[str, ast.Module] = dict(trees or {})
    waiting, added = [script], list[PurePosixPath]()
    base = PurePosixPath(script).parent
    while waiting and len(found) < _MOST_FILES:
        name = waiting.pop(0)
        if name in found:
            continue
        try:
            found[name] = parsed(folder / name)
        except TaskError:
            continue
        added += [PurePosixPath(folder_name) for folder_name in _added(found[name])]
        for module, level in [*imported(found[name]), *(_instantiated(folder) if _hydra(found[name]) else ())]:
            above = PurePosixPath(name).parent
            for _ in range(level - 1):
                above = above.parent
            places = [above] if level else [base, PurePosixPath(), PurePosixPath(name).parent, PurePosixPath("src")]
            places += [] if level else added
            for place in places:
                inner = place.joinpath(*module.split(".")) if module else place
                path = next((one for one in (f"{inner}.py", f"{inner}/__init__.py") if (folder / one).is_file()), "")
                if path:
                    waiting.append(path)
                    break
    return found


def _hydra(tree: ast.Module) -> bool:
    """Whether a file makes what configuration files name, as `hydra.utils.instantiate(cfg.model)` does."""
    return any(called(call.func).rsplit(".", 1)[-1] == "instantiate" for call in calls(tree))


def _instantiated(folder: Path) -> Iterator[tuple[str, int]]:
    """The modules of what a checkout's configuration files name as `_target_`."""
    names = [name for name in own_files(folder) if name.suffix in {".yaml", ".yml"} and _CONFIG.search(str(name))]
    for name in names[:_MOST_CONFIGS]:
        text = (folder / name).read_bytes()[: 1 << 16].decode("utf-8", "replace")
        for match in re.finditer(r"^\s*_target_:\s*([\w.]+)\.\w+\s*$", text, re.MULTILINE):
            yield match[1], 0


def _added(tree: ast.Module) -> Iterator[str]:
    """The folders of a checkout that a file adds to those of modules, as `sys.path.append("model/")` does."""
    for call in calls(tree):
        if called(call.func) in {"sys.path.append", "sys.path.insert"} and call.args:
            folder = constant(call.args[-1])
            if isinstance(folder, str) and not folder.startswith(("/", "..", "~")):
                yield folder
