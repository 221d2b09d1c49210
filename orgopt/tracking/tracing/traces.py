"""A team's run as an MLflow trace: rounds between stand-ups, agents' proposals with their experiments, reviews.

Names, inputs and outputs are text that says what happened; figures that programs ask for are attributes.
Spans are made as data and sent together: MLflow's own tracer writes each on its own, which takes a hundred times as
long. Their ids follow from what they stand for, so that a trace that is sent twice is there once.
"""

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from orgopt.draw.text import clean
from orgopt.ledger import data_as_shown, shown_sign
from orgopt.study.wording import MARKS, count, metric

Event = Mapping[str, Any]
"""An event of a ledger."""
Span = dict[str, Any]
"""A span as MLflow has it."""
LONGEST_NAME = 160  # characters
MOST_EXPERIMENTS = 150
"""A trace with more is slow to open; the ledger's table has them all."""
_LEAST_SHOWN = 0.0005  # with three decimals
_WORSE = (
    "What is handed in may get worse, as a setting counts with the mean of its runs: when more of them say that the "
    "best was lucky, what is now best is handed in."
)
_STEPS = (
    "Steps: the number of an experiment, who asked for it, what it measured, by how much that is better (▲) or worse "
    "(▼) than what was handed in until then, kept if handed in instead, and what it changed."
)
"""What the names of spans are made of."""
_BY = re.compile(r", (\S+) (better|worse)$")


class Told(NamedTuple):
    """What a ledger does not say of its run.

    Attributes:
        title: Name of the root span.
        metric: What the metric that steers is called.
        scored: What it scored on this seed and on all, beside what it is compared with; empty where that is not known.
        advice: What somebody who reads it does next, a line each.
    """

    title: str
    metric: str = ""
    scored: str = ""
    advice: Sequence[str] = ()


def spans(told: Told, key: str, events: Sequence[Event], ended_at: float) -> list[Span]:
    """The spans of a run as MLflow's dictionaries, the root first.

    Args:
        told: What its ledger does not say.
        key: What it stands for, over all studies; decides the ids.
        events: The ledger of the run.
        ended_at: When the run was recorded, in seconds since the epoch; lab time is counted back from it.
    """
    return _Trace(told, key, events, ended_at).fill()


class _Trace:
    """Makes the spans of a run."""

    def __init__(self, run: Told, key: str, events: Sequence[Event], ended_at: float) -> None:
        self.best = max if shown_sign(events[0]) < 0 else min
        self.better = "higher is better" if self.best is max else "lower is better"
        events = [data_as_shown(event) for event in events] if self.best is max else events
        self.events, self.start = events, events[0]
        self.end: float = self.start["budget_s"]
        self.began = ended_at - self.end
        self.id = hashlib.sha256(key.encode()).digest()[:16]
        self.outcomes = {event["id"]: event for event in events if event["kind"] == "outcome"}
        self.notes = {event["id"]: event["note"] for event in events if event["kind"] == "proposal"}
        self.submitted = [event for event in events if event["kind"] == "submission"]
        self.kept = {event["id"]: event["metric"] for event in self.submitted}
        thinking = (event for event in events if event["kind"] == "thinking")
        self.told = {(one["agent"], one["t"]): one["told"] for one in thinking}
        self.made: list[Span] = []
        self.run = run

    def fill(self) -> list[Span]:
        """A round for each time between stand-ups, with what was proposed in it, and each stand-up."""
        start = self.start
        last = self.submitted[-1] if self.submitted else {"id": 0, "metric": start["baseline"]}
        team = f"{count(len(start['agents']), 'agent')} ({', '.join(start['agents'])})"
        given = f"{start['budget_s']:g} s on {count(start['slots'], 'slot')}, seed {start['seed']}"
        better = self.better
        steers = f"what they see is {self.run.metric}, {better}; " if self.run.metric else f"{better}; "
        inputs = f"{team}, {given}; {steers}the untouched script has {_metric(start['baseline'])}"
        done = count(len(self.outcomes), "experiment")
        change = f"{self.run.metric} {_metric(start['baseline'])} → {_metric(last['metric'])}".strip()
        saw = f"Agents saw {change} ({better}) in {done}" if self.run.scored else f"{change} ({better}) in {done}"
        parts = [". ".join(filter(None, (self.run.scored, saw)))]
        parts += [f"→ {line}" for line in self.run.advice]
        parts += [_STEPS, f"Handed in at the end: {self._experiment(last['id'])}"]
        if story := self._story():  # pages show the first hundreds of characters unasked
            parts += ["What it handed in, the last first:", story, *([_WORSE] if self._turned() else [])]
        outputs = "\n\n".join(parts)
        root = self._span(self.run.title, "WORKFLOW", "", (0, self.end), inputs, outputs)
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
        ids = [one["id"] for one in proposals]
        known = [value for id_ in ids if (value := self.outcomes.get(id_, {}).get("metric")) is not None]
        best = f"best {_metric(self.best(known))} ({self.better})" if known else "nothing measured"
        kept = [f"#{id_}" for id_ in ids if id_ in self.kept]
        name = f"round {number} · {best} · {count(len(proposals), 'experiment')}"
        outputs = f"{best}; kept: {', '.join(kept) or 'none'}"
        span = self._span(name, "CHAIN", root, when, f"from {when[0]:.3g} to {when[1]:.3g} s", outputs)
        for event in proposals:
            if event["id"] <= MOST_EXPERIMENTS:
                self._proposal(span, event)
        for event in members:
            if event["kind"] == "message" and event["link"] == "reviews":
                inputs = f"{event['sender']} shows {self._experiments(event['experiments'])}"
                who = ", ".join(event["to"])
                self._span(f"review by {who}", "EVALUATOR", span, (event["t"], event["t"]), inputs, "")
            if event["kind"] == "thought":
                self._thought(span, event)

    def _thought(self, parent: str, event: Event) -> None:
        """What an agent asked its language model for, and what came back."""
        told = self.told.get((event["agent"], event["began"]), {})
        read_in, written = event["tokens"]
        usage = {"input_tokens": read_in, "output_tokens": written, "total_tokens": read_in + written}
        self._span(
            f"{event['agent']} thinks: {event['purpose']}",
            "LLM",
            parent,
            (event["began"], event["began"] + event["seconds"]),
            "\n\n".join(f"{part}:\n{text}" for part, text in told.items()) or event["purpose"],
            event["said"] + (f"\n\nfailed: {event['failure']}" if event["failure"] else ""),
            cost={"usd": event["usd"], "calls": event["calls"]},
            failed=bool(event["failure"]),
            more={"mlflow.chat.tokenUsage": usage},
        )

    def _proposal(self, parent: str, event: Event) -> None:
        """An agent's proposal with its experiment: who and what came of it lead its name, since lists cut names off."""
        outcome, number = self.outcomes.get(event["id"]), event["id"]
        what = clean(" ".join(event["note"].split()))
        inputs = f"{event['agent']} changes {self._experiment(event['parent'])}: {what}"
        if outcome is None:
            name = _short(f"#{number} {event['agent']} still running at the end · {what}")
            self._span(name, "AGENT", parent, (event["t"], self.end), inputs, "still running at the end")
            return
        came = self._came(event, outcome)
        failed = outcome["status"] not in {"ok", "unfinished"}
        mark, kept = (" kept", "kept") if number in self.kept else ("", "not kept")
        after = str(outcome["status"]) if outcome["metric"] is None else _metric(outcome["metric"])
        apart = self._apart(number, outcome)
        knobs = ", ".join(f"{knob} = {value}" for knob, value in event["knobs"].items())
        heldout = f", held out {_metric(outcome['heldout'])}" if outcome["heldout"] is not None else ""
        self._span(
            _short(f"#{number} {event['agent']} {after}{_marked(apart)}{mark} · {what}"),
            "AGENT",
            parent,
            (event["t"], outcome["ended"]),
            f"{inputs}\n\nall settings: {knobs or 'those of the untouched script'}",
            f"{came}{heldout}{apart}: {kept}" + (f"\n\n{outcome['error']}" if outcome["error"] else ""),
            cost={"slot_s": round(outcome["ended"] - outcome["started"], 4)},
            failed=failed,
            more={name: outcome[name] for name in ("metric", "heldout") if outcome[name] is not None},
        )

    def _apart(self, number: int, outcome: Event) -> str:
        """How an experiment stands to what was handed in until it ended: `, 0.006 better`; empty without a metric."""
        if outcome["metric"] is None:
            return ""
        handed = [one["metric"] for one in self.submitted if one["t"] <= outcome["ended"] and one["id"] != number]
        until = handed[-1] if handed else self.start["baseline"]
        if until is None:
            return ""
        gain = (outcome["metric"] - until) * (1 if self.best is max else -1)
        if self._lucky(number, gain):
            return " as the best was lucky"
        far = f"{abs(gain):.3f}" if abs(gain) >= _LEAST_SHOWN else _metric(abs(gain))
        alike = _metric(outcome["metric"]) == _metric(until)
        return ", the same" if alike else f", {far} {'better' if gain > 0 else 'worse'}"

    def _lucky(self, number: int, gain: float) -> bool:
        """Whether something that is worse was handed in, since more runs of what was best said that it is no better."""
        return number in self.kept and gain < 0

    def _story(self) -> str:
        """What the team handed in, one after the other, the last first."""
        agents = {event["id"]: event["agent"] for event in self.events if event["kind"] == "proposal"}
        steps = [event for event in self.events if event["kind"] == "submission" and event["id"]]
        found: list[str] = []
        before: float | None = self.start["baseline"]
        for event in steps:
            gain = f"{_metric(before)} → {_metric(event['metric'])}"
            found.append(f"- {event['t']:.3g} s: {gain}, #{event['id']} by {agents.get(event['id'], '')}")
            before = event["metric"]
        return "\n".join(reversed(found))

    def _turned(self) -> bool:
        """Whether something worse by its figure was handed in."""
        told = [event["metric"] for event in self.events if event["kind"] == "submission"]
        return any(after is not None and before is not None and after > before for before, after in pairwise(told))

    def _came(self, event: Event, outcome: Event) -> str:
        """What came of an experiment: `0.138 → 0.131`, or how it ended."""
        after = outcome["metric"]
        if after is None:
            return str(outcome["status"])
        parent = self.start["baseline"] if not event["parent"] else self.outcomes.get(event["parent"], {}).get("metric")
        before = f"{_metric(parent)} → " if parent is not None else ""
        return f"{before}{_metric(after)}"

    def _meeting(self, root: str, event: Event) -> None:
        cost = {"agent_s": round(event["seconds"] * len(event["agents"]), 4)}
        when = (event["t"], event["t"] + event["seconds"])
        shared = self._experiments(event["shared"])
        name = f"stand-up · {count(len(event['shared']), 'finding')} shared · {count(len(event['agents']), 'agent')}"
        self._span(name, "CHAIN", root, when, f"there: {', '.join(event['agents'])}", f"shared: {shared}", cost=cost)

    def _experiments(self, ids: Sequence[int]) -> str:
        return "; ".join(self._experiment(number) for number in ids) or "nothing"

    def _experiment(self, number: int) -> str:
        """`#17 LR 0.1 → 0.07`; 0 is the untouched script."""
        return (
            f"#{number} {clean(' '.join(self.notes.get(number, '').split()))}".strip()
            if number
            else "the untouched script"
        )

    def _span(
        self,
        name: str,
        kind: str,
        parent: str,
        when: tuple[float, float],
        inputs: str,
        outputs: str,
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
            **({"mlflow.spanOutputs": outputs} if outputs else {}),
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


def _marked(apart: str) -> str:
    """How far a step is from what was handed in, short enough for the name of a span: ` ▲0.006`, ` ▼1.2`."""
    found = _BY.match(apart)
    return f" {MARKS[found[2]]}{found[1]}" if found else apart.replace("as the best was lucky", "(the best was lucky)")


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _metric(value: float | None) -> str:
    return "nothing" if value is None else metric(value)
