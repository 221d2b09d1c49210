"""The ways in which programs ask a language model over HTTP: which there are, by the path of a request."""

import re

from orgopt.agents.command.relay.dialects.base import Dialect
from orgopt.agents.command.relay.dialects.chat import Chat
from orgopt.agents.command.relay.dialects.gemini import Gemini
from orgopt.agents.command.relay.dialects.messages import Messages
from orgopt.agents.command.relay.dialects.responses import Responses

_GOOGLE = r"/v1(?:alpha|beta1?)?(?:/publishers/google)?"
_PATHS: tuple[tuple[re.Pattern[str], Dialect], ...] = (
    (re.compile(r"(?:/v1)?/chat/completions"), Chat()),
    (re.compile(r"(?:/v1)?/responses"), Responses()),
    (re.compile(r"(?:/v1)?/messages(?:/count_tokens)?"), Messages()),
    (re.compile(rf"{_GOOGLE}/models/[\w.:@%-]+:(?:generateContent|streamGenerateContent|countTokens)"), Gemini()),
)


def dialect_of(path: str) -> Dialect | None:
    """The dialect that is asked at a path, without its query; None where nothing is."""
    return next((dialect for pattern, dialect in _PATHS if pattern.fullmatch(path)), None)
