"""What an agent may look at within a thought: experiments that it knows, whole or side by side, or all in a row."""

import re

from orgopt.agents.knowledge import Known
from orgopt.agents.thinking import results
from orgopt.agents.thinking.situation import Situation
from orgopt.agents.thinking.texts import bounded, clean

LOG = "log"
MOST = 2
"""Experiments that are shown at once."""
_MAX_SHOWN = 3_000  # characters
_ASKED = re.compile(rf"\b(?:{LOG}|\d{{1,9}})\b")


def shown(now: Situation, asked: object) -> str:
    """What an agent asked to be shown, as far as it knows of it; empty where it asked for nothing that there is.

    Args:
        now: What it knows.
        asked: Numbers of experiments, or `log`, as a text or a list.
    """
    words = list(dict.fromkeys(_ASKED.findall(str(asked).lower())))
    known = {str(one.id): one for one in now.view.knowledge.all}
    chosen = [known[word] for word in words if word in known][:MOST]
    if LOG in words:
        lines = [results.row(now, one) for one in reversed(now.view.knowledge.all)]
        return bounded(lines, _MAX_SHOWN, backwards=True)  # the latest, where there is no place for all
    parts = [_whole(now, one) for one in chosen]
    if len(chosen) > 1:
        parts.append(_beside(now, *chosen))
    return "\n\n".join(parts)[:_MAX_SHOWN]


def _whole(now: Situation, one: Known) -> str:
    """All that is known of an experiment."""
    lines = [results.row(now, one), f"its setting: {results.setting(now, one)}"]
    if note := now.work.notes.get(one.id):
        lines.append(f"why: {clean(note)}")
    if course := results.course(now, one):
        lines.append(course)
    if rewritten := results.script_lines(now, 0, one.id):
        lines.append(f"its {now.work.task.script} against the baseline's:\n{rewritten}")
    return "\n".join(lines)


def _beside(now: Situation, one: Known, other: Known) -> str:
    """What differs between two experiments."""
    moved = results.moved(one.settings, other.settings)
    gave = f"{results.evidence(now, one)} and {results.evidence(now, other)}"
    text = f"#{one.id} against #{other.id}, which gave {gave}: {', '.join(moved) or 'the same values of knobs'}"
    lines = results.script_lines(now, one.id, other.id)
    return f"{text}\n{lines}" if lines else text
