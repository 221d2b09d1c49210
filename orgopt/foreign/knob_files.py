"""The files of a checkout, beside its script, whose literals are settings: modules, and configuration files."""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from orgopt.foreign.files import own_files
from orgopt.foreign.flow import Reached, by_file
from orgopt.foreign.flow.sinks import Strength
from orgopt.foreign.kinds import is_turned
from orgopt.foreign.sites import compiled
from orgopt.foreign.sites.calls import Made, made
from orgopt.foreign.sites.compiled_given import definitions
from orgopt.foreign.sites.data_files import INI, settings
from orgopt.foreign.sites.find import SETTINGS_FILE, are_few, sites
from orgopt.foreign.sites.python_text import called, calls, constant, words_of
from orgopt.foreign.source import nodes, read

_ENDINGS = (".yaml", ".yml", ".toml", ".json")
_MOST_BYTES = 1 << 16  # larger ones are data
_MOST_SOURCES = 60
_NONE = {"pyproject.toml", "package.json", "package-lock.json", "Cargo.toml", "tsconfig.json", "setup.cfg", "dvc.yaml"}
_BESIDE = re.compile(r"(^|/)(vendor|third_party|node_modules|target|tests?|examples?|benches|docs?)/")
_ASIDE = re.compile(
    r"(^|[/_.-])(tests?|eval\w*|infer\w*|predict\w*|sweeps?|tun\w*|optuna|logging|wandb|deploy\w*|docker\w*|"
    r"monitor\w*|serv\w*|tokeni[sz]er|vocab\w*|results?|outputs?|artifacts?)([/_.-]|$)",
    re.IGNORECASE,
)
"""Paths of configuration files for something else than training."""
_MEASURES = re.compile(
    r"(^|_)(test|tests|eval\w*|metrics?|predict\w*|infer\w*|prepare\w*|plot\w*|visual\w*)(_|$)", re.IGNORECASE
)


def knob_files(folder: Path, script: str, trees: Mapping[str, ast.Module], run: Sequence[str]) -> list[str]:
    """The paths of files with settings that the script takes, those that it imports first; none that measure."""
    few = script in trees and are_few(sites(read(folder / script), script, trees[script], script=True))
    known = made(trees.values()) if few else None
    flows = by_file(trees, script) if few else {}
    found = [
        name
        for name in trees
        if name != script and _has_settings(folder, name, trees[name], known, flows.get(name, ()))
    ]
    texts = [
        part.value
        for tree in trees.values()
        for part in nodes(tree)
        if isinstance(part, ast.Constant) and isinstance(part.value, str)
    ]
    named = [text for text in (*run, *(word.split("=", 1)[-1] for word in run), *texts) if text.endswith(_ENDINGS)]
    base = PurePosixPath(script).parent
    for text in dict.fromkeys(named):
        places = [PurePosixPath(text), base / text]
        # A path that is put together has its last part as a text.
        places += (
            _by_name(folder, PurePosixPath(text).name) if len(_by_name(folder, PurePosixPath(text).name)) == 1 else []
        )
        given = text in run or any(word.endswith(f"={text}") for word in run)
        found += [
            str(place)
            for place in places
            if (given or not _ASIDE.search(str(place))) and _is_settings_file(folder, str(place))
        ][:1]
    if any(called(call.func).endswith("ConfigParser") for tree in trees.values() for call in calls(tree)):
        inis = [str(name) for name in own_files(folder) if name.suffix in INI and not _ASIDE.search(str(name))]
        found += [name for name in inis if _is_settings_file(folder, name)][:1]
    for tree in trees.values():
        found += [name for name in _hydra(folder, base, tree) if _is_settings_file(folder, name)]
    return list(dict.fromkeys(found))


def only_settings(folder: Path) -> list[str]:
    """The path of a checkout's configuration file, where it has just one; else nothing."""
    names = [str(name) for name in own_files(folder) if name.suffix in _ENDINGS]
    found = [name for name in names if _is_settings_file(folder, name)]
    return found if len(found) == 1 else []


def likely_settings(folder: Path) -> list[str]:
    """The paths of a checkout's configuration files for training, the likeliest first: a default, else the shortest."""
    names = [str(name) for name in own_files(folder) if name.suffix in _ENDINGS]
    found = [name for name in names if not _ASIDE.search(name) and _is_settings_file(folder, name)]
    chief = re.compile(r"default|base|train|main|^config", re.IGNORECASE)
    return sorted(found, key=lambda name: (not chief.search(PurePosixPath(name).stem), len(name), name))


def compiled_files(folder: Path, run: str) -> list[str]:
    """The files with what a person turns in another language's program: those that its command names, and sources."""
    names = [
        str(name)
        for name in own_files(folder)
        if name.suffix in compiled.ENDINGS and not re.search(r"test|eval", name.stem, re.IGNORECASE)
    ]
    example = re.search(r"--example (\w+)", run)
    chief = f"examples/{example[1]}.rs" if example else ""
    names = programs(names, run)
    bins = [name for name in names if name.startswith("src/bin/")]
    names = [name for name in names if name not in bins or "train" in name or len(bins) == 1]
    if command := re.search(r"(cmd/[\w-]+)", run):
        names = [name for name in names if not name.startswith("cmd/") or name.startswith(f"{command[1]}/")]
    given = set(run.split())
    names = [name for name in names if name in given or not _ASIDE.search(str(PurePosixPath(name).parent))]
    if own := re.search(r"\bjulia\b.* ([\w./-]+\.jl)$", run):
        names = _included(folder, own[1], names)
    if re.match(r"(?:gcc|cc|clang|g\+\+|c\+\+|clang\+\+) ", run):  # what the compiler is not given takes no part
        built = set(run.split())
        names = [name for name in names if name in built or name.endswith((".h", ".hpp"))]
    names.sort(key=lambda name: (name != chief, "train" not in name, "main" not in name, name))
    found: list[str] = []
    known = defined_elsewhere(folder, names)
    for name in names:
        text = (folder / name).read_text("utf-8", "replace")
        if len(text) <= 4 * _MOST_BYTES and any(
            is_turned(site.name) for site in compiled.literals(text, PurePosixPath(name).suffix, known)
        ):
            found.append(name)
    given = [word for word in re.findall(r"[\w./-]+", run) if word.endswith(_ENDINGS)]
    given += _opened(folder, names)
    named = [str(path) for word in given for path in _by_name(folder, PurePosixPath(word).name)[:1]]
    return [*(name for name in named if _is_settings_file(folder, name)), *found[:12]]


def _opened(folder: Path, names: Sequence[str]) -> list[str]:
    """The configuration files that sources name, as `File::new("Settings", FileFormat::Toml)` and `"config.yaml"`."""
    texts = "\n".join((folder / name).read_text("utf-8", "replace")[: 4 * _MOST_BYTES] for name in names)
    found = [word for word in re.findall(r'"([\w./-]+)"', texts) if word.endswith(_ENDINGS)]
    for name in re.findall(r'File::(?:new|with_name)\([ \t]*"([\w./-]+)"', texts):
        found += [f"{name}{ending}" for ending in _ENDINGS if _by_name(folder, f"{PurePosixPath(name).name}{ending}")]
    return list(dict.fromkeys(one for one in found if not _ASIDE.search(one)))


def _included(folder: Path, script: str, names: Sequence[str]) -> list[str]:
    """The files that a script of Julia includes, itself among them; all where it uses the package that they are."""
    found, waiting = list[str](), [PurePosixPath(script)]
    while waiting:
        name = waiting.pop()
        if str(name) in found or str(name) not in names:
            continue
        found.append(str(name))
        text = (folder / name).read_text("utf-8", "replace")
        waiting += [_normal(name.parent / one) for one in re.findall(r'\binclude\("([^"]+)"\)', text)]
        used = re.findall(r"^[ \t]*using[ \t]+(\w+)", text, re.MULTILINE)
        if any((folder / "src" / f"{one}.jl").is_file() for one in used):
            return list(names)
    return [name for name in names if name in found]


def defined_elsewhere(folder: Path, names: Sequence[str]) -> dict[str, list[str]]:
    """What functions are given in the sources of a program in another language: those that end as some files do."""
    endings = {PurePosixPath(name).suffix for name in names} & set(compiled.ENDINGS)
    sources = [name for name in own_files(folder) if name.suffix in endings and not _BESIDE.search(str(name))]
    found: dict[str, list[str]] = {}
    for name in sources[:_MOST_SOURCES]:
        found |= definitions((folder / name).read_text("utf-8", "replace")[: 4 * _MOST_BYTES], name.suffix)
    return found


def programs(names: Sequence[str], run: str) -> list[str]:
    """The sources of a program, without other programs beside it: of examples the one that its command names."""
    example = re.search(r"--example (\w+)", run)
    chief = f"examples/{example[1]}.rs" if example else ""
    return [name for name in names if name == chief or name in run.split() or not _BESIDE.search(name)]


def _by_name(folder: Path, name: str) -> list[PurePosixPath]:
    return [PurePosixPath(one) for one in own_files(folder) if one.name == name]


def _has_settings(folder: Path, name: str, tree: ast.Module, known: Made | None, reached: Sequence[Reached]) -> bool:
    """Whether a module that is imported has settings, and is not there to measure or to make data."""
    path = PurePosixPath(name)
    if (_MEASURES.search(path.stem) and "train" not in path.stem) or path.name in {
        "prepare.py",
        "__init__.py",
        "setup.py",
    }:
        return False
    found = sites(read(folder / name), name, tree, known=known, reached=reached)
    named = bool(SETTINGS_FILE.search(path.stem)) or any(is_turned(site.identifier) for site in found)
    return bool(found) and (named or any(one.strength is Strength.METHOD for one in reached))


def _is_settings_file(folder: Path, name: str) -> bool:
    path = folder / name
    try:
        if (
            path.name in _NONE
            or not path.is_file()
            or path.stat().st_size > _MOST_BYTES
            or not path.resolve().is_relative_to(folder.resolve())
        ):
            return False
        found = list(settings(path.read_text("utf-8", "replace"), path.suffix))
    except OSError:
        return False
    return any(is_turned(site.identifier) for site in found)


def _hydra(folder: Path, base: PurePosixPath, tree: ast.Module) -> Iterator[str]:
    """The files that `@hydra.main(config_path=…, config_name=…)` composes: the chief one, and its defaults."""
    for call in calls(tree):
        name = called(call.func)
        if name.rsplit(".", 1)[-1] not in {"main", "initialize", "compose"}:
            continue
        words = words_of(call)
        config = (constant(words["config_name"]) if "config_name" in words else None) or "config"
        path = constant(words["config_path"]) if "config_path" in words else ""
        below = _normal(base / path) if isinstance(path, str) else base
        # A path that is put together is one of the usual folders.
        usual = ("conf", "configs", "config") if "config_name" in words else ()
        for place in (below, *map(PurePosixPath, usual)):
            chief = f"{place}/{str(config).removesuffix('.yaml')}.yaml".removeprefix("./")
            if (folder / chief).is_file():
                yield chief
                yield from _defaults(folder, place, (folder / chief).read_text("utf-8", "replace"))
                break


def _defaults(folder: Path, below: PurePosixPath, text: str) -> Iterator[str]:
    block = re.search(r"^defaults:[ \t]*\n((?:[ \t]*-[^\n]*\n|[ \t]*#[^\n]*\n|[ \t]*\n)*)", text + "\n", re.MULTILINE)
    for line in block[1].splitlines() if block else ():
        if match := re.match(r"\s*-\s*(?:override\s+)?/?([\w/@.-]+)\s*(?::\s*([\w/.-]+))?", line):
            group = match[1].split("@")[0]
            inner = f"{below}/{group}/{match[2]}.yaml" if match[2] else f"{below}/{group}.yaml"
            inner = inner.removeprefix("./")
            if (folder / inner).is_file():
                yield inner


def _normal(path: PurePosixPath) -> PurePosixPath:
    """A path without `..`."""
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return PurePosixPath(*parts)
