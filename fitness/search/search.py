"""Searching as a world: a search is given a team, a world and some runs, and looks for a better team.

    python fitness/search/search.py orgs/search/default.md --seed 7 --budget 120 --keep folder

does one study again, and keeps its log: a run of the task is a function of document, seed and budget.

The seed draws the problem: a seed document, the world that is searched, and another that is not seen. Each document
that the search would pick at the end of a generation is run on both worlds on fresh seeds. What it is worth then holds
from that generation's last run on: a search which finds something soon is worth more than one that finds it late.
"""

import argparse
import hashlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from orgopt.document import Program, load, read
from orgopt.errors import UsageError
from orgopt.evolve.search import searched
from orgopt.evolve.trials.arena import Arena, ArenaConfig, Job, Result, Watch
from orgopt.lab.base import Outcome, Status
from orgopt.ledger import BASELINE, Ledger
from orgopt.seeds import Stream, derive, generator
from orgopt.study.config import NO_REWRITER, StudyConfig
from orgopt.study.default_seeds import study_defaults
from orgopt.study.folder import StudyLog
from orgopt.study.records.kinds import CandidateRecord, EvaluationRecord, GenerationRecord
from orgopt.study.records.names import SEARCH
from orgopt.study.search_plan import searching
from orgopt.study.standing import believed, standings
from orgopt.tasks.folder import load_task
from orgopt.tasks.source import shipped
from orgopt.tasks.task import Task

SEED_DOCUMENTS = ("trio", "solo", "pair-with-reviewer", "explore-then-exploit")
SLOTS = 2
FRESH = 6
"""Seeds on which what was picked is run again, on each of the two worlds."""
LANDSCAPES = {"open": (0, 1_000_000), "sealed": (1_000_000, 2_000_000)}
LANDSCAPE = "nk:n=12,k={k},landscape={number}"
LANDSCAPE_S, FEWEST, MOST = 8.0, 2, 6  # lab seconds of a run, and how many bits each depends on
RECORDED = {
    "open": {"tinygpt": 24.0, "digits": 8.0},
    "sealed": {"pixels": 2.4, "biopsy": 1.2, "swingup": 2.4},
}
"""Recorded worlds and the lab seconds of a run, about fifteen experiments a slot."""


class SpentError(Exception):
    """The runs of a study are used up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What a search is given.

    Attributes:
        document: The name of the seed document.
        seen, unseen: The world that is searched and the one that is not: how they are loaded, and lab seconds of a run.
    """

    document: str
    seen: tuple[str, float]
    unseen: tuple[str, float]

    def __str__(self) -> str:
        return f"{self.document} on {self.seen[0]}, and then on {self.unseen[0]}"


def problem(worlds: str, seed: int) -> Problem:
    """The problem of a seed: a landscape and a recorded world, one of which the search sees."""
    rng = generator(Stream.PROBLEM, seed)
    (low, high), recorded = LANDSCAPES[worlds], list(RECORDED[worlds].items())
    document = SEED_DOCUMENTS[int(rng.integers(len(SEED_DOCUMENTS)))]
    number, k = int(rng.integers(low, high)), int(rng.integers(FEWEST, MOST + 1))
    both = [(LANDSCAPE.format(k=k, number=number), LANDSCAPE_S), recorded[int(rng.integers(len(recorded)))]]
    first = int(rng.integers(2))
    return Problem(document=document, seen=both[first], unseen=both[1 - first])


class Limited(Arena):
    """An arena that does so many runs and no more."""

    left = 0

    def run(self, jobs: Sequence[Job], watch: Watch | None = None) -> Iterator[Result]:
        """The results of as many jobs as there are runs left.

        Raises:
            SpentError: There were more jobs.
        """
        enough = len(jobs) <= self.left
        for result in super().run(jobs[: self.left], watch):
            self.left -= 1
            yield result
        if not enough:
            raise SpentError


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A document that a search would pick, from so many runs on."""

    spent: int
    name: str


class Searching:
    """The world. Its problems are drawn from `open` or `sealed` worlds."""

    def __init__(self, worlds: str) -> None:
        if worlds not in RECORDED:
            raise ValueError(f"worlds are {' or '.join(RECORDED)}, not '{worlds}'")
        self.worlds = worlds

    def curve(self, knobs: Mapping[str, object], seed: int) -> tuple[float, tuple[float, ...]]:  # noqa: ARG002
        """A run of a team takes a lab second; what nobody searched for is worth nothing."""
        return 1.0, (1.0,)

    def study(
        self, program: Program, *, seed: int, budget_s: float, depth: int, ledger: Ledger, keep: Path | None = None
    ) -> Mapping[int, float]:
        """See `WorldOfDocuments`; with a folder, the study is kept there."""
        given, budget = problem(self.worlds, seed), int(budget_s)
        document = load(_document(given.document))
        with ExitStack() as stack:
            folder = keep or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="orgopt-search-")))
            task, terms = _opened(given.seen, depth)
            arena = stack.enter_context(Limited({task.name: task}, terms))
            arena.left = budget
            config = configured(program, given, seed, budget)
            identity = config.identity(document, arena.tasks, _library(), {task.name: arena.lab(task.name).stamp})
            log = stack.enter_context(StudyLog(folder / "study", identity, document, arena.tasks))
            with suppress(SpentError):
                searched(document, arena, config, log, library=_library())
            return _told(log, config, given, budget_s, depth, ledger)


def configured(program: Program, given: Problem, seed: int, budget: int) -> StudyConfig:
    """The settings of a study: the search says how, and nothing else.

    Raises:
        UsageError: It has a rewriter, and these studies have no model to ask.
    """
    how = searching(read(program).org)
    if how.rewriter != NO_REWRITER:
        raise UsageError(f"{program.source} has a rewriter, which asks a model: studies of the task search have none")
    return StudyConfig(
        generations=budget,  # more than the runs are enough for
        population=how.population,
        budget_s=given.seen[1],
        slots=SLOTS,
        seed=seed,
        sampler=how.sampler,
        search_seeds=how.search_seeds or study_defaults("replay").search_seeds,
        feedback=how.feedback,
        plan=how.plan,
    )


def picks(log: StudyLog) -> list[Pick]:
    """What was best by what was known after each generation; the seed document before the first ended."""
    found, outputs = [Pick(spent=0, name=log.of(CandidateRecord)[0].name)], dict[str, list[float]]()
    spent = 0
    for record in log.records:
        if isinstance(record, EvaluationRecord) and record.phase == SEARCH:
            spent += 1
            outputs.setdefault(record.entrant, []).append(record.score.research_output)
        elif isinstance(record, GenerationRecord):
            told, _ = standings({name: np.array(values) for name, values in outputs.items()})
            told = believed(told, record.estimates)
            found.append(Pick(spent=spent, name=max(told, key=lambda name: told[name].estimate)))
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a study did with a candidate: when, in runs, and its mean shortfall so far."""

    first: int
    last: int
    shortfall: float


def tried(log: StudyLog) -> dict[str, Tried]:
    """What became of each candidate that was run, in the order in which they were."""
    found, outputs = dict[str, Tried](), dict[str, list[float]]()
    runs = [one for one in log.of(EvaluationRecord) if one.phase == SEARCH]
    for spent, one in enumerate(runs):
        outputs.setdefault(one.entrant, []).append(one.score.research_output)
        first = found[one.entrant].first if one.entrant in found else spent
        shortfall = 1 - float(np.mean(outputs[one.entrant]))
        found[one.entrant] = Tried(first=first, last=spent + 1, shortfall=shortfall)
    return found


def _told(
    log: StudyLog, config: StudyConfig, given: Problem, budget_s: float, depth: int, ledger: Ledger
) -> Mapping[int, float]:
    """Write a study into a ledger; returns what its picks are worth, by their number there."""
    known = {one.name: one for one in log.of(CandidateRecord)}
    done, chosen = tried(log), picks(log)
    study = f"{given}, seed {config.seed}"
    numbers = {name: number for number, name in enumerate(dict.fromkeys([chosen[0].name, *done]), 1)}
    events: list[tuple[float, int, str, dict[str, Any]]] = []
    for name, number in numbers.items():
        one, what = known[name], done.get(name, Tried(first=0, last=0, shortfall=1.0))
        commit = hashlib.sha256(one.program.encode()).hexdigest()[:12]
        said: dict[str, Any] = {"id": number, "agent": one.proposer, "commit": commit, "note": "; ".join(one.changes)}
        said |= {"knobs": {"study": study, "candidate": name, "document": commit}, "script": None}
        parent = BASELINE if one.parent is None else numbers.get(_named(known, one.parent), BASELINE)
        events.append((what.first, 1, "proposal", {**said, "parent": parent}))
        if name in done:
            ended = {"started": float(what.first), "ended": float(what.last), "metric": what.shortfall}
            outcome = Outcome(id=number, status=Status.OK, heldout=what.shortfall, **ended)
            events.append((what.last, 2, "outcome", {"agent": one.proposer, **outcome.to_dict()}))
    for at, pick in enumerate(chosen):
        if not at or pick.name != chosen[at - 1].name:
            shortfall = done[pick.name].shortfall if pick.name in done else 1.0
            events.append((pick.spent, 3, "submission", {"id": numbers[pick.name], "metric": shortfall}))
    agents = list(dict.fromkeys(one.proposer for one in known.values()))
    stamp = {"lab": "replay", "study": study}
    ledger.add(
        "start", 0.0, budget_s=budget_s, slots=config.population, lab=stamp, seed=config.seed, agents=agents,
        baseline=1.0, commit="", think_s=0.0,
    )  # fmt: skip
    for t, _, kind, data in sorted(events, key=lambda event: event[:2]):
        ledger.add(kind, float(t), **data)
    ledger.add("end", budget_s)
    worth = _worth({name: known[name].program for name in dict.fromkeys(p.name for p in chosen)}, given, config, depth)
    return {numbers[name]: 1 - value for name, value in worth.items()}


def _worth(texts: Mapping[str, str], given: Problem, config: StudyConfig, depth: int) -> dict[str, float]:
    """The mean research output of documents on fresh seeds, on the world that was searched and on the other."""
    found: dict[str, list[float]] = {name: [] for name in texts}
    for place in (given.seen, given.unseen):
        task, terms = _opened(place, depth)
        with Arena({task.name: task}, terms) as arena:
            jobs = [
                Job(entrant=name, program=text, task=task.name, seed=derive(Stream.FRESH, config.seed, k))
                for name, text in texts.items()
                for k in range(FRESH)
            ]
            for result in arena.run(jobs):
                found[result.job.entrant].append(result.score.research_output)
    return {name: float(np.mean(values)) for name, values in found.items()}


def _named(known: Mapping[str, CandidateRecord], index: int) -> str:
    return next(name for name, one in known.items() if one.index == index)


def _opened(place: tuple[str, float], depth: int) -> tuple[Task, ArenaConfig]:
    """A world, and on what terms teams run there: nothing below it may be a study that is not allowed."""
    task = load_task(place[0])
    return task, ArenaConfig(lab="replay", slots=SLOTS, budget_s=place[1], verify_seeds=1, depth=depth)


def _document(name: str) -> Path:
    return next(root / f"{name}.md" for root in shipped("orgs") if (root / f"{name}.md").is_file())


@cache
def _library() -> Program:
    return load(_document("library"))


def world(worlds: str) -> Searching:
    """The world, as `task.toml` names it."""
    return Searching(worlds)


def main() -> None:
    """Do one study again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("document")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--budget", type=float, default=120)
    parser.add_argument("--worlds", default="open", choices=list(RECORDED))
    parser.add_argument("--keep", type=Path, help="where the study's log goes")
    args = parser.parse_args()
    ledger = Ledger()
    program = load(args.document)
    given = {"seed": args.seed, "budget_s": args.budget, "depth": 0}
    worth = Searching(args.worlds).study(program, **given, ledger=ledger, keep=args.keep)
    print(f"{problem(args.worlds, args.seed)}, seed {args.seed}")
    for event in ledger.of("submission"):
        print(f"after {event.t:4.0f} runs: research output {1 - worth[event.data['id']]:.3f}")


if __name__ == "__main__":
    main()
