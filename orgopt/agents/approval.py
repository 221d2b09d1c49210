"""What a person is asked before a script that an agent rewrote runs."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewritten:
    """A script that an agent rewrote, and that would run next.

    Attributes:
        agent: Who rewrote it.
        note: What it says of that, which is its own word.
        before, after: The script that it started from, and its own.
    """

    agent: str
    note: str
    before: str
    after: str

    def diff(self) -> list[str]:
        """The lines that differ, as a unified diff."""
        lines = self.before.splitlines(), self.after.splitlines()
        return list(difflib.unified_diff(*lines, "before", "after", lineterm="", n=3))


Approve = Callable[[Rewritten], str | None]
"""Says None where a script may run, and else why not; an empty text is no reason."""
