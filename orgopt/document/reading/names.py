"""Names as headings, bullets and cells write them: numbers, emoji, titles, parentheses and counts taken off."""

import re
import unicodedata
from functools import lru_cache
from typing import NamedTuple

from orgopt.basics.slug import slug
from orgopt.document.text.program import Span, printable

_NUMBERING = re.compile(r"\(?\d{1,3}(?:\.\d{1,3})*[.):]\s+|\d{1,3}(?:\.\d{1,3})+\s+(?=\D)")
_KINDS = r"role|agent|rolle|rol|rôle|papel|agente|member|角色|智能体|役割|エージェント|역할|에이전트"
NUMBERED = re.compile(rf"(?:{_KINDS})\s*[-#]?\s*\d{{1,3}}\s*[:：.—–-]\s*(?=\S)", re.IGNORECASE)
"""What stands before the names of a numbered roster, as in `Agent 3: Scout`."""

_PREFIX = re.compile(rf"{NUMBERED.pattern}|(?:role|agent|agente|rolle|rol|rôle|papel)\s*[:—–]\s*(?=\S)", re.IGNORECASE)
_COUNT = re.compile(r"(?:\s*×\s*|\s+[xX]\s*)(\d{1,6})\s*$|\s*\(\s*[×xX]?\s*(\d{1,6})\s*(?:agents?)?\s*\)\s*$")
_KEYCAP = re.compile(r"[\d#*]\ufe0f?\u20e3\s*")
_SHORTCODE = re.compile(r":[a-z][a-z0-9_+-]{1,40}:\s*")  # an emoji, as some pages write it
_LEADING = (_NUMBERING, _KEYCAP, _SHORTCODE, _PREFIX)
_COUNT_FIRST = re.compile(r"(\d{1,6})\s*[×x]\s+(?=\S)")
_TITLE = re.compile(r"\s+(?:[—–|｜·]|-{1,3})\s+|:\s+|：\s*|<br\s*/?>\s*|\\n", re.IGNORECASE)
_BRACKETS = re.compile(
    r"\s*(?:\((?P<inner>[^()]*)\)|（(?P<wide>[^（）]*)）|\[\^[^\]]*\]|\[\[?[^\[\]]*\]\]?|`(?P<code>@[\w-]+)`)\s*$"
)
_ROLE_BEHIND = re.compile(r"(?<=\w\w)\s+Role\s*$")  # `Reviewer Role`
_HANDLE = re.compile(r"\s+(@[A-Za-z0-9][\w-]*)$")
_BLANK = re.compile(
    r"tb[dac]|todo|n/?a|none|vacant|open|unassigned|offen|unbesetzt|à (?:définir|pourvoir)|(?:por|a) definir"
    r"|待定|未定|미정"
    r"|[-–—?.…_]*|x{2,}|[{<\[][^{}<>\[\]]*[}>\]]",
    re.IGNORECASE,
)
_TAGGED = re.compile(r"【(?P<tag>[^【】]{1,20})】\s*(?=\S)")  # `【CTO】Ada`
_MARKS = re.compile(r"[^\w\[(<]*")  # before a link
_LINK = re.compile(r"!?\[(?P<text>[^\]]*)\]\((?P<path>[^)\s]*+)[^)]*\)")
FILE = re.compile(r"[`@]*(?P<path>(?:[^`|()\[\]<>\s]+/)?(?P<stem>[^`|()\[\]<>\s/]+)\.(?:md|markdown))`*", re.IGNORECASE)
"""The path of a Markdown file, as a text names it."""

_MAX_NAME = 200  # characters; what follows is no name, and would cost time
_SHORT = 300  # characters of a text whose name is remembered
_ALIKE = str.maketrans("1|I0", "lllo")
_HIDDEN = {"Cf", "Cc"}


class Name(NamedTuple):
    """The name of a role as it is read.

    Attributes:
        text: The name alone.
        span: Where it stands.
        title: What follows a dash or a colon, such as `Chief Scientist` in `Lead — Chief Scientist`.
        digits: The headcount beside it, in digits, and where they stand.
        path: The file that it links to.
        raw: All that was written.
        full: The name with what stands in brackets behind it, which tells it from another of the same name.
    """

    text: str
    span: Span
    title: str = ""
    digits: tuple[str, Span] | None = None
    path: str = ""
    raw: str = ""
    full: str = ""

    @property
    def id(self) -> str:
        """The id of the name."""
        return slug(self.text)


def is_blank(text: str) -> bool:
    """Whether a text stands where a name is to come: `TBD`, `N/A`, `{Name}`."""
    return bool(_BLANK.fullmatch(text.strip("*_`\"' ")))


def read_name(raw: str, at: int) -> Name:
    """The name in a text that stands at an offset."""
    name = _name(raw) if len(raw) <= _SHORT else _name.__wrapped__(raw)
    return moved_name(name, at)


def moved_name(name: Name, by: int) -> Name:
    """A name that stands so many characters further on."""
    if not by:
        return name
    digits = name.digits and (name.digits[0], name.digits[1].moved(by))
    return Name(name.text, name.span.moved(by), name.title, digits, name.path, name.raw, name.full)


@lru_cache(maxsize=4096)  # titles and cells are asked for their names several times, and again after each edit
def _name(raw: str) -> Name:
    title, path, start, end = _marked(raw)
    bare = raw[start:end].rstrip("*_ ")
    if file := FILE.fullmatch(raw, end - len(raw[start:end].lstrip("*_ ")), start + len(bare)):  # its file alone
        path, start, end = path or file["path"], file.start("stem"), file.end("stem")
    end = min(end, start + _MAX_NAME)
    count: tuple[str, Span] | None = None
    while moved := _skip(raw, start, end):
        start = moved
    if match := _COUNT_FIRST.match(raw, start, end):
        count, start = (match[1], Span(match.start(1), match.end(1))), match.end()
    if not count and (match := _COUNT.search(raw, start, end)) and raw[start : match.start()].strip():
        group = 1 if match[1] else 2
        count, end = (match[group], Span(match.start(group), match.end(group))), match.start()
    end, inner = _behind(raw, start, end, ")）")  # it may hold what divides a name from a title
    if (match := _TITLE.search(raw, start, end)) and raw[start : match.start()].strip("*_` "):
        title, end = title or raw[match.end() : end].strip("*_` "), match.start()
    end, closer = _behind(raw, start, end, ")）]")
    inner = closer or inner
    title = title or inner
    while start < end and raw[start] in "*_`@ ":
        start += 1
    start += (
        raw[:start].endswith("`") and raw[start:end].startswith("/") and "/" not in raw[start + 1 : end]
    )  # a command
    end = _bold_end(raw, start, end)
    end = match.start() if (match := _ROLE_BEHIND.search(raw, start, end)) else end
    while end > start and raw[end - 1] in "*_`: ":
        end -= 1
    if title and (file := FILE.fullmatch(raw, start, end)):  # `tester.md` — who tests
        path, start, end = path or file["path"], file.start("stem"), file.end("stem")
    if not slug(raw[start:end]) and not count:  # nothing sensible is left: the text as it is
        start, end, title = 0, min(len(raw.rstrip()), _MAX_NAME), ""
    text = printable(raw[start:end])
    full = f"{text} ({printable(inner)})" if inner else text
    return Name(text, Span(start, end), printable(title), count, path, raw, full)


def _bold_end(raw: str, start: int, end: int) -> int:
    """Where a name ends that is bold and has signs behind it, as in `**Ada** ⭐ new`."""
    cut = raw.find("**", start, end)
    return cut if cut > start and not raw[cut:end].strip("*_` ")[:1].isalnum() else end


def _marked(raw: str) -> tuple[str, str, int, int]:
    """The title and the path that marks give, as in `[Ada](a.md) | Lead` or `【Lead】Ada`, and where the name is."""
    marks = _MARKS.match(raw)
    end = len(raw.rstrip())
    if link := _LINK.match(raw, marks.end() if marks else 0):
        title = _TITLE.match(raw, link.end())
        said = raw[title.end() :].strip("*_` ") if title else ""
        return said, link["path"], link.start("text"), link.end("text")
    if (tag := _TAGGED.match(raw)) and slug(tag["tag"]):
        return tag["tag"], "", tag.end(), end
    return "", "", 0, end


def _behind(raw: str, start: int, end: int, closing: str) -> tuple[int, str]:
    """Where a name ends without the brackets, footnotes and emoji behind it, and the first text in brackets."""
    inner = ""
    while end > start:
        if raw[end - 1] == "`" and (match := _BRACKETS.search(raw, start, end)) and match.start() > start:
            cut, inner = match.start(), match["code"] or inner
        elif (match := _HANDLE.search(raw, start, end)) and match.start() > start:
            cut, inner = match.start(), match[1] or inner
        elif raw[end - 1] in "*_`: \u200d\ufe0f" or unicodedata.category(raw[end - 1]) in {"So", "Sk"}:
            cut = end - 1
        elif (raw[end - 1] in closing and (match := _BRACKETS.search(raw, start, end))) and match.start() > start:
            cut, inner = match.start(), (match["inner"] or match["wide"] or inner).strip("*_` ")
        else:
            break
        if not slug(raw[start:cut]):
            break
        end = cut
    return end, inner


def hidden(text: str) -> list[int]:
    """The positions of characters that are not seen: zero-width, bidirectional and control characters."""
    joined = "\u200d\ufe0f"  # part of many emoji
    return [
        i
        for i, char in enumerate(text)
        if unicodedata.category(char) in _HIDDEN
        and char not in "\t\r\n"
        and not (char in joined and i and text[i - 1] > "\u2000")
    ]


def scripts(text: str) -> set[str]:
    """The scripts of a text's letters by the first word of their Unicode names: LATIN, CYRILLIC, and so on."""
    return {unicodedata.name(char, "?").split()[0] for char in text if char.isalpha()}


def skeleton(text: str) -> str:
    """A name with one letter for those that look alike, as in `Exp1orer` and `Explorer`."""
    return text.translate(_ALIKE).casefold().replace("rn", "m").replace("vv", "w")


def _skip(raw: str, start: int, end: int) -> int:
    """The position after one leading mark, number or emoji; 0 when there is none."""
    if match := next((m for of in _LEADING if (m := of.match(raw, start, end))), None):
        return match.end() if raw[match.end() : end].strip() else 0
    if start < end and (raw[start] in "*_` \u200d\ufe0f" or unicodedata.category(raw[start]) in {"So", "Sk", "Sm"}):
        return start + 1 if slug(raw[start:end]) else 0
    return 0
