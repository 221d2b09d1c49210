"""Addresses of servers and databases, and texts that have some, without the passwords in them."""

import re

_USER = re.compile(r"\b([a-z][a-z0-9+.-]*://)(?:[^\s/?#@:'\"<>]*:(?!\d+/)[^\s'\"<>]*|[^\s/?#@'\"<>]+)@", re.IGNORECASE)
"""What stands before the host: a name and a password, which may have slashes where nobody encoded them, or a token."""
_FIELD = re.compile(
    r"([\w-]*(?:password|passwd|pwd|secret|token|api_?key|access_?key|credential|signature)(?:=|%3D))"
    r"(?!\*\*\*)[^&;\s'\"]+",
    re.IGNORECASE,
)


def without_passwords(text: str) -> str:
    """A text whose addresses have `***` for the user and the password, and for what fields such as `?token=` say."""
    return _FIELD.sub(r"\1***", _USER.sub(r"\1***@", text))
