"""Words by which people of many languages speak of a team; they stand in `words.toml`, which one may extend.

Structure works without words: these only help to tell a team from steps and rules. The keys of a language:

- `team`: in a heading above roles. `group`: headings of groups of roles. `unit`: words by which a heading is that of a
  part of a whole, whatever else it says.
- `never`: in headings of rules, steps, commands and the like. `absent`: in those of who is not there yet, or no more.
- `about`: headings that say nothing of what stands below them, such as Overview.
- `thing`: what a sentence says of a list below it that names nobody: tools, sub-teams. `opens`: words with which an
  instruction begins.
- `person`: what people and agents do for a living, in names. `human`: those whom a role may report to, and are none.
- `name`, `agent`, `role`, `duty`, `file`, `number`, `value`: what columns, and fields, are called: who, what somebody
  is, what somebody does, where that is written; what stands before the names; the first column of a table of fields.
- `reports`, `manages`, `reviews`, `reviewed`, `delegates`, `shares`: fields that name other roles. `passes`: what
  stands in a sentence between who hands work on and to whom, `~` for any words; `passed`: what stands behind the
  second; `given`: what stands before who gives somebody work. `headcount`, `model`: other keys of
  roles. `and`: words between names.
"""

import re
import tomllib
import unicodedata
from functools import cache, lru_cache
from pathlib import Path

KINDS = (
    "team", "group", "unit", "never", "about", "absent", "thing", "opens", "person", "human", "name", "agent", "role",
    "duty", "file", "number", "value", "reports", "manages", "reviews", "reviewed", "delegates", "passes", "passed",
    "given", "shares", "headcount", "model", "and",
)  # fmt: skip
"""The keys that a language may have."""

_LETTERS = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
)  # scripts without blanks, and Korean, with its endings
# Without a case, or Python looks for that of each of these characters.
_JOINED = r"(?-i:[^\W\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af])"  # `辅助Agent定义` has the word `Agent`
_SHORT = 300  # characters of a text that is remembered
_SIGNS = re.compile(r"[-_/&+·,.:;!?*`'\"«»“”|()\[\]{}]+")


@cache
def languages() -> dict[str, dict[str, list[str]]]:
    """The words of each language, by its code and by the key."""
    with Path(__file__).with_name("words.toml").open("rb") as file:
        return tomllib.load(file)


def normal(text: str) -> str:
    """A text as words are compared: one width, lower case, blanks for signs that join words."""
    return _normal(text) if len(text) <= _SHORT else _normal.__wrapped__(text)


@lru_cache(maxsize=8192)  # the same titles and cells are asked for many times, and again after each edit
def _normal(text: str) -> str:
    folded = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    return " ".join(_SIGNS.sub(" ", folded).split())


@cache
def words(kind: str) -> frozenset[str]:
    """All words of a kind, in any language, as `normal` has them."""
    listed = (word for language in languages().values() for word in language.get(kind, ()))
    return frozenset(normal(word) or word for word in listed)


def alternatives(kind: str) -> str:
    """A regular expression of the words of a kind: whole words, or anywhere in scripts without blanks."""
    ordered = sorted(words(kind), key=len, reverse=True)
    whole = "|".join(re.escape(word) for word in ordered if not _LETTERS.search(word))
    inside = "|".join(re.escape(word) for word in ordered if _LETTERS.search(word))
    alone = rf"(?<!{_JOINED})(?:{whole})(?!{_JOINED})"
    return rf"{alone}|(?:{inside})" if inside else alone


@cache
def _pattern(kind: str) -> re.Pattern[str]:
    return re.compile(alternatives(kind))


def says(kind: str, text: str) -> bool:
    """Whether a text has a word of a kind."""
    return _says(kind, text) if len(text) <= _SHORT else _says.__wrapped__(kind, text)


@lru_cache(maxsize=8192)
def _says(kind: str, text: str) -> bool:
    return bool(_pattern(kind).search(normal(text)))


def is_word(kind: str, text: str) -> bool:
    """Whether a text is a word of a kind."""
    return normal(text) in words(kind) or text.strip() in words(kind)


def without(kind: str, text: str) -> str:
    """A text, as `normal` has it, without the words of a kind."""
    return " ".join(_pattern(kind).sub(" ", normal(text)).split())
