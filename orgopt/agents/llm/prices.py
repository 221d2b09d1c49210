"""Prices of language models: what the workspace gives, or LiteLLM's own table, which is read offline."""

import json
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from orgopt.agents.toml_models import LanguageSettings, ModelSettings, Price
from orgopt.errors import UsageError

_TABLE = "model_prices_and_context_window_backup.json"


def price_of(settings: LanguageSettings, model: ModelSettings) -> Price:
    """The price of a model, in dollars per million tokens.

    Raises:
        UsageError: Nobody knows it: what has no price cannot be limited.
    """
    given = settings.price(model.name)
    listed = None if given or model.api_base else _listed(model.name)  # a server of one's own has prices of its own
    if given is None and listed is None:
        raise UsageError(
            f"no price is known for the model '{model.name}': give it in orgopt.toml, in dollars per million tokens "
            f'in and out ([0, 0] where it costs nothing):\n  [prices]\n  "{model.name}" = [0, 0]'
        )
    return given or listed or Price(0.0, 0.0)


def _listed(name: str) -> Price | None:
    table = _prices()
    for key in (name, name.partition("/")[2]):
        entry = table.get(key)
        if entry and "input_cost_per_token" in entry and "output_cost_per_token" in entry:
            return Price(1e6 * entry["input_cost_per_token"], 1e6 * entry["output_cost_per_token"])
    return None


@lru_cache(maxsize=1)
def _prices() -> dict[str, dict[str, Any]]:
    """LiteLLM's table, read from its file: importing it takes seconds."""
    spec = find_spec("litellm")
    path = Path(spec.origin).parent / _TABLE if spec and spec.origin else None
    if path is None or not path.is_file():
        return {}
    found: dict[str, dict[str, Any]] = json.loads(path.read_text("utf-8"))
    return found
