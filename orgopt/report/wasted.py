"""What of a study's runs was wasted, and which candidates were the dearest."""

from collections.abc import Iterator, Sequence

from orgopt.basics.markup import Child, Markup, h
from orgopt.lab.base import Status
from orgopt.report.claims import pick
from orgopt.report.interval_tables import plain_table
from orgopt.report.run_course import FAILED, Spent
from orgopt.report.stacked import stacked
from orgopt.scoring.score import Score
from orgopt.study.records.kinds import EvaluationRecord
from orgopt.study.records.names import SEARCH
from orgopt.study.view import CandidateView, StudyView
from orgopt.study.wording import count, duration, plain

DEAREST = 10
"""Candidates that have a row; a table of all is what `orgopt export --csv` writes."""
_COLUMNS = ("candidate", "score", "runs", "experiments", "failed", "hardware", "idle slots", "agents' time", "tokens")


def slots(study: StudyView) -> Markup | None:
    """How much of the slots' time in all runs experiments took."""
    scores = [run.score for run in study.evaluations]
    busy, idle = sum(one.spent_slot_s for one in scores), sum(map(_idle_s, scores))
    parts = [Spent("ran experiments", busy, "plain"), Spent("idle", idle, "idle")]
    return stacked("Time of the slots in all runs", parts, duration)


def waste(study: StudyView) -> Markup | None:
    """What brought nothing, a line each."""
    return h("ul", [h("li", line) for line in _remarks(study)], cls="steps") if study.evaluations else None


def candidates(study: StudyView) -> Child:
    """The candidates whose search took the most: of tokens where any took some, else of hardware."""
    found: dict[str, list[EvaluationRecord]] = {}
    for run in study.evaluations:
        if run.phase == SEARCH:
            found.setdefault(run.entrant, []).append(run)
    known = [one for one in study.candidates if one.name in found]
    if len(known) < 2:
        return None
    known.sort(key=lambda one: _price(found[one.name]), reverse=True)
    shown = known[:DEAREST]
    hidden = len(known) - len(shown)
    rest = f"The {len(shown)} dearest of {count(len(known))}; orgopt export --csv has all." if hidden else ""
    rows = [_row(study, one, found[one.name]) for one in shown]
    return [
        h("h3", "By candidate, in the search"),
        h("p", rest, cls="about") if rest else None,
        plain_table("Costs by candidate", *with_something(_COLUMNS, rows), look="numbers"),
    ]


def with_something(columns: Sequence[str], rows: Sequence[Sequence[Child]]) -> tuple[list[str], list[list[Child]]]:
    """A table without the columns in which no row has anything, such as tokens where no model was asked."""
    kept = [i for i in range(len(columns)) if any(row[i] != "–" for row in rows)]
    return [columns[i] for i in kept], [[row[i] for i in kept] for row in rows]


def _price(runs: Sequence[EvaluationRecord]) -> tuple[float, ...]:
    scores = [run.score for run in runs]
    return (sum(one.tokens for one in scores), sum(one.spent_slot_s for one in scores))


def _row(study: StudyView, one: CandidateView, runs: Sequence[EvaluationRecord]) -> list[Child]:
    scores = [run.score for run in runs]
    tried, failed = sum(map(_tried, scores)), sum(map(_failed, scores))
    busy, idle, tokens = sum(s.spent_slot_s for s in scores), sum(map(_idle_s, scores)), sum(s.tokens for s in scores)
    return [
        pick(study, one.name),
        plain(one.value),
        count(len(runs)),
        count(tried),
        _share(failed, tried),
        duration(busy),
        _share(idle, busy + idle),
        duration(sum(s.agent_s for s in scores)),
        count(tokens) if tokens else "–",
    ]


def _share(part: float, whole: float) -> str:
    return f"{100 * part / whole:.0f} %" if whole and part else "–"


def _were(found: Sequence[object]) -> str:
    return "was" if len(found) == 1 else "were"


def _tried(score: Score) -> int:
    return sum(score.experiments.values())


def _failed(score: Score) -> int:
    return sum(number for status, number in score.experiments.items() if status in FAILED)


def _idle_s(score: Score) -> float:
    """Slot-seconds in which nothing ran: what is left of the busy ones, by their share."""
    return score.spent_slot_s * (1 / score.utilisation - 1) if score.utilisation > 0 else 0.0


def _remarks(study: StudyView) -> Iterator[str]:
    scores = [run.score for run in study.evaluations]
    tried, failed = sum(map(_tried, scores)), sum(map(_failed, scores))
    if failed:
        why = next((one.common_error for one in scores if one.common_error and _failed(one)), "")
        said = f", most often with: {why}" if why else ""
        yield f"{count(failed, 'experiment')} of {count(tried)} failed{said}."
    else:
        yield f"None of {count(tried, 'experiment')} failed."
    stopped = sum(score.experiments.get(Status.STOPPED, 0) for score in scores)
    if stopped:
        yield f"{count(stopped, 'experiment')} were stopped early by the agent that had asked for them."
    dropped = [one for one in study.candidates if one.dropped]
    if dropped:
        seeds = max(len(study.scores(SEARCH, one.name, task)) for one in study.candidates for task in study.tasks)
        run = [len(study.scores(SEARCH, one.name, task)) for one in dropped for task in study.tasks]
        saved = seeds * len(run) - sum(run)
        more = f", which saved {count(saved, 'run')}" if saved else ""
        yield f"{count(len(dropped), 'candidate')} {_were(dropped)} clearly worse, and given no more seeds{more}."
    thoughts = sum(sum(score.failed_thoughts.values()) for score in scores)
    if thoughts:
        yield f"{count(thoughts, 'thought')} of language models came to nothing."
    if lost := [score for score in scores if score.disqualified]:
        yield f"{count(len(lost), 'run')} {_were(lost)} disqualified: {lost[0].disqualified}."
