"""What an error of DSPy's engines says: why a call failed, whether a server took it, and what it refuses.

Needs DSPy, so that it is imported late.
"""

import re
import socket

from dspy.utils.exceptions import (
    LMConfigurationError,
    LMError,
    LMInvalidRequestError,
    LMProviderError,
    LMRateLimitError,
    LMServerError,
    LMStreamAssemblyError,
    LMTimeoutError,
    LMTransportError,
)

from orgopt.agents.thinking.failures import Failure

_FAULTY = re.compile("server|overload|unavailable|internal", re.IGNORECASE)  # codes of faults that pass


def failure_of(error: LMError) -> Failure:
    """Why a call failed."""
    if isinstance(error, LMRateLimitError):
        return Failure.RATE_LIMIT
    if isinstance(error, LMTimeoutError) or _caused_by(error, TimeoutError):
        return Failure.TIMEOUT
    if isinstance(error, LMServerError):
        return Failure.SERVER
    if isinstance(error, LMTransportError | LMStreamAssemblyError):
        return Failure.TRANSPORT
    begun = isinstance(error, LMProviderError) and error.status is None
    return _of_code(str(error.provider_code or "")) if begun else Failure.REFUSED


def _of_code(code: str) -> Failure:
    """Why a call failed whose stream had begun: what a provider then says has no status, but mostly its number."""
    if code == "429":
        return Failure.RATE_LIMIT
    if code in {"408", "504"}:
        return Failure.TIMEOUT
    return Failure.SERVER if (code[:1] == "5" and len(code) == 3) or _FAULTY.search(code) else Failure.REFUSED


def unsent(error: LMError) -> bool:
    """Whether no server took the call: nothing can have been billed."""
    return _caused_by(error, ConnectionRefusedError, socket.gaierror)


def refuses(error: LMError, *words: str) -> bool:
    """Whether a request was refused for a part of it that one of some words names."""
    said = str(error).lower()
    return isinstance(error, LMInvalidRequestError | LMConfigurationError) and any(word in said for word in words)


def _caused_by(error: BaseException | None, *kinds: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kinds):
            return True
        error = error.__cause__
    return False
