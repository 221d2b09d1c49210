"""Scores: what a team achieved with its budget, as plain data. How it is measured is `orgopt.scoring.evaluation`'s."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field

from orgopt.scoring.gain_evidence import Evidence
from orgopt.storage.json_values import json_values


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What a team achieved with its budget.

    Attributes:
        research_output: (q_final + q_mean) / 2; at most `orgopt.scoring.evaluation.DISQUALIFIED` where the run is.
        q_final: Held-out improvement of the final submission.
        q_mean: Its mean over the budget.
        q_error: Standard error of q_final: the noise of the runs that verified it.
        progress: Validation progress of the final submission: how far the metric that steers the search is on the way
            from the baseline, 0, to the reference, 1. Without noise where a world knows it, else of the runs that
            verified it. None where `Task.progress` has no such way, and of scores of older versions.
        confirmed: Whether these runs put it above the baseline by more than their noise, at 95 %.
        evidence: What they say in the metric's own unit; None of the baseline, and of scores of older versions.
        heldout: Held-out metric of the final submission, mean over fresh verification seeds.
        metric: The metric that the team saw when it submitted.
        submitted: The experiment that is the final submission; 0 is the baseline.
        submission: What it changes of the baseline's knobs.
        curve: The times, in lab seconds, at which q changed, and its value from then on.
        utilisation: Busy slot-seconds / (slots × budget).
        agent_s: Agent-seconds spent thinking and meeting.
        lab: What it was measured on: the lab and the digest of its data or recording.
        experiments: How many experiments ended in each status.
        common_error: The most frequent error of those that failed; empty when none did.
        spent_slot_s: Busy slot-seconds.
        tokens: Tokens that language agents used.
        usd: What they cost, at the prices of the run.
        failed_thoughts: How many of their thoughts came to nothing, by the reason.
        common_thought_error: What was most often wrong with those; empty when nothing was.
        disqualified: Why the organization's result counts for nothing; empty when it counts.
    """

    research_output: float
    q_final: float
    q_mean: float
    q_error: float
    heldout: float
    metric: float
    submission: Mapping[str, Any]
    curve: tuple[tuple[float, float], ...]
    utilisation: float
    spent_slot_s: float
    agent_s: float
    lab: Mapping[str, str]
    experiments: Mapping[str, int]
    common_error: str
    meetings: int
    messages: int
    progress: Annotated[float | None, Field(exclude_if=lambda value: value is None)] = None
    submitted: int = 0
    confirmed: bool = False
    evidence: Annotated[Evidence | None, Field(exclude_if=lambda value: value is None)] = None  # as of 0.1.0
    disqualified: str = ""
    tokens: int = 0
    usd: float = 0.0
    failed_thoughts: Mapping[str, int] = field(default_factory=dict[str, int])
    common_thought_error: Annotated[str, Field(exclude_if=lambda value: not value)] = ""

    def __repr__(self) -> str:
        confirmed = "confirmed" if self.confirmed else "not confirmed"
        state = f"disqualified: {self.disqualified}" if self.disqualified else confirmed
        return f"Score(research_output={self.research_output:.4f}, heldout={self.heldout:.4g}, {state})"

    def to_dict(self) -> dict[str, Any]:
        """The score as JSON values."""
        return json_values(self)
