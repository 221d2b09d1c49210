"""How a study searches, beyond which sampler: the numbers that its proposers and its dropping go by, as one value.

`SearchPlan()` is how orgopt searches where nothing is asked for. A document of a search gives another.
"""

from dataclasses import dataclass

from orgopt.org import DEFAULT_RISK

ALL_AT_ONCE = 1.0
"""The risk at which a change is none of a parent any more: everything that may change is drawn at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """A sampler that proposes beside a study's first.

    Attributes:
        sampler: Its name.
        share: Its share of what samplers propose, 0 to 1.
        risk: How far its changes go; see `SearchPlan`.
    """

    sampler: str
    share: float
    risk: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchPlan:
    """How the places of a generation are given, how far changes go, and who gets no more seeds.

    A risk, 0 to 1, says how far changes go: a candidate changes `least` parts and `more` on average, and its parent is
    the best by what is believed, or as often as `restless` says one of the next two. At 1, all is drawn at once.

    Attributes:
        risk: That of the study's first sampler.
        beside: Other samplers.
        openings: The most that organizations which are known to work have of the first generation.
        screened: The share of the later places that a model of all that was tried proposes, where a study has one.
        written: The share of these that it writes, and does not screen, where it does both.
        screen_risk: How far the changes go that are screened.
        drop_after: Seeds that every candidate gets.
        drop_margin: Standard errors below the best at which a candidate then gets no more.
    """

    risk: float = DEFAULT_RISK
    beside: tuple[Beside, ...] = ()
    openings: float = 1 / 2
    screened: float = 3 / 4
    written: float = 1 / 2
    screen_risk: float = DEFAULT_RISK
    drop_after: int = 2
    drop_margin: float = 2.0


LEAST = 2
"""Parts that a candidate changes at least, so that its diff can be read."""


def more(risk: float) -> float:
    """How many more it changes on average: 1 at the usual risk."""
    return risk * 10 / 3


def restless(risk: float) -> float:
    """How often a parent is not the best by what is believed: 1/3 at the usual risk."""
    return min(1.0, risk * 10 / 9)
