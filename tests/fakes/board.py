"""A board in a test: its task, a lab in which nothing runs, contributors and verifiers."""

import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np

from orgopt.board.claims import Claim, canonical, change_of, received, to_sign
from orgopt.board.keys import Key
from orgopt.board.records import ClaimRecord
from orgopt.board.store import ClaimStore
from orgopt.board.terms import new_terms
from orgopt.board.verification import Verifier
from orgopt.lab.base import Experiment, Outcome, Status
from orgopt.tasks.task import Task
from orgopt.testing.toy_task import toy_task as load_toy

toy_task = cache(load_toy)

Answer = tuple[float, float] | Status
NOW = 1_800_000_000.0


def parabola(one: Experiment) -> Answer:
    """The toy task's metrics: noise of .01 on the split that steers, half of it on the other."""
    loss = (float(one.settings.get("X", 0.0)) - 0.7) ** 2 + (float(one.settings.get("Y", 0.3)) - 0.2) ** 2
    rng = np.random.default_rng([one.seed, round(1e6 * loss)])
    return loss + float(rng.normal(0, 0.01)), loss + float(rng.normal(0, 0.005))


class InstantLab:
    """A Lab in which every run ends at once."""

    def __init__(self, task: Task, answer: Callable[[Experiment], Answer] = parabola, seconds: float = 0.0) -> None:
        self.task, self.answer, self.seconds = task, answer, seconds
        self.slots, self.virtual, self.takes_scripts = 4, True, True
        self.data_digest, self.stamp = "", {"lab": "instant"}
        self.ran: list[Experiment] = []
        self.queue: list[Experiment] = []

    def truth(self, settings):
        return None

    def reset(self) -> None:
        self.queue = []

    def now(self) -> float:
        return 0.0

    def submit(self, experiment: Experiment) -> None:
        self.queue.append(experiment)

    def wait(self, until: float) -> list[Outcome]:
        ended, self.queue = [self._outcome(one) for one in self.queue], []
        return ended

    def _outcome(self, one: Experiment) -> Outcome:
        self.ran.append(one)
        time.sleep(self.seconds)
        answer = self.answer(one)
        status = answer if isinstance(answer, Status) else Status.OK
        metric, heldout = (None, None) if isinstance(answer, Status) else answer
        return Outcome(id=one.id, status=status, started=0, ended=1, metric=metric, heldout=heldout, error="no reason")

    def kill(self, experiment: int) -> None:
        raise NotImplementedError

    def stop(self) -> list[Outcome]:
        return []

    def close(self) -> None:
        pass


@cache
def person(number: int = 0) -> Key:
    return Key(number.to_bytes(32))


def board(folder: Path, task: Task | None = None, **terms) -> ClaimStore:
    task = task or toy_task()
    return ClaimStore.made(f"sqlite:///{folder}/board.db", new_terms(task, made=NOW, **terms))


def claim(store: ClaimStore, key: Key, settings=None, **more) -> Claim:
    """A claim whose stated metric is what the toy task has."""
    settings = {} if settings is None else settings
    x, y = float(settings.get("X", 0.0)), float(settings.get("Y", 0.3))
    loss = (x - 0.7) ** 2 + (y - 0.2) ** 2
    return Claim(**{"board": store.terms.id, "key": key.public, "settings": settings, "metric": loss, **more})


def signed(one: Claim, key: Key) -> bytes:
    text = canonical(one)
    return json.dumps({"claim": json.loads(text), "signature": key.sign(to_sign(text))}).encode()


def send(store: ClaimStore, settings=None, who: int = 0, address: str = "a", now: float = NOW, **more) -> ClaimRecord:
    """A claim that arrives."""
    key = person(who)
    told = received(signed(claim(store, key, settings, **more), key))
    return store.submit(told, change_of(told.claim, more.pop("task", None) or toy_task()), address, now)[0]


def verifier(store: ClaimStore, answer: Callable[[Experiment], Answer] = parabola, clock: float = NOW) -> Verifier:
    task = toy_task()
    return Verifier(store, task, InstantLab(task, answer), lambda: clock)


def decide(
    store: ClaimStore, answer: Callable[[Experiment], Answer] = parabola, clock: float = NOW
) -> list[ClaimRecord]:
    """Decide all that waits."""
    one, found = verifier(store, answer, clock), []
    while (entry := one.next()) is not None:
        found.append(entry)
    return found


def contested(url: str, claims: int = 8, verifiers: int = 3) -> list[ClaimRecord]:
    """What becomes of claims of which several verifiers decide some each, at once."""
    store = ClaimStore.made(url, new_terms(toy_task(), made=NOW))
    for k in range(claims):
        send(store, {"X": 0.05 * (k % 4 + 1), "SCALE": 1.0 + k / 100}, who=k, address=str(k))

    def work(_: int) -> int:
        own = ClaimStore(url)
        done = len(decide(own))
        own.close()
        return done

    with ThreadPoolExecutor(verifiers) as threads:
        list(threads.map(work, range(verifiers)))
    found = store.entries(100)
    store.close()
    return found
