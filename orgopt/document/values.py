"""The grammar of values in a document: text to data and back, a pair of functions a value.

Every `parse_*` raises ValueError with a message that says the rule, the value got and the remedy.
"""

import re
from difflib import get_close_matches

from orgopt.org import AGENTS, LINK_KINDS, MAX_HEADCOUNT, WORKING_AGENTS, Link, LinkKind, Standup, slug

_SECONDS = {"s": 1, "sec": 1, "second": 1, "min": 60, "minute": 60, "h": 3600, "hr": 3600, "hour": 3600}
_EXPERIMENTS = {"experiment", "exp", "run"}
_EVERY = re.compile(r"every\s+(?P<n>\d{1,9}(?:\.\d{1,9})?)\s*(?P<unit>[a-z]+?)s?$", re.IGNORECASE)
_SEPARATOR = re.compile(r"\s+and\s+|\s*[+&,]\s*")
_LINK = re.compile(
    r"(?P<source>.+?)\s*(?P<arrow>→|->|=>|↔|<->)\s*(?P<target>.+?)\s*:\s*"
    r"(?P<kind>[A-Za-z ]+?)\s*(?:\((?P<pattern>[^)]*)\))?$"
)
MAX_LINK = 400  # characters; a longer line is prose
PLANNED_KINDS = ("delegates to", "reviews")


def _closest(word: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(word.lower(), known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"


def parse_headcount(text: str) -> int:
    """An integer from 0 to 64."""
    if not re.fullmatch(r"\d{1,6}", text.strip()) or int(text) > MAX_HEADCOUNT:
        raise ValueError(f"headcount must be a whole number from 0 to {MAX_HEADCOUNT}, not '{text}'")
    return int(text)


def parse_risk(text: str) -> float:
    """A number from 0 to 1."""
    if not re.fullmatch(r"\d*\.?\d+", text.strip()) or not 0 <= float(text) <= 1:
        raise ValueError(f"risk tolerance must be a number from 0 to 1, not '{text}'")
    return float(text)


def format_risk(risk: float) -> str:
    """A risk tolerance with at most two decimals."""
    return f"{risk:.2f}".rstrip("0").rstrip(".") or "0"


def parse_agent(text: str) -> str:
    """The name of an agent."""
    name = slug(text)
    if name in AGENTS and name not in WORKING_AGENTS:
        raise ValueError(f"agent '{name}' is not available in this version; known: {', '.join(WORKING_AGENTS)}")
    if name not in AGENTS:
        raise ValueError(f"unknown agent '{text}'; {_closest(name, AGENTS)}")
    return name


def parse_interval(text: str) -> tuple[float, str]:
    """`every 20 min` as (1200.0, 's'), `every 6 experiments` as (6.0, 'experiments')."""
    match = _EVERY.match(text.strip())
    unit = match["unit"].lower() if match else ""
    if not match or float(match["n"]) <= 0 or not (unit in _SECONDS or unit in _EXPERIMENTS):
        raise ValueError(f"interval '{text}' not understood: write 'every 20 min', 'every 6 experiments' or 'off'")
    number = float(match["n"])
    return (number, "experiments") if unit in _EXPERIMENTS else (number * _SECONDS[unit], "s")


def format_interval(every: float, unit: str) -> str:
    """The interval in the largest unit that writes it exactly."""
    if unit == "experiments":
        return f"every {every:g} experiment{'s' * (every != 1)}"
    for name in ("h", "min"):
        if every >= 2 * _SECONDS[name] and every % _SECONDS[name] == 0:
            return f"every {every / _SECONDS[name]:g} {name}"
    return f"every {every:g} s"


def parse_standup(text: str) -> Standup | None:
    """`every 20 min, everyone, best 3` as a Standup; `off` as None. Attendees stay as written, slugged."""
    first, *rest = [part.strip() for part in text.split(",")]
    if first.lower() in {"off", "none", "never"}:
        return None
    every, unit = parse_interval(first)
    attendees: list[str] = []
    share: int | None = None
    for part in rest:
        if match := re.fullmatch(r"best\s+(\d{1,3})", part, re.IGNORECASE):
            share = int(match[1])
            if share < 1:
                raise ValueError("a stand-up shares at least 'best 1'; write 'all' for every result")
        elif part.lower() not in {"everyone", "all"}:
            attendees += [slug(name) for name in _SEPARATOR.split(part)]
    if "" in attendees:
        raise ValueError(f"attendees of '{text}' not understood: write 'everyone' or names of roles")
    return Standup(every=every, unit="s" if unit == "s" else "experiments", attendees=tuple(attendees), share=share)


def format_standup(standup: Standup | None, names: dict[str, str] | None = None) -> str:
    """The canonical text of a stand-up; `names` maps role ids to names as written."""
    if standup is None:
        return "off"
    # A name that would read as two is written by its id.
    named = {role: name for role, name in (names or {}).items() if slug(name) == role and not _SEPARATOR.search(name)}
    who = " and ".join(named.get(role, role) for role in standup.attendees) or "everyone"
    share = "all" if standup.share is None else f"best {standup.share}"
    return f"{format_interval(standup.every, standup.unit)}, {who}, {share}"


def parse_link(text: str) -> tuple[Link, str]:
    """`A → B: reports to` as a Link with slugged ends, and the pattern in brackets, if any."""
    match = _match_link(text)
    if not match:
        raise ValueError(f"link '{text}' not understood: write 'Explorer → Lead: reports to' or 'A ↔ B: shares with'")
    kind = " ".join(match["kind"].lower().split())
    if kind not in LINK_KINDS or kind in PLANNED_KINDS:
        raise ValueError(f"unknown link '{kind}'; {_closest(kind, LINK_KINDS)}")
    mutual = match["arrow"] in {"↔", "<->"}
    if mutual and kind != "shares with":
        raise ValueError(f"'{kind}' has a direction: write → instead of ↔")
    source, target = slug(match["source"]), slug(match["target"])
    known: LinkKind = "shares with" if kind == "shares with" else "reports to"
    return Link(source=source, target=target, kind=known, mutual=mutual), (match["pattern"] or "").strip()


def _match_link(text: str) -> re.Match[str] | None:
    return _LINK.match(text.strip()) if len(text) <= MAX_LINK else None


def planned_link(text: str) -> str | None:
    """The kind of a well-formed link that this version reads and does not execute, or None."""
    match = _match_link(text)
    kind = " ".join(match["kind"].lower().split()) if match else ""
    return kind if kind in PLANNED_KINDS else None


def format_link(link: Link, names: dict[str, str]) -> str:
    """The canonical text of a link."""
    arrow = "↔" if link.mutual else "→"
    return f"{names.get(link.source, link.source)} {arrow} {names.get(link.target, link.target)}: {link.kind}"
