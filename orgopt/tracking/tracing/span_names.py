"""How a run of a study is called among traces, and how it stands to the mean of all seeds. Pure functions.

A trace is a run on one seed, which may say the opposite of the mean: it never stands without that.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from orgopt.scoring.score import Score
from orgopt.study.records.names import RACE, SEARCH, TEST
from orgopt.study.view import StudyView
from orgopt.study.wording import SEED_DOCUMENT, count, digits_of, plain, unnegated
from orgopt.tracking.names import STAR
from orgopt.tracking.shown.study_note import apart
from orgopt.tracking.tracing.traces import Told

_DECIDES = {
    SEARCH: "The search chose by these seeds, which flatters: test seeds count.",
    RACE: "The race picked the champion by these seeds, which flatters: test seeds count.",
}
"""What the scores of a phase are good for, where they are no test."""


def told(view: StudyView, name: str, place: str, ledger: Path) -> Told:
    """What the ledger of a run of a candidate does not say.

    Args:
        view: The study.
        name: The candidate's.
        place: The folder of the run, which is that of its phase.
        ledger: The file of its events, `ledger-TASK.jsonl`.
    """
    task, phase = _run(place, ledger)
    own = view.scores(phase, name, task)
    # What tells runs of a list apart comes first, since lists cut names off; no score of one seed, which is luck.
    of = f" of {len(own)}" if len(own) > 1 else ""
    title = f"{_who(view, name)} · {phase} seed 1{of}" + f" · {task}" * (len(view.tasks) > 1)
    measured, _ = unnegated(view.head.tasks[task].metric, 0.0)
    return Told(title, measured, _scored(view, name, task, phase), tuple(_advice(view, name, task, phase)))


def mean_of(view: StudyView, name: str, place: str, ledger: Path) -> float | None:
    """What a candidate scored on all seeds of a run's phase, in the digits of what is beside it; None if unknown."""
    task, phase = _run(place, ledger)
    sides = dict.fromkeys((name, view.candidates[0].name, view.final.champion if view.final else name))
    means = {one: _mean(scores) for one in sides if (scores := view.scores(phase, one, task))}
    return round(means[name], digits_of(*means.values())) if name in means else None


def _run(place: str, ledger: Path) -> tuple[str, str]:
    """The task and the phase of a run."""
    return ledger.stem.removeprefix("ledger-"), SEARCH if place == "candidates" else place


def _who(view: StudyView, name: str) -> str:
    if view.final and view.final.champion == name:
        return f"{STAR} champion"
    return SEED_DOCUMENT if name == view.candidates[0].name else name


def _scored(view: StudyView, name: str, task: str, phase: str) -> str:
    """What a candidate has on all seeds and on this one, each beside what it is compared with has there.

    `score 0.43, mean of 12 seeds; this seed alone 0.22, seed document 0.29; seed document 0.05 in the mean: …`. Lists
    cut the end, so that one seed is told apart before it. Who is better is the champion, in the other's text, too.
    """
    own, seed = view.scores(phase, name, task), view.candidates[0].name
    champion = view.final.champion if view.final else ""
    rival = seed if name != seed else champion
    theirs = view.scores(phase, rival, task) if rival and rival != name else []
    if not own:
        return ""
    who = SEED_DOCUMENT if rival == seed else f"{STAR} champion"
    alone, both = plain(own[0].research_output), min(len(own), len(theirs))
    alone += f", {who} {plain(theirs[0].research_output)}" if theirs else ""
    if len(own) == 1:
        return f"score on this seed {alone}"
    parts = [f"score {plain(_mean(own))}, mean of {count(len(own), 'seed')}", f"this seed alone {alone}"]
    if both == len(own):
        parts.append(f"{who} {plain(_mean(theirs[:both]))} in the mean")
    elif both > 1:
        parts.append(f"of the {both} that both had {plain(_mean(own[:both]))}, {who} {plain(_mean(theirs))}")
    claims = view.final.claims if view.final else ()
    of = [one for one in claims if (one.phase, one.task, one.entrant) == (phase, task, SEED_DOCUMENT)]
    shown = theirs and {name, rival} == {seed, champion}
    whose = f"{STAR} " * (name != seed)
    parts[-1] += "".join(f": {whose}{apart(one)}" for one in of if one.low is not None and shown)
    return "; ".join(parts)


def _advice(view: StudyView, name: str, task: str, phase: str) -> Iterator[str]:
    """What to make of one run, and what to look at next."""
    seeds = len(view.scores(phase, name, task))
    other = "the seed document's run" if view.final and name == view.final.champion else "the champion's run"
    said = [_DECIDES[phase]] if phase in _DECIDES else ["The mean counts, one seed is luck."] * (seeds > 1)
    if phase == TEST:
        said.append(f"Next: compare with {other} on the same seed.")
    if said:
        yield " ".join(said)


def _mean(scores: Sequence[Score]) -> float:
    return sum(one.research_output for one in scores) / len(scores)
