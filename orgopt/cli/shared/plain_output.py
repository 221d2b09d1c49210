"""Output where the terminal or the pipe is no UTF-8: what it cannot show is written in letters that it can."""

import codecs
import sys
from contextlib import suppress
from typing import TextIO

_LETTERS = {
    "→": "->", "←": "<-", "↔": "<->", "↑": "^", "↓": "v", "⇒": "=>", "▸": ">", "►": ">", "▶": ">",
    "±": "+-", "×": "x", "·": "-", "•": "*", "−": "-", "–": "-", "—": "-", "…": "...", "≤": "<=", "≥": ">=", "≈": "~",
    "█": "#", "▓": "#", "▒": "#", "░": ".", "▏": "|", "▎": "|", "▍": "|", "▌": "#", "▋": "#", "▊": "#", "▉": "#",
    "├": "|", "└": "`", "│": "|", "─": "-", "┌": "+", "┐": "+", "┘": "+", "┬": "+", "┴": "+", "┼": "+", "┤": "|",
    "━": "-", "╸": "-", "╺": "-", "“": '"', "”": '"', "‘": "'", "’": "'", "\u00a0": " ", "\u2009": " ", "\u202f": " ",
    "▁": "_", "▂": "_", "▃": ".", "▄": "-", "▅": "-", "▆": "=", "▇": "=", "■": "#", "□": ".", "▰": "#", "▱": ".",
    "▲": "^", "▼": "v", "○": "o", "✓": "ok", "✗": "x", "σ": "sigma", "Δ": "delta", "µ": "u", "μ": "u", "²": "^2",
    "½": "1/2", "°": " deg",
}  # fmt: skip
"""What the symbols of orgopt's own words are in ASCII; other letters, such as those of a document, become `?`."""

_HANDLER = "orgopt.plain"


def _plainly(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_LETTERS.get(char, "?") for char in error.object[error.start : error.end]), error.end


def print_what_can_be_shown() -> None:
    """Let nothing that is printed end a command, whatever the encoding of its output."""
    codecs.register_error(_HANDLER, _plainly)
    for stream in (sys.stdout, sys.stderr):
        with suppress(AttributeError, OSError):  # of another kind, or closed
            stream.reconfigure(errors=_HANDLER)  # pyright: ignore[reportAttributeAccessIssue]


def is_utf8(stream: TextIO) -> bool:
    """Whether a stream can show every letter."""
    with suppress(LookupError, TypeError, AttributeError):
        return codecs.lookup(stream.encoding).name.startswith("utf-8")
    return True
