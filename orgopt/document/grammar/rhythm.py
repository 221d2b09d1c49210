"""The grammar of rhythm in a document: intervals, stand-ups and the length of tasks, text to data and back.

Every `parse_*` raises ValueError with a message that says the rule and the value got, then `; ` and the remedy.
"""

import re

from orgopt.basics.slug import slug
from orgopt.document.grammar.values import SEPARATOR
from orgopt.org import Standup, TaskLength

MAX_TASK_EXPERIMENTS = 100
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
_EVERYONE = {"everyone", "all"}


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
            attendees += [slug(name) for name in SEPARATOR.split(part)]
    if "" in attendees:
        raise ValueError(f"attendees of '{text}' not understood; write 'everyone' or names of roles")
    who = tuple(dict.fromkeys(attendees))
    return Standup(every=every, unit="s" if unit == "s" else "experiments", attendees=who, share=share)


def format_standup(standup: Standup | None, names: dict[str, str] | None = None) -> str:
    """The canonical text of a stand-up; `names` maps role ids to names as written."""
    if standup is None:
        return "off"
    # A name that would read as two is written by its id.
    named = {role: name for role, name in (names or {}).items() if slug(name) == role and not SEPARATOR.search(name)}
    seated = [named.get(role, role) for role in standup.attendees] or ["everyone"]
    if standup.attendees and slug(" ".join(seated)) in _EVERYONE:
        seated *= 2  # a role of that name, alone
    who = " and ".join(seated)
    share = "all" if standup.share is None else f"best {standup.share}"
    return f"{format_interval(standup.every, standup.unit)}, {who}, {share}"
