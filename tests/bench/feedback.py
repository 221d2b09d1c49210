"""How many candidates a study needs with a model of what was tried, against plain TPE.

    python -m tests.bench.feedback --log feedback.jsonl --studies 10     # resumable; over an hour of two cores
    python -m tests.bench.feedback --log feedback.jsonl --table

Everything is replayed. After each generation the incumbent, the candidate of the highest estimate so far, is run on
fresh seeds that no study uses: what it really achieves there is compared. `own off` is plain TPE whose candidates have
seeds of their own, as those of all others but `off` have. `warm` learns from the plain study of the
same seed on the other task, `again` from that of another seed on the same one. Candidates needed are those until the
mean over studies reaches what plain TPE reaches at the end.
"""

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from orgopt.document import parse
from orgopt.lab import make_lab
from orgopt.scoring.evaluation import evaluate
from orgopt.storage.jsonl import JsonLog, read_lines
from orgopt.study.standing import believed, standings
from orgopt.study.statistics import interval
from orgopt.study.view import load_study
from orgopt.tasks.folder import load_task
from tests.bench.evolution import BUDGETS, ROOT, SEED, SLOTS

GENERATIONS, POPULATION = 19, 8
PLAIN, OWN = "off", "own off"
MODES = (PLAIN, OWN, "screen", "write", "both", "warm screen", "again screen")
OWN_SEEDS = """
from orgopt.evolve import runs, search
search.Runs = lambda *given, **named: runs.Runs(*given, **{**named, "own_seeds": True})
from orgopt.cli import main
main()
"""
FRESH = range(900_000, 900_024)  # seeds of no study
RESAMPLES = 2000


def study(task: str, mode: str, seed: int, workspace: Path) -> Path:
    """Run a study; returns its folder."""
    (workspace / "mlruns").mkdir(parents=True, exist_ok=True)
    (workspace / f"{SEED}.md").write_text((ROOT / "orgs" / f"{SEED}.md").read_text("utf-8"), "utf-8")
    program = ["-c", OWN_SEEDS] if mode == OWN else ["-m", "orgopt"]
    command = [sys.executable, *program, "optimize", f"{SEED}.md", "--task", task, "--lab", "replay"]
    command += ["--budget", f"{BUDGETS[task]:g}s", "--slots", str(SLOTS), "--generations", str(GENERATIONS)]
    command += ["--population", str(POPULATION), "--race-seeds", "0", "--test-seeds", "1", "--controls", "none"]
    name = f"{task}-{mode.replace(' ', '-')}"
    command += ["--no-tracking", "--workers", "1", "--seed", str(seed), "--name", name, "--feedback", mode.split()[-1]]
    if mode.startswith(("warm", "again")):
        command += ["--learn-from", _older(task, mode, seed, workspace)]
    subprocess.run(command, check=True, capture_output=True, cwd=workspace)
    return workspace / "mlruns" / "studies" / name


def _older(task: str, mode: str, seed: int, workspace: Path) -> str:
    """The plain study that a study learns from, of the other task or of another seed: copied into its workspace."""
    warm = mode.startswith("warm")
    other = next(one for one in BUDGETS if one != task) if warm else task
    folder = plain(other, seed if warm else seed ^ 1, workspace.parent)
    shutil.copytree(folder, workspace / "mlruns" / "studies" / "older", dirs_exist_ok=True)
    return "older"


def plain(task: str, seed: int, scratch: Path) -> Path:
    """The folder of a plain study, which is run once."""
    workspace = scratch / f"{task}-{seed}"
    folder = workspace / "mlruns" / "studies" / f"{task}-{PLAIN}"
    return folder if (folder / "best.md").exists() else study(task, PLAIN, seed, workspace)


def curve(folder: Path, task: str) -> list[float]:
    """What the incumbent after each generation achieves on fresh seeds."""
    view = load_study(folder)
    generations = [record for record in read_lines(folder / "study.jsonl") if record["kind"] == "generation"]
    lab = make_lab(load_task(task), "replay", SLOTS)
    outputs = {
        one.name: np.array([score.research_output for score in one.scores[task]])
        for one in view.candidates
        if one.standing
    }
    known: dict[str, float] = {}
    found: list[float] = []
    for generation in range(GENERATIONS):
        so_far = [one.name for one in view.candidates if one.record.generation <= generation and one.standing]
        told, _ = standings({name: outputs[name] for name in so_far})
        told = believed(told, generations[generation].get("estimates", {}))
        best = view.candidate(max(told, key=lambda name: told[name].estimate))
        assert best
        text = best.record.program
        if text not in known:
            runs = [
                evaluate(parse(text), load_task(task), lab, budget_s=BUDGETS[task], seed=seed).research_output
                for seed in FRESH
            ]
            known[text] = float(np.mean(runs))
        found.append(round(known[text], 4))
    return found


def measured(task: str, mode: str, seed: int, scratch: Path) -> dict:
    """A record of the log."""
    if mode == PLAIN:
        return _record(plain(task, seed, scratch), task, mode, seed)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        return _record(study(task, mode, seed, Path(folder)), task, mode, seed)


def _record(folder: Path, task: str, mode: str, seed: int) -> dict:
    candidates = [record for record in read_lines(folder / "study.jsonl") if record["kind"] == "candidate"]
    by = dict(Counter(one["proposer"] for one in candidates))
    models = [record for record in read_lines(folder / "study.jsonl") if record["kind"] == "model"]
    kept = [{key: one.get(key) for key in ("candidates", "spearman", "coverage", "related")} for one in models]
    where = {"task": task, "mode": mode, "seed": seed}
    return {**where, "curve": curve(folder, task), "proposed": by, "models": kept[-1:]}


def needed(curves: np.ndarray, goal: float) -> float:
    """Candidates until the mean of some studies is at a goal from then on; infinite where it never is."""
    reached = np.flatnonzero(curves.mean(0) >= goal)
    return float((reached[0] + 1) * POPULATION) if len(reached) else float("inf")


def table(path: Path) -> str:
    """The rows of docs/benchmarks.md."""
    records = list(read_lines(path))
    heads = ["task", "proposals", "studies", "at 48", "at 96", "at 152", "minus plain at 48", "at 152"]
    lines = ["| " + " | ".join([*heads, "candidates needed", "their share of 152"]) + " |"]
    lines.append("|---" * 10 + "|")
    for task in BUDGETS:
        curves = {
            mode: {one["seed"]: one["curve"] for one in records if (one["task"], one["mode"]) == (task, mode)}
            for mode in MODES
        }
        for mode in MODES:
            seeds = sorted(set(curves[mode]) & set(curves[PLAIN]))
            if len(seeds) < 2:
                continue
            ours, plain = (np.array([curves[one][seed] for seed in seeds]) for one in (mode, PLAIN))
            rng, ratios = np.random.default_rng(0), []
            for _ in range(RESAMPLES):
                rows = rng.integers(len(seeds), size=len(seeds))
                goal = plain[rows].mean(0)[-1]
                ratios.append(needed(ours[rows], goal) / (GENERATIONS * POPULATION))
            low, high = np.quantile(ratios, [0.025, 0.975], method="nearest")
            goal = needed(ours, plain.mean(0)[-1])
            at = [f"{ours.mean(0)[n // POPULATION - 1]:+.3f}" for n in (48, 96, 152)]
            apart = [interval((ours - plain)[:, n // POPULATION - 1]) for n in (48, 152)]
            at += [f"{one.mean:+.3f} [{one.low:+.3f}, {one.high:+.3f}]" if mode != PLAIN else "" for one in apart]
            ratio = f"{goal / (GENERATIONS * POPULATION):.2f} [{low:.2f}, {high:.2f}]".replace("inf", "none")
            wanted = f"{goal:.0f}" if np.isfinite(goal) else "not in 152"
            lines.append(f"| {task} | {mode} | {len(seeds)} | {' | '.join(at)} | {wanted} | {ratio} |")
    return "\n".join(lines)


def pooled(path: Path) -> str:
    """Differences of incumbents over all tasks, paired by seed, with one standard error."""
    found = {(one["mode"], one["task"], one["seed"]): one["curve"] for one in read_lines(path)}
    lines = ["| difference of incumbents | at 48 | at 96 | at 152 |", "|---|---|---|---|"]
    for mode in MODES[1:]:
        for base in (PLAIN, OWN)[: 1 + (mode != OWN)]:
            pairs = [(curve, found.get((base, *rest))) for (one, *rest), curve in found.items() if one == mode]
            apart = np.array([np.subtract(ours, theirs) for ours, theirs in pairs if theirs])
            if len(apart) < 2:
                continue
            at = apart[:, [n // POPULATION - 1 for n in (48, 96, 152)]]
            errors = at.std(0, ddof=1) / len(at) ** 0.5
            cells = [f"{mean:+.3f} ± {error:.3f}" for mean, error in zip(at.mean(0), errors, strict=True)]
            lines.append(f"| `{mode}` - `{base}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", type=Path, required=True, help="what it has is not run again")
    parser.add_argument("--studies", type=int, default=10)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first study")
    parser.add_argument("--scratch", type=Path, default=Path("build/feedback"), help="where plain studies are kept")
    parser.add_argument("--mode", action="append", choices=MODES)
    parser.add_argument("--task", action="append", choices=list(BUDGETS))
    parser.add_argument("--table", action="store_true", help="only print what is known")
    asked = parser.parse_args()
    if not asked.table:
        done = (
            {(one["task"], one["mode"], one["seed"]) for one in read_lines(asked.log)} if asked.log.exists() else set()
        )
        wanted = [
            (task, mode, seed)
            for mode in asked.mode or MODES  # plain ones first: others learn from them
            for seed in range(asked.first, asked.first + asked.studies)
            for task in asked.task or BUDGETS
        ]
        asked.scratch.mkdir(parents=True, exist_ok=True)
        log = JsonLog(asked.log)
        with ThreadPoolExecutor(2) as pool:
            for record in pool.map(
                lambda one: _one(*one, asked.scratch.resolve()), [one for one in wanted if one not in done]
            ):
                log.append(json.loads(record))
        log.close()
    print(table(asked.log), pooled(asked.log), sep="\n\n")


def _one(task: str, mode: str, seed: int, scratch: Path) -> str:
    body = (
        "import json, sys; from pathlib import Path; from tests.bench.feedback import measured; "
        "print(json.dumps(measured(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))))"
    )
    command = [sys.executable, "-c", body, task, mode, str(seed), str(scratch)]
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stdout


if __name__ == "__main__":
    main()
