"""What matters: importances of the genome's parts, and what the champion loses without each of its own."""

from collections.abc import Iterator

from orgopt.document.grammar.values import format_link
from orgopt.draw import Weight, Weights, svg
from orgopt.org import Link, Org
from orgopt.report.browser import organization
from orgopt.report.forest import Column, Row, bars, forest
from orgopt.report.markup import Markup, h
from orgopt.report.records import Record, Study, finite, rows
from orgopt.study.wording import interval, signed


def importances(study: Study) -> Markup | None:
    """The share of the differences between candidates that each part of the genome explains."""
    found = [
        (str(row.get("part", "")), value)
        for row in rows(study.final.get("importances"))
        if (value := finite(row.get("importance"))) is not None
    ]
    if not found:
        return None
    found.sort(key=lambda item: -item[1])
    text = (
        "Over all candidates of the search: how much of the difference in research output goes with each part. "
        "It says what mattered, not which way."
    )
    return h("div", h("h3", "Across the search"), h("p", text), bars(found[:12]))


def knock_outs(study: Study) -> Markup | None:
    """The champion without each of its roles, links and meetings, on the same seeds."""
    records = _knock_outs(study)
    if not records:
        return None
    records.sort(key=lambda record: -(finite(record.get("difference")) or 0.0))
    modelled = any("model" in record for record in records)
    table = forest(
        [_row(record, modelled=modelled) for record in records],
        columns=(
            *(Column("without"), Column(""), Column("lost, 95 %", 9.5), Column("seeds", 4)),
            *([Column("model", 4)] if modelled else []),
        ),
        axis="research output that the champion loses without it",
    )
    text = "The champion was run again without one part at a time. Left of the line it did better without."
    if modelled:
        text += " In the last column is what the model of all candidates had expected."
    return h("div", h("h3", "Within the champion"), h("p", text), table, _chart(study))


def weights(org: Org, records: list[Record]) -> Weights:
    """Knock-outs as effects of an organization's roles, links and stand-up; what it does not have is left out."""
    names = {role.id: role.name for role in org.roles}
    texts = {text: link for link in org.links for text in (format_link(link, names), _plain(link, names))}
    roles: dict[str, Weight] = {}
    links: dict[tuple[str, str, str, bool], Weight] = {}
    standup: Weight | None = None
    for record in records:
        effect = Weight(finite(record.get("difference")) or 0.0, _look(record) != "no difference")
        link, role = texts.get(str(record.get("link") or "")), str(record.get("role") or "")
        if link:
            links[link.key] = effect
        elif org.role(role):
            roles[role] = effect
        elif "stand-up" in str(record.get("part", "")).lower() and org.standup:
            standup = effect
    return Weights(roles=roles, links=links, standup=standup)


def _plain(link: Link, names: dict[str, str]) -> str:
    """A link in words without its pattern, with the names as they are."""
    arrow = "↔" if link.mutual else "→"
    return f"{names.get(link.source, link.source)} {arrow} {names.get(link.target, link.target)}: {link.kind}"


def _knock_outs(study: Study) -> list[Record]:
    return [row for row in rows(study.final.get("knock_outs")) if finite(row.get("difference")) is not None]


def _row(record: Record, *, modelled: bool) -> Row:
    difference, low, high = (finite(record.get(key)) for key in ("difference", "low", "high"))
    return Row(
        label=str(record.get("part", "")),
        value=difference or 0.0,
        low=low,
        high=high,
        look=_look(record),
        cells=[
            h("span", signed(difference), " ", h("small", interval(low, high))),
            str(record.get("seeds", "")),
            *([signed(finite(record.get("model")))] if modelled else []),
        ],
    )


def _look(record: Record) -> str:
    """Whether a part helps (`better` with it), harms, or neither is shown."""
    low, high = finite(record.get("low")), finite(record.get("high"))
    if low is None or high is None:
        return "no difference"
    return "better" if low > 0 else "worse" if high < 0 else "no difference"


def _chart(study: Study) -> Markup | None:
    org = organization(study.champion.program) if study.champion else None
    if org is None:
        return None
    return h(
        "figure", Markup(svg(org, weights(org, _knock_outs(study)))), h("figcaption", *_caption()), cls="org-chart"
    )


def _caption() -> Iterator[str]:
    yield "The champion. Numbers are what it loses without a role, link or meeting; the wider the stroke, the more. "
    yield "Dashed numbers are no larger than noise."
