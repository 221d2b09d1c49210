"""What lines of a section say in plain letters of whom it is about, such as `Role:` and `**Owns**` above a list."""

import re

from orgopt.document.grammar.words import is_word
from orgopt.document.text.program import Program, Section

_PLAIN_KEY = re.compile(
    r"^(?:[-*+•][ \t]+([^\W\d_][^:：\n*`]{1,28}?)[ \t]*[:：]"  # `- Role: …`
    r"|([^\W\d_][^:：\n*`|]{1,28}?)[ \t]*[:：][ \t]*$"  # `Role:` alone
    r"|\*\*([^*\n:：]{2,28}?)(?:\.\*\*|\*\*[ \t]*$))",  # `**Role**` alone, `**Role.** …`
    re.MULTILINE,
)
_LOOKED = 600  # characters of a section


def told(program: Program, section: Section) -> bool:
    """Whether a line of a section says what somebody is or does, in plain letters: `- Role: Tester`."""
    keys = _PLAIN_KEY.findall(
        program.text, section.heading.span.end, min(section.body.end, section.heading.span.end + _LOOKED)
    )
    return any(is_word("role", key) or is_word("duty", key) for found in keys for key in found if key)
