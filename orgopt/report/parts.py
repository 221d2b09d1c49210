"""What matters: importances of the genome's parts, and what the champion loses without each of its own."""

from collections.abc import Iterator, Sequence

from orgopt.basics.markup import Markup, h
from orgopt.document.grammar.arrows import format_link
from orgopt.draw import Weight, Weights, svg
from orgopt.org import Link, Org
from orgopt.report.browser import organization
from orgopt.report.interval_tables import Column, Row, bars, forest
from orgopt.study.records.result import Ablation
from orgopt.study.view import StudyView
from orgopt.study.wording import digits_of, interval, signed


def importances(study: StudyView) -> Markup | None:
    """The share of the differences between candidates that each part of the genome explains."""
    found = [(one.part, one.importance) for one in study.final.importances] if study.final else []
    if not found:
        return None
    found.sort(key=lambda item: -item[1])
    text = (
        "Over all candidates of the search: how much of the difference in research output goes with each part. "
        "It says what mattered, not which way."
    )
    return h("div", h("h3", "Across the search"), h("p", text), bars(found[:12]))


def ablations(study: StudyView) -> Markup | None:
    """The champion without each of its roles, links and meetings, on the same seeds."""
    if not study.final or not study.final.ablations:
        return None
    found = sorted(study.final.ablations, key=lambda one: -one.difference)
    modelled = any(one.model is not None for one in found)
    digits = digits_of(*(end for one in found for end in (one.difference, one.low, one.high)))
    table = forest(
        [_row(one, modelled=modelled, digits=digits) for one in found],
        columns=(
            *(Column("without"), Column(""), Column("lost, 95 %", 9.5), Column("seeds", 4)),
            *([Column("model", 4)] if modelled else []),
        ),
        axis="research output that the champion loses without it",
    )
    text = "Ablations: the champion was run again without one part at a time. Left of the line it did better without."
    if modelled:
        text += " In the last column is what the model of all candidates had expected."
    chart = _chart(study.best.record.program, study.final.ablations) if study.best else None
    return h("div", h("h3", "Within the champion"), h("p", text), table, chart)


def weights(org: Org, ablations: Sequence[Ablation]) -> Weights:
    """Ablations as effects of an organization's roles, links and stand-up; what it does not have is left out."""
    names = {role.id: role.name for role in org.roles}
    texts = {text: link for link in org.links for text in (format_link(link, names), _plain(link, names))}
    roles: dict[str, Weight] = {}
    links: dict[tuple[str, str, str, bool], Weight] = {}
    standup: Weight | None = None
    for one in ablations:
        effect = Weight(one.difference, one.verdict != "no difference")
        if link := texts.get(one.link):
            links[link.key] = effect
        elif org.role(one.role):
            roles[one.role] = effect
        elif "stand-up" in one.part.lower() and org.standup:
            standup = effect
    return Weights(roles=roles, links=links, standup=standup)


def _plain(link: Link, names: dict[str, str]) -> str:
    """A link in words without its pattern, with the names as they are."""
    arrow = "↔" if link.mutual else "→"
    return f"{names.get(link.source, link.source)} {arrow} {names.get(link.target, link.target)}: {link.kind}"


def _row(one: Ablation, *, modelled: bool, digits: int) -> Row:
    return Row(
        label=one.part,
        value=one.difference,
        low=one.low,
        high=one.high,
        look=one.verdict,
        cells=[
            h(
                "span",
                signed(one.difference, digits),
                " ",
                h("small", interval(one.low, one.high, digits=digits)),
            ),
            str(one.seeds),
            *([signed(one.model, digits)] if modelled else []),
        ],
    )


def _chart(program: str, ablations: Sequence[Ablation]) -> Markup | None:
    org = organization(program)
    if org is None:
        return None
    return h("figure", Markup(svg(org, weights(org, ablations))), h("figcaption", *_caption()), cls="org-chart")


def _caption() -> Iterator[str]:
    yield "The champion. Numbers are what it loses without a role, link or meeting; the wider the stroke, the more. "
    yield "Dashed numbers are no larger than noise."
