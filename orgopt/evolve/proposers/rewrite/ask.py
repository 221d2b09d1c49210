"""How rewriters ask a language model: on the study's own account, with answers kept by what was asked.

Needs DSPy, so that it is imported late.
"""

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dspy
from dspy.utils.exceptions import LMError

from orgopt.agents.llm.adapter import Adapter
from orgopt.agents.llm.engine import Engine, speaker
from orgopt.agents.llm.model import Absent, AskError, Failure, Model
from orgopt.agents.llm.prices import price_of
from orgopt.agents.thinking.answers import Answer, Answers
from orgopt.agents.thinking.spend import OverBudgetError, Spend
from orgopt.agents.toml_models import LanguageSettings, read_settings
from orgopt.errors import OrgoptError, UsageError

ROLE = "rewriter"
"""Whose account it is in the study's book."""
TEMPERATURE = 0.8
"""Proposals are to differ: several are asked for from the same evidence."""


class NoAnswerError(Exception):
    """The model did not answer; says why."""


class Asker:
    """A language model that rewriters ask.

    Args:
        name: The model; empty is the default one.
        language: How models are reached, and what may be spent; None is what the environment says.
        answers: Where answers are kept.
        account: The book of what the study costs.

    Raises:
        UsageError: No model is named, or it has no price. One that cannot be opened is refused when it is asked what
            the record does not answer.
    """

    def __init__(self, name: str, language: LanguageSettings | None, *, answers: Path, account: Path) -> None:
        found = language or read_settings({})
        settings = found.model(name)
        price = price_of(found, settings)
        try:
            self.model: Model | Absent = Model(settings, price)
        except UsageError as error:
            if not answers.exists():
                raise
            self.model = Absent(settings, str(error))
        # A call that the money did not suffice for is made again once there is more.
        self._answers = Answers(answers, forget={Failure.OVER_BUDGET})
        self._spend = Spend(account, max_usd=found.max_usd, max_tokens=found.max_tokens)

    def engine(self, name: str) -> Engine:
        """The way to the model for one candidate, by name."""
        return Engine(self.model, self._answers, self._spend, asker=f"{ROLE}/{name}", role=ROLE)

    def close(self) -> None:
        """Close the record of answers."""
        self._answers.close()


@contextmanager
def asking(engine: Engine, adapter: dspy.Adapter | None = None) -> Generator[dspy.LM]:
    """DSPy's settings for programs that ask through an engine.

    Raises:
        OverBudgetError: The study's money does not suffice.
        NoAnswerError: The model did not answer.
        UsageError: It cannot be opened, and the record has no answer.
    """
    lm = speaker(engine, TEMPERATURE)
    try:
        with dspy.context(lm=lm, adapter=adapter or Adapter(), disable_history=True):
            yield lm
    except (LMError, AskError) as error:
        raise_cause(error, engine)


def raise_cause(error: BaseException | None, engine: Engine) -> None:
    """Raise what is behind an error of DSPy, as an error of ours.

    Raises:
        OverBudgetError, NoAnswerError, OrgoptError: See `asking`.
    """
    last = engine.asked[-1] if engine.asked else None
    if last is not None and last.failure == Failure.OVER_BUDGET:
        raise OverBudgetError(f"the rewriter could not ask within {last.error}") from None
    cause = error
    while cause is not None:
        if isinstance(cause, OrgoptError):
            raise cause from None
        cause = cause.__cause__
    if last is not None and last.failure:
        raise NoAnswerError(f"the model did not answer: {last.failure}: {last.error}") from None
    raise NoAnswerError(f"the model did not answer: {str(error)[:200]}") from None


def cost(asked: Sequence[Answer]) -> Mapping[str, Any]:
    """What some answers cost: calls, tokens and dollars."""
    return {
        "calls": len(asked),
        "tokens": sum(one.input_tokens + one.output_tokens for one in asked),
        "usd": sum(one.usd for one in asked),
    }
