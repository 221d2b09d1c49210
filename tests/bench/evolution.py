"""Measure what studies gain: search on one task, then claim on test seeds, on the other task and on other hardware.

    python -m tests.bench.evolution --keep FOLDER    # more than an hour of one core
    python -m tests.bench.evolution --quick          # for a look

Everything is replayed. The champions of several studies meet their seed document, a flat linked team, the best of the
organizations in `orgs/`, which is picked on seeds of its own, one agent, and plain Optuna, all on the same seeds.
Writes the tables in docs/benchmarks.md.
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
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from orgopt.document import load, parse
from orgopt.evolve.contest import Contest
from orgopt.evolve.controls import controls
from orgopt.evolve.space.genome import Space
from orgopt.evolve.trials.arena import Arena
from orgopt.evolve.trials.job import ArenaConfig
from orgopt.tasks.folder import load_task

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "benchmarks.md"
BUDGETS = {"tinygpt": 50.0, "digits": 15.0}
"""Lab seconds in which four slots do about 150 experiments."""
SLOTS = 4
SEED = "trio"
PLAIN_SEEDS = {"optuna:tpe": 20, "optuna:tpe+median": 20, "optuna:gp": 12}
"""Test seeds of rivals that take seconds a run where a team takes a tenth of one; GPSampler's tens of seconds."""
RIVALS = ("seed document", "flat linked team", "best of orgs/", "one agent", *PLAIN_SEEDS)
FLAT = "flat-talkers"
PICK, CLAIM = 101, 202  # seeds of contests
RESAMPLES = 4000

Outputs = dict[str, np.ndarray]


def study(task: str, folder: Path, number: int, *, quick: bool) -> tuple[dict, float]:
    """The final record of a study with a seed of its own, and its wall seconds."""
    (folder / "mlruns").mkdir(parents=True, exist_ok=True)
    path = folder / f"{SEED}.md"
    path.write_text((ROOT / "orgs" / f"{SEED}.md").read_text("utf-8"), "utf-8")
    size = ["--generations", "3"] if quick else ["--generations", "19", "--population", "8"]
    command = [sys.executable, "-m", "orgopt", "optimize", str(path), "--task", task, "--lab", "replay", *size]
    command += ["--budget", f"{BUDGETS[task]:g}s", "--slots", str(SLOTS), "--controls", "none", "--test-seeds", "1"]
    command += ["--no-tracking", "--json", "--seed", str(number), "--name", f"bench-{task}-{number}"]
    began = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=folder)
    return json.loads(done.stdout), time.perf_counter() - began


def contest(
    entrants: Mapping[str, str], seeds: int, *, task: str, seed: int = CLAIM, budget: float = 1.0, slots: int = SLOTS
) -> Outputs:
    """Research outputs by entrant, one a seed."""
    terms = ArenaConfig(lab="replay", slots=slots, budget_s=BUDGETS[task] * budget, verify_seeds=1)
    with Arena({task: load_task(task)}, terms, workers=os.cpu_count() or 1) as arena:
        one = Contest(entrants, arena, seed=seed)
        one.run(seeds)
        return {name: np.array([one.scores[name, task, k].research_output for k in range(seeds)]) for name in entrants}


def hand_made(task: str, seeds: int) -> tuple[str, str]:
    """The best organization of `orgs/` on a task: its name and text."""
    texts = {path.stem: path.read_text("utf-8") for path in sorted((ROOT / "orgs").glob("*.md"))}
    del texts["library"]
    outputs = contest(texts, seeds, task=task, seed=PICK)
    best = max(outputs, key=lambda name: outputs[name].mean())
    return best, texts[best]


def conditions(task: str) -> dict[str, dict]:
    """Where the champions of a task are tested, by name."""
    other = next(name for name in BUDGETS if name != task)
    return {
        f"{task}, as searched": {"task": task},
        f"{other}, not searched": {"task": other},
        f"{task}, twice the budget": {"task": task, "budget": 2.0},
        f"{task}, 2 slots": {"task": task, "slots": 2},
        f"{task}, 8 slots": {"task": task, "slots": 8},
    }


def rows(task: str, champions: list[str], rivals: Mapping[str, str], *, quick: bool) -> Iterator[str]:
    """The champions of all studies against everything else on the same seeds, a row for each condition."""
    seeds = 4 if quick else 40
    teams = {str(number): text for number, text in enumerate(champions)}
    teams |= {f"alone {number}": one_agent_of(text, task) for number, text in teams.items()}
    for number, (name, terms) in enumerate(conditions(task).items()):
        outputs = contest({**teams, **rivals}, seeds, **terms)
        ours = np.array([outputs[str(i)] for i in range(len(champions))])
        cells = [name, f"{ours.mean():+.3f} ({', '.join(f'{one.mean():+.2f}' for one in ours)})"]
        for rival in RIVALS:
            if rival == "one agent":
                theirs = np.array([outputs[f"alone {i}"] for i in range(len(champions))])
            elif rival in rivals:
                theirs = outputs[rival][None]
            elif rival == "optuna:gp" and number:
                cells.append("")
                continue
            else:
                few = 2 if quick else PLAIN_SEEDS[rival] // (2 if number else 1)
                theirs = contest({rival: rival}, few, **terms)[rival][None]
            few = theirs.shape[1]
            cells.append(difference(ours[:, :few] - theirs) + (f" ({few} seeds)" if few < seeds else ""))
        yield f"| {' | '.join(cells)} |"


def one_agent_of(text: str, task: str) -> str:
    """One agent of an organization, alone."""
    champion, seed = parse(text, "champion.md"), load(str(ROOT / "orgs" / f"{SEED}.md"))
    space = Space(seed, load(str(ROOT / "orgs" / "library.md")), BUDGETS[task])
    return next((one.entrants[0].text for one in controls(champion, space, 0, 4) if one.name == "one agent"), text)


def difference(apart: np.ndarray) -> str:
    """`+.105 [.020, .190]` of differences by study and seed, bold where the 95 % interval excludes 0.

    Studies and seeds are both resampled: another study would have had another champion.
    """
    rng = np.random.default_rng(0)
    studies, seeds = apart.shape
    drawn = [
        apart[np.ix_(rng.integers(studies, size=studies), rng.integers(seeds, size=seeds))].mean()
        for _ in range(RESAMPLES)
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    text = f"{apart.mean():+.3f} [{low:+.3f}, {high:+.3f}]"
    return f"**{text}**" if low > 0 or high < 0 else text


def measured(task: str, scratch: Path, studies: int, *, quick: bool) -> str:
    """The studies of a task, and its table."""
    done = [study(task, scratch / f"{task}-{number}", number, quick=quick) for number in range(studies)]
    champions = [Path(final["best"]).read_text("utf-8") for final, _ in done]
    name, best = hand_made(task, 4 if quick else 24)
    texts = {one: (ROOT / "orgs" / f"{one}.md").read_text("utf-8") for one in (SEED, FLAT)}
    rivals = {"seed document": texts[SEED], "flat linked team": texts[FLAT], "best of orgs/": best}
    runs, experiments = (sum(final["cost"][kind] for final, _ in done) for kind in ("evaluations", "experiments"))
    raw, race = (np.mean([final["estimates"][kind] for final, _ in done]) for kind in ("raw", "race"))
    head = (
        f"Searched on {task} by {studies} studies with seeds of their own: {done[0][0]['candidates']} candidates each "
        f"from `orgs/{SEED}.md`, {BUDGETS[task]:g} s on {SLOTS} slots; {runs:,} runs of {experiments:,} experiments "
        f"in {sum(wall for _, wall in done):.0f} s in all. On average, the champions had {raw:+.3f} in the search and "
        f"{race:+.3f} in the race. The best of `orgs/` there is `{name}`; the flat linked team is `{FLAT}`."
    )
    changes = "\n".join(f"- Study {i}: {'; '.join(final['changes'])}." for i, (final, _) in enumerate(done))
    table = ["| condition | champions | " + " | ".join(f"over {one}" for one in RIVALS) + " |"]
    table += ["|---" * (2 + len(RIVALS)) + "|", *rows(task, champions, rivals, quick=quick)]
    return "\n".join([head, "", *table, "", f"What the champions of {task} change:", "", changes])


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--quick", action="store_true", help="few seeds and candidates; writes nothing")
    parser.add_argument("--task", action="append", help="only this task; several")
    parser.add_argument("--studies", type=int, default=4, help="study seeds a task")
    parser.add_argument("--keep", type=Path, help="a folder of the studies; those that are there go on")
    asked = parser.parse_args()
    with ExitStack() as stack:
        scratch = asked.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        parts = [measured(task, scratch.resolve(), asked.studies, quick=asked.quick) for task in asked.task or BUDGETS]
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
