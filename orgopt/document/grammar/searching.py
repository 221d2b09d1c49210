"""The grammar of values that only a search has: its agents, and the numbers of its rhythm."""

import re
from typing import cast, get_args

from orgopt.agent_names import SEARCH_AGENTS
from orgopt.basics.slug import slug
from orgopt.document.grammar.numbers import decimal
from orgopt.document.grammar.values import closest, parse_agent
from orgopt.org import MAX_CANDIDATES, MAX_MARGIN, MAX_ROUNDS, Proposes

_COUNT = re.compile(r"(\d{1,6})\s*(?:candidates?|rounds?|seeds?)?$", re.IGNORECASE)


def parse_any_agent(text: str) -> str:
    """The name of an agent, of a team or of a search: which of the two may have it is not asked."""
    try:
        return parse_agent(text)
    except ValueError:
        if slug(text) in SEARCH_AGENTS:
            return slug(text)
        raise


def parse_search_agent(text: str) -> str:
    """The name of an agent that proposes documents."""
    if slug(text) not in SEARCH_AGENTS:
        raise ValueError(f"'{text}' is no agent of a search; {closest(slug(text), SEARCH_AGENTS)}")
    return slug(text)


def parse_proposes(text: str) -> Proposes:
    """`experiments` or `documents`."""
    known, word = get_args(Proposes), text.strip().lower()
    if word not in known:
        raise ValueError(f"what is proposed is not understood: '{text}'; write {' or '.join(known)}")
    return cast("Proposes", word)


def parse_generation(text: str) -> int:
    """`8 candidates` as 8."""
    return _counted(text, "a generation", 1, MAX_CANDIDATES)


def parse_rounds(text: str) -> int | None:
    """`5` as 5; `auto` as None, what the lab usually affords."""
    return None if text.strip().lower() == "auto" else _counted(text, "rounds", 1, MAX_ROUNDS)


def format_rounds(rounds: int | None) -> str:
    """A number, or `auto`."""
    return "auto" if rounds is None else str(rounds)


def parse_drop_after(text: str) -> int:
    """`2 rounds` as 2."""
    return _counted(text, "drop after", 1, MAX_ROUNDS)


def parse_margin(text: str) -> float:
    """Standard errors, from 0 to 10."""
    return decimal(text, "drop margin", MAX_MARGIN)


def _counted(text: str, what: str, least: int, most: int) -> int:
    match = _COUNT.match(text.strip())
    if not match or not least <= int(match[1]) <= most:
        raise ValueError(f"{what} must be a whole number from {least} to {most}, not '{text}'")
    return int(match[1])
