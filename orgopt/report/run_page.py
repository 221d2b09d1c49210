"""The page of a run: what its ledger has, whether it still goes on or has ended."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orgopt.ledger import Event
from orgopt.report.browser import drawing, organization
from orgopt.report.costs import run_costs
from orgopt.report.decisions import run_decisions
from orgopt.report.forest import verdict as word
from orgopt.report.generations import NARROW, WIDE
from orgopt.report.markup import Child, Markup, h, number, visible
from orgopt.report.scale import Scale, scale, ticks
from orgopt.report.shell import Sections, contents, section, shell
from orgopt.report.timeline import timeline
from orgopt.study.verdict.ending import Ending
from orgopt.study.wording import count, duration, metric

_LEFT, _BOTTOM = 58, 40


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """A run as its folder has it.

    Attributes:
        name: Its folder's.
        settings: What it was asked to do, as `run.json` has it.
        program: Its document.
        events: Its ledger so far.
        ending: Its verdict; None before it was verified.
    """

    name: str
    settings: Mapping[str, Any]
    program: str
    events: Sequence[Event]
    ending: Ending | None = None


def run_page(run: RunView, *, live: bool = False) -> str:
    """One self-contained HTML page about a run, see `page` for `live`."""
    name = visible(run.name)
    if live:
        return shell(name, {"top": h("header", h("p", "Run", cls="eyebrow"), id="top")}, live=True)
    return shell(f"{name}: {run_title(run)}", run_sections(run))


def run_title(run: RunView) -> str:
    """What came of a run, or how far it has come."""
    if run.ending:
        return run.ending.title
    done = [event for event in run.events if event.kind == "outcome" and event.data["status"] == "ok"]
    submitted = [event.data["metric"] for event in run.events if event.kind == "submission"]
    if not submitted:
        return "Nothing is measured yet."
    over = run.events[-1].kind == "end"
    how = "Not verified yet" if over else "Not finished"
    return f"{how}: {metric(submitted[0])} → {metric(submitted[-1])} after {count(len(done), 'experiment')}."


def run_sections(run: RunView) -> Sections:
    """The sections of the page, in their order."""
    org = organization(run.program)
    shown = {
        "timeline": section("timeline", "Who did what when", _timeline(run)),
        "course": section("course", "The metric over the budget", _course(run.events)),
        "costs": section("costs", "Costs", run_costs(org, run.events) if org else None),
        "decisions": section("decisions", "Log of decisions", run_decisions(run.events)),
        "document": section("document", "Document", _document(run.program)),
    }
    found = {key: part for key, part in shown.items() if part}
    return {"top": _top(run), "contents": contents(found), **found}


def _top(run: RunView) -> Markup:
    said = run.ending
    lede = None
    if said and said.sure:
        lede = h("p", word(said.word) if said.word in {"better", "worse"} else None, said.sure, cls=f"lede {said.word}")
    lines = [*said.measures, *said.notes] if said else []
    return h(
        "header",
        h("p", "Run", h("span", run.name, cls="study"), cls="eyebrow"),
        h("h1", run_title(run)),
        lede,
        [h("p", line) for line in lines],
        [h("p", f"→ {line}", cls="advice") for line in said.advice] if said else None,
        h("dl", ([h("dt", key), h("dd", value)] for key, value in _facts(run)), cls="facts"),
        id="top",
    )


def _facts(run: RunView) -> list[tuple[str, Child]]:
    given, start = run.settings, dict[str, Any]()
    for event in run.events[:1]:  # a ledger begins with it
        start = event.data
    outcomes = [event.data["status"] for event in run.events if event.kind == "outcome"]
    ended = ", ".join(f"{count(outcomes.count(status))} {status}" for status in dict.fromkeys(outcomes))
    budget_s, slots = given.get("budget_s", 0.0), given.get("slots", 0)
    found: list[tuple[str, Child]] = [
        ("Document", str(given.get("program", ""))),
        ("Task", str(given.get("task", ""))),
        ("Budget", f"{duration(float(budget_s))} × {count(slots, 'slot')}"),
        ("Lab", ", ".join(f"{key} {value}" for key, value in start.get("lab", {}).items())),
        ("Agents", ", ".join(start.get("agents", []))),
        ("Experiments", ended),
        ("Seed", str(given.get("seed", ""))),
    ]
    return [(name, value) for name, value in found if value]


def _timeline(run: RunView) -> Markup | None:
    drawn = timeline(run.events)
    text = "Above, what each agent did; below, what each slot ran, in the colours of the roles."
    return h("div", h("p", text), drawn) if drawn else None


def _course(events: Sequence[Event]) -> Markup | None:
    """Each experiment's metric where it ended, and the submission's as a line."""
    if not events or not any(event.kind == "outcome" and event.data["status"] == "ok" for event in events):
        return None
    text = (
        "Each point is an experiment that succeeded, where it ended; the line is what the team would submit. Of what "
        "is far above it only those within the scale are shown."
    )
    return h("div", h("p", text), h("figure", [_chart(events, width) for width in (WIDE, NARROW)]))


def _chart(events: Sequence[Event], width: int) -> Markup:
    budget_s, height = events[0].data["budget_s"], 300
    tried = [(e.t, e.data["metric"], e.data["id"]) for e in events if e.kind == "outcome" and e.data["status"] == "ok"]
    line = [(event.t, event.data["metric"]) for event in events if event.kind == "submission"]
    first, last = line[0][1], line[-1][1]
    best, worst = min(value for _, value in line), max(value for _, value in line)
    room = max(worst - best, 0.05 * abs(first), 1e-9)
    shown = [one for one in tried if best - room <= one[1] <= worst + room]
    y = scale([best, worst, *(value for _, value, _ in shown)], height - _BOTTOM, 14)
    x = Scale(0.0, budget_s, _LEFT, width - 14)
    points: list[tuple[float, float]] = []
    for t, value in line:
        points += [(x(t), points[-1][1])] if points else []
        points.append((x(t), y(value)))
    points.append((x(events[-1].t), y(last)))
    return h(
        "svg",
        [
            [
                h("line", x1=_LEFT, x2=width - 14, y1=y(value), y2=y(value), cls="grid"),
                h("text", f"{value:.4g}", x=_LEFT - 6, y=y(value) + 4, text_anchor="end"),
            ]
            for value in ticks(y, 6)
        ],
        [
            h("text", duration(at) if at else "0", x=x(at), y=height - 20, text_anchor="middle")
            for at in (0.0, budget_s / 2, budget_s)
        ],
        h("text", "lab time", x=(_LEFT + width) / 2, y=height - 4, text_anchor="middle", cls="words"),
        [h("circle", h("title", f"#{i}: {metric(v)}"), cx=x(t), cy=y(v), r="3", cls="tried") for t, v, i in shown],
        h("polyline", points=" ".join(f"{number(a)},{number(b)}" for a, b in points), cls="course"),
        viewBox=f"0 0 {width} {height}",
        cls=f"chart {'wide' if width == WIDE else 'narrow'}",
        role="img",
        aria_label=f"The metric over the budget, from {metric(first)} to {metric(last)}",
    )


def _document(program: str) -> Markup | None:
    drawn = drawing(program)
    chart = h("figure", Markup(drawn), cls="org-chart") if drawn else None
    return h("div", chart, h("details", h("summary", "Its text"), h("pre", program, cls="doc")))
