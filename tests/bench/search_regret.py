"""How far below organizations that are known to be good a search ends: by sampler, size of change, and crossing.

    python -m tests.bench.search_regret --planted --studies 8           # on planted landscapes: a second a study
    python -m tests.bench.search_regret --log regret.jsonl              # replayed; minutes a study, resumable

On a *planted landscape* nothing is run. Good organizations are hidden in the search space of `orgs/trio.md`: other
values for some of its parts (a role, the meeting, the links of a kind), one of them worth 1 and the others less; the
seed document is worth 0. A point is worth the best of what it has of each, part by part, where a part counts by the
square of its share of right values: half a role is no role. What else a point changes costs a little. A run adds noise
of 0.4, as seeds of real runs do beside what searches gain. Regret is what the pick lacks to 1, without noise.

Replayed, the planted organizations are the openings, which people thought of, and what any search of the log has found;
the pick, the candidate of the highest estimate, runs on seeds that no study uses. So that a study takes minutes, agents
are those that think fast, unless `--all-agents` is given.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import numpy as np

import orgopt
from orgopt.agent_names import WORKING_AGENTS
from orgopt.document import Program, load, parse
from orgopt.evolve.proposers import sampler
from orgopt.evolve.proposers.cross import Cross
from orgopt.evolve.proposers.openings import openings
from orgopt.evolve.proposers.points import mutated
from orgopt.evolve.proposers.sampler import Proposer
from orgopt.evolve.space import role_genes
from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.space.genome import Params, Space
from orgopt.lab import make_lab
from orgopt.scoring.evaluation import evaluate
from orgopt.storage.jsonl import JsonLog, read_lines
from orgopt.study.config import StudyConfig
from orgopt.study.search_plan import SearchPlan
from orgopt.study.standing import Standing, standings
from orgopt.study.statistics import interval
from orgopt.study.view import CandidateView
from orgopt.tasks.folder import load_task
from tests.bench.evolution import ROOT, SEED
from tests.bench.search_variants import by_kind

BUDGETS = {"tinygpt": 25.0, "digits": 8.0}
"""Lab seconds in which two slots do about 40 experiments."""
SLOTS, GENERATIONS, POPULATION, SEARCH_SEEDS = 2, 10, 8, 3
FRESH = range(910_000, 910_016)  # seeds of no study
FAST = tuple(agent for agent in WORKING_AGENTS if agent not in {"gp", "freeze-thaw"})
NOISE, COST = 0.4, 0.01
PEAKS = (1.0, 0.8, 0.7)
PLANTED_PARTS = 4  # that a planted organization has otherwise


class Arm(NamedTuple):
    """What a search does otherwise.

    Attributes:
        sampler: Optuna's.
        more: Parts that a candidate changes beyond two, on average.
        opened: Whether the first generation has the openings.
        crossed: The share of candidates after the first generation that have a part of another one.
        cross_risk: How often that is the best of some kind of organization, 0 to .9.
        kinds: The share of parents that are the best of a kind of organization.
    """

    sampler: str = "tpe"
    more: float = 1.0
    opened: bool = False
    crossed: float = 0.0
    cross_risk: float = 0.3
    kinds: float = 0.0

    @property
    def plan(self) -> SearchPlan:
        """The plan of such a search."""
        openings = SearchPlan().openings if self.opened else 0.0
        return SearchPlan(crossed=self.crossed, cross_risk=self.cross_risk, openings=openings)


ARMS: Mapping[str, Arm] = {
    "tpe": Arm(),
    "random": Arm(sampler="random"),
    "tpe, 6 parts": Arm(more=4.0),
    "random, 6 parts": Arm(sampler="random", more=4.0),
    "gp": Arm(sampler="gp"),
    "tpe, crossed .3": Arm(crossed=0.3),
    "random, crossed .3": Arm(sampler="random", crossed=0.3),
    "tpe, crossed .3 among kinds": Arm(crossed=0.3, cross_risk=0.9),
    "tpe, kinds .3": Arm(kinds=0.3),
    "tpe, openings": Arm(opened=True),
}


class Landscape:
    """Good organizations that are hidden in a search space; see the module."""

    def __init__(self, space: Space, seed: int) -> None:
        rng = np.random.default_rng(seed)
        parts = [names for names in pieces(space).values() if set(names) & set(space.active(space.origin))]
        self._space, self._peaks = space, list[tuple[float, list[dict[str, Any]]]]()
        for height in PEAKS:
            chosen = rng.permutation(len(parts))[:PLANTED_PARTS]
            self._peaks.append((height, [self._part(rng, parts[int(at)]) for at in chosen]))

    def _part(self, rng: np.random.Generator, names: Sequence[str]) -> dict[str, Any]:
        """Other values of up to three parameters of a part."""
        active = [name for name in names if name in self._space.active(self._space.origin)]
        some = [active[int(at)] for at in rng.permutation(len(active))[:3]]
        drawn = mutated(rng, self._space.origin, some, self._space.distributions)
        return {name: drawn[name] for name in some}

    def worth(self, params: Params) -> float:
        origin = self._space.origin
        active = set(self._space.active(params))
        changed = {name for name in active if params[name] != origin[name]}
        best = 0.0
        for height, parts in self._peaks:
            wanted = {name for part in parts for name in part}
            right = [
                np.mean([name in active and _near(params[name], value, origin[name]) for name, value in part.items()])
                for part in parts
            ]
            best = max(best, height * float(np.mean(np.square(right))) - COST * len(changed - wanted))
        return best


def pieces(space: Space) -> dict[str, list[str]]:
    """Parts in which something good is hidden: free parameters of each role, of the meeting, of each kind of link."""
    found: dict[str, list[str]] = {}
    roles = {role.id for role in space.roles}
    for name in space.free:
        kind, _, of = name.partition("/")
        found.setdefault(f"role {of}" if of in roles and kind != "shares" else kind, []).append(name)
    return found


def _near(value: Any, wanted: Any, origin: Any) -> float:
    """Whether a value is what is wanted; of a number, how much of the way there."""
    if isinstance(wanted, bool | str) or value == wanted or origin == wanted:
        return float(value == wanted)
    return max(0.0, 1 - abs(value - wanted) / abs(wanted - origin))


def simulated(arm: Arm, number: int) -> float:
    """The regret of a study on the planted landscape of its number."""
    seed, library = (load(str(ROOT / "orgs" / f"{name}.md")) for name in (SEED, "library"))
    space = Space(seed, library, BUDGETS["tinygpt"])
    land, rng = Landscape(space, number), np.random.default_rng([number, 1])
    terms = {"generations": GENERATIONS, "population": POPULATION, "budget_s": BUDGETS["tinygpt"], "slots": SLOTS}
    config = StudyConfig(**terms, seed=number, sampler=arm.sampler, plan=arm.plan)
    proposer = Proposer(space, config)
    cross = Cross(config, proposer)
    known, told, outputs = list[Candidate](), dict[str, Standing](), dict[str, np.ndarray]()
    with ExitStack() as stack:
        _changed(stack, arm)
        for generation in range(GENERATIONS):
            batch = list[Candidate]()
            for index in range(generation * POPULATION, (generation + 1) * POPULATION):
                one = cross.propose(index, generation, known, told) if cross.wants(index) else None
                if one is None:
                    one = proposer.propose(index, generation, known, told) if index else proposer.first()
                known.append(one)
                batch.append(one)
            for one in batch:
                outputs[one.name] = land.worth(one.params) + NOISE * rng.standard_normal(SEARCH_SEEDS)
                proposer.tell(one.index, [float(outputs[one.name].mean())])
            told, _ = standings(outputs)
    pick = max(known, key=lambda one: told[one.name].estimate)
    return 1 - land.worth(pick.params)


def _changed(stack: ExitStack, arm: Arm) -> None:
    """Put what an arm does otherwise in its place."""
    stack.enter_context(patch.object(sampler, "more", lambda _: arm.more))
    if arm.kinds:
        stack.enter_context(patch.object(Proposer, "parents", by_kind(Proposer.parents, arm.kinds)))


def study(task: str, arm: Arm, number: int, library: Path) -> str:
    """The text that a study picks: the candidate of the highest estimate."""
    with tempfile.TemporaryDirectory() as scratch, ExitStack() as stack:
        path = Path(scratch) / f"{SEED}.md"
        path.write_text((ROOT / "orgs" / f"{SEED}.md").read_text("utf-8"), "utf-8")
        (Path(scratch) / "orgopt.toml").write_text("", "utf-8")
        _changed(stack, arm)
        planned = orgopt.plan(
            str(path),
            task=task,
            budget=BUDGETS[task],
            lab="replay",
            slots=SLOTS,
            generations=GENERATIONS,
            population=POPULATION,
            search_seeds=SEARCH_SEEDS,
            race_seeds=0,
            contenders=2,
            test_seeds=1,
            controls="none",
            sampler=arm.sampler,
            library=str(library),
            seed=number,
            workers=1,
            tracking=False,
        )
        done = replace(planned, config=replace(planned.config, plan=arm.plan)).carry_out()
        return max((one for one in done.candidates if one.standing), key=_estimate).record.program


def _estimate(one: CandidateView) -> float:
    return one.standing.estimate if one.standing else -inf


def known_good(task: str, library: Path) -> dict[str, str]:
    """Organizations that people thought of, as points of the search space, by name; and the seed document."""
    seed = load(str(ROOT / "orgs" / f"{SEED}.md"))
    space = Space(seed, load(str(library)), BUDGETS[task])
    return {"seed document": seed.text} | {one.name: space.program(one.params).text for one in openings(space, SLOTS)}


def outputs(text: str, task: str) -> list[float]:
    """Research output on each fresh seed."""
    lab, program = make_lab(load_task(task), "replay", SLOTS), parse(text)
    return [round(_output(program, task, lab, seed), 5) for seed in FRESH]


def _output(program: Program, task: str, lab: Any, seed: int) -> float:
    return evaluate(program, load_task(task), lab, budget_s=BUDGETS[task], seed=seed).research_output


def measured(args: argparse.Namespace, library: Path) -> Iterator[dict[str, Any]]:
    """What the log lacks, a record at a time."""
    kept = {(one["task"], one["arm"], one["study"]) for one in read_lines(args.log)} if args.log.exists() else set()
    for task in args.task or list(BUDGETS):
        for name, text in known_good(task, library).items():
            if (task, name, -1) not in kept:
                yield {"task": task, "arm": name, "study": -1, "outputs": outputs(text, task), "text": text}
    for number in range(args.first, args.first + args.studies):
        for task in args.task or list(BUDGETS):
            for name in args.arm or list(ARMS):
                if (task, name, number) not in kept:
                    text = study(task, ARMS[name], number, library)
                    yield {"task": task, "arm": name, "study": number, "outputs": outputs(text, task), "text": text}


def replayed(args: argparse.Namespace) -> str:
    """The rows of docs/benchmarks.md; what the log lacks is run."""
    with closing(JsonLog(args.log)) as log, ExitStack() as stack:
        library = Path(stack.enter_context(tempfile.TemporaryDirectory())) / "library.md"
        text = (ROOT / "orgs" / "library.md").read_text("utf-8")
        if not args.all_agents:
            text = text.replace("**Agent:** gp", "**Agent:** tpe")
            stack.enter_context(patch.object(role_genes, "WORKING_AGENTS", FAST))
        library.write_text(text, "utf-8")
        for record in measured(args, library):
            log.append(record)
    records = list(read_lines(args.log))
    lines = ["| task | search | studies | picks | regret | over `tpe` |", "|---|---|---|---|---|---|"]
    for task in dict.fromkeys(one["task"] for one in records):
        means = {(one["arm"], one["study"]): float(np.mean(one["outputs"])) for one in records if one["task"] == task}
        best = max(means.values())
        for arm in dict.fromkeys(arm for arm, _ in means):
            picks = {number: mean for (one, number), mean in means.items() if one == arm}
            regrets = {number: best - mean for number, mean in picks.items()}
            theirs = {number: best - mean for (one, number), mean in means.items() if one == "tpe"}
            count = "planted" if -1 in picks else str(len(picks))
            lines.append(f"| {task} | {arm} | {count} | {np.mean([*picks.values()]):.3f} | {_apart(regrets, theirs)} |")
    return "\n".join(lines)


def planted(args: argparse.Namespace) -> str:
    """A table of what studies on planted landscapes lack, with the difference to `tpe` on the same ones."""
    arms = args.arm or [name for name, arm in ARMS.items() if not arm.opened]
    regrets: dict[str, dict[int, float]] = {name: {} for name in arms}
    for number in range(args.first, args.first + args.studies):
        for name in arms:
            regrets[name][number] = simulated(ARMS[name], number)
            print(f"{number} {name}: {regrets[name][number]:.3f}", flush=True)
    rows = [f"| {name} | {len(mine)} | {_apart(mine, regrets.get('tpe', {}))} |" for name, mine in regrets.items()]
    return "\n".join(["| search | studies | regret | over `tpe` |", "|---|---|---|---|", *rows])


def _apart(regrets: Mapping[int, float], theirs: Mapping[int, float]) -> str:
    """Two cells: the mean regret, and the difference to that of others by study, with 95 % intervals."""
    apart = [theirs[one] - regret for one, regret in regrets.items() if one in theirs]
    return f"{_mean([*regrets.values()], '.3f')} | {_mean(apart, '+.3f') if any(apart) else ''}"


def _mean(values: Sequence[float], form: str) -> str:
    if len(values) < 2:
        return f"{values[0]:{form}}"
    found = interval(values)
    return f"{found.mean:{form}} [{found.low:{form}}, {found.high:{form}}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--planted", action="store_true", help="on planted landscapes, where nothing is run")
    parser.add_argument("--log", type=Path, default=Path("regret.jsonl"), help="what it has is not run again")
    parser.add_argument("--studies", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first study")
    parser.add_argument("--task", action="append", choices=list(BUDGETS))
    parser.add_argument("--arm", action="append", choices=list(ARMS))
    parser.add_argument("--all-agents", action="store_true", help="gp and freeze-thaw, too: ten times as long")
    args = parser.parse_args()
    print(planted(args) if args.planted else replayed(args))


if __name__ == "__main__":
    main()
