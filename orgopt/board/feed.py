"""The feed of a board: claims that were accepted, as Atom (RFC 4287)."""

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from orgopt.basics.markup import visible
from orgopt.board.public_view import BoardView

_ATOM = "http://www.w3.org/2005/Atom"
_NEWEST = 50


def feed(told: BoardView, address: str) -> str:
    """The feed as XML.

    Args:
        told: The board.
        address: Of its page, without a slash at the end.
    """
    ET.register_namespace("", _ATOM)
    root = ET.Element(f"{{{_ATOM}}}feed")
    newest = max((one.decided or 0.0 for one in told.accepted), default=told.terms.made)
    _add(root, "title", f"{told.terms.name}: accepted claims")
    _add(root, "id", f"urn:orgopt:board:{told.terms.id}")
    _add(root, "updated", _time(newest))
    _add(root, "link", "", rel="self", href=f"{address}/feed.atom")
    _add(root, "link", "", rel="alternate", href=f"{address}/")
    for one in told.accepted[:_NEWEST]:
        entry = ET.SubElement(root, f"{{{_ATOM}}}entry")
        gain = one.result.get("over_baseline")
        said = "" if gain is None else f": {gain:+.4g} {told.terms.unit} over the untouched script"
        _add(entry, "title", f"Claim {one.id}{said}")
        _add(entry, "id", f"urn:orgopt:claim:{one.digest}")
        _add(entry, "updated", _time(one.decided or one.received))
        _add(entry, "link", "", href=f"{address}/claims/{one.id}")
        _add(ET.SubElement(entry, f"{{{_ATOM}}}author"), "name", visible(one.name) or one.key[:8])
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _add(parent: ET.Element, name: str, text: str, **attributes: str) -> None:
    child = ET.SubElement(parent, f"{{{_ATOM}}}{name}", attributes)
    child.text = visible(text) or None


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
