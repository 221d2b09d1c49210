"""Records of a board: what it is about, what became of each claim, and the runs that said so."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from orgopt.board.drawn_seeds import seed
from orgopt.tasks.knob import Settings

BASELINE = 0
"""Stands for the untouched script where the number of a claim is asked for; claims count from 1."""


class ClaimStatus(StrEnum):
    """What became of a claim."""

    WAITING = "waiting"
    TESTING = "testing"
    ACCEPTED = "accepted"
    NOT_SHOWN = "not shown"  # that it is better
    NOT_REPEATED = "not repeated"  # by the second verification
    NOT_HELD = "not held"  # by the held-out split
    SAME_ALWAYS = "same always"  # a script that gives the same with every seed
    TAMPERED = "tampered"
    COPY = "copy"
    LOST = "lost"  # the lab was, more often than it is tried

    @property
    def open(self) -> bool:
        """Whether it is not decided yet."""
        return self in {ClaimStatus.WAITING, ClaimStatus.TESTING}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What a board is about, fixed when it is made; all of it is public but for `root`.

    Attributes:
        id: Tells it from all others, and is published: 64 hex digits.
        name: What its page is called.
        task: The task's name.
        digest: The task's digest.
        metric, heldout: Names of the metric that claims are tested by, and of the one that the ladder looks at.
        unit: Of both.
        baseline: The metric of the untouched script, as the task says it.
        noise: The standard deviation of a run.
        by_ratio: Whether runs are compared by the ratio of their times.
        family: The chance that any claim is ever accepted that is no better.
        step: Of the ladder.
        root: The secret of its draws.
        commitment: Its hash, published from the start.
        made: When, in seconds since 1970.
    """

    id: str
    name: str
    task: str
    digest: str
    metric: str
    heldout: str
    unit: str
    baseline: float
    noise: float
    by_ratio: bool
    family: float
    step: float
    root: str
    commitment: str
    made: float

    @property
    def scale(self) -> float:
        """The standard deviation of a pair of runs, in the unit in which gains are counted."""
        return math.sqrt(2) * self.noise / (abs(self.baseline) if self.by_ratio else 1.0)

    @property
    def holds_out(self) -> bool:
        """Whether something else counts than what claims are tested by; what a script prints does both."""
        return self.metric != self.heldout


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardState:
    """How a board stands: its tests so far, the claim that is best, its steps on the ladder, and how often it changed.

    The best is `BASELINE` where no claim was accepted.
    """

    tests: int
    best: int
    steps: int
    changes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """The runs of one seed: the claim's, the best so far's, and the untouched script's where that ran as well.

    Metrics are None where a run failed or was not made. Those of the held-out split are never published.
    """

    own: float | None
    best: float | None
    base: float | None = None
    own_heldout: float | None = None
    best_heldout: float | None = None
    tampered: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRecord:
    """A claim on a board.

    Attributes:
        id: Its number, from 1, in the order of arrival.
        digest: Of its canonical text.
        key, name, note, ledger: See `orgopt.board.claims.Claim`.
        settings: The values that it turns; empty where it has a script.
        script: The rewritten script, or nothing.
        stated: The metric that its contributor states.
        received, decided: When, in seconds since 1970; None while it is open.
        status: What became of it.
        why: In words, where the status alone does not say it.
        credits: The claim that was first, of a copy.
        test: The number of its test; None where there was none.
        against: The claim that was best when its test began.
        result: What the test gave, as `orgopt.board.verification` says it.
        text, signature: The canonical text and its signature, so that anyone can check who said it.
    """

    id: int
    digest: str
    key: str
    name: str
    note: str
    ledger: str
    settings: Settings
    script: str
    stated: float
    received: float
    decided: float | None
    status: ClaimStatus
    why: str
    credits: int | None
    test: int | None
    against: int | None
    result: Mapping[str, Any]
    text: str
    signature: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A claim that a verifier has for some time, and what it needs to know.

    Attributes:
        entry: The claim.
        test: The number of its test.
        secret: That of the test.
        best: The claim that it runs beside; None is the untouched script.
        held: How many claims of its contributor held, one after the other.
        token: What shows that it is still this verifier's.
    """

    entry: ClaimRecord
    test: int
    secret: str
    best: ClaimRecord | None
    held: int
    token: str

    def seed(self, number: int) -> int:
        """The seed of a round."""
        return seed(self.secret, self.entry.digest, number)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationResult:
    """What a verification found.

    Attributes:
        status: What becomes of the claim.
        why: In words.
        result: What is published of its runs.
        climbed: How many steps of the ladder it is above the best; 0 unless it was accepted.
        holds: Whether its stated metric was what was measured, up to noise; None where it was less.
    """

    status: ClaimStatus
    why: str
    result: Mapping[str, Any]
    climbed: int = 0
    holds: bool | None
