"""Which literals of a checkout are knobs, the marks that say so, and where their values go."""

import ast
import itertools
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from orgopt.basics import syntax
from orgopt.foreign.divides import accepted
from orgopt.foreign.flow import Reached
from orgopt.foreign.kinds import divided, in_other_part, is_seed, why_fixed
from orgopt.foreign.random_generators import drawn
from orgopt.foreign.ranges import compared_texts, range_of
from orgopt.foreign.seed import VARIABLE
from orgopt.foreign.sites import Site, knob_name
from orgopt.foreign.sites.calls import Made, made
from orgopt.foreign.sites.find import are_few, sites
from orgopt.foreign.sites.given import Defined
from orgopt.foreign.sites.site import Form, written
from orgopt.foreign.source import nodes
from orgopt.foreign.space import widened
from orgopt.foreign.splits import of_splits
from orgopt.foreign.targets import Target
from orgopt.foreign.times import is_time

MARK = re.compile(r"#\s*knob:")
HEADING = "# Knobs that were found in the files; each stands where its name, or its line of a file, says."
_NAME = re.compile(r"[A-Z][A-Z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """A file whose literals may be knobs: its path in the checkout, its text, and the syntax of a Python file.

    `given` are lines of knobs that have places in the command.
    """

    name: str
    text: str
    tree: ast.Module | None = None
    given: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """What is said of knobs beside the files.

    Attributes:
        leave: Names of knobs that are none.
        given: The ranges that another tool's space has, by the name that the files have; where there is one, what it
            does not name is no knob.
        defined: The arguments of the checkout's own functions and classes.
        reached: The numbers of its files that flow to where they take effect, by path.
    """

    leave: Collection[str] = ()
    given: Mapping[str, str] = field(default_factory=dict[str, str])
    defined: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    reached: Mapping[str, Sequence[Reached]] = field(default_factory=dict[str, Sequence[Reached]])


class Marked(NamedTuple):
    """A script with its knobs marked, where the values of knobs in other files go, and why some literals are none."""

    source: str
    targets: tuple[Target, ...]
    fixed: Mapping[str, str]


class _Found(NamedTuple):
    file: File
    site: Site
    knob: str
    comment: str


def marked(script: File, others: Sequence[File], fixed_trees: Sequence[ast.Module], ranges: Ranges) -> Marked:
    """A script with the knobs of a checkout marked, as those of a task are.

    One that marks some itself is left as it is. Otherwise what `orgopt.foreign.sites` finds becomes a knob if its value
    is a number with a scale, a bool, or one of several texts; without what a name or a use says is no choice
    (`orgopt.foreign.kinds`), names that are set twice, and values that a condition of the scripts refuses.

    Args:
        script: The file that agents may edit; its knobs that have no line of their own get one at its top.
        others: Other files with knobs, whose values are put into their places as experiments begin.
        fixed_trees: The syntax of files that are never edited.
        ranges: What is said of knobs beside the files.
    """
    if MARK.search(script.text):
        return Marked(f"{script.given}{script.text}", (), {})
    trees = [one.tree for one in (script, *others) if one.tree is not None] + list(fixed_trees)
    found, fixed = _chosen([script, *others], trees, ranges)
    own = [one for one in found if one.file is script]
    targets = [Target.of(one.site, one.file.name, one.knob) for one in found if one.file is not script]
    # Seeds of configuration files move as those of scripts do.
    targets += [
        Target.of(site, file.name, seed=int(site.value))
        for file in others
        if file.tree is None
        for site in _seeds(file, trees)
    ]
    return Marked(_with_marks(script, own, found), tuple(targets), fixed)


def _chosen(files: Sequence[File], trees: Sequence[ast.Module], ranges: Ranges) -> tuple[list[_Found], dict[str, str]]:
    """The literals that are knobs, with their names and ranges, and why others are none."""
    compared, measured = compared_texts(trees), {name for tree in trees for name in of_splits(tree)}
    fixed: dict[str, str] = {}
    kept: list[tuple[File, Site, str]] = []
    choices: dict[str, list[int]] = {}
    chief, alone = files[0], len(files) == 1
    flows = ranges.reached.get(chief.name, ())
    own = sites(chief.text, chief.name, chief.tree, script=True, defined=ranges.defined, alone=alone, reached=flows)
    calls_of = made(trees) if are_few(own) else None
    for k, file in enumerate(files):
        told = (calls_of, ranges.defined, ranges.reached.get(file.name, ()))
        for site in _beside(file, *told) if k else own:
            if site.name == VARIABLE:
                continue
            given = _given(site, ranges.given)
            if not given and (why := _why_fixed(site, measured)):
                fixed[site.name] = why
                continue
            spec, whole = (given, list[int]()) if given else range_of(site, compared)
            if (spec or whole) and (given or not ranges.given):
                kept.append((file, site, spec))
                first = site.own and site.identifier not in choices  # another of its name has a range of its own
                if whole and first:
                    choices[site.identifier] = whole
                elif whole and not (site.own and choices.get(site.identifier) == whole):
                    kept[-1] = (file, replace(site, own=False), spec or f"one of {'|'.join(map(str, whole))}")
    defaults = {site.identifier: site.value for _, site, _ in kept if isinstance(site.value, int)}
    left = accepted(choices, defaults, trees, divided(choices)) if trees else choices
    taken = {line.split(" ", 1)[0] for line in chief.given.splitlines()}  # places in the command
    kept = [one for one in kept if knob_name(one[1].name) not in taken]
    names = _names([(file, site) for file, site, _ in kept], files[0])
    found: list[_Found] = []
    for (file, site, spec), knob in zip(kept, names, strict=True):
        own = site.own and site.identifier in choices
        some, before = left.get(site.identifier, []), choices.get(site.identifier, [])
        comment = spec if not own or (spec and some == before) else f"one of {'|'.join(map(str, some))}"
        if knob not in ranges.leave and site.name not in ranges.leave and not (own and len(some) == 1):
            found.append(_Found(file, site, knob, comment))
    return found, fixed


def _beside(file: File, known: Made | None, defined: Defined, reached: Sequence[Reached]) -> list[Site]:
    """The literals of a file beside the script."""
    return sites(file.text, file.name, file.tree, known=known, defined=defined, reached=reached)


def _given(site: Site, given: Mapping[str, str]) -> str:
    """The range that another tool's space has for a site."""
    same = (site.name, site.identifier, knob_name(site.name).lower())
    return next((widened(given[name], site.value) for name in same if name in given), "")


def _why_fixed(site: Site, measured: Collection[str]) -> str:
    name = knob_name(site.identifier)
    if site.identifier.lower() == "patience":  # a scheduler's waits for the rate, and not for the end
        name = knob_name("_".join(site.name.split(".")[-2:]))
    if site.form is Form.BARE and re.fullmatch(r"N|M|K|n|m|k", site.identifier):
        return "given by the data"  # the sizes of matrices and the like
    if is_time(name):
        return "a time"
    if why := why_fixed(name) or in_other_part(site.name):
        return why
    return "defines what is measured" if site.identifier in measured else ""


def _names(found: Sequence[tuple[File, Site]], script: File) -> list[str]:
    """A name for each knob: the short one where it is the only one, else with what it stands in, else with a number."""
    used = _used(script.tree) if script.tree is not None else set[str]()
    short = [knob_name(site.identifier) for _, site in found]
    names: list[str] = []
    for (file, site), own in zip(found, short, strict=True):
        name = own if short.count(own) == 1 else knob_name(site.name)
        if _NAME.fullmatch(site.name) and _has_line(file, site):
            name = site.name
        elif name in used:
            name = f"{name}_VALUE"
        numbered = (f"{name}_{number}" for number in itertools.count(2))
        names.append(name if name not in names else next(one for one in numbered if one not in names))
    return names


def _used(tree: ast.Module) -> set[str]:
    """The names that a script uses; those of a class's own attributes alone hide no name outside."""
    inner = {
        id(target)
        for node in nodes(tree)
        if isinstance(node, ast.ClassDef)
        for part in node.body
        if isinstance(part, ast.Assign | ast.AnnAssign)
        for target in (part.targets if isinstance(part, ast.Assign) else [part.target])
    }
    imports = (node for node in nodes(tree) if isinstance(node, ast.Import | ast.ImportFrom))
    names = {node.id for node in nodes(tree) if isinstance(node, ast.Name) and id(node) not in inner}
    return names | {alias.asname or alias.name for node in imports for alias in node.names}


def _has_line(file: File, site: Site) -> bool:
    """Whether a site is a constant with a line of its own, to which a mark can be added."""
    line = file.text.split("\n")[site.line - 1]
    code, rest = line.split("=", 1) if "=" in line else ("", "")
    if site.form is not Form.PYTHON or code.strip() != site.name or line[:1].isspace():
        return False
    literal = file.text[site.start : site.end]
    return rest.strip().startswith(literal) and rest.strip()[len(literal) :].lstrip()[:1] in {"", "#"}


def _with_marks(script: File, own: Sequence[_Found], found: Sequence[_Found]) -> str:
    """A script with marks behind constants, names in place of its other sites, and these names' lines at its top."""
    text = script.text
    heads: list[str] = []
    for one in sorted(own, key=lambda each: each.site.start, reverse=True):
        site = one.site
        if one.knob == site.name and _has_line(script, site):
            text = _mark(text, one)
            continue
        start, end = site.start - site.quotes, site.end + site.quotes
        name = f"str({one.knob})" if site.form is Form.TEXT else one.knob
        text = f"{text[:start]}{site.before}{name}{text[end:]}"
        heads.append(_line(one))
    heads = [*script.given.splitlines(), *reversed(heads), *(_line(one) for one in found if one.file is not script)]
    if not heads:
        return text
    lines, place = text.split("\n"), _beginning(script.tree)
    return "\n".join([*lines[:place], HEADING, *heads, *lines[place:]])


def _line(one: _Found) -> str:
    where = f"{one.file.name}:{one.site.line} {one.site.name}"
    return f"{one.knob} = {written(one.site.value, Form.PYTHON)}  # knob: {one.comment}  # {where}"


def _mark(text: str, one: _Found) -> str:
    """Write a knob's comment behind a constant that has a line of its own; arithmetic becomes its value."""
    end = text.find("\n", one.site.end)
    rest = text[one.site.end : end if end >= 0 else len(text)].strip()
    literal = text[one.site.start : one.site.end]
    arithmetic = not _is_literal(literal)
    value = written(one.site.value, Form.PYTHON) if arithmetic else literal
    remark = f"  {rest}" * bool(rest) + f"  # {literal}" * arithmetic
    tail = text[end:] if end >= 0 else ""
    return f"{text[: one.site.start]}{value}  # knob: {one.comment}{remark}{tail}"


def _is_literal(text: str) -> bool:
    with suppress(ValueError, SyntaxError):
        syntax.literal(text)
        return True
    return False


def _beginning(tree: ast.Module | None) -> int:
    """The line before which names may be set: after the docstring and what comes from the future."""
    place = 0
    for node in tree.body if tree is not None else ():
        text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        if not text and not (isinstance(node, ast.ImportFrom) and node.module == "__future__"):
            if not place:  # comments above, such as the encoding, stay where they are
                place = node.lineno - 1 - len(getattr(node, "decorator_list", ()))
            break
        place = node.end_lineno or place
    return place


def _seeds(file: File, trees: Sequence[ast.Module]) -> Iterator[Site]:
    """The seeds of a configuration file that serve training alone: none that a split or the making of data may take."""
    measured = {name for tree in trees for name in of_splits(tree)}
    if any(drawn(tree) for tree in trees):
        return
    for site in sites(file.text, file.name):
        part = site.name.rpartition(".")[0]
        data = (
            site.identifier in measured
            or in_other_part(site.name)
            or re.search(r"data|split|fold|sampl", part, re.IGNORECASE)
        )
        if type(site.value) is int and is_seed(site.identifier) and not data:
            yield site
