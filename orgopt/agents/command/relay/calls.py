"""The relay of a call of a command, opened and closed: what its sandbox is given of it, and what it was used for.

Needs DSPy, so that it is imported late.
"""

import contextlib
import socket
from typing import Self

from orgopt.agents.command.relay.relay import Relay, Used
from orgopt.agents.command.relay.server import Served
from orgopt.agents.command.relay.variables import VARIABLES
from orgopt.agents.llm.model import Absent, Model
from orgopt.agents.thinking.answers import Answers
from orgopt.agents.thinking.spend import Account
from orgopt.lab.sandbox.command.line import Line


class Relayed:
    """The relay of one call; a context manager.

    Args:
        model: Who is asked.
        answers: The record of the run.
        account: What is paid from.
        role: Whose part of it.
        thought: What tells the thought that the command works on from all others.
    """

    def __init__(self, model: Model | Absent, answers: Answers, account: Account, *, role: str, thought: str) -> None:
        self._relay = Relay(model, model.settings.max_tokens, answers, account, role=role, thought=thought)
        self._served = contextlib.ExitStack()
        self.line = Line(serve=self._serve, key=self._relay.token, env=VARIABLES)

    @property
    def used(self) -> Used:
        """What was asked, and what it took."""
        return self._relay.used

    @property
    def failed(self) -> list[str]:
        """Why the last question had no answer, as one of `Failure` and in words; empty where it had one."""
        return [self._relay.failure, self._relay.error] if self._relay.failure else []

    @property
    def cut(self) -> int:
        """The tokens of the last answer where it ended at its limit; 0 where it did not."""
        return self._relay.cut

    def _serve(self, listener: socket.socket) -> None:
        self._served.enter_context(Served(listener, self._relay))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self._served.close()
