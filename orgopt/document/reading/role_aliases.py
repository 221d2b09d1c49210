"""The other ids by which a role goes: with and without `agent` behind its name, with words in full."""

import re
from functools import lru_cache
from pathlib import PurePosixPath

from orgopt.basics.slug import slug
from orgopt.document.reading.entry import Entry
from orgopt.document.reading.names import NUMBERED, Name

AGENTS = ("agent", "agente", "エージェント", "智能体", "에이전트")
"""What may stand behind the name of an agent, and is no part of it."""

_SHORT = {
    "sr": "senior", "jr": "junior", "dev": "developer", "eng": "engineer", "mgr": "manager", "gen": "generation",
}  # fmt: skip
_MOST = 4096  # names whose ids are remembered: each reading of a document asks for the same ones
_LONGEST = 300  # characters of one that is remembered
_NUMBER_BEHIND = re.compile(r"-?\d{1,2}$")  # one of several who are one role, as in `Tester 2`


@lru_cache(maxsize=_MOST)
def without_agent(role_id: str) -> str:
    """An id without `agent` behind it."""
    bare = next((role_id.removesuffix(word) for word in AGENTS if role_id.endswith(word)), role_id)
    return bare.removesuffix("sub").removesuffix("sub-").rstrip("-")


def in_full(role_id: str) -> str:
    """An id with its words in full: `sr-dev` is `senior-developer`."""
    return "-".join(_SHORT.get(word, word) for word in role_id.split("-"))


def _numbered(raw: str) -> str:
    """The id of the number that stands in front of a name, as in `Agent 3: Scout`."""
    match = NUMBERED.match(raw.strip("*_` "))
    return slug(match[0]) if match else ""


def others(name: Name) -> tuple[str, ...]:
    """The ids under which somebody may stand elsewhere who is called by a name, the likeliest first."""
    return _others(name.text, name.title)


@lru_cache(maxsize=_MOST)
def _others(text: str, title: str) -> tuple[str, ...]:
    own = slug(text)
    called = [f"{own}{mark}{word}" for word in (*AGENTS, "subagent") for mark in ("-", "")]
    parts = [slug(part) for part in text.split(" / ")]
    return (without_agent(own), *called, _NUMBER_BEHIND.sub("", own), *parts, slug(title))


def also(name: Name) -> tuple[str, ...]:
    """The other names that somebody who is called so may have had before, likewise."""
    of = _also if len(name.raw) <= _LONGEST else _also.__wrapped__
    return of(name.raw, name.id)


@lru_cache(maxsize=_MOST)
def _also(raw: str, role_id: str) -> tuple[str, ...]:
    bare = without_agent(role_id)
    return (_numbered(raw), bare, in_full(bare), role_id)


def names_of(name: Name) -> tuple[str, ...]:
    """The other ids by which the role of a name goes from then on."""
    of = _names_of if len(name.raw) <= _LONGEST else _names_of.__wrapped__
    return of(name.raw, name.text, name.title, name.path)


@lru_cache(maxsize=_MOST)
def _names_of(raw: str, text: str, title: str, path: str) -> tuple[str, ...]:
    stem = PurePosixPath(path).stem
    texts = (raw, title, f"{text}s", text.removesuffix("s"), path, stem, *text.split(" / "))
    full = in_full(without_agent(slug(text))), in_full(slug(title))
    return tuple(filter(None, (*map(slug, texts), *full, _numbered(raw))))


def drawn_again(entry: Entry, others_: list[Entry]) -> bool:
    """Whether a node stands for that of another chart: it is called alike there, with some of the same words."""
    words = set(slug(f"{entry.name.text} {entry.name.title}").split("-"))
    return entry.kind == "node" and any(
        other.kind == "node"
        and other.name.raw == entry.name.raw
        and words & set(slug(f"{other.name.text} {other.name.title}").split("-"))
        for other in others_
    )


def abbreviated(entry: Entry, others_: list[Entry]) -> bool:
    """Whether an entry is called by the letters that stand behind the name of a role: `Data Engineer (DE)`."""
    ends = (f"({entry.name.text})", f"（{entry.name.text}）")
    return any(other.name.full.endswith(ends) and other.name.text != entry.name.text for other in others_)
