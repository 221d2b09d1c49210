"""What a study tells of itself while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from orgopt.document import Program
from orgopt.evolve.arena import Job
from orgopt.evolve.space import Params
from orgopt.ledger import Event
from orgopt.scoring import Score
from orgopt.study.standing import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A document of a generation.

    Attributes:
        index: Its number in the study, from 0, which is the seed document.
        generation: The batch that it belongs to, from 0.
        parent: The index of the candidate that it is a change of; None for the seed document.
        proposer: What proposed it: `seed`, a sampler, a rewriter, or a part of feedback: `screen`, `write`, `older`.
        params: Its place in the search space.
        program: The document.
        changes: What it changes of its parent, in words.
        texts: What it has of its own in words that the search space cannot hold, by place (see `orgopt.evolve.texts`).
    """

    index: int
    generation: int
    parent: int | None
    proposer: str
    params: Params
    program: Program
    changes: tuple[str, ...]
    texts: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def name(self) -> str:
        """A short name such as `g01-c05`."""
        return f"g{self.generation:02d}-c{self.index:02d}"


class Watch:
    """Told of what happens in a study; the base class does nothing."""

    def planned(self, phase: str, runs: int) -> None:
        """So many runs of a phase begin."""

    def rewritten(self, name: str, record: Mapping[str, Any]) -> None:
        """A rewriter did its part for a candidate; the record says what came of it."""

    def noted(self, line: str) -> None:
        """Something that a person should know, in a line."""

    def event(self, job: Job, event: Event) -> None:
        """A team that runs in this process did something."""

    def evaluated(self, phase: str, job: Job, score: Score) -> None:
        """A run ended and is kept."""

    def told(self, candidate: Candidate, standing: Standing, *, dropped: bool) -> None:
        """A candidate of the search has all the runs that it gets; `dropped` if it was clearly worse before."""

    def saved(self) -> None:
        """A generation or a phase is complete in the study's log."""
