"""What lives on of a task that a command holds over several calls: its file (words, a checklist, notes) and others."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from orgopt.agents.base import HeldAssignment, Proposal
from orgopt.agents.command.commits import Judged

TASK_FILE = "TASK.md"
_BOX = re.compile(r"^\s*[-*] \[(?P<mark>[ xX])\]", re.MULTILINE)
_FORM = """\
# Task {id}

{text}

{steps}## Notes

"""


def notes_of(task: HeldAssignment, done: Mapping[str, Any]) -> str:
    """What a command remembers of its task after a call: the files that it left, as JSON."""
    files = {**done.get("left", {}), TASK_FILE: done["task_file"]}
    return json.dumps({"task": task.id, "files": files}, ensure_ascii=False)


def files_left(task: HeldAssignment, notes: str) -> dict[str, str]:
    """The files that the last call left of a task, its own among them; of a new task, or of another's, that alone."""
    told: dict[str, Any] = json.loads(notes) if notes else {}
    files: dict[str, str] = told["files"] if told.get("task") == task.id else {}
    return {**files, TASK_FILE: files.get(TASK_FILE) or _first(task)}


def _first(task: HeldAssignment) -> str:
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
