"""The `task.toml` of a checkout that nobody has described, with what is unsure as commented lines."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from orgopt.foreign.checkout import KNOBS_FILE
from orgopt.foreign.results.steering import Steering
from orgopt.foreign.results.tables import TRACKED
from orgopt.foreign.survey import Survey

_HEAD = """\
# What `orgopt init` found here. Change what is wrong; `orgopt task FOLDER --check` tries it out.
# All keys: docs/how-to/your-own-script.md
"""
_MOST_OTHERS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a person said of a checkout, or what was found, where nobody was asked.

    Attributes:
        metric: The name of the metric; empty where nothing is known.
        up: Whether more of it is better; None where nothing is known.
        leave: Knobs that are left as they are, and why.
        preload: Modules that are imported once for all experiments.
    """

    metric: str = ""
    up: bool | None = None
    leave: dict[str, str] | None = None
    preload: tuple[str, ...] = ()


def draft(found: Survey, answers: Answers) -> str:
    """The text of a `task.toml`."""
    lines = [_HEAD, 'kind = "script"']
    script = found.parts.script.name
    said = f"  # {found.entry.said}" if found.entry.said else ""
    lines.append(f"run = {_text(found.entry.shell)}{said}")
    lines += [f"script = {_text(script)}"] if script != KNOBS_FILE else []
    lines += [f"# script = {_text(name)}  # could be meant, too" for name in found.entry.others]
    lines += [f"# The script needs {name}: write it into run." for name in found.lacks]
    if found.entry.knobs:
        lines += ['knobs = """', *found.entry.knobs.splitlines(), '"""']
    used = [name for name in found.files if any(target.file == name for target in found.marked.targets)]
    lines += [f"files = {json.dumps(used, ensure_ascii=False)}  # with settings, beside the script"] if used else []
    lines += _metric(found.steering, answers)
    lines += [f"python = {_text(found.python)}"] if found.python else []
    lines += (
        [f"preload = {json.dumps(list(answers.preload))}  # imported once, for all experiments"]
        if answers.preload
        else []
    )
    leave = answers.leave or {}
    lines += [f"# {name} is left as it is: {why}" for name, why in leave.items()]
    lines.append(
        f"leave = {json.dumps(list(leave))}" if leave else '# leave = ["NAME"]  # knobs that shall stay as they are'
    )
    return "\n".join(lines) + "\n"


def _metric(found: Steering | None, answers: Answers) -> list[str]:
    """The lines of the metric; what is not known is a commented line that says what to decide."""
    if found is None and not answers.metric:
        return [
            "# Decide: which number steers? None was found in what the scripts print.",
            '# metric = "val_loss"',
            '# direction = "down"  # or "up"',
            "# pattern = 'val loss: ([0-9.]+)'  # where it does not stand in a line of its own, as val_loss: 0.5",
            '# metric_file = "metrics.json"  # where it is written to a file; metric_key names it there',
        ]
    name = answers.metric or (found.shown.name if found else "")
    lines = [f"metric = {_text(name)}" + (f"  # {found.why}" if found and name == found.shown.name else "")]
    if found and found.test and name == found.shown.name:
        lines.append(
            "# It is measured on test data: agents will fit them, and only other data can confirm what they find."
        )
    if found and found.on_test and not found.test and name == found.shown.name:
        lines.append("# It is computed from what the script calls test data: agents will fit them.")
    if found and found.test and not answers.metric:
        way = {True: "up", False: "down", None: "down"}[found.up]
        shown = found.shown
        return [
            f"# Decide: {name} is measured on test data, which agents would fit; no other was found. Show a metric",
            "# of validation data, or, if test data are what is to steer, take the # from these lines.",
            f"# metric = {_text(name)}",
            f"# direction = {_text(way)}",
            *([f"# pattern = {_raw(shown.pattern)}"] if shown.pattern else []),
            *([f"# metric_file = {_text(shown.file)}"] if shown.file else []),
            *([f"# metric_key = {_text(shown.key)}"] if shown.key else []),
        ]
    if answers.up is None:
        lines += [f"# Decide: is less {name} better, or more?", '# direction = "down"  # or "up"']
    else:
        lines.append(f"direction = {_text('up' if answers.up else 'down')}")
    shown = found.of(name) if found else None
    if found and shown:
        lines += [f"pattern = {_raw(shown.pattern)}"] if shown.pattern else []
        tracked = "  # what the script sends to a tracker alone (W&B, MLflow, TensorBoard) is kept here"
        lines += [f"metric_file = {_text(shown.file)}{tracked * (shown.file == TRACKED)}"] if shown.file else []
        lines += [f"metric_key = {_text(shown.key)}"] if shown.key else []
        others = [other for other in (found.shown.name, *found.others) if other != name]
        lines += [f"# metric = {_text(other)}  # is shown, too" for other in others[:_MOST_OTHERS]]
    return lines


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _raw(value: str) -> str:
    """A text of TOML in which a backslash is one."""
    return f"'{value}'" if "'" not in value else f"'''{value}'''"


def sentences(found: Survey) -> Sequence[tuple[str, str]]:
    """What was found, as a person reads it: what, and where or why."""
    steers = found.steering
    way = {True: "more is better", False: "less is better", None: "in which direction is not known"}
    said: list[tuple[str, str]] = [
        ("runs by", found.entry.shell + (f"  ({found.entry.said})" if found.entry.said else ""))
    ]
    if steers and steers.test:
        said.append(("steered by", f"nothing yet: {steers.shown.name} is measured on test data  ({steers.why})"))
    elif steers:
        on_test = ", computed from what the script calls test data" * steers.on_test
        said.append(("steered by", f"{steers.shown.name}, {way[steers.up]}{on_test}  ({steers.why})"))
    used = {target.file for target in found.marked.targets}
    where = ", ".join([found.parts.script.name] * (found.parts.script.name != KNOBS_FILE) + sorted(used))
    said.append(("knobs", f"{len(found.knobs)} in {where}" if found.knobs else "none"))
    if found.marked.fixed:
        names = ", ".join(f"{name} ({why})" for name, why in list(found.marked.fixed.items())[:6])
        said.append(("left as they are", names))
    if found.times.said:
        said.append(("time", f"the files give an experiment {found.times.run_s:g} s"))
    said += [("data", f"{folder}, outside of the folder") for folder in found.data]
    said += [("python", found.python)] if found.python else []
    return said
