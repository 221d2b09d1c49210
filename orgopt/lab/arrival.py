"""Whether the values of knobs arrive: a run of a script in which all are moved, and that looks for them as it runs.

The script runs as it is. Beside it a thread looks, some times a second, into the variables of the functions at work and
what they hold, and at the end into everything that is left, for each knob by its name and its value.
"""

import ast
import json
import re
from collections.abc import Iterable, Mapping, Sequence

from orgopt.foreign import KNOBS_FILE
from orgopt.tasks.knob import Knob, Value
from orgopt.tasks.task import Task

_SIGN = "orgopt-arrived:"
_FOUND = re.compile(rf"^{_SIGN} (\[.*\])\s*$", re.MULTILINE)
_WATCH = """
def _orgopt_watch(wanted):
    import gc, sys, threading, time
    left, seen = dict(wanted), set()
    def same(value, other):
        value = getattr(value, "_val", value)
        try:
            return type(value) in (int, float, str, bool) and (value == other or str(value) == str(other))
        except Exception:
            return False
    def names(name):
        return [knob for knob, (own, _) in left.items() if own == name]
    def look(key, value):
        if isinstance(key, str):
            for knob in names(key.lstrip("-").replace("-", "_").lower()):
                if same(value, left[knob][1]):
                    seen.add(knob)
            if isinstance(value, (tuple, list)) and len(value) < 9:
                for k, part in enumerate(value):
                    look("%s_%d" % (key, k), part)
    def inside(start):
        waiting, known = [(start, 0)], set()
        while waiting and len(known) < 400:
            one, depth = waiting.pop()
            if id(one) in known:
                continue
            known.add(id(one))
            pairs = one if isinstance(one, dict) else getattr(one, "__dict__", None)
            if not isinstance(pairs, dict):
                slots = getattr(type(one), "__slots__", ())
                slots = (slots,) if isinstance(slots, str) else slots
                pairs = {name: getattr(one, name, None) for name in slots if isinstance(name, str)}
            for key, value in list(pairs.items())[:300]:
                look(key, value)
                if depth < 3 and not isinstance(value, (int, float, str, bytes, type(sys))) and value is not None:
                    if isinstance(value, dict) or type(value).__module__ not in ("numpy", "torch", "builtins"):
                        waiting.append((value, depth + 1))
    def frames():
        me = threading.get_ident()
        for number, frame in list(sys._current_frames().items()):
            while frame is not None and number != me:
                if "_orgopt_watch" not in frame.f_code.co_name:
                    inside(dict(frame.f_locals))
                frame = frame.f_back
    def every():
        pause = 0.002
        while True:
            try:
                frames()
            except Exception:
                pass
            time.sleep(pause)
            pause = min(0.25, pause * 1.3)
    try:
        import argparse
        parse = argparse.ArgumentParser.parse_known_args
        def parsed(self, *args, **words):
            found = parse(self, *args, **words)
            inside(found[0])
            return found
        argparse.ArgumentParser.parse_known_args = parsed
    except Exception:
        pass
    threading.Thread(target=every, daemon=True).start()
    def end(space):
        inside(space)
        try:
            frames()
            for one in gc.get_objects()[:200000]:
                if isinstance(one, dict):
                    for key in list(one)[:300]:
                        look(key, one.get(key)) if isinstance(key, str) else None
                elif isinstance(one, type):
                    for key, value in list(vars(one).items())[:200]:
                        look(key, value)
        except Exception:
            pass
        print("\\n%s %s" % (_ORGOPT_SIGN, __import__("json").dumps(sorted(seen))), flush=True)
    return end
"""


def watched(task: Task, script: str, values: Mapping[str, Value]) -> str:
    """A script that looks for the values of its knobs while it runs.

    Args:
        task: A checkout with a script in Python.
        script: The script with these values in it.
        values: By knob.
    """
    names = own_names(task)
    wanted = {knob: (names[knob], value) for knob, value in values.items()}
    lines = [line for line in script.split("\n") if re.match(r"[A-Z][A-Z0-9_]*\s*=.*#\s*knob:", line)]
    return "\n".join(
        [
            *lines,  # files get their values from these
            f"_ORGOPT_SIGN = {_SIGN!r}",
            _WATCH,
            f"_orgopt_end = _orgopt_watch({wanted!r})",
            "try:",
            f"    exec(compile({script!r}, __file__, 'exec'), globals())",
            "finally:",
            "    _orgopt_end(globals())",
            "",
        ]
    )


def own_names(task: Task) -> dict[str, str]:
    """What the files call each knob, in lower case as it is looked for: `optimizer.lr` is `lr`."""
    found = {knob.name: knob.name.lower() for knob in task.knobs}
    for line in task.source.split("\n"):
        if match := re.match(r"([A-Z][A-Z0-9_]*)\s*=.*#\s*knob:[^#]*#\s+\S+:\d+ (\S+)\s*$", line):
            parts = match[2].split(".")
            # Of a list in a file, `betas.0` is `betas_0`.
            own = f"{parts[-2]}_{parts[-1]}" if parts[-1].isdigit() and len(parts) > 1 else parts[-1]
            found[match[1]] = own.lstrip("-").replace("-", "_").lower()
    return found


def arrived(output: str) -> set[str]:
    """The knobs that a watched script found, by what it printed."""
    found = _FOUND.findall(output)
    return set(json.loads(found[-1])) if found else set()


def moved(knobs: Sequence[Knob]) -> dict[str, Value]:
    """Another value for each knob, on the side that takes less time where it counts things."""
    return {knob.name: _other(knob) for knob in knobs}


def _other(knob: Knob) -> Value:
    for unit in (0.21, 0.37, 0.6, 0.83, 0.05, 0.95):
        value = knob.at(unit)
        if value != knob.default:
            return value
    return knob.default


def is_python(task: Task) -> bool:
    """Whether a task's script is Python, so that it can be watched."""
    if task.script == KNOBS_FILE:
        return False
    try:
        ast.parse(task.source)
    except (SyntaxError, ValueError):
        return False
    return True


def plain(output: str, but: Iterable[str] = ()) -> list[str]:
    """The lines of an output without what differs by itself: times, speeds, addresses and the lines that `but` has."""
    text = re.sub(r"0x[0-9a-f]+", "0x", output)
    lines = re.sub(r"\d+(\.\d+)?\s*(s|ms|us|sec|seconds|min|it/s|MB|GB)\b", "#", text).splitlines()
    gone = set(but)
    return [line for line in lines if line not in gone and not line.startswith(_SIGN)]
