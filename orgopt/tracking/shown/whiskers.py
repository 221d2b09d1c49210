"""How sure each distance is, as a chart that MLflow's own lines can draw: rows from one end of an interval to another.

Its bars have none. A line over another metric may be anything: here each run is a row, in the order of lists, and the
champion a line across all of them, at 0: distances are of the seeds that both ran on, which scores are not always.
Pure functions.
"""

from collections.abc import Sequence

from orgopt.study.records.kinds import FinalRecord
from orgopt.study.records.result import Claim
from orgopt.study.wording import SEED_DOCUMENT
from orgopt.tracking.backend.entry import Point
from orgopt.tracking.names import TEST_ENDS, TEST_ROW
from orgopt.tracking.shown.study_note import main_claims


def in_order(final: FinalRecord) -> list[Claim]:
    """The claims of a test as lists have them: the seed document, then controls, the best first."""
    claims = main_claims(final)
    controls = [one for one in claims if one.entrant != SEED_DOCUMENT]
    return [
        *(one for one in claims if one.entrant == SEED_DOCUMENT),
        *sorted(controls, key=lambda one: -one.mean),
    ]


def of_champion(final: FinalRecord) -> tuple[Point, ...]:
    """No distance, from the row of the first to below that of the last; none where it was not tested."""
    rows = len(in_order(final))
    return _line([(0.0, rows + 1.0), (0.0, 0.0)]) if final.estimates.test and rows else ()


def of_other(final: FinalRecord, entrant: str) -> tuple[Point, ...]:
    """How far the champion is above somebody, between the ends of its interval; a dot on a single seed."""
    test, claims = final.estimates.test, in_order(final)
    at = next((place for place, one in enumerate(claims) if one.entrant == entrant), None)
    if test is None or at is None:
        return ()
    claim, row = claims[at], float(len(claims) - at)
    ends = [] if claim.low is None or claim.high is None else [claim.low, claim.high]
    return _line([(value, row) for value in sorted([claim.difference, *ends])])


def room(final: FinalRecord) -> tuple[float, float]:
    """The range of the chart: all rows, and left of them as much again for their names."""
    ends = [one for claim in in_order(final) for one in (claim.difference, claim.low, claim.high) if one is not None]
    low, high = min([*ends, 0.0]), max([*ends, 0.0])
    wide = high - low or 1.0
    return low - _NAMES * wide, high + 0.05 * wide


_NAMES = 0.9
"""What names take beside rows, as a share of these."""


def _line(places: Sequence[tuple[float, float]]) -> tuple[Point, ...]:
    ends = [TEST_ENDS.at(score, step) for step, (score, _) in enumerate(places)]
    return (*ends, *(TEST_ROW.at(row, step) for step, (_, row) in enumerate(places)))
