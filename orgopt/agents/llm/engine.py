"""DSPy's way to a model: what was answered is taken from the record, and what is answered is kept there.

Asking, and asking again where that fails, is `model`.
"""

from dataclasses import replace
from typing import Any, Protocol

import dspy
from dspy.lm15 import Message, Request, Response, Usage

from orgopt.agents.llm.model import Absent, AskError, Model
from orgopt.agents.thinking.answers import Answer, Answers, key_of
from orgopt.agents.thinking.spend import Spend
from orgopt.errors import StoreError


class Engine:
    """DSPy's way to a model for one asker: answers come from the record first, and all are kept.

    Args:
        model: Who answers.
        answers: The record.
        spend: The book of what calls cost.
        asker: Who asks for what, which tells alike questions of different agents apart.
        role: Whose account it is.

    Attributes:
        asked: The answers so far.
        recorded_only: Whether only recorded answers will do.
        schema: The JSON schema that answers are held to; None for none.
    """

    def __init__(self, model: Model | Absent, answers: Answers, spend: Spend, *, asker: str, role: str) -> None:
        self.model, self.answers, self.spend = model, answers, spend
        self.asker, self.role = asker, role
        self.asked: list[Answer] = []
        self.recorded_only = False
        self.schema: dict[str, Any] | None = None

    def complete(self, request: Request) -> Response:
        """The next answer; DSPy calls this.

        Raises:
            AskError: There is none; the last of `asked` says why.
        """
        if self.schema is not None:
            form: dict[str, Any] = {"type": "json_schema", "name": "answer", "schema": self.schema}
            request = replace(request, config=replace(request.config, response_format=form))
        key = key_of(self.asker, self.model.settings.name, _plain(request))
        answer = self.answers.take(key)
        if answer is None:
            if self.recorded_only:
                raise StoreError(
                    f"answers.jsonl lacks an answer to {self.asker} that the ledger tells of: it was changed, or "
                    "written by a version of orgopt that asks otherwise; it can be read, and not be gone on with"
                )
            answer = self.model.ask(request, self.spend, self.role)
            self.answers.put(key, answer)
        self.asked.append(answer)
        if answer.failure:
            raise AskError(answer.failure)
        usage = Usage(input_tokens=answer.input_tokens, output_tokens=answer.output_tokens)
        message = Message.assistant(answer.text or " ")
        finish = "length" if answer.finish == "length" else "stop"
        return Response(id=None, model=request.model, message=message, finish_reason=finish, usage=usage)


class Answering(Protocol):
    """What gives answers to DSPy."""

    def complete(self, request: Request) -> Response:
        """The next answer."""
        ...


def speaker(engine: Answering, temperature: float | None) -> dspy.LM:
    """An engine as DSPy's programs want it."""
    # Its name is not the model's, whose own rules for temperatures DSPy would apply.
    return dspy.LM("orgopt/agent", engine=engine, cache=False, num_retries=0, temperature=temperature)


def _plain(request: Request) -> dict[str, Any]:
    system = request.system if isinstance(request.system, str) or request.system is None else str(request.system)
    messages = [[message.role, message.text] for message in request.messages]
    asked = {"system": system, "messages": messages, "temperature": request.config.temperature}
    form = request.config.response_format  # without one a question has the digest that it had in older versions
    return {**asked, "schema": form} if form else asked
