"""The sites of a file, by what kind of file it is."""

import ast
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import PurePath

from orgopt.foreign.flow import Reached
from orgopt.foreign.kinds import is_turned
from orgopt.foreign.sites import compiled, data_files
from orgopt.foreign.sites.calls import Made, arguments, defaults, rounds
from orgopt.foreign.sites.constants import asked, constants, turned
from orgopt.foreign.sites.fields import fields
from orgopt.foreign.sites.flowing import flowing
from orgopt.foreign.sites.given import Defined, given
from orgopt.foreign.sites.options import options
from orgopt.foreign.sites.python_text import Source
from orgopt.foreign.sites.site import LISTED, Site, listed

SETTINGS_FILE = re.compile(
    r"(^|_|-)(conf|config|configs|configuration|cfg|settings?|hparams?|hyper\w*|params?|parameters|options?|args|"
    r"arguments|constants?|globals?)(_|-|$)",
    re.IGNORECASE,
)
_LISTED = re.compile(rf"#[ \t]*(?:@param|options?|choices?|one of|can be|either)?[: \t\[({{]*({LISTED})", re.IGNORECASE)
_OF_OPTIMIZERS = {"lr", "learning_rate", "weight_decay", "momentum"}
"""Arguments that count in calls of modules, too, where a script has few settings."""
_ENOUGH = 6
"""Settings in calls are looked at where a script has fewer others: what has a name of its own is meant to be turned."""


def sites(
    text: str,
    name: str,
    tree: ast.Module | None = None,
    *,
    script: bool = False,
    known: Made | None = None,
    defined: Defined | None = None,
    alone: bool = False,
    reached: Sequence[Reached] = (),
) -> list[Site]:
    """What may be a knob in a file, in the order of the text, once a place.

    Args:
        text: Its text.
        name: Its name, whose ending says what it is.
        tree: The syntax of a Python file.
        script: Whether it is the one that runs, in which all forms count; of another Python file those that its name
            or that of a class calls settings.
        known: How all that runs calls functions and classes, where defaults of their arguments count in other files,
            too: where the script has few settings of its own.
        defined: The arguments of the checkout's own functions and classes.
        alone: Whether no other file has settings, so that numbers of any name that these are given count where the
            script has no others.
        reached: The numbers of the file that flow to where they take effect.
    """
    if tree is not None:
        named = bool(SETTINGS_FILE.search(PurePath(name).stem))
        found = _python(Source.of(text, tree), settings=script or named, every=named, begins=script)
        if script and are_few(found):
            source = Source.of(text, tree)
            found += [*defaults(source), *arguments(source), *rounds(source), *given(source, defined or {})]
            if alone and not any(is_turned(site.identifier) for site in found):
                found += given(source, defined or {}, every=True)
            found += flowing(source, reached, few=True)
        elif script:
            found += flowing(Source.of(text, tree), reached, few=False)
        elif known is not None:
            source = Source.of(text, tree)
            found += asked(source, known, {name for each in known.values() for _, names in each for name in names})
            found += [*defaults(source, known), *(site for site in arguments(source) if site.name in _OF_OPTIMIZERS)]
            found += flowing(source, reached, few=True)
    elif PurePath(name).suffix in compiled.ENDINGS:
        found = list(compiled.literals(text, PurePath(name).suffix, defined))
    else:
        found = list(data_files.settings(text, PurePath(name).suffix))
    once: dict[int, Site] = {}
    for site in sorted(found, key=lambda one: (one.start, -len(one.choices))):
        once.setdefault(site.start, site)
    return [_commented(site, text) for site in once.values()]


def are_few(found: Iterable[Site]) -> bool:
    """Whether a script has few settings with a name of their own, so that others may be meant to be turned, too."""
    return len({site.name for site in found if site.own and is_turned(site.identifier)}) < _ENOUGH


def _commented(site: Site, text: str) -> Site:
    """A text with the choices that a comment behind it lists, as in `mode = "a"  # "a" | "b"`."""
    if not isinstance(site.value, str) or site.choices:
        return site
    end = text.find("\n", site.end)
    rest = text[site.end : end if end >= 0 else len(text)]
    match = _LISTED.search(rest)
    return replace(site, choices=listed(match[1], site.value)) if match else site


def _python(source: Source, *, settings: bool, every: bool, begins: bool) -> list[Site]:
    found: Iterator[Site] = options(source, begins=begins)
    return [*found, *fields(source, every=every), *(constants(source) if settings else turned(source))]
