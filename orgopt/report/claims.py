"""The claims: the champion against every control, by phase and task; and how far its own score was flattered."""

from collections.abc import Iterator, Sequence

from orgopt.basics.markup import Child, Markup, h
from orgopt.report.browser import organization
from orgopt.report.interval_tables import Column, Row, forest, numbers, scale_of, verdict
from orgopt.report.scale import scale
from orgopt.study.records.result import Claim, Mean
from orgopt.study.verdict.ending_form import Ending, columns
from orgopt.study.view import StudyView
from orgopt.study.wording import MARKS, MEANINGS, compared, count, digits_of, entrant_name, interval, plain

_PHASES = {
    "test": "On test seeds",
    "held-out": "On a task that was not searched",
    "real": "In real runs",
}
_COLUMNS = (
    Column("control"),
    Column(""),
    Column("its output", 5),
    Column("champion is, with 95 % interval", 17),
    Column("smallest seen", 5.5),
)
_PARTS = {"valid.": "validated, at the end", "end": "held out, at the end", "mean": "held out, on average"}
MADE_OF = "What the scores are made of"
_HALVES = (
    "A score is the mean of two qualities on held-out data: at the end of the budget, and on average over it. 0 is the "
    "untouched script, 1 the best setting known."
)
_VALIDATED = (
    " Validated is the end by the metric that agents see: where it is far above what is held out, they fitted that "
    "metric alone."
)
_ESTIMATES = (
    ("search", "the mean on its search seeds, for which it was chosen: flattered"),
    ("search, shrunken", "drawn to what the other candidates say of it, by how noisy a score is"),
    ("race", "on fresh seeds, but the best of several again"),
    ("test", "on seeds that chose nothing: the one to quote"),
)


def claims(study: StudyView) -> Markup | None:
    """The forests of claims; None where there are none."""
    if not study.final or not study.final.claims:
        return None
    found = study.final.claims
    phases = [*_PHASES, *sorted({claim.phase for claim in found} - set(_PHASES))]
    blocks = [block for phase in phases for block in _phase(study, phase, [one for one in found if one.phase == phase])]
    return h("div", _legend(), blocks)


def estimates(study: StudyView) -> Markup | None:
    """The champion's score as the search, the race and the tests saw it."""
    if study.final is None:
        return None
    known = study.final.estimates
    values = (_alone(known.raw), _alone(known.shrunken), _alone(known.race), known.test)
    digits = digits_of(*(one.mean for one in values if one))
    found = [
        Row(
            label=label,
            note=note,
            value=one.mean,
            low=one.low,
            high=one.high,
            look="main",
            cells=[plain(one.mean, digits)],
        )
        for (label, note), one in zip(_ESTIMATES, values, strict=True)
        if one
    ]
    said: Child = h("p", _why_several(values, digits)) if known.test else None
    table = forest(
        found,
        columns=(Column("champion, measured in"), Column(""), Column("value", 5)),
        axis="research output",
        zero=False,
        on=scale([0.0, *(end for row in found for end in (row.value, row.low, row.high))], 0.0, 1.0),
    )
    return h("div", h("h3", "How flattered was the champion?"), said, table)


def _why_several(values: Sequence[Mean | None], digits: int) -> str:
    """Why a champion has several scores, and which counts."""
    raw, _, race, test = (one and plain(one.mean, digits) for one in values)
    raced = f"{race} in the race, " if race else ""
    return (
        f"The champion has several scores: {raw} in the search, {raced}{test} on test seeds. Who is picked for a high "
        "score had luck on the seeds of the pick, which flatters it. On test seeds nobody was picked: that one counts."
    )


def parts(said: Ending, *, titled: bool = True) -> Markup | None:
    """What the scores of all who are compared are made of, with its title or without; None where no record says it."""
    beside = columns(said.bars)
    if not beside:
        return None
    rows = [
        (bar.name, plain(bar.value), *(column[at] for column in beside.values())) for at, bar in enumerate(said.bars)
    ]
    names = [Column("score", 5), *(Column(_PARTS[name], 8) for name in beside)]
    return h(
        "div",
        h("h3", MADE_OF) if titled else None,
        h("p", _HALVES, _VALIDATED if "valid." in beside else None),
        numbers((Column("who"), *names), rows),
    )


def race(study: StudyView) -> Markup | None:
    """The finalists on fresh seeds."""
    final = study.final
    if final is None or not final.race:
        return None
    digits, tested = digits_of(*(one.mean for one in final.race)), any(one.dropped_at for one in final.race)
    found = [
        Row(
            label=pick(study, one.entrant),
            value=one.mean,
            low=one.low,
            high=one.high,
            look="main" if one.entrant == final.champion else "other",
            cells=[
                h("span", plain(one.mean, digits), " ", h("small", interval(one.low, one.high, digits=digits))),
                str(one.seeds),
                *([f"after {one.dropped_at} seeds" if one.dropped_at else "no"] if tested else []),
            ],
        )
        for one in final.race
    ]
    columns = (Column("finalist"), Column(""), Column("mean, 95 %", 9), Column("seeds", 4))
    columns += (Column("dropped", 7),) if tested else ()
    return h(
        "div",
        h("h3", "The race"),
        h("p", "The best of the search on fresh seeds, of which one that is clearly behind gets few."),
        forest(found, columns=columns, axis="research output on race seeds", zero=False),
    )


def simplest(study: StudyView) -> Markup | None:
    """The smallest organization that is as good within noise."""
    found = study.candidate(study.final.simplest) if study.final else None
    if found is None:
        return None
    org = organization(found.record.program)
    size = f" ({count(org.headcount, 'agent')}, {count(len(org.links_in_use), 'link')})" if org else ""
    if found is study.best:
        return h("p", "The champion is also the simplest organization within one standard error of the best", size, ".")
    return h(
        "p", "The simplest organization within one standard error of the best is ", pick(study, found.name), size,
        ". If the difference does not matter to you, take that one.",
    )  # fmt: skip


def _alone(value: float | None) -> Mean | None:
    """A mean without an interval."""
    return None if value is None else Mean(mean=value, low=None, high=None, n=0)


def pick(study: StudyView, name: str) -> Child:
    """A button that chooses a candidate; the name alone of one that is not known."""
    found = study.candidate(name)
    return h("button", name, type="button", cls="link", data_pick=found.record.index) if found else name


def _phase(study: StudyView, phase: str, found: Sequence[Claim]) -> Iterator[Markup]:
    tasks = list(dict.fromkeys(claim.task for claim in found))
    tasks.sort(key=lambda task: task != "all")
    digits = digits_of(*(end for claim in found for end in (claim.difference, claim.low, claim.high)))
    on = scale_of([_row(study, claim, "") for claim in found])
    folded: list[Markup] = []
    for task in tasks:
        champion_name = study.best.name if study.best else ""
        mine = [claim for claim in found if claim.task == task]
        title = f"{_PHASES.get(phase, phase)}, {'mean over tasks' if task == 'all' else task}"
        seeds = {claim.seeds for claim in mine}
        table = forest(
            [_row(study, claim, str(claim.seeds) if len(seeds) > 1 else "", digits) for claim in mine],
            columns=_COLUMNS,
            axis="research output of the champion above the control",
            on=on,
        )
        mean = plain(mine[0].champion_mean, digits)
        each = next(iter(seeds)) if len(seeds) == 1 else None
        text = f"Champion {champion_name}: {mean}" + (f", {count(each, 'seed')} each." if each else ".")
        if tasks[0] == "all" and task != "all":
            folded.append(h("details", h("summary", title), h("p", text), table))
        else:
            yield h("div", h("h3", title), h("p", text), table)
    yield from folded


def _row(study: StudyView, claim: Claim, seeds: str, digits: int = 2) -> Row:
    seed, champion = (c.name if c else "" for c in (study.seed, study.best))
    entrant = study.entrants.get(claim.entrant)
    about = (entrant.about if entrant else "") or MEANINGS.get(claim.entrant, "")
    notes = [about, f"{seeds} seeds, on which the champion has {plain(claim.champion_mean, digits)}" if seeds else ""]
    return Row(
        label=entrant_name(claim.entrant, seed, champion),
        note="; ".join(note for note in notes if note),
        value=claim.difference,
        low=claim.low,
        high=claim.high,
        unseen=claim.mdd,
        look=claim.verdict,
        cells=[
            plain(claim.mean, digits),
            verdict(claim.verdict, _stands(claim, digits)),
            plain(claim.mdd, digits),
        ],
    )


def _stands(claim: Claim, digits: int) -> str:
    """How the champion stands to a control, after the mark."""
    said = compared(claim.verdict, claim.difference, claim.low, claim.high, digits=digits)
    return said.removeprefix(f"{MARKS.get(claim.verdict, '')} ")


def _legend() -> Markup:
    return h(
        "p",
        "A point right of the line says that the champion did more research than the control on the same hardware; "
        "the bar is the 95 % interval. A difference inside the grey band would be missed by one of five such tests, "
        "or more.",
        cls="legend",
    )  # fmt: skip
