"""The page of a contest: who is ahead on the seeds that all entrants have had, by how much, and every run."""

from collections.abc import Iterator
from math import isfinite

from orgopt.markup import Child, Markup, h, visible
from orgopt.report import claims, glance
from orgopt.report.forest import Column, Row, forest, numbers
from orgopt.report.forest import verdict as word
from orgopt.report.shell import Sections, contents, section, shell
from orgopt.score import Score
from orgopt.study.contest_view import ContestView, contest_ending
from orgopt.study.ranking import Ranking
from orgopt.study.statistics import Difference
from orgopt.study.wording import count, duration, interval, plain, signed

_COLUMNS = (Column("entrant"), Column(""), Column("score", 5), Column("behind the first, 95 %", 10), Column("", 7.5))


def contest_page(told: ContestView, *, live: bool = False) -> str:
    """One self-contained HTML page about a contest, see `page` for `live`."""
    name = visible(told.head.name)
    if live:
        return shell(name, {"top": h("header", h("p", "Contest", cls="eyebrow"), id="top")}, live=True)
    return shell(f"{name}: {contest_title(told)}", contest_sections(told))


def contest_title(told: ContestView) -> str:
    """What came of a contest, or how far it has come."""
    found = told.ranked()
    return contest_ending(told, found).title if found else "No seed has been run by all entrants yet."


def contest_sections(told: ContestView) -> Sections:
    """The sections of the page, in their order."""
    found = told.ranked()
    shown = {
        "claims": section("claims", "Who is ahead", *_standings(told, found)) if found else None,
        "experiments": section("experiments", "Every run", *_runs(told)),
    }
    kept = {key: part for key, part in shown.items() if part}
    return {"top": _top(told, found), "contents": contents(kept), **kept}


def _top(told: ContestView, found: Ranking | None) -> Markup:
    said = contest_ending(told, found, told.head.command) if found else None
    tasks = ", ".join(f"{task} ({duration(told.head.identity.budget_of(task))})" for task in told.head.tasks)
    done = f"{count(len(told.runs), 'run')} of {count(len(told.entrants), 'entrant')} on {tasks}"
    return h(
        "header",
        h("p", "Contest", h("span", told.head.name, cls="study"), cls="eyebrow"),
        h("h1", said.title if said else contest_title(told)),
        h("p", word(said.word), said.sure, cls=f"lede {said.word.split()[0]}") if said and said.sure else None,
        glance.scores(said) if said else None,
        h("p", f"{done}; {count(told.seeds, 'seed')} that all have had.", cls="about"),
        [h("p", line) for line in (said.measures if said else ())],
        [h("p", f"→ {line}", cls="advice") for line in said.advice] if said else None,
        h("p", said.scale, cls="about") if said else None,
        id="top",
    )


def _standings(told: ContestView, found: Ranking) -> Iterator[Markup | None]:
    rows = [
        Row(
            label=one.entrant,
            note=f"{count(one.experiments, 'experiment')} a run, slots busy {one.utilisation:.0%}",
            value=one.output.mean,
            low=_known(one.output.low),
            high=_known(one.output.high),
            look="main" if one.behind is None else one.verdict,
            cells=[
                plain(one.output.mean),
                _behind(one.behind) if one.behind else "–",
                word(one.verdict) if one.behind else "first",
            ],
        )
        for one in found.placings
    ]
    yield h("p", "The mean over seeds and tasks with its 95 % interval; differences are of pairs on the same seeds.")
    yield forest(rows, columns=_COLUMNS, axis="research output", zero=False)
    yield claims.parts(contest_ending(told, found))


def _known(end: float | None) -> float | None:
    """An end of an interval; None of a single seed's, which is infinite."""
    return end if end is not None and isfinite(end) else None


def _behind(one: Difference) -> Child:
    ends = (-one.high, -one.low) if isfinite(one.sd) else (None, None)
    return h("span", signed(-one.mean), " ", h("small", interval(*ends, sign=True)))


def _runs(told: ContestView) -> Iterator[Markup]:
    """The score of each seed, an entrant a column and a task a table."""
    for task in told.head.tasks:
        scores = {(one.entrant, one.k): one.score for one in told.runs if one.task == task}
        if scores:
            seeds = range(1 + max(k for _, k in scores))
            rows = [(str(k + 1), *(_score(scores.get((who, k))) for who in told.entrants)) for k in seeds]
            yield h("div", h("h3", task), numbers((Column("seed"), *(Column(who, 6) for who in told.entrants)), rows))


def _score(score: Score | None) -> str:
    return plain(score.research_output if score else None)
