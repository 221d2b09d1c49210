"""The bounds of the numbers that functions and commands take: each stands here once."""

from collections.abc import Mapping
from typing import NamedTuple

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

    def holds(self, number: float) -> bool:
        """Whether a number is within."""
        kind = isinstance(number, int) or not self.whole
        return kind and number >= self.least and (self.most is None or number <= self.most)

    def __str__(self) -> str:
        end = "on" if self.most is None else f"to {self.most:,}"
        return f"a {'whole ' * self.whole}number from {self.least:,} {end}{' or None' * self.optional}"


BOUNDS: Mapping[str, Bound] = {
    "contenders": Bound(2, 100),
    "generations": Bound(1, 10_000),
    "max_tokens": Bound(0, optional=True),
    "max_usd": Bound(0, whole=False, optional=True),
    "population": Bound(1, 10_000),
    "race_seeds": Bound(0, 10_000, optional=True),
    "real_runs": Bound(0, 1000),
    "rewrite_share": Bound(0, 1, whole=False),
    "runs": Bound(1, optional=True),
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


def require_numbers(**given: object) -> None:
    """Refuse numbers that are none, or out of their bounds.

    Raises:
        UsageError: It says which, and what it may be.
    """
    for name, value in given.items():
        bound = BOUNDS[name]
        if value is None and bound.optional:
            continue
        if isinstance(value, bool) or not isinstance(value, int | float) or not bound.holds(value):
            raise UsageError(f"{name} must be {bound}, not {value!r}")
