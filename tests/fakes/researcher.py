"""A researcher for the tests' language server: reads its prompt as a model would, and improves the toy task's knobs."""

import json
import re

from tests.fakes.llm_server import Call, fields


def start_of(call: Call) -> int:
    """The first start that the prompt marks."""
    marked = re.search(r"#(\d+) [^\n]*\[[^\]]*a start", call.field("known"))
    return int(marked[1]) if marked else 0


def research(call: Call) -> str:
    """Walk X towards 0.7 in steps; report and remember what was asked."""
    if "- `report`: " in call.system:
        return fields(report=f"I went on with call {call.number}.")
    x = float(re.search(r"X = ([-\d.e]+)", call.field("settings"))[1])
    return fields(
        hypothesis="X should be nearer to 0.7",
        knobs={"X": round(min(1.0, x + 0.1 + 0.001 * (call.number % 7)), 4)},
        expectation="a lower loss",
    )


def knobs_of(call: Call) -> dict[str, float]:
    found = re.findall(r"^(\w+) = ([-\d.e]+) ", call.field("settings"), re.MULTILINE)
    return {name: json.loads(value) for name, value in found}
