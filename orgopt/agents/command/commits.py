"""From what a command committed to proposals: checked as answers of language models are, before it costs lab time."""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from orgopt.agents.base import Proposal
from orgopt.agents.knowledge import Known
from orgopt.agents.thinking import prompt
from orgopt.agents.thinking.decide import MAX_WORDS
from orgopt.agents.thinking.script_edits import InvalidAnswerError, checked_script
from orgopt.agents.thinking.situation import Situation
from orgopt.errors import OrgoptError
from orgopt.tasks.knob import Knob, Value, with_values
from orgopt.tasks.task import Task

KNOBS_FILE = "knobs.py"
"""The file that stands for the knobs of a task without a script."""


class CommandFailure(StrEnum):
    """Why the thought of a command came to nothing."""

    TIMEOUT = "timeout"
    MEMORY = "memory"
    EXIT_CODE = "exit_code"
    NOT_STARTED = "not_started"
    NO_COMMIT = "no_commit"  # nothing that differs from where it began
    OTHER_FILES = "other_files"
    INVALID = "invalid"  # a script that cannot be used
    SECRET = "secret"  # a script with the value of a variable that the command was given
    OVER_BUDGET = "over_budget"
    STOPPED = "stopped"
    LOST = "lost"  # it left nothing that can be read


class CommitError(OrgoptError):
    """A commit that cannot become an experiment."""

    def __init__(self, failure: CommandFailure, text: str) -> None:
        super().__init__(text)
        self.failure = failure


class Judged(NamedTuple):
    """What becomes of a commit: an experiment, or why not; neither where it is what was proposed before."""

    subject: str
    proposal: Proposal | None
    refusal: CommitError | None = None


def script_name(task: Task) -> str:
    """The name of the file that a command may edit."""
    return task.script or KNOBS_FILE


def judged(now: Situation, start: Known, commits: Iterable[Mapping[str, Any]]) -> list[Judged]:
    """What becomes of each commit.

    Args:
        now: What the agent knew.
        start: Where it began.
        commits: `subject`, `others` (names of other files that differ), `script` (None where it is lost) and `leaks`.
    """
    found: list[Judged] = []
    before = (dict(start.settings), None)
    for commit in commits:
        subject = prompt.clean(commit["subject"], MAX_WORDS)
        try:
            settings, script = _changed(now, start, commit)
        except CommitError as error:
            found.append(Judged(subject, None, error))
            continue
        if (settings, script) == before:
            found.append(Judged(subject, None))
            continue
        before = settings, script
        note = subject or "no hypothesis given"
        found.append(Judged(subject, Proposal(settings=settings, parent=start.id, note=note, script=script)))
    return found


def failure_of(done: Mapping[str, Any], found: list[Judged], last: str) -> tuple[str, str]:
    """Why a call came to nothing, as one of `CommandFailure` and in a line."""
    if done["ended"] == "timeout":
        return CommandFailure.TIMEOUT.value, "it did not end in its time, and had committed nothing that can be used"
    if done["ended"] == "oom":
        return CommandFailure.MEMORY.value, "it held more memory than memory_gb"
    if done["ended"] != "ok":
        return CommandFailure.LOST.value, done["error"]
    if done["exit_code"] is None:
        return CommandFailure.NOT_STARTED.value, done["error"]
    refusals = [one.refusal for one in found if one.refusal]
    if refusals:
        return refusals[-1].failure.value, str(refusals[-1])
    if done["error"]:
        return CommandFailure.LOST.value, done["error"]
    if done["exit_code"]:
        return CommandFailure.EXIT_CODE.value, f"exit code {done['exit_code']}" + (f": {last}" if last else "")
    return CommandFailure.NO_COMMIT.value, "it changed nothing"


def _changed(now: Situation, start: Known, commit: Mapping[str, Any]) -> tuple[dict[str, Value], str | None]:
    """The settings of a commit, and its script where that is another than with other values.

    Raises:
        CommitError: It cannot be used.
    """
    name, script = script_name(now.work.task), commit["script"]
    if commit["others"]:
        others = ", ".join(prompt.clean(other, 60) for other in commit["others"][:3])
        raise CommitError(CommandFailure.OTHER_FILES, f"it changes {others}: only {name} may be edited")
    if commit["leaks"]:
        text = f"{name} has the value of a variable of the command's, which nothing may keep"
        raise CommitError(CommandFailure.SECRET, text)
    if script is None:
        raise CommitError(CommandFailure.INVALID, f"{name} is gone, too long, or no longer a file")
    before, free = prompt.source_of(now, start), {knob.name for knob in now.view.free}
    try:
        values = checked_script(script, now.view.knobs, free, before, name)
    except InvalidAnswerError as error:
        raise CommitError(CommandFailure.INVALID, str(error)) from None
    settings = {knob.name: _typed(knob, values[knob.name]) for knob in now.view.knobs}
    if with_values(script, start.settings) == with_values(before, start.settings):
        return settings, None
    if not now.work.edits:
        text = f"recorded results are replayed in this run: in {name} nothing but values of knobs may change"
        raise CommitError(CommandFailure.INVALID, text)
    return settings, with_values(script, settings)


def _typed(knob: Knob, value: Value) -> Value:
    return int(value) if knob.integer and not isinstance(value, str) else value
