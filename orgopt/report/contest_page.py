"""The page of a contest: who is ahead on the seeds that all have had, over the budget, the experiments, every run."""

from collections.abc import Iterator, Sequence
from statistics import fmean

from orgopt.basics.markup import Markup, h, visible
from orgopt.report import budget_curves, claims, glance
from orgopt.report.interval_tables import Column, lede, numbers
from orgopt.report.shell import Sections, contents, section, shell
from orgopt.scoring.score import Score
from orgopt.study.contest_view import ContestView, contest_ending
from orgopt.study.ranking import Ranking
from orgopt.study.verdict.ending_form import scale_alone
from orgopt.study.wording import count, duration, metric, plain, unnegated


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
        "claims": section("claims", claims.MADE_OF, claims.parts(contest_ending(told, found), titled=False))
        if found
        else None,
        "curves": section("curves", "Over the budget", *_curves(told, found)) if found else None,
        "experiments": section("experiments", "Experiments", *_experiments(told)),
        "runs": section("runs", "Every run", *_runs(told)),
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
        lede(said.word, said.sure) if said and said.sure else None,
        [h("p", f"→ {line}", cls="advice") for line in said.advice] if said else None,
        glance.scores(said) if said else None,
        h("p", scale_alone(said), cls="legend") if said else None,
        h("p", f"{done}; {count(told.seeds, 'seed')} that all have had.", cls="about"),
        [h("p", line) for line in (*said.measures, *said.notes)] if said else None,
        id="top",
    )


def _curves(told: ContestView, found: Ranking) -> Iterator[Markup]:
    """What each would have submitted over the budget, a chart a task."""
    yield h("p", "The quality of what each would submit at a time, mean over seeds: 0 is the untouched script.")
    looks = {one.entrant: budget_curves.other_look(one.entrant) for one in found.placings}
    looks[found.placings[0].entrant] = "champion" if found.placings[0].verdict == "best" else "seed"
    for task in told.head.tasks:
        budget, scores = told.head.identity.budget_of(task), _scores(told, task)
        drawn = [budget_curves.curve(who, who, [scores[who]], [budget]) for who in told.entrants if scores[who]]
        ranked = sorted(drawn, key=lambda one: -one.mean[-1])
        yield budget_curves.figure(task, ranked, budget, looks, large=len(told.head.tasks) == 1)


def _scores(told: ContestView, task: str) -> dict[str, list[Score]]:
    """The scores of each entrant on a task."""
    return {who: [one.score for one in told.runs if (one.entrant, one.task) == (who, task)] for who in told.entrants}


_OF_EXPERIMENTS = ("a run", "failed", "slots busy", "agents' time", "stand-ups", "mean result", "best result")


def _experiments(told: ContestView) -> Iterator[Markup]:
    """How many experiments the runs of each had, what they cost and what came of them, a table a task."""
    for task, known in told.head.tasks.items():
        name, _ = unnegated(known.heldout, 0.0)
        rows = [(who, *_means(known.heldout, scores)) for who, scores in _scores(told, task).items() if scores]
        if rows:
            words = f"Means of runs; results are {name} of what was handed in, the untouched script's is "
            about = h("p", words, f"{metric(unnegated(known.heldout, known.baseline.heldout)[1])}.", cls="about")
            table = numbers((Column("entrant"), *(Column(one, 6) for one in _OF_EXPERIMENTS)), rows)
            errors = {one.common_error for scores in _scores(told, task).values() for one in scores if one.common_error}
            lost = h("p", f"Most frequent errors: {'; '.join(sorted(errors)[:3])}", cls="about") if errors else None
            yield h("div", h("h3", task), about, table, lost)


def _means(heldout: str, scores: Sequence[Score]) -> Iterator[str]:
    """The cells of an entrant on a task."""
    ran = [sum(one.experiments.values()) for one in scores]
    whole = sum(ran) - sum(one.experiments.get(status, 0) for one in scores for status in ("ok", "unfinished"))
    yield count(fmean(ran))
    yield f"{whole / max(1, sum(ran)):.0%}"
    yield f"{fmean(one.utilisation for one in scores):.0%}"
    yield duration(fmean(one.agent_s for one in scores))
    yield f"{fmean(one.meetings for one in scores):.1f}"
    results = [one.heldout for one in scores]
    yield from (metric(unnegated(heldout, value)[1]) for value in (fmean(results), min(results)))


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
