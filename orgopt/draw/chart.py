"""The SVG drawing of an organization: managers above their reports, each kind of link in its own hand.

Covers looks and words; where things are is computed in `layers`, `layout` and `routes`.
"""

from collections.abc import Iterator, Sequence
from html import escape

from orgopt.document.grammar.numbers import format_risk
from orgopt.document.grammar.values import format_standup
from orgopt.draw.content import Content, clean, content, fit, settings, text_width
from orgopt.draw.layers import rows
from orgopt.draw.layout import Size
from orgopt.draw.routes import LABEL, LOOP, Box, Picture, Route, picture
from orgopt.draw.style import STYLE, WEIGHT_STYLE
from orgopt.draw.weights import NONE, Weights, badges, legend, standup_badge, stroke
from orgopt.org import LINK_KINDS, Link, LinkKind, Org, Role

MARGIN, PAD, LINE = 28, 12, 18
NARROWEST, WIDEST = 148, 212  # pixels of a box
MIN_WIDTH = 340  # of the picture, so that title and legend have room
NAME, SMALL, TITLE = 13, 11, 16  # font sizes in pixels
RISK_BAR = 34
_MAX_SPOKEN = 20  # links that the description lists


def svg(org: Org, weights: Weights = NONE) -> str:
    """The organization as a stand-alone SVG. It has no script, no link and no font of its own.

    `weights` are the effects of parts, shown as signed numbers and wider strokes.
    """
    shown = content(org)
    width = _box_width(org, shown.roles)
    sizes = {role.id: _size(org, role, width, shown.links) for role in shown.roles}
    drawn = picture(sizes, rows([role.id for role in shown.roles], shown.links), shown.links)
    title = clean(org.title) or "Organization"
    submitters = set(org.submitters())
    wide = max(drawn.width, MIN_WIDTH, min(text_width(title, TITLE), 2 * MIN_WIDTH))
    words = _legend_rows([*_entries(shown, submitters), *legend(weights)], wide)
    labels, taken = _labels(drawn)
    notes = [note for note in (_standup(org), shown.left_out) if note]
    under = MARGIN + TITLE + 18 + drawn.height + 26
    full_width, full_height = wide + 2 * MARGIN, under + LINE * 1.2 * (len(words) + len(notes)) + MARGIN - LINE
    size = f'width="{_n(full_width)}" height="{_n(full_height)}" viewBox="0 0 {_n(full_width)} {_n(full_height)}"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="org" role="img" {size}>',
        f"<title>{escape(title)}</title>",
        f"<desc>{escape(_description(org, shown))}</desc>",
        f"<style>{STYLE}{WEIGHT_STYLE if weights.every() else ''}</style>",
        *_markers(shown.links),
        f'<rect class="paper" width="{_n(full_width)}" height="{_n(full_height)}"/>',
        f'<text class="title" x="{MARGIN}" y="{MARGIN + TITLE / 2:g}">{escape(fit(title, wide, TITLE))}</text>',
        f'<g transform="translate({_n(MARGIN + (wide - drawn.width) / 2)} {MARGIN + TITLE + 18})">',
        *(_route(org, route, stroke(weights, weights.links.get(route.link.key))) for route in drawn.routes),
        *(
            line
            for role in shown.roles
            for line in _box(
                org,
                role,
                drawn.boxes[role.id],
                role.id in submitters,
                stroke(weights, weights.roles.get(role.id)),
            )
        ),
        *labels,
        *badges(weights, drawn, taken),
        "</g>",
        *_legend(words, under),
        *_notes(notes, wide, under + LINE * 1.2 * len(words), weights),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _box_width(org: Org, roles: Sequence[Role]) -> float:
    names = (text_width(clean(role.name), NAME) + text_width(f" ×{role.headcount}", NAME) for role in roles)
    details = (text_width(f"{role.agent} risk {format_risk(org.risk_of(role))}", SMALL) + RISK_BAR for role in roles)
    extras = (text_width(line, SMALL) for role in roles for line in _extras(org, role))
    widest = max((*names, *details, *extras), default=0) + 2 * PAD + 6
    return round(min(WIDEST, max(NARROWEST, widest)))


def _size(org: Org, role: Role, width: float, links: Sequence[Link]) -> Size:
    own = [link for link in links if link.source == link.target == role.id]
    aside = LOOP + max(text_width(link.pattern, LABEL) for link in own) if own else 0
    return Size(width, max(54 + 15 * len(_extras(org, role)), 18 * len(own)), aside)


def _extras(org: Org, role: Role) -> list[str]:
    return [clean(line) for line in settings(org, role)]


def _box(org: Org, role: Role, box: Box, submits: bool, width: str) -> Iterator[str]:
    kind = "box empty" if not role.headcount else "box submits" if submits else "box"
    left, right, y = box.x + PAD, box.x + box.width - PAD, box.y + (box.height - 54 - 15 * len(_extras(org, role))) / 2
    count, risk = f"×{role.headcount}", org.risk_of(role)
    name = fit(role.name, box.width - 2 * PAD - text_width(f" {count}", NAME), NAME)
    bar = right - RISK_BAR
    number = format_risk(risk)
    agent = fit(role.agent, bar - left - text_width(f"risk {number}", SMALL) - 8, SMALL)
    yield (
        f'<g><title>{escape(clean(role.name))} ×{role.headcount}</title><rect class="{kind}" x="{_n(box.x)}" '
        f'y="{_n(box.y)}" width="{_n(box.width)}" height="{_n(box.height)}" rx="8"{width}/>'
    )
    yield f'<text class="name" x="{_n(left)}" y="{_n(y + 22)}">{escape(name)}</text>'
    yield f'<text class="count" x="{_n(right)}" y="{_n(y + 22)}">{count}</text>'
    yield f'<text class="small" x="{_n(left)}" y="{_n(y + 41)}">{escape(agent)}</text>'
    yield f'<text class="small end" x="{_n(bar - 5)}" y="{_n(y + 41)}">risk {number}</text>'
    yield f'<rect class="track" x="{_n(bar)}" y="{_n(y + 34)}" width="{RISK_BAR}" height="6" rx="3"/>'
    if risk > 0:
        fill = max(6, RISK_BAR * min(1, risk))
        yield f'<rect class="risk" x="{_n(bar)}" y="{_n(y + 34)}" width="{_n(fill)}" height="6" rx="3"/>'
    for i, text in enumerate(_extras(org, role)):
        line = escape(fit(text, box.width - 2 * PAD, SMALL))
        yield f'<text class="small" x="{_n(left)}" y="{_n(y + 57 + 15 * i)}">{line}</text>'
    yield "</g>"


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


def _labels(drawn: Picture) -> tuple[list[str], list[Box]]:
    """The patterns of links, each at its first place that is free, or else at its first; and what is taken then."""
    found: list[str] = []
    taken = list(drawn.boxes.values())
    for route in drawn.routes:
        if not route.link.pattern:
            continue
        width = min(text_width(route.link.pattern, LABEL), 90)
        spots = [Box(x - width / 2, y - 7, width, 14) for x, y in route.labels]
        spot = next((spot for spot in spots if not any(_overlap(spot, other) for other in taken)), spots[0])
        if spot in taken:  # the label of another link of its bundle
            continue
        taken.append(spot)
        text = escape(fit(route.link.pattern, width + 1, LABEL))
        x, y = _n(spot.x + width / 2), _n(spot.y + 11)
        found.append(f'<text class="label {_class(route.link.kind)}" x="{x}" y="{y}">{text}</text>')
    return found, taken


def _overlap(a: Box, b: Box) -> bool:
    return a.x < b.x + b.width and b.x < a.x + a.width and a.y < b.y + b.height and b.y < a.y + a.height


def _entries(shown: Content, submitters: set[str]) -> list[tuple[str, str]]:
    """What the legend explains: classes and words."""
    entries = [(_class(kind), str(kind)) for kind in _kinds(shown.links)]
    if any(role.id in submitters for role in shown.roles):
        entries.append(("swatch submits", "submits the result"))
    if any(not role.headcount for role in shown.roles):
        entries.append(("swatch empty", "no agents"))
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
        y = top + LINE * 1.2 * row
        for name, words, offset in entries:
            x = MARGIN + offset
            if name.startswith("swatch"):
                yield f'<rect class="{name}" x="{_n(x)}" y="{_n(y - 6)}" width="30" height="12" rx="3"/>'
            else:
                yield f'<line class="sample {name}" x1="{_n(x)}" x2="{_n(x + 30)}" y1="{_n(y)}" y2="{_n(y)}"/>'
            yield f'<text class="small" x="{_n(x + 37)}" y="{_n(y + 4)}">{escape(words)}</text>'


def _standup(org: Org) -> str:
    names = {role.id: role.name for role in org.roles}
    return f"Stand-up {format_standup(org.standup, names)}" if org.standup else "No stand-up"


def _notes(notes: Sequence[str], width: float, top: float, weights: Weights) -> Iterator[str]:
    for i, note in enumerate(notes):
        y = top + LINE * 1.2 * i
        if i == 0:
            x = MARGIN + 7
            yield f'<circle class="clock" cx="{x}" cy="{_n(y)}" r="6"/>'
            yield f'<path class="clock" d="M{x} {_n(y - 3.5)}V{_n(y)}H{x + 3}"/>'
        yield f'<text class="small" x="{MARGIN + 20}" y="{_n(y + 4)}">{escape(fit(note, width - 20, SMALL))}</text>'
    if weights.standup and notes:
        yield standup_badge(weights.standup, MARGIN + 26 + min(width - 60, text_width(notes[0], SMALL)), top)


def _description(org: Org, shown: Content) -> str:
    """What the drawing shows, for those who do not see it."""
    roles = ", ".join(f"{clean(role.name)} ×{role.headcount}" for role in shown.roles[:_MAX_SPOKEN])
    links = "; ".join(_sentence(org, link) for link in shown.links[:_MAX_SPOKEN])
    cut = "; …" if max(len(shown.roles), len(shown.links)) > _MAX_SPOKEN else ""
    return ". ".join(part for part in (f"Roles: {roles or 'none'}", links + cut, _standup(org)) if part)


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
    return f"{_n(point[0])} {_n(point[1])}"


def _n(number: float) -> str:
    """A number of pixels, to a tenth."""
    return f"{round(number, 1) + 0.0:g}"
