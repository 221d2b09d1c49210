"""Measure what studies gain: search on one task, then claim on test seeds, on the other task and on other hardware.

    python -m tests.bench.evolution [--quick]        # about half an hour of two cores; --quick for a look

Everything is replayed. The study's champion meets its seed document, the best of the organizations in `orgs/`, which is
picked on seeds of its own, one agent, and plain Optuna, all on the same seeds. Writes the tables in
docs/benchmarks.md.
"""

import argparse
import datetime as dt
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from orgopt.document import load, parse
from orgopt.evolve import Arena, Terms
from orgopt.evolve.contest import Contest
from orgopt.evolve.controls import controls
from orgopt.evolve.plain import PLAIN_KINDS
from orgopt.evolve.space import Space
from orgopt.study import statistics
from orgopt.task import load_task

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
BUDGETS = {"tinygpt": 50.0, "digits": 15.0}
"""Lab seconds in which four slots do about 150 experiments."""
SLOTS = 4
SEED = "trio"
RIVALS = ("seed document", "best of orgs/", "one agent", "optuna:tpe", "optuna:tpe+median", "optuna:gp")
PICK, CLAIM = 101, 202  # seeds of contests


def study(task: str, folder: Path, *, quick: bool, tracking: bool) -> tuple[dict, float]:
    """The final record of a study, and its wall seconds."""
    (folder / "mlruns").mkdir(parents=True, exist_ok=True)
    path = folder / f"{SEED}.md"
    path.write_text((ROOT / "orgs" / f"{SEED}.md").read_text("utf-8"), "utf-8")
    size = ["--generations", "3"] if quick else ["--generations", "19", "--population", "8"]
    command = [sys.executable, "-m", "orgopt", "optimize", str(path), "--task", task, "--lab", "replay"]
    command += ["--budget", f"{BUDGETS[task]:g}s", "--slots", str(SLOTS), "--controls", "none", "--test-seeds", "1"]
    command += ["--tracking" if tracking else "--no-tracking", "--json", "--name", f"bench-{task}", *size]
    began = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    return json.loads(done.stdout), time.perf_counter() - began


def contest(
    entrants: Mapping[str, str], seeds: int, *, task: str, seed: int = CLAIM, budget: float = 1.0, slots: int = SLOTS
) -> dict[str, np.ndarray]:
    """Research outputs by entrant, one a seed."""
    terms = Terms(lab="replay", slots=slots, budget_s=BUDGETS[task] * budget, verify_seeds=1)
    with Arena({task: load_task(task)}, terms, workers=os.cpu_count() or 1) as arena:
        one = Contest(entrants, arena, seed=seed)
        one.run(seeds)
        return {
            name: np.array([one.scores[name, task, k]["research_output"] for k in range(seeds)]) for name in entrants
        }


def hand_made(task: str, seeds: int) -> tuple[str, str]:
    """The best organization of `orgs/` on a task: its name and text."""
    texts = {path.stem: path.read_text("utf-8") for path in sorted((ROOT / "orgs").glob("*.md"))}
    del texts["library"]
    outputs = contest(texts, seeds, task=task, seed=PICK)
    best = max(outputs, key=lambda name: outputs[name].mean())
    return best, texts[best]


def rows(task: str, entrants: dict[str, str], *, quick: bool) -> list[str]:
    """The champion against everything else, a row for each condition."""
    other = next(name for name in BUDGETS if name != task)
    seeds = 4 if quick else 40
    conditions = {
        f"{task}, as searched": {"task": task},
        f"{other}, not searched": {"task": other},
        f"{task}, twice the budget": {"task": task, "budget": 2.0},
        f"{task}, 2 slots": {"task": task, "slots": 2},
        f"{task}, 8 slots": {"task": task, "slots": 8},
    }
    found: list[str] = []
    for number, (name, terms) in enumerate(conditions.items()):
        teams = contest({one: text for one, text in entrants.items() if text not in PLAIN_KINDS}, seeds, **terms)
        cells = [name, f"{teams['champion'].mean():+.3f}"]
        for rival in RIVALS:
            few = seeds
            if rival in PLAIN_KINDS:  # takes seconds a run
                few = seeds // (5 if rival == "optuna:gp" else 2 if number == 0 else 4)
                if rival == "optuna:gp" and number:
                    cells.append("")
                    continue
                teams[rival] = contest({rival: rival, "champion": entrants["champion"]}, few, **terms)[rival]
            note = f" ({few} seeds)" if few < seeds else ""
            cells.append(difference(teams["champion"][:few], teams[rival][:few]) + note)
        found.append(f"| {' | '.join(cells)} |")
    return found


def difference(one: np.ndarray, two: np.ndarray) -> str:
    """`+.105 [.020, .190]`, bold where the interval excludes 0."""
    found = statistics.difference(one, two)
    text = f"{found.mean:+.3f} [{found.low:+.3f}, {found.high:+.3f}]"
    return f"**{text}**" if found.verdict != "no difference" else text


def measured(task: str, scratch: Path, *, quick: bool) -> str:
    """A study of a task, and its table."""
    final, wall = study(task, scratch / task, quick=quick, tracking=True)
    champion = parse(Path(final["best"]).read_text("utf-8"), "champion.md")
    seed = load(str(ROOT / "orgs" / f"{SEED}.md"))
    space = Space(seed, load(str(ROOT / "orgs" / "library.md")), BUDGETS[task])
    alone = next(one for one in controls("fast", champion, space, 0) if one.name == "one agent")
    name, best = hand_made(task, 4 if quick else 24)
    entrants = {"champion": champion.text, "seed document": seed.text, "best of orgs/": best}
    entrants["one agent"] = alone.entrants[0].text
    entrants |= {rival: rival for rival in RIVALS if rival.startswith("optuna:")}
    cost, estimates = final["cost"], final["estimates"]
    head = (
        f"Searched on {task}: {final['candidates']} candidates from `orgs/{SEED}.md`, {BUDGETS[task]:g} s on {SLOTS} "
        f"slots; {cost['evaluations']:,} runs of {cost['experiments']:,} experiments in {wall:.0f} s, MLflow included. "
        f"The champion had {estimates['raw']:+.3f} in the search and {estimates['race']:+.3f} in the race. The best of "
        f"`orgs/` there is `{name}`. What the champion changes: {'; '.join(final['changes'])}."
    )
    table = ["| condition | champion | " + " | ".join(f"over {rival}" for rival in RIVALS) + " |", "|---" * 8 + "|"]
    return "\n".join([head, "", *table, *rows(task, entrants, quick=quick)])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="few seeds and candidates; writes nothing")
    parser.add_argument("--task", action="append", help="only this task; several")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        parts = [measured(task, Path(scratch), quick=asked.quick) for task in asked.task or BUDGETS]
    head = f"Measured {dt.datetime.now(dt.UTC):%Y-%m-%d} on {os.cpu_count()} cores, Python {platform.python_version()}."
    text = "\n\n".join([head, *parts])
    print(text)
    if not asked.quick and not asked.task:
        page = PAGE.read_text("utf-8")
        block = f"<!-- evolution -->\n{text}\n<!-- /evolution -->"
        page = re.sub(r"<!-- evolution -->.*<!-- /evolution -->", lambda _: block, page, flags=re.DOTALL)
        PAGE.write_text(page, "utf-8")


if __name__ == "__main__":
    main()
