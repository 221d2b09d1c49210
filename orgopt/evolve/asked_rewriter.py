"""Asks a search's rewriter to improve a document, and says what its changes are worth: a unit test of its charter.

That is a small study of two generations, in a replay: in the first, openings and small changes of the document, the
same for each model and charter; in the second, what the rewriter makes of their records. Nothing is raced or tested.
"""

import statistics
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from orgopt.agent_names import REFLECTING_AGENT
from orgopt.agents.thinking.answers import read_answers
from orgopt.agents.toml_models import LanguageSettings
from orgopt.asking.ask import Answered
from orgopt.document import Program
from orgopt.errors import UsageError
from orgopt.evolve.proposers.rewrite.base import PROPOSED, TRIED
from orgopt.evolve.proposers.rewrite.rewriting import ANSWERS
from orgopt.evolve.search import Searched, searched
from orgopt.evolve.trials.arena import Arena
from orgopt.org import Org, Role
from orgopt.study.config import StudyConfig
from orgopt.study.folder import StudyLog
from orgopt.study.records.kinds import RewriteRecord
from orgopt.study.records.names import SEARCH
from orgopt.study.search_plan import SearchPlan, advice_of

SEEDS = 4
"""Runs of each document, on seeds that it shares with the one it was changed from."""
FEWEST = 4
"""Documents of the first generation at least: a rewriter reads how they did."""


def rewriter_of(search: Org) -> Role:
    """The role of a search whose charter a model rewrites documents by, hired or not.

    Raises:
        UsageError: There is none: DSPy's optimizers go by instructions of their own.
    """
    role = next((one for one in search.roles if one.agent == REFLECTING_AGENT), None)
    if role is None:
        raise UsageError(f"no role of the search has '- **Agent:** {REFLECTING_AGENT}': there is nobody to ask")
    return role


def ask_rewriter(
    search: Org,
    document: Program,
    arena: Arena,
    *,
    samples: int,
    seed: int,
    language: LanguageSettings,
    folder: Path,
) -> Answered:
    """Ask the rewriter of a search for some changes of a document, and run what comes of them.

    Args:
        search: The search, of which only the rewriter counts, so that all charters meet the same records.
        document: What is to be improved.
        arena: Where teams run: one task, in replay.
        samples: How many changes are asked for; each is told of those before it.
        seed: Decides the runs.
        language: How the model is reached, and what may be spent.
        folder: Where the small study is kept.

    Raises:
        OverBudgetError: The model could pass what may be spent.
        UsageError: See `rewriter_of`.
    """
    role = rewriter_of(search)
    population = max(samples, FEWEST)
    config = StudyConfig(
        generations=2,
        population=population,
        budget_s=arena.terms.budget_s,
        slots=arena.terms.slots,
        seed=seed,
        search_seeds=SEEDS,
        rewriter=role.agent,
        rewrite_share=samples / population,
        rewriter_model=role.model,
        plan=replace(SearchPlan(), drop_after=SEEDS, advice=advice_of(role)),
    )
    stamps = {name: arena.lab(name).stamp for name in arena.tasks}
    identity = config.identity(document, arena.tasks, None, stamps)
    with StudyLog(folder / "study", identity, document, arena.tasks) as log:
        found = searched(document, arena, config, log, language=language)
        records = log.of(RewriteRecord)
        answers = [answer for _, answer in read_answers(log.folder / ANSWERS)]
    count = len(records)
    return Answered(
        role=role.name,
        moment="rewrite",
        samples=count,
        valid=sum(one.outcome == PROPOSED for one in records) / count,
        first=sum(one.outcome == PROPOSED and one.calls == 1 for one in records) / count,
        repeats=sum(TRIED in one.reason for one in records) / count,
        input_tokens=sum(one.input_tokens for one in answers) / count,
        output_tokens=sum(one.output_tokens for one in answers) / count,
        cached=sum(one.cached_tokens for one in answers) / max(1, sum(one.input_tokens for one in answers)),
        cached_repairs=None,
        seconds=sum(one.seconds for one in answers) / count,
        usd=sum(one.usd for one in records) / count,
        gain=statistics.fmean(_gain(found, one) for one in records),
        error=next((one.reason for one in reversed(records) if one.reason), ""),
    )


def _gain(found: Searched, record: RewriteRecord) -> float:
    """How much more research output a rewritten document has than its parent; none where nothing could be made."""
    if record.outcome != PROPOSED:
        return 0.0
    names: Sequence[str] = [found.candidates[index].name for index in (record.index, record.parent)]
    after, before = (found.runs.outputs(SEARCH, name, found.tasks, range(SEEDS)) for name in names)
    return float(np.mean(after) - np.mean(before))
