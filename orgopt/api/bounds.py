"""What arguments may be: the bounds of numbers, for functions and commands, and what is text. Each stands here once."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple, cast

from orgopt.errors import UsageError


class Bound(NamedTuple):
    """What a number may be.

    Attributes:
        least: The smallest.
        most: The largest; None where there is none.
        whole: Whether it has to be whole.
        optional: Whether it may be None.
    """

    least: int
    most: int | None = None
    whole: bool = True
    optional: bool = False

    def holds(self, value: object) -> bool:
        """Whether a value is a number within."""
        if isinstance(value, bool) or not isinstance(value, int if self.whole else int | float):
            return False
        return value >= self.least and (self.most is None or value <= self.most)

    def __str__(self) -> str:
        end = "on" if self.most is None else f"to {self.most:,}"
        return f"a {'whole ' * self.whole}number from {self.least:,} {end}{' or None' * self.optional}"


RAY = "ray"
"""The lab and the workers on a Ray cluster."""

BOUNDS: Mapping[str, Bound] = {
    "contenders": Bound(2, 100),
    "depth": Bound(0, 3),
    "generations": Bound(1, 10_000),
    "max_hours": Bound(0, 24 * 366, whole=False, optional=True),
    "max_tokens": Bound(0, optional=True),
    "max_usd": Bound(0, whole=False, optional=True),
    "population": Bound(1, 10_000, optional=True),
    "race_seeds": Bound(0, 10_000, optional=True),
    "real_runs": Bound(0, 1000),
    "rewrite_share": Bound(0, 1, whole=False, optional=True),
    "runs": Bound(1, optional=True),
    "samples": Bound(1, 1000),
    "search_seeds": Bound(1, 1000, optional=True),
    "seed": Bound(0),
    "seeds": Bound(1, 10_000, optional=True),
    "seek": Bound(1, optional=True),
    "slots": Bound(1, 256),
    "test_seeds": Bound(1, 10_000, optional=True),
    "usd_per_slot_hour": Bound(0, whole=False, optional=True),
    "verify_seeds": Bound(1, 100),
    "workers": Bound(1, 256, optional=True),
}


class Text(NamedTuple):
    """What a text may be.

    Attributes:
        optional: Whether it may be None.
        several: Whether it may be several texts.
        path: Whether it may be a path, and then not empty, which would be the current folder.
    """

    optional: bool = False
    several: bool = False
    path: bool = False

    def holds(self, value: object) -> bool:
        """Whether a value is one."""
        if self.several and not isinstance(value, str) and isinstance(value, Iterable):
            return all(isinstance(one, str) for one in cast("Iterable[object]", value))
        return isinstance(value, str | Path) and value != "" if self.path else isinstance(value, str)

    def __str__(self) -> str:
        return f"{'a path' if self.path else 'text'}{', or several texts' * self.several}{' or None' * self.optional}"


_PATH = Text(path=True)


class Switch(NamedTuple):
    """What is on or off."""

    optional: bool = False

    def holds(self, value: object) -> bool:
        """Whether a value is True or False."""
        return isinstance(value, bool)

    def __str__(self) -> str:
        return "True or False"


OTHERS: Mapping[str, Text | Switch] = {
    "agents": Text(optional=True),
    "also": Text(optional=True),
    "command": Text(),
    "controls": Text(optional=True),
    "feedback": Text(optional=True),
    "fix": Text(several=True),
    "folder": Text(path=True),
    "lab": Text(optional=True),
    "learn_from": Text(several=True),
    "models": Text(several=True),
    "name": Text(optional=True),
    "only": Text(several=True),
    "out": Text(path=True, optional=True),
    "rewrite_metric": Text(),
    "rewriter": Text(optional=True),
    "rewriter_model": Text(),
    "sampler": Text(optional=True),
    "sandbox": Text(optional=True),
    "tracking": Switch(),
    "until": Text(optional=True),
    "workspace": Text(path=True, optional=True),
}


def require_path(**given: object) -> None:
    """Refuse what is no path, and an empty one, for an argument whose name others have for text.

    Raises:
        UsageError: It says which, and what it may be.
    """
    for name, value in given.items():
        if not _PATH.holds(value):
            raise UsageError(f"{name} must be {_PATH}, not {value!r}")


def require(**given: object) -> None:
    """Refuse arguments that are out of their bounds, or of another type than they have to be.

    Raises:
        UsageError: It says which, and what it may be.
    """
    for name, value in given.items():
        rule = BOUNDS[name] if name in BOUNDS else OTHERS[name]
        if not (value is None and rule.optional) and not rule.holds(value):
            raise UsageError(f"{name} must be {rule}, not {value!r}")
