"""The ledger: the append-only record of one organization's run on one task, as JSON lines.

Kinds of events, each with its lab time `t` in seconds: `start`, `thinking`, `thought`, `proposal`, `stop`, `outcome`,
`approval`, `message`, `meeting`, `submission`, `end`. As a file it is a log of `orgopt.storage.jsonl`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from math import inf
from pathlib import Path
from typing import Any, NamedTuple, Self

from orgopt.errors import StoreError
from orgopt.storage import regular_files
from orgopt.storage.jsonl import JsonLog, damaged, read_lines, read_log

BASELINE = 0
"""The id of the baseline, which every agent knows from the start; experiments count from 1."""

_LEAST_DECIMAL = 1e-3
RESULTS_HEADER = "commit\t{metric}\tmemory_gb\tstatus\tdescription"


class Event(NamedTuple):
    """One line of a ledger."""

    kind: str
    t: float
    data: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """The event as its line has it."""
        return {"kind": self.kind, "t": self.t, **self.data}


class Ledger:
    """The events of one run, in memory and, with a path, on disk.

    Args:
        path: The file that takes new events; none keeps them in memory.
        events: What was recorded before: the run repeats it event by event, and then goes on.
        inbox: The log of what a person tells the team while it works, see `told`; None where nobody does.
    """

    def __init__(self, path: Path | None = None, events: Iterable[Event] = (), inbox: Path | None = None) -> None:
        self.events: list[Event] = list(events)
        self.inbox = inbox
        self._repeated = 0
        self._log = JsonLog(path) if path else None

    @classmethod
    def load(cls, path: Path) -> Self:
        """A ledger that was begun, to be continued in its file.

        Raises:
            StoreError: It is damaged, or no ledger.
        """
        return cls(path, read_ledger(path))

    @property
    def repeating(self) -> bool:
        """Whether recorded events are still to be repeated."""
        return self._repeated < len(self.events)

    def ahead(self) -> Iterator[Event]:
        """The recorded events that are still to be repeated."""
        return islice(self.events, self._repeated, None)

    def add(self, kind: str, t: float, **data: Any) -> Event:
        """Append an event, or repeat a recorded one.

        Raises:
            StoreError: The event is not the one that was recorded at this place.
        """
        event = Event(kind, round(t, 4), data)
        if self._repeated < len(self.events):
            if kind == "start" and "better" not in self.events[self._repeated].data:
                data.pop("better", None)  # what was begun by a version that did not say so goes on
            if self.events[self._repeated] != event:
                raise StoreError(_differs(self._repeated + 1, self.events[self._repeated], event))
        else:
            self.events.append(event)
            if self._log:
                # Not each line is forced onto the disk: a kill loses none, and a power cut only what a run can repeat.
                self._log.append(event.to_dict(), sync=kind == "end")
        self._repeated += 1
        return event

    def ruled(self) -> Event | None:
        """What a person said of a rewritten script that would run next, where that is recorded."""
        event = next(self.ahead(), None)
        return event if event and event.kind == "approval" else None

    def told(self) -> list[str]:
        """What a person has told that no stand-up has heard yet; of one that is repeated, what it heard.

        Raises:
            StoreError: The inbox is damaged.
        """
        if self.repeating:
            meeting = next((event for event in self.ahead() if event.kind == "meeting"), None)
            return list(meeting.data.get("told", ())) if meeting else []
        if self.inbox is None:
            return []
        heard = sum(len(event.data.get("told", ())) for event in self.of("meeting"))
        return [str(record["text"]) for record in read_lines(self.inbox)[heard:]]

    def of(self, kind: str) -> list[Event]:
        """The events of a kind."""
        return [event for event in self.events if event.kind == kind]

    def close(self) -> None:
        if self._log:
            self._log.close()


Watcher = Callable[[Event], None]
"""Is told of every event of a run."""


def writing(ledger: Ledger, watch: Watcher | None) -> Callable[..., Event]:
    """Writes an event into a ledger, and tells who watches."""
    if watch is None:
        return ledger.add

    def add(kind: str, t: float, **data: object) -> Event:
        event = ledger.add(kind, t, **data)
        watch(event)
        return event

    return add


def read_ledger(path: Path) -> list[Event]:
    """The events of a ledger; a missing file has none.

    Raises:
        StoreError: It is damaged, no ledger, or says what no lab can have done.
    """
    records, sealed = read_log(path)
    for number, record in enumerate(records, 1):
        if why := _no_event(record):
            raise damaged(str(path), number, len(records), why)
    events = [Event(record.pop("kind"), record.pop("t"), record) for record in records]
    # Earlier versions wrote down some milliseconds beyond what is possible, and have no hashes.
    if sealed and (found := impossible(events)):
        raise damaged(str(path), found[0], len(events), found[1])
    return events


_NEEDED = {
    "start": ("budget_s", "slots", "agents", "commit", "baseline"),
    "proposal": ("id", "agent", "note", "commit"),
    "outcome": ("id", "agent", "status", "started", "ended", "metric", "heldout", "memory_gb", "error"),
    "submission": ("id", "metric"),
    "stop": ("id", "step", "value"),
    "thought": ("agent", "purpose", "failure"),
    "approval": ("agent", "commit", "approved", "note"),
}
_TIMES = {"start": ("t", "budget_s"), "outcome": ("t", "started", "ended")}
"""The times of an event, besides when it was; how a command of a thought `ended` is a word."""
_ROUNDED = 1e-4
"""Times in a ledger have four decimals."""


def _no_event(record: Mapping[str, Any]) -> str:
    """Why a record is no event of a ledger; empty where it is one."""
    kind = record.get("kind")
    if not isinstance(kind, str) or "t" not in record:
        return f"no event of a ledger, which has {'a kind' if 't' in record else 'a time t'}"
    if missing := [name for name in _NEEDED.get(kind, ()) if name not in record]:
        return f"this {kind} has no {missing[0]}"
    for name in _TIMES.get(kind, ("t",)):
        value = record.get(name, 0)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < inf:
            return f"the {name} of this {kind} is no time"
    return ""


def impossible(events: Sequence[Event]) -> tuple[int, str] | None:
    """The first event, from 1, that no lab can have brought about, and why: time falls, or slots hold too much."""
    if not events or events[0].kind != "start":
        return (1, "a ledger begins with a start") if events else None
    budget_s, slots = events[0].data["budget_s"], events[0].data["slots"]
    last, moments = 0.0, list[tuple[float, int, int]]()
    for number, (kind, t, data) in enumerate(events, 1):
        if t < last:
            return number, f"this {kind} is at {t:g} s, after an event at {last:g} s"
        last = t
        if kind == "outcome":
            started, ended = data["started"], data["ended"]
            if not started <= ended <= budget_s + _ROUNDED:
                return number, f"experiment {data['id']} ran from {started:g} to {ended:g} s of {budget_s:g} s"
            moments += [(started, 1, number), (ended, -1, number)] if started < ended else []
    running = 0
    for t, change, number in sorted(moments):  # at one time, ends before starts
        running += change
        if running > slots:
            return number, f"{running} experiments ran at once at {t:g} s, on {slots} slots"
    return None


MORE = "more"
"""What a run's start says of `better` where its metric is negated inside, so that less is better there."""


def shown_sign(start: Mapping[str, Any]) -> float:
    """-1 for the start of a run whose metric is negated inside, 1 for another: a shown value is this times its own."""
    return -1.0 if start.get("better") == MORE else 1.0


def as_shown(events: Sequence[Event]) -> list[Event]:
    """The events of a run with its metric as the script prints it; as they are where nothing is negated inside."""
    if not events or shown_sign(events[0].data) > 0:
        return list(events)
    return [Event(event.kind, event.t, data_as_shown(event.data)) for event in events]


def data_as_shown(data: Mapping[str, Any]) -> dict[str, Any]:
    """What an event of such a run has, with its metrics as the script prints them."""
    turned = (name for name in ("metric", "heldout", "baseline") if isinstance(data.get(name), int | float))
    return {**data, **{name: -data[name] for name in turned}}


def write_text(path: Path, text: str) -> Path:
    """Write a file, its line ends as they are.

    Raises:
        StoreError: It cannot be written.
    """
    try:
        regular_files.write_bytes(path, text.encode())
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from None
    return path


def results_tsv(ledger: Ledger, metric: str) -> str:
    """The run as autoresearch's results.tsv: commit, metric, memory_gb, status, description.

    `commit` is the digest of the script that ran; a result is kept when the team submitted it. The memory is the
    GPU's where there was one. A metric that is negated inside (`-accuracy`) stands as the script prints it.
    """
    sign = -1.0 if metric.startswith("-") else 1.0
    proposals = {event.data["id"]: event.data for event in ledger.of("proposal")}
    kept = {event.data["id"] for event in ledger.of("submission")}
    lines = [RESULTS_HEADER.format(metric=metric.removeprefix("-"))]
    lines += [
        f"{e.data['commit']}\t{_value(sign * e.data['baseline'])}\t0.0\tkeep\tbaseline" for e in ledger.of("start")
    ]
    for event in ledger.of("outcome"):
        data = event.data
        ok = data["status"] == "ok"
        status = "keep" if data["id"] in kept else "discard" if ok else "crash"
        if data["status"] == "unfinished":
            continue
        value = sign * data["metric"] if ok else 0.0
        proposal = proposals[data["id"]]
        text = f"{proposal['agent']}: {proposal['note']}".replace("\t", " ").replace("\n", " ")
        memory = data.get("gpu_memory_gb", data["memory_gb"])
        lines.append(f"{proposal['commit']}\t{_value(value)}\t{memory:.1f}\t{status}\t{text}")
    return "\n".join(lines) + "\n"


def _value(value: float) -> str:
    """A metric with six decimals, as autoresearch has them; a small one with its digits."""
    return f"{value:.6f}" if not value or abs(value) >= _LEAST_DECIMAL else f"{value:.6g}"


def _differs(line: int, recorded: Event, event: Event) -> str:
    names = {**recorded.data, **event.data}
    differing = [name for name in names if recorded.data.get(name) != event.data.get(name)]
    what = ", ".join(differing) if recorded.kind == event.kind and differing else f"a {event.kind}"
    return (
        f"event {line} of the ledger, a {recorded.kind} at {recorded.t:g} s, is not what this run does there ({what}): "
        "a run resumes with the document, task, seed and version of orgopt that it was begun with"
    )
