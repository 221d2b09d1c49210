"""What a Python script has to be given on its command line, by its own options and by the commands of documents."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from orgopt.foreign.knob_files import likely_settings, only_settings
from orgopt.foreign.sites.options import adds_option, flags, required, words_read
from orgopt.foreign.sites.python_text import called, calls, constant, words_of
from orgopt.foreign.source import parsed, words

_CONFIG = re.compile(r"conf|cfg|settings|param|yaml|yml", re.IGNORECASE)
_SETTINGS = re.compile(r"\.(ya?ml|toml|json|ini|cfg)$")
_TRAINS = {"train", "training", "fit"}
_PLACEHOLDER = re.compile(r"[<>\[\]{}…$]|\.\.\.|path/to|your", re.IGNORECASE)


class _Option(NamedTuple):
    """An option that may be left out: its flags, its default (None for none), and whether it is a switch."""

    flags: list[str]
    default: object
    switch: bool


def needed(folder: Path, script: str, told: Sequence[str]) -> list[str]:
    """The words of a command that a script cannot do without.

    They are its required options and arguments, those without a default that a document's command gives, the switch
    that makes it train, and the configuration file that it takes where its default is not there.

    Args:
        folder: The checkout.
        script: The path of the script.
        told: The words of the command that a document has; none where none has one.
    """
    tree = parsed(folder / script)
    first = next((k for k, word in enumerate(told) if word.endswith(".py") or told[:k][-1:] == ["-m"]), None)
    after = [] if first is None else list(told[first + 1 :])
    found: list[str] = []
    for name in required(tree):
        if not name.startswith("-"):
            found += [word for word in after if not word.startswith("-")][:1]
        else:
            found += _given(after, [name]) or _settings(folder, name)
    for option in _options(tree):
        found += _wanted(folder, option, after)
    most, optional = words_read(tree)
    if most and not found:
        found = after[:most]
        if not found and not optional and most == 1:
            found = only_settings(folder)
    return found


def missing(path: Path, run: Sequence[str], modules: Iterable[ast.Module] = ()) -> list[str]:
    """The arguments that a script needs and its command does not give.

    Args:
        path: The script.
        run: The words of its command.
        modules: The modules that it imports, of which one may have its parser.
    """
    given = " ".join(run)
    tree = _with_parser(parsed(path), modules)
    options = [name for name in required(tree) if name.startswith("-") and name not in given]
    placed = [name for name in required(tree) if not name.startswith("-")]
    options += placed[len([word for word in run[2:] if not word.startswith("-")]) :] if run[1:2] != ("-m",) else []
    most, optional = words_read(tree)
    if most and not optional and len(run) < most + 2 + (run[1:2] == ("-m",)):  # python, and the script
        options.append(f"{most} word{'s' * (most > 1)} after its name (sys.argv)")
    return options


def _with_parser(tree: ast.Module, modules: Iterable[ast.Module]) -> ast.Module:
    """The file that says what a script is given: its own, or the one module with options whose parser it calls."""
    parses = any(called(call.func).rsplit(".", 1)[-1] == "parse_args" for call in calls(tree))
    if not parses or any(map(adds_option, calls(tree))):
        return tree
    others = [one for one in modules if any(map(adds_option, calls(one)))]
    return others[0] if len(others) == 1 else tree


def _options(tree: ast.Module) -> Iterator[_Option]:
    for call in calls(tree):
        given = words_of(call)
        names = flags(call) if adds_option(call) else []
        must = constant(given["required"]) if "required" in given else None
        if called(call.func).endswith("DEFINE_string") and len(call.args) > 1:  # a flag of absl's
            yield _Option([f"--{constant(call.args[0])}"], constant(call.args[1]), switch=False)
        if names and must is not True:
            action = constant(given["action"]) if "action" in given else None
            default = given.get("default")
            value = None if default is None else constant(default) if not _is_none(default) else None
            unknown = default is not None and value is None and not _is_none(default)
            yield _Option(names, default if unknown else value, action == "store_true")


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _wanted(folder: Path, option: _Option, after: Sequence[str]) -> list[str]:
    """The words for an option that may be left out, where the script does nothing useful without."""
    name = option.flags[0]
    if option.switch:
        told = [flag for flag in option.flags if flag in after and _TRAINS & set(words(flag))]
        return told[:1] or [name] * (set(words(name)) in ({"train"}, {"do", "train"}))
    if option.default is None:
        given = _given(after, option.flags)
        if given and not _PLACEHOLDER.search(given[-1]):
            return given
        return _settings(folder, name)
    gone = (
        isinstance(option.default, str) and _SETTINGS.search(option.default) and not (folder / option.default).exists()
    )
    return (_given(after, option.flags) or _settings(folder, name)) if gone else []


def _given(after: Sequence[str], names: Sequence[str]) -> list[str]:
    """An option and its value as a command has them; nothing where it has none."""
    for name in names:
        if name in after and after.index(name) + 1 < len(after):
            return list(after[after.index(name) : after.index(name) + 2])
        if joined := [word for word in after if word.startswith(f"{name}=")]:
            return joined[:1]
    return []


def _settings(folder: Path, name: str) -> list[str]:
    """An option for a configuration file with the likeliest that a checkout has; nothing for another option."""
    files = likely_settings(folder) if _CONFIG.search(name) else []
    return [name, files[0]] if files else []
