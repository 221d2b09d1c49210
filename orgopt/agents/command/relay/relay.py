"""The relay of one call of a command: who may ask, what is asked of the model, what that costs, and what is kept of it.

Needs DSPy, so that it is imported late. How it is spoken to is `server`, and in which words `dialects`.
"""

import json
import re
import secrets
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, NamedTuple, Protocol

from dspy.lm15 import Request, Response

from orgopt.agents.command.relay.calls_in_text import with_calls
from orgopt.agents.command.relay.dialects.base import Asked, RefusedCallError, Reply, kept, reply_of
from orgopt.agents.thinking.answers import Answer, Answers, key_of
from orgopt.agents.thinking.failures import Failure
from orgopt.agents.thinking.spend import Account
from orgopt.errors import OrgoptError

_PLACES = re.compile(r"orgopt-command-\w+")  # folders that have another name each time
_STATUS = {
    Failure.RATE_LIMIT: 429,
    Failure.SERVER: 502,
    Failure.TIMEOUT: 504,
    Failure.TRANSPORT: 502,
    Failure.REFUSED: 400,
    Failure.OVER_BUDGET: 400,  # a program asks again after most others
}
_END_LIMIT_S = 5.0


class Asks(Protocol):
    """A model that can be asked."""

    def ask(
        self, request: Request, spend: Account, role: str, *, most: int | None, read: Callable[[Response], str]
    ) -> Answer:
        """As of `agents.llm.model.Model`."""
        ...


class Used(NamedTuple):
    """What a call of a command asked for and got."""

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0

    def to_dict(self) -> dict[str, Any]:
        """It as JSON values."""
        return {**self._asdict(), "usd": round(self.usd, 8)}


class Relay:
    """Asks a model what a command asks, and counts it.

    Args:
        model: Who is asked.
        most: Tokens of an answer at most.
        answers: The record of the run, from which an answer is taken where it has one.
        spend: The account.
        role: Whose part of it.
        thought: What tells the thought that the command works on from all others.
    """

    def __init__(self, model: Asks, most: int, answers: Answers, spend: Account, *, role: str, thought: str) -> None:
        self.token = f"orgopt-{secrets.token_hex(16)}"
        self.used, self.failure, self.error, self.cut = Used(), "", "", 0
        self._model, self._most, self._answers, self._spend = model, most, answers, spend
        self._role, self._thought = role, thought
        self._idle, self._open, self._number, self._closed = threading.Condition(), 0, 0, False

    def allows(self, key: str) -> bool:
        """Whether somebody who shows a key is the command."""
        return secrets.compare_digest(key.encode("utf-8", "replace"), self.token.encode())

    def ask(self, asked: Asked) -> Reply:
        """What the model answers, or once answered.

        Raises:
            RefusedCallError: There is no answer; says why.
        """
        with self._idle:
            if self._closed:
                raise RefusedCallError(503, "the command has ended")
            self._open += 1
            self._number += 1
            number = self._number
        try:
            return self._asked(asked.request, number)
        except RefusedCallError:
            raise
        except OrgoptError as error:  # no key, no space: the command is told, and the thought says it
            with self._idle:
                self.failure, self.error = Failure.REFUSED, str(error)
            raise RefusedCallError(502, str(error)) from None
        finally:
            with self._idle:
                self._open -= 1
                self._idle.notify_all()

    def close(self) -> None:
        """Take no more questions; what is being asked has a moment to end, so that it is counted."""
        with self._idle:
            self._closed = True
            self._idle.wait_for(lambda: not self._open, _END_LIMIT_S)

    def _asked(self, request: Request, number: int) -> Reply:
        key = key_of(f"relay/{self._thought}", self._role, _canonical(request))
        answer = self._answers.take(key)
        if answer is None:
            most = min(request.config.max_tokens or self._most, self._most)
            answer = self._model.ask(request, self._spend, self._role, most=most, read=kept)
            if not answer.failure:
                self._answers.put(key, answer)
        with self._idle:
            self.failure, self.error = answer.failure, answer.error
            self.cut = answer.output_tokens if answer.finish == "length" else 0
            done, usd = self.used, answer.usd
            tokens = done.input_tokens + answer.input_tokens, done.output_tokens + answer.output_tokens
            self.used = Used(done.calls + 1, *tokens, done.usd + usd)
        if answer.failure:
            raise RefusedCallError(_STATUS.get(Failure(answer.failure), 502), f"{answer.failure}: {answer.error}")
        finish = "length" if answer.finish == "length" else "stop"
        used = {"input_tokens": answer.input_tokens, "output_tokens": answer.output_tokens}
        try:
            return with_calls(reply_of(answer.text, id=number, finish=finish, **used), request)
        except ValueError:
            raise RefusedCallError(502, "the answer is too long") from None


def _canonical(request: Request) -> Mapping[str, Any]:
    """A question as it is told from others, whatever the folder is called that the command works in."""
    return json.loads(_PLACES.sub("orgopt-command", json.dumps(asdict(request), ensure_ascii=False)))
