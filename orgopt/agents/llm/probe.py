"""Whether a model answers, and whether its server holds answers to a JSON schema: asked before anything is spent.

Needs DSPy, so that it is imported late.
"""

import json
from typing import NamedTuple

from dspy.lm15 import Config, Message, Request

from orgopt.agents.llm.model import Model
from orgopt.agents.thinking.answers import Answer
from orgopt.agents.thinking.failures import Failure
from orgopt.agents.thinking.spend import Spend

ACCOUNT = "first questions"
"""What their cost stands under in the book."""
HELLO = "Say hello."
_WORD = "orgopt-7"  # what no model says to that unless it is held to it
_SHARE = (0.731, 0.7319)  # likewise; llama.cpp holds whole numbers to a range, and no others
_SCHEMA = {
    "type": "object",
    # A number with a range stands for what answers are held to besides: a server that takes no ranges refuses it here.
    "properties": {
        "word": {"enum": [_WORD]},
        "count": {"type": "integer", "minimum": 1, "maximum": 3},
        "share": {"type": "number", "minimum": _SHARE[0], "maximum": _SHARE[1]},
    },
    "required": ["word", "share"],
    "additionalProperties": False,
}
_LEAST_TOKENS = 16  # of an answer, where a provider refuses to be asked for one


class Held(NamedTuple):
    """What a model's server holds answers to: a JSON schema, and the ranges of numbers in it."""

    schema: bool
    ranges: bool = True


def problem(model: Model, spend: Spend) -> str:
    """Why a model that is asked for one token does not answer; empty where it does, or where a limit forbids it."""
    answer = _ask(model, spend, 1)
    if answer.failure == Failure.REFUSED and "token" in answer.error.lower():
        answer = _ask(model, spend, _LEAST_TOKENS)
    return "" if answer.failure in {"", Failure.OVER_BUDGET} else f"{answer.failure}: {answer.error}"


def held(model: Model, spend: Spend) -> Held:
    """Whether a model's server holds an answer to a schema: many take one and do not look at it, or at a part of it."""
    answer = _ask(model, spend, None, {"type": "json_schema", "name": "hello", "schema": _SCHEMA})
    try:
        said = json.loads(answer.text)
        low, high = _SHARE
        return Held(said["word"] == _WORD, low <= said["share"] <= high)
    except (ValueError, TypeError, KeyError, RecursionError):
        return Held(schema=False)


def _ask(model: Model, spend: Spend, most: int | None, form: dict[str, object] | None = None) -> Answer:
    config = Config(temperature=0.0, response_format=form)  # pyright: ignore[reportArgumentType]  JSON values
    request = Request(model=model.settings.name, messages=(Message.user(HELLO),), config=config)
    return model.ask(request, spend, ACCOUNT, most=most)
