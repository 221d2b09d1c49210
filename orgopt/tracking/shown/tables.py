"""What MLflow shows as tables: ledgers, messages, races, claims and ablations. Pure functions."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from orgopt.ledger import data_as_shown, shown_sign
from orgopt.study.records.result import Ablation, Claim, Place
from orgopt.study.score_parts import Parts
from orgopt.tracking.backend.entry import TABLES, Table

Event = Mapping[str, Any]
"""An event of a ledger."""


def ledger(events: Iterable[Event]) -> Table:
    """Experiments as they were proposed and as they ended, a line each, and what was submitted."""
    listed = list(events)
    if listed and shown_sign(listed[0]) < 0:
        listed = [data_as_shown(event) for event in listed]
    rows = [row for event in listed if (row := _ledger_row(event))]
    return _table(("t", "event", "who", "experiment", "what", "metric", "held-out"), rows)


def talk(events: Iterable[Event]) -> Table:
    """Messages, stand-ups and language agents' thoughts, a line each."""
    rows = [row for event in events if (row := _talk_row(event))]
    return _table(("t", "event", "from", "to", "by", "experiments", "agent-seconds"), rows)


def claims(records: Sequence[Claim]) -> Table:
    """The champion against everything else."""
    rows = [
        (
            one.phase,
            one.task,
            one.entrant,
            _short(one.champion_mean),
            _short(one.mean),
            _short(one.difference),
            _short(one.low),
            _short(one.high),
            one.verdict if one.low is not None else "one seed",
            _short(one.mdd),
            one.seeds,
            *(_short(value) for value in (_parts(one.champion_parts) + _parts(one.parts))),
        )
        for one in records
    ]
    parts = [f"{who} {part}" for who in ("champion", "other") for part in ("valid.", "end", "mean")]
    head = ("on", "task", "against", "champion", "other", "ahead by", "low", "high", "champion is", "resolves", "seeds")
    return _table((*head, *parts), rows)


def race(records: Sequence[Place]) -> Table:
    """The contenders, how many seeds each had, and whether it stayed in a race that some had to leave."""
    rows = [
        (
            place,
            one.entrant,
            _short(one.mean),
            _short(one.low),
            _short(one.high),
            one.seeds,
            "to the end" if one.dropped_at is None else f"out after {one.dropped_at} seeds",
        )
        for place, one in enumerate(records, 1)
    ]
    return _table(("place", "entrant", "mean", "low", "high", "seeds", "stayed"), rows)


def ablations(records: Sequence[Ablation]) -> Table:
    """What the champion loses without each of its parts."""
    ranked = sorted(records, key=lambda one: -one.difference)
    rows = [
        (
            one.part,
            _short(one.difference),
            _short(one.low),
            _short(one.high),
            one.seeds,
            _short(one.model),
        )
        for one in ranked
    ]
    return _table(("without", "champion loses", "low", "high", "seeds", "the model says"), rows)


def as_json(table: Table) -> str:
    """A table as MLflow keeps it."""
    rows = list(zip(*table.values(), strict=True))
    return json.dumps({"columns": list(table), "data": rows}, ensure_ascii=False)


def shown_as_tables(files: Iterable[str]) -> dict[str, str]:
    """The tag that makes MLflow show the JSON files among some as tables."""
    found = [{"path": name, "type": "table"} for name in files if name.endswith(".json")]
    return {TABLES: json.dumps(found)} if found else {}


def _ledger_row(event: Event) -> tuple[Any, ...] | None:
    kind, t = event["kind"], round(event["t"], 2)
    if kind == "proposal":
        return (t, kind, event["agent"], event["id"], event["note"], "", "")
    if kind == "outcome":
        what = " ".join(filter(None, (event["status"], event["error"])))
        return (t, kind, event["agent"], event["id"], what, _short(event["metric"]), _short(event["heldout"]))
    if kind == "submission":
        return (t, kind, "the team", event["id"], "handed in until something better", _short(event["metric"]), "")
    if kind == "stop":
        what = f"stopped at point {event['step']} of its curve"
        return (t, kind, event.get("agent", ""), event["id"], what, _short(event["value"]), "")
    return None


def _talk_row(event: Event) -> tuple[Any, ...] | None:
    t = round(event["t"], 2)
    if event["kind"] == "message":
        to, about = ", ".join(event["to"]), ", ".join(map(str, event["experiments"]))
        return (t, "message", event["sender"], to, event["link"], about, 0.0)
    if event["kind"] == "meeting":
        who, about = ", ".join(event["agents"]), ", ".join(map(str, event["shared"]))
        return (t, "stand-up", who, who, "stand-up", about, round(event["seconds"] * len(event["agents"]), 3))
    if event["kind"] == "thought":
        return (t, "thought", event["agent"], "", event["purpose"], "", round(event["seconds"], 3))
    return None


def _parts(parts: Parts | None) -> tuple[float | None, ...]:
    return (parts.progress, parts.q_final, parts.q_mean) if parts else (None, None, None)


def _short(value: float | None) -> float | str:
    return "" if value is None else round(value, 4)


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> Table:
    return {name: [row[column] for row in rows] for column, name in enumerate(head)}
