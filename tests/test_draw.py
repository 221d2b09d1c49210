"""Drawings: well-formed, complete, and with nothing in them that runs."""

from xml.etree import ElementTree as ET

import pytest

from orgopt.document import load, parse, read
from orgopt.draw import mermaid, svg
from tests.conftest import ROOT

ORGS = sorted((ROOT / "orgs").glob("*.md"))


@pytest.mark.parametrize("path", ORGS, ids=lambda path: path.stem)
def test_every_role_and_link_is_drawn_inside_the_picture(path) -> None:
    org = read(load(path)).org
    root = ET.fromstring(svg(org))
    width, height = (float(root.get(name) or 0) for name in ("width", "height"))
    ns = "{http://www.w3.org/2000/svg}"
    boxes = [rect for rect in root.iter(f"{ns}rect") if rect.get("class", "").startswith("box")]
    assert len(boxes) == len(org.roles)
    places = {(rect.get("x"), rect.get("y")) for rect in boxes}
    assert len(places) == len(boxes)
    for rect in boxes:
        x, y, w, h = (float(rect.get(name) or 0) for name in ("x", "y", "width", "height"))
        assert 0 <= x <= x + w <= width
        assert 0 <= y <= y + h <= height
    paths = [item for item in root.iter(f"{ns}path") if item.get("class") in {"reports", "shares"}]
    assert len(paths) == len(org.links)
    assert mermaid(org).count("\n") >= len(org.roles) + len(org.links)


def test_names_are_text() -> None:
    name = '<script>alert("x")</script>'
    org = read(parse(f"# {name}\n\n## Roles\n\n### {name}\n")).org
    ET.fromstring(svg(org))
    assert "<script" not in svg(org)
    assert "<script" not in mermaid(org)
    assert '"x"' not in mermaid(org)
