"""The page of a board: its leaders and newest claims, how to take part, and what an accepted claim means.

Everything that a contributor wrote is text here, and can neither run nor look like a part of the page.
"""

from orgopt.basics.markup import Child, Markup, h
from orgopt.board.chart import progress
from orgopt.board.frame import STATUSES, eyebrow, gain_words, html, moment, name_of, right, unit_of, who
from orgopt.board.public_view import BoardView
from orgopt.board.records import ClaimRecord, Terms

_CHANGES = 6
"""Settings of a claim that a list shows."""


def page(told: BoardView, address: str) -> str:
    """A board's page.

    Args:
        told: The board.
        address: Where it is, without a slash at the end.
    """
    terms = told.terms
    return html(
        terms.name,
        eyebrow(terms),
        h("h1", terms.name),
        h("p", _lede(told), cls="lede better" if told.accepted else "lede"),
        _figures(told),
        progress(told),
        h("section", h("h2", "Leaders"), _leaders(told)),
        h("section", h("h2", "Newest claims"), _newest(told)),
        h("section", h("h2", "Take part"), _how(told, address)),
        h("section", h("h2", "What an accepted claim means"), _meaning(told)),
    )


def _lede(told: BoardView) -> str:
    terms, gain = told.terms, told.gain
    if not told.accepted or gain is None:
        return f"Nobody has been better than the untouched script yet. Lower {terms.metric} counts."
    best = told.accepted[0]
    return (
        f"{name_of(best)} leads: {terms.metric} is {gain_words(terms, gain)} better than that of the untouched script."
    )


def _figures(told: BoardView) -> Markup:
    decided = sum(number for status, number in told.counts.items() if not status.open)
    waiting = sum(number for status, number in told.counts.items() if status.open)
    rows = [
        (str(len(told.accepted)), "accepted"),
        (str(decided), "decided"),
        (str(waiting), "waiting"),
        (gain_words(told.terms, told.state.steps * told.terms.step), "gain on the held-out split, at least"),
    ]
    return h("dl", [h("div", h("dt", what), h("dd", number)) for number, what in rows], cls="best")


def _leaders(told: BoardView) -> Markup:
    if not told.accepted:
        return h("p", "The first accepted claim stands here.")
    head = h("thead", h("tr", h("th", "Contributor"), h("th", "Change"), right("Gain", "th"), h("th", "Accepted")))
    rows = [
        h(
            "tr",
            h("th", who(one)),
            h("td", _change(one), cls="whole"),
            right(_over(told.terms, one)),
            h("td", moment(one.decided), h("small", h("a", f"claim {one.id}", href=f"/claims/{one.id}"))),
            cls="first" if place == 0 else None,
        )
        for place, one in enumerate(told.accepted)
    ]
    return h("table", head, h("tbody", rows), cls="leaders")


def _newest(told: BoardView) -> Markup:
    if not told.newest:
        return h("p", "None yet.")
    head = h("thead", h("tr", h("th", "Claim"), h("th", "Contributor"), h("th", "Change"), h("th", "What came of it")))
    rows = [
        h(
            "tr",
            h("td", h("a", str(one.id), href=f"/claims/{one.id}")),
            h("td", who(one)),
            h("td", _change(one), cls="whole"),
            h("td", h("span", STATUSES[one.status], cls=f"status {one.status.value.partition(' ')[0]}"), _credit(one)),
        )
        for one in told.newest
    ]
    return h("table", head, h("tbody", rows), cls="leaders claims")


def _credit(one: ClaimRecord) -> Child:
    first = one.credits
    return h("small", "of ", h("a", f"claim {first}", href=f"/claims/{first}")) if first else None


def _change(one: ClaimRecord) -> Child:
    if one.status.open:
        return h("small", "shown once it is decided")
    if one.script:
        return h("span", f"a rewritten script, {one.script.count(chr(10)) + 1} lines")
    listed = [f"{name} = {value}" for name, value in one.settings.items()]
    more = f" … and {len(listed) - _CHANGES} more" * (len(listed) > _CHANGES)
    return h("span", ", ".join(listed[:_CHANGES]) + more, cls="change")


def _how(told: BoardView, address: str) -> list[Child]:
    task = told.terms.task
    commands = (
        f"orgopt board next {address} -o program.md",
        f"orgopt run program.md --task {task} --budget 10m",
        f"orgopt board submit {address} --run mlruns/runs/NAME",
    )
    feed = h("a", "Atom feed", href="/feed.atom")
    data = h("a", "JSON", href="/board.json")
    return [h("pre", "\n".join(commands)), h("p", "Accepted claims as an ", feed, ", all of it as ", data, ".")]


def _meaning(told: BoardView) -> list[Child]:
    terms = told.terms
    ran = "Its script ran here, in a sandbox, beside the best before it, on the same seeds. These were drawn after the "
    ran += "claim came, from a secret whose hash was published when the board was made; they are published with the "
    ran += "result, so that anyone can repeat it."
    chance = f"The chance that any claim is ever accepted that is no better is at most {terms.family:.0%}, over the "
    chance += "board's whole life and however many claims are sent. "
    chance += f"The next test needs evidence of {1 / told.alpha:,.0f} to one."
    held = f"It was ahead on the held-out split, too, by more than {terms.step:.3g} {unit_of(terms)}. Nothing else is "
    held += "said of that split."
    said = (ran, chance, held)
    facts = h("dl", h("dt", "commitment"), h("dd", h("code", terms.commitment)), cls="facts")
    return [h("ul", [h("li", one) for one in said], cls="steps"), facts]


def _over(terms: Terms, one: ClaimRecord) -> Child:
    gain, error = one.result.get("over_baseline"), one.result.get("over_error")
    if gain is None:
        return "–"
    return [gain_words(terms, gain), h("small", f"± {error:.2g}") if error is not None else None]
