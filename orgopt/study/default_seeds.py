"""What a study and a contest mean where nothing is asked for: functions, commands and agents' tools have it from here.

The seeds of a search, a race, the tests behind a claim and a contest depend on the lab. A replayed run costs next to
nothing, so that replays have enough seeds to show what differs; a real one is dear.
"""

from typing import NamedTuple

from orgopt.org import USUAL_GENERATION

GENERATIONS = 10
POPULATION = USUAL_GENERATION
"""Candidates a generation."""
CONTENDERS = 8
"""How many of the best are raced."""
SLOTS = 2
SAMPLER = "tpe"
"""Of Optuna's."""


class Defaults(NamedTuple):
    """What a study means where nothing is asked for.

    Attributes:
        search_seeds: Runs of a candidate.
        race_seeds: The most fresh seeds of each in the race, on average.
        test_seeds: Runs of the champion and of each of its controls: what claims are made of.
        controls: Which controls run. In replay without plain Optuna's GPSampler, which takes longer than all else.
    """

    search_seeds: int
    race_seeds: int
    test_seeds: int
    controls: str


_STUDY = {"replay": Defaults(5, 24, 24, "fast"), "local": Defaults(2, 4, 4, "all")}
_CONTEST = {"replay": 24, "local": 5}


def study_defaults(lab: str) -> Defaults:
    """Those of a study in a lab. What a package's lab costs is not known: it is taken to be dear."""
    return _STUDY.get(lab, _STUDY["local"])


def contest_seeds(lab: str) -> int:
    """Seeds of a contest in a lab; likewise."""
    return _CONTEST.get(lab, _CONTEST["local"])
