"""How sure each score is, as a chart that MLflow's own lines can draw: rows from one end of an interval to the other.

Its bars have none. A line over another metric may be anything: here each run is a row, in the order of lists, and the
champion a line across all of them. Pure functions.
"""

from collections.abc import Sequence

from orgopt.study.records.kinds import FinalRecord
from orgopt.study.records.result import Claim
from orgopt.study.wording import SEED_DOCUMENT
from orgopt.tracking.entry import Point
from orgopt.tracking.names import TEST_ENDS, TEST_ROW
from orgopt.tracking.study_note import main_claims


def in_order(final: FinalRecord) -> list[Claim]:
    """The claims of a test as lists have them: the seed document, then controls, the best first."""
    claims = main_claims(final)
    controls = [one for one in claims if one.entrant != SEED_DOCUMENT]
    return [
        *(one for one in claims if one.entrant == SEED_DOCUMENT),
        *sorted(controls, key=lambda one: -one.mean),
    ]


def of_champion(final: FinalRecord) -> tuple[Point, ...]:
    """Its score, from the row of the first to below that of the last; none where it was not tested."""
    test, rows = final.estimates.test, len(in_order(final))
    return _line([(test.mean, rows + 1.0), (test.mean, 0.0)]) if test and rows else ()


def of_other(final: FinalRecord, entrant: str) -> tuple[Point, ...]:
    """A score between the ends of the interval of its distance to the champion's; a dot on a single seed."""
    test, claims = final.estimates.test, in_order(final)
    at = next((place for place, one in enumerate(claims) if one.entrant == entrant), None)
    if test is None or at is None:
        return ()
    claim, row = claims[at], float(len(claims) - at)
    ends = [] if claim.low is None or claim.high is None else [test.mean - claim.high, test.mean - claim.low]
    return _line([(value, row) for value in sorted([claim.mean, *ends])])


def _line(places: Sequence[tuple[float, float]]) -> tuple[Point, ...]:
    ends = [TEST_ENDS.at(score, step) for step, (score, _) in enumerate(places)]
    return (*ends, *(TEST_ROW.at(row, step) for step, (_, row) in enumerate(places)))
