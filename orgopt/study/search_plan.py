"""How a study searches, beyond which sampler: the numbers that its proposers and its dropping go by, as one value.

`SearchPlan()` is how orgopt searches where nothing is asked for. A document of a search gives another.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from inspect import cleandoc

from orgopt.agent_names import (
    CROSSING_AGENT,
    OPENING_AGENT,
    REWRITING_AGENTS,
    SAMPLING_AGENTS,
    SCREENING_AGENT,
    WRITING_AGENT,
)
from orgopt.org import DEFAULT_RISK, Org, Role

ADVICE = """\
Change as little as you can: what a person reads in a minute. Keep what works of the old text. Differences within their
errors are noise: do not explain them."""
"""What a rewriter goes by where no document of a search says otherwise."""

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
        crossed: The share of what samplers would propose after the first generation that is two candidates crossed.
        cross_risk: How often the second of these is the best of some kind of organization, as `restless` says.
        drop_after: Seeds that every candidate gets.
        drop_margin: Standard errors below the best at which a candidate then gets no more.
        advice: What the rewriter `reflect` goes by, besides the rules for a change: the charter of its role.
    """

    risk: float = DEFAULT_RISK
    beside: tuple[Beside, ...] = ()
    openings: float = 1 / 2
    screened: float = 3 / 4
    written: float = 1 / 2
    screen_risk: float = DEFAULT_RISK
    crossed: float = 0.0
    cross_risk: float = DEFAULT_RISK
    drop_after: int = 2
    drop_margin: float = 2.0
    advice: str = ADVICE


LEAST = 2
"""Parts that a candidate changes at least, so that its diff can be read."""


def more(risk: float) -> float:
    """How many more it changes on average: 1 at the usual risk."""
    return risk * 10 / 3


def restless(risk: float) -> float:
    """How often a parent is not the best by what is believed: 1/3 at the usual risk."""
    return min(1.0, risk * 10 / 9)


@dataclass(frozen=True, slots=True, kw_only=True)
class Searching:
    """What a document of a search says of a study; each is a setting of that name.

    Attributes:
        search_seeds: None is what the lab usually affords.
    """

    sampler: str
    population: int
    search_seeds: int | None
    feedback: str
    rewriter: str
    rewrite_share: float
    rewriter_model: str
    plan: SearchPlan


def searching(org: Org) -> Searching:
    """The settings of a search, whose headcounts are shares of what is proposed.

    Openings share the first generation with the samplers. The rewriter has its part of every later one, and what is
    left of it samplers share with the models of what was tried and with crossing.

    Args:
        org: A search without errors.
    """
    first, *others = _at_work(org, SAMPLING_AGENTS)
    screeners, writers = _at_work(org, (SCREENING_AGENT,)), _at_work(org, (WRITING_AGENT,))
    sampled, screened, written = map(_heads, ((first, *others), screeners, writers))
    openings, rewriters = _heads(_at_work(org, (OPENING_AGENT,))), _at_work(org, REWRITING_AGENTS)
    crossers, usual = _at_work(org, (CROSSING_AGENT,)), SearchPlan()
    model, crossed = screened + written, _heads(crossers)
    plan = SearchPlan(
        risk=org.risk_of(first),
        beside=tuple(Beside(sampler=one.agent, share=one.headcount / sampled, risk=org.risk_of(one)) for one in others),
        openings=openings / (openings + sampled),
        screened=model / (model + sampled + crossed) if model else usual.screened,
        written=written / model if screened and written else usual.written,
        screen_risk=org.risk_of(screeners[0]) if screeners else usual.screen_risk,
        crossed=crossed / (crossed + sampled),
        cross_risk=org.risk_of(crossers[0]) if crossers else usual.cross_risk,
        drop_after=org.drop_after,
        drop_margin=org.drop_margin,
        advice=advice_of(rewriters[0]) if rewriters else usual.advice,
    )
    return Searching(
        sampler=first.agent,
        population=org.generation,
        search_seeds=org.rounds,
        feedback="both" if screened and written else "screen" if screened else "write" if written else "off",
        rewriter=rewriters[0].agent if rewriters else "none",
        rewrite_share=(heads := _heads(rewriters)) / (heads + sampled + model + crossed) if rewriters else 1 / 3,
        rewriter_model=rewriters[0].model if rewriters else "",
        plan=plan,
    )


def advice_of(rewriter: Role) -> str:
    """What a rewriter goes by: its charter."""
    return cleandoc(rewriter.charter).strip() or ADVICE


def _at_work(org: Org, agents: Iterable[str]) -> list[Role]:
    """The roles that have one of some agents, and a share."""
    return [role for role in org.roles if role.headcount and role.agent in agents]


def _heads(roles: Iterable[Role]) -> int:
    return sum(role.headcount for role in roles)


DEFAULT_SEARCH = Org(
    roles=(
        Role(id="sampler", name="Sampler", headcount=4, agent="tpe"),
        Role(id="librarian", name="Librarian", headcount=4, agent=OPENING_AGENT),
    ),
    proposes="documents",
)
"""What `orgs/search/default.md` says, for installations without it; a test holds the two together."""
