"""What is learned from earlier studies: where they looked and what was best there, in the parameters of this one."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from orgopt.evolve.proposers.points import coordinates, transferred
from orgopt.evolve.space.genome import Space
from orgopt.evolve.surrogate.examples import Examples
from orgopt.evolve.surrogate.gp import KnownScores, krige

SOURCES = 4
"""Studies and tasks that are looked at: those of this study's tasks first, then the newest."""
POINTS = 400
"""Candidates of all of them together; of more, evenly many are left out."""
FEWEST = 8
"""Points of the search space below which a study has too little in common with this one."""
BEST = 3
"""Of how many the study begins with."""


class Older:
    """The evidence of other studies for a search space; nothing of those that have no parameters in common with it.

    Attributes:
        names: The studies and tasks that are looked at: `STUDY on TASK`.
        known: The candidates of each, as far as they have parameters in common with this study.
        best: The points that are believed to be best there, from each source in turn.
    """

    def __init__(self, space: Space, evidence: Sequence[Examples], tasks: Collection[str]) -> None:
        able = [one for one in reversed(evidence) if one.params]
        ordered = sorted(able, key=lambda one: one.setting.task not in tasks)
        self.names: list[str] = []
        self.known: list[KnownScores] = []
        ranked: list[list[Mapping[str, Any]]] = []
        most = POINTS // max(1, min(SOURCES, len(able)))
        for one in ordered:
            rows = np.unique(np.linspace(0, len(one.orgs) - 1, min(len(one.orgs), most)).astype(int))
            params = [transferred(space, one.params[int(row)]) for row in rows]
            points = np.array([coordinates(space, point) for point in params])
            if len(np.unique(points, axis=0)) < FEWEST or len(self.known) == SOURCES:
                continue
            known = KnownScores(points, one.values[rows], one.errors[rows])
            order = np.argsort(-krige(known).estimates()[0])
            self.names.append(f"{one.source} on {one.setting.task}")
            self.known.append(known)
            ranked.append([params[at] for at in order])
        turns = (row[turn] for turn in range(BEST) for row in ranked if turn < len(row))
        distinct = {repr(sorted(point.items())): point for point in turns if point != space.origin}
        self.best = list(distinct.values())[:BEST]
