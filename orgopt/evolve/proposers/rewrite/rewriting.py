"""Rewriting: a share of each generation is proposed by a language model instead of the sampler.

A rewriter gives one candidate, or says why it has none; then the sampler takes its place. Whatever came of it is in the
study's log, and every answer of the model in `rewrites.jsonl`, so that a continued study makes the same candidates.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Self

from orgopt.agent_names import LANGUAGE_AGENT
from orgopt.agents.toml_models import LanguageSettings
from orgopt.document import Program, read
from orgopt.errors import UsageError
from orgopt.evolve import importances
from orgopt.evolve.proposers.rewrite.base import Brief, Rewrite, Rewriter, Workshop
from orgopt.evolve.proposers.sampler import Proposer
from orgopt.evolve.space.allowed import TEXTS, free_parts
from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.space.genome import Space
from orgopt.evolve.space.texts import places
from orgopt.evolve.trials.runs import Runs
from orgopt.invocation import argument
from orgopt.study.config import BY_ASKING, NO_REWRITER, OPTIMIZERS, REWRITER_KIND, StudyConfig
from orgopt.study.records.kinds import RewriteChange, RewriteRecord
from orgopt.study.records.result import Importance
from orgopt.study.standing import Standing

if TYPE_CHECKING:
    from orgopt.evolve.proposers.rewrite.ask import Asker

ANSWERS = "rewrites.jsonl"
SPEND = "spend.jsonl"
FEWEST_RUNS = 12
"""Runs of a team that an optimizer gets at least: with fewer it cannot compare two documents."""


class Rewriting:
    """The rewriter's part in a study; use it as a context manager.

    Args:
        config: The study's settings.
        space: Where candidates lie.
        proposer: Who has the other part.
        runs: The study's runs.
        tasks: The tasks that are searched.
        language: How models are reached, and what may be spent; None is what the environment says.

    Raises:
        UsageError: There is no such rewriter, or nothing that it could rewrite, or no model for it.
        PluginError: The package that has it does not work.
    """

    def __init__(
        self,
        config: StudyConfig,
        space: Space,
        proposer: Proposer,
        runs: Runs,
        tasks: Sequence[str],
        language: LanguageSettings | None,
    ) -> None:
        self.config, self.space, self.proposer, self.runs, self.tasks = config, space, proposer, runs, tasks
        self._importances: tuple[int, Sequence[Importance]] = (-1, ())
        self._rewriter: Rewriter | None = None
        check_rewriter(config, space.seed)
        if config.rewrites:
            self._rewriter = _open(
                Workshop(config=config, space=space, runs=runs, tasks=tasks, asker=lambda: self._ask(language))
            )

    def wants(self, index: int) -> bool:
        """Whether a candidate is the rewriter's to propose: the first of each generation but the first."""
        generation, place = divmod(index, self.config.population)
        places = 1 if self.config.rewriter in OPTIMIZERS else self.config.rewrites
        return self._rewriter is not None and generation > 0 and place < places

    def propose(
        self, index: int, generation: int, known: Sequence[Candidate], told: Mapping[str, Standing]
    ) -> Candidate | None:
        """The rewriter's candidate; None where the sampler has to do.

        Raises:
            OverBudgetError: The study's money is spent.
        """
        if self._rewriter is None:
            return None
        parent = self.proposer.incumbent(index, self._able(known), told)
        name = f"g{generation:02d}-c{index:02d}"
        importances = self._known_importances(generation)
        brief = Brief(
            name=name,
            index=index,
            generation=generation,
            parent=parent,
            known=known,
            told=told,
            importances=importances,
        )
        found = self._rewriter.rewrite(brief)
        if not isinstance(found, Rewrite):  # pyright: ignore[reportUnnecessaryIsInstance]  a package's may be anything
            raise REWRITER_KIND.broken(self.config.rewriter, f"gave {found!r} where rewrite has to give a Rewrite")
        self._note(brief, found)
        if found.point is None:
            return None
        point = found.point
        return self.proposer.adopt(index, generation, parent, self.config.rewriter, point.params, point.texts)

    def _ask(self, language: LanguageSettings | None) -> "Asker":
        from orgopt.evolve.proposers.rewrite.ask import Asker  # DSPy takes most of a second

        folder = self.runs.log.folder
        return Asker(self.config.rewriter_model, language, answers=folder / ANSWERS, account=folder / SPEND)

    def close(self) -> None:
        """Close the record of answers. May be called twice."""
        if self._rewriter:
            self._rewriter.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _able(self, known: Sequence[Candidate]) -> Sequence[Candidate]:
        """The candidates that can be rewritten: for an optimizer, those with a charter that somebody reads."""
        if self.config.rewriter not in OPTIMIZERS:
            return known
        return [one for one in known if any(places(self.space.organization(one.params)))]

    def _known_importances(self, generation: int) -> Sequence[Importance]:
        if self._importances[0] != generation:
            self._importances = (generation, importances.importances(self.proposer.study, self.space))
        return self._importances[1]

    def _note(self, brief: Brief, found: Rewrite) -> None:
        """Keep what came of it, once: a study that was killed before its candidate was kept comes here again."""
        record = RewriteRecord(
            index=brief.index,
            name=brief.name,
            parent=brief.parent.index,
            rewriter=self.config.rewriter,
            outcome=found.outcome,
            reason=found.reason,
            changes=tuple(RewriteChange(place=one.place, to=one.to, reason=one.reason) for one in found.changes),
            calls=found.calls,
            tokens=found.tokens,
            usd=round(found.usd, 8),
            runs=found.runs,
        )
        if not any(one.index == brief.index for one in self.runs.log.of(RewriteRecord)):
            self.runs.log.add(record)
        self.runs.callback.rewritten(brief.name, record)


def optimizer_runs(config: StudyConfig, tasks: int) -> int:
    """How many runs an optimizer gets for a candidate: what its share of a generation would have cost, or a least."""
    return max(FEWEST_RUNS, 6 * tasks, config.rewrites * config.search_seeds * tasks)


def check_rewriter(config: StudyConfig, seed: Program) -> None:
    """Refuse what no rewriter could do.

    Raises:
        UsageError: There is no such rewriter, the share is none, or there is no text that an optimizer could rewrite.
    """
    REWRITER_KIND.check(config.rewriter)
    if not 0 <= config.rewrite_share <= 1:
        raise UsageError(f"the rewriter's share of a generation is from 0 to 1, not {config.rewrite_share:g}")
    if config.rewrite_metric == BY_ASKING and config.rewriter not in {NO_REWRITER, *OPTIMIZERS}:
        raise UsageError(
            f"{argument('rewrite_metric', BY_ASKING)} is how {', '.join(sorted(OPTIMIZERS))} score charters: the "
            f"rewriter {config.rewriter} scores none"
        )
    if config.rewriter in OPTIMIZERS and TEXTS not in free_parts(config.fix, config.only):
        kept = f"{argument('fix')} or {argument('only')}"
        raise UsageError(f"the rewriter {config.rewriter} changes texts alone, and {kept} keeps them")
    if config.rewriter in OPTIMIZERS and not any(places(read(seed).org)):
        raise UsageError(
            f"the rewriter {config.rewriter} rewrites charters of '{LANGUAGE_AGENT}' roles, and {seed.source} "
            f"has none: give a role '- **Agent:** {LANGUAGE_AGENT}', or use {argument('rewriter', 'reflect')}"
        )


def needs_model(config: StudyConfig, settings: LanguageSettings) -> str:
    """What to set before a study can be rewritten; nothing where a model is named, or the rewriter need not have one.

    Whether a package's rewriter asks a model, it says itself when it is made.
    """
    if config.rewriter not in {"reflect", *OPTIMIZERS} or config.rewriter_model or settings.default:
        return ""
    return (
        f"no language model is named: use {argument('rewriter_model')}, set ORGOPT_MODEL, or put "
        '[models] rewriter = "…" into orgopt.toml'
    )


def _open(shop: Workshop) -> Rewriter:
    name = shop.config.rewriter
    if name not in REWRITER_KIND.own:
        return REWRITER_KIND.make(name, Rewriter, shop)
    if name in OPTIMIZERS:
        from orgopt.evolve.proposers.rewrite.dspy_optimizers import Optimizer

        return Optimizer(shop)
    from orgopt.evolve.proposers.rewrite.reflect import Reflect

    return Reflect(shop)
