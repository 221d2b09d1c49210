"""The file of a task that a command holds over several calls: its words, a checklist, and the command's own notes."""

import re
from collections.abc import Sequence
from dataclasses import replace

from orgopt.agents.base import HeldAssignment, Proposal
from orgopt.agents.command.commits import Judged

TASK_FILE = "TASK.md"
_BOX = re.compile(r"^\s*[-*] \[(?P<mark>[ xX])\]", re.MULTILINE)
_FORM = """\
# Task {id}

{text}

{steps}## Notes

"""


def task_file(task: HeldAssignment, notes: str) -> str:
    """The file of a task: as the command left it, or a new one.

    Args:
        task: The task.
        notes: What the command last left, of this task or of another.
    """
    if notes.startswith(f"# Task {task.id}\n"):
        return notes
    steps = "".join(f"- [ ] {step}\n" for step in task.steps)
    return _FORM.format(id=task.id, text=task.text, steps=f"{steps}\n" if steps else "")


def ticked(text: str) -> bool:
    """Whether a checklist has points, and all of them are ticked."""
    marks = [match["mark"] for match in _BOX.finditer(text)]
    return bool(marks) and " " not in marks


def finished(found: Sequence[Judged]) -> list[Judged]:
    """What becomes of commits, the last of which says that the task is done."""
    last = max((at for at, one in enumerate(found) if one.proposal), default=-1)
    return [one._replace(proposal=_done(one)) if at == last else one for at, one in enumerate(found)]


def _done(one: Judged) -> Proposal | None:
    return replace(one.proposal, note=f"done: {one.proposal.note}") if one.proposal else None
