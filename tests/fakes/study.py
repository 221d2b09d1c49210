"""Records of a study that was never run: as an optimizer would log them, with documents that read, and made-up scores.

Every number comes from one seed. A candidate's hidden quality is its parent's with a step; a score is that and noise.
"""

import json
import math
import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from orgopt.document import AddRole, Edit, Program, apply, changes, describe, load, parse, read
from orgopt.document.editing.base import SetKey
from orgopt.document.editing.edits_of_links import AddLink, RemoveLink, SetPattern
from orgopt.document.editing.edits_of_roles import library_text
from orgopt.document.editing.edits_of_text import SetCharter
from orgopt.document.grammar.arrows import format_link
from orgopt.errors import DocumentError
from orgopt.org import Link, Org, Standup
from orgopt.scoring.score import Score
from orgopt.seeds import VERSION
from orgopt.storage.jsonl import JsonLog, end_path
from orgopt.study.records.head import TaskRecord
from orgopt.study.records.kinds import Record as Read
from orgopt.study.records.reader import parse_records
from orgopt.study.view import StudyView, study
from orgopt.tasks.task import Measure
from tests.conftest import ROOT

Record = dict[str, Any]
BUDGET_S = 120.0
PHASES = ("search", "race", "test", "held-out", "knock-out", "real")
TASKS = {"digits": "A small network on images with wrong labels", "tinygpt": "A byte-level GPT"}
CONTROLS = {
    "one agent": ("a single agent with all the slots", -0.21),
    "silent": ("the same agents without links and stand-up", -0.17),
    "random 3": ("a random document of the same space", -0.24),
    "shuffled 3": ("the champion with its links dealt anew", -0.03),
    "optuna:tpe": ("Optuna's TPE on the task itself, same slots and budget", -0.19),
    "optuna:tpe+median": ("TPE that prunes runs worse than the median", -0.12),
    "optuna:gp": ("Optuna's GPSampler on the task itself", 0.03),
}
CHARTERS = (
    "Start from the best that you know, and change two things at once when one alone did nothing.",
    "Say what you expect before you run it. Where the result surprises you, run it again before you tell anyone.",
    "Leave the learning rate to the others. Width, depth and the end of the run are yours.",
)


def records(
    generations: int = 5, population: int = 8, *, seed: int = 1, tests: int = 40, title: str | None = None
) -> list[Record]:
    """A whole study: search, race, tests on two tasks, a held-out task, ablations and a few real runs."""
    return json.loads(json.dumps(list(_Maker(generations, population, seed, tests, title).records())))


def parsed(told: Sequence[Record]) -> list[Read]:
    """Records as a log of them would be read."""
    return parse_records([json.dumps(record).encode() for record in told], "study.jsonl")


def cut(path: Path, lines: int, torn: bytes = b"") -> None:
    """Leave a log as a kill does after some lines."""
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:lines]) + torn)
    end_path(path).unlink(missing_ok=True)


def rewrite(path: Path, told: Iterable[Record]) -> None:
    """Write a log anew, with the hashes of other records."""
    path.unlink()
    log = JsonLog(path, counted=True)
    for record in told:
        log.append(record)
    log.close()


def task_record(heldout: str, unit: str) -> TaskRecord:
    """What a log has of a task whose baseline is .5."""
    measure = Measure(metric=0.5, heldout=0.5, sd=0.01, seeds=16)
    better = replace(measure, metric=0.1, heldout=0.1)
    return TaskRecord(baseline=measure, reference=better, title="A task", metric="metric", heldout=heldout, unit=unit)


def score_of(output: float, *, heldout: float, curve: tuple[tuple[float, float], ...]) -> Score:
    """The score of a run of nine experiments."""
    return Score(
        research_output=output, q_final=output, q_mean=output, q_error=0.01, heldout=heldout, metric=heldout,
        submission={}, curve=curve, utilisation=0.9, spent_slot_s=9.0, agent_s=1.0, lab={"lab": "replay"},
        experiments={"ok": 9}, common_error="", meetings=0, messages=0,
    )  # fmt: skip


def view(told: Sequence[Record]) -> StudyView:
    """The view of a log of records."""
    return study(parsed(told))


class _Maker:
    def __init__(self, generations: int, population: int, seed: int, tests: int, title: str | None) -> None:
        self.generations, self.population, self.tests = generations, population, tests
        self.rng, self.at = random.Random(seed), 1_790_000_000.0
        self.seed_program = load(ROOT / "orgs" / "trio.md")
        if title is not None:
            self.seed_program = _renamed(self.seed_program, title)
        self.library = load(ROOT / "orgs" / "library.md")
        self.programs: list[Program] = []
        self.qualities: dict[str, float] = {}
        self.scores: dict[tuple[str, str, str], list[float]] = {}

    def records(self) -> Iterator[Record]:
        yield self._study()
        for generation in range(self.generations):
            yield from self._generation(generation)
        yield from self._race()
        champion = max(self.racers[:3], key=lambda name: self._mean("race", name, list(TASKS)))
        self.qualities |= {name: self.qualities[champion] + gap for name, (_, gap) in CONTROLS.items()}
        for name, (about, _) in CONTROLS.items():
            yield self._stamp("entrant", entrant=name, role="control", program="", about=about)
        entrants = list(dict.fromkeys([champion, "g00-c00", *CONTROLS]))
        yield from self._runs("test", entrants, list(TASKS), self.tests)
        yield from self._runs("held-out", entrants, ["nk"], max(2, self.tests // 2))
        yield from self._runs("real", entrants[:2], ["tinygpt"], 5)
        parts = list(self._parts(champion))
        for part, _, _, loss in parts:
            self.qualities[f"without {part}"] = self.qualities[champion] - loss
            yield self._stamp("entrant", entrant=f"without {part}", role="knock-out", program="", about=f"no {part}")
        yield from self._runs(
            "knock-out", [champion, *(f"without {part[0]}" for part in parts)], list(TASKS), min(20, 2 * self.tests)
        )
        yield self._final(champion, entrants, parts)

    def _stamp(self, kind: str, **values: Any) -> Record:
        self.at += self.rng.uniform(0.05, 0.4)
        return {"kind": kind, **values, "at": round(self.at, 3)}

    def _study(self) -> Record:
        lab = {"lab": "replay", "world": "9f3c2a71d0e4", "orgopt": "0.1.0"}
        measure = {"sd": 0.014, "seeds": 16}
        tasks = {
            name: {
                "title": title, "metric": "val_loss", "heldout": "heldout_loss", "unit": "nats",
                "baseline": {"metric": 3.098, "heldout": 3.115, **measure},
                "reference": {"metric": 2.843, "heldout": 2.869, **measure},
            }
            for name, title in TASKS.items()
        }  # fmt: skip
        identity = {
            "sampler": "tpe", "objectives": ["research output"], "population": self.population, "budget_s": BUDGET_S,
            "slots": 4, "seed": 0, "streams": VERSION, "search_seeds": 5, "verify_seeds": 2, "fix": [], "only": [],
            "program": "5b1f0f6a9d11", "library": "77ac91c0de42",
            "tasks": {name: {"digest": f"{name}-3f9a1c", "baseline": 3.115, "lab": lab} for name in TASKS},
        }  # fmt: skip
        command = (
            "orgopt optimize orgs/trio.md --task digits --task tinygpt --held-out-task nk --lab replay --budget 2m"
        )
        return self._stamp(
            "study", name="trio-digits-tinygpt-5b1f", schema_version=2, orgopt="0.1.0", identity=identity,
            tasks=tasks, program=self.seed_program.text, source="orgs/trio.md", command=command,
        )  # fmt: skip

    def _generation(self, generation: int) -> Iterator[Record]:
        for place in range(self.population):
            index = len(self.programs)
            name = f"g{generation:02}-c{place:02}"
            parent = None if index == 0 else self._parent(generation)
            program, lines = self.seed_program, list[str]()
            if parent is not None:
                program, lines = self._child(self.programs[parent])
            self.programs.append(program)
            step = self.rng.gauss(0.012, 0.06)
            self.qualities[name] = 0.4 if parent is None else min(0.74, self.qualities[self._name(parent)] + step)
            yield self._stamp(
                "candidate", index=index, name=name, generation=generation, parent=parent,
                proposer="seed" if parent is None else "tpe" if self.rng.random() < 0.8 else "random",
                params={"explorer.headcount": self.rng.randint(0, 6), "standup.every": 8}, program=program.text,
                changes=lines,
            )  # fmt: skip
            poor = self.qualities[name] < 0.36
            yield from self._runs("search", [name], list(TASKS), 2 if poor else 5)
        yield self._stamp("generation", generation=generation)

    def _name(self, index: int) -> str:
        return f"g{index // self.population:02}-c{index % self.population:02}"

    def _parent(self, generation: int) -> int:
        known = range(max(1, generation * self.population))
        return max(self.rng.sample(known, min(4, len(known))), key=lambda i: self.qualities[self._name(i)])

    def _child(self, parent: Program) -> tuple[Program, list[str]]:
        for _ in range(50):
            edits = [edit for _ in range(self.rng.randint(1, 3)) for edit in self._edit(parent)]
            try:
                child = apply(edits, parent)
            except DocumentError:
                continue
            if child.text != parent.text:
                return child, describe(edits, read(parent).org)
        raise AssertionError("no edit fits")

    def _edit(self, program: Program) -> list[Edit]:
        org = read(program).org
        role = self.rng.choice(org.roles)
        other = self.rng.choice(org.roles)
        kind = self.rng.randrange(8)
        if kind == 0:
            every = Standup(every=self.rng.choice([4, 6, 8, 12, 20]), unit="experiments", share=self.rng.randint(1, 4))
            return [SetKey(None, "stand-up", every)]
        if kind == 1:
            return [SetKey(role.id, "agent", self.rng.choice(["tpe", "gp", "evolution", "hill-climb"]))]
        if kind == 2 and other.id != role.id:
            link = Link(source=role.id, target=other.id, kind="shares with", mutual=True)
            return [] if any(link.key == old.key for old in org.links) else [AddLink(link)]
        if kind == 3:
            new = self.rng.choice(read(self.library).org.roles)
            return [] if org.role(new.id) or len(org.roles) > 5 else [AddRole(library_text(self.library, new.id))]
        if kind == 4:
            return [SetCharter(role.id, self.rng.choice(CHARTERS))]
        if kind == 5 and org.links:
            link = self.rng.choice(org.links)
            if link.kind == "shares with":
                return [
                    SetPattern(
                        Link(source=link.source, target=link.target, kind=link.kind, mutual=True, pattern="ring")
                    )
                ]
            return [RemoveLink(link)] if len(org.links) > 2 else []
        if kind == 6:
            return [SetKey(role.id, "risk tolerance", round(self.rng.uniform(0.05, 0.95), 2))]
        return [SetKey(role.id, "headcount", self.rng.randint(1, 5))]

    def _runs(self, phase: str, entrants: Sequence[str], tasks: Sequence[str], seeds: int) -> Iterator[Record]:
        for k in range(seeds):
            for entrant in entrants:
                for task in tasks:
                    shift = {"digits": 0.04, "tinygpt": -0.04, "nk": -0.09}[task]
                    final = self.qualities[entrant] + shift + self.rng.gauss(0.08, 0.11)
                    score = self._score(final)
                    self.scores.setdefault((phase, entrant, task), []).append(score["research_output"])
                    yield self._stamp(
                        "evaluation", phase=phase, entrant=entrant, task=task, k=k,
                        seed=1000 * PHASES.index(phase) + k, score=score, wall_s=0.1,
                    )  # fmt: skip

    def _score(self, final: float) -> Record:
        times = sorted(self.rng.uniform(3, BUDGET_S) for _ in range(self.rng.randint(5, 12)))
        curve = [(0.0, 0.0)]
        for i, t in enumerate(times, 1):
            noise = self.rng.gauss(0, 0.02) if i < len(times) else 0
            curve.append((round(t, 3), final * (1 - math.exp(-4 * i / len(times))) / (1 - math.exp(-4)) + noise))
        ends = [*[t for t, _ in curve[1:]], BUDGET_S]
        mean = sum(q * (end - t) for (t, q), end in zip(curve, ends, strict=True)) / BUDGET_S
        output = (final + mean) / 2
        return {
            "research_output": output, "q_final": final, "q_mean": mean, "q_error": 0.01,
            "heldout": 3.115 - 0.246 * final,
            "metric": 3.098 - 0.25 * final, "submission": {"LR": 0.003}, "curve": curve, "utilisation": 0.93,
            "spent_slot_s": 446.0, "agent_s": 61.0, "lab": {"lab": "replay", "world": "9f3c2a71d0e4"},
            "experiments": {"ok": 140, "stopped": 12, "unfinished": 4}, "common_error": "",
            "meetings": 9, "messages": 212, "disqualified": "",
        }  # fmt: skip

    def _mean(self, phase: str, entrant: str, tasks: Sequence[str]) -> float:
        return fmean(
            fmean(self.scores[phase, entrant, task]) for task in tasks if (phase, entrant, task) in self.scores
        )

    def _race(self) -> Iterator[Record]:
        ranked = sorted(self._names(), key=lambda name: -self._mean("search", name, list(TASKS)))
        self.racers = ranked[:6]
        for place, name in enumerate(self.racers):
            yield from self._runs("race", [name], list(TASKS), 12 if place < 3 else 6)

    def _difference(self, phase: str, champion: str, entrant: str, tasks: Sequence[str]) -> Record:
        pairs = [
            [a - b for a, b in zip(self.scores[phase, champion, t], self.scores[phase, entrant, t], strict=True)]
            for t in tasks
        ]
        values = [fmean(column) for column in zip(*pairs, strict=True)]
        mean = fmean(values)
        half = 1.96 * stdev(values) / math.sqrt(len(values))
        return {"difference": mean, "low": mean - half, "high": mean + half, "seeds": len(values), "mdd": 1.43 * half}

    def _claims(self, champion: str, entrants: Sequence[str]) -> Iterator[Record]:
        phases = {"test": (list(TASKS), entrants), "held-out": (["nk"], entrants), "real": (["tinygpt"], entrants[1:2])}
        for phase, (tasks, against) in phases.items():
            for group in [tasks, *([[task] for task in tasks] if len(tasks) > 1 else [])]:
                for entrant in against:
                    if entrant == champion:
                        continue
                    found = self._difference(phase, champion, entrant, group)
                    verdict = "better" if found["low"] > 0 else "worse" if found["high"] < 0 else "no difference"
                    yield {
                        "phase": phase, "task": "all" if len(group) > 1 else group[0],
                        "entrant": "seed document" if entrant == "g00-c00" else entrant,
                        "mean": self._mean(phase, entrant, group),
                        "champion_mean": self._mean(phase, champion, group), **found, "verdict": verdict,
                    }  # fmt: skip

    def _parts(self, champion: str) -> Iterator[tuple[str, str, str, float]]:
        org: Org = read(self.programs[self._names().index(champion)]).org
        names = {role.id: role.name for role in org.roles}
        for role in org.roles:
            yield role.name, role.id, "", self.rng.choice([-0.03, 0.02, 0.08, 0.16])
        for link in org.links:
            text = format_link(link, names)
            yield text, "", text, self.rng.choice([-0.06, 0.0, 0.05, 0.11])
        if org.standup:
            yield "Stand-up", "", "", 0.07

    def _names(self) -> list[str]:
        return [self._name(i) for i in range(len(self.programs))]

    def _final(self, champion: str, entrants: Sequence[str], parts: Sequence[tuple[str, str, str, float]]) -> Record:
        names = list(TASKS)
        race = [
            {
                "entrant": name, "mean": (mean := self._mean("race", name, names)),
                "low": mean - 0.05, "high": mean + 0.05, "n": 12 if place < 3 else 6,
                "seeds": 12 if place < 3 else 6, "dropped_at": None if place < 3 else 6,
            }
            for place, name in enumerate(self.racers)
        ]  # fmt: skip
        raw = self._mean("search", champion, names)
        usual = fmean(self._mean("search", name, names) for name in self._names())
        knock_outs = [
            {"part": part, "role": role, "link": link}
            | {k: v for k, v in self._difference("knock-out", champion, f"without {part}", names).items() if k != "mdd"}
            for part, role, link, _ in parts
        ]
        genome = ("Explorer: headcount", "Lead: agent", "Stand-up", "links: shares with", "risk tolerance", "copy rule")
        return self._stamp(
            "final", candidates=len(self.programs), champion=champion, simplest=self.racers[1], race=race,
            changes=changes(self.seed_program, self.programs[self._names().index(champion)]),
            estimates={
                "raw": raw, "shrunken": 0.6 * raw + 0.4 * usual, "race": self._mean("race", champion, names),
                "test": {"mean": self._mean("test", champion, names), "low": 0.4, "high": 0.9, "n": self.tests},
            },
            claims=list(self._claims(champion, entrants)), knock_outs=knock_outs,
            importances=[{"part": part, "importance": 0.44 / 1.9**i} for i, part in enumerate(genome)],
            cost={
                "experiments": 153_120, "lab_slot_s": 482_000.0, "wall_s": 171.0, "evaluations": 1_046,
                "real_evaluations": 10,
            },
        )  # fmt: skip


def _renamed(program: Program, name: str) -> Program:
    """The program with that title, and that name for its role Explorer, everywhere in the text."""
    return parse(program.text.replace("# Trio", f"# {name}", 1).replace("Explorer", name), "renamed.md")
