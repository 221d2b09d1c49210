"""Text as YAML, which any reader of YAML gives back as it was, but for characters that YAML cannot hold."""

import json
import re

# What YAML calls printable; a tab is not, where a line is indented.
_UNPRINTABLE = re.compile("[^\n\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_PLAIN = re.compile(r"[^\W\d_](?:[\w ./+-]*[\w.+/])?")
WORDS = {"y", "n", "yes", "no", "true", "false", "on", "off", "null"}
"""Words that are no text unless they stand in quotes."""


def one_line(text: str) -> str:
    """A text in one line, without what YAML cannot hold."""
    return _UNPRINTABLE.sub("", " ".join(text.split()))


def scalar(text: str) -> str:
    """A text as a value in one line, in quotes where it needs some."""
    line = one_line(text)
    return line if _PLAIN.fullmatch(line) and line.lower() not in WORDS else json.dumps(line, ensure_ascii=False)


def block(text: str, indent: int) -> str:
    """A text as a value whose lines stand below the key, indented by some spaces."""
    lines = [_UNPRINTABLE.sub("", line.replace("\t", "    ")).rstrip() for line in text.splitlines()]
    kept = "\n".join(lines).strip()
    if not kept:
        return '""'
    return "|-\n" + "\n".join(" " * indent + line if line else "" for line in kept.split("\n"))
