"""Ids of names, in any script."""

import re
import unicodedata
from functools import lru_cache

_APART = re.compile(r"[\x00-/:-`{-\x7f]+")  # what stands between the parts of a name
_SHORT = 300  # characters of a name that is remembered


def slug(name: str) -> str:
    """The id of a name: `Chief Scientist` is `chief-scientist`, `Späher` is `spaher`, `探索员` is itself.

    Latin letters become ASCII, those of other scripts stay; empty when nothing is left.
    """
    return _slug(name) if len(name) <= _SHORT else _slug.__wrapped__(name)


@lru_cache(maxsize=4096)  # each reading of a document asks for the same names
def _slug(name: str) -> str:
    text = name if name.isascii() else "".join(map(_plain, unicodedata.normalize("NFKC", name)))
    return _APART.sub("-", text.lower()).strip("-")


@lru_cache(maxsize=4096)
def _plain(char: str) -> str:
    """A character of a name as its id has it."""
    ascii_part = unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode()
    kept = char.isalnum() or unicodedata.category(char) in {"Mc", "Mn"}  # vowels of Indic scripts are marks
    other = kept and not ascii_part and not unicodedata.name(char, "").startswith(("LATIN", "COMBINING"))
    return char if other else ascii_part
