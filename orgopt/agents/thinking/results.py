"""What an agent is told of results: a table, what it may start from, how its own last experiment went, what runs now.

Rows of the table are in the order of their experiments and do not change, so that most of a prompt is what it was
before; what changes, such as what may be started from, comes after them.
"""

import difflib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from math import floor, log10

from orgopt.agents.base import View
from orgopt.agents.knowledge import Known
from orgopt.agents.thinking.situation import Attempt, Situation
from orgopt.agents.thinking.texts import bounded, clean
from orgopt.tasks.knob import Value, with_values

MAX_KNOWN = 6_000  # characters
_BEST, _LATEST = 6, 4
_STEP = 4  # so many new rows come before old ones are left out
_MAX_NOTE = 100  # characters of a hypothesis in a row
_MAX_EXPECTED = 40  # of what was expected
_MAX_ERROR, _ERROR_LINES = 1_500, 20
_CURVE = 5  # last values
EXPECTS = "; expects "
"""What stands between a hypothesis and what it expects, in the note of an experiment."""
_HOPELESS_SD = 10.0
_WORD = re.compile(r"[^\W\d]\w+")
_CHANGING = re.compile(
    r"an|and|by|chang\w+|decreas\w+|from|increas\w+|is|its?|knob|lower\w*|of|rais\w+|reduc\w+|set|setting|the|this|to|"
    r"try|trying|turn\w*|value|with"
)
"""Words that say that something was changed, and not why."""


def worthwhile(view: View) -> Sequence[Known]:
    """What an agent may start from, without what is hopeless; its incumbent first, whatever that is.

    Hopeless is what is behind the baseline by more than the baseline's own size, and by more than ten times its noise.
    """
    base = view.knowledge.all[0]
    if base.metric is None:
        return view.starts
    worst = base.metric + max(abs(base.metric), _HOPELESS_SD * base.sd)
    first, *others = view.starts
    return [first, *(one for one in others if one.metric is not None and one.metric <= worst)]


def known(now: Situation) -> str:
    """The best and the latest that an agent knows, a row each, the oldest first; and how far results are noise."""
    view = now.view
    all_known = view.knowledge.all
    # The oldest of the latest moves in steps: else each new row would change all that follows the one that it removes.
    first = max(1, (len(all_known) - _LATEST) // _STEP * _STEP)
    shown = {one.id: one for one in [all_known[0], *view.knowledge.ranked(_BEST), *all_known[first:]]}
    rows = [row(now, shown[number]) for number in sorted(shown)]
    expected = " (what was expected)" if any(_expected(now, shown[number]) for number in shown) else ""
    metric = clean(now.work.task.metric)
    heads = [f"id | {metric}{expected} | what changed, against what | why"] if len(rows) > 1 else []
    said = noise(now)
    return bounded([*heads, *rows], MAX_KNOWN) + (f"\n{said}" if said else "")


def row(now: Situation, one: Known) -> str:
    """A result in a line."""
    changed = changes(now, one)
    why = _end_of(error, 1) if (error := _error_of(now, one)) else _why(now, one, changed).partition(EXPECTS)[0]
    expected = f" ({clean(said, _MAX_EXPECTED)})" if (said := _expected(now, one)) else ""
    return f"#{one.id} | {evidence(now, one)}{expected} | {changed}{f' | {clean(why, _MAX_NOTE)}' if why else ''}"


def noise(now: Situation) -> str:
    """What differences say nothing, below two standard deviations of a run; empty where nobody knows."""
    sd = noise_sd(now.view.knowledge.all)
    if sd is None:
        return ""
    return f"Differences below {2 * sd:.2g} are noise."


def noise_sd(known: Iterable[Known]) -> float | None:
    """The standard deviation between runs of one setting, pooled over all that have several; None where none has."""
    pairs = [(one.seeds - 1, one.sd) for one in known if one.seeds > 1 and one.metric is not None]
    degrees = sum(n for n, _ in pairs)
    return (sum(n * sd * sd for n, sd in pairs) / degrees) ** 0.5 if degrees else None


def starts(now: Situation) -> str:
    """What the next experiment may start from, the whole setting of the first; empty where that is all there is."""
    tried = len(now.view.knowledge.all) - 1
    if not tried:
        return ""
    first, *others = now.view.starts
    lines = [
        f"Of {tried} settings that were tried, as far as you know, the best is where you start:",
        f"#{first.id} {evidence(now, first)}: {setting(now, first)}",
    ]
    if others:
        lines.append(f"Or start from {', '.join(f'#{one.id} ({evidence(now, one)})' for one in others)}.")
    return "\n".join(lines)


def last(now: Situation) -> str:
    """How an agent's own last experiment went, against what was expected; empty before the first."""
    mine = [one for one in now.view.knowledge.all[1:] if one.mine]
    if not mine:
        return ""
    one = max(mine, key=lambda known: known.id)
    base = now.view.knowledge.all[0]
    parts = [f"#{one.id} gave {evidence(now, one)}, the baseline {evidence(now, base)}"]
    if why := _why(now, one, changes(now, one)):
        parts.append(f"you said: {clean(why.removeprefix(f'{now.seat.name}: '))}")
    attempt = now.work.attempts.get(one.id)
    if attempt and attempt.seconds is not None:
        parts.append(_course(attempt))
    text = "; ".join(parts)
    error = _error_of(now, one)
    return f"{text}\n{_end_of(error)}" if error else text


def course(now: Situation, one: Known) -> str:
    """How an experiment went: its time and the end of its learning curve, or of what it said when it failed."""
    attempt, error = now.work.attempts.get(one.id), _error_of(now, one)
    went = _course(attempt) if attempt and attempt.seconds is not None else ""
    return "\n".join(filter(None, (went, _end_of(error) if error else "")))


def running(now: Situation) -> str:
    """What others whose results reach an agent run now, a line each; empty for nothing."""
    found: list[str] = []
    for number in now.work.running:
        attempt = now.work.attempts[number]
        if attempt.agent in now.seat.hears:
            found.append(f"#{number} | {clean(now.work.notes[number], _MAX_NOTE)}")
    return bounded(found, 4 * _MAX_NOTE)


def pace(now: Situation) -> str:
    """What an experiment takes, and how many are left; before one has ended, what is known of that."""
    attempts, task, slots = now.work.attempts, now.work.task, now.work.slots
    ended = [attempts[one.id].seconds for one in now.view.knowledge.all[1:] if one.id in attempts]
    seconds = [one for one in ended if one] or [one for one in (task.baseline.seconds,) if one]
    places = "1 slot" if slots == 1 else f"one of {slots} slots"
    if not seconds:
        return f"an experiment takes at most {task.limit_s:g} s on {places}"
    mean = sum(seconds) / len(seconds)
    more = int(now.left.seconds / mean)
    return f"an experiment takes {mean:.2g} s on {places}: at most {more} more of yours"


def evidence(now: Situation, one: Known) -> str:
    """A result as a number, no more of it than is not noise, with its standard error where it has one."""
    if one.metric is None:
        return "failed"
    sd = noise_sd(now.view.knowledge.all)
    shown = f"{one.metric:.{max(0, 1 - floor(log10(sd)))}f}" if sd else f"{one.metric:.5g}"
    return shown + (f" ± {one.sd / one.seeds**0.5:.1g} ({one.seeds} runs)" if one.seeds > 1 else "")


def setting(now: Situation, one: Known) -> str:
    """A whole setting, as it differs from the baseline."""
    base = now.view.knowledge.all[0].settings
    values = [f"{name} = {json.dumps(value)}" for name, value in one.settings.items() if base[name] != value]
    edited = [f"{now.work.task.script} rewritten"] if rewritten(now, one) else []
    return ", ".join(values + edited) or ("the baseline" if one.id == 0 else "the baseline again")


def changes(now: Situation, one: Known) -> str:
    """What an experiment changes against what it started from; against the baseline where that is not known."""
    if one.id == 0:
        return "the baseline"
    attempt = now.work.attempts.get(one.id)
    parent = now.view.knowledge.of(attempt.parent) if attempt and attempt.parent else None
    start = parent or now.view.knowledge.all[0]
    found = moved(start.settings, one.settings)
    if lines := _edited_lines(now, start.id, one.id):
        found.append(f"{now.work.task.script} {lines}")
    origin = f"#{start.id}: " if parent else ""
    return origin + (", ".join(found) or "nothing")


def rewritten(now: Situation, one: Known) -> bool:
    """Whether more than knobs differs from the task's own script."""
    return with_values(now.work.script[one.id], now.view.knowledge.all[0].settings) != now.work.script[0]


def difference(now: Situation, one: Known) -> str:
    """What differs from the baseline: values of knobs, or the lines of a script that was rewritten."""
    return "\n".join(_diff(now.work.script, 0, one.id)) if rewritten(now, one) else setting(now, one)


def script_lines(now: Situation, before: int, after: int) -> str:
    """What differs between the scripts of two experiments, apart from values of knobs; empty for nothing."""
    base = now.view.knowledge.all[0].settings
    return "\n".join(_diff({one: with_values(now.work.script[one], base) for one in (before, after)}, before, after))


def moved(before: Mapping[str, Value], after: Mapping[str, Value]) -> list[str]:
    """The knobs that have other values in another setting, with both."""
    return [f"{name} {_apart(before[name], value)}" for name, value in after.items() if before[name] != value]


def _apart(before: Value, after: Value) -> str:
    """Two values with no more digits than tell them apart, of which there are three at least."""
    for digits in range(3, 17):
        one, other = (f"{value:.{digits}g}" if isinstance(value, float) else str(value) for value in (before, after))
        if one != other:
            return f"{one} → {other}"
    return f"{before} → {after}"


def _edited_lines(now: Situation, before: int, after: int) -> str:
    """How many lines of a script were added and taken away, apart from values of knobs; empty for none."""
    base = now.view.knowledge.all[0].settings
    old, new = (with_values(now.work.script[number], base).splitlines() for number in (before, after))
    if old == new:
        return ""
    signs = [line[0] for line in difflib.ndiff(old, new)]
    return f"+{signs.count('+')} −{signs.count('-')} lines"


def _diff(scripts: Mapping[int, str], before: int, after: int) -> list[str]:
    old, new = (scripts[number].splitlines() for number in (before, after))
    return [line for line in difflib.unified_diff(old, new, lineterm="", n=1) if not line.startswith(("---", "+++"))]


def _why(now: Situation, one: Known, changed: str) -> str:
    """What was said of an experiment, whole; empty where that is no more than what it changes, as with policies."""
    note = now.work.notes.get(one.id, "")
    said, moved = (_WORD.findall(text.lower()) for text in (note.partition(": ")[2], changed))
    return note if any(word not in moved and not _CHANGING.fullmatch(word) for word in said) else ""


def _expected(now: Situation, one: Known) -> str:
    """What whoever proposed an experiment expected of it; empty where nothing was said, or it failed."""
    return now.work.notes.get(one.id, "").partition(EXPECTS)[2] if one.metric is not None else ""


def _error_of(now: Situation, one: Known) -> str:
    """What an experiment said when it failed; empty where it did not."""
    return now.work.errors.get(one.id, "") if one.metric is None else ""


def _end_of(error: str, most: int = _ERROR_LINES) -> str:
    """The last lines of what a failed experiment said."""
    lines = [clean(line) for line in error.strip().splitlines()[-most:]]
    return bounded(lines[::-1], _MAX_ERROR, backwards=True)


def _course(attempt: Attempt) -> str:
    """The time that an experiment took, and the end of its learning curve."""
    text = f"it took {attempt.seconds:.2g} s"
    if not attempt.curve:
        return text
    values = ", ".join(f"{value:.3g}" for value in attempt.curve[-_CURVE:])
    return f"{text}; the last of {len(attempt.curve)} points of its curve: {values}"
