"""The page of a run: what its ledger has, whether it still goes on or has ended."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orgopt.basics.markup import Child, Markup, h, visible
from orgopt.ledger import Event, as_shown, shown_sign
from orgopt.report.browser import drawing, organization
from orgopt.report.costs import run_costs
from orgopt.report.decisions import run_decisions
from orgopt.report.interval_tables import lede
from orgopt.report.metric_chart import metric_course, small_course
from orgopt.report.run_course import course, role_of, slot_time
from orgopt.report.shell import Sections, contents, section, shell
from orgopt.report.stacked import tiles
from orgopt.report.timeline import timeline
from orgopt.study.verdict.ending_form import Ending, scale_alone
from orgopt.study.wording import count, duration, metric

_SUBMITTED, _EXPERIMENTS, _MEASURED = "Submitted: ", r"[\d,]+ experiments? \(", "Measured on: "
"""How the notes begin that the table of settings, the tiles and the facts stand for."""


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
    submitted = [event.data["metric"] for event in as_shown(run.events) if event.kind == "submission"]
    if not submitted:
        return "Nothing is measured yet."
    over = run.events[-1].kind == "end"
    how = "Not verified yet" if over else "Not finished"
    asked = count(sum(event.kind == "proposal" for event in run.events), "experiment")
    better = "higher" if shown_sign(run.events[0].data) < 0 else "lower"
    reached = f"{metric(submitted[0])} → {metric(submitted[-1])} on this one seed ({better} is better)"
    return f"{how}: {reached}, after {len(done):,} of {asked}."


def run_sections(run: RunView) -> Sections:
    """The sections of the page, in their order."""
    org = organization(run.program)
    shown = {
        "timeline": section("timeline", "Who did what when", _timeline(run)),
        "course": section("course", "The metric over the budget", metric_course(run.events)),
        "costs": section("costs", "Where the time went", run_costs(org, run.events) if org else None),
        "decisions": section("decisions", "Log of decisions", run_decisions(run.events)),
        "document": section("document", "Document", _document(run.program)),
    }
    found = {key: part for key, part in shown.items() if part}
    return {"top": _top(run), "contents": contents(found), **found}


def _top(run: RunView) -> Markup:
    said = run.ending
    settings = _submission(run.events)
    shown = [_EXPERIMENTS, _MEASURED, *([_SUBMITTED] if settings else [])]  # by tiles, facts and the table of settings
    notes = [line for line in said.notes if not any(re.match(one, line) for one in shown)] if said else []
    headline = said.headline if said and said.headline and said.headline[0] not in said.title else ()
    words = h(
        "div",
        h("h1", run_title(run)),
        lede(said.word, said.sure) if said and said.sure else None,
        h("p", h("b", headline[0]), h("span", headline[1]), cls="headline") if headline else None,
        [h("p", line) for line in (said.measures if said and not said.headline else ())],
        [h("p", f"→ {line}", cls="advice") for line in said.advice] if said else None,
        h("p", scale_alone(said), cls="legend") if said and said.scale else None,
    )
    return h(
        "header",
        h("p", "Run", h("span", run.name, cls="study"), cls="eyebrow"),
        h("div", words, small_course(run.events), cls="lead"),
        tiles(_figures(run)),
        h(
            "div",
            h("dl", ([h("dt", key), h("dd", value)] for key, value in _facts(run)), cls="facts"),
            settings,
            cls="pair",
        ),
        [h("p", line, cls="about") for line in notes],
        id="top",
    )


def _figures(run: RunView) -> list[tuple[Child, str]]:
    """What a run came to in single figures, as far as it has come."""
    told = course(run.events)
    submitted = [event.data["metric"] for event in as_shown(run.events) if event.kind == "submission"]
    better = "higher" if run.events and shown_sign(run.events[0].data) < 0 else "lower"
    if told is None or not submitted or not told.now:
        return []
    outcomes = [event.data["status"] for event in run.events if event.kind == "outcome"]
    ended = ", ".join(f"{count(outcomes.count(status))} {status}" for status in dict.fromkeys(outcomes))
    messages = sum(event.kind == "message" for event in run.events)
    spent = {part.look: part.seconds for part in slot_time(told)}
    thoughts = [event.data for event in run.events if event.kind == "thought"]
    tokens, usd = sum(sum(one.get("tokens", ())) for one in thoughts), sum(one.get("usd") or 0.0 for one in thoughts)
    return [
        (
            "" if run.ending and run.ending.headline else f"{metric(submitted[0])} → {metric(submitted[-1])}",
            f"metric as the team sees it; {better} is better",
        ),
        (f"{100 * told.now / told.budget_s:.0f} %" if told.now < told.budget_s else "", "of the budget is spent"),
        (count(len(told.bars)), f"experiments{f': {ended}' if ended else ''}"),
        (count(len(told.gains)), "of them improved the submission"),
        (f"{100 * spent['idle'] / (told.slots * told.now):.0f} %", "of the slots' time was idle"),
        (count(len(told.meetings)) if told.meetings else "", "stand-ups"),
        (count(messages) if messages else "", "messages"),
        (count(tokens) if tokens else "", f"tokens of language models{f', ${usd:.2f}' if usd else ''}"),
    ]


def _submission(events: Sequence[Event]) -> Markup | None:
    """The settings of what the team submits; None of the untouched script and of one that was rewritten."""
    last = next((event.data["id"] for event in reversed(events) if event.kind == "submission"), None)
    asked = next((event.data for event in events if event.kind == "proposal" and event.data["id"] == last), None)
    if asked is None or not asked["knobs"]:
        return None
    rows = [
        h("div", h("dt", name), h("dd", f"{value:.4g}" if isinstance(value, float) else value))
        for name, value in asked["knobs"].items()
    ]
    who = h("p", f"It submits #{last} of {asked['agent']}, which turns:", cls="about")
    return h("div", who, h("dl", rows, cls="knobs"))


def _facts(run: RunView) -> list[tuple[str, Child]]:
    given, start = run.settings, dict[str, Any]()
    for event in run.events[:1]:  # a ledger begins with it
        start = event.data
    budget_s, slots = given.get("budget_s", 0.0), given.get("slots", 0)
    found: list[tuple[str, Child]] = [
        ("Document", str(given.get("program", ""))),
        ("Task", str(given.get("task", ""))),
        ("Budget", f"{duration(float(budget_s))} × {count(slots, 'slot')}"),
        ("Lab", ", ".join(f"{key} {value}" for key, value in start.get("lab", {}).items())),
        ("Agents", _agents(start.get("agents", []))),
        ("Seed", str(given.get("seed", ""))),
    ]
    return [(name, value) for name, value in found if value]


def _agents(names: Sequence[str]) -> str:
    """Agents by role: `explorer × 2`."""
    roles = [role_of(name) for name in names]
    return ", ".join(
        f"{role} × {roles.count(role)}" if roles.count(role) > 1 else role for role in dict.fromkeys(roles)
    )


def _timeline(run: RunView) -> Markup | None:
    drawn = timeline(run.events)
    text = (
        "At the top, when the submission improved and when the team met. Below it, how many slots were in use, and "
        "what agents did and slots ran, in the colours of the roles. An experiment improves the submission when it is "
        "over, which is where its diamond stands."
    )
    return h("div", h("p", text), drawn) if drawn else None


def _document(program: str) -> Markup | None:
    drawn = drawing(program)
    chart = h("figure", Markup(drawn), cls="org-chart") if drawn else None
    return h("div", chart, h("details", h("summary", "Its text"), h("pre", program, cls="doc")))
