"""Whether a sentence above a list says that it is of things, and of nobody."""

import re
from functools import cache

from orgopt.document.grammar.words import alternatives, is_word, normal
from orgopt.document.reading.evidence.signs import EACH, ENOUGH, attribute, team
from orgopt.document.text.program import Block, Program

_SAID_OF_LISTS = ("thing", "person", "team")
_IN_BRACKETS = re.compile(r"\s*(?:\([^()]*\)|（[^（）]*）)\s*$")
_SENTENCE_END = re.compile(r"(?<=[.。!?])\s")
_WORD = re.compile(r"\w+")
_INSIDE = re.compile(r"[(（][^()（）]*[)）]")


def of_things(text: str) -> bool:
    """Whether a text above a list says that it is of things: the last of its words for things or for people counts."""
    text = text.rstrip(" :：*_")
    behind = _IN_BRACKETS.search(text)
    if behind and any(is_word("thing", word) for word in _WORD.findall(behind[0])):  # `Team members (skills)`
        return True
    for sentence in reversed(_SENTENCE_END.split(_IN_BRACKETS.sub("", text))):
        label = sentence.strip("*_ ")
        if EACH.match(sentence) or (attribute(label) and team(label) < ENOUGH):  # `Each agent has:`, `Responsible for:`
            return True
        words_ = normal(_INSIDE.sub(" ", sentence))
        last = {kind: max((m.end() for m in _words(kind).finditer(words_)), default=0) for kind in _SAID_OF_LISTS}
        if any(last.values()):
            return last["thing"] > 0 and last["thing"] == max(last.values())
    return False


@cache
def _words(kind: str) -> re.Pattern[str]:
    return re.compile(alternatives(kind))


def lists_things(program: Program, block: Block, before: Block) -> bool:
    """Whether a block is a list of things, as the sentence above it says."""
    if block.kind != "list" or before.kind != "paragraph":
        return False
    text = program.slice(before.span).rstrip(" \t\r\n*_")
    return text.endswith((":", "：")) and of_things(text)
