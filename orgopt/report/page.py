"""The page: its order, its words between the figures, and the one file that it is."""

import base64
import hashlib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from orgopt.draw.style import STYLE, WEIGHT_STYLE
from orgopt.report import budget_curves, claims, generations, method, parts
from orgopt.report.browser import data
from orgopt.report.forest import verdict as word
from orgopt.report.generations import NARROW, WIDE, leader
from orgopt.report.markup import Child, Markup, h, visible
from orgopt.study.verdict.ending import Ending
from orgopt.study.verdict.study import ending
from orgopt.study.view import StudyView
from orgopt.study.wording import count

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none';"
"""What the browser lets the page do beside its one script: it loads nothing and sends nothing."""
_FAVICON = "data:,"  # no request for one


def page(told: StudyView) -> str:
    """One self-contained HTML page about a study; a running study shows what it has.

    It has no address of anything outside itself, and text of documents can neither run nor change it.
    """
    said, name = ending(told), visible(told.head.name)
    script = _asset("page.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    head = h(
        "head",
        Markup(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY} script-src \'sha256-{digest}\'">'),
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup(f'<meta name="color-scheme" content="light dark"><link rel="icon" href="{_FAVICON}">'),
        h("title", f"{name or 'study'}: {said.title}"),
        h("style", Markup(_asset("page.css") + STYLE + WEIGHT_STYLE)),
    )
    body = h(
        "body",
        h("main", _top(told, said, name), [section for section in _sections(told, said) if section]),
        _bar(told),
        h("div", id="tip", hidden=True),
        data(told),
        h("script", Markup(script)),
    )
    text = f'<!doctype html>\n<html lang="en">{head}{body}</html>\n'
    return text.encode("utf-8", "replace").decode()


@cache
def _asset(name: str) -> str:
    return Path(__file__).with_name(name).read_text("utf-8")


def _top(told: StudyView, said: Ending, name: str) -> Markup:
    command = told.head.command
    return h(
        "header",
        h("p", "Research organization study", h("span", name, cls="study") if name else None, cls="eyebrow"),
        h("h1", said.title),
        _lede(said),
        [h("p", line) for line in (*said.measures, *said.notes)],
        [h("p", f"→ {line}", cls="advice") for line in said.advice],
        h("p", said.scale, cls="legend") if said.scale else None,
        _stale(told),
        h("dl", ([h("dt", key), h("dd", value)] for key, value in method.facts(told)), cls="facts"),
        h("p", h("span", "Repeat or continue it: "), h("code", command), cls="command") if command else None,
        h("noscript", h("p", "Without JavaScript the charts are here, but candidates cannot be chosen.")),
    )


def _lede(said: Ending) -> Markup | None:
    if not said.sure:
        return None
    claimed = said.word in {"better", "worse", "no difference"}
    return h("p", word(said.word) if claimed else None, said.sure, cls=f"lede {said.word.split()[0]}")


def _stale(told: StudyView) -> Markup | None:
    claimed = told.final.candidates if told.final else len(told.candidates)
    if claimed >= len(told.candidates):
        return None
    text = f"The result is that of the first {count(claimed, 'candidate')}; the study has gone on since."
    return h("p", text, cls="note")


def _sections(told: StudyView, said: Ending) -> list[Markup | None]:
    measured = any(candidate.value is not None for candidate in told.candidates)
    return [
        _section(
            "claims",
            "Claims",
            claims.claims(told),
            claims.parts(said),
            claims.estimates(told),
            claims.race(told),
            claims.simplest(told),
        ),
        _section("fitness", "Fitness by generation", *_fitness(told)) if measured else None,
        _section("lineage", "Lineage", *_lineage(told)) if len(told.candidates) > 1 else None,
        _section("candidate", "Candidate", _panel()) if told.candidates else None,
        _section("matters", "What matters", parts.importances(told), parts.ablations(told)),
        _section("curves", "Over the budget", *_curves(told)),
        _section("method", "How it was measured", method.method(told)),
    ]


def _section(name: str, title: str, *content: Child) -> Markup | None:
    shown = [part for part in content if part]
    return h("section", h("h2", title), shown, id=name, aria_label=title) if shown else None


def _fitness(told: StudyView) -> list[Child]:
    text = (
        "Each point is a candidate: its research output on search seeds, with one standard error. Hollow points were "
        "clearly worse and dropped after a few seeds. The best of many is flattered: compare it with its test."
    )
    keys = [
        h("span", h("i", cls=f"key {look}"), words, " ")
        for look, words in (
            ("k-champion", leader(told)),
            ("k-seed", "seed document"),
            ("k-best", "best so far"),
            ("k-median", "median of a generation"),
        )
    ]
    return [
        h("p", text),
        h("p", keys, cls="legend keys"),
        _figure([generations.fitness(told, width) for width in (WIDE, NARROW)]),
    ]


def _lineage(told: StudyView) -> list[Child]:
    steps = len(generations.descent(told)) - 1
    text = (
        "Lines lead from a document to those that were made from it. The heavy line is the descent of "
        f"{'the champion' if told.final else 'the one that is ahead'}, "
        f"{count(steps, 'step')} from the seed document. The shade is the research output: "
    )
    return [
        h("p", text, generations.shades(told), "."),
        h("figure", [generations.tree(told, width) for width in (WIDE, NARROW)]),
    ]


def _figure(charts: Sequence[Markup]) -> Markup:
    hint = "Choose a candidate by click, tap or, once a point has the focus, arrow keys; it is shown below."
    return h("figure", charts, h("figcaption", hint, cls="hint"))


def _panel() -> Markup:
    """The place that the script fills with the selected candidate."""
    return h("div", id="panel", tabindex="-1")


def _bar(told: StudyView) -> Markup | None:
    if not told.candidates:
        return None
    return h(
        "div",
        h("span", id="bar-words"),
        h("button", "Show", type="button", id="bar-show"),
        id="bar",
        hidden=True,
    )


def _curves(told: StudyView) -> list[Child]:
    groups = [("mean over tasks", told.tasks)] if len(told.tasks) > 1 else [(task, (task,)) for task in told.tasks]
    every = budget_curves.curves(told, groups[0][1]) if groups else []
    if not every:
        return []
    text = (
        "q of what each would submit at a time, mean over test seeds, with the 95 % band of the evolved organization "
        "and of the seed document. 0 is the task's baseline script, 1 its reference."
    )
    drawn: list[Child] = [h("p", text), *_curve_figure(told, groups[0][0], every, large=True)]
    if len(told.tasks) > 1:
        alone = [(task, budget_curves.curves(told, (task,))) for task in told.tasks]
        drawn.append(
            h("div", [_curve_figure(told, task, found, large=False) for task, found in alone if found], cls="pair")
        )
    return drawn


def _curve_figure(told: StudyView, title: str, found: Sequence[budget_curves.Curve], *, large: bool) -> list[Child]:
    wide = (960, 400) if large else (470, 300)
    charts = [budget_curves.chart(told, found, wide, "wide"), budget_curves.chart(told, found, (NARROW, 300), "narrow")]
    return [h("figure", h("figcaption", f"{title}: q over the budget of a run", cls="title"), charts)]
