"""The organization as a DSPy module: a predictor for each role that thinks, whose instructions are its charter.

Its forward pass tries the team on a task by the study's own means, on its account: by a whole run, or by questions to
its roles. Needs DSPy, so that it is imported late.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from inspect import cleandoc
from typing import Any, Self, cast

import dspy
from dspy.lm15 import Request, Response
from dspy.signatures.signature import make_signature

from orgopt.agents.llm.engine import Engine
from orgopt.agents.llm.model import AskError, Failure
from orgopt.agents.thinking.prompt import clean
from orgopt.agents.thinking.spend import OverBudgetError
from orgopt.document import read
from orgopt.errors import OrgoptError
from orgopt.evolve.proposers.rewrite.plays import FAILED, Played, plays_of
from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.space.genome import Space
from orgopt.evolve.space.model_changes import Point, checked
from orgopt.evolve.space.texts import CHARTER, RefusedChangeError, Texts, places, prose
from orgopt.evolve.trials.runs import Runs
from orgopt.org import Org, Role
from orgopt.study.config import StudyConfig

Charters = Mapping[str, str]
MAX_MISSION = 600
"""Characters of a mission that a rewriter is told."""


class StoppedError(Exception):
    """The study has to stop, so that nothing more is run for an optimizer."""


class Bench:
    """Tries charters for an optimizer, within a limit; copies of it are itself.

    Args:
        config: The study's settings, which say how charters are tried.
        space: Where candidates lie.
        runs: Does runs, and remembers them.
        parent: Whose charters are rewritten.
        name: Of the candidate that is wanted.
        limit: The most tries; the same one asked for again is none.
        known: Documents that were tried before.
    """

    def __init__(
        self,
        config: StudyConfig,
        space: Space,
        runs: Runs,
        parent: Candidate,
        name: str,
        limit: int,
        known: Iterable[str],
    ) -> None:
        self.space, self.runs, self.parent, self.name, self.limit = space, runs, parent, name, limit
        self.known = set(known)
        self.org: Org = read(parent.program).org
        self.done: dict[tuple[str, str, int], float] = {}
        self.refused: dict[str, None] = {}
        self.broken: OrgoptError | None = None
        self.plays = plays_of(config, runs, self.roles)

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    @property
    def roles(self) -> list[Role]:
        """The roles whose charters somebody reads."""
        own = {place.partition("/")[2] for place in places(self.org) if place.startswith(CHARTER)}
        return [role for role in self.org.roles if role.id in own]

    def point(self, charters: Charters) -> Point | None:
        """Where some charters are; None where they are those of the parent.

        Raises:
            RefusedChangeError: The document cannot take one of them.
        """
        texts: Texts = dict(self.parent.texts)
        for role in self.roles:
            # DSPy dedents instructions and spreads tabs: that is no change.
            if cleandoc(text := charters[role.id].strip()) != cleandoc(role.charter).strip():
                texts = {**texts, f"{CHARTER}/{role.id}": prose(f"{CHARTER}/{role.id}", text, role.charter)}
        if texts == self.parent.texts:
            return None
        return checked(self.space, self.parent, self.parent.params, texts)

    def play(self, charters: Charters, task: str, k: int) -> Played:
        """Try the team with some charters on the k-th seed.

        Raises:
            StoppedError: The study has to stop; `broken` says why.
        """
        if self.broken:
            raise StoppedError
        try:
            point = self.point(charters)
        except RefusedChangeError as error:
            self.refused[str(error)] = None
            return Played(FAILED, f"these charters cannot be used: {error}", {})
        program = point.program if point else self.parent.program
        entrant = f"{self.name}-{hashlib.sha256(program.text.encode()).hexdigest()[:8]}"
        if (program.text, task, k) not in self.done and len(self.done) >= self.limit:
            return Played(FAILED, "not tried: the share of the generation is used up", {})
        try:
            played = self.plays.play(program, entrant, task, k)
        except OrgoptError as error:
            self.broken = error
            raise StoppedError from error
        if played is None:
            return Played(FAILED, "not run", {})
        self.done[program.text, task, k] = played.output
        return played

    def mean(self, text: str) -> tuple[float, int]:
        """The mean score of a document here, and of how many tries it is."""
        found = [output for (program, _, _), output in self.done.items() if program == text]
        return (sum(found) / len(found), len(found)) if found else (FAILED, 0)


class OrgModule(dspy.Module):
    """A research organization: each predictor is a role, its instructions are the role's charter.

    `forward` tries the whole team on a task and gives its score, with the story of that.
    """

    def __init__(self, bench: Bench, budget_s: float) -> None:
        super().__init__()
        self.bench, self.budget_s = bench, budget_s
        self.role_of: dict[str, str] = {}
        for role in bench.roles:
            name = f"role_{role.id.replace('-', '_')}"
            fields: dict[str, Any] = {
                "situation": (str, dspy.InputField(desc=f"what the agents of {role.name} face")),
                "work": (
                    str,
                    dspy.OutputField(desc=f"the experiments that {role.name} asks for, and what comes of them"),
                ),
            }
            setattr(self, name, dspy.Predict(make_signature(fields, role.charter or " ")))
            self.role_of[name] = role.id

    @property
    def charters(self) -> dict[str, str]:
        """The instructions of each predictor, by the id of its role."""
        return {self.role_of[name]: one.signature.instructions for name, one in self._predictors().items()}

    def _predictors(self) -> dict[str, Any]:
        """DSPy's predictors by name."""
        return dict(cast("Iterable[tuple[str, Any]]", self.named_predictors()))

    def forward(self, task: str, k: int) -> dspy.Prediction:
        """Try the team on a task's k-th seed; an optimizer that samples again gets another seed."""
        predictors = self._predictors()
        lm = next(iter(predictors.values())).lm
        again = int(lm.kwargs.get("rollout_id") or 0) if lm is not None else 0
        played = self.bench.play(self.charters, task, int(k) + 1000 * again)
        mission = clean(self.bench.org.mission, MAX_MISSION)
        situation = f"{self.bench.runs.arena.tasks[task].title}, {self.budget_s:g} s of lab time"
        situation += f"\nThe organization's mission: {mission}" if mission else ""
        trace = cast("list[Any] | None", dspy.settings.trace)
        for name, predictor in predictors.items():
            work = dspy.Prediction(work=played.did.get(self.role_of[name], "nothing"))
            if trace is not None:
                trace.append((predictor, {"situation": situation}, work))
        return dspy.Prediction(output=played.output, story=played.story)


class BenchEngine:
    """A way to a model that stops a bench when the study has to stop, whatever an optimizer does with errors."""

    def __init__(self, engine: Engine, bench: Bench) -> None:
        self.engine, self.bench = engine, bench

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return self

    def complete(self, request: Request) -> Response:
        """The next answer; DSPy calls this.

        Raises:
            AskError: There is none.
        """
        if self.bench.broken:
            raise AskError("the study has to stop")
        try:
            return self.engine.complete(request)
        except OrgoptError as error:
            self.bench.broken = error
            raise
        except AskError:
            last = self.engine.asked[-1]
            if last.failure == Failure.OVER_BUDGET:
                self.bench.broken = OverBudgetError(f"the rewriter could not ask within {last.error}")
            raise


def examples(tasks: Sequence[str], number: int) -> list[dspy.Example]:
    """The tasks in turn, each with seeds of its own."""
    found = [dspy.Example(task=tasks[i % len(tasks)], k=i // len(tasks)) for i in range(number)]
    return [one.with_inputs("task", "k") for one in found]
