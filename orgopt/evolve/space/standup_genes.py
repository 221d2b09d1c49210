"""Genes of the stand-up: its unit, its interval in experiments or seconds, who attends and what is shared.

Each unit has an interval of its own, so that choices keep their meaning. A seed document's own values stay as they
are written while their genes are unchanged.
"""

from collections.abc import Iterator

from optuna.distributions import FloatDistribution, IntDistribution

from orgopt.evolve.space.gene import Gene, Needs, Params, choice, moved
from orgopt.org import Org, Standup

PART = "stand-up"
SHARES = ("1", "2", "3", "5", "all")
FEWEST, MOST = 2, 40  # experiments between two
SHORTEST = 1 / 20  # of the budget, between two
_USUAL_EXPERIMENTS, _USUAL_SHARE = 8, "3"  # where the seed document says nothing
_MET: Needs = (("standup/unit", ("experiments", "s")),)


def standup_genes(org: Org, budget_s: float) -> Iterator[Gene]:
    """The genes of the stand-up; who attends is one where the document names some, or has several managers."""
    old = org.standup
    unit, every = (old.unit, old.every) if old else ("off", 0.0)
    yield choice("standup/unit", PART, ("off", "experiments", "s"), unit, ())
    counted = min(MOST, max(FEWEST, round(every)))
    yield Gene(
        name="standup/experiments",
        part=PART,
        distribution=IntDistribution(FEWEST, MOST, log=True),
        origin=counted if unit == "experiments" else _USUAL_EXPERIMENTS,
        needs=(("standup/unit", ("experiments",)),),
    )
    shortest = budget_s * SHORTEST
    yield Gene(
        name="standup/seconds",
        part=PART,
        distribution=FloatDistribution(shortest, budget_s, log=True),
        origin=min(budget_s, max(shortest, every if unit == "s" else (shortest * budget_s) ** 0.5)),
        needs=(("standup/unit", ("s",)),),
    )
    share = str(old.share or "all") if old else _USUAL_SHARE
    yield choice("standup/best", PART, SHARES, share, _MET)
    attendees = ", ".join(old.attendees) if old else ""
    if attendees or _leads(org):
        choices = ["everyone", *filter(None, [_leads(org)])]
        yield choice("standup/attendees", PART, choices, attendees or "everyone", _MET)


def _leads(org: Org) -> str:
    """The roles that somebody reports to, where they are several and not all."""
    managers = {link.target for link in org.links if link.kind == "reports to"}
    found = [role.id for role in org.roles if role.id in managers]
    return ", ".join(found) if 1 < len(found) < len(org.roles) else ""


def decode_standup(old: Standup | None, params: Params, origin: Params) -> Standup | None:
    """The stand-up of some parameters."""
    unit = params["standup/unit"]
    if unit == "off":
        return None
    interval = "standup/experiments" if unit == "experiments" else "standup/seconds"
    every = float(params[interval]) if unit == "experiments" else _round(params[interval])
    share = None if params["standup/best"] == "all" else int(params["standup/best"])
    attendees = params.get("standup/attendees", "everyone")
    who = () if attendees == "everyone" else tuple(attendees.split(", "))
    if old and unit == old.unit and not moved(params, origin, interval):
        every = old.every
    return Standup(every=every, unit=unit, attendees=who, share=share)


def _round(seconds: float) -> float:
    """Two significant digits, and whole minutes where there are some: a number that a person would write."""
    seconds = float(f"{seconds:.2g}")
    return float(round(seconds / 60) * 60) if seconds >= 120 else seconds
