"""Runs of language agents in studies and contests, each kept in a folder from which it is repeated for free.

FOLDER/    as of `orgopt run`, whose --resume takes it
    program.md  run.json  language.json    what was run, and the models and prices that it was begun with
    answers.jsonl                          what models answered
    ledger.jsonl                           of real training alone; in virtual time it follows from the answers
    memory/  memory-after/                 what roles with lasting memory read, and what they wrote
"""

import shutil
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from orgopt.agents.session import Means, speaks
from orgopt.agents.thinking.memories import MAX_MEMORY_BYTES, Memories
from orgopt.agents.thinking.spend import OVER_BUDGET
from orgopt.document import Program, parse, read, require_org
from orgopt.errors import ModelError, StoreError
from orgopt.lab.base import Lab
from orgopt.lab.sandbox.choice import chosen
from orgopt.ledger import Ledger, write_text
from orgopt.scoring.calibration import measured
from orgopt.scoring.evaluation import Score, verified
from orgopt.scoring.evaluation import run as run_team
from orgopt.storage.seal import write_record
from orgopt.tasks.task import Task
from orgopt.team.no_result import lost, reopened, set_aside
from orgopt.team.runtime import Watcher

PLAIN_PREFIX = "optuna:"
"""What begins the name of a plain sampler, which stands where a document may."""

MEMORY, WRITTEN, LEDGER, ANSWERS = "memory", "memory-after", "ledger.jsonl", "answers.jsonl"
Memory = tuple[tuple[str, str], ...]
"""What roles with lasting memory remember: the id of each, and its text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """Where a run of language agents is kept, and what they remember of earlier runs.

    Attributes:
        folder: Its folder, which may have what an earlier attempt at the same run left.
        memory: What they begin with.
        remembers: Whether they write what they remember at its end.
    """

    folder: str
    memory: Memory = ()
    remembers: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSettings:
    """How a run goes: see `evaluate`; `lab` is its name, None for one that `orgopt run` cannot open."""

    lab: str | None
    slots: int
    budget_s: float
    seed: int
    verify_seeds: int
    means: Means | None = None


def evaluate_kept(
    program: Program, task: Task, lab: Lab, settings: RunSettings, keeping: Keeping, watch: Watcher | None = None
) -> tuple[Score, Ledger, Memory]:
    """Run and score a program as `evaluate` does; what an earlier attempt was answered is not asked again.

    Returns:
        The score, the ledger, and what roles with lasting memory wrote.

    Raises:
        DocumentError: The program has errors.
        UsageError: A role has no model, or a model no key or no price.
        OverBudgetError: What the run shares with others is spent, so that it counts for nothing.
        ModelError: What agents think with did not answer, or with nothing of use: likewise.
        LabError: The lab broke.
        StoreError: The folder cannot be written, or its ledger is of another run.
    """
    org, folder, task = require_org(program), Path(keeping.folder), measured(task, lab)
    _begin(folder, program, task, settings, keeping)
    written = folder / WRITTEN
    memories = Memories(folder / MEMORY, written if keeping.remembers else None)
    # A replay costs nothing but answers, which are kept: it begins anew. Training goes on from its ledger.
    ledger = Ledger() if lab.virtual else _reopened(folder / LEDGER)
    with closing(ledger), (settings.means or Means()).open(org, folder=folder, memories=memories) as language:
        given: dict[str, Any] = {"budget_s": settings.budget_s, "seed": settings.seed, "ledger": ledger}
        try:
            run_team(program, task, lab, watch=watch, language=language, **given)
        except ModelError:
            if (found := lost(ledger)) and not found.at:
                set_aside(folder / ANSWERS)
            raise
        score = verified(task, lab, verify_seeds=settings.verify_seeds, **given)
    return score, ledger, _read(written)


@lru_cache(maxsize=256)
def needs_keeping(text: str) -> bool:
    """Whether runs of a document, or plain sampler, cost what should not be paid twice: it has language agents."""
    return not text.startswith(PLAIN_PREFIX) and speaks(read(parse(text)).org)


def write_memory(folder: Path, memory: Mapping[str, str] | Memory) -> None:
    """Write what roles remember, a Markdown file a role, in place of what the folder had.

    Raises:
        StoreError: The folder cannot be written.
    """
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    except OSError as error:
        raise StoreError(f"cannot write {folder}: {error.strerror}") from None
    for role, text in dict(memory).items():
        write_text(folder / f"{role}.md", text.strip() + "\n")


def _begin(folder: Path, program: Program, task: Task, settings: RunSettings, keeping: Keeping) -> None:
    write_memory(folder / MEMORY, keeping.memory)
    shutil.rmtree(folder / WRITTEN, ignore_errors=True)
    write_text(folder / "program.md", program.text)
    if settings.lab is not None:
        asked = {
            "program": program.source,
            "task": task.address,
            "lab": settings.lab,
            "budget_s": settings.budget_s,
            "slots": settings.slots,
            "seed": settings.seed,
            "verify_seeds": settings.verify_seeds,
            "sandbox": chosen().value,
            "of_study": True,
            "remembers": keeping.remembers,
        }
        write_record(folder / "run.json", asked)


def _reopened(path: Path) -> Ledger:
    """A ledger to be continued, up to where an agent could not think on, or was not answered: it is asked again."""
    ledger = Ledger.load(path)
    ledger.close()
    short = [at for at, event in enumerate(ledger.events) if event.data.get("failure") == OVER_BUDGET]
    found = lost(ledger)
    return reopened(path, min([*short[:1], *([found.at] if found else [])], default=None))


def _read(folder: Path) -> Memory:
    files = sorted(folder.glob("*.md"))
    return tuple((path.stem, path.read_bytes()[:MAX_MEMORY_BYTES].decode("utf-8", "replace").strip()) for path in files)
