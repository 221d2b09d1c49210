"""The sections of a language agent's answer and of what it reads: their names, and what each is for.

What the prompt says in them, and its instructions, is `agents.thinking.prompt`.
"""

from typing import Any

from orgopt.agents.base import Purpose

INPUTS = {
    "mission": "what the organization is for, and the task",
    "settings": "the knobs that you may turn: value at the best start, range, group",
    "script": "the file that you may rewrite, as the best start has it",
    "known": "what was tried, as far as you know of it",
    "inbox": "what others told you since you last thought",
    "memory": "your own notes",
    "cases": "results that count only once you have reviewed them",
    "left": "what is left of the budget",
    "problem": "why your last answer could not be used",
    "answer": "your last answer",
}
_VERDICTS = (
    "a JSON object: for the number of each case a text that begins with the ruling and then says why; rulings are "
    "pass (believe it), rerun (run it again first) and reject"
)
_KNOBS = "only the knobs that get another value than the table says, and these values; one is enough"
_EDITS = (
    "changes of the script, or nothing. Each is a block of lines: '<<<<<<< SEARCH', lines of the script that occur in "
    "it once, '=======', the lines to put there, '>>>>>>> REPLACE'. Keep the lines of knobs and their comments"
)
OUTPUTS: dict[str, tuple[Any, str, Any]] = {
    "verdicts": (
        dict[str, str],
        _VERDICTS,
        {},
    ),
    "hypothesis": (str, "one sentence: what should help, and why", ...),
    "start_from": (
        int,
        "the number of the experiment to start from, one of those marked 'a start'; empty for the best",
        None,
    ),
    "knobs": (dict[str, Any], f"a JSON object: {_KNOBS}", {}),
    "edits": (
        str,
        _EDITS,
        "",
    ),
    "expectation": (str, "what you expect of the metric, in a few words", ""),
    "assignment": (str, "one or two sentences for those who work for you: what to try next", ""),
    "notes": (str, "your notes from now on: they replace the old ones", ""),
    "report": (str, "your report: two or three sentences for the others at the stand-up", ...),
}
AS_JSON = {
    "verdicts": "of each case the ruling and the reason: pass (believe it), rerun (run it again first) or reject",
    "knobs": _KNOBS,
    "edits": "changes of the script, or none: what to search, which occurs in it once, and what to put there. Keep the "
    "lines of knobs and their comments",
}
"""What fields are for in an answer that is one JSON object, where that differs."""
ASKS: dict[Purpose, str] = {
    "propose": "",
    "report": "A stand-up is on. Say what you learned, what you doubt and what you will try. The others read it.",
    "remember": "The run has ended. Write the notes that will help your role in the next run, on any document.",
}
