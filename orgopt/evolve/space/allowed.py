"""Which parts of a document a search may change: their names, and those that are free in a study.

The values of each part are its genes: `roles`, `links` and `standup`.
"""

from collections.abc import Collection

from orgopt.errors import UsageError

LINK_PARTS = ("reports", "shares", "delegates", "reviews")
PARTS = (
    *("headcount", "agent", "model", "persona", "memory", "risk", "focus", "confirm", "stop-early", "copy-rule"),
    *LINK_PARTS,
    *("stand-up", "roles", "rhythm"),
)
"""The parts that can be frozen or freed; `roles` is the headcounts of a library's roles, `rhythm` is of searches."""
TEXTS = "texts"
"""The part that no parameter holds: mission, charters and personas, which only a rewriter changes."""


def free_parts(fix: Collection[str], only: Collection[str]) -> frozenset[str]:
    """The parts that may change when some are frozen, or all but some.

    Raises:
        UsageError: There is no such part.
    """
    fixed, chosen = ({part for name in names for part in _named(name)} for names in (fix, only))
    return frozenset((chosen or {*PARTS, TEXTS}) - fixed)


def _named(name: str) -> tuple[str, ...]:
    if name == "links":
        return LINK_PARTS
    if name not in (*PARTS, TEXTS):
        raise UsageError(f"no part '{name}': choose among {', '.join(PARTS)}, or links for {', '.join(LINK_PARTS)}")
    return (name,)
