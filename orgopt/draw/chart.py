"""The SVG drawing of an organization: managers above their reports, each kind of link in its own hand.

Covers looks and words; where things are is computed in `layers`, `layout` and `routes`.
"""

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import NamedTuple

from orgopt.draw.card import SMALL, Card, card, card_width, draw_card, whole
from orgopt.draw.content import Content, content, standup
from orgopt.draw.labels import Taken, in_order
from orgopt.draw.layers import rows
from orgopt.draw.layout import Size
from orgopt.draw.places import LABEL, LONGEST, LOOP, Box, LinkWords
from orgopt.draw.routes import Picture, Route, picture
from orgopt.draw.style import STYLE, WEIGHT_STYLE, pixels
from orgopt.draw.text import BOLD, clean, fit, right_to_left, text_width, wrap
from orgopt.draw.weights import NONE, Weights, badge_width, badges, legend, standup_badge, stroke
from orgopt.org import LINK_KINDS, Link, LinkKind, Org

MARGIN, LINE = 28, 22
TITLE, TITLE_LINE, TITLE_LINES = 16, 21, 3
NOTE_LINES = 3
MIN_WIDTH = 340  # of the picture, so that title and legend have room
_MAX_SPOKEN = 20  # links that the description lists


class _Label(NamedTuple):
    """The pattern of a link; without a place where there is no room at its line."""

    link: Link
    place: Box | None


def svg(org: Org, weights: Weights = NONE) -> str:
    """The organization as a stand-alone SVG. It has no script, no link and no font of its own.

    `weights` are the effects of parts, shown as signed numbers and wider strokes.
    """
    shown = content(org)
    width = card_width(org, shown.roles)
    cards = {role.id: card(org, role, width) for role in shown.roles}
    words = [_words(link, weights) for link in shown.links]
    sizes = {role: _size(each, width, shown.links, words) for role, each in cards.items()}
    drawn = picture(sizes, rows(list(cards), shown.links), shown.links, words)
    space = Taken(drawn, MARGIN - 4)
    labels = _labels(drawn, space)
    title = clean(org.title) or "Organization"
    wide = max(drawn.width, MIN_WIDTH, min(text_width(title, TITLE * BOLD), 2 * MIN_WIDTH))
    head = wrap(title, wide, TITLE * BOLD, TITLE_LINES)
    submitters = set(org.submitters())
    entries = _legend_rows([*_entries(shown, submitters, drawn), *legend(weights)], wide)
    notes = _note_lines([standup(org), _unplaced(org, labels), shown.left_out], wide)
    top = MARGIN + TITLE + 18 + TITLE_LINE * (len(head) - 1)
    under = top + drawn.height + 26
    full_width, full_height = wide + 2 * MARGIN, under + LINE * (len(entries) + len(notes)) + MARGIN - 18
    across, down = pixels(full_width), pixels(full_height)
    size = f'width="{across}" height="{down}" viewBox="0 0 {across} {down}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="org" role="img" {size}>',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(_description(org, shown))}</desc>",
        f"<style>{STYLE}{WEIGHT_STYLE if weights.every() else ''}</style>",
        *_markers(shown.links),
        f'<rect class="paper" width="{across}" height="{down}"/>',
        *_title(head, title),
        f'<g transform="translate({pixels(MARGIN + (wide - drawn.width) / 2)} {top})">',
        *(_band(band) for band in drawn.bands),
        *(_route(org, route, stroke(weights, weights.links.get(route.link.key))) for route in drawn.routes),
        *_cards(cards, drawn, submitters, weights),
        *_label_texts(labels, drawn),
        *badges(weights, drawn, space),
        "</g>",
        *_legend(entries, under),
        *_notes(notes, under + LINE * len(entries), wide, weights),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _words(link: Link, weights: Weights) -> LinkWords:
    weight = weights.links.get(link.key)
    widths = [*([_label_width(link)] if link.pattern else []), *([badge_width(weight)] if weight else [])]
    return LinkWords(max(widths, default=0), len(widths))


def _label_width(link: Link) -> float:
    return min(text_width(clean(link.pattern), LABEL), LONGEST)


def _size(each: Card, width: float, links: Sequence[Link], words: Sequence[LinkWords]) -> Size:
    own = [words[i] for i, link in enumerate(links) if link.source == link.target == each.role.id]
    aside = LOOP + max(one.width for one in own) if own else 0
    return Size(width, max(each.height, sum(18 * max(1, one.lines) for one in own)), aside)


def _title(lines: Sequence[str], title: str) -> Iterator[str]:
    # A text from right to left ends at the margin where others start.
    direction = ' direction="rtl" text-anchor="end"' if right_to_left(title) else ""
    for i, line in enumerate(lines):
        y = pixels(MARGIN + TITLE / 2 + TITLE_LINE * i)
        yield f'<text class="title" x="{MARGIN}" y="{y}"{direction}>{escape(line)}{whole(line, title)}</text>'


def _cards(cards: Mapping[str, Card], drawn: Picture, submitters: set[str], weights: Weights) -> Iterator[str]:
    for role, each in cards.items():
        style = stroke(weights, weights.roles.get(role))
        yield from draw_card(each, drawn.boxes[role], submits=role in submitters, style=style)


def _band(band: Box) -> str:
    return (
        f'<rect class="band" x="{pixels(band.x)}" y="{pixels(band.y)}" width="{pixels(band.width)}" '
        f'height="{pixels(band.height)}" rx="12"/>'
    )


def _markers(links: Sequence[Link]) -> Iterator[str]:
    for kind in _kinds(links):
        name = _class(kind)
        yield (
            f'<marker id="to-{name}" class="head {name}" viewBox="0 0 10 10" refX="9.5" refY="5" markerWidth="8" '
            'markerHeight="8" markerUnits="userSpaceOnUse" orient="auto-start-reverse"><path d="M0 0.5L10 5L0 9.5z"/>'
            "</marker>"
        )


def _route(org: Org, route: Route, width: str) -> str:
    link = route.link
    name = f'url(#to-{_class(link.kind)})"'
    start = f' marker-start="{name}' if link.mutual or not route.forward else ""
    end = f' marker-end="{name}' if link.mutual or route.forward else ""
    pieces = zip(*[iter(route.path[1:])] * 3, strict=True)
    curves = "".join("C" + " ".join(_point(point) for point in piece) for piece in pieces)
    title = escape(_sentence(org, link))
    path = f'd="M{_point(route.path[0])}{curves}"'
    return f'<path class="{_class(link.kind)}" {path}{start}{end}{width}><title>{title}</title></path>'


def _labels(drawn: Picture, space: Taken) -> list[_Label]:
    """The patterns of links where they stand."""
    labeled = [route for route in drawn.routes if route.link.pattern]
    places = {route.link: space.find(route, _label_width(route.link)) for route in in_order(labeled)}
    return [_Label(route.link, places[route.link]) for route in labeled]


def _label_texts(labels: Sequence[_Label], drawn: Picture) -> Iterator[str]:
    for link, place in labels:
        if place:
            line = fit(link.pattern, place.width + 1, LABEL)
            on_band = any(band.y < place.y < band.y + band.height for band in drawn.bands)
            yield (
                f'<text class="label {_class(link.kind)}{" on-band" * on_band}" '
                f'x="{pixels(place.x + place.width / 2)}" y="{pixels(place.y + 11)}">'
                f"{escape(line)}{whole(line, link.pattern)}</text>"
            )


def _unplaced(org: Org, labels: Sequence[_Label]) -> str:
    """The patterns without room at their lines, in words."""
    left = [_sentence(org, label.link) for label in labels if not label.place]
    return f"Without room at the line: {'; '.join(left)}" if left else ""


def _entries(shown: Content, submitters: set[str], drawn: Picture) -> list[tuple[str, str]]:
    """What the legend explains: classes and words."""
    entries = [(_class(kind), str(kind)) for kind in _kinds(shown.links)]
    if any(role.id in submitters for role in shown.roles):
        entries.append(("swatch submits", "submits the result"))
    if any(not role.headcount for role in shown.roles):
        entries.append(("swatch empty", "left out: no agents"))
    if drawn.bands:
        entries.append(("swatch band", "one rank in several rows"))
    return entries


def _legend_rows(entries: Sequence[tuple[str, str]], width: float) -> list[list[tuple[str, str, float]]]:
    """The entries of the legend (class, words, x), in as many rows as they need."""
    table: list[list[tuple[str, str, float]]] = []
    x = width
    for name, words in entries:
        needed = 40 + text_width(words, SMALL)
        if x + needed > width:
            table.append([])
            x = 0
        table[-1].append((name, words, x))
        x += needed + 16
    return table


def _legend(table: Sequence[Sequence[tuple[str, str, float]]], top: float) -> Iterator[str]:
    for row, entries in enumerate(table):
        y = top + LINE * row
        for name, words, offset in entries:
            x, end, text = pixels(MARGIN + offset), pixels(MARGIN + offset + 30), pixels(MARGIN + offset + 37)
            if name.startswith("swatch"):
                yield f'<rect class="{name}" x="{x}" y="{pixels(y - 6)}" width="30" height="12" rx="3"/>'
            else:
                yield f'<line class="sample {name}" x1="{x}" x2="{end}" y1="{pixels(y)}" y2="{pixels(y)}"/>'
            yield f'<text class="small" x="{text}" y="{pixels(y + 4)}">{escape(words)}</text>'


def _note_lines(notes: Sequence[str], width: float) -> list[tuple[str, str]]:
    """The notes in lines, each with the note that it is of."""
    return [(line, note) for note in notes if note for line in wrap(note, width - 20, SMALL, NOTE_LINES)]


def _notes(lines: Sequence[tuple[str, str]], top: float, width: float, weights: Weights) -> Iterator[str]:
    """The notes; the first is of the stand-up, with a clock."""
    x = MARGIN + 7
    yield f'<circle class="clock" cx="{x}" cy="{pixels(top)}" r="6"/>'
    yield f'<path class="clock" d="M{x} {pixels(top - 3.5)}V{pixels(top)}H{x + 3}"/>'
    for i, (line, note) in enumerate(lines):
        y = pixels(top + LINE * i + 4)
        yield f'<text class="small" x="{MARGIN + 20}" y="{y}">{escape(line)}{whole(line, note)}</text>'
    if weights.standup:
        yield standup_badge(weights.standup, MARGIN + 26 + min(width - 60, text_width(lines[0][0], SMALL)), top)


def _description(org: Org, shown: Content) -> str:
    """What the drawing shows, for those who do not see it."""
    roles = ", ".join(f"{clean(role.name)} ×{role.headcount}" for role in shown.roles[:_MAX_SPOKEN])
    links = "; ".join(_sentence(org, link) for link in shown.links[:_MAX_SPOKEN])
    cut = "; …" if max(len(shown.roles), len(shown.links)) > _MAX_SPOKEN else ""
    return ". ".join(part for part in (f"Roles: {roles or 'none'}", links + cut, standup(org)) if part)


def _sentence(org: Org, link: Link) -> str:
    pattern = f" ({clean(link.pattern)})" if link.pattern else ""
    both = " and the other way round" if link.mutual and link.source != link.target else ""
    return f"{clean(org.name(link.source))} {link.kind} {clean(org.name(link.target))}{pattern}{both}"


def _kinds(links: Sequence[Link]) -> list[LinkKind]:
    present = {link.kind for link in links}
    return [kind for kind in LINK_KINDS if kind in present]


def _class(kind: str) -> str:
    return kind.split()[0]


def _point(point: tuple[float, float]) -> str:
    return f"{pixels(point[0])} {pixels(point[1])}"
