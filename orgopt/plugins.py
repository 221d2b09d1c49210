"""Plugins: what installed packages add to orgopt, by the entry points that they declare.

A package declares, in a group such as `orgopt.agents`, a name and a factory; nothing is imported before that name is
used. Covers finding and making one; what it has to do is the protocol in `base.py` of the room that uses it. Where its
code fails while it works, `plugin_faults` names it.
"""

import re
from abc import ABCMeta
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from inspect import isabstract, isfunction, signature
from typing import TYPE_CHECKING, TypeVar, cast

from orgopt.basics.nearest import did_you_mean
from orgopt.errors import OrgoptError, PluginError, UsageError

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

T = TypeVar("T")

_NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginKind:
    """One kind of what a package can add.

    Attributes:
        group: Name of the entry points' group.
        noun: What one is called in messages.
        own: Names of those that orgopt has itself, which no package can replace.
    """

    group: str
    noun: str
    own: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that can be used here: orgopt's own, then those of packages."""
        return (*self.own, *sorted({*_installed(self.group)} - {*self.own}))

    def check(self, name: str) -> None:
        """Refuse a name that is unknown, or that is taken twice.

        Raises:
            UsageError: There is none of this name; the message has those that there are, and a near one.
            PluginError: Two packages have the name, or orgopt and a package.
        """
        found = _installed(self.group).get(name, ())
        if not found and name not in self.own:
            raise UsageError(f"no {self.noun} '{name}'{remedy(name, self.names)}")
        if problem := self._problem(name):
            raise PluginError(problem)

    def package(self, name: str) -> str:
        """The package that a name is from and its version, `orgopt-example 1.2`; empty for orgopt's own."""
        found = _installed(self.group).get(name, ())
        return package_of(found[0]) if found and name not in self.own else ""

    def make(self, name: str, protocol: type[T], *args: object) -> T:
        """What the factory of a package gives for some arguments, with all that the protocol asks for.

        Raises:
            UsageError: No package has this name.
            PluginError: It cannot be imported or made, or lacks a part of the protocol; its package is named.
        """
        factory = self.factory(name)
        with self.naming(name):
            made = factory(*args)
        if lacking := _lacking(made, protocol):
            raise self.broken(name, f"is no {protocol.__name__}: it lacks {', '.join(lacking)}")
        return cast("T", made)

    def factory(self, name: str) -> Callable[..., object]:
        """What a package has under a name, imported.

        Raises:
            UsageError: No package has this name.
            PluginError: It cannot be imported, or the name is taken twice.
        """
        self.check(name)
        found = _installed(self.group).get(name, ())
        if not found:
            raise UsageError(f"the {self.noun} '{name}' is orgopt's own, and no package's")
        with self.naming(name):
            return found[0].load()

    @contextmanager
    def naming(self, name: str) -> Generator[None]:
        """Name the package of something in what goes wrong in its code, but for errors that are worded for the user."""
        try:
            yield
        except OrgoptError:
            raise
        except Exception as error:
            raise self.broken(name, f"cannot be used: {type(error).__name__}: {error}") from error

    def broken(self, name: str, what: str) -> PluginError:
        """The error of something that does not do its part: what it is, and from which package."""
        who = f"the {self.noun} '{name}' of the package {self.package(name)}"
        return PluginError(f"{who} {what}; update the package, or uninstall it")

    def installed(self) -> list["Plugin"]:
        """What packages have added, by name, with what is wrong with it as far as that shows without importing it."""
        return [
            Plugin(kind=self, name=name, package=package_of(one), at=one.value, problem=self._problem(name))
            for name, several in sorted(_installed(self.group).items())
            for one in several
        ]

    def _problem(self, name: str) -> str:
        """Why a name cannot be used; empty where it can."""
        found = _installed(self.group).get(name, ())
        packages = [f"the package {package_of(one)}" for one in found]
        if name in self.own:
            packages = [f"orgopt {_orgopt()}", *packages]
        if len(packages) > 1:
            last = packages[-1].removeprefix("the package ")
            return f"the {self.noun} '{name}' is in {' and in '.join(packages)}: uninstall {last}, or have it renamed"
        if found and not _NAME.fullmatch(name):
            return f"the {self.noun} '{name}' of {packages[0]} has a name that cannot be written: use a-z, 0-9 and '-'"
        return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """Something that a package has added.

    Attributes:
        kind: What it is.
        name: How it is called in commands and documents.
        package: Name and version of the package.
        at: Where its factory is, `module:name`.
        problem: Why it cannot be used; empty where nothing is known against it.
    """

    kind: PluginKind
    name: str
    package: str
    at: str
    problem: str = ""

    def tried(self, protocol: type[object], takes: int) -> "Plugin":
        """The same after importing its factory, with what is wrong with it then.

        One whose factory takes nothing is made. Making another may cost something: its class is looked at.

        Args:
            protocol: What it has to be.
            takes: How many arguments its factory is given.
        """
        if self.problem:
            return self
        try:
            factory = self.kind.factory(self.name)
            problem = self._unfit(factory, protocol, takes)
            if not problem and not takes:
                self.kind.make(self.name, protocol)
        except OrgoptError as error:
            problem = str(error)
        return replace(self, problem=problem)

    def _unfit(self, factory: object, protocol: type[object], takes: int) -> str:
        """Why a factory cannot give what is asked for, as far as that shows without calling it."""
        if not callable(factory):
            return f"{self.at} cannot be called"
        with suppress(ValueError):  # of something that Python knows no signature of
            try:
                signature(factory).bind(*[None] * takes)
            except TypeError as error:
                return f"{self.at} is called with {takes} argument{'s' * (takes != 1)}: {error}"
        if not isinstance(factory, type):
            return ""
        asked = [name for name, part in vars(protocol).items() if isfunction(part) and not name.startswith("_")]
        lacking = [name for name in asked if not hasattr(factory, name)]
        if isabstract(factory):
            lacking = sorted(getattr(factory, "__abstractmethods__", ()))
        return f"{self.at} is no {protocol.__name__}: it lacks {', '.join(lacking)}" if lacking else ""


def remedy(name: str, known: Sequence[str]) -> str:
    """The end of a message about an unknown name: the nearest one, and all that there are."""
    return f": {did_you_mean(name, known)}choose {', '.join(known) or 'none, for there is none'}"


def versions(used: Sequence[tuple[PluginKind, str]]) -> dict[str, str]:
    """The packages of what is used and is not orgopt's own, by kind and name: `sampler walk` is `example 1.2`."""
    found = {f"{kind.noun} {name}": kind.package(name) for kind, name in used}
    return {what: package for what, package in sorted(found.items()) if package}


def _installed(group: str) -> Mapping[str, Sequence["EntryPoint"]]:
    """The entry points of a group by name; of one name, those of all packages that have it."""
    return _all_installed().get(group, {})


@cache
def _all_installed() -> Mapping[str, Mapping[str, Sequence["EntryPoint"]]]:
    """Those of all groups of orgopt, by group: the packages of an environment are looked through once."""
    from importlib.metadata import entry_points  # takes as long as all else that `orgopt --help` does

    everything = entry_points()
    found: dict[str, dict[str, list[EntryPoint]]] = {}
    for group in everything.groups:
        if group.startswith("orgopt."):
            for one in everything.select(group=group):
                found.setdefault(group, {}).setdefault(one.name, []).append(one)
    return found


def package_of(one: "EntryPoint") -> str:
    """The package of an entry point and its version, `orgopt-example 1.2`."""
    return f"{one.dist.name} {one.dist.version}" if one.dist else one.module


def _orgopt() -> str:
    from orgopt import __version__

    return __version__


def _lacking(made: object, protocol: type[object]) -> list[str]:
    """The public names of a protocol that an object does not have; a base class that it has to inherit and does not."""
    if ABCMeta in type(protocol).__mro__ and not getattr(protocol, "_is_protocol", False):
        return [] if isinstance(made, protocol) else [f"the base class {protocol.__module__}.{protocol.__qualname__}"]
    from inspect import getattr_static  # a property may take its time, or fail

    bases = [one for one in protocol.__mro__ if one.__dict__.get("_is_protocol")]
    asked = [name for one in bases for name in (*vars(one), *one.__annotations__) if not name.startswith("_")]
    missing = object()
    return [name for name in dict.fromkeys(asked) if getattr_static(made, name, missing) is missing]
