"""Pictures of organizations with any names: every text has its place, and roles of one rank are seen to be of one."""

import random
import re
from itertools import combinations
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest

from orgopt.document import load, read
from orgopt.draw import Weight, Weights, svg
from orgopt.draw.labels import Taken
from orgopt.draw.layers import rows
from orgopt.draw.text import BOLD, right_to_left, text_width, wrap
from orgopt.org import LINK_KINDS, Link, Org, Role, Standup
from tests.conftest import ROOT
from tests.fakes.browser import pages

NS = "{http://www.w3.org/2000/svg}"
SIZES = {"name": 13 * BOLD, "count": 13, "small": 11, "label": 11, "title": 16 * BOLD}
NAMES = (
    "Lead",
    "研究責任者とその長い肩書き第一研究室の主任研究員",
    "기계학습 연구 담당 선임 연구원",
    "データ前処理エージェント（画像・音声）",
    "Principal Investigator for Hyperparameter Optimization and Early Stopping",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "🤖🚀 Explorer 👩‍🔬 of the 🏳️‍🌈 north",
    "مدير البحث العلمي والتطوير في القسم",
    "ראש צוות המחקר והפיתוח",
    "ผู้เชี่ยวชาญด้านการวิจัย",
    "W" * 200,
    "a/path-like_name.with.dots/that-is_long/and/goes/on",
)
PATTERNS = ("", "", "ring", "lattice 4", "random 0.25", "line")


class Rect(NamedTuple):
    x: float
    y: float
    width: float
    height: float

    def holds(self, other: "Rect") -> bool:
        """Whether another is inside, to a tenth of a pixel."""
        beyond = (other.x + other.width - self.x - self.width, other.y + other.height - self.y - self.height)
        return min(other.x - self.x, other.y - self.y, -beyond[0], -beyond[1]) >= -0.15

    def meets(self, other: "Rect") -> bool:
        """Whether the two overlap, by more than rounding."""
        across = min(self.x + self.width, other.x + other.width) - max(self.x, other.x)
        down = min(self.y + self.height, other.y + other.height) - max(self.y, other.y)
        return min(across, down) > 0.15


class Drawn:
    """The cards, their texts, the labels and the bands of a drawing."""

    def __init__(self, org: Org, weights: Weights | None = None) -> None:
        self.root = ET.fromstring(svg(org, weights) if weights else svg(org))
        (group,) = (g for g in self.root.iter(f"{NS}g") if g.get("transform"))
        self.shift = float(re.findall(r"[-\d.]+", group.get("transform", ""))[0])
        cards = [
            g
            for g in group
            if g.tag == f"{NS}g" and (rect := g.find(f"{NS}rect")) is not None and "box" in rect.get("class", "")
        ]
        self.cards = dict(
            zip([one.id for one in org.roles], [rect_of(g.find(f"{NS}rect")) for g in cards], strict=True)
        )
        self.texts = dict(zip(self.cards, [g.findall(f"{NS}text") for g in cards], strict=True))
        self.labels = [text for text in group.findall(f"{NS}text") if "label" in text.get("class", "")]
        self.bands = [rect_of(rect) for rect in group.findall(f"{NS}rect") if rect.get("class") == "band"]
        self.width = float(self.root.get("width", "0"))

    def notes(self) -> str:
        """What is written below the picture, with the whole text of what is cut."""
        return " ".join("".join(text.itertext()) for text in self.root.findall(f"{NS}text"))


def rect_of(item: ET.Element | None) -> Rect:
    assert item is not None
    return Rect(*(float(item.get(name, "0")) for name in ("x", "y", "width", "height")))


def place(text: ET.Element) -> Rect:
    """Where a text is, by the estimate of its width."""
    classes = text.get("class", "").split()
    size = SIZES[classes[0]]
    width, x = text_width(text.text or "", size), float(text.get("x", "0"))
    start = 0.5 if "label" in classes else 1 if "end" in classes or text.get("direction") == "rtl" else 0
    return Rect(x - start * width, float(text.get("y", "0")) - 10, width, 13)


def generated(seed: int) -> Org:
    """From 1 to 40 roles with names of all scripts, and links of any kind, several of them between the same two."""
    rng = random.Random(seed)
    values = {"model": "provider/a-model-with-a-very-long-name-2026", "focus": ("最適化", "learning rate schedule")}
    roles = [
        Role(
            id=f"r{i}",
            name=rng.choice(NAMES),
            headcount=rng.randint(0, 12),
            **(values if not rng.randint(0, 3) else {}),
        )
        for i in range(rng.choice([1, 2, 3, 5, 8, 13, 25, 40]))
    ]
    ids = [one.id for one in roles]
    wide = rng.choice([1, 3, 40])
    links = [Link(source=ids[i], target=ids[(i - 1) // wide], kind="reports to") for i in range(1, len(ids))]
    for _ in range(rng.randint(0, len(ids))):
        a, b = rng.choice(ids), rng.choice(ids)
        some = rng.sample(LINK_KINDS[1:], rng.randint(1, 3))
        links += [Link(source=a, target=b, kind=kind, pattern=rng.choice(PATTERNS)) for kind in some]
    standup = Standup(every=60, unit="s", attendees=tuple(ids[:3])) if seed % 2 else None
    return Org(
        title=" ".join(rng.sample(NAMES, 3)),
        roles=tuple(roles),
        links=tuple({one.key: one for one in links}.values()),
        standup=standup,
    )


def chain(length: int) -> Org:
    roles = tuple(Role(id=f"r{i}", name=NAMES[i % len(NAMES)]) for i in range(length))
    links = [Link(source=f"r{i + 1}", target=f"r{i}", kind="reports to", pattern="ring") for i in range(length - 1)]
    return Org(roles=roles, links=(*links, Link(source="r0", target=f"r{length - 1}", kind="reviews", pattern="ring")))


def between(*ends: str) -> Org:
    """Links of every kind, each with a pattern, between two roles or of one to itself; a third makes the rest a row."""
    links = [
        Link(source=source, target=target, kind=kind, pattern=pattern)
        for source, target in [ends, ends[::-1]][: len(set(ends))]
        for kind, pattern in zip(LINK_KINDS[len(ends) - 2 :], PATTERNS[2:], strict=False)
    ]
    return Org(roles=tuple(Role(id=one, name=one) for one in "abc"), links=tuple(links))


def peers(*links: tuple[str, str, str]) -> Org:
    """Roles that share, all in one row."""
    found = [Link(source=a, target=b, kind="shares with", pattern=pattern) for a, b, pattern in links]
    return Org(roles=tuple(Role(id=one, name=one) for one in "abcd"), links=tuple(found))


SHIPPED = {path.stem: read(load(path)).org for path in sorted((ROOT / "orgs").glob("*.md"))}
ROOMY = {
    **SHIPPED,
    "eight levels": chain(8),
    "every kind between two": between("a", "b"),
    "every kind within a role": between("a", "a"),
    "peers": peers(
        *((a, b, "lattice 4") for a, b in combinations("abcd", 2)), ("a", "a", "ring"), ("b", "b", "lattice 4")
    ),
    "one neighbour, many ways": peers(*(("a", "b", f"random 0.{i}") for i in range(1, 9))),
    "thirty to one": Org(
        roles=tuple(Role(id=f"r{i}", name=NAMES[i % len(NAMES)]) for i in range(31)),
        links=tuple(Link(source=f"r{i}", target="r0", kind="reports to", pattern="ring") for i in range(1, 31)),
    ),
}
"""Organizations in whose pictures every label has room."""
ORGS = {**ROOMY, **{f"generated {seed}": generated(seed) for seed in range(40)}}


@pytest.fixture(params=ORGS, scope="module")
def org(request: pytest.FixtureRequest) -> Org:
    return ORGS[request.param]


@pytest.fixture(scope="module")
def drawn(org: Org) -> Drawn:
    return Drawn(org)


@pytest.mark.sweep(5)
def test_every_text_of_a_card_is_inside_it_and_over_no_other(drawn: Drawn) -> None:
    for role, texts in drawn.texts.items():
        places = [place(text) for text in texts]
        assert all(drawn.cards[role].holds(one) for one in places), role
        assert not [pair for pair in combinations(places, 2) if pair[0].meets(pair[1])], role


def test_names_are_whole_or_say_where_they_are(org: Org, drawn: Drawn) -> None:
    titles = {title.text for title in drawn.root.iter(f"{NS}title")}
    for one in org.roles:
        lines = [text.text or "" for text in drawn.texts[one.id] if text.get("class") == "name"]
        shown = "".join(lines).replace(" ", "")
        assert shown == one.name.replace(" ", "") or (lines[-1].endswith("…") and len(lines) == 3)
        assert f"{one.name} ×{one.headcount}" in titles


def test_no_label_is_over_a_card_or_another_label_or_outside(org: Org, drawn: Drawn) -> None:
    places = [place(label) for label in drawn.labels]
    for one in places:
        assert not [role for role, card in drawn.cards.items() if card.meets(one)]
        assert 0 <= one.x + drawn.shift <= one.x + one.width + drawn.shift <= drawn.width
    assert not [pair for pair in combinations(places, 2) if pair[0].meets(pair[1])]
    missing = sum(bool(one.pattern) for one in org.links) - len(places)
    assert missing == 0 or "Without room at the line: " in drawn.notes()


@pytest.mark.parametrize("name", ROOMY)
def test_labels_have_room(name: str) -> None:
    org = ROOMY[name]
    labels = [text.text for text in Drawn(org).labels]
    assert sorted(labels) == sorted(one.pattern for one in org.links if one.pattern)


def test_a_label_without_room_is_told_below(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Taken, "free", lambda *_: False)
    drawn = Drawn(peers(("a", "b", "ring"), ("a", "c", "")))
    assert drawn.labels == []
    assert "Without room at the line: a shares with b (ring)" in drawn.notes()


def test_effects_have_room_beside_the_labels() -> None:
    org = between("a", "b")
    weights = Weights(links={one.key: Weight(0.25, shown=True) for one in org.links})
    drawn = Drawn(org, weights)
    pills = [g.find(f"{NS}rect") for g in drawn.root.iter(f"{NS}g") if "badge" in g.get("class", "")]
    places = [*map(rect_of, pills), *map(place, drawn.labels), *drawn.cards.values()]
    assert len(pills) == len(drawn.labels) == len(org.links)
    assert not [pair for pair in combinations(places, 2) if pair[0].meets(pair[1])]


def test_a_rank_in_several_rows_has_a_band_of_its_own(org: Org, drawn: Drawn) -> None:
    broken = rows([one.id for one in org.roles], org.links)
    inside = [{role for role, card in drawn.cards.items() if band.holds(card)} for band in drawn.bands]
    touched = [{role for role, card in drawn.cards.items() if band.meets(card)} for band in drawn.bands]
    ranks = [{role for role, row in broken.row_of.items() if first <= row <= last} for first, last in broken.broken]
    assert inside == touched == ranks
    assert ("one rank in several rows" in drawn.notes()) == bool(ranks)


def test_reports_of_one_manager_are_in_one_band() -> None:
    drawn = Drawn(ROOMY["thirty to one"])
    assert len({drawn.cards[f"r{i}"].y for i in range(1, 31)}) > 1
    (band,) = drawn.bands
    assert all(band.holds(drawn.cards[f"r{i}"]) for i in range(1, 31))
    assert not band.meets(drawn.cards["r0"])


def test_names_from_right_to_left_start_at_the_right() -> None:
    assert right_to_left("🏢 مختبر")
    assert not right_to_left("Lab مختبر")
    assert not right_to_left("🤖 12")
    drawn = Drawn(Org(roles=(Role(id="a", name="ראש צוות המחקר והפיתוח של הארגון"),)))
    names = [text for text in drawn.texts["a"] if text.get("class") == "name"]
    assert len(names) > 1
    right = drawn.cards["a"].x + drawn.cards["a"].width
    assert all(text.get("direction") == "rtl" and right - 20 < float(text.get("x", "0")) < right for text in names)


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("Chief Scientist of Search", ["Chief Scientist", "of Search"]),
        ("研究責任者とその長い肩書き", ["研究責任者とその", "長い肩書き"]),
        ("研究責任者とその（長）い", ["研究責任者とその", "（長）い"]),
        ("最適化研究開発部。人", ["最適化研究開発", "部。人"]),
        ("기계학습 연구 담당", ["기계학습 연구", "담당"]),
        ("👩‍🔬" * 8, ["👩‍🔬" * 6, "👩‍🔬" * 2]),
        ("🇩🇪" * 7, ["🇩🇪" * 6, "🇩🇪"]),
        ("x" * 30, ["x" * 13, "x" * 11 + "…"]),
        ("", [""]),
        ("one two three four five six seven", ["one two three", "four five six s…"]),
    ],
)
def test_lines_end_where_a_reader_expects_it(text: str, lines: list[str]) -> None:
    assert wrap(text, 8.5 * 10, 10, 2) == lines


def test_an_emoji_that_python_does_not_know_yet_is_kept() -> None:
    assert wrap("\U0001fadd x \ufdd0\uffff", 100, 10, 1) == ["\U0001fadd x"]


@pytest.mark.browser
@pytest.mark.filterwarnings("ignore")
def test_a_browser_draws_texts_no_wider_than_estimated() -> None:
    texts = ["Lead", *NAMES, "Zoë Ångström", "MMM mmm WWW @@@ %%%", "ШЩЖ Исследователь", "iiii llll 1111", "“a” — ½ №"]
    # Emoji of several parts are wider where the fonts have no picture for them.
    texts = [text for text in texts if "\u200d" not in text]
    org = Org(roles=tuple(Role(id=f"r{i}", name=text, model=text) for i, text in enumerate(texts)))
    with pages() as page:
        page.set_content(svg(org))
        found = page.eval_on_selector_all(
            "text", "all => all.map(t => [t.firstChild.data, t.classList[0], t.getComputedTextLength()])"
        )
    assert len(found) > 3 * len(texts)
    assert not [(text, width) for text, look, width in found if width > text_width(text, SIZES[look]) + 0.5]
