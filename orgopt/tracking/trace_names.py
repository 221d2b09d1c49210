"""How a run of a study is called among traces, and how it stands to the mean of all seeds. Pure functions.

A trace is a run on one seed, which may say the opposite of the mean: it never stands without that.
"""

from collections.abc import Sequence
from pathlib import Path

from orgopt.score import Score
from orgopt.study.records.names import SEARCH
from orgopt.study.view import StudyView
from orgopt.study.wording import SEED_DOCUMENT, plain, unnegated
from orgopt.tracking.names import STAR
from orgopt.tracking.traces import Told


def told(view: StudyView, name: str, place: str, ledger: Path) -> Told:
    """What the ledger of a run of a candidate does not say.

    Args:
        view: The study.
        name: The candidate's.
        place: The folder of the run, which is that of its phase.
        ledger: The file of its events, `ledger-TASK.jsonl`.
    """
    task, phase = _run(place, ledger)
    scored = score_of(view, name, place, ledger)
    score = f" · {plain(scored)}" if scored is not None else ""
    # What tells runs of a list apart comes first, since lists cut names off.
    title = f"{_who(view, name)} · first {phase} seed{score}" + f" · {task}" * (len(view.tasks) > 1)
    measured, _ = unnegated(view.head.tasks[task].metric, 0.0)
    return Told(title, measured, _beside(view, name, task, phase))


def score_of(view: StudyView, name: str, place: str, ledger: Path) -> float | None:
    """What a run of a candidate scored; None where that is not known."""
    task, phase = _run(place, ledger)
    scores = view.scores(phase, name, task)
    return scores[0].research_output if scores else None


def _run(place: str, ledger: Path) -> tuple[str, str]:
    """The task and the phase of a run."""
    return ledger.stem.removeprefix("ledger-"), SEARCH if place == "candidates" else place


def _who(view: StudyView, name: str) -> str:
    if view.final and view.final.champion == name:
        return f"{STAR} champion"
    return SEED_DOCUMENT if name == view.candidates[0].name else name


def _beside(view: StudyView, name: str, task: str, phase: str) -> str:
    """`one seed of 12; mean 0.43 (seed document 0.05)`: of the seeds of its phase, beside champion or seed document."""
    own, seed = view.scores(phase, name, task), view.candidates[0].name
    other = seed if name != seed else view.final.champion if view.final else ""
    if len(own) < 2:
        return "the only seed" if own else ""
    beside = view.scores(phase, other, task) if other != name else []
    known = f" ({_who(view, other)} {_mean(beside)})" if len(beside) == len(own) else ""
    return f"one seed of {len(own)}; mean {_mean(own)}{known}"


def _mean(scores: Sequence[Score]) -> str:
    return plain(sum(one.research_output for one in scores) / len(scores))
