"""The sections of a language agent's question and of its answer: their names and order, and what each is for.

What stands in those of a question is `agents.thinking`'s.
"""

from typing import Any

from orgopt.agents.base import Purpose

INPUTS = ("script", "known", "memory", "inbox", "cases", "running", "last", "failed", "starts", "left")
"""What is told with each question: what changes least comes first, so that providers find it in their cache."""
STATIC = {
    "mission": "Mission",
    "settings": "Knobs: the baseline's value (what else is allowed)",
    "interface": "What the script may use of prepare.py, which stays as it is",
}
"""What is told once and for all, and its headings."""
_VERDICTS = (
    "a JSON object: for the number of each case a text that begins with the ruling and then says why; rulings are "
    "pass (believe it), rerun (run it again first) and reject"
)
_KNOBS = "the knobs that you change and their new values; one is best"
_EDITS = (
    "changes of the script, or nothing. Each is a block of lines: '<<<<<<< SEARCH', lines of the script that occur in "
    "it once, '=======', the lines to put there, '>>>>>>> REPLACE'. Keep the lines of knobs and their comments"
)
_LOOK = (
    "instead of all the rest: numbers of experiments to be shown whole, two also side by side, or `log` for all that "
    "you know in a row; nothing if you know enough"
)
OUTPUTS: dict[str, tuple[Any, str, Any]] = {
    "look": (str, _LOOK, ""),
    "verdicts": (
        dict[str, str],
        _VERDICTS,
        {},
    ),
    "hypothesis": (str, "what should help and why, in a sentence", ...),
    "start_from": (
        int,
        "the number of the experiment to start from, one of the starts; empty for the best",
        None,
    ),
    "knobs": (dict[str, Any], f"a JSON object of {_KNOBS}", {}),
    "edits": (
        str,
        _EDITS,
        "",
    ),
    "expectation": (str, "the metric that you expect, and what would prove you wrong", ""),
    "assignment": (str, "one or two sentences for those who work for you: what to try next", ""),
    "notes": (str, "your notes from now on: they replace the old ones", ""),
    "report": (str, "your report: two or three sentences for the others at the stand-up", ...),
}
LATE = ("look", "verdicts", "start_from")
"""Fields of an answer that are explained at the end of a question, as they are not asked for in all of them."""
AS_JSON = {
    "verdicts": "of each case the ruling and the reason: pass (believe it), rerun (run it again first) or reject",
    "knobs": "an object with the one knob that you change and its new value",
    "edits": "changes of the script, or none: a list of objects with `search`, lines that occur in it once, and "
    "`replace`, what to put there. Keep the lines of knobs and their comments",
}
"""What fields are for in an answer that is one JSON object, where that differs."""
ASKS: dict[Purpose, str] = {
    "propose": "",
    "report": "A stand-up is on. Say what you learned, what you doubt and what you will try. The others read it.",
    "remember": "The run has ended. Write the notes that will help your role in the next run, on any document.",
}
