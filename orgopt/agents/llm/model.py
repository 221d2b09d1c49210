"""A language model, opened by its LiteLLM name through DSPy: calls with back-off, prices, limits and records.

Needs DSPy, so that it is imported late. A call never raises for what a provider does: its failure is an answer too.
"""

import contextlib
import io
import os
import socket
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any, NamedTuple, cast

import dspy
from dspy._vendor.lm15.registry import lookup  # what keys a provider takes is public nowhere
from dspy.clients.engines.lm15_engine import LM15Engine
from dspy.lm15 import (
    LM15Error,
    Request,
    Response,
    RouterConfig,
    Timeouts,
    UnknownModelError,
    UnsupportedFeatureError,
)
from dspy.utils.exceptions import (
    LMConfigurationError,
    LMError,
    LMInvalidRequestError,
    LMRateLimitError,
    LMServerError,
    LMTimeoutError,
    LMTransportError,
)

from orgopt.agents.settings import ModelSettings, Price
from orgopt.agents.thinking.answers import Answer
from orgopt.agents.thinking.redact import redact, secrets_of
from orgopt.agents.thinking.spend import OVER_BUDGET, Amount, OverBudgetError, Spend
from orgopt.errors import UsageError

MAX_ANSWER = 200_000
"""Characters of an answer that are read; more is noise."""

_MAX_ERROR = 300
_OVERHEAD_TOKENS = 200  # of roles and separators that a provider counts
_RETRYABLE = (LMRateLimitError, LMServerError, LMTimeoutError, LMTransportError)
_PLACEHOLDER = "none"  # what a server of one's own gets for a key, which most do not look at


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
        self._takes_temperature = True
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
            self._lm = _opened(settings, environ.get(settings.key) or _PLACEHOLDER, environ)
        except (LMError, LM15Error, ValueError) as error:
            raise UsageError(f"the model '{settings.name}' cannot be opened: {self.redact(str(error))}") from None

    def redact(self, text: str) -> str:
        """A text without the keys that this process knows."""
        return redact(text, self._secrets)

    def ask(self, request: Request, spend: Spend, role: str) -> Answer:
        """Ask, and ask again as the provider says, until there is an answer or it is given up."""
        began, paused, given = self._clock(), 0.0, Answer(text="")
        for attempt in range(1, self.settings.attempts + 1):
            given, pause = self._attempt(request, spend, role)
            given = replace(given, attempts=attempt)
            if pause is None or attempt == self.settings.attempts:
                break
            pause = max(pause, 0.0) if pause >= 0 else self.settings.backoff_s * 2 ** (attempt - 1)
            if paused + pause > self.settings.patience_s:
                break
            paused += pause
            time.sleep(pause)
        return replace(given, seconds=round(self._clock() - began, 4))

    def _attempt(self, request: Request, spend: Spend, role: str) -> tuple[Answer, float | None]:
        """One attempt, and the pause before another: negative where none was named, None where none is of use."""
        request = self._fitted(request)
        inputs = _bytes(request) + _OVERHEAD_TOKENS  # a token is a byte at least
        outputs = self.settings.max_tokens
        try:
            taken = spend.reserve(role, Amount(inputs + outputs, self.price.of(inputs, outputs)))
        except OverBudgetError as error:
            return Answer(text="", failure=Failure.OVER_BUDGET, error=str(error)), None
        cost, unsure = Amount(), False
        try:
            with dspy.context(disable_history=True):
                response = cast("Any", self._lm)(request)
            used = _used(response, inputs)
            cost = Amount(sum(used), self.price.of(*used))
            text = self.redact((response.message.text or "")[:MAX_ANSWER])
            return Answer(text=text, input_tokens=used[0], output_tokens=used[1], usd=round(cost.usd, 8)), None
        except LMError as error:
            failure = _failure(error)
            if failure in {Failure.TIMEOUT, Failure.TRANSPORT} and not _unsent(error):
                # The provider may have answered and billed what never arrived.
                cost, unsure = Amount(inputs // 4, self.price.of(inputs // 4, 0)), True
            given = Answer(text="", failure=failure, error=self.redact(str(error).split("\n")[0])[:_MAX_ERROR])
            if self._takes_temperature and _about_temperature(error):
                self._takes_temperature = False
                return given, 0.0
            hint = getattr(error, "retry_after", None)
            return given, (hint if hint is not None else -1.0) if isinstance(error, _RETRYABLE) else None
        finally:
            spend.settle(taken, cost, unsure=unsure)

    def _fitted(self, request: Request) -> Request:
        config = replace(request.config, max_tokens=self.settings.max_tokens)
        if not self._takes_temperature:
            config = replace(config, temperature=None)
        return replace(request, model=self.settings.name, config=config)


class Absent(NamedTuple):
    """A model that cannot be opened, in a run whose record may have all of its answers."""

    settings: ModelSettings
    reason: str

    def ask(self, request: Request, spend: Spend, role: str) -> Answer:  # noqa: ARG002  as of a model
        """Ask what the record does not answer.

        Raises:
            UsageError: Always, with what to set.
        """
        raise UsageError(self.reason)


def _opened(settings: ModelSettings, own_key: str, environ: Mapping[str, str]) -> dspy.LM:
    """DSPy's model: it makes one attempt a call and keeps nothing.

    Raises:
        UsageError: Its key is missing.
    """
    shared: dict[str, Any] = {"cache": False, "num_retries": 0}
    try:
        native = settings.engine != "litellm"
        engine = cast("Any", LM15Engine(RouterConfig(env={})))
        resolution = engine.resolve(settings.name) if native else None
    except (UnknownModelError, UnsupportedFeatureError):
        if settings.engine == "lm15" or settings.api_base:
            raise
        resolution = None
    if resolution is None:
        import litellm  # takes seconds; only for providers that DSPy does not speak to itself

        shared["timeout"] = settings.timeout_s
        if settings.api_base:
            return dspy.LM(settings.name, engine="litellm", api_base=settings.api_base, api_key=own_key, **shared)
        check = cast("Callable[..., dict[str, Any]]", litellm.validate_environment)
        with contextlib.redirect_stdout(io.StringIO()):
            known = check(model=settings.name)
        _require(
            settings.name, known["missing_keys"], known=known["keys_in_environment"] or bool(known["missing_keys"])
        )
        return dspy.LM(settings.name, engine="litellm", **shared)
    definition, provider = lookup(resolution.provider), resolution.provider
    limits = Timeouts(read=settings.timeout_s, write=settings.timeout_s, pool=settings.timeout_s)
    if settings.api_base:
        # An address that is given comes before what OPENAI_API_BASE says.
        config = RouterConfig(api_keys={provider: own_key}, base_urls={provider: settings.api_base}, timeouts=limits)
    else:
        names = definition.access.env_keys if definition and not definition.placeholder_key else ()
        _require(settings.name, list(names[:1]) if names and not any(environ.get(name) for name in names) else [])
        key = next((environ[name] for name in names if environ.get(name)), None)
        config = RouterConfig(api_keys={provider: key} if key else None, timeouts=limits)
    # An engine object and not its name: DSPy would look for prices of each call, which takes longer than the call.
    return dspy.LM(settings.name, engine=LM15Engine(config), **shared)


def _require(name: str, missing: list[str], *, known: bool = True) -> None:
    if missing:
        raise UsageError(
            f"the model '{name}' needs a key: set {' and '.join(missing)}, or give it an address of its own in "
            f'orgopt.toml ([models."{name}"] api_base = "http://…")'
        )
    if not known:
        raise UsageError(f"the model '{name}' has no provider that is known: write provider/model, as LiteLLM names it")


def _failure(error: LMError) -> Failure:
    if isinstance(error, LMRateLimitError):
        return Failure.RATE_LIMIT
    if isinstance(error, LMTimeoutError) or _caused_by(error, TimeoutError):
        return Failure.TIMEOUT
    if isinstance(error, LMServerError):
        return Failure.SERVER
    return Failure.TRANSPORT if isinstance(error, LMTransportError) else Failure.REFUSED


def _unsent(error: LMError) -> bool:
    return _caused_by(error, ConnectionRefusedError, socket.gaierror)


def _caused_by(error: BaseException | None, *kinds: type[BaseException]) -> bool:
    while error is not None:
        if isinstance(error, kinds):
            return True
        error = error.__cause__
    return False


def _about_temperature(error: LMError) -> bool:
    return isinstance(error, LMInvalidRequestError | LMConfigurationError) and "temperature" in str(error)


def _used(response: Response, most: int) -> tuple[int, int]:
    """Tokens in and out; what a provider does not tell is estimated from above."""
    usage, text = response.usage, response.message.text or ""
    inputs = most if usage.input_tokens is None else usage.input_tokens
    outputs = len(text.encode("utf-8", "replace")) if usage.output_tokens is None else usage.output_tokens
    return inputs, outputs


def _bytes(request: Request) -> int:
    texts = [request.system if isinstance(request.system, str) else "", *(one.text or "" for one in request.messages)]
    return sum(len(text.encode("utf-8", "replace")) for text in texts)
