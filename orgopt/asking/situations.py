"""The situations of a question: what an agent of a role knows at the start, in the middle and late in a run.

What was tried in them is that of two policies in a replay, so that it is the same for every model and every charter.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import mean, stdev
from typing import Any, Literal, NamedTuple

from orgopt.agents.base import Case, Purpose, View
from orgopt.agents.knowledge import Known
from orgopt.agents.thinking.situation import Attempt, Left, Seat, Situation, Workplace
from orgopt.errors import UsageError
from orgopt.lab.base import Lab, Status
from orgopt.ledger import BASELINE, Event, Ledger
from orgopt.org import Link, Org, Role
from orgopt.seeds import Stream, generator
from orgopt.tasks.knob import Value
from orgopt.tasks.task import Task
from orgopt.team.desk import free_knobs
from orgopt.team.runtime import Team
from orgopt.team.scripts import Scripts

Moment = Literal["start", "middle", "late", "review", "report", "rewrite"]
MOMENTS: tuple[Moment, ...] = ("start", "middle", "late", "review", "report")
"""Those of who researches: `rewrite` is that of a search's rewriter alone."""
_KNOWN: Mapping[Moment, int] = {"start": 0, "middle": 10, "late": 40, "review": 20, "report": 20}
"""How many experiments have ended in the first sample of a situation; each further sample knows one more."""
_LONGEST = 12  # doublings of a budget
_COLLEAGUE = "asked-colleague"


class Posed(NamedTuple):
    """A situation, and what an answer to it is for."""

    moment: Moment
    purpose: Purpose
    now: Situation


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What two policies tried, one of them at the place of the agent that is asked.

    Attributes:
        events: Of the run, to the end of its budget.
        budget_s: The budget.
        ended: How many experiments ended.
    """

    events: Sequence[Event]
    budget_s: float
    ended: int


def moments(org: Org, role: Role) -> tuple[Moment, ...]:
    """The situations that a role of an organization meets."""
    reviews = any(link.kind == "reviews" and link.source == role.id for link in org.links)
    standup = org.standup
    attends = standup is not None and (not standup.attendees or role.id in standup.attendees)
    left_out = {"review": not reviews, "report": not attends}
    return tuple(moment for moment in MOMENTS if not left_out.get(moment, False))


def history(task: Task, lab: Lab, role: Role, samples: int, seed: int) -> History:
    """Experiments for the situations of a role, a replay's.

    Raises:
        UsageError: The lab is no replay, or its experiments do not end.
    """
    if not lab.virtual:
        raise UsageError(f"{task.name} cannot be replayed: only 'start' can be asked of it")
    me, other = Role(id=role.id, name=role.name), Role(id=_COLLEAGUE, name="Colleague")
    org = Org(roles=(me, other), links=(Link(source=me.id, target=other.id, kind="shares with", mutual=True),))
    wanted, budget_s = max(_KNOWN.values()) + samples, task.limit_s
    for _ in range(_LONGEST):
        ledger = Ledger()
        Team(org, task, lab, seed=seed, ledger=ledger).run(budget_s)
        ended = sum(event.data["status"] != Status.UNFINISHED for event in ledger.of("outcome"))
        if ended >= wanted:
            return History(events=ledger.events, budget_s=budget_s, ended=ended)
        budget_s *= 2
    raise UsageError(f"no {wanted} experiments of {task.name} end within {budget_s:g} s of replay")


def situations(
    org: Org, role: Role, task: Task, lab: Lab, past: History, *, moment: Moment, samples: int, seed: int
) -> Iterator[Posed]:
    """The samples of a situation: as an agent of the role would meet them one after the other."""
    purpose: Purpose = "report" if moment == "report" else "propose"
    for number in range(samples):
        ended = _KNOWN[moment] + (number if moment != "start" else 0)
        yield Posed(moment, purpose, _situation(org, role, task, lab, past, ended, seed + number, moment == "review"))


def _situation(
    org: Org, role: Role, task: Task, lab: Lab, past: History, ended: int, seed: int, reviews: bool
) -> Situation:
    told = _Told(task, role)
    t = 0.0
    for event in past.events:
        if len(told.ended) >= ended and event.t > t:
            break
        told.take(event)
        t = event.t
    known = told.known()
    delegates = tuple(
        f"{link.target}-1" for link in org.links if link.kind == "delegates to" and link.source == role.id
    )
    work = Workplace(
        org=org,
        task=task,
        script=told.scripts,
        edits=False,
        notes=told.notes,
        errors=told.errors,
        attempts=told.attempts,
        running=tuple(told.running),
        slots=lab.slots,
        virtual=True,
    )
    hears = frozenset({f"{_COLLEAGUE}-1"})
    seat = Seat(name=f"{role.id}-1", role=role, risk=org.risk_of(role), assigns=delegates, hears=hears, work=work)
    free, rng = free_knobs(task.knobs, role.focus), generator(Stream.AGENT, seed, 0)
    view = View.of(task.knobs, known, org.risk_of(role), rng)
    left_s = max(0.0, past.budget_s - t)
    cases = told.cases(known) if reviews else ()
    view = replace(view, free=free, cases=cases, left_s=left_s, own=view.starts[0])
    return Situation(seat=seat, view=view, inbox=(), left=Left(left_s))


class _Told:
    """What an agent knows of a history, event by event: all of it."""

    def __init__(self, task: Task, role: Role) -> None:
        self.task, self.me = task, f"{role.id}-1"
        self.scripts, self.notes, self.errors = Scripts(task), dict[int, str](), dict[int, str]()
        self.attempts, self.running, self.ended = dict[int, Attempt](), dict[int, None](), list[int]()
        self._settings: dict[int, Mapping[str, Value]] = {}
        self._metrics: dict[int, float | None] = {}

    def take(self, event: Event) -> None:
        """Learn of an event."""
        data = event.data
        if event.kind == "proposal":
            number: int = data["id"]
            self._settings[number] = self.task.complete(data["knobs"])
            self.scripts.put(number, self._settings[number], None)
            self.notes[number] = f"{data['agent']}: {data['note']}"
            self.attempts[number] = Attempt(data["agent"], data["parent"])
            self.running[number] = None
        elif event.kind == "outcome" and data["status"] != Status.UNFINISHED:
            self._take_outcome(data["id"], data)

    def _take_outcome(self, number: int, data: Mapping[str, Any]) -> None:
        self._metrics[number] = data["metric"]
        self.ended.append(number)
        del self.running[number]
        seconds, curve = data["ended"] - data["started"], data.get("curve", ())
        self.attempts[number] = self.attempts[number]._replace(seconds=seconds, curve=curve)
        if data["error"]:
            self.errors[number] = data["error"]

    def known(self) -> list[Known]:
        """The settings that ended, the baseline first, each once."""
        base = self.task.baseline
        defaults = self.task.complete({})
        found = [Known(BASELINE, defaults, base.metric, base.seeds, base.sd)]
        groups: defaultdict[tuple[Value, ...], list[int]] = defaultdict(list)
        for number in self.ended:
            groups[tuple(self._settings[number].values())].append(number)
        groups.pop(tuple(defaults.values()), None)
        for numbers in groups.values():
            values = [value for number in numbers if (value := self._metrics[number]) is not None]
            mine = any(self.attempts[number].agent == self.me for number in numbers)
            metric, sd = (mean(values) if values else None), (stdev(values) if len(values) > 1 else 0.0)
            settings, failed = self._settings[numbers[0]], not values
            found.append(Known(numbers[0], settings, metric, max(1, len(values)), sd, mine=mine, failed=failed))
        return found

    def cases(self, known: Sequence[Known]) -> list[Case]:
        """The best and the worst of a colleague's results, which a reviewer has to tell apart."""
        theirs = [one for one in known[1:] if not one.mine and one.metric is not None]
        ranked = sorted(theirs, key=lambda one: one.metric or 0.0)
        chosen = [ranked[0], ranked[-1]] if len(ranked) > 1 else ranked
        return [Case(one, f"{_COLLEAGUE}-1") for one in chosen]
