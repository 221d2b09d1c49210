"""What lines of a section say in plain letters of whom it is about, such as `Role:` and `**Owns**` above a list."""

import re

from orgopt.document.grammar.words import is_word, normal
from orgopt.document.text.program import Program, Section

_PLAIN_KEY = re.compile(
    r"^(?:[-*+•][ \t]+([^\W\d_][^:：\n*`]{1,28}?)[ \t]*[:：]"  # `- Role: …`
    r"|([^\W\d_][^:：\n*`|]{1,28}?)[ \t]*[:：][ \t]*$"  # `Role:` alone
    r"|\*\*([^*\n:：]{2,28}?)(?:\.\*\*|\*\*[ \t]*$))",  # `**Role**` alone, `**Role.** …`
    re.MULTILINE,
)
_FIRST = re.compile(r"\s*([^\W\d_][^:：\n*`|]{1,28}?)[ \t]*[:：][ \t]+\S")  # `Goal: …` right below the heading
_LOOKED = 600  # characters of a section


def told(program: Program, section: Section) -> frozenset[str]:
    """The keys of lines of a section that say what somebody is or does, in plain letters: `- Role: Tester`."""
    first = _FIRST.match(program.text, section.heading.span.end, section.body.end)
    keys = _PLAIN_KEY.findall(
        program.text, section.heading.span.end, min(section.body.end, section.heading.span.end + _LOOKED)
    )
    every = [*(key for found in keys for key in found if key), *(first.groups() if first else ())]
    return frozenset(normal(key) for key in every if is_word("role", key) or is_word("duty", key))
