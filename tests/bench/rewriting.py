"""Studies with each rewriter against a scripted model on this machine: time, calls, money, size of diffs, lint.

The model does what charters say, and proposes one charter: figures are of the machinery, not of any model's ideas.

    python -m tests.bench.rewriting [reflect gepa mipro simba]
"""

import difflib
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from orgopt.document import lint, parse
from orgopt.storage.jsonl import read_lines
from tests.fakes.llm_server import MODEL, Call, LlmServer, fields
from tests.fakes.researcher import knobs_of

DOCUMENT = """\
# Bit flippers

Find the settings with the lowest loss. Simpler is better at equal result.

## Roles

### Lead
- **Headcount:** 1
- **Agent:** llm
- **Model:** openai/local
- **Risk tolerance:** 0.2

You decide what is kept. Run a promising setting again before you believe it.

### Explorer
- **Headcount:** 2
- **Agent:** llm
- **Model:** openai/local
- **Risk tolerance:** 0.6

Try what the others would not.

## Links
- Explorer → Lead: reports to
"""
CHARTER = "Try what the others would not. Turn one knob at a time, and one that nobody has turned yet."
REASON = "the same knob was turned again and again"
COMMAND = (
    *("optimize", "pair.md", "--task", "nk", "--lab", "replay", "--budget", "8s", "--slots", "2", "--workers", "1"),
    *("--generations", "3", "--population", "4", "--search-seeds", "2", "--race-seeds", "0", "--test-seeds", "2"),
    *("--controls", "none", "--no-tracking", "--name", "s", "--library", "none", "--fix", "agent", "--fix", "stand-up"),
)


def agent(call: Call) -> str:
    """Turns the same knob, unless its charter says that it is to turn one that nobody has turned."""
    if "- report: " in call.system:
        return fields(report="I went on.")
    values = knobs_of(call)
    fresh = [name for name in values if not re.search(rf"\b{name} \w", call.field("known"))]
    able = (fresh or list(values)) if "nobody has turned" in call.system else list(values)[:1]
    name = able[call.number % len(able)]
    return fields(hypothesis=f"turn {name}", knobs={name: 1 - values[name]}, expectation="less loss")


def rewriter(call: Call) -> str:
    """Proposes the one charter, in the form that is asked for."""
    if "improve the document" in call.system:
        places = call.field("places")
        wanted = [("charter/explorer", CHARTER), ("headcount/explorer", 1 + call.number % 3)]
        changes = [{"place": place, "to": to, "reason": REASON} for place, to in wanted if place in places]
        return fields(thinking="The team runs in circles.", changes=changes)
    if "module_advice" in call.system:
        return fields(discussion="It ran in circles.", module_advice={"role_explorer": CHARTER.split(". ", 1)[1]})
    return fields(**{"new_charter" if "new_charter" in call.system else "proposed_instruction": CHARTER})


def reply(call: Call) -> str:
    """What a call is answered."""
    return agent(call) if "You research by experiments" in call.system else rewriter(call)


def measure(name: str) -> None:
    """Run a study with a rewriter, and print what came of it."""
    with tempfile.TemporaryDirectory() as folder, LlmServer(reply) as server:
        place = Path(folder)
        (place / "pair.md").write_text(DOCUMENT)
        (place / "orgopt.toml").write_text(
            f'[models]\ndefault = "{MODEL}"\n[models."{MODEL}"]\napi_base = "{server.url}"\nmax_tokens = 1000\n'
            f'[prices]\n"{MODEL}" = [1.0, 2.0]\n'
        )
        environ = {key: value for key, value in os.environ.items() if not key.startswith("ORGOPT_")}
        began = time.perf_counter()
        words = [sys.executable, "-m", "orgopt", *COMMAND, "--rewriter", name, "--max-usd", "20"]
        done = subprocess.run(words, cwd=place, env=environ, capture_output=True, text=True, check=False)
        took = time.perf_counter() - began
        if done.returncode:
            sys.exit(done.stderr)
        records = list(read_lines(place / "mlruns" / "studies" / "s" / "study.jsonl"))
    print(f"## {name}: {took:.1f} s, {len(server.calls)} calls in all")
    print(next(line for line in done.stdout.split("\n\n") if line.startswith(f"{name} proposed")).replace("\n", " "))
    by_index = {record["index"]: record for record in records if record["kind"] == "candidate"}
    rewritten = [one for one in by_index.values() if one["proposer"] == name]
    sizes: list[int] = []
    for one in rewritten:
        lines = list(_diff(by_index[one["parent"]]["program"], one["program"]))
        sizes.append(sum(line.startswith(("+", "-")) for line in lines[2:]))
    for record in records:
        if record["kind"] == "rewrite" and record["reason"]:
            print(f"{record['name']} {record['outcome']}: {record['reason']}")
    pairs = [(by_index[one["parent"]], one) for one in rewritten]
    found = [_codes(one) - _codes(parent) for parent, one in pairs]
    print(f"lines of the diffs: {sizes}; findings of lint that the parent lacks: {list(filter(None, found)) or 'none'}")
    if rewritten:
        changes = next(one["changes"] for one in records if one["kind"] == "rewrite" and one["changes"])
        print(json.dumps(changes, ensure_ascii=False))
        print("\n".join(_diff(by_index[rewritten[0]["parent"]]["program"], rewritten[0]["program"])))


def _codes(record: Mapping[str, Any]) -> Counter[str]:
    return Counter(finding.code for finding in lint(parse(record["program"])))


def _diff(old: str, new: str) -> list[str]:
    return list(difflib.unified_diff(old.splitlines(), new.splitlines(), "parent", "rewritten", lineterm="", n=1))


if __name__ == "__main__":
    for chosen in sys.argv[1:] or ["reflect", "gepa", "mipro", "simba"]:
        measure(chosen)
