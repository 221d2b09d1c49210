"""Why a thought of a language model came to nothing, and which of these reasons lie with the model's server."""

from enum import StrEnum

from orgopt.agents.thinking.spend import OVER_BUDGET


class Failure(StrEnum):
    """Why a thought came to nothing."""

    RATE_LIMIT = "rate_limit"
    SERVER = "server"
    TIMEOUT = "timeout"
    TRANSPORT = "transport"  # the answer was cut, or there was no connection
    REFUSED = "refused"  # a wrong key or model, or a request that the provider does not take
    OVER_BUDGET = OVER_BUDGET
    INVALID = "invalid"  # an answer that could not be used, nor its repair

    @property
    def lasting(self) -> bool:
        """Whether asking again is of no use."""
        return self in {Failure.REFUSED, Failure.OVER_BUDGET}


UNFINISHED = "unfinished"
"""The failure of a thought that the end of the budget cut."""
UNANSWERED = frozenset({Failure.RATE_LIMIT, Failure.SERVER, Failure.TIMEOUT, Failure.TRANSPORT, Failure.REFUSED})
"""Failures that say nothing of an organization: nobody answered."""
