"""What MLflow shows of a candidate: its parameters, metrics, notes, diffs and ledger table. Pure functions."""

import base64
import difflib
import json
import time
import zlib
from typing import Any

from orgopt.document.values import format_interval
from orgopt.org import Org

Record = dict[str, Any]
Metrics = list[tuple[str, float, int]]
"""Name, value and step of each."""

VIEW = "orgopt01"
"""The key of the saved view, which a link may name."""
SCALARS = ("research_output", "q_final", "q_mean", "utilisation", "agent_s", "meetings", "messages")


def params(org: Org, record: Record, parent: Record | None) -> Record:
    """An organization as flat parameters, so that runs can be sorted and compared by them."""
    flat: Record = {"parent": parent["name"] if parent else "-", "headcount": org.headcount, "links": len(org.links)}
    flat["standup"] = format_interval(org.standup.every, org.standup.unit) if org.standup else "off"
    for role in org.roles:
        flat |= {f"{role.id}.headcount": role.headcount, f"{role.id}.agent": role.agent}
        flat[f"{role.id}.risk"] = org.risk_of(role)
    return flat | {"generation": record["generation"]}


def metrics(score: Record, events: list[Record], names: Record, budget_s: float) -> Metrics:
    """A score as single values, and the run as curves over the budget, a step a second."""
    single: Metrics = [(name, float(score[name]), 0) for name in SCALARS]
    single.append(("experiments", float(sum(score["experiments"].values())), 0))
    single.append((names["heldout"], score["heldout"], 0))
    quality = {round(t): value for t, value in [*score["curve"], [budget_s, score["curve"][-1][1]]]}
    best, lows = float("inf"), dict[int, float]()
    for event in events:
        value = event["metric"] if event["kind"] == "outcome" else event.get("baseline")
        if value is not None:
            best = min(best, value)
            lows[round(event["t"])] = best
    curves = [("budget/q", value, step) for step, value in quality.items()]
    return single + curves + [(f"budget/best_{names['metric']}", value, step) for step, value in lows.items()]


def run_name(record: Record) -> str:
    """A name that reads: `g01-c05 · Explorer: headcount 2 → 3`."""
    changes = record["changes"]
    return f"{record['name']} · {changes if len(changes) <= 70 else changes[:69] + '…'}"


def note(record: Record, parent: Record | None) -> str:
    """A candidate in a few lines of Markdown, the result first."""
    score = record["score"]
    origin = f"Changed from {parent['name']} ({parent['score']['research_output']:.3f})" if parent else "Study's start"
    done = ", ".join(f"{count} {status}" for status, count in score["experiments"].items())
    parts = f"final {score['q_final']:.3f} ± {score['q_error']:.3f} seed noise, mean {score['q_mean']:.3f}"
    return (
        f"**Research output {score['research_output']:.3f}** ({parts})\n\n"
        f"{origin}: {escape(record['changes'])}\n\n"
        f"Experiments: {done}. Slots busy {score['utilisation']:.0%}."
    )


def study_note(champion: Record, final: Record) -> str:
    """The result of a study in a few lines of Markdown."""
    outputs = {side: [f"{test['research_output']:.3f}" for test in tests] for side, tests in final["tests"].items()}
    rows = [f"| {side} | {', '.join(texts) or '–'} |" for side, texts in outputs.items()]
    table = "\n".join(["| document | research output on test seeds |", "|---|---|", *rows])
    changes = "\n".join(f"- {escape(change)}" for change in final["changes"])
    return f"**Champion: {champion['name']}**\n\n{table}\n\n{changes or '- the seed document was best'}\n"


def diff(before: Record, after: Record) -> str:
    """Both diffs of two candidates' documents: what changed in words, and as text."""
    lines = difflib.unified_diff(
        before["program"].splitlines(), after["program"].splitlines(), before["name"], after["name"], lineterm=""
    )
    changes = after["changes"] if after["parent"] == before["index"] else f"{before['name']} → {after['name']}"
    body = "\n".join(lines).replace("```", "ʼʼʼ")
    return f"{escape(changes)}\n\n```diff\n{body}\n```\n"


def ledger_table(events: list[Record]) -> dict[str, list[Any]]:
    """A ledger as the columns of a table."""
    columns: dict[str, list[Any]] = {name: [] for name in ("t", "event", "who", "experiment", "metric", "what")}
    for event in events:
        kind = event["kind"]
        who = event.get("agent") or event.get("sender") or ", ".join(event.get("agents", []))
        what = {
            "proposal": lambda e: e["note"],
            "stop": lambda e: f"stopped at point {e['step']} of its curve, {e['value']:.4g}",
            "outcome": lambda e: " ".join(filter(None, (e["status"], e["error"]))),
            "message": lambda e: f"{e['link']} {', '.join(e['to'])}: {', '.join(map(str, e['experiments']))}",
            "meeting": lambda e: f"{e['seconds']:g} s each, shared {', '.join(map(str, e['shared'])) or 'nothing'}",
        }.get(kind, lambda _: "")(event)
        metric = event.get("metric")
        row = (round(event["t"], 2), kind, who, event.get("id", ""), "" if metric is None else round(metric, 4), what)
        for column, value in zip(columns.values(), row, strict=True):
            column.append(value)
    return columns


def saved_view(columns: list[str]) -> tuple[str, str]:
    """The experiment tag, name and value, of a saved view that shows some columns, which MLflow hides at first.

    The format is that of MLflow 3.17's user interface and is not documented.
    """
    state = {
        "searchFilter": "",
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": columns,
        "columnOrder": [],
        "columnWidths": {},
        "runsHiddenMode": "FIRST_10_RUNS",
        "viewMaximized": False,
        "runListHidden": False,
        "isAccordionReordered": False,
        "useGroupedValuesInCharts": True,
        "hideEmptyCharts": True,
        "groupBy": None,
        "groupsExpanded": {},
        "globalLineChartConfig": {"xAxisKey": "step", "lineSmoothness": 0, "selectedXAxisMetricKey": ""},
    }
    now = int(time.time() * 1000)
    packed = "deflate;" + base64.b64encode(zlib.compress(json.dumps(state).encode())).decode()
    view = {"name": "orgopt", "createdAt": now, "updatedAt": now, "state": packed}
    return f"mlflow.sharedViewState.{VIEW}", json.dumps(view)


def escape(text: str) -> str:
    """Document text as Markdown that shows it and does nothing else."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|" else char for char in text)
