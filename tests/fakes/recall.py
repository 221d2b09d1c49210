"""What agents know, worked out anew from a ledger alone: what the runtime keeps is compared with it."""

from collections.abc import Iterable
from typing import Any

from orgopt.lab.base import Status
from orgopt.ledger import BASELINE, Event
from orgopt.tasks.task import Settings, Task
from orgopt.team.beliefs import Beliefs, Finished
from orgopt.team.scripts import Scripts
from orgopt.team.trust import Trust


def learned(agent: str, event: Event) -> tuple[int, ...]:
    """The experiments whose results an event makes known to an agent."""
    data = event.data
    if event.kind == "outcome" and data["agent"] == agent and data["status"] != "unfinished":
        return (data["id"],)
    if event.kind == "message" and agent in data["to"]:
        return tuple(data["experiments"])
    if event.kind == "meeting" and agent in data["agents"]:
        return tuple(data["shared"])
    return ()


def view(events: Iterable[Event], agent: str) -> tuple[int, ...]:
    """The experiments that an agent knows the results of, in the order that it learned them."""
    return tuple(dict.fromkeys(experiment for event in events for experiment in learned(agent, event)))


def recall(task: Task, trust: Trust, events: Iterable[Event]) -> Beliefs:
    """What an agent believes after some events: what the team keeps up to date for it, computed afresh."""
    defaults = task.complete({})
    found = Beliefs(task.knobs, defaults, task.baseline, trust)
    asked: dict[int, Settings] = {}
    scripts = Scripts(task)
    first: dict[tuple[Any, ...], int] = {("", *defaults.values()): BASELINE}
    runs: dict[int, Finished] = {}
    for event in events:
        data = event.data
        if event.kind == "proposal":
            asked[data["id"]] = {**defaults, **data["knobs"]}
            scripts.put(data["id"], asked[data["id"]], data.get("script"))
            first.setdefault((scripts.key(data["id"]), *asked[data["id"]].values()), data["id"])
        elif event.kind == "outcome":
            settings = asked[data["id"]]
            number, curve = first[(scripts.key(data["id"]), *settings.values())], tuple(data.get("curve", ()))
            failed = Status(data["status"]).failed
            runs[data["id"]] = Finished(data["id"], data["agent"], number, settings, data["metric"], curve, failed)
        for experiment in learned(trust.me, event):
            if experiment != BASELINE:
                found.learn(runs[experiment])
        if event.kind == "message" and "ruling" in data and trust.me in (*data["to"], data["sender"]):
            setting = runs[data["experiments"][0]].setting
            if data["ruling"] == "pass":
                found.approve(setting, data["sender"])
            elif trust.me == data["sender"]:
                found.reject(setting)
        if event.kind == "message" and data["link"] == "delegates to" and trust.me in data["to"]:
            handed = data["experiments"][0]
            found.hand(data["sender"], runs[handed].setting if handed != BASELINE else BASELINE)
    return found
