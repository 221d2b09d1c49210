"""The Rewriter protocol: who proposes a part of a study's candidates beside the sampler."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.space.genome import Space
from orgopt.evolve.space.model_changes import Change, Point
from orgopt.evolve.trials.runs import Runs
from orgopt.study.config import StudyConfig
from orgopt.study.records.result import Importance
from orgopt.study.standing import Standing

if TYPE_CHECKING:
    from orgopt.evolve.proposers.rewrite.ask import Asker  # needs DSPy, which takes most of a second


PROPOSED = "proposed"
"""The outcome of a rewrite that gave a candidate."""
TRIED = "this document was tried already"
"""Why a candidate is refused that the study has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What a rewriter works with: the study that it is made for.

    Attributes:
        config: Its settings.
        space: Where candidates lie.
        runs: Its runs; their ledgers can be read.
        tasks: The tasks that are searched.
        asker: Opens the rewriter's language model, which is on the study's account. A rewriter that asks one has to
            close it; a UsageError is raised where no model is named or it has no price.
    """

    config: StudyConfig
    space: Space
    runs: Runs
    tasks: Sequence[str]
    asker: Callable[[], "Asker"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What a rewriter works from.

    Attributes:
        name: Of the candidate that is wanted.
        index: Its number in the study.
        generation: Its generation.
        parent: The candidate that it is to be a change of.
        known: All candidates so far.
        told: What is known of them, by name.
        importances: What each part of a document went with so far.
    """

    name: str
    index: int
    generation: int
    parent: Candidate
    known: Sequence[Candidate]
    told: Mapping[str, Standing]
    importances: Sequence[Importance] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """What came of rewriting.

    Attributes:
        point: Where the new candidate is; None where there is none.
        outcome: `proposed`; `refused` when what the model gave cannot be made; `unchanged` when an optimizer found
            nothing better; `failed` when the model or the optimizer broke.
        reason: Why there is none, in a line.
        changes: What was changed, with the model's reasons.
        calls, tokens, usd: What the model was asked, and what that cost.
        runs: Teams that ran for it.
    """

    point: Point | None = None
    outcome: str
    reason: str = ""
    changes: Sequence[Change] = ()
    calls: int = 0
    tokens: int = 0
    usd: float = 0.0
    runs: int = 0
    notes: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Rewriter(Protocol):
    """Proposes a candidate beside the sampler, from what the study knows: with a language model, or by rules.

    A stopped study is continued, and comes to the same brief again: the same one must have the same answer. What a
    model says is kept by `Workshop.asker`; whatever else is drawn follows from the study's seed and the brief's index.
    """

    def rewrite(self, brief: Brief) -> Rewrite:
        """A change of the brief's parent, or why there is none.

        Raises:
            OverBudgetError: The study's money is spent; nothing is lost.
            UsageError: The model cannot be opened, and the record has no answer.
        """
        ...

    def close(self) -> None:
        """Close the record of answers."""
        ...
