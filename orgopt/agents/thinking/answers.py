"""Answers of language models, kept so that a recorded run can be repeated for free.

An answer is found by what was asked: the digest of the asker, the model and the whole request. The same question asked
twice has two answers, in their order.
"""

import hashlib
import json
import threading
from collections import defaultdict, deque
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from orgopt.storage.jsonl import JsonLog, damaged, read_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a call gave.

    Attributes:
        text: What the model said; empty when the call failed.
        input_tokens, output_tokens: As the provider counts them, or estimated where it does not tell.
        usd: What they cost.
        seconds: From the first attempt to the end, pauses included.
        attempts: How often it was tried.
        failure: Why it was given up, one of `Failure`; empty when there is an answer.
        error: What the provider said to that, without secrets.
        cached_tokens: Input tokens that the provider had in its cache, as far as it tells.
        finish: `length` where it ended at the most tokens of an answer; empty else, and of older versions.
    """

    text: str
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    seconds: float = 0.0
    attempts: int = 1
    failure: str = ""
    error: str = ""
    finish: str = ""
    cached_tokens: int = 0


MAX_KEPT_BYTES = 64 * 1024**2
"""Size of the record of a run: the answers after it are not kept, and are asked for again by who repeats the run."""


class Answers:
    """The answers of a run, those of before first.

    Args:
        path: Where they are kept and read from; None keeps none.
        forget: Failures of before that are asked about anew, such as those of a limit that was raised since; the record
            loses them.
    """

    def __init__(self, path: Path | None = None, forget: Collection[str] = ()) -> None:
        self._known: defaultdict[str, deque[Answer]] = defaultdict(deque)
        found = list(read_answers(path)) if path else []
        kept = [(key, answer) for key, answer in found if answer.failure not in forget]
        if path and len(kept) < len(found):
            _rewrite(path, kept)
        for key, answer in kept:
            self._known[key].append(answer)
        self._log = JsonLog(path) if path else None
        self._left = MAX_KEPT_BYTES - path.stat().st_size if path else 0
        self._lock = threading.Lock()

    def take(self, key: str) -> Answer | None:
        """The next recorded answer to a question; None when there is none."""
        with self._lock:
            known = self._known.get(key)
            return known.popleft() if known else None

    def put(self, key: str, answer: Answer) -> None:
        """Keep a new answer."""
        if self._log:
            with self._lock:
                self._left -= len(answer.text.encode("utf-8", "replace"))
                if self._left > 0:
                    self._log.append({"key": key, **asdict(answer)}, sync=False)

    def close(self) -> None:
        if self._log:
            self._log.close()


def _rewrite(path: Path, kept: Iterable[tuple[str, Answer]]) -> None:
    """Put another record in the place of one, all at once."""
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    log = JsonLog(new)
    for key, answer in kept:
        log.append({"key": key, **asdict(answer)}, sync=False)
    log.close()
    new.replace(path)


def read_answers(path: Path) -> Iterator[tuple[str, Answer]]:
    """The answers that are kept in a log, with the digests of their questions.

    Raises:
        StoreError: It is damaged.
    """
    records = read_lines(path)
    for number, record in enumerate(records, 1):
        try:
            yield record.pop("key"), Answer(**record)
        except (KeyError, TypeError) as error:
            raise damaged(str(path), number, len(records), f"no answer of a model ({error})") from None


def key_of(asker: str, model: str, request: Mapping[str, Any]) -> str:
    """The digest of a question, 24 hex digits."""
    text = json.dumps([asker, model, request], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:24]
