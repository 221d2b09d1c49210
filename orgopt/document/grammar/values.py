"""The grammar of values in a document, text to data and back; `rhythm` has that of times, `arrows` that of links.

Every `parse_*` raises ValueError with a message that says the rule and the value got, then `; ` and the remedy.
Which keys there are, and where the range of a number ends, is in `keys`.
"""

import re
from difflib import get_close_matches
from typing import cast, get_args

from orgopt.agent_names import AGENT_KIND, AGENTS, COMMAND, LANGUAGE_AGENT
from orgopt.basics.slug import slug
from orgopt.document.grammar.numbers import decimal, format_risk
from orgopt.org import MAX_CONFIRM, CopyRule, Memory, StopEarly

# A run of blanks is tried once, from its start.
SEPARATOR = re.compile(r"(?<!\s)\s+and\s+|(?:(?<!\s)\s+)?[+&,]\s*")
"""What stands between the parts of a list."""
MAX_TEXT = 2000  # characters of a value that is text
# Models by whose names people say that somebody thinks with language.
_MIND = re.compile(
    r"(?:claude|chatgpt|gpt|gemini|llama|mistral|deepseek|qwen|grok|copilot|codex|opus|sonnet|haiku|openai|anthropic)(?:-|$)"
)


def closest(word: str, known: tuple[str, ...]) -> str:
    """A remedy for an unknown word: the nearest known one, or all of them."""
    close = get_close_matches(word.lower(), known, n=1)
    return f"did you mean '{close[0]}'?" if close else f"known: {', '.join(known)}"


def parse_agent(text: str) -> str:
    """The name of an agent; `command:NAME` is a command of the user's, by its name in orgopt.toml."""
    kind, colon, command = text.partition(":")
    if colon and slug(kind) == slug(COMMAND):
        if not slug(command):
            raise ValueError(f"'{text}' names no command; write 'command:NAME', as [agents.NAME] in orgopt.toml has it")
        return f"{COMMAND}{slug(command)}"
    name = slug(text)
    if name not in AGENTS and _MIND.match(name):
        return LANGUAGE_AGENT
    if name not in AGENTS and name not in AGENT_KIND.names:
        raise ValueError(f"unknown agent '{text}'; {closest(name, (*AGENT_KIND.names, 'command:NAME'))}")
    return name


def is_agent(text: str) -> bool:
    """Whether a text is the name of an agent."""
    try:
        return bool(parse_agent(text))
    except ValueError:
        return False


_SHOWN_MODEL = re.compile(
    r"(?P<name>(?:claude|gpt|gemini|llama|mistral|deepseek|qwen|grok|o[134])(?:[ -][\w.]+){1,4}?)(?:\s*\([^()]*\))*",
    re.IGNORECASE,
)


def parse_model(text: str) -> str:
    """The LiteLLM name of a language model, also as editors show it (`Claude Sonnet 4.5 (copilot)`).

    `inherit` and `default` are the workspace's.
    """
    if " " in text.strip() and (shown := _SHOWN_MODEL.fullmatch(text.strip())):
        return "-".join(shown["name"].lower().split())
    if not re.fullmatch(r"[\w./:@+-]{1,120}", text.strip()):
        raise ValueError(f"'{text}' is not the name of a model; write one as in 'openai/gpt-5-mini'")
    return "" if text.strip().lower() in {"inherit", "default"} else text.strip()


def parse_text(text: str) -> str:
    """A line of text; `none` is none."""
    return "" if text.strip().lower() == "none" else text.strip()[:MAX_TEXT]


def _choice(text: str, known: tuple[str, ...], what: str) -> str:
    word = text.strip().lower()
    if word not in known:
        raise ValueError(f"unknown {what} '{text}'; {closest(word, known)}")
    return word


def parse_memory(text: str) -> Memory:
    """`none`, `run` or `lasting`; other tools' `user`, `project`, `local` and `global` are places of lasting notes."""
    places = dict.fromkeys(("user", "project", "local", "global", "true"), "lasting") | {"false": "none"}
    return cast("Memory", _choice(places.get(text.strip().lower(), text), get_args(Memory), "memory"))


def parse_copy_rule(text: str) -> CopyRule:
    """`best`, `majority`, `own`, `best of 3` or `majority of 3`."""
    return cast("CopyRule", _choice(" ".join(text.split()), get_args(CopyRule), "copy rule"))


def parse_focus(text: str) -> tuple[str, ...]:
    """Names of knob groups, separated by commas; `all` is no focus."""
    names = tuple(dict.fromkeys(slug(part) for part in SEPARATOR.split(text) if part.strip()))
    if "" in names:
        raise ValueError(f"focus '{text}' not understood; write names of knob groups, as in 'optimizer, schedule'")
    return () if names == ("all",) else names


def format_focus(focus: tuple[str, ...]) -> str:
    """Names of knob groups."""
    return ", ".join(focus) or "all"


def parse_confirm(text: str) -> int:
    """An integer from 0 to 5."""
    if not re.fullmatch(r"[0-5]", text.strip()):
        raise ValueError(f"confirm must be a whole number from 0 to {MAX_CONFIRM}, not '{text}'")
    return int(text)


def parse_stop_early(text: str) -> StopEarly:
    """A number from 0 to 1, `auto` or `off`."""
    word = text.strip().lower()
    if word == "auto":
        return "auto"
    return "off" if word in {"off", "never", "none"} else decimal(text, "stop early")


def format_stop_early(quantile: StopEarly) -> str:
    """A quantile, `auto` or `off`."""
    return quantile if isinstance(quantile, str) else format_risk(quantile)
