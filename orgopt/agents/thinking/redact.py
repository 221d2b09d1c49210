"""Secrets of the environment, and texts without them."""

from collections.abc import Iterable, Mapping

LEAST = 8
"""Characters of a secret: shorter values, such as `true`, are words of any text."""


def secrets_of(environ: Mapping[str, str]) -> list[str]:
    """What looks like a secret in the environment."""
    names = [name for name in environ if name.endswith(("_KEY", "_TOKEN", "_SECRET", "_PASSWORD"))]
    return [environ[name] for name in names if len(environ[name]) >= LEAST]


def redact(text: str, secrets: Iterable[str]) -> str:
    """A text without some secrets."""
    for secret in sorted(secrets, key=len, reverse=True):  # one may be a part of another
        text = text.replace(secret, "***")
    return text
