"""A team's run as an MLflow trace: rounds between stand-ups, agents' proposals with their experiments, reviews.

Spans are made as data and sent together: MLflow's own tracer writes each on its own, which takes a hundred times as
long. Their ids follow from what they stand for, so that a trace that is sent twice is there once.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

Event = Mapping[str, Any]
"""An event of a ledger."""
Span = dict[str, Any]
"""A span as MLflow has it."""
MOST_EXPERIMENTS = 150
"""A trace with more is slow to open; the ledger's table has them all."""


def spans(title: str, key: str, events: Sequence[Event], ended_at: float) -> list[Span]:
    """The spans of a run as MLflow's dictionaries, the root first.

    Args:
        title: Name of the root span.
        key: What it stands for, over all studies; decides the ids.
        events: The ledger of the run.
        ended_at: When the run was recorded, in seconds since the epoch; lab time is counted back from it.
    """
    return _Trace(title, key, events, ended_at).fill()


def send(found: Sequence[Span], *, uri: str, experiment: str, run_id: str, tags: Mapping[str, str]) -> str:
    """Send the spans of one trace that belongs to a run; returns its id.

    Args:
        found: The spans.
        uri: The address of MLflow's store.
        experiment: MLflow's id of the experiment that it belongs to.
        run_id: MLflow's id of the run that it belongs to.
        tags: Of the trace.
    """
    from mlflow.entities import Span as MlflowSpan
    from mlflow.entities import TraceInfo, TraceLocation, TraceState
    from mlflow.tracing.client import TracingClient

    root = found[0]
    trace_id = json.loads(root["attributes"]["mlflow.traceRequestId"])
    began, ended = root["start_time_unix_nano"] // 10**6, root["end_time_unix_nano"] // 10**6
    info = TraceInfo(
        trace_id=trace_id,
        trace_location=TraceLocation.from_experiment_id(experiment),
        request_time=began,
        execution_duration=ended - began,
        state=TraceState.OK,
        request_preview=root["attributes"]["mlflow.spanInputs"][:1000],
        response_preview=root["attributes"].get("mlflow.spanOutputs", "")[:1000],
        trace_metadata={"mlflow.sourceRun": run_id, "mlflow.trace_schema.version": "3"},
        tags={"mlflow.traceName": root["name"], **tags},
    )
    client = TracingClient(uri)
    client.log_spans(experiment, [MlflowSpan.from_dict(span) for span in found])
    client.start_trace(info)
    return trace_id


class _Trace:
    """Makes the spans of a run."""

    def __init__(self, title: str, key: str, events: Sequence[Event], ended_at: float) -> None:
        self.events, self.start = events, events[0]
        self.end: float = self.start["budget_s"]
        self.began = ended_at - self.end
        self.id = hashlib.sha256(key.encode()).digest()[:16]
        self.outcomes = {event["id"]: event for event in events if event["kind"] == "outcome"}
        thinking = (event for event in events if event["kind"] == "thinking")
        self.told = {(one["agent"], one["t"]): one["told"] for one in thinking}
        self.made: list[Span] = []
        self.title = title

    def fill(self) -> list[Span]:
        """A round for each time between stand-ups, with what was proposed in it, and each stand-up."""
        submitted = [event for event in self.events if event["kind"] == "submission"]
        last = submitted[-1] if submitted else {"id": 0, "metric": self.start["baseline"]}
        inputs = {name: self.start[name] for name in ("agents", "budget_s", "slots", "seed")}
        outputs = {"submitted": last["id"], "metric": last["metric"], "experiments": len(self.outcomes)}
        root = self._span(self.title, "WORKFLOW", "", (0, self.end), inputs, outputs)
        meetings = [event for event in self.events if event["kind"] == "meeting"]
        rest = [event for event in self.events if event["kind"] in {"proposal", "message", "thought"}]
        begin = 0.0
        for number, meeting in enumerate([*meetings, None], 1):
            until = meeting["t"] if meeting else self.end
            if members := [event for event in rest if begin <= event.get("began", event["t"]) < until]:
                self._round(root, number, (begin, until), members)
            if meeting:
                self._meeting(root, meeting)
            begin = until
        return self.made

    def _round(self, root: str, number: int, when: tuple[float, float], members: Sequence[Event]) -> None:
        proposals = [event for event in members if event["kind"] == "proposal"]
        known = [self.outcomes[one["id"]]["metric"] for one in proposals if one["id"] in self.outcomes]
        best = min((value for value in known if value is not None), default=None)
        span = self._span(f"round {number}", "CHAIN", root, when, {"proposals": len(proposals)}, {"best": best})
        for event in proposals:
            if event["id"] <= MOST_EXPERIMENTS:
                self._proposal(span, event)
        for event in members:
            if event["kind"] == "message" and event["link"] == "reviews":
                inputs = {"from": event["sender"], "experiments": event["experiments"]}
                who = ", ".join(event["to"])
                self._span(f"review by {who}", "EVALUATOR", span, (event["t"], event["t"]), inputs, {})
            if event["kind"] == "thought":
                self._thought(span, event)

    def _thought(self, parent: str, event: Event) -> None:
        """What an agent asked its language model for, and what came back."""
        told = self.told.get((event["agent"], event["began"]), {})
        read_in, written = event["tokens"]
        usage = {"input_tokens": read_in, "output_tokens": written, "total_tokens": read_in + written}
        self._span(
            event["agent"],
            "LLM",
            parent,
            (event["began"], event["began"] + event["seconds"]),
            {"purpose": event["purpose"], **told},
            {"said": event["said"], **({"failure": event["failure"]} if event["failure"] else {})},
            cost={"usd": event["usd"], "calls": event["calls"]},
            failed=bool(event["failure"]),
            more={"mlflow.chat.tokenUsage": usage},
        )

    def _proposal(self, parent: str, event: Event) -> None:
        outcome = self.outcomes.get(event["id"])
        inputs = {"from": event["parent"], "change": event["note"]}
        if outcome is None:
            self._span(event["agent"], "AGENT", parent, (event["t"], self.end), inputs, {})
            return
        found = {name: outcome[name] for name in ("status", "metric", "heldout")}
        failed = outcome["status"] not in {"ok", "unfinished"}
        cost = {"slot_s": round(outcome["ended"] - outcome["started"], 4)}
        span = self._span(event["agent"], "AGENT", parent, (event["t"], outcome["ended"]), inputs, found)
        self._span(
            f"experiment {event['id']}",
            "TOOL",
            span,
            (outcome["started"], outcome["ended"]),
            {"knobs": event["knobs"]},
            {**found, **({"error": outcome["error"]} if outcome["error"] else {})},
            cost=cost,
            failed=failed,
        )

    def _meeting(self, root: str, event: Event) -> None:
        cost = {"agent_s": round(event["seconds"] * len(event["agents"]), 4)}
        when = (event["t"], event["t"] + event["seconds"])
        self._span(
            "stand-up", "CHAIN", root, when, {"attendees": event["agents"]}, {"shared": event["shared"]}, cost=cost
        )

    def _span(
        self,
        name: str,
        kind: str,
        parent: str,
        when: tuple[float, float],
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
        *,
        cost: Mapping[str, Any] | None = None,
        failed: bool = False,
        more: Mapping[str, Any] | None = None,
    ) -> str:
        """Make a span; returns its id."""
        own = base64.b64encode(hashlib.sha256(self.id + str(len(self.made)).encode()).digest()[:8]).decode()
        attributes = {
            "mlflow.traceRequestId": f"tr-{self.id.hex()}",
            "mlflow.spanType": kind,
            "mlflow.spanInputs": inputs,
            "mlflow.spanOutputs": outputs,
            **({"cost": cost} if cost else {}),
            **(more or {}),
        }
        span: dict[str, Any] = {
            "trace_id": base64.b64encode(self.id).decode(),
            "span_id": own,
            "parent_span_id": parent,
            "name": name,
            "start_time_unix_nano": self._at(when[0]),
            "end_time_unix_nano": self._at(when[1]),
            "events": [],
            "status": {"code": "STATUS_CODE_ERROR" if failed else "STATUS_CODE_OK", "message": ""},
            "attributes": {key: json.dumps(value, ensure_ascii=False) for key, value in attributes.items()},
        }
        self.made.append(span)
        return own

    def _at(self, t: float) -> int:
        """Lab seconds as nanoseconds since the epoch."""
        return int((self.began + t) * 1e9)
