"""The tests that claims come from: the champion against everything else, on the same seeds, that no search has used."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from orgopt.evolve import controls
from orgopt.evolve.trials.runs import Runs, Wanted
from orgopt.study import statistics
from orgopt.study.records.result import Claim
from orgopt.study.score_parts import Parts

ALL = "all"
CHAMPION = "champion"
Group = tuple[str, ...]
"""The names of entrants that take turns: seed k runs the k-th of them, and so on round."""


def claims(
    phase: str,
    runs: Runs,
    champion: str,
    texts: Mapping[str, str],
    groups: Mapping[str, Group],
    tasks: Sequence[str],
    seeds_of: Callable[[str], int],
) -> list[Claim]:
    """What the champion is against everything else on the same seeds, by task and over all.

    Args:
        phase: Which test it is: on the tasks that were searched, on others, or trained for real.
        runs: Does the runs, and remembers them.
        champion: Its name.
        texts: The documents of all entrants by name.
        groups: What it is compared with, by label.
        tasks: The tasks of this test.
        seeds_of: On how many seeds a label is run; the champion has the most.
    """
    compared = {CHAMPION: (champion,), **groups}
    turns = {
        label: [names[k % len(names)] for k in range(seeds_of(label))] for label, names in compared.items() if names
    }
    # Seed by seed, so that a study that is stopped here has as much of each.
    wanted = [
        Wanted(names[k], texts[names[k]], k)
        for k in range(seeds_of(CHAMPION))
        for names in turns.values()
        if k < len(names)
    ]
    wanted.sort(key=lambda one: one.program == controls.SLOWEST)  # last: it takes longer than all the others
    runs.do(phase, dict.fromkeys(wanted), tasks)
    outputs = {
        label: np.concatenate([runs.outputs(phase, name, tasks, [k]) for k, name in enumerate(names)])
        for label, names in turns.items()
    }
    runs.callback.saved()
    columns = {ALL: slice(None), **{task: slice(i, i + 1) for i, task in enumerate(tasks)}}
    if len(tasks) == 1:
        del columns[ALL]  # it would say the same again
    steady = {task for task in tasks if runs.arena.tasks[task].steady}
    return [
        _claim(
            (phase, task, label),
            outputs[CHAMPION][: len(outputs[label]), column],
            outputs[label][:, column],
            [runs.parts(phase, turns[who][: len(turns[label])], tasks[column]) for who in (CHAMPION, label)],
            sure=not (steady if task == ALL else steady & {task}),
        )
        for task, column in columns.items()
        for label in turns
        if label != CHAMPION
    ]


def _claim(
    of: tuple[str, str, str], champion: np.ndarray, other: np.ndarray, parts: Sequence[Parts], *, sure: bool
) -> Claim:
    """A comparison, of a phase, a task and an entrant; not `sure` where both may have the luck of one seed for all."""
    phase, task, label = of
    one, two = champion.mean(axis=1), other.mean(axis=1)
    found = statistics.difference(one, two)
    return Claim(
        phase=phase,
        task=task,
        entrant=label,
        mean=float(two.mean()),
        champion_mean=float(one.mean()),
        difference=found.mean,
        low=finite(found.low),
        high=finite(found.high),
        mdd=finite(found.mdd),
        seeds=found.n,
        verdict=found.verdict if sure else "no difference",
        parts=parts[1],
        champion_parts=parts[0],
    )


def finite(value: float) -> float | None:
    """None for the end of an interval of one seed, which says nothing of noise."""
    return value if np.isfinite(value) else None
