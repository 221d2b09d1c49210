"""A researcher for the tests' language server: reads its prompt as a model would, and improves the toy task's knobs."""

import json
import re
from typing import Any

from tests.fakes.llm_server import Call, fields


def start_of(call: Call) -> int:
    """The first start that the prompt names; the baseline where it names none."""
    return int(_start(call)[0])


def _start(call: Call) -> tuple[str, str]:
    found = re.search(r"^#(\d+) .*?: (.*)$", call.field("starts"), re.MULTILINE)
    return (found[1], found[2]) if found else ("0", "")


def knobs_of(call: Call) -> dict[str, Any]:
    """The values of the first start: the baseline's, and what differs there."""
    found = re.findall(r"^(\w+)=(\S+) \(", call.system, re.MULTILINE)
    moved = re.findall(r"(\w+) = (\S+?)(?:, |$)", _start(call)[1])
    return {name: json.loads(value) for name, value in [*found, *moved]}


def research(call: Call) -> str:
    """Walk X towards 0.7 in steps; report and remember what was asked."""
    if "- report: " in call.system:
        return fields(report=f"I went on with call {call.number}.")
    return fields(
        hypothesis="X should be nearer to 0.7",
        knobs={"X": round(min(1.0, knobs_of(call)["X"] + 0.1 + 0.001 * (call.number % 7)), 4)},
        expectation="a lower loss",
    )
