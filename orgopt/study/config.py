"""The settings of a study, and what makes it that study and no other."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from operator import attrgetter
from pathlib import Path
from typing import Any, cast

from orgopt import plugins, seeds
from orgopt.agent_names import AGENT_KIND, REWRITING_AGENTS, SAMPLING_AGENTS
from orgopt.document import Program, read
from orgopt.errors import UsageError
from orgopt.invocation import argument
from orgopt.lab import LAB_KIND
from orgopt.plugins import PluginKind
from orgopt.scoring.score import Score
from orgopt.study.default_seeds import SAMPLER
from orgopt.study.search_plan import ADVICE, SearchPlan
from orgopt.tasks.task import Task
from orgopt.workspace import folder_name

SAMPLER_KIND = PluginKind(group="orgopt.samplers", noun="sampler", own=SAMPLING_AGENTS)
OBJECTIVES: Mapping[str, Callable[[Score], float]] = {
    "research-output": attrgetter("research_output"),
    "agent-seconds": attrgetter("agent_s"),
    "dollars": attrgetter("usd"),
    "tokens": attrgetter("tokens"),
}
"""What can be searched for, and the part of a score that says it; the first always is, alone or with another."""
CONTROLS = ("none", "fast", "all")
NO_REWRITER = "none"
REWRITERS = (NO_REWRITER, *REWRITING_AGENTS)
REWRITER_KIND = PluginKind(group="orgopt.rewriters", noun="rewriter", own=REWRITERS)
OPTIMIZERS = frozenset({"gepa", "mipro", "simba"})
"""Rewriters that are DSPy's own optimizers: they run teams of their own before they propose one candidate."""
BY_RUN, BY_ASKING = "run", "ask"
REWRITE_METRICS = (BY_RUN, BY_ASKING)
"""By what an optimizer scores charters: whole runs of the team, or answers to fixed questions."""
NO_FEEDBACK = "off"
FEEDBACKS = (NO_FEEDBACK, "screen", "write", "both")
_REWRITING = ("rewriter", "rewrite_share", "rewriter_model", "rewrite_metric")
_LATER = {"generations", "race_seeds", "contenders", "test_seeds", "controls", "real_runs"}
"""Settings that a study may be continued with other values of: they add runs and change none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyConfig:
    """What makes a study repeatable.

    Attributes:
        generations: How many batches of candidates.
        population: Candidates a batch; the first of all is the seed document.
        budget_s: Lab seconds of each run; of tasks whose budgets differ, of the shortest.
        budgets_s: By task, where they differ.
        slots: Experiments at once.
        seed: Decides every choice of the search, the teams and the experiments.
        sampler: Optuna's sampler, one of `SAMPLER_KIND`.
        objectives: What is searched for, of `OBJECTIVES`; with two, the sampler sees both.
        search_seeds: Runs of a candidate on each task; one that is clearly worse gets fewer.
        verify_seeds: Fresh seeds with which each submission is trained again.
        contenders: How many of the best are raced.
        race_seeds: The most fresh seeds of each in the race, on average; 0 for none.
        test_seeds: Runs of the champion and of everything that it is compared with, on seeds of their own.
        controls: What the champion is compared with: nothing but the seed document, all that is quick, or all.
        real_runs: Real training runs of the seed document and the champion of a study on recorded worlds.
        fix: Parts of the genome that stay as the seed document has them.
        only: The only parts that may change; empty for all.
        rewriter: Which language-model program proposes documents beside the sampler, one of `REWRITER_KIND`.
        rewrite_share: The share of each generation, from the second on, that is the rewriter's, 0 to 1.
        rewriter_model: The model that it thinks with; empty is the default model.
        rewrite_metric: By what DSPy's optimizers score charters, one of `REWRITE_METRICS`.
        feedback: What a model of all that was tried does around the sampler, one of `FEEDBACKS`.
        models: Language models that roles may have besides those that the documents name.
        learn_from: Other studies that it learns from; `all` is every one of the workspace.
        plan: How it searches, beyond that.
    """

    generations: int
    population: int
    budget_s: float
    slots: int
    seed: int = 0
    sampler: str = SAMPLER
    objectives: tuple[str, ...] = ("research-output",)
    search_seeds: int = 1
    verify_seeds: int = 1
    contenders: int = 8
    race_seeds: int = 0
    test_seeds: int = 1
    controls: str = "none"
    real_runs: int = 0
    fix: tuple[str, ...] = ()
    only: tuple[str, ...] = ()
    rewriter: str = NO_REWRITER
    rewrite_share: float = 1 / 3
    rewriter_model: str = ""
    rewrite_metric: str = BY_RUN
    feedback: str = NO_FEEDBACK
    learn_from: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    budgets_s: Mapping[str, float] = field(default_factory=dict[str, float])
    plan: SearchPlan = field(default_factory=SearchPlan)

    def budget_of(self, task: str) -> float:
        """Lab seconds of a run on a task."""
        return self.budgets_s.get(task, self.budget_s)

    @property
    def rewrites(self) -> int:
        """How many candidates of a generation are the rewriter's to propose."""
        if self.rewriter == NO_REWRITER or not self.rewrite_share:
            return 0
        return min(self.population, max(1, round(self.rewrite_share * self.population)))

    def identity(
        self,
        program: Program,
        tasks: Mapping[str, Task],
        library: Program | None,
        labs: Mapping[str, Mapping[str, str]],
    ) -> dict[str, Any]:
        """What must agree for a study to be continued.

        The tasks come with the baselines that hold on this machine, which set the zero of every score, and
        with the stamps of their labs: what was replayed is another study than what was trained. Of what comes from
        installed packages, their versions count.
        """
        # Without a rewriter, feedback and a plan of their own, studies are called what they were before there were any.
        apart = _LATER.union(
            _REWRITING if self.rewriter == NO_REWRITER else (),
            ("rewrite_metric",) if self.rewrite_metric == BY_RUN else (),
            ("feedback", "learn_from") if self.feedback == NO_FEEDBACK else (),
            () if self.budgets_s else ("budgets_s",),
            () if self.models else ("models",),
            ("plan",) if self.plan == SearchPlan() else (),
        )
        settings = {key: value for key, value in asdict(self).items() if key not in apart}
        if "plan" in settings:  # without what plans had not yet, where it says what was done then
            later = {"crossed", "cross_risk"} if not self.plan.crossed else set[str]()
            later |= {"advice"} if self.plan.advice == ADVICE else set[str]()
            settings["plan"] = {key: value for key, value in settings["plan"].items() if key not in later}
        texts = {"program": program.text, "library": library.text if library else ""}
        digests = {key: hashlib.sha256(text.encode()).hexdigest()[:12] for key, text in texts.items()}
        measured = {
            name: {"digest": task.digest, "baseline": task.baseline.heldout, "lab": dict(labs[name])}
            for name, task in tasks.items()
        }
        chosen = ((SAMPLER_KIND, self.sampler), (REWRITER_KIND, self.rewriter))
        packages = packages_of([program, *([library] if library else [])], labs, chosen)
        found = {**settings, **digests, "streams": seeds.VERSION, "tasks": measured}
        return json.loads(json.dumps({**found, **({"packages": packages} if packages else {})}))  # as it is read back


def packages_of(
    programs: Iterable[Program], labs: Mapping[str, Mapping[str, str]], chosen: Iterable[tuple[PluginKind, str]] = ()
) -> dict[str, str]:
    """The installed packages of what a study or a contest uses and orgopt does not have, with their versions.

    Args:
        programs: The documents, for the agents of their roles.
        labs: The stamps of the labs, by task.
        chosen: What else was chosen by name.
    """
    agents = [(AGENT_KIND, role.agent) for one in programs for role in read(one).org.roles]
    stamped = [(LAB_KIND, stamp.get("lab", "")) for stamp in labs.values()]
    return plugins.versions([*agents, *stamped, *chosen])


def check_config(config: StudyConfig) -> None:
    """Refuse settings that there are not, and those that do not go together.

    Raises:
        UsageError: It says which, and what there is.
    """
    SAMPLER_KIND.check(config.sampler)
    REWRITER_KIND.check(config.rewriter)
    for noun, value, known in (
        ("feedback", config.feedback, FEEDBACKS),
        ("metric of rewriting", config.rewrite_metric, REWRITE_METRICS),
        ("kind of controls", config.controls, CONTROLS),
    ):
        if value not in known:
            raise UsageError(f"no {noun} '{value}': choose {', '.join(known)}")
    first, *others = OBJECTIVES
    if config.objectives not in {(first,), *((first, other) for other in others)}:
        raise UsageError(f"objectives are {first}, and one of {' and '.join(others)} beside it")
    if config.feedback != NO_FEEDBACK and len(config.objectives) > 1:
        raise UsageError(f"{argument('feedback')} knows one objective: leave out {argument('also')}")
    if config.learn_from and config.feedback == NO_FEEDBACK:
        raise UsageError(
            f"{argument('learn_from')} is what {argument('feedback')} learns from: add {argument('feedback', 'screen')}"
        )


def study_name(program: Program, identity: Mapping[str, Any]) -> str:
    """The default name of a study: the same command continues it, another starts another."""
    digest = hashlib.sha256(json.dumps(identity, sort_keys=True).encode()).hexdigest()[:4]
    tasks = "+".join(map(folder_name, identity["tasks"]))
    return f"{folder_name(Path(program.source).stem, 60)}-{tasks[:100]}-{digest}"


def differences(old: Mapping[str, Any], new: Mapping[str, Any], prefix: str = "") -> list[str]:
    """What differs between two identities, a line each: `budget_s 20 → 25`."""
    found: list[str] = []
    for key in dict.fromkeys((*old, *new)):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            found += differences(cast("dict[str, Any]", before), cast("dict[str, Any]", after), f"{prefix}{key}.")
        elif before != after:
            found.append(f"{prefix}{key} {_short(before)} → {_short(after)}")
    return found


def _short(value: Any) -> str:
    return "none" if value is None or value == [] else "one" if isinstance(value, dict) else str(value)
