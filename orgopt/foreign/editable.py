"""The file of a checkout that agents may change, where its documents say so, and the command that measures it.

A checkout in the manner of autoresearch often names one file to edit, and another that runs and judges it: "ONLY modify
`strategy.py`", launched as `python backtest.py`.
"""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath

from orgopt.errors import TaskError
from orgopt.foreign.source import nodes, parsed

_BYTES = 1 << 17
_MOST_SCRIPTS = 80
_EDIT = r"(?:edit|modif(?:y|ies)|chang|tun|rewrit)\w*"
_FILE = r"(?P<name>[\w./-]*\w\.py)"
_SAYS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        rf"(?:^|[.;:>*-]|\byou|\bagents?|\bonly)\W*(?:\w+\s+){{0,3}}{_EDIT}\s+(?:\W*only\W*)?\W*{_FILE}",
        rf"{_FILE}\W+(?:\w+\W+){{0,6}}?(?:only|single|one)\W+file\W+(?:\w+\W+){{0,3}}?{_EDIT}",
        rf"{_FILE}\W+(?:is\W+)?(?:the\W+)?file\W+(?:that\W+)?(?:you|agents?|the\W+agent)\W+(?:\w+\W+)?{_EDIT}",
        rf"(?:only|single)\W+file\W+(?:\w+\W+){{0,4}}?{_EDIT}\W+(?:is\W+)?\W*{_FILE}",
    )
)
_NOT = re.compile(
    r"\b(?:not|never|don'?t|cannot|can't|no|nobody|avoid|except|without|read[- ]only|fixed|immutable|beyond)\b",
    re.IGNORECASE,
)
_SELF = re.compile(
    r"\b(?:agents?|you|llm|model)\b[^.\n]{0,30}\b(?:edits?|modif(?:y|ies)|tunes?|changes?|rewrites?)\b[^.\n]{0,12}\bthis\b"
    r"|\bonly file\b[^.\n]{0,30}\b(?:edit|modif)|\b(?:edited|modified) by (?:the |an )?agent|agent[- ]editable"
    r"|\bedit this file\b",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"(?<=[.!?])\s+(?=[A-Z`*])|\n")
_JUDGES = re.compile(r"^(run|main|evaluate|eval|backtest|benchmark|bench|harness|train|experiment)", re.IGNORECASE)
HELPS = re.compile(
    r"prepare|download|plot|(?<!back)test|export|setup|install|chart|log|dashboard|compare|sweep|grid|refresh|stream|app|"
    r"benchmarks|evaluat|predict|infer|serve|demo"
)
"""Names of scripts that serve something else than a run that counts."""

Modules = Callable[[str], Mapping[str, ast.Module]]
"""The checkout's own modules that a script of it imports, by path."""


def editable(folder: Path, scripts: Sequence[PurePosixPath]) -> dict[str, int]:
    """The files that documents, or their own first lines, name as those to change, and how often; the most named first.

    Args:
        folder: The checkout.
        scripts: Its Python files, by path.
    """
    known = {str(name) for name in scripts}
    by_end = {name.name: [str(one) for one in scripts if one.name == name.name] for name in scripts}
    found: Counter[str] = Counter()
    for path in sorted(path for path in folder.iterdir() if path.suffix.lower() == ".md" and path.is_file()):
        weight = 2 if path.name.lower() == "program.md" else 1
        for name in _named(path.read_bytes()[:_BYTES].decode("utf-8", "replace")):
            same = by_end.get(PurePosixPath(name).name, [])
            full = name if name in known else same[0] if len(same) == 1 else ""
            if full and not HELPS.search(PurePosixPath(full).stem):
                found[full] += weight
    for name in list(scripts)[:_MOST_SCRIPTS]:
        if not HELPS.search(name.stem) and _says_itself(folder / name):
            found[str(name)] += 2
    return dict(found.most_common())


def _named(text: str) -> Iterator[str]:
    forbidden = False
    for sentence in _SENTENCES.split(text):
        if not re.match(r"\s*(?:[-*+]|\d+[.)])\s", sentence):  # what stands above a list holds for it
            forbidden = bool(_NOT.search(sentence)) and sentence.rstrip().rstrip("*").endswith(":")
        if forbidden:
            continue
        if ".py" not in sentence.lower():  # the forms take their time on long lines without words, as tables have
            continue
        for form in _SAYS:
            for match in form.finditer(sentence):
                before = re.split(r"[.;:—]", sentence[: match.start("name")])[-1]
                if not (_NOT.search(before) or _NOT.search(sentence[match.start("name") : match.end()])):
                    yield match["name"].removeprefix("./")


def _says_itself(path: Path) -> bool:
    """Whether the docstring or the first lines of a file say that it is the one to change."""
    try:
        head = path.read_bytes()[:3000].decode("utf-8", "replace")
    except OSError:
        return False
    comments = "\n".join(line for line in head.split("\n")[:40] if line.lstrip().startswith("#"))
    text = re.match(r"\s*(?:#[^\n]*\n\s*)*[rRuU]?(\"\"\"|''')(.*?)\1", head, re.DOTALL)
    return bool(_SELF.search(f"{text[2] if text else ''}\n{comments}"))


def judge(
    folder: Path, script: str, scripts: Sequence[PurePosixPath], commands: Sequence[Sequence[str]], modules: Modules
) -> list[str]:
    """The words after `python` that run and judge a file to change; empty where nothing in the checkout does.

    Args:
        folder: The checkout.
        script: The file to change.
        scripts: Its Python files, by path.
        commands: The commands that its documents have, as words after `python`.
        modules: What a script imports.
    """
    told = Counter(script_of(words) for words in commands)
    likely = [name for name, _ in told.most_common() if name in {str(one) for one in scripts}]
    if script in likely and does_something(folder / script):
        return [script]
    own = [str(one) for one in scripts if len(one.parts) <= 2 and _JUDGES.search(one.stem)]
    likely = [name for name in dict.fromkeys([*likely, *own]) if _judges(name)]
    for name in likely[:12]:
        if name != script and does_something(folder / name) and _takes(modules, name, script):
            words = next((list(words) for words in commands if script_of(words) == name), [name])
            return ["-m", words[1]] if words[:1] == ["-m"] else [name]
    for words in commands:  # a configuration file that the command takes may name it
        if script_of(words) in likely and any(_names(folder / word, script) for word in words):
            return list(words)
    return [script] if does_something(folder / script) else []


def _judges(name: str) -> bool:
    stem = PurePosixPath(name).stem
    return "evaluat" in stem or not HELPS.search(stem)


def _names(path: Path, script: str) -> bool:
    try:
        return path.suffix in {".yaml", ".yml", ".toml", ".json"} and script in path.read_text("utf-8", "replace")
    except OSError:
        return False


def _takes(modules: Modules, name: str, script: str) -> bool:
    """Whether a script imports another, or has its path as a text."""
    found = modules(name)
    texts = (one.value for tree in found.values() for one in nodes(tree) if isinstance(one, ast.Constant))
    return script in found or any(isinstance(text, str) and text.endswith(script) for text in texts)


def script_of(words: Sequence[str]) -> str:
    """The file that the words after `python` run, by its path."""
    if words[:1] == ["-m"] and len(words) > 1:
        return words[1].replace(".", "/") + ".py"
    first = next((word for word in words if word.endswith(".py")), "")
    return str(PurePosixPath(first)) if first and not first.startswith("/") else ""


_WORK = re.compile(r"(?:run|train|fit|solve|optimi[sz]e|search|evolve|main|start|learn|execute|simulate)(?:_\w+)?")
"""What the methods are called that do a script's work."""


def does_something(path: Path) -> bool:
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
        made = node.value if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) else None
        if made is not None and (_called(made) in own or _begins(made, tree)):
            return True
        if isinstance(node, ast.FunctionDef) and any("main" in ast.unparse(one) for one in node.decorator_list):
            return True
    return False


def _begins(call: ast.Call, tree: ast.Module) -> bool:
    """Whether a call makes an object of the script's work, as `path = colony.run()` does."""
    match call.func:
        case ast.Attribute(value=ast.Name(id=name), attr=way) if _WORK.fullmatch(way):
            made = [one for one in tree.body if isinstance(one, ast.Assign) and isinstance(one.value, ast.Call)]
            return any(isinstance(target, ast.Name) and target.id == name for one in made for target in one.targets)
        case _:
            return False


def _called(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""
