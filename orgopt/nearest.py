"""The nearest of known names to one that is unknown, for messages: `did you mean 'trio'?`."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like another, whatever the letter case; None where none is near."""
    by_lower = {one.lower(): one for one in known}
    close = get_close_matches(name.lower(), list(by_lower), n=1)
    return by_lower[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question about the nearest known name, with a space behind it; empty where none is near."""
    near = nearest(name, known)
    return f"did you mean '{near}'? " if near else ""
