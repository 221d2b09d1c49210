"""Names in messages: a list of them, and the nearest known one to one that is not, `did you mean 'trio'?`."""

from collections.abc import Iterable, Sequence

_MAX_LISTED = 20  # names in a message


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like another, whatever the letter case; None where none is near."""
    from difflib import get_close_matches  # late: hardly any name is misspelled

    by_lower = {one.lower(): one for one in known}
    close = get_close_matches(name.lower(), list(by_lower), n=1)
    return by_lower[close[0]] if close else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A question about the nearest known name, with a space behind it; empty where none is near."""
    near = nearest(name, known)
    return f"did you mean '{near}'? " if near else ""


def some(names: Sequence[str], between: str = ", ") -> str:
    """Names as a list for a message, which ends after twenty."""
    more = f" and {len(names) - _MAX_LISTED} more" if len(names) > _MAX_LISTED else ""
    return between.join(names[:_MAX_LISTED]) + more
