"""Two results that began alike, made one: what each changed of their start, values of knobs and lines of a script."""

from difflib import SequenceMatcher
from typing import NamedTuple

from orgopt.agents import Known
from orgopt.tasks.knob import Settings, with_values
from orgopt.team.scripts import Scripts


class Merged(NamedTuple):
    """What came of merging; the script is None where nobody rewrote it."""

    settings: Settings
    script: str | None


def merged(base: Known, one: Known, other: Known, scripts: Scripts) -> Merged | None:
    """What two results changed of their start, together; where both moved a knob, the second counts.

    None where that is one of the two, or where both rewrote the same lines.
    """
    moved = [
        {name: value for name, value in each.settings.items() if base.settings[name] != value} for each in (one, other)
    ]
    settings = {**base.settings, **moved[0], **moved[1]}
    script = None
    if scripts.edited(one.id) is not None or scripts.edited(other.id) is not None:
        texts = [with_values(scripts[each.id], settings) for each in (base, one, other)]
        script = three_way(*texts)
        if script is None or script in texts[1:]:
            return None
    elif settings in (dict(one.settings), dict(other.settings)):
        return None
    return Merged(settings, script)


def three_way(base: str, one: str, other: str) -> str | None:
    """A text with what both of two others changed of it, by lines; None where they changed the same place otherwise."""
    before = base.splitlines(keepends=True)
    changes = sorted({*_changes(before, one), *_changes(before, other)})
    found: list[str] = []
    at, last = 0, -1
    for start, end, lines in changes:
        if start < at or start == last:
            return None
        found += [*before[at:start], *lines]
        at, last = end, start
    return "".join([*found, *before[at:]])


def _changes(before: list[str], after: str) -> list[tuple[int, int, tuple[str, ...]]]:
    lines = after.splitlines(keepends=True)
    codes = SequenceMatcher(None, before, lines, autojunk=False).get_opcodes()
    return [(i, j, tuple(lines[k:n])) for tag, i, j, k, n in codes if tag != "equal"]
