"""The grammar of links (`A → B: kind`) and of lists of names in a document: text to data and back.

Every `parse_*` raises ValueError with a message that says the rule and the value got, then `; ` and the remedy.
"""

import re
from functools import lru_cache

from orgopt.basics.slug import slug
from orgopt.document.grammar.numbers import decimal, format_risk
from orgopt.document.grammar.values import SEPARATOR, closest
from orgopt.document.grammar.words import alternatives
from orgopt.org import LINK_KINDS, Link

MAX_LINK = 400  # characters; a longer line is prose
_NAMES = re.compile(
    rf"{SEPARATOR.pattern}|\s*[;、，；]\s*|\s+/\s+|\s*(?:{alternatives('and')})\s*|<br\s*/?>", re.IGNORECASE
)
_ASIDE = re.compile(r"\s*[(（][^()（）]*[)）]|\[\^[^\]]*\]")
_SENTENCE = re.compile(r"(?<=[^\W\d]{3})\.\s+|。")  # `Mr. Krabs` is one name
TYPED = ("->", "=>")  # as → is typed where a keyboard has none
MUTUAL = ("↔", "<->")
LINK_ARROW = re.compile("|".join(("→", *TYPED, *MUTUAL)))
_LINK = re.compile(
    rf"(?P<source>.+?)\s*(?P<arrow>{LINK_ARROW.pattern})\s*(?P<target>.+?)\s*:\s*"
    r"(?P<kind>[A-Za-z ]+?)\s*(?:\((?P<pattern>[^)]*)\))?$"
)
_PATTERN = re.compile(r"(?P<name>ring|line|full|lattice|random)(?:\s+(?P<value>\d{1,4}(?:\.\d{1,6})?|\.\d{1,6}))?$")
NONE_WORDS = {"none", "nobody", "no one", "n/a", "na", "-", "–", "—", ""}


def parse_pattern(text: str) -> str:
    """`full` (or nothing) as an empty string; `ring`, `line`, `lattice 4`, `random 0.2` as they are."""
    match = _PATTERN.match(" ".join(text.lower().split()))
    name, value = (match["name"], match["value"]) if match else ("", None)
    known = "write (full), (ring), (line), (lattice 4) or (random 0.2)"
    if text.strip() and (not match or (value is None) != (name not in {"lattice", "random"})):
        raise ValueError(f"unknown pattern '({text})'; {known}")
    if name == "lattice" and (not value or "." in value or int(value) < 2):
        raise ValueError(f"a lattice joins each agent with a whole number of others from 2, not '{value}'; {known}")
    if name == "random":
        return f"random {format_risk(decimal(value or '', 'the chance of a random link'))}"
    return "" if name in {"", "full"} else f"lattice {int(value or 0)}" if name == "lattice" else name


@lru_cache(maxsize=1024)  # each reading asks for the same ones
def parse_link(text: str) -> Link:
    """`A → B: reports to (ring)` as a Link with slugged ends."""
    match = _LINK.match(text.strip()) if len(text) <= MAX_LINK else None
    if not match:
        raise ValueError(f"link '{text}' not understood; write 'Explorer → Lead: reports to' or 'A ↔ B: shares with'")
    kind = " ".join(match["kind"].lower().split())
    if kind not in LINK_KINDS:
        raise ValueError(f"unknown link '{kind}'; {closest(kind, LINK_KINDS)}")
    mutual = match["arrow"] in MUTUAL
    if mutual and kind != "shares with":
        raise ValueError(f"'{kind}' has a direction; write → instead of ↔")
    source, target = slug(match["source"]), slug(match["target"])
    pattern = parse_pattern(match["pattern"] or "")
    return Link(source=source, target=target, kind=kind, mutual=mutual, pattern=pattern)


def with_signs(text: str) -> str:
    """A text with `→`, `←` and `↔` for arrows that were typed."""
    return text.replace("<->", "↔").replace("->", "→").replace("<-", "←")


def format_link(link: Link, names: dict[str, str]) -> str:
    """The canonical text of a link; `names` maps role ids to names as written."""
    arrow = "↔" if link.mutual else "→"
    pattern = f" ({link.pattern})" if link.pattern else ""
    # A name that the grammar would break in two, or that gives another id, is written by its id.
    ends = [
        name
        if slug(name := names.get(role, role)) == role and not re.search(rf":|{LINK_ARROW.pattern}", name)
        else role
        for role in (link.source, link.target)
    ]
    return f"{ends[0]} {arrow} {ends[1]}: {link.kind}{pattern}"


def split_names(text: str) -> list[str]:
    """The names of a list such as `Lead, Analyst and Scout`; none of `nobody`, `—` and their like."""
    bare = _ASIDE.sub("", re.sub(r"\]\([^)\]]*\)", "]", text))
    parts = [part.strip().strip("*_`[]@").strip() for part in _NAMES.split(_SENTENCE.split(bare)[0])]
    return [part.rstrip(".") for part in parts if part.lower().rstrip(".") not in NONE_WORDS]
