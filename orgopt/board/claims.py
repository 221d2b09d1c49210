"""Claims: what a contributor says improves a task, as data that cannot do anything by itself.

A claim is a change of the task's script, by knobs or by a text, with the metric that its contributor saw. It travels as
JSON with a signature over its canonical form: keys sorted, no spaces, UTF-8, no NaN. Two claims are copies of each
other where they change the same, however they are written. Covers claims alone; what becomes of one is
`orgopt.board.store`'s.
"""

import ast
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple, cast

from orgopt.basics.syntax import tree
from orgopt.board.keys import signed_by
from orgopt.errors import TaskError, UsageError
from orgopt.tasks.knob import Settings, Value, values_in
from orgopt.tasks.task import Task

SCRIPT_BYTES = 1 << 16
"""The longest script that is taken."""
BODY_BYTES = SCRIPT_BYTES * 2 + (1 << 14)
"""The longest request: a script in JSON, where every line end takes two characters, and all the rest."""
NAME_LENGTH, NOTE_LENGTH = 40, 500
_DEPTH = 8
"""Of brackets: a claim has three."""
_LARGEST = 1e100
"""Of numbers; NaN is no larger and no smaller than anything, and so none."""
_HEX = re.compile(r"[0-9a-f]*")
_PURPOSE = b"orgopt board claim 1\n"
"""Stands before what is signed, so that no signature of a claim is one of anything else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """What a contributor claims.

    Attributes:
        board: The id of the board, so that a claim counts nowhere else.
        key: The contributor's public key, 64 hex digits.
        name: What the contributor wants to be called; may be empty.
        settings: Values of knobs; those that are not named stay as they are. Empty where there is a script.
        script: The whole rewritten script; empty where knobs alone are turned.
        metric: The metric that steers, as the contributor saw it; lower is better.
        ledger: SHA-256 of the ledger of the run that found it, 64 hex digits; may be empty.
        note: What the contributor says about it; may be empty.
    """

    board: str
    key: str
    name: str = ""
    settings: Settings
    script: str = ""
    metric: float
    ledger: str = ""
    note: str = ""


class ScriptChange(NamedTuple):
    """What a claim changes of a task's script, and what tells it from other changes.

    Attributes:
        settings: Values of the knobs that it turns, without those that are as in the untouched script.
        script: A rewritten script; empty where it is the task's with these settings.
        digest: The same for claims that change the same; 64 hex digits.
    """

    settings: dict[str, Value]
    script: str
    digest: str


class Received(NamedTuple):
    """A claim as it came in: its canonical text, signature and digest."""

    claim: Claim
    text: str
    signature: str
    digest: str


def canonical(claim: Claim) -> str:
    """The text of a claim that is signed."""
    return _canonical(asdict(claim))


def digest(text: str) -> str:
    """SHA-256 of a canonical text, 64 hex digits."""
    return digest_of(text.encode())


def digest_of(data: bytes) -> str:
    """SHA-256 of some bytes, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def to_sign(text: str) -> bytes:
    """What a contributor signs of a claim."""
    return _PURPOSE + text.encode()


def received(body: bytes) -> Received:
    """The claim of a request.

    Args:
        body: `{"claim": …, "signature": …}` as JSON.

    Raises:
        UsageError: It is none, is too long, or is not signed by its key.
    """
    if len(body) > BODY_BYTES:
        raise UsageError(f"a claim has at most {BODY_BYTES} bytes, not {len(body)}")
    data = _parsed(body)
    signature, told = data.get("signature"), data.get("claim")
    if set(data) != {"claim", "signature"} or not isinstance(signature, str) or not isinstance(told, dict):
        raise UsageError('a request is {"claim": {…}, "signature": "…"}, and nothing else')
    claim = _claim(cast("dict[str, Any]", told))
    text = _canonical(cast("dict[str, Any]", told))
    if not signed_by(claim.key, signature, to_sign(text)):
        raise UsageError("the signature is not one of the claim's key over its canonical text")
    return Received(claim, text, signature, digest(text))


def change_of(claim: Claim, task: Task) -> ScriptChange:
    """What a claim changes.

    A script that turns knobs and nothing else is one of settings, which no code of the contributor's has a part in. Two
    scripts are the same where Python reads the same in them, comments and line ends aside.

    Raises:
        UsageError: It changes nothing, sets what is no knob, or rewrites a script that cannot be judged.
    """
    if not claim.script:
        settings = turned(task, claim.settings)
        if not settings:
            raise UsageError("the claim changes nothing: all its settings are those of the untouched script")
        return ScriptChange(settings, "", digest(_canonical({"settings": settings})))
    shape = _shape(claim.script)
    values = {name: value for name, value in values_in(claim.script).items() if name in {k.name for k in task.knobs}}
    try:
        if _shape(task.script_with(values)) == shape:
            return change_of(Claim(board=claim.board, key=claim.key, settings=values, metric=claim.metric), task)
    except TaskError:
        pass  # beyond a knob's range: a rewritten script, which may
    if task.self_reported or not (task.folder / "judge.py").is_file():
        raise UsageError(
            f"{task.name} takes settings of knobs alone: nothing here could judge a rewritten script, which would be "
            "taken at its own word"
        )
    return ScriptChange({}, claim.script, digest(_canonical({"script": shape})))


def turned(task: Task, settings: Settings) -> dict[str, Value]:
    """The values that settings change, each of its knob's own type.

    Raises:
        UsageError: What is set is no knob, or its value is out of range.
    """
    try:
        full = task.complete(settings)
    except (TaskError, TypeError) as error:
        raise UsageError(str(error)) from None
    found: dict[str, Value] = {}
    for knob in task.knobs:
        value = full[knob.name]
        if not knob.choices and not isinstance(value, str):
            value = int(value) if knob.integer else float(value)
        if value != knob.default:
            found[knob.name] = value
    return found


def _claim(told: Mapping[str, Any]) -> Claim:
    """A claim from its JSON, every part of it looked at."""
    missing = {"board", "key", "settings", "metric"} - set(told)
    unknown = set(told) - {"board", "key", "name", "settings", "script", "metric", "ledger", "note"}
    if missing or unknown:
        raise UsageError(f"a claim has {', '.join(sorted(missing))}" if missing else "a claim has a key that is none")
    texts = {name: told.get(name, "") for name in ("board", "key", "name", "script", "ledger", "note")}
    if not all(isinstance(text, str) and _is_text(text) for text in texts.values()):
        raise UsageError("board, key, name, script, ledger and note of a claim are texts that UTF-8 has, without NUL")
    if len(texts["name"]) > NAME_LENGTH or len(texts["note"]) > NOTE_LENGTH:
        raise UsageError(f"a name has at most {NAME_LENGTH} letters, and a note {NOTE_LENGTH}")
    if len(texts["script"].encode()) > SCRIPT_BYTES:
        raise UsageError(f"a script has at most {SCRIPT_BYTES} bytes")
    if not _is_hex(texts["key"], 64) or (texts["ledger"] and not _is_hex(texts["ledger"], 64)):
        raise UsageError("key and ledger of a claim are 64 hex digits, of a public key and of a SHA-256")
    metric = told["metric"]
    if not _is_number(metric):
        raise UsageError("the metric of a claim is a finite number")
    settings = _settings(told["settings"])
    if settings and texts["script"]:
        raise UsageError("a claim has settings or a script, and not both: a script says its own settings")
    return Claim(settings=settings, metric=float(metric), **texts)


def _settings(told: object) -> dict[str, Value]:
    if not isinstance(told, dict):
        raise UsageError("settings of a claim are an object of knobs and their values")
    settings = cast("dict[str, Any]", told)
    for name, value in settings.items():
        words = isinstance(value, str) and _is_text(value) and len(value) <= NOTE_LENGTH
        if not _is_text(name) or not (words or _is_number(value)):
            raise UsageError(f"the value of {name[:NAME_LENGTH]!r} is no number and no short text")
    return settings


def _parsed(body: bytes) -> dict[str, Any]:
    """The JSON object of a request, which is not nested deeply and has no key twice."""
    try:
        text = body.decode()
        if _deepest(text) > _DEPTH:
            raise UsageError("brackets in brackets without end")
        data: object = json.loads(text, parse_constant=_refuse, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        raise UsageError("the request is no JSON object in UTF-8, or has a key twice") from None
    if not isinstance(data, dict):
        raise UsageError("the request is no JSON object")
    return cast("dict[str, Any]", data)


def _deepest(text: str) -> int:
    """How deep brackets are nested at most; those in texts count along with the others, one at a time."""
    depth = deepest = 0
    for part in re.finditer(r'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', text, re.DOTALL):
        depth += (part[0] in "[{") - (part[0] in "]}")
        deepest = max(deepest, depth)
    return deepest


def _refuse(name: str) -> None:
    raise ValueError(name)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("twice")
    return dict(pairs)


def _canonical(data: Mapping[str, Any]) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def _shape(script: str) -> str:
    """What Python reads in a script; the text itself where that is no Python."""
    try:
        return ast.dump(tree(script))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return script


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and -_LARGEST <= value <= _LARGEST


def _is_text(text: str) -> bool:
    try:
        return "\0" not in text and bool(text.encode() or True)
    except UnicodeEncodeError:
        return False


def _is_hex(text: str, digits: int) -> bool:
    return len(text) == digits and bool(_HEX.fullmatch(text))
