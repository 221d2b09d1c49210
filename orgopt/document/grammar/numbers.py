"""Numbers in a document: text to numbers and back, also the words and ranges by which people write them.

Every `parse_*` raises ValueError with a message that says the rule and the value got.
"""

import re

from orgopt.org import MAX_HEADCOUNT

_DECIMAL = re.compile(r"(?:\d{1,6}(?:\.\d{0,9})?|\.\d{1,9})(?P<percent>\s*%)?$")
_COUNT = re.compile(
    r"[×x~]?\s*(?P<low>\d{1,6})(?:\s*(?:-|–|—|to|bis|à|a)\s*(?P<high>\d{1,6}))?(?:\s*(?:agents?|people|instances?))?"
)
_NAMED = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_COUNTS = {word: number for number, word in enumerate(_NAMED)} | {
    "single": 1,
    "a pair": 2,
    "pair": 2,
    "few": 3,
    "a few": 3,
    "several": 4,
}
_SHARES = {"none": 0.0, "very low": 0.1, "low": 0.2, "medium": 0.5, "moderate": 0.5, "high": 0.8, "very high": 0.9}


def parse_headcount(text: str) -> int:
    """An integer from 0 to 64; `×3` too, a word such as `two` or `few`, and the middle of a range such as `2–4`."""
    word = text.strip().lower()
    match = _COUNT.fullmatch(word)
    low = _COUNTS.get(word, int(match["low"]) if match else MAX_HEADCOUNT + 1)
    high = int(match["high"]) if match and match["high"] else low
    if max(low, high) > MAX_HEADCOUNT or low > high:
        raise ValueError(f"headcount must be a whole number from 0 to {MAX_HEADCOUNT}, not '{text}'")
    return (low + high + 1) // 2


def is_plain_number(text: str) -> bool:
    """Whether a value is digits, so that nothing of it is inferred."""
    return bool(re.fullmatch(r"[×xX]?\s*[\d.]+\s*%?", text.strip()))


def decimal(text: str, what: str, most: float = 1.0) -> float:
    """A number from 0 to `most`; `40 %` too."""
    match = _DECIMAL.match(text.strip())
    number = float(text.strip().rstrip("% ")) / (100 if match["percent"] else 1) if match else -1.0
    if not 0 <= number <= most:
        raise ValueError(f"{what} must be a number from 0 to {most:g}, not '{text}'")
    return number


def parse_share(text: str, what: str, most: float = 1.0) -> float:
    """A number from 0 to `most`; `40 %` too, and words such as `low`."""
    number = _SHARES.get(text.strip().lower(), -1.0)
    return number if 0 <= number <= most else decimal(text, what, most)


def format_risk(risk: float) -> str:
    """A risk tolerance in as few digits as say it."""
    return f"{risk:.9f}".rstrip("0").rstrip(".") or "0"
