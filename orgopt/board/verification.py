"""Verification: a claim's script runs beside the best so far on seeds that nobody knew, until its test has an answer.

The runs are those of any lab of orgopt, so that a script which a stranger wrote is held by the sandbox and judged
outside of it. A round is one seed for the claim, the best so far and, in the first rounds, the untouched script. What
the rounds say is `orgopt.board.sequential_test`'s, what the held-out split may add `orgopt.board.ladder`'s, who is
verified twice `orgopt.board.standing`'s; the order in which that is asked is here.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from statistics import fmean

import numpy as np

from orgopt.board import standing
from orgopt.board.drawn_seeds import chance
from orgopt.board.ladder import Ladder
from orgopt.board.records import BASELINE, ClaimRecord, ClaimStatus, Round, VerificationResult, Work
from orgopt.board.sequential_test import BATCH, BOUND, SequentialResult, level, log_evidence, verdict
from orgopt.board.store import ClaimStore
from orgopt.errors import LabError
from orgopt.lab.base import Experiment, Lab, Outcome, Status
from orgopt.scoring.calibration import train_all
from orgopt.scoring.gain_evidence import ahead
from orgopt.scoring.samples import spread_of
from orgopt.seeds import Stream, generator
from orgopt.tasks.normalisation import varies
from orgopt.tasks.task import Task

BASELINE_ROUNDS = 8
"""Rounds in which the untouched script runs as well, so that a board can say how far it has come."""
RECHECK = 1000
"""Added to the number of a round of a second verification: it has seeds of its own."""
_LEASE_S = 60.0

Clock = Callable[[], float]
"""Seconds since 1970."""


class Verifier:
    """Decides claims of a board, one at a time.

    Args:
        store: The board.
        task: Its task.
        lab: Where scripts run; it is the caller's.
        clock: Decides nothing but when others may go on with a claim of this verifier.

    Example:
        while (decided := Verifier(store, task, lab, time.time).next()) is not None:
            print(decided.id, decided.status)
    """

    def __init__(self, store: ClaimStore, task: Task, lab: Lab, clock: Clock) -> None:
        self._store, self._task, self._lab, self._clock = store, task, lab, clock
        self._scale = store.terms.scale
        self._lease_s = _LEASE_S + 2 * task.limit_s * math.ceil(3 * BATCH / (1 if task.timed else lab.slots))

    def next(self) -> ClaimRecord | None:
        """Decide the next claim; None where none waits.

        Raises:
            LabError: The lab broke: the claim is decided by whoever goes on with it.
            orgopt.board.store.LeaseLostError: Another verifier went on with it.
        """
        work = self._store.take(self._clock(), self._lease_s)
        if work is None:
            return None
        try:
            return self._store.settle(work, self._found(work), self._clock())
        except KeyboardInterrupt:
            self._store.give_back(work, self._clock())
            raise

    def _found(self, work: Work) -> VerificationResult:
        if work.entry.script and not self._lab.takes_scripts:
            raise LabError(f"claim {work.entry.id} has a rewritten script, which this lab cannot run: use --lab local")
        alpha = level(work.test, self._store.terms.family)
        rounds: list[Round] = []
        said = SequentialResult.OPEN
        while said is SequentialResult.OPEN:
            rounds += self._run(work, range(len(rounds), len(rounds) + BATCH))
            if cheated := next((one.tampered for one in rounds if one.tampered), ""):
                return self._ends(work, ClaimStatus.TAMPERED, cheated, rounds)
            if work.entry.script and not varies([one.own for one in rounds if one.own is not None]):
                why = "its script gives the same with every seed: whether that is luck, no seed can tell"
                return self._ends(work, ClaimStatus.SAME_ALWAYS, why, rounds)
            said = verdict(self.gains(rounds), self._scale, alpha)
        if said is not SequentialResult.BETTER:
            return self._ends(work, ClaimStatus.NOT_SHOWN, _not_shown(rounds), rounds)
        again: list[Round] = []
        if chance(work.secret, work.entry.digest) < standing.recheck_chance(work.held):
            again = self._run(work, range(RECHECK, RECHECK + standing.RECHECK_ROUNDS))
            if not fmean(self.gains(again)) > 0:
                return self._ends(work, ClaimStatus.NOT_REPEATED, "a second verification found no gain", rounds, again)
        climbed = self._climbed([*rounds, *again])
        if not climbed:
            why = "it is better, and by less than a step"
            if self._store.terms.holds_out:
                why = "it is better on the split that steers, and not by a step on the held-out one"
            return self._ends(work, ClaimStatus.NOT_HELD, why, rounds, again)
        return self._ends(work, ClaimStatus.ACCEPTED, "", rounds, again, climbed)

    def gains(self, rounds: Iterable[Round]) -> list[float]:
        """By how much the claim was better in each round; a failed run of its own is as far behind as counts."""
        return [self._gain(one.best, one.own) for one in rounds]

    def _gain(self, before: float | None, own: float | None) -> float:
        return gain_of(before, own, self._scale, by_ratio=self._store.terms.by_ratio)

    def _climbed(self, rounds: Sequence[Round]) -> int:
        """How many steps of the held-out ladder a claim is above the best."""
        pairs = [(one.best_heldout, one.own_heldout) for one in rounds if one.own_heldout is not None]
        gains = [self._gain(best, own) for best, own in pairs if best is not None]
        now = Ladder(step=self._store.terms.step)
        climbed = now.look(fmean(gains)) if gains else None
        return climbed.steps if climbed else 0

    def _run(self, work: Work, numbers: range) -> list[Round]:
        """Rounds of a test; those that an earlier verifier kept are not run again."""
        kept = self._store.rounds(work)
        missing = [number for number in numbers if number not in kept]
        if missing:
            found = self._trained(work, missing)
            self._store.keep(work, found, self._clock(), self._lease_s)
            kept |= found
        return [kept[number] for number in numbers]

    def _trained(self, work: Work, numbers: Sequence[int]) -> dict[int, Round]:
        jobs = [(number, who) for number in numbers for who in self._members(work, number)]
        experiments = [self._experiment(work, at, number, who) for at, (number, who) in enumerate(jobs, 1)]
        # What is timed has the machine for itself.
        turns = [[one] for one in experiments] if self._task.timed else [experiments]
        outcomes: list[Outcome] = []
        for turn in turns:
            outcomes += train_all(self._lab, turn, self._task.limit_s)
            if self._task.timed:
                self._store.keep(work, {}, self._clock(), self._lease_s)
        if lost := next((one for one in outcomes if one.status is Status.INFRA), None):
            raise LabError(f"the lab lost a run of claim {work.entry.id}: {lost.error}")
        told = dict(zip(jobs, outcomes, strict=True))
        best = BASELINE if work.best is None else work.best.id
        if all(told[number, best].status is Status.TIMEOUT for number in numbers):
            # It ran within its limit before; so this says something of the machine, and nothing of the claim.
            raise LabError(
                f"all runs of what claim {work.entry.id} is tested beside took longer than {self._task.limit_s:g} s: "
                "this machine is too busy or too slow to decide claims. Use fewer --slots, or wait until it is free"
            )
        return {number: self._round(work, number, told) for number in numbers}

    def _members(self, work: Work, number: int) -> list[int]:
        """Who runs in a round, in an order that is drawn: claims by their numbers."""
        best = BASELINE if work.best is None else work.best.id
        members = [work.entry.id, best]
        if best != BASELINE and number < BASELINE_ROUNDS:
            members.append(BASELINE)
        order = generator(Stream.ORDER, int(work.secret, 16), int(work.entry.digest, 16), number)
        return [members[k] for k in order.permutation(len(members))]

    def _experiment(self, work: Work, at: int, number: int, who: int) -> Experiment:
        one = work.entry if who == work.entry.id else work.best if who != BASELINE else None
        return Experiment(
            id=at,
            settings=one.settings if one else {},
            seed=work.seed(number),
            script=(one.script or None) if one else None,
        )

    def _round(self, work: Work, number: int, told: dict[tuple[int, int], Outcome]) -> Round:
        own, best = told[number, work.entry.id], told[number, BASELINE if work.best is None else work.best.id]
        base = told.get((number, BASELINE))
        return Round(
            own=own.metric,
            best=best.metric,
            base=base.metric if base else None,
            own_heldout=own.heldout,
            best_heldout=best.heldout,
            tampered=(own.error or "its result cannot be honest") if own.status is Status.TAMPERED else "",
        )

    def _ends(
        self,
        work: Work,
        status: ClaimStatus,
        why: str,
        rounds: Sequence[Round],
        again: Sequence[Round] = (),
        climbed: int = 0,
    ) -> VerificationResult:
        own = [one.own for one in (*rounds, *again) if one.own is not None]
        told, holds = self._told(work, rounds, again), False
        if own and status is not ClaimStatus.TAMPERED:
            sd = max(self._store.terms.noise, spread_of(np.array(own)) if len(own) > 1 else 0.0)
            holds = standing.holds(work.entry.stated, fmean(own), sd, len(own))
        return VerificationResult(status=status, why=why, result={**told, "holds": holds}, climbed=climbed, holds=holds)

    def _told(self, work: Work, rounds: Sequence[Round], again: Sequence[Round]) -> dict[str, object]:
        """What is published: all that it takes to repeat the test, and nothing of the held-out split."""
        gains = self.gains(rounds)
        over = [self._gain(one.base, one.own) for one in (*rounds, *again) if one.base is not None]
        own = [one.own for one in (*rounds, *again) if one.own is not None]
        return {
            "secret": work.secret,
            "level": level(work.test, self._store.terms.family),
            "log_evidence": log_evidence(gains, self._scale),
            "gain": fmean(gains),
            "error": _error(gains),
            "over_baseline": fmean(over) if over else None,
            "over_error": _error(over),
            "metric": fmean(own) if own else None,
            "rounds": [_public(work.seed(k), one) for k, one in enumerate(rounds)],
            "recheck": [_public(work.seed(RECHECK + k), one) for k, one in enumerate(again)],
        }


def gain_of(before: float | None, own: float | None, scale: float, *, by_ratio: bool) -> float:
    """By how much a claim was better in a round.

    Args:
        before: What the best so far gave; None shows no gain.
        own: What the claim gave; None, and a time of another sign, is as far behind as counts.
        scale: The standard deviation of a pair.
        by_ratio: Whether they are compared by their ratio.
    """
    if own is None or (by_ratio and before is not None and before * own <= 0):
        return -BOUND * scale
    return ahead(before, own, by_ratio=by_ratio)


def _public(seed: int, one: Round) -> dict[str, object]:
    return {"seed": seed, "own": one.own, "best": one.best, "base": one.base}


def _error(gains: Sequence[float]) -> float | None:
    """The standard error of a mean; None of one value."""
    return spread_of(np.array(gains)) / math.sqrt(len(gains)) if len(gains) > 1 else None


def _not_shown(rounds: Sequence[Round]) -> str:
    failed = sum(one.own is None for one in rounds)
    if failed:
        return f"{failed} of its {len(rounds)} runs failed"
    return f"{len(rounds)} rounds show no gain over the best that could not be luck"
