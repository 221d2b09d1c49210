"""The saved views of an experiment: which runs its list shows at first, in which order, with which columns.

One has what leads to the champions, the other every candidate. The format is that of MLflow 3.17's user interface and
is not documented.
"""

import base64
import json
import time
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from orgopt.tracking import names

VIEW = "orgopt01"
"""The key of the view that opens, which a link may name."""
EVERY = "orgopt02"
"""The key of the view of all candidates."""
COLUMNS = (
    f"tags.`{names.RESULT.name}`",
    *(f"metrics.`{one.name}`" for one in (names.TEST_OUTPUT, names.OUTPUT)),
    f"tags.`{names.PARENT.name}`",
)
"""What the saved views show."""
ORDERED = f"tags.`{names.ORDER.name}`"
STORY = f"tags.`{names.PLACE.name}` LIKE '%'"
"""The filter of what leads to the champions: other candidates have no such tag."""
PREFIX = "mlflow.sharedViewState."
"""What the tag of an experiment begins with that keeps a view."""
_WIDTHS = {"attributes.`Run Name`": 372, "runDateAndNestInfo": 118, "duration": 80}
_COLUMN, _WIDE, _LETTER, _AROUND = 65, 430, 6, 30  # pixels, of the others: numbers at least, and what is told in words


def saved_views() -> dict[str, str]:
    """The experiment's tags that keep its two views, which its menu of views names."""
    named = {VIEW: ("orgopt: studies and champions", STORY), EVERY: ("orgopt: all candidates", "")}
    now = int(time.time() * 1000)
    found: dict[str, str] = {}
    for key, (name, wanted) in named.items():
        view = {"name": name, "createdAt": now, "updatedAt": now, "state": f"deflate;{packed(state(wanted))}"}
        found[f"{PREFIX}{key}"] = json.dumps(view)
    return found


def state(wanted: str, columns: Sequence[str] = COLUMNS) -> dict[str, Any]:
    """What a page of runs shows.

    By any order but that of time MLflow shows runs as a plain list, which needs no unfolding.

    Args:
        wanted: The filter; empty for all runs.
        columns: What it shows beside names and times; the first is in words.
    """
    name, *rest = _WIDTHS
    return {
        "searchFilter": wanted,
        "orderByKey": ORDERED,
        "orderByAsc": True,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": [*columns],
        "columnOrder": ["0", name, *columns, *rest],
        "columnWidths": {"0": 73, **{one: _width(one) for one in columns}, columns[0]: _WIDE, **_WIDTHS},
        "runsHiddenMode": "FIRST_10_RUNS",
        "viewMaximized": False,
        "runListHidden": False,
        "isAccordionReordered": False,
        "useGroupedValuesInCharts": True,
        "hideEmptyCharts": True,
        "groupBy": None,
        "groupsExpanded": {},
        "globalLineChartConfig": {"xAxisKey": "step", "lineSmoothness": 0, "selectedXAxisMetricKey": ""},
    }


def packed(view: Mapping[str, Any]) -> str:
    """A state as MLflow keeps it, in letters."""
    return base64.b64encode(zlib.compress(json.dumps(view).encode())).decode()


def _width(column: str) -> int:
    """Pixels in which the name of a column has room, without its kind."""
    return max(_COLUMN, _AROUND + _LETTER * len(column.partition(".")[2].strip("`")))
