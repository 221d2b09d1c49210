"""Drawings: well-formed, complete, readable, and with nothing in them that runs."""

import os
import random
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import combinations
from typing import NamedTuple
from xml.etree import ElementTree as ET

import networkx as nx
import pytest

from orgopt.document import load, parse, read
from orgopt.draw import mermaid, svg
from orgopt.draw.text import fit, text_width
from orgopt.org import LINK_KINDS, Link, LinkKind, Org, Role, Standup
from tests.conftest import ROOT

NS = "{http://www.w3.org/2000/svg}"
Point = tuple[float, float]


class Rect(NamedTuple):
    x: float
    y: float
    width: float
    height: float

    def holds(self, point: Point) -> bool:
        """Whether a point is inside, by more than the pixel that a rounded line may touch."""
        return self.x + 1 < point[0] < self.x + self.width - 1 and self.y + 1 < point[1] < self.y + self.height - 1


class Drawing:
    """What an SVG text shows: boxes by role, links as sampled points, in the order of the organization."""

    def __init__(self, org: Org) -> None:
        self.root = ET.fromstring(svg(org))
        self.size = Rect(0, 0, *(float(self.root.get(name, "0")) for name in ("width", "height")))
        group = next((g for g in self.root.iter(f"{NS}g") if g.get("transform")), None)
        assert group is not None
        numbers = re.findall(r"[-\d.]+", group.get("transform", ""))
        self.shift = (float(numbers[0]), float(numbers[1]))
        rects = [rect for rect in group.iter(f"{NS}rect") if rect.get("class", "").startswith("box")]
        found = [Rect(*(float(rect.get(name, "0")) for name in ("x", "y", "width", "height"))) for rect in rects]
        self.boxes = dict(zip([role.id for role in org.roles], found, strict=False))
        self.paths = [path for path in group if path.tag == f"{NS}path"]
        self.links = [list(points(path.get("d", ""))) for path in self.paths]


def points(path: str) -> Iterator[Point]:
    """Points on a path of cubic curves, in steps that are small beside a box."""
    start, *pieces = path.removeprefix("M").split("C")
    x, y = map(float, start.split())
    yield x, y
    for piece in pieces:
        (a, b, c, d, e, f) = map(float, piece.split())
        for step in range(1, 61):
            t = step / 60
            w = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t * t * (1 - t), t**3)
            yield w[0] * x + w[1] * a + w[2] * c + w[3] * e, w[0] * y + w[1] * b + w[2] * d + w[3] * f
        x, y = e, f


def role(name: str, **values) -> Role:
    return Role(id=re.sub(r"\W+", "-", name.lower()), name=name, **values)


def link(source: str, target: str, kind: LinkKind = "reports to", **values) -> Link:
    return Link(source=source, target=target, kind=kind, **values)


def team(names: str, *links: Link, **values) -> Org:
    return Org(roles=tuple(role(name) for name in names.split()), links=links, **values)


def random_org(seed: int) -> Org:
    """From 1 to 40 roles, a tree or not, and links of any kind between any two."""
    rng = random.Random(seed)
    roles = [
        role(f"Role {i}" * rng.randint(1, 4), headcount=rng.randint(0, 3), focus=("a",) * rng.randint(0, 1))
        for i in range(rng.randint(1, 40))
    ]
    ids = [r.id for r in roles]
    links = [link(ids[i], ids[rng.randrange(i)]) for i in range(1, len(ids)) if seed % 3]
    for _ in range(rng.randint(0, 2 * len(ids))):
        kind = rng.choice(LINK_KINDS)
        mutual = kind == "shares with" and rng.random() < 0.5
        links.append(
            link(rng.choice(ids), rng.choice(ids), kind, mutual=mutual, pattern=rng.choice(["", "ring", "random 0.2"]))
        )
    unique = {(*each.key, each.pattern): each for each in links}
    return Org(title="Random", roles=tuple(roles), links=tuple(unique.values()))


ORGS = {
    **{path.stem: read(load(path)).org for path in sorted((ROOT / "orgs").glob("*.md"))},
    "skipped": team("A B C", link("c", "a"), link("c", "b"), link("b", "a")),
    "cycle": team("A B C", link("a", "b"), link("b", "c"), link("c", "a"), link("a", "a")),
    "ring": team("A B C D E F", *(link("abcdef"[i], "abcdef"[i - 1], "shares with", mutual=True) for i in range(6))),
    "mesh": team("A B C D E F G H I", *(link(a, b, "shares with") for a, b in combinations("abcdefghi", 2))),
    "all kinds": team("A B", *(link("b", "a", kind, pattern="ring") for kind in LINK_KINDS)),
    "loops": team("A B", *(link("a", "a", kind, pattern="lattice 4") for kind in LINK_KINDS), link("a", "b")),
    "chief": Org(
        roles=tuple(role(f"R{i}") for i in range(30)),
        links=tuple(link(f"r{i}", "r0") for i in range(1, 30)) + tuple(link("r0", f"r{i}", "reviews") for i in (3, 29)),
    ),
    **{f"random {seed}": random_org(seed) for seed in range(24)},
}


@pytest.fixture(params=ORGS, scope="module")
def org(request: pytest.FixtureRequest) -> Org:
    return ORGS[request.param]


@pytest.fixture(scope="module")
def drawing(org: Org) -> Drawing:
    return Drawing(org)


@pytest.mark.sweep(5)
def test_every_role_and_link_is_drawn_inside_the_picture(org: Org, drawing: Drawing) -> None:
    assert len(drawing.boxes) == len(org.roles)
    assert [path.get("class") for path in drawing.paths] == [each.kind.split()[0] for each in org.links]
    (dx, dy), size = drawing.shift, drawing.size
    corners = [(box.x, box.y) for box in drawing.boxes.values()]
    corners += [(box.x + box.width, box.y + box.height) for box in drawing.boxes.values()]
    for x, y in corners + [point for link in drawing.links for point in link]:
        assert 0 <= x + dx <= size.width
        assert 0 <= y + dy <= size.height
    assert mermaid(org).count("\n") >= len(org.roles) + len(org.links)


@pytest.mark.sweep(5)
def test_no_two_boxes_overlap(drawing: Drawing) -> None:
    for a, b in combinations(drawing.boxes.values(), 2):
        aside = a.x + a.width < b.x or b.x + b.width < a.x
        assert aside or a.y + a.height < b.y or b.y + b.height < a.y


@pytest.mark.sweep(5)
def test_no_link_runs_behind_a_box(org: Org, drawing: Drawing) -> None:
    for each, way in zip(org.links, drawing.links, strict=True):
        behind = [name for name, box in drawing.boxes.items() if any(box.holds(point) for point in way)]
        assert not behind, f"{each.source} {each.kind} {each.target} runs behind {behind}"


def test_links_end_at_their_boxes(org: Org, drawing: Drawing) -> None:
    for each, way in zip(org.links, drawing.links, strict=True):
        ends = [drawing.boxes[end] for end in (each.source, each.target)]
        for x, y in (way[0], way[-1]):
            assert any(
                box.x - 0.2 <= x <= box.x + box.width + 0.2 and box.y - 0.2 <= y <= box.y + box.height + 0.2
                for box in ends
            )


def test_managers_are_above_their_reports(org: Org, drawing: Drawing) -> None:
    reports = [each for each in org.links if each.kind == "reports to"]
    if not nx.is_directed_acyclic_graph(nx.DiGraph((each.source, each.target) for each in reports)):
        pytest.skip("managers report to their reports")
    for each in reports:
        manager, report = drawing.boxes[each.target], drawing.boxes[each.source]
        assert manager.y + manager.height < report.y


def test_parallel_links_are_apart() -> None:
    drawing = Drawing(ORGS["all kinds"])
    middles = [way[len(way) // 2][0] for way in drawing.links]
    assert all(abs(a - b) >= 8 for a, b in combinations(middles, 2))


def test_a_manager_is_centred_over_its_reports() -> None:
    boxes = Drawing(team("Lead A B C", link("a", "lead"), link("b", "lead"), link("c", "lead"))).boxes
    assert boxes["lead"].x == pytest.approx((boxes["a"].x + boxes["c"].x) / 2, abs=0.2)


def test_a_tree_has_no_crossings() -> None:
    org = team("A B C D E F G", *(link(x, y) for x, y in ("ba", "ca", "dc", "eb", "fc", "gb")))
    boxes = Drawing(org).boxes
    left, right = sorted("bc", key=lambda name: boxes[name].x)
    reports = {"b": "eg", "c": "df"}
    assert max(boxes[name].x for name in reports[left]) < min(boxes[name].x for name in reports[right])


def test_a_ring_of_ten_is_drawn_as_a_ring() -> None:
    names = "abcdefghij"
    ring = team(" ".join(names), *(link(names[i], names[i - 1], "shares with", mutual=True) for i in range(10)))
    lengths = [max(abs(way[0][0] - way[-1][0]), abs(way[0][1] - way[-1][1])) for way in Drawing(ring).links]
    assert max(lengths) < 100


def test_a_reviewer_without_reports_is_beside_the_managers_of_those_it_reviews() -> None:
    org = team("Lead A B Auditor", link("a", "lead"), link("b", "lead"), link("auditor", "b", "reviews"))
    boxes = Drawing(org).boxes
    assert boxes["auditor"].y == boxes["lead"].y < boxes["b"].y
    chief = Drawing(team("Lead A Auditor", link("a", "lead"), link("auditor", "lead", "reviews"))).boxes
    assert chief["auditor"].y == chief["lead"].y


def test_delegates_take_the_place_of_missing_reports() -> None:
    boxes = Drawing(team("A B C", link("a", "b", "delegates to"), link("b", "c", "shares with"))).boxes
    assert boxes["a"].y < boxes["b"].y == boxes["c"].y


def test_the_legend_names_the_kinds_that_are_there() -> None:
    def legend(org: Org) -> set[str]:
        return {text.text or "" for text in ET.fromstring(svg(org)).findall(f"{NS}text")}

    assert legend(ORGS["all kinds"]) >= set(LINK_KINDS)
    assert legend(ORGS["ring"]) & set(LINK_KINDS) == {"shares with"}
    assert not legend(team("A")) & set(LINK_KINDS)
    assert "left out: no agents" not in legend(team("A"))
    assert "left out: no agents" in legend(Org(roles=(role("A", headcount=0),)))


def test_boxes_say_what_is_set() -> None:
    values = {"headcount": 7, "agent": "llm", "risk": 0.25, "focus": ("optimizer",), "model": "openai/gpt-5"}
    values |= {"confirm": 2, "stop_early": 0.3, "copy_rule": "own"}
    text = svg(Org(title="T", roles=(role("Lead", **values), role("None", headcount=0))))
    for words in (
        ">Lead<",
        "×7",
        ">llm<",
        "risk 0.25",
        "focus optimizer",
        "confirm 2, stop early 0.3",
        ">copy own<",
        "openai/gpt-5",
        "box empty",
        "box submits",
    ):
        assert words in text
    assert "No stand-up" in text
    standup = Standup(every=8, unit="experiments", share=2)
    assert "Stand-up every 8 experiments, everyone, best 2" in svg(team("A", standup=standup))
    assert "every 8 experiments" in mermaid(team("A", standup=standup))


def test_patterns_are_labels() -> None:
    org = team("A B C", link("b", "a", "shares with", pattern="ring"), link("c", "c", "reviews", pattern="random 0.2"))
    labels = [text.text for text in ET.fromstring(svg(org)).iter(f"{NS}text") if "label" in text.get("class", "")]
    assert labels == ["ring", "random 0.2"]
    assert "random 0#46;2" in mermaid(org)


def test_links_with_unknown_ends_are_left_out() -> None:
    org = team("A B", link("a", "nobody"), link("nobody", "b", "reviews"), link("b", "a"))
    assert len(Drawing(org).links) == 1
    assert "nobody" not in svg(org) + mermaid(org)


def test_no_role_at_all() -> None:
    assert "Organization" in svg(Org())
    assert mermaid(Org()).startswith("flowchart")


def test_title_and_stand_up_are_drawn_with_names_as_written() -> None:
    roles = (role("研究主任"), role("Chief and Vice"))
    standup = Standup(every=60, unit="s", attendees=tuple(one.id for one in roles))
    org = Org(title='組織 "A"', roles=roles, standup=standup)
    words = "Stand-up every 60 s, 研究主任 and Chief and Vice, all"
    assert words in svg(org)
    assert f'note0>"{words}"]' in mermaid(org)
    assert mermaid(org).startswith('---\ntitle: "組織 \\"A\\""\n---\nflowchart BT\n')
    assert ">組織 &quot;A&quot;</text>" in svg(org)


@pytest.mark.slow
def test_a_thousand_roles_are_cut_to_what_can_be_read() -> None:
    rng, began = random.Random(1), time.process_time()
    ids = [f"r{i}" for i in range(1000)]
    links = [link(ids[i], ids[(i - 1) // 5]) for i in range(1, 1000)]
    links += [link(*rng.sample(ids[:200], 2), "shares with") for _ in range(2000)]
    org = Org(roles=tuple(role(name) for name in ids), links=tuple(links))
    assert len(Drawing(org).boxes) == 200
    assert re.search(r"Not drawn: 800 more roles and \d+ more links", svg(org))
    assert "800 more roles" in mermaid(org)
    assert time.process_time() - began < 10, "it takes a fifth of a second"


@pytest.mark.slow
def test_the_same_organization_gives_the_same_text_in_every_process() -> None:
    code = "from tests.test_draw import random_org, svg, mermaid; o = random_org(7); print(svg(o) + mermaid(o))"
    texts = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
            cwd=ROOT,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert texts == {svg(random_org(7)) + mermaid(random_org(7)) + "\n"}


def test_readers_of_screens_and_of_dark_pages_are_served() -> None:
    root = ET.fromstring(svg(team("A B", link("b", "a"), title="Two")))
    assert root.get("role") == "img"
    assert root[0].tag == f"{NS}title"
    assert root[0].text == "Two"
    assert "B reports to A" in (root.findtext(f"{NS}desc") or "")
    assert "prefers-color-scheme: dark" in (root.findtext(f"{NS}style") or "")


@pytest.mark.parametrize(
    "name",
    [
        '<script>alert("x")</script>',
        '"] --> b',
        'x"]; click r0 "javascript:alert(1)"',
        "]]>&amp;",
        "\u202egnp.exe",
        "\x00\x0b\ufffe\ud800",
        "研究責任者とその長い肩書き第一研究室の主任研究員",
        "M" * 5000,
        "`code` $$x$$ fa:fa-ban",
    ],
)
def test_names_are_text(name: str) -> None:
    each = Role(id="x", name=name, model=name, focus=(name,), agent=name)
    org = Org(title=name, roles=(each,), links=(link("x", "x", "shares with", pattern=name),))
    root = ET.fromstring(svg(org).encode())
    assert not [item for item in root.iter() if item.tag in {f"{NS}script", f"{NS}a", f"{NS}image"}]
    assert "\u202e" not in svg(org)
    for line in mermaid(org).splitlines():
        assert re.fullmatch(
            r'---|title: ".*"|flowchart BT|  classDef .*|  r0\["[^"<>`$:\[\]]*(<br/>[^"<>`$:\[\]]*)*"\](:::\w+)?'
            r'|  r0 [-.=<>x]+\|"[^"<>`$:|]*"\| r0|  note\d>"[^"<>]*"\]:::note',
            line,
        )


def test_roles_with_the_words_of_mermaid_for_names() -> None:
    org = read(parse("# T\n\n## Roles\n\n### End\n\n### Click\n\n## Links\n- End → Click: reports to\n")).org
    assert not re.search(r"^\s*(end|click)\b", mermaid(org), re.MULTILINE)


@pytest.mark.parametrize("text", ["M" * 99, "研" * 99, "il" * 99, "é\u0301" * 99, "short"])
def test_text_is_cut_by_its_width(text: str) -> None:
    cut = fit(text, 120, 13)
    assert text_width(cut, 13) <= 120
    assert cut == text or (cut.endswith("…") and text_width(cut, 13) > 90)
