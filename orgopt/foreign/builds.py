"""Programs in other languages: the command that builds and runs one, by its build files and its documents."""

import itertools
import re
import shlex
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from orgopt.foreign.kinds import is_seed, is_turned, values
from orgopt.foreign.results.steering import shows_elsewhere
from orgopt.foreign.sites import knob_name
from orgopt.foreign.sites.compiled import literals
from orgopt.foreign.sites.python_text import number

_NO_PROGRAM = re.compile(r"^(?:pipefail|errexit|nounset|xtrace)$|\.(?:o|so|a|d)$")  # options of a shell, and parts
_DOCUMENTS = ("program.md", "readme.md", "readme.txt", "makefile")
_TOLD = re.compile(r"^[ \t]*(?:\$ |> |`)?(?P<line>(?:cargo run|go run)[^\n`#|&;]*)", re.MULTILINE)
_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*[<"]([\w./-]+\.(?:h|hpp|hh|cuh))[>"]', re.MULTILINE)
_ENOUGH = 3
"""Settings that a command gives from which on it, and not the sources, has the knobs."""
_COMPILES = re.compile(
    r"^[ \t]*(?://|\*|#)?[ \t]*\$?[ \t]*(?P<line>(?:gcc|cc|clang|g\+\+|c\+\+|clang\+\+)\b"
    r"[^\n&;|]*?(?P<source>[\w./-]+\.(?:c|cc|cpp|cxx))\b"
    r"[^\n&;|]*&&[ \t]*(?:time[ \t]+)?\./[\w./-]+)",
    re.MULTILINE,
)
"""How a source says at its top that it is built and run."""
_DATA = re.compile(r"mnist|cifar|iris|titanic|imdb|shakespeare")
"""Names of well-known data, by which an example is more than a toy."""
_HEAD = 2000
_ACTS = re.compile(
    r"^(?!using|include|import|end\b|function|module|struct)(?:\w+[!]?\(|for |@time |if abspath)", re.MULTILINE
)
"""What a script of Julia does at its top level, beside including and defining."""
_SOURCES = {".c", ".cpp", ".cc", ".cxx"}


class Build(NamedTuple):
    """A command, the file that says so (empty where names alone do), and the lines of knobs that it has places for."""

    run: tuple[str, ...]
    said: str = ""
    knobs: str = ""


def built(folder: Path, names: Sequence[PurePosixPath]) -> Build | None:
    """The command of a program in another language; None where there is none."""
    known = {str(name) for name in names}
    other = _cargo(folder, known) or _go(folder, known) or _node(known)
    return other or _julia(folder, names, known) or _c(folder, names, known)


def _cargo(folder: Path, known: set[str]) -> Build | None:
    bins = sorted(name for name in known if re.fullmatch(r"src/bin/\w+\.rs", name))
    train = [name for name in bins if "train" in name] or bins * ("src/main.rs" not in known)
    examples = [name for name in known if re.fullmatch(r"examples/\w+\.rs", name)]  # of a library
    if not train and not _learns(folder / "src/main.rs"):
        train = [name for name in bins if _learns(folder / name)]
    if "Cargo.toml" not in known or not (train or "src/main.rs" in known or examples):
        return None
    train = sorted(train, key=lambda one: -_settings(folder / one)) if "train" not in "".join(train[:1]) else train
    if (
        train
        and "train" not in train[0]
        and not _learns(folder / train[0])
        and any(_learns(folder / one) for one in examples)
    ):
        train = []  # a tool beside a library, whose examples learn
    more = ("--bin", PurePosixPath(train[0]).stem) if train else ()
    if not train and "src/main.rs" not in known:
        more = (
            "--example",
            PurePosixPath(
                max(
                    examples,
                    key=lambda one: _worth(folder / one),
                )
            ).stem,
        )
    needed = _features((folder / "Cargo.toml").read_text("utf-8", "replace"), *more) if more else ""
    plain = ("cargo", "run", "--release", *more, *(("--features", needed) if needed else ()))
    return _told(folder, plain) or Build(plain, "Cargo.toml")


def _worth(path: Path) -> tuple[bool, bool, bool, int, str]:
    """How much an example is worth: one that learns, shows a result, is of real data, and has settings."""
    shows = shows_elsewhere(path.read_text("utf-8", "replace"), path.name)
    return _learns(path), shows, bool(_DATA.search(path.stem)), _settings(path), path.stem


def _features(toml: str, kind: str, name: str) -> str:
    """The features without which a program of a package is not built, as its Cargo.toml says."""
    with suppress(tomllib.TOMLDecodeError, AttributeError):
        tables = tomllib.loads(toml).get(kind.lstrip("-"), [])
        return ",".join(
            one for table in tables if table.get("name") == name for one in table.get("required-features", ())
        )
    return ""


def _learns(path: Path) -> bool:
    """Whether a program speaks of training and of what it is measured on, and is no toy by its name."""
    text = path.read_text("utf-8", "replace").lower() if path.is_file() else ""
    toy = re.search(r"xor|simple|basic|toy|hello|tiny_?example", path.stem.lower())
    return not toy and "train" in text and bool(re.search("test|valid|eval|reward", text))


def _settings(path: Path) -> int:
    """How many settings a program has that a person turns."""
    return sum(is_turned(site.name) for site in literals(path.read_text("utf-8", "replace")))


def _go(folder: Path, known: set[str]) -> Build | None:
    mains = [name for name in known if name.endswith("main.go")]
    if "go.mod" not in known or not mains:
        return None
    first = (sorted(name for name in mains if "train" in name) or sorted(mains, key=len))[0]
    where = str(PurePosixPath(first).parent)
    if config := _config(folder / first, known, where):
        return Build(("sh", "-c", f"cd {shlex.quote(where)} && go run . {config}"), first)
    plain = ("go", "run", "." if where == "." else f"./{where}")
    return _told(folder, plain) or Build(plain, "go.mod")


def _config(main: Path, known: set[str], where: str) -> str:
    """The option that gives a Go program the one configuration file beside it, where its default is not there."""
    text = main.read_text("utf-8", "replace")
    for match in re.finditer(r'flag\.String\([ \t]*"([\w-]*conf[\w-]*)"[ \t]*,[ \t]*"([^"]*)"', text):
        if match[2] and str(PurePosixPath(where) / match[2]) not in known:
            beside = sorted(
                name for name in known if str(PurePosixPath(name).parent) == where and name.endswith((".toml", ".yaml"))
            )
            return f"-{match[1]} {shlex.quote(PurePosixPath(beside[0]).name)}" if beside else ""
    return ""


def _told(folder: Path, plain: Sequence[str]) -> Build | None:
    """The command with most options that a document has for the same program, whose files are there."""
    found: list[tuple[int, tuple[str, ...], str]] = []
    for said, words in _commands(folder):
        same = [word.removesuffix("/") for word in words[: len(plain)] if word != "--release"]
        if same[: len(plain) - plain.count("--release")] != [word for word in plain if word != "--release"]:
            continue
        paths = [word for word in words[len(same) :] if "/" in word or re.search(r"\.\w{1,5}$", word)]
        there = all((folder / word).exists() or re.fullmatch(r"[-\d.e]+", word) for word in paths if _is_input(word))
        if there and not re.search(r"[<>\[\]{}…]|\.\.\.", " ".join(words)):
            found.append((len(words), words, said))
    best = max(found, default=None)
    if best is None or best[0] <= len(plain):
        return None
    run, knobs = places(best[1])
    few = knobs.count("\n") < _ENOUGH
    return Build(best[1] if few else run, best[2], "" if few else knobs)


def places(words: Sequence[str]) -> tuple[tuple[str, ...], str]:
    """A command with places for its settings, and the lines of knobs that they are."""
    found: dict[str, str] = {}
    run = list(words)
    for k, (option, word) in enumerate(itertools.pairwise(words)):
        name = option.lstrip("-").replace("-", "_")
        value = number(word)
        if option.startswith("-") and is_seed(name):
            run[k + 1] = "{SEED}"
        elif option.startswith("-") and value is not None and value > 0 and is_turned(name):
            spec, whole = values(name, value)
            comment = spec or f"one of {'|'.join(map(str, whole))}"
            found[knob_name(name)] = f"{knob_name(name)} = {value!r}  # knob: {comment}\n"
            run[k + 1] = f"{{{knob_name(name)}}}"
    return tuple(run), "".join(found.values())


def _is_input(word: str) -> bool:
    return not re.search(r"out|run|log|save|result|ckpt|checkpoint|model", word, re.IGNORECASE)


def _commands(folder: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    for path in sorted(folder.iterdir()):
        if path.name.lower() in _DOCUMENTS and path.is_file():
            text = path.read_bytes()[: 1 << 18].decode("utf-8", "replace").replace("\\\n", " ")
            for match in _TOLD.finditer(text):
                try:
                    words = tuple(word for word in shlex.split(match["line"]) if word not in {"-q", "--quiet"})
                except ValueError:
                    continue
                yield f"{path.name}:{text.count(chr(10), 0, match.start()) + 1}", words


def _node(known: set[str]) -> Build | None:
    name = next((name for name in ("train.js", "src/train.js", "main.js", "index.js") if name in known), "")
    return Build(("node", name)) if name else None


def _julia(folder: Path, names: Sequence[PurePosixPath], known: set[str]) -> Build | None:
    """A Julia script that calls something itself: one that is for training by its name, else one called main."""
    forms = ("train", "main", "run", "mnist", "experiment")
    scripts = [name for name in names if name.suffix == ".jl" and any(form in name.stem.lower() for form in forms)]
    acts = [name for name in scripts if _ACTS.search((folder / name).read_text("utf-8", "replace"))]
    acts.sort(key=lambda name: (len(name.parts), "train" not in name.stem.lower(), "main" not in name.stem, str(name)))
    project = ("--project",) if "Project.toml" in known else ()
    return Build(("julia", *project, str(acts[0]))) if acts else None


def _c(folder: Path, names: Sequence[PurePosixPath], known: set[str]) -> Build | None:
    makefile = next((name for name in ("Makefile", "makefile") if name in known), "")
    sources = [name for name in names if name.suffix in _SOURCES]
    if makefile and sources:
        text = (folder / makefile).read_text("utf-8", "replace")
        for target in ("train", "run", "all"):
            recipe = re.search(rf"^{target}\s*:[^\n=]*\n((?:\t[^\n]*\n?)*)", text, re.MULTILINE)
            if recipe and re.search(r"(^|\s)@?\./|python|cargo run|go run|node ", recipe[1]):
                return Build(("make", "-s", target), makefile)
        named = re.findall(r"^(?:TARGET|BIN|EXE\w*|NAME)\s*:?=\s*(\w[\w./-]*)", text, re.MULTILINE)
        made = [one for one in re.findall(r"-o\s+(\w[\w./-]*)", text) if not _NO_PROGRAM.search(one)]
        if binaries := [*named, *made]:
            return Build(("sh", "-c", f"make -s && ./{binaries[0]}"), makefile)
    mains = [name for name in sources if re.search(r"\bmain\s*\(", (folder / name).read_text("utf-8", "replace"))]
    likely = sorted(mains, key=lambda one: ("train" not in one.stem, "main" not in one.stem, len(one.parts), str(one)))
    if likely and not re.search("train|main", likely[0].stem):  # of many small programs, the one with most to turn
        likely.sort(key=lambda one: -_settings(folder / one))
    for name in likely:
        own = _COMPILES.search((folder / name).read_text("utf-8", "replace")[:_HEAD])
        if own and PurePosixPath(own["source"]).name == name.name:
            return Build(("sh", "-c", own["line"].replace(own["source"], str(name)).strip()), str(name))
        others = [one for one in sources if one not in mains]
        rest = [str(one) for one in others if one.parent == name.parent or one in _included(folder, name, others)]
        compiler = ["cc", "-O2"] if name.suffix == ".c" else ["c++", "-O2", "-std=c++17"]
        folders = [f"-I{one}" for one in _headers(folder, names, [str(name), *rest])]
        line = shlex.join([*compiler, *folders, str(name), *rest, "-o", "program", "-lm"])
        return Build(("sh", "-c", f"{line} && ./program"))
    return None


def _included(folder: Path, name: PurePosixPath, sources: Sequence[PurePosixPath]) -> set[PurePosixPath]:
    """The sources of what a source includes, by their headers' names, and of what these include."""
    found, waiting = set[PurePosixPath](), [name]
    while waiting:
        wanted = _INCLUDE.findall((folder / waiting.pop()).read_text("utf-8", "replace"))
        stems = {PurePosixPath(one).stem for one in wanted}
        new = [one for one in sources if one.stem in stems and one not in found]
        found |= set(new)
        waiting += new
    return found


def _headers(folder: Path, names: Sequence[PurePosixPath], sources: Sequence[str]) -> list[str]:
    """The folders in which the headers lie that sources include and that do not lie beside them."""
    headers = [str(name) for name in names if name.suffix in {".h", ".hpp", ".hh", ".cuh"}]
    found: dict[str, None] = {}
    for source in sources:
        for wanted in _INCLUDE.findall((folder / source).read_text("utf-8", "replace")):
            if str(PurePosixPath(source).parent / wanted) not in headers:
                above = [one.removesuffix(wanted).rstrip("/") for one in headers if one.endswith(f"/{wanted}")]
                found |= dict.fromkeys(above[:1])
    return list(found)
