"""A candidate of a study: a document, its place in the search space, and where it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from orgopt.document import Program
from orgopt.evolve.space.genome import Params


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A document of a generation.

    Attributes:
        index: Its number in the study, from 0, which is the seed document.
        generation: The batch that it belongs to, from 0.
        parent: The index of the candidate that it is a change of; None for the seed document.
        proposer: What proposed it: `seed`, `opening`, a sampler, `cross`, a rewriter, or a part of feedback: `screen`,
            `write`, `older`.
        params: Its place in the search space.
        program: The document.
        changes: What it changes of its parent, in words.
        texts: What it has of its own in words that the search space cannot hold, by place (see `space.texts`).
        other: The index of the candidate that it has a part of, where two were crossed.
    """

    index: int
    generation: int
    parent: int | None
    proposer: str
    params: Params
    program: Program
    changes: tuple[str, ...]
    texts: Mapping[str, str] = field(default_factory=dict[str, str])
    other: int | None = None

    @property
    def name(self) -> str:
        """A short name such as `g01-c05`."""
        return f"g{self.generation:02d}-c{self.index:02d}"
