"""Text of drawings: cleaned, measured without a font, and broken into lines by width."""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache

BOLD = 1.1
"""How much wider bold text is, about: measure it at that many times its size."""

_WIDTHS = (  # of DejaVu Sans, the widest of the usual fonts, in parts of the font size
    (0.37, " '.,:;|/\\ijlfIJ-"),
    (0.42, "!()[]rt"),
    (0.56, '"*_`?szcL'),
    (0.65, "abdeghknopquvxyEFPSTY0123456789${}"),
    (0.86, "#+<=>^~&ABCDGHKNOQRUVXZ"),
    (1.0, "mwMW@%æœжмтфшщыю"),
    (1.2, "ÆŒЖШЩЫЮ"),
)
_WIDTH_OF = {char: width for width, chars in _WIDTHS for char in chars}
_FULL, _HALF, _EMOJI = 1.02, 0.55, 1.3
_OTHERS = {"Lu": 0.95, "Ll": 0.8, "Lo": 0.85, "Lm": 0.8, "Nd": 0.7, "Zs": 0.4}
_BIDI = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_JOINER, _KEYCAP, _AS_EMOJI = "\u200d", "\u20e3", "\ufe0f"
_TONES = frozenset(map(chr, range(0x1F3FB, 0x1F400)))
_FLAG_LETTERS = frozenset(map(chr, range(0x1F1E6, 0x1F200)))
_BREAKS_AFTER = frozenset(" -/_.,:;)\u2010\u2013\u2014")
_NO_START = frozenset("、。，．！？：；）］｝」』】〉》・ーぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ,.!?:;)]}")
_NO_END = frozenset("（［｛「『【〈《([{")


def clean(text: str) -> str:
    """One line of text without what XML cannot hold or what reverses the text around it."""
    line = " ".join(text.split())
    return "".join(c for c in line if c not in _BIDI and unicodedata.category(c) not in {"Cc", "Cs"} and not _unused(c))


def _unused(char: str) -> bool:
    """Whether a code point never is a character. One that this Python does not know yet may be: a newer emoji."""
    return ord(char) & 0xFFFE == 0xFFFE or "\ufdd0" <= char <= "\ufdef"


def right_to_left(text: str) -> bool:
    """Whether the first letter of a text is one of a script that runs from right to left."""
    directions = (unicodedata.bidirectional(char) for char in text)
    return next((direction for direction in directions if direction in {"L", "R", "AL"}), "L") != "L"


def text_width(text: str, size: float) -> float:
    """About the width of a text in a sans-serif font of a size, in pixels; rather more than less."""
    return size * sum(map(_em, _clusters(text)))


def fit(text: str, width: float, size: float) -> str:
    """The text, cleaned, and cut with an ellipsis where it is wider than `width` pixels."""
    return wrap(text, width, size, 1)[0]


def wrap(text: str, width: float, size: float, most: int) -> list[str]:
    """The text, cleaned, in lines of at most `width` pixels, one at least.

    Breaks between words, between full-width characters, and within words that are wider than a line. An ellipsis ends
    the last line where the text needs more than `most`.
    """
    parts, room, lines = list(_clusters(clean(text))), width / size, list[str]()
    while parts and len(lines) < most:
        count = _whole(parts, room)
        if count < len(parts) and len(lines) == most - 1:
            return [*lines, "".join(parts[: _whole(parts, room - _em("…"))]).rstrip() + "…"]
        end = next((i for i in range(count, 0, -1) if i == len(parts) or _breaks(parts[i - 1], parts[i])), count)
        end = max(end, 1)  # a line narrower than a character
        lines.append("".join(parts[:end]).strip())
        parts = parts[end:]
        while parts and parts[0] == " ":
            del parts[0]
    return lines or [""]


def _whole(parts: list[str], room: float) -> int:
    """How many of the parts fit; a space at the end of a line needs no room."""
    used = 0.0
    for i, part in enumerate(parts):
        used += _em(part)
        if used > room and part != " ":
            return i
    return len(parts)


def _breaks(before: str, after: str) -> bool:
    """Whether a line may end between two characters."""
    if after[0] in _NO_START or before[0] in _NO_END:
        return False
    return after == " " or before[0] in _BREAKS_AFTER or _ideograph(before) or _ideograph(after)


def _ideograph(cluster: str) -> bool:
    """Whether it is written without spaces between words; Hangul has them."""
    return unicodedata.east_asian_width(cluster[0]) in "WF" and not "\uac00" <= cluster[0] <= "\ud7a3"


def _clusters(text: str) -> Iterator[str]:
    """What a reader sees as one character: with its accents, joined emoji, and the two letters of a flag."""
    found = ""
    for char in text:
        joined = found.endswith(_JOINER) or char in _TONES or unicodedata.category(char) in {"Mn", "Me", "Cf"}
        flag = len(found) == 1 and found in _FLAG_LETTERS and char in _FLAG_LETTERS
        if found and not joined and not flag:
            yield found
            found = ""
        found += char
    if found:
        yield found


@lru_cache(maxsize=4096)
def _em(cluster: str) -> float:
    """The width of a cluster in parts of the font size."""
    first = cluster[0]
    if _AS_EMOJI in cluster or _KEYCAP in cluster or first >= "\U0001f000":
        return _EMOJI if first < "\U00020000" else _FULL
    if first in _WIDTH_OF:
        return _WIDTH_OF[first]
    wide = unicodedata.east_asian_width(first)
    if wide in "WFH":
        return _HALF if wide == "H" else _FULL
    plain = unicodedata.normalize("NFKD", first)
    if plain[0] in _WIDTH_OF:  # a letter with an accent, or a ligature
        return sum(_WIDTH_OF.get(char, 0) for char in plain)
    category = unicodedata.category(first)
    return 0.0 if category in {"Mn", "Me", "Cf"} else _OTHERS.get(category, 1.0)
