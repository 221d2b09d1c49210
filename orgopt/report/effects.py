"""Which way parts went: a small chart each of what goes with its values, with 95 % intervals."""

from collections.abc import Iterator, Mapping, Sequence

from orgopt.basics.markup import Markup, h, number
from orgopt.document import parse, read
from orgopt.report.scale import Scale, scale, tick_digits, ticks
from orgopt.study.effects import Effect, Level, effects
from orgopt.study.records.values import Value
from orgopt.study.view import StudyView
from orgopt.study.wording import count, digits_of, interval, plain, signed

MOST = 8
"""Parts that have a chart; the others are counted."""
_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 300, 170, 38, 34
_LETTERS = 11  # of a value below its place
_KINDS = {"reports": "reports to", "shares": "shares with", "delegates": "delegates to", "reviews": "reviews"}


def directions(study: StudyView) -> Markup | None:
    """The charts of effects; None where too few candidates are measured."""
    found = effects(study)
    if not found:
        return None
    whole, single = [one for one in found if one.whole], [one for one in found if not one.whole]
    text = (
        "Research output above the mean of all candidates that goes with each value, the others being equal, and "
        "its 95 % interval; by an additive regression over all candidates of the search. It says what went together: "
        "a search changes what already does well. Numbers below are how many candidates had the value."
    )
    left = len(single) - MOST
    rest = f"{count(left, 'other part')} moved less for how sure that is." if left > 0 else ""
    names = _names(study)
    return h(
        "div",
        h("h3", "Which way it went"),
        h("p", h("b", _answer(found, study)), " ", text),
        _charts(whole, names),
        h("h4", "Single parts, the clearest first") if single else None,
        _charts(single[:MOST], names),
        h("p", rest, cls="legend") if rest else None,
    )


def _answer(found: Sequence[Effect], study: StudyView) -> str:
    """How many of the parts went one way for sure."""
    sure = sum(one.sure for one in found)
    measured = count(sum(bool(one.standing) for one in study.candidates), "candidate")
    if not sure:
        return f"No single part is clear from {measured}."
    return f"{count(sure, 'part')} of {len(found)} {'is' if sure == 1 else 'are'} clear from {measured}."


def _names(study: StudyView) -> Mapping[str, str]:
    """The names of roles by their ids, as far as the seed document and the best have them."""
    texts = [study.head.program, *([study.ahead.record.program] if study.ahead else [])]
    return {role.id: role.name for text in texts for role in read(parse(text)).org.roles}


def _charts(found: Sequence[Effect], names: Mapping[str, str]) -> Markup | None:
    if not found:
        return None
    ends = [end for one in found for level in one.levels for end in (level.low, level.high)]
    y = scale([*ends, 0.0], _HEIGHT - _BOTTOM, 8)
    return h("div", [_figure(one, y, names) for one in found], cls="effects")


def _figure(one: Effect, y: Scale, names: Mapping[str, str]) -> Markup:
    digits = digits_of(one.change, one.low, one.high)
    look = ("better" if one.change > 0 else "worse") if one.sure else "even"
    step = f"{_said(one.first, names)} → {_said(one.last, names)}: "
    known = h("small", f"{interval(one.low, one.high, sign=True, digits=digits)}{'' if one.sure else ', not clear'}")
    caption = h(
        "figcaption",
        h("b", part_name(one.name, names)),
        h("span", step, h("span", signed(one.change, digits), cls=f"verdict {look}"), " ", known),
    )
    drawn = h(
        "svg",
        _axis(y),
        (_curve if one.numeric else _choices)(one.levels, y, names),
        viewBox=f"0 0 {_WIDTH} {_HEIGHT}",
        cls=f"effect {look}",
        role="img",
        aria_label=f"{part_name(one.name, names)}, {step}{signed(one.change)} {interval(one.low, one.high, sign=True)}",
    )
    return h("figure", caption, drawn)


def _axis(y: Scale) -> Iterator[Markup]:
    values = ticks(y, 4)
    for value in values:
        yield h("line", x1=_LEFT, x2=_WIDTH, y1=y(value), y2=y(value), cls="zero" if abs(value) < 1e-9 else "grid")
        yield h("text", signed(value, tick_digits(values)), x=_LEFT - 5, y=y(value) + 4, text_anchor="end")


def _curve(levels: Sequence[Level], y: Scale, names: Mapping[str, str]) -> Iterator[Markup]:
    """A number: its band and its line."""
    values = [float(level.value) if isinstance(level.value, int | float) else 0.0 for level in levels]
    across = Scale(values[0], values[-1], _LEFT + 16, _WIDTH - 14)
    there = [(across(value), level) for value, level in zip(values, levels, strict=True)]
    ends = [(x, level.low) for x, level in there] + [(x, level.high) for x, level in reversed(there)]
    yield h("polygon", points=" ".join(f"{number(x)},{number(y(end))}" for x, end in ends), cls="interval")
    yield h("polyline", points=" ".join(f"{number(x)},{number(y(level.effect))}" for x, level in there), cls="middle")
    for x, level in there:
        yield from _point(x, level, y, names)


def _choices(levels: Sequence[Level], y: Scale, names: Mapping[str, str]) -> Iterator[Markup]:
    """Choices: a point and its interval each."""
    step = (_WIDTH - _LEFT) / len(levels)
    for i, level in enumerate(levels):
        x = _LEFT + step * (i + 0.5)
        yield h("line", x1=x, x2=x, y1=y(level.low), y2=y(level.high), cls="range")
        yield from _point(x, level, y, names, room=max(3, round(step / 6)))


def _point(x: float, level: Level, y: Scale, names: Mapping[str, str], room: int = _LETTERS) -> Iterator[Markup]:
    value = _said(level.value, names)
    said = f"{value}: {signed(level.effect)} {interval(level.low, level.high, sign=True)}, {level.tried} tried"
    yield h("circle", h("title", said), cx=x, cy=y(level.effect), r=3.5, cls="mark")
    shown = value if len(value) <= room else f"{value[: room - 1]}…"
    yield h("text", shown, x=x, y=_HEIGHT - 18, text_anchor="middle", cls="name")
    yield h("text", level.tried, x=x, y=_HEIGHT - 4, text_anchor="middle")


def part_name(name: str, names: Mapping[str, str]) -> str:
    """A parameter in words: `headcount/explorer` is `Explorer: headcount`."""
    part, _, where = name.partition("/")
    if not where:
        return name[:1].upper() + name[1:]
    if part == "standup":
        return f"Stand-up: {'every so many ' * (where in {'experiments', 'seconds'})}{where.replace('-', ' ')}"
    for arrow in ("→", "·"):
        if arrow in where:
            one, other = (_role(role, names) for role in where.split(arrow))
            return f"{one} {'→' if arrow == '→' else '·'} {other}: {_KINDS.get(part, part)}"
    return f"{_role(where, names)}: {_KINDS.get(part, part).replace('-', ' ')}"


def _role(role: str, names: Mapping[str, str]) -> str:
    return names.get(role, role.replace("-", " ").capitalize())


def _said(value: Value, names: Mapping[str, str]) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return plain(value) if abs(value) < 1 else f"{value:.3g}"
    return names.get(str(value), str(value))
