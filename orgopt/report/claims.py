"""The claims: the champion against every control, by phase and task; and how far its own score was flattered."""

from collections.abc import Iterator

from orgopt.report.browser import organization
from orgopt.report.forest import Column, Row, forest, scale_of, verdict
from orgopt.report.markup import Child, Markup, h
from orgopt.report.records import Record, Study, finite, mapping, rows
from orgopt.report.scale import scale
from orgopt.study.wording import MEANINGS, count, entrant_name, interval, plain, signed

_PHASES = {
    "test": "On test seeds",
    "held-out": "On a task that was not searched",
    "real": "In real runs",
}
_COLUMNS = (
    Column("control"),
    Column(""),
    Column("its output", 5),
    Column("difference, 95 %", 9.5),
    Column("smallest seen", 5.5),
    Column("champion is", 7.5),
)
_ESTIMATES = {
    "raw": ("search", "the mean on its search seeds, for which it was chosen: flattered"),
    "shrunken": ("search, shrunken", "drawn to what the other candidates say of it, by how noisy a score is"),
    "race": ("race", "on fresh seeds, but the best of several again"),
    "test": ("test", "on seeds that chose nothing: the one to quote"),
}


def claims(study: Study) -> Markup | None:
    """The forests of claims; None where there are none."""
    if not study.claims:
        return None
    blocks = [block for phase in _order(study) for block in _phase(study, phase)]
    return h("div", _legend(), blocks)


def estimates(study: Study) -> Markup | None:
    """The champion's score as the search, the race and the tests saw it."""
    known = mapping(study.final.get("estimates"))
    found = [Row(label=label, note=note, value=value, low=low, high=high, look="main", cells=[plain(value)])
             for key, (label, note) in _ESTIMATES.items()
             for value, low, high in [_estimate(known.get(key))] if value is not None]  # fmt: skip
    if len(found) < 2:
        return None
    raw, test = (_estimate(known.get(key))[0] for key in ("raw", "test"))
    said: Child = None
    if raw is not None and test is not None:
        said = h("p", _flattery(raw - test))
    table = forest(
        found,
        columns=(Column("champion, measured in"), Column(""), Column("value", 5)),
        axis="research output",
        zero=False,
        on=scale([0.0, *(row.value for row in found)], 0.0, 1.0),
    )
    return h("div", h("h3", "How flattered was the champion?"), said, table)


def _flattery(gap: float) -> str:
    if plain(abs(gap)) == plain(0.0):
        return "The search and the test seeds agree."
    return f"The search saw {plain(abs(gap))} {'more' if gap > 0 else 'less'} than the test seeds confirm."


def race(study: Study) -> Markup | None:
    """The finalists on fresh seeds."""
    found = [
        Row(
            label=_pick(study, str(row.get("entrant", ""))),
            value=mean,
            low=finite(row.get("low")),
            high=finite(row.get("high")),
            look="main" if row.get("entrant") == study.final.get("champion") else "other",
            cells=[
                h("span", plain(mean), " ", h("small", interval(finite(row.get("low")), finite(row.get("high"))))),
                str(row.get("seeds", "")),
                f"after {row['dropped_at']} seeds" if row.get("dropped_at") else "no",
            ],
        )
        for row in sorted(rows(study.final.get("race")), key=lambda row: -(finite(row.get("mean")) or 0.0))
        if (mean := finite(row.get("mean"))) is not None
    ]
    if not found:
        return None
    columns = (Column("finalist"), Column(""), Column("mean, 95 %", 9), Column("seeds", 4), Column("dropped", 7))
    return h(
        "div",
        h("h3", "The race"),
        h("p", "The best of the search on fresh seeds; one that is clearly behind is dropped."),
        forest(found, columns=columns, axis="research output on race seeds", zero=False),
    )


def simplest(study: Study) -> Markup | None:
    """The smallest organization that is as good within noise."""
    found = study.named(str(study.final.get("simplest", "")))
    if found is None:
        return None
    org = organization(found.program)
    size = f" ({count(org.headcount, 'agent')}, {count(len(org.links), 'link')})" if org else ""
    if found is study.champion:
        return h("p", "The champion is also the simplest organization within one standard error of the best", size, ".")
    return h(
        "p", "The simplest organization within one standard error of the best is ", _pick(study, found.name), size,
        ". If the difference does not matter to you, take that one.",
    )  # fmt: skip


def _estimate(value: object) -> tuple[float | None, float | None, float | None]:
    """A number, or an object with a mean and an interval."""
    if isinstance(value, dict):
        return finite(value.get("mean")), finite(value.get("low")), finite(value.get("high"))
    return finite(value), None, None


def _pick(study: Study, name: str) -> Child:
    """A button that chooses a candidate; the name alone of one that is not known."""
    found = study.named(name)
    return h("button", name, type="button", cls="link", data_pick=found.index) if found else name


def _order(study: Study) -> list[str]:
    present = {str(claim.get("phase", "")) for claim in study.claims}
    return [*(phase for phase in _PHASES if phase in present), *sorted(present - set(_PHASES))]


def _phase(study: Study, phase: str) -> Iterator[Markup]:
    found = [claim for claim in study.claims if claim.get("phase") == phase]
    tasks = list(dict.fromkeys(str(claim.get("task", "")) for claim in found))
    tasks.sort(key=lambda task: task != "all")
    on = scale_of([_row(study, claim, "") for claim in found])
    folded: list[Markup] = []
    for task in tasks:
        champion_name = study.champion.name if study.champion else ""
        mine = [claim for claim in found if str(claim.get("task", "")) == task]
        title = f"{_PHASES.get(phase, phase)}, {'mean over tasks' if task == 'all' else task}"
        seeds = {claim.get("seeds") for claim in mine}
        table = forest(
            [_row(study, claim, str(claim["seeds"] or "") if len(seeds) > 1 else "") for claim in mine],
            columns=_COLUMNS,
            axis="research output of the champion above the control",
            on=on,
        )
        mean = next((plain(finite(claim.get("champion_mean"))) for claim in mine), "")
        each = next(iter(seeds)) if len(seeds) == 1 else None
        text = f"Champion {champion_name}: {mean}" + (f", {count(each, 'seed')} each." if each else ".")
        if tasks[0] == "all" and task != "all":
            folded.append(h("details", h("summary", title), h("p", text), table))
        else:
            yield h("div", h("h3", title), h("p", text), table)
    yield from folded


def _row(study: Study, claim: Record, seeds: str) -> Row:
    seed, champion = (c.name if c else "" for c in (study.seed, study.champion))
    entrant, word = str(claim.get("entrant", "")), str(claim.get("verdict", ""))
    difference, low, high, mdd, mean = (finite(claim.get(k)) for k in ("difference", "low", "high", "mdd", "mean"))
    about = study.entrants.get(entrant, {}).get("about") or MEANINGS.get(entrant, "")
    notes = [str(about), f"{seeds} seeds" if seeds else ""]
    return Row(
        label=entrant_name(entrant, seed, champion),
        note="; ".join(note for note in notes if note),
        value=difference or 0.0,
        low=low,
        high=high,
        unseen=mdd,
        look=word or "other",
        cells=[
            plain(mean),
            h("span", signed(difference), " ", h("small", interval(low, high))),
            plain(mdd),
            verdict(word),
        ],
    )


def _legend() -> Markup:
    return h(
        "p",
        "A point right of the line says that the champion did more research than the control on the same hardware; "
        "the bar is the 95 % interval. A difference inside the grey band would be missed by one of five such tests, "
        "or more.",
        cls="legend",
    )  # fmt: skip
