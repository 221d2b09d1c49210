"""Where the time of a run went: the parts sum up to all of it, and each moment is in one."""

from itertools import pairwise
from typing import Any

import pytest

from orgopt.ledger import Event
from orgopt.report.run_course import agent_time, course, slot_time
from orgopt.report.timeline import timeline

AGENTS = [f"explorer-{i}" for i in range(1, 4)]


def start(slots: int = 2, agents: list[str] = AGENTS) -> Event:
    return Event("start", 0.0, {"budget_s": 10.0, "slots": slots, "agents": agents})


def asked(t: float, number: int, agent: str) -> Event:
    return Event("proposal", t, {"id": number, "agent": agent, "knobs": {}, "parent": 0, "note": "wider"})


def ended(number: int, agent: str, started: float, t: float, status: str = "ok") -> Event:
    data: dict[str, Any] = {"id": number, "agent": agent, "started": started, "ended": t, "status": status}
    return Event("outcome", t, {**data, "metric": 0.5 if status == "ok" else None})


def met(t: float, seconds: float) -> Event:
    return Event("meeting", t, {"agents": AGENTS, "seconds": seconds, "shared": []})


EVENTS = [
    start(),
    Event("submission", 0.0, {"id": 0, "metric": 1.0}),
    asked(1.0, 1, "explorer-1"),
    asked(1.0, 2, "explorer-2"),
    asked(1.0, 3, "explorer-3"),
    ended(1, "explorer-1", 1.0, 3.0),
    Event("submission", 3.0, {"id": 1, "metric": 0.5}),
    ended(2, "explorer-2", 1.0, 4.0, "crashed"),
    met(4.0, 1.0),
    met(4.5, 1.0),
    asked(6.5, 4, "explorer-1"),
    ended(3, "explorer-3", 3.0, 7.0, "stopped"),
    ended(4, "explorer-1", 6.5, 8.0),
    Event("end", 10.0, {}),
]


def test_each_moment_of_slots_and_agents_is_in_one_part() -> None:
    told = course(EVENTS)
    assert told is not None
    slots = {part.words: part.seconds for part in slot_time(told)}
    assert list(slots.values()) == pytest.approx([2.0, 1.5, 3.0, 4.0, 0.0, 9.5])
    agents = {part.words: part.seconds for part in agent_time(told)}
    # Two stand-ups that overlap follow one another: from 4 to 6 for who had nothing running.
    assert list(agents.values()) == pytest.approx([2 + 3 + 4 + 1.5, 3 + 1 + 0.5 + 2 + 4 + 3, 4.0, 2.0, 0.0])


@pytest.mark.parametrize("until", range(3, len(EVENTS)))
def test_the_parts_of_a_run_that_goes_on_sum_up_to_what_has_passed(until: int) -> None:
    told = course(EVENTS[:until])
    assert told is not None
    assert sum(part.seconds for part in slot_time(told)) == pytest.approx(2 * told.now)
    assert sum(part.seconds for part in agent_time(told)) == pytest.approx(3 * told.now)


def test_a_slot_never_runs_two_experiments() -> None:
    told = course(EVENTS)
    assert told is not None
    for slot in range(2):
        mine = sorted((bar.started, bar.ended) for bar in told.bars if bar.slot == slot)
        assert all(after[0] >= before[1] for before, after in pairwise(mine))


def test_a_run_of_many_experiments_is_few_elements() -> None:
    agents = [f"junior-{i}" for i in range(60)]
    events = [start(64, agents)]
    for i in range(1200):
        events += [asked(i / 150, i + 1, agents[i % 60]), ended(i + 1, agents[i % 60], i / 150, i / 150 + 0.3)]
    drawn = timeline(events)
    assert drawn is not None
    assert drawn.count("<path") < 20
    assert len(drawn) < 80_000
    assert "junior × 60" in drawn
    assert "64 slots" in drawn
