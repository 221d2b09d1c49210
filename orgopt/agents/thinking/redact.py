"""Secrets of the environment, and texts without them, in whatever clothes they come.

A secret is found as it is, percent-encoded, escaped as in JSON, Python or HTML, in hexadecimal digits, in base64 alone
or as a part of something longer (`Authorization: Basic …`), and broken over lines. What is encrypted or compressed is
not found.
"""

import base64
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

LEAST = 8
"""Characters of a secret: shorter values, such as `true`, are words of any text."""
_NAME = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS?)$", re.IGNORECASE)
_IN_ADDRESS = re.compile(r"^[a-z][a-z0-9+.-]*://(?:[^/@\s]*:([^@\s]+)|([^/@\s:]+))@", re.IGNORECASE)
_BREAK = r"(?:[ \t]*\\?(?:\r?\n|\\r\\n|\\n)[ \t]*)?"
"""Where a line is broken: by an end of line, one that is escaped, or a backslash before one."""
_BASE64 = "[A-Za-z0-9+/=_-]"


def secrets_of(environ: Mapping[str, str]) -> list[str]:
    """What looks like a secret in the environment: by its name, or as the password of an address."""
    named = [value for name, value in environ.items() if _NAME.search(name)]
    found = (_IN_ADDRESS.match(value) for value in environ.values())
    return [value for value in [*named, *(one[1] or one[2] for one in found if one)] if len(value) >= LEAST]


def redact(text: str, secrets: Iterable[str]) -> str:
    """A text without some secrets; what is too short to be one stays, as the key `x` that servers of one's own take."""
    for secret in sorted(set(secrets), key=len, reverse=True):  # one may be a part of another
        if len(secret) < LEAST:
            break
        text = _forms(secret).sub("***", text)
    return text


def leaks(text: str, secrets: Iterable[str]) -> bool:
    """Whether a text has one of some secrets."""
    return any(_forms(secret).search(text) for secret in secrets)


@lru_cache(maxsize=256)
def _forms(secret: str) -> re.Pattern[str]:
    """A secret in all its clothes."""
    raw = secret.encode("utf-8", "surrogateescape")
    plain = _BREAK.join(map(_letter, secret))
    digits = _BREAK.join(rf"(?:\\x|%|0x)?(?i:{byte:02x})[ :,]?" for byte in raw)
    coded = {core for shift in range(3) for core in _cores(raw, shift)}
    in_base64 = "|".join(_BREAK.join(map(re.escape, core)) for core in sorted(coded))
    return re.compile(f"{plain}|{digits}|{_BASE64}{{0,2}}(?:{in_base64}){_BASE64}{{0,3}}")


def _letter(letter: str) -> str:
    """A letter as it is, or as texts write it that may not have it."""
    raw, number = letter.encode("utf-8", "surrogateescape"), ord(letter)
    percent = "".join(rf"%(?:25)?{byte:02x}" for byte in raw)
    names = {"&": "amp", "<": "lt", ">": "gt", '"': "quot", "'": "apos"}
    named = rf"|&{names[letter]};" if letter in names else ""
    space = r"|\+" if letter == " " else ""
    escaped = rf"\\u{number:04x}|\\x{number:02x}|&\#x0*{number:x};|&\#0*{number};"
    return rf"(?:\\?{re.escape(letter)}|(?i:{percent}|{escaped}){named}{space})"


def _cores(raw: bytes, shift: int) -> Iterable[str]:
    """The part of the base64 of something that is the same whatever stands around a secret in it."""
    text = base64.b64encode(bytes(shift) + raw).decode().rstrip("=")
    first, last = (shift * 8 + 5) // 6, (shift + len(raw)) * 8 // 6
    core = text[first:last]
    return core, core.translate(str.maketrans("+/", "-_"))
