"""The keys of a document: their names, other names, the ranges of their values, and what reads and writes them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from orgopt.document.grammar import numbers, rhythm, searching, values
from orgopt.document.grammar.words import words
from orgopt.org import MAX_RISK, LinkKind, Org, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A key of a role, of the section Rhythm, or of both.

    Attributes:
        name: As the canonical form writes it.
        attribute: The attribute of `Role` and of `Org` that it sets.
        code: The finding of a value that is not understood.
        parse: Raises ValueError with the rule, the value got and the remedy.
        format: A value as the canonical form writes it.
        aliases: Other names that are read.
        role, rhythm: Where it may stand.
        team, search: Whose documents it may stand in: of teams, whose agents propose experiments, or of searches.
    """

    name: str
    attribute: str
    code: str
    parse: Callable[[str], Any]
    format: Callable[[Any], str]
    aliases: tuple[str, ...] = ()
    role: bool = True
    rhythm: bool = False
    team: bool = True
    search: bool = False

    def of_role(self, org: Org, role: Role) -> Any:
        """The value that a role works with: its own, or the organization's."""
        own = getattr(role, self.attribute)
        return getattr(org, self.attribute) if own is None and self.rhythm else own


def _of_search(name: str, attribute: str, parse: Callable[[str], Any], to_text: Callable[[Any], str]) -> Key:
    """A key of the rhythm of a search, which no team has."""
    return Key(
        name=name,
        attribute=attribute,
        code="ORG023",
        parse=parse,
        format=to_text,
        role=False,
        rhythm=True,
        team=False,
        search=True,
    )


KEYS: dict[str, Key] = {
    key.name.lower(): key
    for key in (
        Key(
            name="Headcount",
            attribute="headcount",
            code="ORG010",
            parse=numbers.parse_headcount,
            format=str,
            aliases=("count", "agents", "size", "number of agents", "instances", "members"),
            search=True,
        ),
        Key(
            name="Agent",
            attribute="agent",
            code="ORG011",
            parse=searching.parse_any_agent,
            format=str,
            aliases=("strategy", "policy", "agent type"),
            search=True,
        ),
        Key(
            name="Model",
            attribute="model",
            code="ORG023",
            parse=values.parse_model,
            format=str,
            aliases=("language model", "llm"),
            search=True,
        ),
        Key(name="Persona", attribute="persona", code="ORG023", parse=values.parse_text, format=str),
        Key(name="Memory", attribute="memory", code="ORG023", parse=values.parse_memory, format=str),
        Key(name="Remembers", attribute="remembers", code="ORG023", parse=values.parse_text, format=str),
        Key(
            name="Risk tolerance",
            attribute="risk",
            code="ORG012",
            parse=lambda text: numbers.parse_share(text, "risk tolerance", MAX_RISK),
            format=numbers.format_risk,
            aliases=("risk", "risk appetite", "risk level"),
            rhythm=True,
            search=True,
        ),
        Key(
            name="Focus",
            attribute="focus",
            code="ORG023",
            parse=values.parse_focus,
            format=values.format_focus,
            aliases=("focus area", "focus areas", "focuses on", "knob groups"),
        ),
        Key(
            name="Confirm",
            attribute="confirm",
            code="ORG023",
            parse=values.parse_confirm,
            format=str,
            aliases=("replicates", "confirmations"),
            rhythm=True,
        ),
        Key(
            name="Stop early",
            attribute="stop_early",
            code="ORG023",
            parse=values.parse_stop_early,
            format=values.format_stop_early,
            aliases=("early stop", "early stopping"),
            rhythm=True,
        ),
        Key(
            name="Copy rule",
            attribute="copy_rule",
            code="ORG023",
            parse=values.parse_copy_rule,
            format=str,
            aliases=("copy",),
            rhythm=True,
        ),
        Key(
            name="Task length",
            attribute="task_length",
            code="ORG023",
            parse=rhythm.parse_task_length,
            format=rhythm.format_task_length,
            aliases=("length of tasks", "task size"),
        ),
        Key(
            name="Stand-up",
            attribute="standup",
            code="ORG013",
            parse=rhythm.parse_standup,
            format=rhythm.format_standup,
            aliases=("standup", "stand up", "stand-ups", "standups", "meeting", "meetings", "sync", "cadence"),
            role=False,
            rhythm=True,
        ),
        _of_search("Proposes", "proposes", searching.parse_proposes, str),
        _of_search("Generation", "generation", searching.parse_generation, lambda count: f"{count} candidates"),
        _of_search("Rounds", "rounds", searching.parse_rounds, searching.format_rounds),
        _of_search("Drop after", "drop_after", searching.parse_drop_after, lambda count: f"{count} rounds"),
        _of_search("Drop margin", "drop_margin", searching.parse_margin, numbers.format_risk),
    )
}

_WAYS: dict[str, tuple[LinkKind, str]] = {
    "reports": ("reports to", "→"),
    "manages": ("reports to", "←"),
    "reviews": ("reviews", "→"),
    "reviewed": ("reviews", "←"),
    "delegates": ("delegates to", "→"),
    "shares": ("shares with", "→"),
}

LINK_KEYS: dict[str, tuple[LinkKind, str]] = {
    **{word: way for kind, way in _WAYS.items() for word in words(kind)},
    "reports to": ("reports to", "→"),
    "manager": ("reports to", "→"),
    "managed by": ("reports to", "→"),
    "supervisor": ("reports to", "→"),
    "boss": ("reports to", "→"),
    "manages": ("reports to", "←"),
    "direct reports": ("reports to", "←"),
    "reviews": ("reviews", "→"),
    "reviewer": ("reviews", "←"),
    "reviewed by": ("reviews", "←"),
    "hands off to": ("delegates to", "→"),
    "hand off to": ("delegates to", "→"),
    "handoff to": ("delegates to", "→"),
    "delegates to": ("delegates to", "→"),
    "shares with": ("shares with", "→"),
    "talks to": ("shares with", "↔"),
    "works with": ("shares with", "↔"),
    "collaborates with": ("shares with", "↔"),
    "pairs with": ("shares with", "↔"),
    "partners with": ("shares with", "↔"),
    "coordinates with": ("shares with", "↔"),
}
"""Keys under a role that name other roles: the kind of link, and its direction as seen from the role."""

WEAK_KEYS = {"parent", "handoffs", "handoff", "hand offs", "hands off"}
"""Those of them that may stand in anything else: they are no sign of a role."""

TEXT_KEYS = {
    "description", "charter", "mission", "goal", "responsibility", "responsibilities", "what", "does", "duty",
    "about", "backstory", "background", "duties", "expertise", "instructions", "notes", "prompt", "purpose", "role",
    "skills", "system prompt", "task", "tasks", "title",
}  # fmt: skip
"""Keys of a roster whose text is part of a role's charter."""

ROLE_KEYS = tuple(name for name, key in KEYS.items() if key.role)
RHYTHM_KEYS = tuple(name for name, key in KEYS.items() if key.rhythm and key.team)
SEARCH_KEYS = tuple(name for name, key in KEYS.items() if key.rhythm and key.search)
"""Keys that may stand under Rhythm: of a team, and of a search."""
SEARCH_ONLY = tuple(name for name in SEARCH_KEYS if not KEYS[name].team)
_LONGEST = 100  # characters of a key that is remembered
_ALIASES = {word: kind for kind in ("headcount", "model") for word in words(kind)} | {
    alias: name for name, key in KEYS.items() if key.team for alias in (name, *key.aliases)
}


_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")


def canonical(written: str, *, known: bool = False) -> str:
    """The canonical name of a key in lower case; of an unknown one, itself, or nothing when `known` is asked for."""
    return (_canonical if len(written) <= _LONGEST else _canonical.__wrapped__)(written, known=known)


@lru_cache(maxsize=4096)
def _canonical(written: str, *, known: bool) -> str:
    apart = written if written.islower() else _CAMEL.sub(" ", written)
    word = " ".join(apart.lower().replace("_", " ").split())
    if word in LINK_KEYS:
        return word
    dashed = word.replace("-", " ")
    name = _ALIASES.get(word) or _ALIASES.get(dashed) or (dashed if dashed in LINK_KEYS else "")
    return name or ("" if known else word)
