"""A checkout tried out before anybody relies on it: two runs of it as it is, and runs that show which knobs arrive."""

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from orgopt.lab.arrival import arrived, is_python, moved, own_names, plain, watched
from orgopt.lab.base import Experiment, Outcome, Status
from orgopt.lab.local import LocalLab
from orgopt.tasks.task import Task

_MOST_ALONE = 24
"""Knobs that are tried one at a time, where a run that looks for all did not show them."""
ALONE_S = 900.0
"""Seconds that such runs may take together."""
_SEED = 1
_TAIL = 12  # lines of an output that are shown where a run failed


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What runs of a checkout showed.

    Attributes:
        outcomes: The runs of it as it is, with a seed each.
        seconds: Wall seconds of one; nan where none ended.
        memory_gb: Its peak.
        metrics: What each that ended well gave, as the script has it.
        varied: What of the output differs between the two, a few lines.
        read: Knobs whose value was found where the script reads it.
        acts: Knobs that were not found, and with which it printed otherwise.
        unproven: Knobs of which neither was shown, and why.
        untried: Knobs that were not tried.
        output: The end of what a run that failed printed.
    """

    outcomes: tuple[Outcome, ...] = ()
    seconds: float = math.nan
    memory_gb: float = 0.0
    metrics: tuple[float, ...] = ()
    varied: tuple[str, ...] = ()
    read: tuple[str, ...] = ()
    acts: tuple[str, ...] = ()
    unproven: dict[str, str] = field(default_factory=dict[str, str])
    untried: tuple[str, ...] = ()
    output: str = ""

    @property
    def failed(self) -> Outcome | None:
        """The first run of it as it is that gave no metric; None where all did."""
        return next((one for one in self.outcomes if one.status is not Status.OK), None)

    @property
    def noise(self) -> float:
        """The standard deviation between runs with other seeds; nan where fewer than two ended."""
        return statistics.stdev(self.metrics) if len(self.metrics) > 1 else math.nan


class _Arrivals(NamedTuple):
    """As of `Check`."""

    read: tuple[str, ...]
    acts: tuple[str, ...]
    unproven: dict[str, str]
    untried: tuple[str, ...]


class _Tries:
    """Runs in one lab, one after the other."""

    def __init__(self, task: Task, lab: LocalLab) -> None:
        self.task, self.lab, self._number = task, lab, 0

    def run(self, seed: int, script: str | None = None) -> tuple[Outcome, str]:
        """An experiment's outcome, and the end of what it printed."""
        self._number += 1
        self.lab.submit(Experiment(id=self._number, settings={}, seed=seed, script=script))
        while True:
            for event in self.lab.wait(self.lab.now() + 3600):
                if isinstance(event, Outcome):
                    return event, self.lab.printed.get(event.id, "")


def check(
    task: Task, *, runs: int = 2, alone_s: float = ALONE_S, note: Callable[[str], None] = lambda _: None
) -> Check:
    """Run a checkout as it is, with another seed each time, and show which of its knobs arrive.

    Args:
        task: A checkout.
        runs: Of it as it is.
        alone_s: Seconds in which knobs that one run with all of them moved did not show are tried one at a time.
        note: Told what is done.

    Raises:
        SandboxError: The sandbox is not to be had on this machine.
        LabError: The lab broke.
    """
    with LocalLab(task, 1, keeps=True) as lab:
        tries = _Tries(task, lab)
        note(f"running {task.name} as it is, {runs} time{'s' * (runs != 1)} …")
        done = [tries.run(_SEED + k) for k in range(runs)]
        outcomes = tuple(outcome for outcome, _ in done)
        well = [outcome for outcome in outcomes if outcome.status is Status.OK]
        failed = next((text for outcome, text in done if outcome.status is not Status.OK), "")
        seconds = statistics.mean([one.ended - one.started for one in well]) if well else math.nan
        most = int(min(_MOST_ALONE, alone_s / max(seconds, 0.01))) if well else 0
        read, acts, unproven, untried = _arrivals(tries, done[0], most, note)
        sign = -1.0 if task.metric != task.printed else 1.0
        return Check(
            outcomes=outcomes,
            seconds=seconds,
            memory_gb=max((one.memory_gb for one in outcomes), default=0.0),
            metrics=tuple(sign * one.metric for one in well if one.metric is not None),
            varied=_varied([text for _, text in done]),
            read=read,
            acts=acts,
            unproven=unproven,
            untried=untried,
            output="\n".join(failed.strip().splitlines()[-_TAIL:]),
        )


def _arrivals(tries: _Tries, first: tuple[Outcome, str], most: int, note: Callable[[str], None]) -> _Arrivals:
    """Which knobs arrive, and how that was shown; at most `most` are tried one at a time."""
    task = tries.task
    values = moved(task.knobs)
    read: set[str] = set()
    why = "its value was found nowhere"
    if is_python(task):
        note(f"looking for the values of {len(values)} knob{'s' * (len(values) != 1)} as it runs …")
        outcome, text = tries.run(_SEED, watched(task, task.script_with(values), values))
        read = arrived(text)
        if not read and outcome.status is not Status.OK:
            why = f"a run with all knobs moved ended as {outcome.status.value}: {outcome.error}"
    left = [knob.name for knob in task.knobs if knob.name not in read]
    # Two knobs of one name cannot be told apart by it.
    names = own_names(task)
    twice = [name for name in left if list(names.values()).count(names[name]) > 1]
    acts: list[str] = []
    unproven: dict[str, str] = {}
    tried = left[:most]
    stable: list[str] = []
    steady = False
    if tried:
        note(f"trying {len(tried)} knob{'s' * (len(tried) != 1)} one at a time …")
        again, text = tries.run(_SEED)
        known = set(plain(text))
        stable = [line for line in plain(first[1]) if line in known]
        steady = again.metric is not None and again.metric == first[0].metric
    for name in tried:
        outcome, text = tries.run(_SEED, task.script_with({name: values[name]}))
        lines = set(plain(text))
        differs = (steady and outcome.metric != first[0].metric) or any(line not in lines for line in stable)
        if outcome.status is Status.OK and differs:
            acts.append(name)
        else:
            unproven[name] = _unshown(outcome, why if name not in twice else "another has its name")
    untried = tuple(name for name in left if name not in tried)
    return _Arrivals(tuple(name for name in values if name in read), tuple(acts), unproven, untried)


def _unshown(outcome: Outcome, why: str) -> str:
    if outcome.status is not Status.OK:
        return f"the run with it moved ended as {outcome.status.value}: {outcome.error}"
    return f"{why}, and the run with it moved printed the same or what differs by itself"


def _varied(outputs: Sequence[str]) -> tuple[str, ...]:
    """The last lines that differ between the first two outputs, as the first has them."""
    if len(outputs) < 2:
        return ()
    first, second = (plain(text) for text in outputs[:2])
    return tuple([line.strip()[:100] for line in first if line.strip() and line not in second][-4:])
