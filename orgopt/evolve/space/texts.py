"""Texts of a candidate: what the search space cannot hold, by the place where it stands in the document.

A place is `mission`, `charter/ROLE`, `persona/ROLE` or `remembers/ROLE`, with the id of a role. A text that a language
model wrote is prose and nothing else: whatever could be read as a part of a document, of a page or of a prompt is
refused.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping

from orgopt.agent_names import LANGUAGE_AGENT
from orgopt.document import Program, read
from orgopt.document.editing.base import Edit, SetKey
from orgopt.document.editing.edits_of_text import SetCharter, SetMission
from orgopt.errors import OrgoptError
from orgopt.org import Org

Texts = Mapping[str, str]

MISSION, CHARTER, PERSONA, REMEMBERS = "mission", "charter", "persona", "remembers"
LIMITS = {MISSION: 1500, CHARTER: 1500, PERSONA: 300, REMEMBERS: 600}
"""The most characters of a text; one that is longer already may grow by a tenth."""
FIELDS = {PERSONA, REMEMBERS}
"""Texts that are a field of their role, in a line."""
LONGEST = 8000
"""Characters of a text above which it is left alone: a model would have to repeat all of it."""

_FORBIDDEN = {
    "HTML": re.compile(r"<[!/?A-Za-z]"),
    "a heading": re.compile(r"^[ \t]{0,3}(?:#{1,6}(?:\s|$)|(?:=+|-+)[ \t]*$)", re.MULTILINE),
    "a block of code": re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE),
    "a mark of the prompt": re.compile(r"\[\[\s*##|##\s*\]\]|<{7}|>{7}|={7}"),
    "a link": re.compile(r"\]\(|\]\[|\w://|^[ \t]*\[[^\]]+\]:", re.MULTILINE),
    "a table": re.compile(r"^[ \t]*\|", re.MULTILINE),
    "a field in bold": re.compile(r"\*\*[^*\n]{1,40}:\*\*|\*\*[^*\n]{1,40}\*\*[ \t]*:"),
}


class RefusedChangeError(OrgoptError):
    """A change that cannot be made, in words that help to propose a better one."""


def places(org: Org) -> Iterator[str]:
    """The places whose texts are read by somebody: agents that think with a language model."""
    speaking = [role for role in org.roles if role.headcount and role.agent == LANGUAGE_AGENT]
    if speaking:
        yield MISSION
    for role in speaking:
        yield f"{CHARTER}/{role.id}"
        yield f"{PERSONA}/{role.id}"
        if role.memory != "none":
            yield f"{REMEMBERS}/{role.id}"


def text_at(org: Org, place: str) -> str:
    """What stands at a place; nothing where its role is not there."""
    kind, _, role_id = place.partition("/")
    if kind == MISSION:
        return org.mission
    role = org.role(role_id)
    return "" if role is None else getattr(role, kind)


def with_texts(program: Program, texts: Texts) -> Program:
    """A program after its texts were rewritten; those of roles that it does not have are left out.

    Raises:
        DocumentError: The document cannot take one of them.
    """
    for place, text in sorted(texts.items()):
        org = read(program).org
        kind, _, role = place.partition("/")
        if (role and org.role(role) is None) or text_at(org, place) == text:
            continue
        edit: Edit = SetMission(text) if kind == MISSION else SetCharter(role, text)
        program = (SetKey(role, kind, text) if kind in FIELDS else edit).apply(program)
    return program


def prose(place: str, given: object, old: str) -> str:
    """A text that somebody else wrote, as it may stand at a place.

    Args:
        place: Where.
        given: The text.
        old: What stands there now.

    Raises:
        RefusedChangeError: It is no text, is too long, or has what is not prose.
    """
    if not isinstance(given, str) or not given.strip():
        raise RefusedChangeError(f"{place}: write a text, not {str(given)[:40]!r}")
    kind = place.partition("/")[0]
    limit = max(LIMITS[kind], round(1.1 * len(old)))
    if len(given) > limit:
        raise RefusedChangeError(f"{place}: {len(given)} characters are too many: at most {limit}")
    text = given.replace("\r\n", "\n").replace("\t", " ")
    if hidden := next((sign for sign in text if sign != "\n" and unicodedata.category(sign)[0] == "C"), ""):
        raise RefusedChangeError(f"{place}: the character U+{ord(hidden):04X} is not seen: leave it out")
    for what, pattern in _FORBIDDEN.items():
        if pattern.search(text):
            raise RefusedChangeError(f"{place}: {what} does not belong there: write plain sentences")
    lines = [" ".join(line.split()) for line in text.strip().split("\n")]
    if kind in FIELDS:
        return " ".join(filter(None, lines))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
