"""A language model, opened by its LiteLLM name through DSPy: one attempt of a call, its price, limits and record.

Needs DSPy, so that it is imported late. A call never raises for what a provider does: its failure is an answer too.
"""

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple, cast

import dspy
from dspy.lm15 import (
    DataPart,
    FunctionTool,
    LM15Error,
    Request,
    Response,
    TextPart,
    ThinkingPart,
    ToolCallPart,
    ToolResultPart,
)
from dspy.utils.exceptions import LMError

from orgopt.agents.llm.faults import failure_of, refuses, unsent
from orgopt.agents.llm.open_model import opened
from orgopt.agents.llm.retries import CallAttempt, pause_after, until_answered
from orgopt.agents.llm.streaming import Streaming
from orgopt.agents.thinking.answers import Answer
from orgopt.agents.thinking.failures import Failure
from orgopt.agents.thinking.redact import redact, secrets_of
from orgopt.agents.thinking.spend import Account, Amount, OverBudgetError
from orgopt.agents.toml_models import ModelSettings, Price
from orgopt.errors import UsageError

MAX_ANSWER = 200_000
"""Characters of an answer that are read; more is noise."""

# DSPy's own warning of an answer that ended at its limit: orgopt says it where it matters.
logging.getLogger("dspy.clients.lm").setLevel(logging.ERROR)

_MAX_ERROR = 300
_OVERHEAD_TOKENS = 200  # of roles and separators that a provider counts
_PLACEHOLDER = "none"  # what a server of one's own gets for a key, which most do not look at


class AskError(Exception):
    """A call came to nothing; DSPy may wrap it."""


class Model:
    """A language model that can be asked.

    Args:
        settings: How it is reached.
        price: What its tokens cost.
        environ: Where its key is.
        clock: Seconds by which an agent is charged for a call.

    Raises:
        UsageError: There is no key for it, or no such provider.
    """

    def __init__(
        self,
        settings: ModelSettings,
        price: Price,
        environ: Mapping[str, str] = os.environ,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.settings, self.price, self._clock = settings, price, clock
        self._takes_temperature, self._takes_schema = True, True
        if not settings.name.rpartition("/")[2].strip():
            raise UsageError(f"'{settings.name}' is no model: write provider/model, as LiteLLM names it")
        self._secrets = [value for value in (environ.get(settings.key, ""), *secrets_of(environ)) if value]
        if settings.key and not settings.api_base:
            raise UsageError(
                f"the model '{settings.name}' has a key and no api_base: providers' own keys have fixed names"
            )
        if settings.key and not environ.get(settings.key):
            raise UsageError(f"the model '{settings.name}' has its key in {settings.key}, which is not set")
        try:
            self._lm = opened(settings, environ.get(settings.key) or _PLACEHOLDER, environ)
        except (LMError, LM15Error, ValueError) as error:
            raise UsageError(f"the model '{settings.name}' cannot be opened: {self.redact(str(error))}") from None

    @property
    def streams(self) -> bool:
        """Whether its answers are streamed, as far as is known."""
        engine = self._lm.engine
        return isinstance(engine, Streaming) and engine.streams

    def redact(self, text: str) -> str:
        """A text without the keys that this process knows."""
        return redact(text, self._secrets)

    def ask(
        self,
        request: Request,
        spend: Account,
        role: str,
        *,
        most: int | None = None,
        read: Callable[[Response], str] | None = None,
    ) -> Answer:
        """Ask, and ask again as the provider says, until there is an answer or it is given up.

        Args:
            request: What is asked; a schema in it is left out where the model takes none.
            spend: The account.
            role: Whose part of it.
            most: Tokens of the answer at most; None is what the settings say.
            read: What is kept of a response; None is its text.
        """
        began, outputs = self._clock(), most or self.settings.max_tokens
        given = until_answered(lambda: self._attempt(request, spend, role, outputs, read or _text), self.settings)
        return replace(given, seconds=round(self._clock() - began, 4))

    def _attempt(
        self, request: Request, spend: Account, role: str, outputs: int, read: Callable[[Response], str]
    ) -> CallAttempt:
        request = self._fitted(request, outputs)
        inputs = _bytes(request) + _OVERHEAD_TOKENS  # a token is a byte at least
        try:
            taken = spend.reserve(role, Amount(inputs + outputs, self.price.of(inputs, outputs)))
        except OverBudgetError as error:
            return CallAttempt(Answer(text="", failure=Failure.OVER_BUDGET, error=str(error)))
        cost, unsure = Amount(), False
        try:
            with dspy.context(disable_history=True):
                response = cast("Any", self._lm)(request)
            said = read(response)
            used = _used(response, inputs, said)
            cost = Amount(sum(used), self.price.of(*used))
            text = self.redact(said[:MAX_ANSWER])
            finish = "length" if response.finish_reason == "length" else ""
            answer = _answered(text, used, cost.usd, finish)
            return CallAttempt(replace(answer, cached_tokens=response.usage.cache_read_tokens or 0))
        except LMError as error:
            failure, never = failure_of(error), unsent(error)
            if failure in {Failure.TIMEOUT, Failure.TRANSPORT} and not never:
                # The provider may have answered and billed what never arrived.
                cost, unsure = Amount(inputs // 4, self.price.of(inputs // 4, 0)), True
            said = self.redact(str(error).split("\n")[0])[:_MAX_ERROR]
            given = Answer(text="", failure=failure, error=f"{said} ({self.settings.where})")
            if self._takes_less(request, error):
                return CallAttempt(given, 0.0)
            return CallAttempt(given, pause_after(error, failure), never)
        finally:
            spend.settle(taken, cost, unsure=unsure)

    def _takes_less(self, request: Request, error: LMError) -> bool:
        """Whether it refused a part of a request that can be left out; it is not sent that again."""
        if self._takes_temperature and refuses(error, "temperature"):
            self._takes_temperature = False
            return True
        if request.config.response_format and self._takes_schema and refuses(error, "schema", "response_format"):
            self._takes_schema = False
            return True
        return False

    def _fitted(self, request: Request, outputs: int) -> Request:
        config = replace(request.config, max_tokens=outputs)
        if not self._takes_temperature:
            config = replace(config, temperature=None)
        if not self._takes_schema:
            config = replace(config, response_format=None)
        return replace(request, model=self.settings.name, config=config)


class Absent(NamedTuple):
    """A model that cannot be opened, in a run whose record may have all of its answers."""

    settings: ModelSettings
    reason: str

    def ask(self, request: Request, spend: Account, role: str, **more: Any) -> Answer:  # noqa: ARG002  as of a model
        """Ask what the record does not answer.

        Raises:
            UsageError: Always, with what to set.
        """
        raise UsageError(self.reason)


def _answered(text: str, used: tuple[int, int], usd: float, finish: str) -> Answer:
    return Answer(text=text, input_tokens=used[0], output_tokens=used[1], usd=round(usd, 8), finish=finish)


def _text(response: Response) -> str:
    """What a model said, without what it thought before; an answer that is held to a schema comes as data."""
    said = "\n".join(part.text for part in response.message.parts if isinstance(part, TextPart))
    values = [part.value for part in response.message.parts if isinstance(part, DataPart)]
    return (
        said if said.strip() else (json.dumps(values[0], ensure_ascii=False) if values else _object_thought(response))
    )


def _object_thought(response: Response) -> str:
    """The object that a model was held to, where its server takes that for a thought; empty for none.

    vLLM and LM Studio do so where a model that thinks is held to a schema from its first token on, and says no more.
    """
    thought = "".join(part.text for part in response.message.parts if isinstance(part, ThinkingPart)).strip()
    return thought if thought[:1] == "{" and thought[-1:] == "}" else ""


def _used(response: Response, most: int, text: str) -> tuple[int, int]:
    """Tokens in and out; what a provider does not tell is estimated from above."""
    usage = response.usage
    inputs = most if usage.input_tokens is None else usage.input_tokens
    outputs = len(text.encode("utf-8", "replace")) if usage.output_tokens is None else usage.output_tokens
    return inputs, outputs


def _bytes(request: Request) -> int:
    texts = [request.system if isinstance(request.system, str) else "", *(one.text or "" for one in request.messages)]
    for tool in request.tools:
        if isinstance(tool, FunctionTool):
            texts += [tool.name, tool.description or "", json.dumps(tool.parameters)]
    for part in (part for message in request.messages for part in message.parts):
        if isinstance(part, ToolCallPart):
            texts += [part.name, json.dumps(part.input)]
        elif isinstance(part, ToolResultPart):
            texts += [one.text for one in part.content if isinstance(one, TextPart)]
    return sum(len(text.encode("utf-8", "replace")) for text in texts)
