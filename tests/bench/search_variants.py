"""Ways to propose candidates that were tried and are in no release: crossing two parents, and parents of each kind.

Each wraps a method of `Proposer`; `search_regret` puts it in its place.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any

import numpy as np

from orgopt.document import lint
from orgopt.document.reading.reader import errors
from orgopt.errors import DocumentError
from orgopt.evolve.proposers.sampler import Proposer
from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.space.genome import Params, Space
from orgopt.study.standing import Standing

ATTEMPTS, OTHERS = 5, 4  # tries to find a cross that is new, and from how many parents each draws the second

Propose = Callable[[Proposer, int, int, Sequence[Candidate], Mapping[str, Standing]], Candidate]
Parents = Callable[
    [Proposer, np.random.Generator, Sequence[Candidate], Mapping[str, Standing], float],
    Iterator[Candidate],
]


def pieces(space: Space) -> dict[str, list[str]]:
    """What can be taken over: the free parameters of each role, of the meeting, and of each kind of link, by name."""
    found: dict[str, list[str]] = {}
    roles = {role.id for role in space.roles}
    for name in space.free:
        kind, _, of = name.partition("/")
        found.setdefault(f"role {of}" if of in roles and kind != "shares" else kind, []).append(name)
    return found


def crossed(
    rng: np.random.Generator, space: Space, first: Params, others: Sequence[Params]
) -> Mapping[str, Any] | None:
    """A point with one part of another point, drawn among the parts in which they differ; None where none does."""
    for at in rng.permutation(len(others)):
        other = others[int(at)]
        seen = {*space.active(first), *space.active(other)}
        differing = [
            names for names in pieces(space).values() if any(first[name] != other[name] for name in {*names} & seen)
        ]
        if differing:
            names = differing[int(rng.integers(len(differing)))]
            return {**first, **{name: other[name] for name in names}}
    return None


def crossing(propose: Propose, share: float) -> Propose:
    """A share of the candidates after the first generation are one parent with a part of another."""

    def proposed(
        self: Proposer, index: int, generation: int, known: Sequence[Candidate], told: Mapping[str, Standing]
    ) -> Candidate:
        rng = np.random.default_rng([self.config.seed, index, 77])
        texts, parents = {one.program.text for one in known}, self.parents(rng, known, told, self.arms[0].risk)
        for _ in range(ATTEMPTS if generation and rng.random() < share else 0):
            first, *others = islice(parents, 1 + OTHERS)
            params = crossed(rng, self.space, first.params, [one.params for one in others])
            if params is None:
                continue
            with suppress(DocumentError):
                program = self.made(first, params)
                if program.text not in texts and not any(errors(lint(program))):
                    return self.adopt(index, generation, first, "cross", params, first.texts)
        return propose(self, index, generation, known, told)

    return proposed


def kind(one: Candidate, space: Space) -> tuple[int, tuple[str, ...]]:
    """What kind of organization a candidate is: how large (1, 2, 3 to 4, 5 to 8 …), and which agents it has."""
    org = space.organization(one.params)
    return int(np.ceil(np.log2(max(1, org.headcount)))), tuple(sorted({r.agent for r in org.roles if r.headcount}))


def by_kind(parents: Parents, share: float) -> Parents:
    """Parents of whom a share are the best of a kind that is drawn evenly.

    The archive of Mouret and Clune (2015, arXiv:1504.04909 "Illuminating search spaces by mapping elites").
    """

    def drawn(
        self: Proposer,
        rng: np.random.Generator,
        known: Sequence[Candidate],
        told: Mapping[str, Standing],
        risk: float,
    ) -> Iterator[Candidate]:
        others = parents(self, rng, known, told, risk)
        best: dict[object, Candidate] = {}
        for one in sorted((one for one in known if one.name in told), key=lambda one: told[one.name].estimate):
            best[kind(one, self.space)] = one
        while True:
            lucky = best and rng.random() < share
            yield list(best.values())[int(rng.integers(len(best)))] if lucky else next(others)

    return drawn
