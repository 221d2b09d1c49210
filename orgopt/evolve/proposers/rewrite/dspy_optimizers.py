"""The rewriters `gepa`, `mipro` and `simba`: DSPy's own optimizers on the organization as a module.

Each tries charters within its share of a generation, and gives one candidate. Optimizers take failures lightly: they go
on, and in the end return what they were given. Here that is no proposal, and its reason is said. Needs DSPy, so that it
is imported late.
"""

import contextlib
import io
import logging
import re
from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any

import dspy
import optuna

from orgopt.agents.llm.adapter import Adapter
from orgopt.agents.llm.engine import Engine, speaker
from orgopt.agents.thinking.answers import Answer
from orgopt.agents.thinking.prompt import clean
from orgopt.evolve.proposers.rewrite.ask import TEMPERATURE, cost
from orgopt.evolve.proposers.rewrite.base import PROPOSED, Brief, Rewrite, Workshop
from orgopt.evolve.proposers.rewrite.charters import CharterProposer
from orgopt.evolve.proposers.rewrite.org_module import Bench, BenchEngine, OrgModule, examples
from orgopt.evolve.proposers.rewrite.plays import FAILED, Plays
from orgopt.evolve.proposers.rewrite.rewriting import optimizer_runs
from orgopt.evolve.space.model_changes import Change
from orgopt.evolve.space.texts import RefusedChangeError
from orgopt.study.config import StudyConfig

_MINIBATCH = 2


class Optimizer:
    """Proposes charters that one of DSPy's optimizers found.

    Args:
        shop: Its settings name the optimizer.
    """

    def __init__(self, shop: Workshop) -> None:
        self.config, self.space, self.runs, self.tasks = shop.config, shop.space, shop.runs, list(shop.tasks)
        self.asker = shop.asker()

    def rewrite(self, brief: Brief) -> Rewrite:
        """Charters that did better than those of the brief's parent, or why there are none.

        Raises:
            OverBudgetError: The study's money is spent.
            LabError, StoreError: See `orgopt.errors`.
        """
        limit = optimizer_runs(self.config, len(self.tasks))
        known = (one.program.text for one in brief.known)
        bench = Bench(self.config, self.space, self.runs, brief.parent, brief.name, limit, known)
        if not bench.roles:
            return Rewrite(outcome="refused", reason=f"no agent of {brief.parent.name} reads a charter")
        engine = self.asker.engine(brief.name)
        attempt = OptimizerRun(self.config, bench, engine, brief.index)
        with _heard() as said:
            found = attempt.compiled(self.tasks)
        optuna.logging.set_verbosity(optuna.logging.ERROR)  # as the study has it; MIPROv2 sets another
        if bench.broken:
            raise bench.broken
        shared = _cost(engine.asked, bench.plays)
        if isinstance(found, str):
            return Rewrite(outcome="failed", reason=found[:300], **shared)
        return self._concluded(bench, attempt, found, said, shared)

    def close(self) -> None:
        """Close the record of answers."""
        self.asker.close()

    def _concluded(
        self, bench: Bench, attempt: "OptimizerRun", found: OrgModule, said: Sequence[str], shared: Mapping[str, Any]
    ) -> Rewrite:
        """What an optimizer's result comes to: the module that it was given is no proposal."""
        try:
            point = bench.point(found.charters)
        except RefusedChangeError as error:
            return Rewrite(outcome="refused", reason=str(error)[:300], **shared)
        if point is None:
            return _unchanged(self.config.rewriter, bench, attempt, said, shared)
        if point.program.text in bench.known:
            return Rewrite(outcome="refused", reason="it came back to a document that was tried already", **shared)
        (old, _), (new, number) = bench.mean(bench.parent.program.text), bench.mean(point.program.text)
        tried = f"{number} {bench.plays.nouns}"
        why = f"{self.config.rewriter}: {bench.plays.measure} {old:+.3f} → {new:+.3f} on {tried} of its own"
        changes = [
            Change(place=place, to=text, reason=why)
            for place, text in point.texts.items()
            if bench.parent.texts.get(place) != text
        ]
        return Rewrite(point=point, outcome=PROPOSED, changes=changes, **shared)


class OptimizerRun:
    """One run of an optimizer, and what it made of the model's answers.

    Args:
        config: The study's settings.
        bench: Tries charters.
        engine: The way to the model.
        index: The candidate's number, which decides the optimizer's choices together with the study's seed.
    """

    def __init__(self, config: StudyConfig, bench: Bench, engine: Engine, index: int) -> None:
        self.config, self.bench, self.engine = config, bench, engine
        self.seed = 1 + 10_007 * config.seed + index
        self.proposer = CharterProposer(bench, engine, config.budget_s)

    def compiled(self, tasks: Sequence[str]) -> OrgModule | str:
        """The module that the optimizer returns, or why it broke."""
        student = OrgModule(self.bench, self.config.budget_s)
        number = max(len(tasks), min(8, self.bench.limit // 4))
        lm = speaker(BenchEngine(self.engine, self.bench), TEMPERATURE)
        run = {"gepa": self._gepa, "mipro": self._mipro, "simba": self._simba}[self.config.rewriter]
        try:
            with (
                dspy.context(lm=lm, adapter=self._adapter(), disable_history=True),
                contextlib.redirect_stdout(io.StringIO()),
            ):
                return run(student, tasks, number, lm)
        except Exception as error:  # noqa: BLE001  DSPy raises bare exceptions where a model's answer is of no use
            return f"{self.config.rewriter} broke: {clean(error, 240)}"

    def _adapter(self) -> Adapter:
        """How the optimizer's programs are put: held to a schema of their answers where a server does that."""
        if not self.engine.model.settings.schema:
            return Adapter()

        def hold(schema: dict[str, Any]) -> None:
            self.engine.schema = schema

        return Adapter(as_json=True, hold=hold)

    def _gepa(self, student: OrgModule, tasks: Sequence[str], number: int, lm: dspy.LM) -> Any:
        def metric(gold: Any, pred: Any, trace: Any = None, pred_name: Any = None, pred_trace: Any = None) -> Any:  # noqa: ARG001
            return _scored(pred)

        data = examples(tasks, number)
        optimizer = dspy.GEPA(
            metric=metric,
            max_metric_calls=self.bench.limit,
            reflection_lm=lm,
            reflection_minibatch_size=min(_MINIBATCH, number),
            instruction_proposer=self.proposer,
            skip_perfect_score=False,
            failure_score=FAILED,
            use_merge=False,
            num_threads=1,
            seed=self.seed,
        )
        return optimizer.compile(student, trainset=data, valset=data)

    def _mipro(self, student: OrgModule, tasks: Sequence[str], number: int, lm: dspy.LM) -> Any:
        def metric(example: Any, pred: Any, trace: Any = None) -> float:  # noqa: ARG001
            return _output(pred)

        data = examples(tasks, number)
        # One evaluation of the given program comes before the trials, and is paid for out of the same runs.
        trials = max(1, self.bench.limit // number - 1)
        optimizer = dspy.MIPROv2(
            metric=metric,
            prompt_model=lm,
            task_model=lm,
            # Instructions only: a charter can hold no examples of runs.
            max_bootstrapped_demos=0,
            max_labeled_demos=0,
            auto=None,
            num_candidates=min(4, trials + 1),
            num_threads=1,
            seed=self.seed,
            track_stats=False,
        )
        return optimizer.compile(
            student,
            trainset=data,
            valset=data,
            num_trials=trials,
            minibatch=False,
            program_aware_proposer=False,
            data_aware_proposer=False,
            fewshot_aware_proposer=False,
        )

    def _simba(self, student: OrgModule, tasks: Sequence[str], number: int, lm: dspy.LM) -> Any:
        def metric(example: Any, pred: Any) -> Any:  # noqa: ARG001
            return _scored(pred)

        size = max(2, number // 2)
        # A step samples each example twice, and tries as many new programs as there are examples, at most three.
        step, end = 2 * size + min(3, size) * size, 2 * size
        optimizer = dspy.SIMBA(
            metric=metric,
            bsize=size,
            num_candidates=2,
            max_steps=max(1, (self.bench.limit - end) // step),
            max_demos=0,
            prompt_model=lm,
            num_threads=1,
        )
        return optimizer.compile(student, trainset=examples(tasks, size), seed=self.seed)


def _unchanged(
    rewriter: str, bench: Bench, attempt: OptimizerRun, said: Sequence[str], shared: Mapping[str, Any]
) -> Rewrite:
    """Why an optimizer gave back what it was given."""
    problems = attempt.proposer.failures or list(bench.refused) or list(said)
    if problems and not attempt.proposer.proposals:
        reason = f"{rewriter} gave back what it was given, as its proposals failed: {problems[-1]}"
        return Rewrite(outcome="failed", reason=reason[:300], **shared)
    reason = f"{rewriter} found nothing better in {len(bench.done)} {bench.plays.nouns}"
    return Rewrite(outcome="unchanged", reason=reason, **shared)


def _cost(asked: Sequence[Answer], plays: Plays) -> dict[str, Any]:
    """What an optimizer cost: its own questions, those that it put to roles, and its runs."""
    own = cost(asked)
    return {
        "calls": own["calls"] + plays.calls,
        "tokens": own["tokens"] + plays.tokens,
        "usd": own["usd"] + plays.usd,
        "runs": plays.runs,
    }


def _output(pred: Any) -> float:
    return FAILED if pred is None else float(getattr(pred, "output", FAILED))


def _scored(pred: Any) -> dspy.Prediction:
    """The metric with its feedback: the score, and what is told of it."""
    return dspy.Prediction(score=_output(pred), feedback=str(getattr(pred, "story", "nothing was tried")))


_BAD = re.compile(r"fail|error|exception|not valid|no valid", re.IGNORECASE)


@contextlib.contextmanager
def _heard() -> Generator[list[str]]:
    """What DSPy says of trouble while it is silent on the terminal."""
    logger, found = logging.getLogger("dspy"), list[str]()
    handler = _Ear(found.append)
    handlers, level, passes = logger.handlers[:], logger.level, logger.propagate
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)
    try:
        yield found
    finally:
        logger.handlers, logger.propagate = handlers, passes
        logger.setLevel(level)


class _Ear(logging.Handler):
    def __init__(self, take: Callable[[str], None]) -> None:
        super().__init__()
        self._take = take

    def emit(self, record: logging.LogRecord) -> None:
        text = record.getMessage()
        # Its warnings are mostly of types and settings; what fails is an error, or says so.
        if record.levelno >= logging.ERROR or _BAD.search(text):
            self._take(clean(text.split("\n")[0], 240))
