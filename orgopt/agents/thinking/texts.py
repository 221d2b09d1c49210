"""Texts of others, made safe and short for a prompt."""

import re
import unicodedata

MAX_NOTE = 240

# What DSPy and edits tell fields apart by: in data it could end a field, and begin an instruction.
_MARK = re.compile(r"\[\[\s*##|##\s*\]\]|<{7}|>{7}|={7}")


def clean(text: object, limit: int = MAX_NOTE) -> str:
    """Text of others in one line: without control characters, marks of the prompt, or more than a limit."""
    # Cut first: a message of others may be a megabyte, and each sign is looked at.
    kept = "".join(" " if unicodedata.category(sign)[0] == "C" else sign for sign in str(text)[: 4 * limit])
    line = " ".join(_MARK.sub("·", kept).split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def bounded(lines: list[str], limit: int, *, backwards: bool = False) -> str:
    """Lines until a length is reached, the first ones first; with `backwards` in the order from last to first."""
    kept: list[str] = []
    size = 0
    for line in lines:
        size += len(line) + 1
        if size > limit:
            kept.append(f"… {len(lines) - len(kept)} more")
            break
        kept.append(line)
    return "\n".join(reversed(kept) if backwards else kept)
