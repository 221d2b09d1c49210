"""Tasks of several experiments against single proposals, at equal tokens, with a scripted model.

The model turns one knob of the start that it is shown, by chance: what differs is where agents start, and nothing that
a model knows. So figures are of the organization, not of any model's ideas.

    python -m tests.bench.macro_tasks [SEEDS]
"""

import random
import sys
from contextlib import closing
from statistics import fmean, stdev

from orgopt.agents.session import Language
from orgopt.agents.toml_models import LanguageSettings, ModelSettings, Price
from orgopt.document import parse
from orgopt.document.linting.lint import require_org
from orgopt.lab import make_lab
from orgopt.scoring.evaluation import evaluate
from orgopt.tasks.folder import load_task
from tests.conftest import ROOT
from tests.fakes.llm_server import MODEL, Call, LlmServer, fields
from tests.fakes.researcher import knobs_of
from tests.test_command_agents import Ticks

DOCUMENT = """\
# Lab

Find the lowest loss.

## Roles

### Lead
- **Agent:** replicate
{length}

### Hand
- **Headcount:** 3
- **Agent:** llm
- **Copy rule:** own

Turn one knob.

## Links
- Lead → Hand: delegates to
- Hand → Lead: reports to
"""
LENGTHS = ("", "- **Task length:** 3 experiments", "- **Task length:** 6 experiments")
WORLDS = ("nk", "digits")
TOKENS = 60_000
BUDGET_S = {"nk": 200.0, "digits": 200.0}  # enough for all tokens


def turn(call: Call) -> str:
    """Turn one knob: a bit over, a number to somewhere else."""
    drawn = random.Random(call.user)
    name, value = drawn.choice([one for one in sorted(knobs_of(call).items()) if not isinstance(one[1], str)])
    other = 1 - value if value in (0, 1) and isinstance(value, int) else moved(value, drawn)
    return fields(hypothesis=f"{name} matters", knobs={name: other})


def moved(value: float, drawn: random.Random) -> float:
    """A number times or divided by up to about two."""
    new = value * 2 ** drawn.gauss(0, 0.7)
    return max(1, round(new)) if isinstance(value, int) else round(new, 6)


def score(world: str, length: str, seed: int) -> tuple[float, int, int]:
    """Of a run: q at its end, experiments, tokens."""
    program, task = parse(DOCUMENT.format(length=length)), load_task(world, ROOT)
    with LlmServer(turn) as server:
        models = {MODEL: ModelSettings(name=MODEL, api_base=server.url, schema=False)}
        settings = LanguageSettings(default=MODEL, models=models, prices={MODEL: Price(0, 0)}, max_tokens=TOKENS)
        thinks = Language(require_org(program), settings, clock=Ticks())
        with thinks as language, closing(make_lab(task, "replay", 4)) as lab:
            found = evaluate(program, task, lab, budget_s=BUDGET_S[world], seed=seed, language=language)
    return found.q_final, sum(found.experiments.values()), found.tokens


def main(seeds: int) -> None:
    """Print the table."""
    print("| world | single proposals | tasks of 3 | tasks of 6 | tokens | experiments |")
    print("|---|---|---|---|---|---|")
    for world in WORLDS:
        rows = [[score(world, length, seed) for seed in range(seeds)] for length in LENGTHS]
        cells = [f"{fmean(q for q, *_ in row):.2f} ± {stdev(q for q, *_ in row) / seeds**0.5:.2f}" for row in rows]
        tokens = [round(fmean(one[2] for one in row)) for row in rows]
        count = [round(fmean(one[1] for one in row)) for row in rows]
        print(
            f"| {world} | {' | '.join(cells)} | {min(tokens)} to {max(tokens)} | {min(count)} to {max(count)} |",
            flush=True,
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 12)
