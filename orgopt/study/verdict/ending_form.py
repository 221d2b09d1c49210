"""The form of an end: the parts of what is said of a study, a contest or a run, their order, and their plain text.

Terminal, page, MLflow and JSON all show this form. The sentences themselves, the advice too, are worded in `study`,
`running`, `contest` and `run` beside this module.
"""

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from orgopt.document import Program, read
from orgopt.storage.json_values import json_values
from orgopt.study.score_parts import Parts
from orgopt.study.wording import digits_of, plain

HALVES = "Beside it are these halves: held-out quality at the end (end) and on average over the budget (mean)."
VALIDATION = (
    "valid. is the end by the metric that the agents see: far above held-out quality, they fitted that metric alone."
)
SCALE = "Score: 0 = the untouched script, 1 = the best setting known; half for where it ends, half for how soon."
SELF_REPORTED_SCALE = (
    "Score: the gain over the untouched script as a share of its metric, or of ten times its seed noise where that is "
    "more, as the script itself reports it; half for where it ends, half for how soon."
)
BAR = 24  # characters of the longest bar
LEAST_TOP = 0.2  # of a chart's scale: scores that are next to nothing have bars that are
WIDTH = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """A score beside others.

    Attributes:
        name: Who has it.
        value: The score.
        meaning: Who that is, in a few words.
        verdict: What is known of the first bar against this one: `better`, `worse`, `no difference`; empty for itself.
        parts: Validation progress and held-out quality; None where they are not known.
        low, high: The 95 % interval of its difference to the first, seed by seed, added to the first's value; None
            where none is known, and of the first.
        fewer: The seeds that it ran on, where these are fewer than the first's; 0 otherwise.
        first: The first's score on the same seeds, where these are fewer; None otherwise.
    """

    name: str
    value: float
    meaning: str = ""
    verdict: str = ""
    parts: Parts | None = None
    low: float | None = None
    high: float | None = None
    fewer: int = 0
    first: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """What is said in the end, in the order in which it is read.

    Attributes:
        word: The result: `better`, `worse`, `no difference`, `unchanged` (nothing better was found) or `running`.
        title: Whether it is better, and by how much.
        sure: How sure that is; empty where there is nothing to be sure of.
        measures: The raw metric of each task, a line each.
        headline: Of a run, the one figure that counts (`0.154 → 0.122`) and what it is; empty where there is none.
        scale: What 0 and 1 of the score are.
        seeds: Of which seeds the scores are means: `12 test seeds`, `one seed`; empty where there is no score.
        bars: The scores side by side.
        notes: What the bars show.
        advice: What follows from it, a line each.
        changes: What the winner changes of the document that it was made of.
        losses: What it loses without each part, the largest first.
    """

    word: str
    title: str
    sure: str = ""
    measures: tuple[str, ...] = ()
    headline: tuple[str, ...] = ()
    scale: str = ""
    seeds: str = ""
    bars: tuple[Bar, ...] = ()
    notes: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The ending as JSON values."""
        return json_values(self)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> "Ending":
        """An ending of what `to_dict` gave; its bars are left out.

        Raises:
            ValueError: It is something else.
        """

        def lines(name: str) -> tuple[str, ...]:
            found = given.get(name, ())
            if not isinstance(found, list | tuple):
                raise ValueError(f"{name} is no list")
            return tuple(str(line) for line in cast("Sequence[object]", found))

        return cls(
            word=str(given.get("word", "")),
            title=str(given.get("title", "")),
            sure=str(given.get("sure", "")),
            scale=str(given.get("scale", "")),
            seeds=str(given.get("seeds", "")),
            measures=lines("measures"),
            headline=lines("headline")[:2] if len(lines("headline")) > 1 else (),
            notes=lines("notes"),
            advice=lines("advice"),
            changes=lines("changes"),
            losses=lines("losses"),
        )


def scale(*, self_reported: bool, shown: Sequence[Bar] = ()) -> str:
    """What 0 and 1 of the score are, and what stands beside it in bars that are shown."""
    found = [SELF_REPORTED_SCALE if self_reported else SCALE]
    found += [HALVES] * any(bar.parts for bar in shown)
    found += [VALIDATION] * any(_validated(bar) for bar in shown)
    return " ".join(found)


def scale_alone(ending: Ending) -> str:
    """What 0 and 1 of the score are, without what stands beside it."""
    return next((one for one in (SCALE, SELF_REPORTED_SCALE) if ending.scale.startswith(one)), ending.scale)


def unread(program: Program) -> Iterator[str]:
    """That a document names no roles, where it does not: what ran is then hardly what its author meant."""
    if read(program).plain and not any(role.thinks for role in read(program).org.roles):
        agents = ", ".join(f"{role.headcount} {role.agent} agent" for role in read(program).org.roles)
        name = Path(program.source).name
        yield f"{name} names no roles: it ran as {agents}, and its text had no part in it (orgopt lint {name})."


def again(command: str, option: str, value: object) -> str:
    """A command with an option, in place of the value that it gives it."""
    plain_command = re.sub(rf" {re.escape(option)}[ =]\S+", "", command)
    return f"{plain_command} {option} {value}"


def text(ending: Ending, width: int = WIDTH) -> str:
    """An ending as plain text."""
    return "\n".join(lines(ending, width))


def lines(ending: Ending, width: int = WIDTH) -> Iterator[str]:
    """The lines of an ending as plain text; the first is its title."""
    yield from _wrapped(ending.title, width)
    for line in filter(None, (ending.sure, *ending.measures)):
        yield from _wrapped(line, width)
    if ending.bars:
        yield ""
        yield from bars(ending.bars, width)
    for line in filter(None, (ending.scale, *ending.notes)):
        yield from _wrapped(line, width)
    if ending.advice:
        yield ""
    for line in ending.advice:
        yield from _wrapped(line, width, first="→ ")
    if ending.changes:
        yield from _wrapped("; ".join(ending.changes), width, first="The evolved document changes: ")
    if ending.losses:
        yield from _wrapped("; ".join(ending.losses), width, first="Without a part it loses: ")


def bars(shown: Sequence[Bar], width: int = WIDTH) -> Iterator[str]:
    """A bar chart of scores in characters; of negative scores there is no bar. In little room the bars are short.

    `behind` and `ahead` say that a difference to the first is shown, `○ no difference` that none is. Where
    parts of scores are known, they stand in columns beside them, below a line with their names.
    """
    top = max(LEAST_TOP, *(bar.value for bar in shown))
    name_width = max(len(bar.name) for bar in shown)
    noted, digits = max(len(AGAINST[bar.verdict]) for bar in shown), digits_of(*(bar.value for bar in shown))
    beside = columns(shown)
    cells = [f"{name:>6}" for name in beside]
    longest = max(4, min(BAR // 2 if cells else BAR, width - name_width - 12 - noted - 7 * len(cells)))
    if cells:
        yield f"{'':{name_width}}  {'':{longest}} score {' '.join(cells)}"
    for at, bar in enumerate(shown):
        drawn = "█" * round(longest * max(0.0, bar.value) / top)
        word = f"{AGAINST[bar.verdict]:{noted}}"
        values = "".join(f" {column[at]:>6}" for column in beside.values())
        figure = f"{plain(bar.value, digits):>5}{values}"
        line = f"{bar.name:{name_width}}  {drawn:{longest}} {figure}  {word}  {bar.meaning}".rstrip()
        yield line if len(line) <= width else f"{line[: width - 1]}…"


def columns(shown: Sequence[Bar]) -> dict[str, list[str]]:
    """What stands beside the scores of bars, by the names of `HALVES` and `VALIDATION`: what none has is left out."""
    if not any(bar.parts for bar in shown):
        return {}
    parts = [bar.parts for bar in shown]
    found = {"valid.": [plain(one and one.progress) for one in parts]} if any(map(_validated, shown)) else {}
    found["end"] = [plain(one and one.q_final) for one in parts]
    return {**found, "mean": [plain(one and one.q_mean) for one in parts]}


def _validated(bar: Bar) -> bool:
    return bar.parts is not None and bar.parts.progress is not None


AGAINST = {"": "", "better": "behind", "worse": "ahead", "no difference": "○ no difference"}
"""How one that is compared stands to the first."""


def _wrapped(line: str, width: int, first: str = "") -> Iterator[str]:
    # Commands are to be copied: they are not broken at their hyphens. A sign stays with its word.
    kept = re.sub(r"([+−→↔]) ", "\\1\u00a0", line) if first else line
    for part in textwrap.wrap(
        kept, width, initial_indent=first, subsequent_indent="  " if first else "",
        break_on_hyphens=False, break_long_words=False,
    ):  # fmt: skip
        yield part.replace("\u00a0", " ")
