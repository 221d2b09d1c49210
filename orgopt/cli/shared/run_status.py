"""What a run that is under way has done so far, as a line: of `orgopt run`, and below the table of a study."""

import time
from dataclasses import dataclass, field

from rich.text import Text

from orgopt.cli.shared.base import count
from orgopt.ledger import Event
from orgopt.study.wording import metric, unnegated


@dataclass(slots=True)
class RunStatus:
    """What a team that is running has done so far, read from its events."""

    budget_s: float
    metric: str
    slots: int = 1
    since: float = field(default_factory=time.monotonic)
    agents: int = 0
    done: int = 0
    failed: int = 0
    meetings: int = 0
    best: float | None = None

    def take(self, event: Event) -> None:
        """Count one event."""
        if event.kind == "start":
            self.since, self.agents = time.monotonic(), len(event.data["agents"])
            self.slots = event.data["slots"]
        elif event.kind == "outcome":
            self.done += event.data["status"] == "ok"
            self.failed += event.data["status"] not in {"ok", "unfinished"}
        elif event.kind == "meeting":
            self.meetings += 1
        elif event.kind == "submission":
            self.best = event.data["metric"]

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.monotonic() - self.since

    def said(self) -> str:
        """The line as plain text."""
        return self.line().plain.strip()

    def line(self) -> Text:
        """One line: the budget as a bar, what was done, the best metric."""
        verifying = self.elapsed > self.budget_s
        text = Text("    verifying on fresh seeds" if verifying else f"    {self.elapsed:4.0f} of {self.budget_s:g} s")
        text.append(f"  {count(self.done, 'experiment')}", "cyan")
        if self.failed:
            text.append(f"  {self.failed} failed", "red")
        if self.meetings:
            text.append(f"  {count(self.meetings, 'stand-up')}")
        if self.best is not None:
            name, value = unnegated(self.metric, self.best)
            text.append(f"  {name} {metric(value)}", "bold")
        return text
