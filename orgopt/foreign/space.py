"""Search spaces of other tools: Hydra's sweeps, Optuna's distributions and `suggest_…` calls, and sweeps of W&B."""

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from orgopt.errors import TaskError
from orgopt.foreign.sites.python_text import called, calls, constant, values_of, words_of
from orgopt.foreign.source import parsed
from orgopt.tasks.knob import Value

_CALL = re.compile(r"\s*(?P<kind>\w+)\((?P<inner>.*)\)\s*$", re.DOTALL)
_LIKE = "Hydra's sweeper params, Optuna's distributions or suggest_… calls, or a W&B sweep"


def named_space(path: Path) -> dict[str, str]:
    """The ranges that a file has, as knobs' comments say them, by the names of their parameters.

    Raises:
        TaskError: It cannot be read, or has no such ranges.
    """
    try:
        if path.suffix == ".py":
            found = dict(_suggested(parsed(path)))
        else:
            import yaml

            found = _tables(yaml.safe_load(path.read_text("utf-8")))
    except OSError as error:
        raise TaskError(f"{path}: {error.strerror}") from None
    except Exception as error:
        if isinstance(error, TaskError):
            raise
        raise TaskError(f"{path} cannot be read as a search space: {error}") from None
    if not found:
        raise TaskError(f"{path} has no search space that is understood: {_LIKE}")
    return found


def _tables(data: Any) -> dict[str, str]:
    """The ranges in the tables of a file of YAML or JSON."""
    if not isinstance(data, dict):
        return {}
    table = cast("dict[str, Any]", data)
    sweeper = _at(table, "hydra", "sweeper")
    params = (
        _at(sweeper, "params") or _at(sweeper, "search_space") or _at(table, "params") or _at(table, "search_space")
    )
    params = params or _at(table, "parameters") or table
    found = {name: spec for name, value in params.items() if (spec := _range(value))}
    return found or {name: spec for inner in params.values() for name, spec in _tables(inner).items()}


def _at(table: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    for key in keys:
        inner = table.get(key)
        table = cast("dict[str, Any]", inner) if isinstance(inner, dict) else {}
    return dict(table)


def _range(value: Any) -> str:
    """One range: a text of Hydra's, a list, a distribution of Optuna's, or a parameter of W&B's."""
    if isinstance(value, str):
        return _hydra(value)
    if isinstance(value, list):
        return _choice(cast("list[Any]", value))
    if not isinstance(value, dict):
        return ""
    table = cast("dict[str, Any]", value)
    attributes = _at(table, "attributes") or table
    name = str(table.get("name", table.get("type", table.get("distribution", "")))).lower()
    options = attributes.get("choices", attributes.get("values"))
    if isinstance(options, list):
        return _choice(cast("list[Any]", options))
    low, high = (attributes.get(long, attributes.get(short)) for long, short in (("low", "min"), ("high", "max")))
    if not isinstance(low, int | float) or not isinstance(high, int | float):
        return ""
    whole = "int" in name or (isinstance(low, int) and isinstance(high, int) and "float" not in name)
    return _ends(low, high, log=bool(attributes.get("log")) or "log" in name, whole=whole)


def _hydra(text: str) -> str:
    """`interval(1e-4, 1e-1)`, `tag(log, interval(…))`, `range(1, 5)`, `choice(a, b)`, `int(interval(…))`, `a,b,c`."""
    match = _CALL.match(text)
    if match is None:
        return _choice([part.strip() for part in text.split(",")]) if "," in text else ""
    kind, inner = match["kind"], match["inner"]
    if kind in {"tag", "int", "float", "sort", "shuffle", "cast", "log"}:
        tagged = kind == "tag"
        spec = _hydra(inner.partition(",")[2] if tagged else inner)
        log = (tagged and inner.partition(",")[0].strip() == "log") or kind == "log"
        words = spec.removeprefix("log ").removeprefix("int ")
        return f"{'log ' * (log or spec.startswith('log '))}{'int ' * ('int ' in spec or kind == 'int')}{words}"
    parts = [part.split("=")[-1].strip() for part in inner.split(",")]
    if kind == "choice":
        return _choice(parts)
    if kind not in {"interval", "range"} or len(parts) < 2:
        return ""
    low, high = float(parts[0]), float(parts[1])
    return _ends(low, high - (kind == "range" and high % 1 == 0), log=False, whole=kind == "range")


def _choice(values: list[Any]) -> str:
    texts = [str(value) for value in values if isinstance(value, int | float | str)]
    safe = len(texts) == len(values) > 1 and not any("|" in text or "#" in text or "," in text for text in texts)
    return f"one of {'|'.join(texts)}" if safe else ""


def _ends(low: float, high: float, *, log: bool, whole: bool) -> str:
    if low >= high or (log and low <= 0):
        return ""
    if whole:
        return f"{'log ' * log}int {int(low)}..{int(high)}"
    return f"{'log ' * log}{low:g}..{high:g}"


def widened(spec: str, value: Value) -> str:
    """A range as far as an untouched value, which a search begins with; as it is where the value lies in it."""
    if options := re.fullmatch(r"one of (.+)", spec):
        listed = options[1].split("|")
        return spec if str(value) in listed else f"one of {'|'.join([str(value), *listed])}"
    ends = re.fullmatch(r"(?P<kind>(?:log )?(?:int )?)(?P<low>[-+.\de]+)\.\.(?P<high>[-+.\de]+)", spec)
    if ends is None or isinstance(value, str | bool):
        return spec
    low, high = float(ends["low"]), float(ends["high"])
    if low <= value <= high or ("log" in ends["kind"] and value <= 0):
        return spec
    return f"{ends['kind']}{min(low, value):g}..{max(high, value):g}"


def _suggested(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """What a script asks an Optuna trial for: `trial.suggest_float("lr", 1e-5, 1e-1, log=True)`."""
    for call in calls(tree):
        kind = called(call.func).rsplit(".", 1)[-1]
        if not kind.startswith("suggest_") or not call.args:
            continue
        name, words = constant(call.args[0]), words_of(call)
        ends = [constant(one) for one in call.args[1:3]]
        ends += [constant(words[key]) for key in ("low", "high") if key in words]
        options = call.args[1] if len(call.args) > 1 else words.get("choices")
        spec = ""
        if kind == "suggest_categorical":
            spec = _choice(list(values_of(options)))
        elif len(ends) == 2 and all(isinstance(end, int | float) for end in ends):
            log = "loguniform" in kind or ("log" in words and constant(words["log"]) is True)
            low, high = (cast("float", end) for end in ends)
            spec = _ends(low, high, log=log, whole=kind == "suggest_int")
        if isinstance(name, str) and spec:
            yield name, spec
