"""When a language model is asked again: after which failures, how often and after which pauses.

Needs DSPy, so that it is imported late. The numbers are the user's, of `[models]` in orgopt.toml. What a failure is
called is `faults`'.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from dspy.utils.exceptions import LMError

from orgopt.agents.thinking.answers import Answer
from orgopt.agents.thinking.failures import Failure
from orgopt.agents.toml_models import ModelSettings

_PASSING = frozenset({Failure.RATE_LIMIT, Failure.SERVER, Failure.TIMEOUT, Failure.TRANSPORT})
_UNSENT_ATTEMPTS = 2
"""How often a call is tried that no server took: one that is down does not come back within a minute's pauses."""
_AS_SET = -1.0


class CallAttempt(NamedTuple):
    """One attempt of a call.

    Attributes:
        answer: What came of it.
        pause: Seconds before another; negative where the provider names none, None where another is of no use.
        unsent: Whether no server took it.
    """

    answer: Answer
    pause: float | None = None
    unsent: bool = False


def pause_after(error: LMError, failure: Failure) -> float | None:
    """The pause before another attempt, as `CallAttempt` has it."""
    hint = getattr(error, "retry_after", None)
    return (hint if hint is not None else _AS_SET) if failure in _PASSING else None


def until_answered(attempted: Callable[[], CallAttempt], settings: ModelSettings) -> Answer:
    """CallAttempt as the provider says, until there is an answer or it is given up; the answer of the last attempt."""
    given, paused = Answer(text=""), 0.0
    attempts, attempt = settings.attempts, 0
    while attempt < attempts:
        attempt += 1
        answer, pause, unsent = attempted()
        given = replace(answer, attempts=attempt)
        attempts = min(attempts, _UNSENT_ATTEMPTS) if unsent else attempts
        if pause is None or attempt >= attempts:
            break
        pause = max(pause, 0.0) if pause >= 0 else settings.backoff_s * 2 ** (attempt - 1)
        # A provider that asks for an hour is not waited for: the agent can think of something else by then.
        if paused + pause > settings.patience_s:
            break
        paused += pause
        time.sleep(pause)
    return given
