"""Figures of a real, small language model: how good its answers are, what they cost, and a study that repeats itself.

    python -m tests.bench.real_model ask --base http://127.0.0.1:8191/v1 --model openai/qwen-0.5b --samples 20
    python -m tests.bench.real_model study --base http://127.0.0.1:8191/v1 --model openai/qwen-0.5b

`ask` prints a Markdown table: valid answers at the start, in the middle and late, with a JSON schema and without one,
tokens and cache. `study` makes a study of a pair that thinks with the model, in replay by the nominal clock, then puts
all but its answers away and makes it again: both must be the same bit for bit, and no question may be asked twice. The
same pair with policies stands beside it.
`make model` prints where its server listens. A log keeps what was answered, so that a stopped command goes on.
"""

import argparse
import json
import shutil
import time
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path

from orgopt.agents.session import Language, Means
from orgopt.agents.toml_models import LanguageSettings, ModelSettings, Price
from orgopt.asking.ask import Answered, ask
from orgopt.asking.situations import MOMENTS
from orgopt.basics.slug import slug
from orgopt.document import parse, read
from orgopt.evolve.search import optimize
from orgopt.evolve.trials.arena import Arena
from orgopt.evolve.trials.job import ArenaConfig
from orgopt.lab import make_lab
from orgopt.storage.jsonl import JsonLog, read_lines
from orgopt.study.config import StudyConfig
from orgopt.study.folder import StudyLog
from orgopt.tasks.folder import load_task
from tests.bench.science import wilson
from tests.conftest import ROOT

PAIR = """\
# Pair

Find the lowest validation loss. Simpler is better at equal result.

## Roles

### Lead
- **Headcount:** 1
- **Agent:** llm
- **Risk tolerance:** 0.2

You decide what is kept. Pass a gain only when it is larger than the noise.

### Explorer
- **Headcount:** 1
- **Agent:** llm
- **Risk tolerance:** 0.7

Try what the others would not.

## Links
- Explorer → Lead: reports to
- Lead → Explorer: delegates to
"""
TASK = "digits"


def settings(args: argparse.Namespace, *, schema: bool) -> LanguageSettings:
    # llama.cpp holds no number to a range.
    given = ModelSettings(
        name=args.model,
        api_base=args.base,
        schema=schema,
        ranges=False,
        max_tokens=args.max_tokens,
        timeout_s=1200,
        **clock(args),
    )
    return LanguageSettings(default=args.model, models={args.model: given}, prices={args.model: Price(0, 0)})


def clock(args: argparse.Namespace) -> dict[str, float]:
    return {"latency": args.latency, "prefill": args.prefill, "output": args.output}


def ask_all(args: argparse.Namespace) -> None:
    """Ask the roles of the pair with and without a schema, and print the table."""
    org, task = read(parse(PAIR, "pair.md")).org, load_task(TASK, ROOT)
    roles = [role for role in org.roles if not args.role or role.id == args.role]
    org = replace(org, roles=tuple(role if role in roles else replace(role, headcount=0) for role in org.roles))
    log, rows = args.folder / "asked.jsonl", list[dict]()
    done = list(read_lines(log)) if log.exists() else []
    with closing(JsonLog(log)) as kept:
        for schema in (True, False) if args.schema == "both" else (args.schema == "yes",):
            for moment in args.only or ("start", "middle", "late"):
                key = {"model": args.model, "schema": schema, "moment": moment, "samples": args.samples}
                found = [one for one in done if key.items() <= one.items()]
                if not found:
                    told = args.folder / "asked" / slug(f"{args.model} {'schema' if schema else 'text'} {moment}")
                    with Language(org, settings(args, schema=schema), folder=told) as language:
                        lab = make_lab(task, "replay", 2)
                        answered = ask(org, task, lab, language, samples=args.samples, only=(moment,), seed=args.seed)
                    found = [{**key, **asdict(one)} for one in answered]
                    for one in found:
                        kept.append(one)
                rows += found
    print(table(rows))


def table(rows: list[dict]) -> str:
    # Shares of a few answers: with the 95 % interval of Wilson's score.
    names = "model | schema | role | situation | valid | at first | repeats | tokens in | out | cached | repairs cached"
    lines = [f"| {names} | gain |", "|---" * 12 + "|"]
    for row in rows:
        one = Answered(**{name: row[name] for name in Answered.__slots__})
        repairs = "" if one.cached_repairs is None else f"{one.cached_repairs:.0%}"
        cells = [row["model"], "yes" if row["schema"] else "no", one.role, f"{one.moment} ({one.samples})"]
        cells += [_share(share, one.samples) for share in (one.valid, one.first)]
        cells += [f"{one.repeats:.2f}", f"{one.input_tokens:.0f}"]
        cells += [
            f"{one.output_tokens:.0f}",
            f"{one.cached:.0%}",
            repairs,
            "" if one.gain is None else f"{one.gain:+.2f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _share(share: float, n: int) -> str:
    low, high = wilson(round(share * n), n)
    return f"{share:.2f} ({low:.2f} to {high:.2f})"


def study(args: argparse.Namespace) -> None:
    """Make a study, then again from its answers, and say whether both are the same."""
    task, program = load_task(TASK, ROOT), parse(PAIR, "pair.md")
    policies = parse(PAIR.replace("- **Agent:** llm", "- **Agent:** tpe"), "policies.md")
    config = StudyConfig(
        generations=2, population=4, budget_s=args.budget, slots=2, search_seeds=2, contenders=2, race_seeds=0,
        test_seeds=1, controls="none", fix=("agent", "roles"),
    )  # fmt: skip
    whole = args.folder / "study"
    began = time.monotonic()
    first = made(whole, program, task, config, args)
    took = time.monotonic() - began
    again = args.folder / "again"
    shutil.rmtree(again, ignore_errors=True)
    for path in [*whole.rglob("answers.jsonl"), *whole.rglob("spend.jsonl")]:
        target = again / path.relative_to(whole)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    began, args.base = time.monotonic(), "http://127.0.0.1:9/v1"  # where nobody answers
    second = made(again, program, task, config, args)
    answers = [one for path in whole.rglob("answers.jsonl") for one in read_lines(path)]
    print(
        json.dumps(
            {
                "runs": len([one for one in first if one["kind"] == "evaluation"]),
                "answers": len(answers),
                "tokens": sum(one["input_tokens"] + one["output_tokens"] for one in answers),
                "cached": sum(one["cached_tokens"] for one in answers) / sum(one["input_tokens"] for one in answers),
                "wall_s": round(took),
                "again_s": round(time.monotonic() - began, 1),
                "the same": first == second,
                "research output": outputs(first),
                "with policies": outputs(made(args.folder / "policies", policies, task, config, args)),
            },
            indent=2,
        )
    )


def outputs(records: list[dict]) -> dict[str, list[float]]:
    """The research output of each entrant of the test, and of the document that was begun with in the search."""
    found: dict[str, list[float]] = {}
    for one in records:
        if one["kind"] == "evaluation" and (one["phase"] == "test" or one["entrant"] == "g00-c00"):
            name = f"{one['entrant']} ({one['phase']})"
            found.setdefault(name, []).append(round(one["score"]["research_output"], 3))
    return found


def made(folder: Path, program, task, config: StudyConfig, args: argparse.Namespace) -> list[dict]:
    """The records of a study, without the times of this machine."""
    folder.mkdir(parents=True, exist_ok=True)
    means = Means(settings=settings(args, schema=args.schema != "no"), account=folder / "spend.jsonl")
    terms = ArenaConfig(lab="replay", slots=config.slots, budget_s=config.budget_s, verify_seeds=2, means=means)
    tasks = {task.name: task}
    with Arena(tasks, terms, workers=args.workers) as arena:
        identity = config.identity(program, tasks, None, {task.name: arena.lab(task.name).stamp})
        with StudyLog(folder, identity, program, tasks) as log:
            optimize(program, arena, config, log)
    varying = {"at", "wall_s", "cost", "sampler_state"}
    records = [
        one for one in read_lines(folder / "study.jsonl") if one["kind"] != "study"
    ]  # that has the folder's name
    plain = [{key: value for key, value in one.items() if key not in varying} for one in records]
    return sorted(plain, key=lambda one: (one["kind"], json.dumps(one, sort_keys=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=["ask", "study"])
    parser.add_argument("--base", default="http://127.0.0.1:8191/v1")
    parser.add_argument("--model", default="openai/qwen-0.5b")
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--schema", choices=["both", "yes", "no"], default="both")
    parser.add_argument("--only", action="append", choices=MOMENTS)
    parser.add_argument("--role", default="explorer", help="who is asked; empty for both")
    parser.add_argument("--max-tokens", type=int, default=300)
    parser.add_argument("--budget", type=float, default=30, help="nominal seconds of a run of the study")
    parser.add_argument("--workers", type=int, default=1, help="runs of the study at once")
    parser.add_argument("--latency", type=float, default=0.5)
    parser.add_argument("--prefill", type=float, default=150)
    parser.add_argument("--output", type=float, default=15)
    parser.add_argument("--folder", type=Path, default=Path("real_model"), help="keeps what was answered")
    args = parser.parse_args()
    args.folder.mkdir(parents=True, exist_ok=True)
    {"ask": ask_all, "study": study}[args.what](args)


if __name__ == "__main__":
    main()
