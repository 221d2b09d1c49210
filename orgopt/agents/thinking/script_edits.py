"""Edits of a script as language models write them: blocks of what to find and what to put there.

    <<<<<<< SEARCH
    x = act(x)
    =======
    x = norm(act(x))
    >>>>>>> REPLACE

A script is checked before it costs lab time: it compiles, keeps its size, its knobs and their ranges.
"""

import re
import warnings
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, cast

from orgopt.basics.syntax import tree
from orgopt.errors import OrgoptError, TaskError
from orgopt.tasks.knob import Knob, Value, parse_knobs

MAX_SCRIPT = 128 * 1024
_SEARCH, _MIDDLE, _REPLACE = "<<<<<<< SEARCH", "=======", ">>>>>>> REPLACE"
_BLOCK = re.compile(
    rf"^{_SEARCH}[ \t]*(?P<file>\S*)[ \t]*\n(?P<search>.*?)^{_MIDDLE}[ \t]*\n(?P<replace>.*?)^{_REPLACE}[ \t]*$",
    re.MULTILINE | re.DOTALL,
)
_NOTHING = {"", "none", "nothing", "no changes", "{}", "[]"}  # what models write where they leave edits out
_FIELD = re.compile(r"\[\[\s*##|##\s*\]\]")  # what marks the parts of a prompt, in which others read the script
_FILE = re.compile(r"^[\w./~-]*[\w-]\.\w{1,5}$")


class InvalidAnswerError(OrgoptError):
    """An answer of a model that cannot be used, in words that help it to write a better one."""


class ScriptEdit(NamedTuple):
    """One change: `search` occurs once and becomes `replace`. `file` is the file that it names, or empty."""

    search: str
    replace: str
    file: str = ""


def read_edits(given: object) -> list[ScriptEdit]:
    """The edits of an answer, blocks in a text or a list of what to search and to put there; empty for none.

    Raises:
        InvalidAnswerError: They are neither.
    """
    if given is None or isinstance(given, str):
        found = parse_edits(given or "")
        if not found and (given or "").strip().strip("`").strip().lower() not in _NOTHING:
            raise InvalidAnswerError(f"edits has no block '{_SEARCH}'; leave it empty to set knobs alone")
        return found
    several = cast("list[object]", given) if isinstance(given, list) else [given]
    edits: list[ScriptEdit] = []
    for one in several:
        if not isinstance(one, Mapping) or not {"search", "replace"} <= {*cast("Mapping[str, object]", one)}:
            raise InvalidAnswerError('edits must be a list of objects with "search" and "replace"')
        pair = cast("Mapping[str, object]", one)
        edits.append(ScriptEdit(str(pair["search"]), str(pair["replace"]), str(pair.get("file", ""))))
    return [edit for edit in edits if edit.search or edit.replace]


def parse_edits(text: str) -> list[ScriptEdit]:
    """The edits of an answer; what is between them is prose.

    Raises:
        InvalidAnswerError: A block is not complete.
    """
    found: list[ScriptEdit] = []
    end = 0
    for match in _BLOCK.finditer(text):
        before = text[end : match.start()].rstrip().rsplit("\n", 1)[-1].strip("`*: ")
        file = match["file"] or (before if _FILE.match(before) else "")
        found.append(ScriptEdit(match["search"], match["replace"], file))
        end = match.end()
    if text.count(_SEARCH) != len(found):
        raise InvalidAnswerError(f"an edit is not complete: '{_SEARCH}', '{_MIDDLE}' and '{_REPLACE}' are a line each")
    return found


def apply_edits(source: str, edits: Sequence[ScriptEdit], script: str) -> str:
    """A script with edits made, one after the other.

    Args:
        source: Its text.
        edits: What to change.
        script: The name of the only file that may be edited.

    Raises:
        InvalidAnswerError: An edit is of another file, or its text occurs not once.
    """
    for number, edit in enumerate(edits, 1):
        if edit.file and edit.file.removeprefix("./") != script:
            raise InvalidAnswerError(f"edit {number} is of {edit.file[:80]!r}: only {script} may be edited")
        if not edit.search.strip():
            raise InvalidAnswerError(f"edit {number} has nothing to search for: name the line that it goes beside")
        times = source.count(edit.search)
        if times != 1:
            what = "does not occur" if not times else f"occurs {times} times: add lines around it"
            raise InvalidAnswerError(f"edit {number}: its search text {what} in {script}: {_short(edit.search)!r}")
        source = source.replace(edit.search, edit.replace)
    return source


def checked_script(
    source: str, knobs: Sequence[Knob], free: Collection[str], before: str, script: str
) -> dict[str, Value]:
    """The values of the knobs in an edited script.

    Args:
        source: Its text.
        knobs: The task's.
        free: Names of those that the agent may turn.
        before: The text before the edits.
        script: Its name.

    Raises:
        InvalidAnswerError: It does not compile, is too long, has marks of a prompt, or its knobs are not the task's.
    """
    if len(source.encode("utf-8", "replace")) > MAX_SCRIPT:
        raise InvalidAnswerError(f"{script} would be longer than {MAX_SCRIPT // 1024} KiB")
    if len(_FIELD.findall(source)) > len(_FIELD.findall(before)):
        raise InvalidAnswerError("an edit may not write '[[ ##' or '## ]]', which mark the parts of a prompt")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        where = f" in line {error.lineno}" if isinstance(error, SyntaxError) else ""
        raise InvalidAnswerError(f"{script} would not compile{where}: {str(error)[:200]}") from None
    try:
        found, old = ({one.name: one for one in parse_knobs(text, script)} for text in (source, before))
    except TaskError as error:
        raise InvalidAnswerError(str(error)) from None
    for knob in knobs:
        now = found.get(knob.name)
        if now is None:
            raise InvalidAnswerError(
                f"the line of the knob {knob.name} must stay: its value may change, not its comment"
            )
        if (now.range, now.log, now.integer) != (knob.range, knob.log, knob.integer):
            raise InvalidAnswerError(f"the range of {knob.name} is {knob.range} and must stay so")
        if knob.name not in free and now.default != old[knob.name].default:
            raise InvalidAnswerError(f"{knob.name} is outside your focus: leave it as it was")
    return {knob.name: found[knob.name].default for knob in knobs}


def _short(text: str) -> str:
    line = text.strip().split("\n")[0]
    return line[:80]
