"""The page of a claim: what came of it, how that was found out, its runs, and how anyone repeats them.

Everything that a contributor wrote is text here, and can neither run nor look like a part of the page.
"""

import difflib
import math
from collections.abc import Iterator, Sequence
from typing import Any

from orgopt.basics.markup import Child, Markup, h
from orgopt.board.bet_chart import rounds, wealth
from orgopt.board.frame import STATUSES, eyebrow, gain_words, html, moment, name_of, right, who
from orgopt.board.records import BASELINE, ClaimRecord, ClaimStatus, Terms
from orgopt.board.verification import gain_of
from orgopt.report.stacked import tiles
from orgopt.study.wording import count
from orgopt.tasks.task import Task

_OPEN = 12
"""Rounds up to which their table stands open."""


def claim_page(terms: Terms, entry: ClaimRecord, task: Task, address: str) -> str:
    """The page of a claim.

    Args:
        terms: Those of its board.
        entry: The claim.
        task: The board's task, whose untouched script stands beside the claim.
        address: Where the board is, without a slash at the end.
    """
    gains = _gains(terms, entry)
    note = h("p", "Its contributor says: ", h("q", entry.note)) if entry.note and not entry.status.open else None
    look = (
        "better" if entry.status is ClaimStatus.ACCEPTED else "worse" if entry.status is ClaimStatus.TAMPERED else "no"
    )
    return html(
        f"Claim {entry.id}: {STATUSES[entry.status]}",
        h("nav", h("a", f"← {terms.name}", href="/"), aria_label="Board"),
        eyebrow(terms),
        h("h1", _title(terms, entry)),
        h("p", _lede(entry, gains), cls=f"lede {look}"),
        h("p", "By ", who(entry), ", sent ", moment(entry.received), *_decided(entry), ".", cls="about"),
        note,
        tiles(list(_figures(terms, entry, gains))),
        _section("How it was checked", _steps(terms, entry, gains)),
        _section("Its test", _charts(terms, entry, gains)) if gains else None,
        _section("What it changes", None if entry.status.open else _change(entry, task)),
        _section("Repeat it", _repeat(terms, entry, address)) if gains else None,
        _section("Its runs", _runs(terms, entry)) if gains else None,
    )


def _section(title: str, content: Child) -> Markup | None:
    return h("section", h("h2", title), content) if content else None


def _gains(terms: Terms, entry: ClaimRecord, part: str = "rounds") -> list[float]:
    """By how much the claim was ahead in each round."""
    told: Sequence[dict[str, Any]] = entry.result.get(part) or ()
    return [gain_of(one["best"], one["own"], terms.scale, by_ratio=terms.by_ratio) for one in told]


def _best(entry: ClaimRecord) -> str:
    return "the untouched script" if entry.against in {BASELINE, None} else f"claim {entry.against}, the best before it"


def _title(terms: Terms, entry: ClaimRecord) -> str:
    """What came of it, in a sentence."""
    name, gain = f"Claim {entry.id} of {name_of(entry)}", entry.result.get("gain")
    if entry.status is ClaimStatus.ACCEPTED and gain is not None:
        return f"{name} is accepted: {terms.metric} is {gain_words(terms, gain)} better"
    if entry.status is ClaimStatus.COPY:
        return f"{name} is a copy: claim {entry.credits} was first to change the same"
    if entry.status is ClaimStatus.NOT_SHOWN and gain is not None:
        return f"{name} shows no gain" + (f": it was {gain_words(terms, -gain)} worse" if gain < 0 else "")
    said = {
        ClaimStatus.WAITING: "waits to be verified",
        ClaimStatus.TESTING: "is being verified",
        ClaimStatus.NOT_REPEATED: "is not accepted: its gain was not repeated",
        ClaimStatus.NOT_HELD: "is not accepted: its gain does not hold on data held out"
        if terms.holds_out
        else "is not accepted: its gain is less than a step",
        ClaimStatus.SAME_ALWAYS: "is not accepted: it gives the same with every seed",
        ClaimStatus.TAMPERED: "is refused: its result cannot be honest",
    }
    return f"{name} {said.get(entry.status, f'is {STATUSES[entry.status]}')}"


def _lede(entry: ClaimRecord, gains: Sequence[float]) -> str:
    if not gains:
        return (
            f"{entry.why[:1].upper()}{entry.why[1:]}." if entry.why else "What it changes is shown once it is decided."
        )
    ahead, result = sum(gain > 0 for gain in gains), entry.result
    said = f"It was ahead of {_best(entry)} in {ahead} of {count(len(gains), 'round')} on the same seeds. "
    odds, needed = _odds(result["log_evidence"]), _odds(-math.log(result["level"]))
    said += f"That is evidence of {odds} to one for it, and {needed} to one was needed."
    extra = entry.status not in {ClaimStatus.ACCEPTED, ClaimStatus.NOT_SHOWN} and entry.why
    return f"{said} {entry.why[:1].upper()}{entry.why[1:]}." if extra else said


def _decided(entry: ClaimRecord) -> list[Child]:
    return [", decided ", moment(entry.decided)] if entry.decided is not None else []


def _figures(terms: Terms, entry: ClaimRecord, gains: Sequence[float]) -> Iterator[tuple[Child, str]]:
    result = entry.result
    if gains:
        error = f" ± {result['error']:.2g}" if result["error"] is not None else ""
        yield f"{result['gain']:+.3g}{error}", f"over {_best(entry)}, mean of {count(len(gains), 'round')}"
    if result.get("over_baseline") is not None and entry.against != BASELINE:
        yield f"{result['over_baseline']:+.3g} ± {result['over_error'] or 0:.2g}", "over the untouched script"
    if result.get("metric") is not None:
        yield f"{result['metric']:.4g}", f"{terms.metric} here, lower is better; its contributor saw {entry.stated:.4g}"
    else:
        yield f"{entry.stated:.4g}", f"{terms.metric} as its contributor saw it; lower is better"
    if gains:
        yield f"{_odds(result['log_evidence'])} : 1", f"evidence, of {_odds(-math.log(result['level']))} : 1 needed"


def _steps(terms: Terms, entry: ClaimRecord, gains: Sequence[float]) -> Markup:
    return h("ol", [_step(*one) for one in _stages(terms, entry, gains)], cls="checks")


def _step(fine: bool | None, title: str, said: str) -> Markup:
    mark, word = {True: ("✓", "passed"), False: ("✗", "failed"), None: ("○", "not reached")}[fine]
    look = "yes" if fine else "no" if fine is False else "open"
    return h("li", h("i", mark, role="img", aria_label=word), h("div", h("b", title), h("span", said)), cls=look)


def _stages(terms: Terms, entry: ClaimRecord, gains: Sequence[float]) -> Iterator[tuple[bool | None, str, str]]:
    """What a claim passes one after the other: whether it did, what it is, and what was found."""
    status, result = entry.status, entry.result
    copied = (
        f"It changes what claim {entry.credits} had changed."
        if entry.credits
        else "Nobody had changed the same before."
    )
    yield status is not ClaimStatus.COPY, "Signed by its key, and new", copied
    if not gains:
        waits = status.open or status is ClaimStatus.COPY
        yield (None if waits else False), "Run here on seeds that nobody could know", "" if waits else entry.why
        return
    bad = {ClaimStatus.TAMPERED: entry.why, ClaimStatus.SAME_ALWAYS: entry.why}.get(status, "")
    drawn = (
        "Its seeds follow from its text and a secret that was drawn before it came; the secret's hash was published."
    )
    yield not bad, "Run here in a sandbox, on seeds that nobody could know", bad or drawn
    better = status not in {ClaimStatus.NOT_SHOWN, ClaimStatus.TAMPERED, ClaimStatus.SAME_ALWAYS}
    found = f"{_odds(result['log_evidence'])} to one after {count(len(gains), 'round')}, of "
    found += f"{_odds(-math.log(result['level']))} to one."
    yield (None if bad else better), "A test that stays valid however many claims are sent", found
    again = _gains(terms, entry, "recheck")
    if again:
        mean = math.fsum(again) / len(again)
        said = f"{count(len(again), 'further seed')}: {mean:+.3g} on average."
    else:
        said = "Spared: the claims of its contributor have held for long." if better else ""
    yield (status is not ClaimStatus.NOT_REPEATED if better else None), "A second verification", said
    held = {ClaimStatus.ACCEPTED: True, ClaimStatus.NOT_HELD: False}.get(status)
    step = f"by more than {terms.step:.3g} {terms.unit}".strip() if not terms.by_ratio else "by more than a step"
    where, more = (" on data held out,", "Nothing else is said of that data.") if terms.holds_out else ("", "")
    yield held, f"Ahead{where} {step}", "" if held is None else more
    holds: bool | None = result.get("holds")
    said = "It is what was measured, up to noise." if holds else "It is worse than what was measured."
    said = "It is better than what was measured: it does not hold." if holds is False else said
    yield holds is not False, "The metric that its contributor stated", said


def _odds(logarithm: float) -> str:
    return f"{math.exp(min(logarithm, 99)):,.0f}" if logarithm > 2 else f"{math.exp(logarithm):.2g}"


def _charts(terms: Terms, entry: ClaimRecord, gains: Sequence[float]) -> list[Child]:
    needed = _odds(-math.log(entry.result["level"]))
    text = (
        "Each round is one seed for the claim and for the best before it. Somebody who bets on the claim begins with 1 "
        f"and stakes a part of it on every round. If the claim were no better, they would ever reach {needed} with a "
        f"chance of at most one in {needed}; so the test may look every four rounds, and end once that is reached "
        "or is hopeless."
    )
    figures = [
        h("figure", h("figcaption", title, cls="title"), drawn)
        for title, drawn in (
            ("What each round gained", rounds(terms, gains)),
            ("The bet, round by round", wealth(terms, gains, entry.result["level"])),
        )
    ]
    return [h("p", text), h("div", figures, cls="pair")]


def _change(entry: ClaimRecord, task: Task) -> Child:
    if entry.script:
        return _diff(task.source.splitlines(), entry.script.splitlines())
    before = {knob.name: knob.default for knob in task.knobs}
    rows = [
        h("tr", h("th", name, scope="row"), h("td", before.get(name, "–")), h("td", value, cls="now"))
        for name, value in entry.settings.items()
    ]
    if not rows:
        return None
    head = h("tr", (h("th", name, scope="col") for name in ("setting", "untouched script", "claim")))
    return h("table", h("thead", head), h("tbody", rows), cls="plain settings")


def _diff(before: Sequence[str], after: Sequence[str]) -> Markup:
    """The lines of a rewritten script that differ from the untouched one."""
    looks = {"+": "add", "-": "del", "@": "gap"}
    lines = list(difflib.unified_diff(before, after, lineterm="", n=2))[2:]
    rows = [
        h(
            "div",
            h("span", line[:1] if line[:1] in "+-" else ""),
            h("span", line if line[:1] == "@" else line[1:]),
            cls=looks.get(line[:1], "same"),
        )
        for line in lines
    ]
    return h("div", rows, cls="diff", tabindex="0", role="region", aria_label="Changes of the script")


def _repeat(terms: Terms, entry: ClaimRecord, address: str) -> list[Child]:
    text = (
        "This checks the signature, the secret, the seeds, the level and the evidence, and runs rounds of the test "
        "again on your machine, in your sandbox:"
    )
    facts: list[tuple[str, Child]] = [
        ("secret of its test", h("code", entry.result["secret"])),
        ("hash published before", h("code", terms.commitment)),
        ("SHA-256 of the claim", h("code", entry.digest)),
        ("key", h("code", entry.key)),
    ]
    facts += [("ledger of its run", h("code", entry.ledger))] if entry.ledger else []
    rows = [[h("dt", name), h("dd", value)] for name, value in facts]
    data = h("p", "All of it for programs: ", h("a", f"claims/{entry.id}.json", href=f"/claims/{entry.id}.json"), ".")
    return [
        h("p", text),
        h("pre", f"orgopt board show {address} {entry.id} --repeat"),
        h("dl", rows, cls="facts"),
        data,
    ]


def _runs(terms: Terms, entry: ClaimRecord) -> list[Child]:
    text = h("p", f"{terms.metric} of each run, lower is better; a dash is a run that failed or was not made.")
    groups = (("The test", "rounds"), ("The second verification", "recheck"))
    return [
        text,
        *(
            _table(title, entry.result[part], _gains(terms, entry, part))
            for title, part in groups
            if entry.result[part]
        ),
    ]


def _table(title: str, told: Sequence[dict[str, Any]], gains: Sequence[float]) -> Markup:
    names = ("seed", "claim", "best before", "untouched script", "ahead by")
    head = h("thead", h("tr", [right(name, "th") for name in names]))
    rows = [_round(one, gain) for one, gain in zip(told, gains, strict=True)]
    table = h(
        "div",
        h("table", head, h("tbody", rows), cls="plain runs"),
        cls="scroll",
        tabindex="0",
        role="region",
        aria_label=title,
    )
    return h("details", h("summary", f"{title}: {count(len(told), 'round')}"), table, open=len(told) <= _OPEN)


def _round(one: dict[str, Any], gain: float) -> Markup:
    cells = ["–" if (value := one[name]) is None else f"{value:.6g}" for name in ("own", "best", "base")]
    return h("tr", [right(text) for text in (str(one["seed"]), *cells, f"{gain:+.3g}")])
