"""The grammar of values and of links (`A → B: kind`) in a document: text to data and back, a pair of functions each.

Every `parse_*` raises ValueError with a message that says the rule and the value got, then `; ` and the remedy.
Which keys there are, and where the range of a number ends, is in `keys`.
"""

import re
from difflib import get_close_matches
from typing import cast, get_args

from orgopt.agent_names import AGENT_KIND, AGENTS, COMMAND, LANGUAGE_AGENT
from orgopt.document.grammar.numbers import decimal, format_risk
from orgopt.document.grammar.words import alternatives
from orgopt.org import LINK_KINDS, MAX_CONFIRM, CopyRule, Link, Memory, Standup, StopEarly, TaskLength
from orgopt.slug import slug

MAX_LINK = 400  # characters; a longer line is prose
MAX_TASK_EXPERIMENTS = 100
MAX_TEXT = 2000  # characters of a value that is text
_SECONDS = {
    "s": 1,
    "sec": 1,
    "second": 1,
    "m": 60,
    "min": 60,
    "minute": 60,
    "h": 3600,
    "hr": 3600,
    "hour": 3600,
    "d": 86_400,
    "day": 86_400,
    "w": 604_800,
    "wk": 604_800,
    "week": 604_800,
}
_WORDS = {"hourly": 3600, "daily": 86_400, "twice daily": 43_200, "twice a day": 43_200, "weekly": 604_800}
_EXPERIMENTS = {"experiment", "exp", "run", "trial"}
_NUMBER = r"\d{1,9}(?:\.\d{1,9})?"
_EVERY = re.compile(
    rf"(?:every\s+)?(?P<n>{_NUMBER})?(?:\s*(?:-|–|to)\s*(?P<to>{_NUMBER}))?\s*(?P<unit>[a-z]+?)s?$", re.IGNORECASE
)
# A run of blanks is tried once, from its start.
_SEPARATOR = re.compile(r"(?<!\s)\s+and\s+|(?:(?<!\s)\s+)?[+&,]\s*")
_NAMES = re.compile(
    rf"{_SEPARATOR.pattern}|\s*[;、，；]\s*|\s+/\s+|\s*(?:{alternatives('and')})\s*|<br\s*/?>", re.IGNORECASE
)
_ASIDE = re.compile(r"\s*[(（][^()（）]*[)）]|\[\^[^\]]*\]")
_SENTENCE = re.compile(r"(?<=[^\W\d]{3})\.\s+|。")  # `Mr. Krabs` is one name
_LINK = re.compile(
    r"(?P<source>.+?)\s*(?P<arrow>→|->|=>|↔|<->)\s*(?P<target>.+?)\s*:\s*"
    r"(?P<kind>[A-Za-z ]+?)\s*(?:\((?P<pattern>[^)]*)\))?$"
)
LINK_ARROW = re.compile(r"→|->|=>|↔|<->")
_PATTERN = re.compile(r"(?P<name>ring|line|full|lattice|random)(?:\s+(?P<value>\d{1,4}(?:\.\d{1,6})?|\.\d{1,6}))?$")
# Models by whose names people say that somebody thinks with language.
_MIND = re.compile(
    r"(?:claude|chatgpt|gpt|gemini|llama|mistral|deepseek|qwen|grok|copilot|codex|opus|sonnet|haiku|openai|anthropic)(?:-|$)"
)
_EVERYONE = {"everyone", "all"}
NONE_WORDS = {"none", "nobody", "no one", "n/a", "na", "-", "–", "—", ""}


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


def parse_model(text: str) -> str:
    """The LiteLLM name of a language model; `inherit` and `default` are the workspace's."""
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
    """`none`, `run` or `lasting`; `user`, `project` and `local` are the places of lasting notes in Claude Code."""
    places = {"user": "lasting", "project": "lasting", "local": "lasting", "true": "lasting", "false": "none"}
    return cast("Memory", _choice(places.get(text.strip().lower(), text), get_args(Memory), "memory"))


def parse_copy_rule(text: str) -> CopyRule:
    """`best`, `majority`, `own`, `best of 3` or `majority of 3`."""
    return cast("CopyRule", _choice(" ".join(text.split()), get_args(CopyRule), "copy rule"))


def parse_focus(text: str) -> tuple[str, ...]:
    """Names of knob groups, separated by commas; `all` is no focus."""
    names = tuple(dict.fromkeys(slug(part) for part in _SEPARATOR.split(text) if part.strip()))
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


def parse_task_length(text: str) -> TaskLength | None:
    """`3 experiments`, `20 min` or `3 experiments or 20 min` as a TaskLength; `off` as None."""
    if text.strip().lower() in {"off", "none", "never"}:
        return None
    found: dict[str, float] = {}
    for part in re.split(r"\s*,\s*|\s+or\s+", text.strip()):
        match = _EVERY.match(" ".join(part.lower().split()))
        unit = match["unit"] if match else ""
        number = float(match["n"] or 0) if match and not match["to"] else 0.0
        counts = unit in _EXPERIMENTS
        key = "experiments" if counts else "seconds"
        if not (counts or unit in _SECONDS) or number <= 0 or (counts and number % 1) or key in found:
            raise ValueError(f"task length '{text}' not understood; write '3 experiments', '20 min', both, or 'off'")
        found[key] = number if counts else number * _SECONDS[unit]
    count = int(found["experiments"]) if "experiments" in found else None
    if count is not None and count > MAX_TASK_EXPERIMENTS:
        raise ValueError(f"a task takes at most {MAX_TASK_EXPERIMENTS} experiments, not {count}; write fewer")
    return TaskLength(experiments=count, seconds=found.get("seconds"))


def format_task_length(length: TaskLength | None) -> str:
    """Experiments, a time, or both."""
    if length is None:
        return "off"
    count = f"{length.experiments} experiment{'s' * (length.experiments != 1)}" if length.experiments else ""
    time = format_interval(length.seconds, "s").removeprefix("every ") if length.seconds else ""
    return " or ".join(filter(None, (count, time)))


def parse_interval(text: str) -> tuple[float, str]:
    """`every 20 min` as (1200.0, 's'), `every 6 experiments` as (6.0, 'experiments').

    Of a range the middle counts; `daily` and its like are read too.
    """
    word = " ".join(text.lower().split())
    if word in _WORDS:
        return float(_WORDS[word]), "s"
    match = _EVERY.match(word)
    unit = match["unit"] if match else ""
    # `m`, `d` and the like without a number are letters, and `20 min` needs no `every`.
    fits = match and (match["n"] or (word.startswith("every ") and len(unit) > 2))
    low = float(match["n"] or 1) if match else 0.0
    number = (low + float(match["to"] or low)) / 2 if match else 0.0
    if not fits or number <= 0 or not (unit in _SECONDS or unit in _EXPERIMENTS):
        raise ValueError(f"interval '{text}' not understood; write 'every 20 min', 'every 6 experiments' or 'off'")
    return (number, "experiments") if unit in _EXPERIMENTS else (number * _SECONDS[unit], "s")


def is_plain_interval(text: str) -> bool:
    """Whether a stand-up's interval is written as the canonical form has it, so that nothing is inferred."""
    word = " ".join(text.split(",")[0].lower().split())
    match = _EVERY.match(word)
    return bool(match and match["n"] and not match["to"] and word.startswith("every ")) or word in {
        "off",
        "none",
        "never",
    }


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
        elif slug(part) not in _EVERYONE:
            attendees += [slug(name) for name in _SEPARATOR.split(part)]
    if "" in attendees:
        raise ValueError(f"attendees of '{text}' not understood; write 'everyone' or names of roles")
    who = tuple(dict.fromkeys(attendees))
    return Standup(every=every, unit="s" if unit == "s" else "experiments", attendees=who, share=share)


def format_standup(standup: Standup | None, names: dict[str, str] | None = None) -> str:
    """The canonical text of a stand-up; `names` maps role ids to names as written."""
    if standup is None:
        return "off"
    # A name that would read as two is written by its id.
    named = {role: name for role, name in (names or {}).items() if slug(name) == role and not _SEPARATOR.search(name)}
    seated = [named.get(role, role) for role in standup.attendees] or ["everyone"]
    if standup.attendees and slug(" ".join(seated)) in _EVERYONE:
        seated *= 2  # a role of that name, alone
    who = " and ".join(seated)
    share = "all" if standup.share is None else f"best {standup.share}"
    return f"{format_interval(standup.every, standup.unit)}, {who}, {share}"


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


def parse_link(text: str) -> Link:
    """`A → B: reports to (ring)` as a Link with slugged ends."""
    match = _LINK.match(text.strip()) if len(text) <= MAX_LINK else None
    if not match:
        raise ValueError(f"link '{text}' not understood; write 'Explorer → Lead: reports to' or 'A ↔ B: shares with'")
    kind = " ".join(match["kind"].lower().split())
    if kind not in LINK_KINDS:
        raise ValueError(f"unknown link '{kind}'; {closest(kind, LINK_KINDS)}")
    mutual = match["arrow"] in {"↔", "<->"}
    if mutual and kind != "shares with":
        raise ValueError(f"'{kind}' has a direction; write → instead of ↔")
    source, target = slug(match["source"]), slug(match["target"])
    pattern = parse_pattern(match["pattern"] or "")
    return Link(source=source, target=target, kind=kind, mutual=mutual, pattern=pattern)


def format_link(link: Link, names: dict[str, str]) -> str:
    """The canonical text of a link; `names` maps role ids to names as written."""
    arrow = "↔" if link.mutual else "→"
    pattern = f" ({link.pattern})" if link.pattern else ""
    # A name that the grammar would break in two, or that gives another id, is written by its id.
    ends = [
        name if slug(name := names.get(role, role)) == role and not re.search(r"[:→↔]|->|=>", name) else role
        for role in (link.source, link.target)
    ]
    return f"{ends[0]} {arrow} {ends[1]}: {link.kind}{pattern}"


def split_names(text: str) -> list[str]:
    """The names of a list such as `Lead, Analyst and Scout`; none of `nobody`, `—` and their like."""
    bare = _ASIDE.sub("", re.sub(r"\]\([^)\]]*\)", "]", text))
    parts = [part.strip().strip("*_`[]@").strip() for part in _NAMES.split(_SENTENCE.split(bare)[0])]
    return [part.rstrip(".") for part in parts if part.lower().rstrip(".") not in NONE_WORDS]
