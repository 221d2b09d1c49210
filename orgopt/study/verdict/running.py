"""How far a study has come that has not ended: who leads, by which number, and that nothing is claimed."""

from dataclasses import replace
from pathlib import Path

from orgopt.study.score_parts import parts_of
from orgopt.study.verdict.ending_form import Bar, Ending, scale
from orgopt.study.view import CandidateView, StudyView
from orgopt.study.wording import SEED_DOCUMENT, count, digits_of, listing, plain


def source_name(view: StudyView) -> str:
    """The seed document as its reader knows it: by its file's name."""
    return Path(view.head.source).name or SEED_DOCUMENT


def so_far(view: StudyView) -> Ending:
    """How far a study has come: nothing is claimed."""
    told = _so_far(view)
    if not view.stopped:
        return told
    return replace(told, title=f"Stopped by an error: {view.stopped}", sure=f"{told.title} {told.sure}".strip())


def _so_far(view: StudyView) -> Ending:
    best, known = view.best, [one for one in view.candidates if one.standing]
    if best is None or best.standing is None:
        said = f"Nothing is measured yet: {count(len(view.candidates), 'candidate')} so far."
        return Ending(word="running", title=said)
    first = view.candidates[0]
    seed = first.standing
    shown = [best.standing, *([seed] if seed and seed is not best.standing else [])]
    digits = digits_of(*(value for one in shown for value in (one.value, one.estimate)))
    against = f", {source_name(view)} has {plain(shown[1].estimate, digits)}" if shown[1:] else ""
    title = f"Not finished: {best.name} leads with {plain(best.standing.estimate, digits)}{against}."
    means = listing([plain(one.value, digits) for one in shown])
    drawn = (
        f"Estimates, by which candidates are ranked: their means on search seeds, {means}, drawn to the mean of all as "
        "far as they are noise. "
    )
    noisy = any(plain(one.value, digits) != plain(one.estimate, digits) for one in shown)
    sure = (
        f"{drawn if noisy else ''}{count(len(known), 'candidate')} measured, on search seeds, where the best of many "
        "is flattered; nothing is claimed before the tests."
    )
    leading = [] if best is first else [_bar(best, best.name)]
    drawn_bars = (*leading, *([_bar(first, source_name(view))] if seed else []))
    reported = bool(view.head.identity.self_reported)
    said = scale(self_reported=reported, shown=drawn_bars)
    return Ending(word="running", title=title, sure=sure, scale=said, seeds="search seeds", bars=drawn_bars)


def _bar(one: CandidateView, name: str) -> Bar:
    """A candidate as the search has it so far, by the estimate that the headline has, too."""
    scores = [score for found in one.scores.values() for score in found]
    parts = parts_of(scores) if scores else None
    return Bar(
        name=name, value=one.standing.estimate if one.standing else 0.0, meaning=count(len(scores), "run"), parts=parts
    )
