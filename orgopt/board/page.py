"""The pages of a board: its leaders and newest claims, and one claim with all that it takes to repeat its test.

Everything that a contributor wrote is text here, and can neither run nor look like a part of the page.
"""

import base64
import hashlib
import math
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files

from orgopt.board.chart import progress
from orgopt.board.records import BASELINE, Entry, Status, Terms
from orgopt.board.view import View
from orgopt.report.markup import Child, Markup, h, visible

PRINT_DIGITS = 8
"""Of a key that stand beside a name, which anyone may take."""
_CHANGES = 6
"""Settings of a claim that a list shows."""
_STATUSES = {
    Status.WAITING: "waits to be verified",
    Status.TESTING: "is being verified",
    Status.ACCEPTED: "accepted",
    Status.NOT_SHOWN: "no gain shown",
    Status.NOT_REPEATED: "gain not repeated",
    Status.NOT_HELD: "gain not held out",
    Status.SAME_ALWAYS: "same with every seed",
    Status.TAMPERED: "tampered",
    Status.COPY: "copy",
    Status.LOST: "lost",
}


def page(told: View, address: str) -> str:
    """A board's page.

    Args:
        told: The board.
        address: Where it is, without a slash at the end.
    """
    terms = told.terms
    return _html(
        terms.name,
        _eyebrow(terms),
        h("h1", terms.name),
        h("p", _lede(told), cls="lede better" if told.accepted else "lede"),
        _figures(told),
        progress(told),
        h("section", h("h2", "Leaders"), _leaders(told)),
        h("section", h("h2", "Newest claims"), _newest(told)),
        h("section", h("h2", "Take part"), _how(told, address)),
        h("section", h("h2", "What an accepted claim means"), _meaning(told)),
    )


def claim_page(terms: Terms, entry: Entry, address: str) -> str:
    """The page of a claim."""
    said = "" if entry.status.open else h("pre", _shown(entry))
    note = h("p", h("small", "Its contributor says: "), entry.note) if entry.note and not entry.status.open else None
    return _html(
        f"Claim {entry.id}",
        _eyebrow(terms),
        h("h1", f"Claim {entry.id}: {_STATUSES[entry.status]}"),
        h("p", h("a", f"← {terms.name}", href="/")),
        h("p", f"{entry.why[:1].upper()}{entry.why[1:]}.", cls="lede") if entry.why else None,
        _facts(terms, entry),
        note,
        said,
        _runs(terms, entry, address) if entry.result else None,
    )


@cache
def style_digest() -> str:
    """The digest of the pages' style, which is all that a browser may take from them."""
    return base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()


@cache
def _style() -> str:
    report, own = files("orgopt.report").joinpath("page.css"), files("orgopt.board").joinpath("board.css")
    return report.read_text("utf-8") + own.read_text("utf-8")


def _html(title: str, *body: Child) -> str:
    head = h(
        "head",
        Markup('<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'),
        Markup('<meta name="color-scheme" content="light dark"><link rel="icon" href="data:,">'),
        Markup('<link rel="alternate" type="application/atom+xml" href="/feed.atom">'),
        h("title", title),
        h("style", Markup(_style())),
    )
    return f'<!doctype html>\n<html lang="en">{head}{h("body", h("main", *body, cls="board"))}</html>\n'


def _eyebrow(terms: Terms) -> Markup:
    return h("p", "Board", h("span", f"{terms.task} {terms.digest}", cls="study"), cls="eyebrow")


def _lede(told: View) -> str:
    terms, gain = told.terms, told.gain
    if not told.accepted or gain is None:
        return f"Nobody has been better than the untouched script yet. Lower {terms.metric} counts."
    best = told.accepted[0]
    return f"{_name(best)} leads: {terms.metric} is {_gain(terms, gain)} better than that of the untouched script."


def _figures(told: View) -> Markup:
    decided = sum(number for status, number in told.counts.items() if not status.open)
    waiting = sum(number for status, number in told.counts.items() if status.open)
    rows = [
        (str(len(told.accepted)), "accepted"),
        (str(decided), "decided"),
        (str(waiting), "waiting"),
        (_gain(told.terms, told.state.steps * told.terms.step), "held out, at least"),
    ]
    return h("dl", [h("div", h("dt", what), h("dd", number)) for number, what in rows], cls="best")


def _leaders(told: View) -> Markup:
    if not told.accepted:
        return h("p", "The first accepted claim stands here.")
    head = h("thead", h("tr", h("th", "Contributor"), h("th", "Change"), _right("Gain", "th"), h("th", "Accepted")))
    rows = [
        h(
            "tr",
            h("th", _who(one)),
            h("td", _change(one), cls="whole"),
            _right(_over(told.terms, one)),
            h("td", _time(one.decided), h("small", h("a", f"claim {one.id}", href=f"/claims/{one.id}"))),
            cls="first" if place == 0 else None,
        )
        for place, one in enumerate(told.accepted)
    ]
    return h("table", head, h("tbody", rows), cls="leaders")


def _newest(told: View) -> Markup:
    if not told.newest:
        return h("p", "None yet.")
    head = h("thead", h("tr", h("th", "Claim"), h("th", "Contributor"), h("th", "Change"), h("th", "What came of it")))
    rows = [
        h(
            "tr",
            h("td", h("a", str(one.id), href=f"/claims/{one.id}")),
            h("td", _who(one)),
            h("td", _change(one), cls="whole"),
            h("td", h("span", _STATUSES[one.status], cls=f"status {one.status.value.partition(' ')[0]}"), _credit(one)),
        )
        for one in told.newest
    ]
    return h("table", head, h("tbody", rows), cls="leaders claims")


def _credit(one: Entry) -> Child:
    first = one.credits
    return h("small", "of ", h("a", f"claim {first}", href=f"/claims/{first}")) if first else None


def _who(one: Entry) -> list[Child]:
    return [h("span", _name(one), cls="who"), " ", h("span", one.key[:PRINT_DIGITS], cls="print", title=one.key)]


def _name(one: Entry) -> str:
    return visible(one.name).strip() or "anonymous"


def _change(one: Entry) -> Child:
    if one.status.open:
        return h("small", "shown once it is decided")
    if one.script:
        return h("span", f"a rewritten script, {one.script.count(chr(10)) + 1} lines")
    listed = [f"{name} = {value}" for name, value in one.settings.items()]
    more = f" … and {len(listed) - _CHANGES} more" * (len(listed) > _CHANGES)
    return h("span", ", ".join(listed[:_CHANGES]) + more, cls="change")


def _how(told: View, address: str) -> list[Child]:
    task = told.terms.task
    commands = (
        f"orgopt board next {address} -o program.md",
        f"orgopt run program.md --task {task} --budget 10m",
        f"orgopt board submit {address} --run mlruns/runs/NAME",
    )
    feed = h("a", "Atom feed", href="/feed.atom")
    data = h("a", "JSON", href="/board.json")
    return [h("pre", "\n".join(commands)), h("p", "Accepted claims as an ", feed, ", all of it as ", data, ".")]


def _meaning(told: View) -> list[Child]:
    terms = told.terms
    ran = "Its script ran here, in a sandbox, beside the best before it, on the same seeds. These were drawn after the "
    ran += "claim came, from a secret whose hash was published when the board was made; they are published with the "
    ran += "result, so that anyone can repeat it."
    chance = f"The chance that any claim is ever accepted that is no better is at most {terms.family:.0%}, over the "
    chance += "board's whole life and however many claims are sent. "
    chance += f"The next test needs evidence of {1 / told.alpha:,.0f} to one."
    held = f"It was ahead on the held-out split, too, by more than {terms.step:.3g} {_unit(terms)}. Nothing else is "
    held += "said of that split."
    said = (ran, chance, held)
    facts = h("dl", h("dt", "commitment"), h("dd", h("code", terms.commitment)), cls="facts")
    return [h("ul", [h("li", one) for one in said], cls="steps"), facts]


def _facts(terms: Terms, entry: Entry) -> Markup:
    result = entry.result
    against = "the untouched script" if entry.against == BASELINE else f"claim {entry.against}"
    rows: list[tuple[str, Child]] = [
        ("contributor", _who(entry)),
        ("received", _time(entry.received)),
        ("stated", f"{terms.metric} {entry.stated:.6g}"),
    ]
    if entry.decided is not None:
        rows.append(("decided", _time(entry.decided)))
    if result.get("metric") is not None:
        rows.append(("measured", f"{terms.metric} {result['metric']:.6g}"))
    if result:
        error = f" ± {result['error']:.2g}" if result["error"] is not None else ""
        odds = f"{_odds(result['log_evidence'])} to one, of {_odds(-math.log(result['level']))} needed"
        rows += [("gain", f"{result['gain']:.4g}{error} over {against}"), ("evidence", odds)]
        rows.append(
            ("stated metric", "held" if result["holds"] else "did not hold" if result["holds"] is False else "–")
        )
    if entry.ledger:
        rows.append(("ledger", h("code", entry.ledger)))
    return h("dl", [[h("dt", name), h("dd", value)] for name, value in rows], cls="facts")


def _odds(logarithm: float) -> str:
    return f"{math.exp(min(logarithm, 99)):,.0f}" if logarithm > 2 else f"{math.exp(logarithm):.2g}"


def _runs(terms: Terms, entry: Entry, address: str) -> Markup:
    result = entry.result
    names = ("seed", "claim", "best before", "untouched script")
    head = h("thead", h("tr", [_right(name, "th") for name in names]))
    groups: Sequence[tuple[str, Sequence[dict[str, float | None]]]] = (
        ("The test", result["rounds"]),
        ("The second verification", result["recheck"]),
    )
    tables = [
        [h("h3", title), h("table", head, h("tbody", [_round(one) for one in rounds]), cls="plain runs")]
        for title, rounds in groups
        if rounds
    ]
    again = f"orgopt board show {address} {entry.id} --repeat"
    secret = h("dl", h("dt", "secret"), h("dd", h("code", result["secret"])), cls="facts")
    told = f"Metrics are {terms.metric}, and a dash is a run that failed or was not made. To check and repeat it:"
    return h("section", h("h2", "Its runs"), h("p", told), h("pre", again), secret, tables)


def _round(one: dict[str, float | None]) -> Markup:
    cells = ["–" if (value := one[name]) is None else f"{value:.6g}" for name in ("own", "best", "base")]
    return h("tr", [_right(text) for text in (str(one["seed"]), *cells)])


def _shown(entry: Entry) -> str:
    if entry.script:
        return entry.script
    return "\n".join(f"{name} = {value!r}" for name, value in entry.settings.items())


def _right(text: Child, element: str = "td") -> Markup:
    return h(element, text, cls="num")


def _over(terms: Terms, one: Entry) -> Child:
    gain, error = one.result.get("over_baseline"), one.result.get("over_error")
    if gain is None:
        return "–"
    return [_gain(terms, gain), h("small", f"± {error:.2g}") if error is not None else None]


def _gain(terms: Terms, gain: float) -> str:
    return f"{1 - math.exp(-gain):.1%}" if terms.by_ratio else f"{gain:.4g} {terms.unit}".strip()


def _unit(terms: Terms) -> str:
    return "of its logarithm" if terms.by_ratio else terms.unit


def _time(seconds: float | None) -> Child:
    if seconds is None:
        return "–"
    at = datetime.fromtimestamp(seconds, UTC)
    return h("time", f"{at:%Y-%m-%d %H:%M} UTC", datetime=at.isoformat(timespec="seconds"))
