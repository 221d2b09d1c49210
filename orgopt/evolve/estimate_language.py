"""What a study's language agents would cost, before any is asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from orgopt.agents.digest import MAX_INBOX, MAX_KNOWN
from orgopt.agents.settings import Price
from orgopt.evolve.estimate import Span
from orgopt.org import LANGUAGE_AGENT, Org, Standup

Record = dict[str, Any]

SLOW_CALL_S = 30.0
"""Seconds of a call at most, where none was timed: agents that think so long make the fewest."""
REPAIRED = 2.0
"""Calls of a thought at most: an answer that cannot be used is repaired once."""
QUESTION = Span(600, 1_000 + (MAX_KNOWN + MAX_INBOX) / 4)
"""Tokens of a question without script and document, at four characters a token."""
ANSWER = Span(50, 500)


@dataclass(frozen=True, slots=True, kw_only=True)
class LanguageEstimate:
    """What language agents would cost.

    Attributes:
        calls: Calls of models in all.
        input_tokens, output_tokens: Their tokens in all.
        usd: Dollars at the prices of the models.
        basis: What that is taken from.
    """

    calls: Span
    input_tokens: Span
    output_tokens: Span
    usd: Span
    basis: str


def estimate_language(
    org: Org,
    prices: Mapping[str, Price],
    *,
    runs: Span,
    experiments: float,
    budget_s: float,
    characters: int,
    earlier: Iterable[Record],
) -> LanguageEstimate:
    """What a study's language agents would cost.

    Args:
        org: The seed document's organization, which stands for all candidates.
        prices: Dollars per million tokens, by role.
        runs: Runs of the study.
        experiments: Experiments a run, about.
        budget_s: Lab seconds a run.
        characters: Of a script that goes with each question, and of the document.
        earlier: Scores of runs under the same terms; those with tokens count instead of guesses at dollars.
    """
    speakers = [role for role in org.roles if role.headcount and role.agent == LANGUAGE_AGENT]
    agents = sum(role.headcount for role in speakers)
    share = agents / org.headcount
    ids = {role.id for role in speakers}
    meetings = _meetings(org.standup, experiments, budget_s) * agents
    reviews = experiments if any(link.kind == "reviews" and link.source in ids for link in org.links) else 0.0
    few = min(experiments * share, agents * budget_s / SLOW_CALL_S)
    calls = Span(runs.low * few, runs.high * REPAIRED * (experiments + meetings + reviews))
    question = Span(QUESTION.low + characters / 4, QUESTION.high + characters / 4)
    inputs = Span(calls.low * question.low, calls.high * question.high)
    outputs = Span(calls.low * ANSWER.low, calls.high * ANSWER.high)
    cheap = min((prices[role.id] for role in speakers), key=lambda price: price.of(10, 1))
    dear = max((prices[role.id] for role in speakers), key=lambda price: price.of(10, 1))
    usd = Span(cheap.of(int(inputs.low), int(outputs.low)), dear.of(int(inputs.high), int(outputs.high)))
    basis = "the least and the most that experiments and stand-ups can ask for"
    if costs := [score["usd"] for score in earlier if score.get("tokens")]:
        usd, basis = runs.times(sum(costs) / len(costs)), f"{len(costs)} earlier runs under the same terms, the dollars"
    return LanguageEstimate(calls=calls, input_tokens=inputs, output_tokens=outputs, usd=usd, basis=basis)


def _meetings(standup: Standup | None, experiments: float, budget_s: float) -> float:
    """Stand-ups of a run, about."""
    if standup is None:
        return 0.0
    return (experiments if standup.unit == "experiments" else budget_s) / standup.every
