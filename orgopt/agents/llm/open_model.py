"""DSPy's model for the settings of one: which engine speaks to it, with which key and at which address.

Needs DSPy, so that it is imported late.
"""

import contextlib
import io
from collections.abc import Callable, Mapping
from typing import Any, cast

import dspy
from dspy._vendor.lm15.registry import lookup  # what keys a provider takes is public nowhere
from dspy.clients.engines.lm15_engine import LM15Engine
from dspy.lm15 import RouterConfig, UnknownModelError, UnsupportedFeatureError

from orgopt.agents.llm.streaming import Streaming, Transport
from orgopt.agents.toml_models import ModelSettings
from orgopt.errors import UsageError


def opened(settings: ModelSettings, own_key: str, environ: Mapping[str, str]) -> dspy.LM:
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
    limit_s = settings.timeout_s
    transport = Transport(read_timeout=limit_s, write_timeout=limit_s, pool_timeout=limit_s)
    if settings.api_base:
        # An address that is given comes before what OPENAI_API_BASE says.
        config = RouterConfig(
            api_keys={provider: own_key}, base_urls={provider: settings.api_base}, transport=transport
        )
    else:
        names = definition.access.env_keys if definition and not definition.placeholder_key else ()
        _require(settings.name, list(names[:1]) if names and not any(environ.get(name) for name in names) else [])
        key = next((environ[name] for name in names if environ.get(name)), None)
        config = RouterConfig(api_keys={provider: key} if key else None, transport=transport)
    # An engine object and not its name: DSPy would look for prices of each call, which takes longer than the call.
    engine = Streaming(LM15Engine(config), streams=settings.stream is not False)
    return dspy.LM(settings.name, engine=engine, **shared)


def _require(name: str, missing: list[str], *, known: bool = True) -> None:
    if missing:
        raise UsageError(
            f"the model '{name}' needs a key: set {' and '.join(missing)}, or give it an address of its own in "
            f'orgopt.toml ([models."{name}"] api_base = "http://…")'
        )
    if not known:
        raise UsageError(f"the model '{name}' has no provider that is known: write provider/model, as LiteLLM names it")
