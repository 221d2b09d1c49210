"""Crossing: a good document with a part of another, which is a role, the meeting or the chart.

Small changes of one parent seldom find what two of them have found apart. The other parent is good, too, or the best of
another kind of organization: what is far from the best is where its parts may help. What is proposed depends on the
study's seed, the candidate's index and what was told before.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import islice

import numpy as np

from orgopt.document import lint
from orgopt.document.reading.reader import errors
from orgopt.errors import DocumentError
from orgopt.evolve.proposers.parents import parents
from orgopt.evolve.proposers.sampler import Proposer
from orgopt.evolve.space.allowed import LINK_PARTS
from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.space.genome import Params, Space
from orgopt.evolve.space.texts import Texts
from orgopt.seeds import Stream, generator
from orgopt.study.best_of_kinds import Kind, elites, kind_of
from orgopt.study.config import StudyConfig
from orgopt.study.search_plan import restless
from orgopt.study.standing import Standing

CROSS = "cross"
"""The proposer of such a candidate."""
ATTEMPTS = 8
"""Pairs of parents that are tried: good ones are often alike, and give nothing new."""
CHART, _MEETING, _RHYTHM = "the chart", "the meeting", "the rhythm"
_PIECES = {**dict.fromkeys(LINK_PARTS, CHART), "stand-up": _MEETING, "rhythm": _RHYTHM}


class Cross:
    """The part of crossing in a study.

    Args:
        config: The study's settings, whose plan says how much is crossed.
        proposer: Who has the other part, and knows the search space.
    """

    def __init__(self, config: StudyConfig, proposer: Proposer) -> None:
        self.config, self.proposer = config, proposer
        self._pieces = pieces(proposer.space)
        self._kinds: dict[str, Kind] = {}

    def wants(self, index: int) -> bool:
        """Whether a candidate is to be crossed, if it can be; in the first generation there is nothing to cross."""
        share = self.config.plan.crossed
        if not share or index < self.config.population:
            return False
        return generator(Stream.CROSSED, self.config.seed, index).random() < share

    def propose(
        self, index: int, generation: int, known: Sequence[Candidate], told: Mapping[str, Standing]
    ) -> Candidate | None:
        """A valid document that was not tried; None where none of some pairs of parents gives one."""
        rng = generator(Stream.CROSS, self.config.seed, index)
        texts = {one.program.text for one in known}
        for _ in range(ATTEMPTS):
            first, other = self._parents(rng, known, told)
            names = self._differing(first, other)
            if not names:
                continue
            piece = names[int(rng.integers(len(names)))]
            params, own = self.crossed(first, other, piece)
            with suppress(DocumentError):  # the seed document cannot take such an edit
                program = self.proposer.made(first, params, own)
                if program.text not in texts and not any(errors(lint(program))):
                    found = self.proposer.adopt(index, generation, first, CROSS, params, own)
                    return replace(found, other=other.index)
        return None

    def crossed(self, first: Candidate, other: Candidate, piece: str) -> tuple[Params, Texts]:
        """The parameters and texts of one candidate with a piece of another; see `pieces`."""
        taken = set(self._pieces[piece])
        if not first.params.get(f"headcount/{piece}") and other.params.get(f"headcount/{piece}"):
            # Who is hired comes with the links that it had; nobody would hear of it else.
            taken |= {name for name in self._pieces.get(CHART, ()) if piece in _ends(name)}
        own = {place: text for place, text in first.texts.items() if place.partition("/")[2] != piece}
        own |= {place: text for place, text in other.texts.items() if place.partition("/")[2] == piece}
        return self._clean({**first.params, **{name: other.params[name] for name in taken}}), own

    def _clean(self, params: Params) -> Params:
        """Parameters whose idle ones are those of the seed document, so that no link to oneself is written."""
        space = self.proposer.space
        idle = {*space.free} - {*space.active(params)}
        return {name: space.origin[name] if name in idle else value for name, value in params.items()}

    def _parents(
        self, rng: np.random.Generator, known: Sequence[Candidate], told: Mapping[str, Standing]
    ) -> tuple[Candidate, Candidate]:
        """A parent as samplers have them, and another one, or as often as the risk says the best of some kind."""
        risk = self.config.plan.cross_risk
        first, other = islice(parents(rng, known, told, risk), 2)
        if rng.random() < restless(risk):
            able = [one for one in known if one.name in told]
            best = list(elites((self._kind(one), told[one.name].estimate, one) for one in able).values())
            other = best[int(rng.integers(len(best)))]
        return first, other

    def _kind(self, one: Candidate) -> Kind:
        if one.name not in self._kinds:
            self._kinds[one.name] = kind_of(self.proposer.space.organization(one.params))
        return self._kinds[one.name]

    def _differing(self, first: Candidate, other: Candidate) -> list[str]:
        """The pieces in which two candidates differ so that it matters."""
        space = self.proposer.space
        seen = {*space.active(first.params), *space.active(other.params)}
        return [
            piece
            for piece, names in self._pieces.items()
            if any(first.params[name] != other.params[name] for name in names if name in seen)
        ]


def pieces(space: Space) -> dict[str, list[str]]:
    """What can be taken over: the free parameters of each role by its id, of the meeting, and of all links.

    Of a search, which has neither of these, also its rhythm.
    """
    found: dict[str, list[str]] = {}
    for name in space.free:
        piece = _PIECES.get(space.part_of(name)) or name.partition("/")[2]
        found.setdefault(piece, []).append(name)
    return found


def _ends(name: str) -> set[str]:
    """The ids of the roles that a parameter of links is of, such as `shares/lead·scout` and `reports/scout→lead`."""
    return set(name.partition("/")[2].replace("→", "·").split("·"))
