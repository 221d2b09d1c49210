"""How a checkout is run: its script, or any command in any language, from what its files say and are called."""

import ast
import re
import shlex
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from orgopt.errors import TaskError
from orgopt.foreign.files import own_files
from orgopt.foreign.knob_files import only_settings
from orgopt.foreign.sites.options import required, words_read
from orgopt.foreign.sites.python_text import called
from orgopt.foreign.source import parsed

_DOCUMENTS = ("program.md", "readme.md", "readme.rst", "readme.txt", "makefile", "justfile", "dvc.yaml", "dockerfile")
_BYTES = 1 << 18
_PYTHON = re.compile(
    r"(?:^|[\s`$;&!\"'(])(?:uv run|poetry run|pipenv run|pdm run|python3?(?:\.\d+)?|torchrun|accelerate launch|"
    r"CUDA_VISIBLE_DEVICES=\S+ python3?)"
    r"(?P<words>[^`\n;&|>#]*)"
)
_STARTS = {"uv", "poetry", "pipenv", "pdm", "run", "python", "python3", "torchrun", "accelerate", "launch", "-u", "--"}
_LIKELY = (
    (re.compile(r"^train$|^run_?train(ing)?$|^main_?train(ing)?$"), 6.0),
    (re.compile(r"^train_?\w*$|^\w+_train(er|ing)?$|^training$|^trainer$|^pretrain$"), 4.0),
    (
        re.compile(
            r"^(main|run|pipeline|experiment|fit|learn|model|solve|solution|benchmark|optimi[sz]e|search|simulate)$"
        ),
        2.5,
    ),
)
_OTHER = re.compile(
    r"test|eval|pred|infer|prepar|preproc|download|plot|visual|export|convert|demo|app|serve|server|setup|util|split|"
    r"generate|sample|dataset|data_|callback|config|sweep|tune|quanti",
    re.IGNORECASE,
)
_MOST_FILES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """How a checkout is run.

    Attributes:
        script: The Python file that runs, by its path in the checkout; empty for another command.
        run: The words of the command; of a script its arguments alone matter.
        shell: The command as one types it.
        said: The file that says so; empty where names alone do.
        others: Other files that could be meant.
    """

    script: str
    run: tuple[str, ...]
    said: str = ""
    others: tuple[str, ...] = ()

    @property
    def shell(self) -> str:
        return typed(self.run)


def typed(run: Sequence[str]) -> str:
    """The words of a command as one types them."""
    return run[2] if tuple(run[:2]) == ("sh", "-c") else shlex.join(run)


def entry(folder: Path) -> Entry | None:
    """How a checkout is most likely run; None where nothing in it looks like something to run."""
    names = [PurePosixPath(name) for name in list(own_files(folder))[:_MOST_FILES]]
    commands = list(_commands(folder))
    scripts = [name for name in names if name.suffix == ".py"]
    weighed = sorted(((_weight(folder, name, commands), -len(name.parts), str(name)) for name in scripts), reverse=True)
    likely = [(weight, name) for weight, _, name in weighed if weight >= 2]
    other = _compiled(folder, names)
    if other is not None and (not likely or likely[0][0] < 4):
        return other
    if not likely:
        return other
    script = likely[0][1]
    said, words = next(((where, words) for where, words in commands if _script(words) == script), ("", list[str]()))
    given = _needed(folder, script, words)
    near = tuple(name for weight, name in likely[1:4] if weight > likely[0][0] - 1.5)
    return Entry(script=script, run=("python", script, *given), said=said, others=near)


def _weight(folder: Path, name: PurePosixPath, commands: Sequence[tuple[str, list[str]]]) -> float:
    """How likely a Python file is what runs; 0 for one that does nothing when it is run, or is for something else."""
    weight = next((weight for form, weight in _LIKELY if form.search(name.stem.lower())), 0.0)
    told = any(_script(words) == str(name) for _, words in commands)
    if _OTHER.search(name.stem) or any(part in {"tests", "test", "docs", "examples"} for part in name.parts[:-1]):
        weight -= 4
    weight += 2.0 * told
    if weight <= 0 or not _runs(folder / name):
        return 0.0
    return weight - 0.4 * (len(name.parts) - 1)


def _runs(path: Path) -> bool:
    """Whether a file does something when it is run, and not only defines what others use."""
    try:
        tree = parsed(path)
    except TaskError:
        return False
    own = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    quiet = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
    for node in tree.body:
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not isinstance(node, quiet) and not text:
            return True
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and called(node.value.func) in own:
            return True
        if isinstance(node, ast.FunctionDef) and any("main" in ast.unparse(one) for one in node.decorator_list):
            return True
    return False


def _commands(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """The Python commands that documents and build files have, with where they stand."""
    found = [path for path in sorted(folder.iterdir()) if path.is_file()] if folder.is_dir() else []
    named = {path.name.lower(): path for path in found}
    scripts = [path for path in found if path.suffix in {".sh", ".bash"}]
    for path in [*(named[name] for name in _DOCUMENTS if name in named), *scripts]:
        text = path.read_bytes()[:_BYTES].decode("utf-8", "replace").replace("\\\n", " ")
        for match in _PYTHON.finditer(text):
            with suppress(ValueError):
                words = [word for word in shlex.split(match["words"]) if word not in _STARTS]
                yield f"{path.name}:{text.count(chr(10), 0, match.start()) + 1}", words
    with suppress(OSError, ValueError, KeyError):
        for word in tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))["project"]["scripts"].values():
            yield "pyproject.toml", ["-m", str(word).split(":")[0]]


def _script(words: Sequence[str]) -> str:
    """The file that the words after `python` run, by its path."""
    if words[:1] == ["-m"] and len(words) > 1:
        return words[1].replace(".", "/") + ".py"
    first = next((word for word in words if word.endswith(".py")), "")
    return str(PurePosixPath(first)) if first and not first.startswith("/") else ""


def _needed(folder: Path, script: str, words: Sequence[str]) -> list[str]:
    """The words of a command that a script cannot do without: its required options and arguments.

    Args:
        folder: The checkout.
        script: The path of the script.
        words: The words of the command that a document has; none where none has one.
    """
    tree = parsed(folder / script)
    first = next((k for k, word in enumerate(words) if word.endswith(".py")), None)
    after = [] if first is None else list(words[first + 1 :])
    found: list[str] = []
    for name in required(tree):
        if not name.startswith("-"):
            found += [word for word in after if not word.startswith("-")][:1]
        elif name in after and after.index(name) + 1 < len(after):
            found += after[after.index(name) : after.index(name) + 2]
        else:
            joined = [word for word in after if word.startswith(f"{name}=")]
            found += joined[:1]
    most, optional = words_read(tree)
    if most and not found:
        found = after[:most]
        if not found and not optional and most == 1:
            found = only_settings(folder)
    return found


def missing(path: Path, run: Sequence[str]) -> list[str]:
    """The arguments that a script needs and its command does not give."""
    given = " ".join(run)
    tree = parsed(path)
    options = [name for name in required(tree) if name.startswith("-") and name not in given]
    most, optional = words_read(tree)
    if most and not optional and len(run) < most + 2:  # python, and the script
        options.append(f"{most} word{'s' * (most > 1)} after its name (sys.argv)")
    return options


def _compiled(folder: Path, names: Sequence[PurePosixPath]) -> Entry | None:
    """The command of a program in another language, by its build files."""
    known = {str(name) for name in names}
    rust = sorted(name for name in known if re.fullmatch(r"src/bin/\w*train\w*\.rs", name))
    if "Cargo.toml" in known and (rust or "src/main.rs" in known):
        more = ("--bin", PurePosixPath(rust[0]).stem) if rust else ()
        return Entry(script="", run=("cargo", "run", "--release", *more), said="Cargo.toml")
    if "go.mod" in known:
        mains = [name for name in known if name.endswith("main.go")]
        trained = sorted(name for name in mains if "train" in name) or sorted(mains, key=len)
        if trained:
            where = str(PurePosixPath(trained[0]).parent)
            return Entry(script="", run=("go", "run", "." if where == "." else f"./{where}"), said="go.mod")
    if node := next((name for name in ("train.js", "src/train.js", "main.js", "index.js") if name in known), ""):
        return Entry(script="", run=("node", node), said="")
    makefile = next((name for name in ("Makefile", "makefile") if name in known), "")
    sources = [name for name in names if name.suffix in {".c", ".cpp", ".cc"}]
    if makefile and sources:
        text = (folder / makefile).read_text("utf-8", "replace")
        for target in ("train", "run", "all"):
            recipe = re.search(rf"^{target}\s*:[^\n=]*\n((?:\t[^\n]*\n?)*)", text, re.MULTILINE)
            if recipe and re.search(r"(^|\s)@?\./|python|cargo run|go run|node ", recipe[1]):
                return Entry(script="", run=("make", "-s", target), said=makefile)
        if binary := re.search(
            r"-o\s+(\w[\w./-]*)|^(?:TARGET|BIN|EXE\w*|NAME)\s*:?=\s*(\w[\w./-]*)", text, re.MULTILINE
        ):
            return Entry(script="", run=("sh", "-c", f"make -s && ./{binary[1] or binary[2]}"), said=makefile)
    mains = [name for name in sources if re.search(r"\bmain\s*\(", (folder / name).read_text("utf-8", "replace"))]
    for name in sorted(mains, key=lambda one: ("train" not in one.stem, "main" not in one.stem, len(one.parts))):
        rest = [str(one) for one in sources if one not in mains and one.parent == name.parent]
        compiler = "cc" if name.suffix == ".c" else "c++"
        line = shlex.join([compiler, "-O2", str(name), *rest, "-o", "program", "-lm"])
        return Entry(script="", run=("sh", "-c", f"{line} && ./program"))
    return None


def local_modules(folder: Path, script: str, trees: Mapping[str, ast.Module] | None = None) -> dict[str, ast.Module]:
    """The syntax of a script and of the checkout's own modules that it imports, directly or through others, by path."""
    found: dict[str, ast.Module] = dict(trees or {})
    waiting = [script]
    base = PurePosixPath(script).parent
    while waiting and len(found) < _MOST_FILES:
        name = waiting.pop(0)
        if name in found:
            continue
        try:
            found[name] = parsed(folder / name)
        except TaskError:
            continue
        for module, level in _imported(found[name]):
            above = PurePosixPath(name).parent
            for _ in range(level - 1):
                above = above.parent
            places = [above] if level else [base, PurePosixPath(), PurePosixPath(name).parent]
            for place in places:
                inner = place.joinpath(*module.split(".")) if module else place
                path = next((one for one in (f"{inner}.py", f"{inner}/__init__.py") if (folder / one).is_file()), "")
                if path:
                    waiting.append(path)
                    break
    return found


def _imported(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, 0) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "", node.level
            yield from (
                (f"{node.module}.{alias.name}" if node.module else alias.name, node.level) for alias in node.names
            )
