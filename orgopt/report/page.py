"""The page of a study: its sections, and the words between the figures."""

from collections.abc import Sequence

from orgopt.basics.markup import Child, Markup, h, visible
from orgopt.basics.slug import slug
from orgopt.errors import StoreError
from orgopt.ledger import Event, read_ledger
from orgopt.report import budget_curves, claims, costs, decisions, effects, generations, glance, kinds, method, parts
from orgopt.report.browser import data, organization
from orgopt.report.generations import NARROW, WIDE, leader
from orgopt.report.interval_tables import lede
from orgopt.report.shell import Sections, contents, section, shell
from orgopt.report.timeline import timeline
from orgopt.study.records.names import SEARCH
from orgopt.study.verdict.ending_form import Ending, scale_alone
from orgopt.study.verdict.study import ending
from orgopt.study.view import StudyView
from orgopt.study.wording import count, plain

WIDTHS = (WIDE, NARROW)
"""The widths in which large charts are drawn: the browser shows the one that fits."""


def page(told: StudyView, *, live: bool = False) -> str:
    """One self-contained HTML page about a study; a running study shows what it has.

    It has no address of anything outside itself, and text of documents can neither run nor change it.

    Args:
        told: The study.
        live: Whether it is the page that a server keeps new: sections and candidates then come from there.
    """
    name = visible(told.head.name) or "study"
    if live:
        return shell(
            name, {"top": h("header", h("p", "Research organization study", cls="eyebrow"), id="top")}, live=True
        )
    return shell(f"{name}: {ending(told).title}", sections(told), data(told))


def sections(told: StudyView, widths: Sequence[int] = WIDTHS) -> Sections:
    """The sections of the page, in their order.

    Args:
        told: The study.
        widths: In which charts of all candidates are drawn.
    """
    said, name = ending(told), visible(told.head.name)
    measured = any(candidate.value is not None for candidate in told.candidates)
    shown = {
        "claims": section(
            "claims",
            "Claims" if told.final else "Scores so far",
            claims.claims(told),
            claims.parts(said),
            claims.estimates(told),
            claims.race(told),
            claims.simplest(told),
        ),
        "fitness": section("fitness", "Fitness by generation", *_fitness(told, widths)) if measured else None,
        "lineage": section("lineage", "Lineage", *_lineage(told, widths)) if len(told.candidates) > 1 else None,
        "kinds": section("kinds", "Kinds of organizations", kinds.kinds(told)),
        "candidate": section("candidate", "Candidate", _panel()) if told.candidates else None,
        "matters": section(
            "matters", "What matters", effects.directions(told), parts.importances(told), parts.ablations(told)
        ),
        "timeline": section("timeline", "Who did what when", *_timeline(told)),
        "curves": section("curves", "Over the budget", *_curves(told)),
        "costs": section("costs", "Where the time went", costs.costs(told), *_parts(told)),
        "decisions": section("decisions", "Log of decisions", decisions.decisions(told)),
        "method": section("method", "How it was measured", method.method(told)),
    }
    found = {key: part for key, part in shown.items() if part}
    return {"top": _top(told, said, name), "contents": contents(found), **found}


def _top(told: StudyView, said: Ending, name: str) -> Markup:
    command = told.head.command
    words = h(
        "div",
        h("h1", said.title),
        lede(said.word, said.sure) if said.sure else None,
        [h("p", f"→ {line}", cls="advice") for line in said.advice],
        [h("p", line) for line in (*said.measures, *said.notes)],
        h("p", scale_alone(said), cls="legend") if said.scale else None,
    )
    return h(
        "header",
        h("p", "Research organization study", h("span", name, cls="study") if name else None, cls="eyebrow"),
        h(
            "div",
            words,
            h("div", glance.stages(told), glance.scores(said), cls="beside"),
            h(
                "div",
                _stale(told),
                h("dl", ([h("dt", key), h("dd", value)] for key, value in method.facts(told)), cls="facts"),
            ),
            cls="lead",
        ),
        h("p", h("span", "Repeat or continue it: "), h("code", command), cls="command") if command else None,
        h("noscript", h("p", "Without JavaScript the charts are here, but candidates cannot be chosen.")),
        id="top",
    )


def _stale(told: StudyView) -> Markup | None:
    claimed = told.final.candidates if told.final else len(told.candidates)
    if claimed >= len(told.candidates):
        return None
    text = f"The result is that of the first {count(claimed, 'candidate')}; the study has gone on since."
    return h("p", text, cls="note")


def _fitness(told: StudyView, widths: Sequence[int]) -> list[Child]:
    text = (
        "Each point is a candidate: its research output on search seeds, with one standard error. Who was clearly "
        "worse was dropped after a few seeds. The best of many is flattered, so candidates are ranked by an "
        "estimate: the value drawn towards the mean of all, as far as it is noise. The line is the "
        "best estimate so far."
    )
    keys = [
        h("span", h("i", cls=f"key {look}"), words, " ")
        for look, words in (
            ("k-champion", leader(told)),
            ("k-seed", "seed document"),
            ("k-candidate", "candidate"),
            *([("k-dropped", "dropped early")] if any(one.dropped for one in told.candidates) else []),
            ("k-best", "best estimate so far"),
            ("k-median", "median of a generation"),
        )
    ]
    return [
        h("p", text),
        h("p", keys, cls="legend keys"),
        _figure([generations.fitness(told, width) for width in widths]),
    ]


def _lineage(told: StudyView, widths: Sequence[int]) -> list[Child]:
    steps = len(generations.descent(told)) - 1
    text = (
        "Lines lead from a document to those that were made from it. The heavy line is the descent of "
        f"{'the champion' if told.final else 'the one that is ahead'}, "
        f"{count(steps, 'step')} from the seed document. The shade is the research output: "
    )
    return [
        h("p", text, generations.shades(told), "."),
        h("figure", [generations.tree(told, width) for width in widths]),
    ]


def _figure(charts: Sequence[Markup]) -> Markup:
    hint = "Choose a candidate by click, tap or, once a point has the focus, arrow keys; it is shown below."
    return h("figure", charts, h("figcaption", hint, cls="hint"))


def _panel() -> Markup:
    """The place that the script fills with the selected candidate."""
    return h("div", id="panel", tabindex="-1")


def kept_run(told: StudyView, name: str, task: str) -> Sequence[Event]:
    """The ledger of a candidate's first run on a task; empty where it was not kept, or cannot be read.

    Args:
        told: The study.
        name: The candidate.
        task: One of the study's.
    """
    if told.folder is None or told.candidate(name) is None or task not in told.tasks:
        return []
    try:
        return read_ledger(told.folder / "candidates" / slug(name) / f"ledger-{task}.jsonl")
    except StoreError:
        return []


def _timeline(told: StudyView) -> list[Child]:
    """The first search run of the champion, and that of the seed document, as far as they were kept."""
    shown: list[Markup | None] = []
    for one in dict.fromkeys(c.name for c in (told.best, told.seed) if c):
        task = told.tasks[0]
        scores = told.scores(SEARCH, one, task)
        what = leader(told) if told.best and one == told.best.name else "the seed document"
        said = f"{one}, {what}, on {task}: scored {plain(scores[0].research_output)}" if scores else ""
        shown.append(timeline(kept_run(told, one, task), said) if said else None)
    if not any(shown):
        return []
    text = (
        "The first run of the search, of each: at the top, when the submission improved and when the team met; below, "
        "how many slots were in use, and what agents did and slots ran, in the colours of the roles. An experiment "
        "improves the submission when it is over, which is where its diamond stands. One run is an example and no "
        "evidence."
    )
    return [h("p", text), *shown]


def _parts(told: StudyView) -> list[Child]:
    """What each part of the champion's team cost and brought in the run whose timeline is shown."""
    shown = told.best or told.seed
    org = organization(shown.record.program) if shown else None
    if shown is None or org is None:
        return []
    found = costs.run_costs(org, kept_run(told, shown.name, told.tasks[0]))
    return [h("h3", f"In the first run of {shown.name} on {told.tasks[0]}"), found] if found else []


def _curves(told: StudyView) -> list[Child]:
    groups = [("mean over tasks", told.tasks)] if len(told.tasks) > 1 else [(task, (task,)) for task in told.tasks]
    every = budget_curves.curves(told, groups[0][1]) if groups else []
    if not every:
        return []
    text = (
        "The quality of what each would submit at a time, mean over test seeds, with the 95 % band of the evolved "
        "organization and of the seed document: 0 is the untouched script, 1 the best setting known. Names stand with "
        "the quality at the end; half of the score is that, and half the mean over the budget."
    )
    drawn: list[Child] = [h("p", text), _curve_figure(told, groups[0][0], every, large=True)]
    if len(told.tasks) > 1:
        alone = [(task, budget_curves.curves(told, (task,))) for task in told.tasks]
        drawn.append(
            h("div", [_curve_figure(told, task, found, large=False) for task, found in alone if found], cls="pair")
        )
    return drawn


def _curve_figure(told: StudyView, title: str, found: Sequence[budget_curves.Curve], *, large: bool) -> Markup:
    looks, budget = budget_curves.study_looks(told, found), told.head.identity.budget_s
    return budget_curves.figure(title, found, budget, looks, large=large)
