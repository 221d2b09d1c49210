"""Numbers and names as they are written where people read them: terminal, page and MLflow.

Scores and their differences have two decimals, more where all that stand beside each other are small (`digits_of`), a
zero before the point and a true minus; a plus is for differences alone. A task's own metric has three (`metric`).
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from math import isfinite
from typing import Any

from orgopt.study.records.names import ABLATION

SEED_DOCUMENT, MORE_AGENTS, HAND_MADE = "seed document", "more agents", "hand-made"
MEANINGS = {
    HAND_MADE: "a gp agent a slot, who share everything",
    "one agent": "one agent of the evolved team, alone",
    "silent": "the evolved team, nobody tells anything",
    "random": "teams drawn at random",
    "shuffled": "the evolved team, links between other roles",
    "optuna:tpe": "plain Optuna, no team",
    "optuna:tpe+median": "plain Optuna + pruning, no team",
    "optuna:gp": "plain Optuna's GP, no team",
    "default search": "how orgopt searches by itself",
    "TPE over the genome": "one sampler that draws all at once",
    "one proposer": "one sampler of small changes, no openings",
    "random search": "documents drawn at random, nothing learned",
    "simplest": "the simplest that was as good in the race",
}
"""What each control is, in a few words; of `MORE_AGENTS` that depends on the documents."""
MARKS = {"better": "▲", "worse": "▼", "no difference": "○"}
"""The mark of each verdict, so that it is seen without colour; screens have one wording of it: `marked`."""
NO_DIFFERENCE = "○ no difference shown: the 95 % interval has 0 in it, so either may be better."
_PHASE_NAMES = {ABLATION: "ablation"}  # the word on disk is an older one
_NAMES = {"silent": "without links", "random": "random teams", "shuffled": "links shuffled"}
_LEAST_SHOWN = 0.01
_SMALL = 0.05  # from which on two decimals tell values apart
_MOST_DIGITS = 6  # what is smaller is rounding of the machine's
_PLAIN = {"random": "random search", "tpe": "TPE", "gp": "GP", "cmaes": "CMA-ES", "median": "pruning"}


def digits_of(*values: float | None) -> int:
    """The decimals in which some values that stand beside each other are told from zero: 2, and up to 4 of small ones.

    Gains of a script that prints its own metric are often a few thousandths of it.
    """
    largest = max((abs(value) for value in values if value is not None), default=0.0)
    return 2 if largest >= _SMALL or not largest else 3 if largest >= _SMALL / 10 else 4


def plain(value: float | None, digits: int = 2) -> str:
    """A score: `0.61`; a dash for what is not known."""
    if value is None:
        return "–"
    return f"{'−' * (value < 0 and bool(round(value, digits)))}{abs(value):.{digits}f}"


def metric(value: float) -> str:
    """A metric's value: `0.154`, `3.115`, and with its digits where three decimals would hide them, `1e-07`."""
    return f"{value:.3f}" if not value or abs(value) >= _LEAST_SHOWN else f"{value:.3g}"


def unnegated(name: str, value: float) -> tuple[str, float]:
    """A metric as its script has it: what is negated inside, so that less is better, is called `-accuracy` there."""
    return (name[1:], -value) if name.startswith("-") else (name, value)


def signed(value: float | None, digits: int = 2) -> str:
    """A difference: `+0.18`, `−0.03`."""
    if value is None:
        return "–"
    return f"{'+' * (value > 0 and bool(round(value, digits)))}{plain(value, digits)}"


def noise(error: float, digits: int = 0) -> str:
    """` ± 0.11`; empty where nothing is known of the noise, as with one seed of each."""
    return f" ± {error:.{digits or max(2, digits_of(error) - 1)}f}" if error else ""


def interval(low: float | None, high: float | None, sign: bool = False, digits: int = 2) -> str:
    """`[0.11, 0.25]`; empty where an end is not known.

    An end that is not 0 is never written as 0, which would contradict the verdict: both then have more decimals.
    """
    if low is None or high is None:
        return ""
    write = signed if sign else plain
    ends = [end for end in (low, high) if round(end, _MOST_DIGITS)]
    digits = next((one for one in range(digits, _MOST_DIGITS + 1) if all(round(end, one) for end in ends)), digits)
    return f"[{write(low, digits)}, {write(high, digits)}]"


def marked(verdict: str) -> str:
    """A verdict as every screen has it: `▲ better`, `▼ worse`, `○ no difference`; another word as it is."""
    return f"{MARKS.get(verdict, '')} {verdict}".strip()


def compared(
    verdict: str, apart: float, low: float | None, high: float | None, *, than: str = "", digits: int = 0
) -> str:
    """How one stands to another, as every screen has it: `▲ better than solo.md by 0.38 [0.10, 0.57]`.

    The word says which way, so that figures have no sign: `▼ worse by 0.23 [0.08, 0.41]`. Only where no difference is
    shown it may be either way, and they have: `○ no difference shown: +0.01 [−0.05, +0.07]`. A single seed has no
    verdict.

    Args:
        verdict: `better`, `worse` or `no difference`; of a single seed nothing is said of it.
        apart: By how much the first is above the other.
        low: The lower end of the 95 % interval of that; None or infinite where none is known.
        high: Its upper end, likewise.
        than: The other's name; empty where it is known.
        digits: Decimals; 0 for as many as the figures need.
    """
    known = [end for end in (low, high) if end is not None and isfinite(end)]
    digits = digits or digits_of(apart, *known)
    if len(known) < 2:
        return f"{signed(apart, digits)}{f' to {than}' * bool(than)} on one seed"
    low, high = known
    if verdict == "no difference":
        ends = interval(low, high, sign=True, digits=digits)
        return f"{marked(verdict)} shown{f' to {than}' * bool(than)}: {signed(apart, digits)} {ends}"
    if verdict == "worse":
        apart, low, high = -apart, -high, -low
    ends = interval(low, high, digits=digits)
    return f"{marked(verdict)}{f' than {than}' * bool(than)} by {plain(apart, digits)} {ends}"


def count(number: float, noun: str = "") -> str:
    """`1,046 runs`."""
    return f"{number:,.0f} {noun}{'s' * (number != 1)}" if noun else f"{number:,.0f}"


def duration(seconds: float) -> str:
    """`45 s`, `2 min`, `1 h 30 min`."""
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes = round(seconds / 60, 1)
    if minutes < 60:
        return f"{minutes:g} min"
    hours, rest = divmod(round(minutes), 60)
    return f"{hours:,} h {rest} min" if rest and hours < 48 else f"{hours:,} h"


def date(at: float | None) -> str:
    """The day and minute of epoch seconds, UTC."""
    try:
        return datetime.fromtimestamp(at, UTC).strftime("%-d %B %Y, %H:%M UTC") if at else ""
    except (OverflowError, OSError, ValueError):
        return ""


def listing(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def entrant_name(entrant: str, seed: str, champion: str) -> str:
    """An entrant as a reader knows it: `optuna:tpe+median` is plain Optuna, a candidate has its name."""
    if entrant in {seed, SEED_DOCUMENT}:
        return SEED_DOCUMENT
    if entrant == champion:
        return f"evolved organization ({entrant})"
    if entrant.startswith("optuna:"):
        return "Optuna " + " + ".join(_PLAIN.get(word, word) for word in entrant[7:].split("+"))
    if match := re.fullmatch(r"(random|shuffled) (\d+)", entrant):
        return f"{'random team' if match[1] == 'random' else 'links shuffled'} {match[2]}"
    return _NAMES.get(entrant, entrant)


def phase_name(phase: str) -> str:
    """A phase as a reader knows it."""
    return _PHASE_NAMES.get(phase, phase)


def lab_words(stamp: Mapping[str, Any]) -> str:
    """A lab's stamp in one line: `replay, world 9f3c2a71d0e4`."""
    rest = [f"{key} {value}" for key, value in stamp.items() if key != "lab"]
    return ", ".join([str(stamp.get("lab", "")), *rest]).strip(", ")
