"""Pages that follow what runs: the report of a study and the page of a run, kept new over HTTP on this machine.

A page is the one that `orgopt report` writes. Its server reads logs and ledgers alone, and tells it which sections are
new.
"""

PREFIX = "/orgopt"
"""What the addresses of pages begin with."""
PLACES = {"studies": "study", "contests": "contest", "runs": "run"}
"""The kinds of what has a page, by the word of its address."""


def address(kind: str, name: str) -> str:
    """The path of the page of a study, a contest or a run."""
    place = next(place for place, one in PLACES.items() if one == kind)
    return f"{PREFIX}/{place}/{name}"
