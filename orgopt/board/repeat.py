"""Repeating a test: whether what a board published fits together, and whether the same runs give the same here."""

import json
import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from orgopt.board import drawn_seeds
from orgopt.board.claims import digest, to_sign
from orgopt.board.keys import signed_by
from orgopt.board.sequential_test import level, log_evidence
from orgopt.board.verification import RECHECK, gain_of
from orgopt.errors import UsageError
from orgopt.lab.base import Experiment, Lab
from orgopt.scoring.calibration import train_all
from orgopt.tasks.task import Task

_SAME = 1e-6


class Repeated(NamedTuple):
    """A run that was repeated: its seed, what the board says of it and what it gave here."""

    seed: int
    who: str
    told: float | None
    here: float | None

    @property
    def same(self) -> bool:
        """Whether both are the same up to rounding."""
        if self.told is None or self.here is None:
            return self.told == self.here
        return math.isclose(self.told, self.here, rel_tol=_SAME, abs_tol=_SAME)


def wrong(board: Mapping[str, Any], claim: Mapping[str, Any]) -> list[str]:
    """What does not fit together in what a board published of a claim; empty where all does.

    Args:
        board: The board's own part of its JSON.
        claim: The claim's JSON.
    """
    try:
        return [said for said, fits in _checks(board, claim) if not fits]
    except (KeyError, TypeError, ValueError, OverflowError, UsageError) as error:
        return [f"it lacks what a decided claim has, or that is not of its kind ({error})"]


def _checks(board: Mapping[str, Any], claim: Mapping[str, Any]) -> list[tuple[str, bool]]:
    result, test, text = claim["result"], claim["test"], claim["text"]
    secret = result["secret"]
    seeds = [drawn_seeds.seed(secret, claim["digest"], k) for k in range(len(result["rounds"]))]
    again = [drawn_seeds.seed(secret, claim["digest"], RECHECK + k) for k in range(len(result["recheck"]))]
    scale = math.sqrt(2) * board["noise"] / (abs(board["baseline"]) if board["by_ratio"] else 1.0)
    gains = [gain_of(one["best"], one["own"], scale, by_ratio=board["by_ratio"]) for one in result["rounds"]]
    evidence, alpha = log_evidence(gains, scale), level(test, board["family"])
    accepted = claim["status"] == "accepted"
    return [
        ("its digest is not that of its text", digest(text) == claim["digest"]),
        ("its text is not signed by its key", signed_by(claim["key"], claim["signature"], to_sign(text))),
        ("its text is for another board", json.loads(text)["board"] == board["id"]),
        (
            "its secret does not lead to the commitment of the board",
            0 < test <= drawn_seeds.TESTS and drawn_seeds.hashed(secret, test) == board["commitment"],
        ),
        ("its seeds do not follow from its secret", [one["seed"] for one in result["rounds"]] == seeds),
        ("the seeds of its re-check do not", [one["seed"] for one in result["recheck"]] == again),
        ("its level is not the one of its test", math.isclose(alpha, result["level"], rel_tol=_SAME)),
        ("its evidence does not follow from its rounds", math.isclose(evidence, result["log_evidence"], rel_tol=1e-4)),
        ("its evidence is not enough for its level", not accepted or evidence >= -math.log(alpha)),
    ]


def repeat(
    claim: Mapping[str, Any], best: Mapping[str, Any] | None, task: Task, lab: Lab, rounds: int
) -> list[Repeated]:
    """Run the first rounds of a test again.

    Args:
        claim: Its JSON.
        best: That of the claim that it ran beside; None is the untouched script.
        task: The board's task.
        lab: Where to run them.
        rounds: How many at most.
    """
    sides = (("own", claim), ("best", best))
    told = claim["result"]["rounds"][:rounds]
    jobs = [(one, who, side) for one in told for who, side in sides]
    experiments = [
        Experiment(
            id=at,
            settings=dict(side["settings"]) if side else {},
            seed=one["seed"],
            script=(side["script"] or None) if side else None,
        )
        for at, (one, _, side) in enumerate(jobs, 1)
    ]
    outcomes = train_all(lab, experiments, task.limit_s)
    return [
        Repeated(one["seed"], who, one[who], outcome.metric)
        for (one, who, _), outcome in zip(jobs, outcomes, strict=True)
    ]
