"""The saved view of an experiment, which shows the columns that MLflow hides at first."""

import base64
import json
import time
import zlib
from collections.abc import Sequence

VIEW = "orgopt01"
"""The key of the view, which a link may name."""
_WIDTHS = {"attributes.`Run Name`": 350, "runDateAndNestInfo": 125, "duration": 80}
_COLUMN, _WIDE, _LETTER, _AROUND = 65, 260, 6, 30  # pixels, of the others: numbers at least, and what is told in words


def saved_view(columns: Sequence[str], order_by: str) -> tuple[str, str]:
    """The experiment tag, name and value, of a saved view that shows some columns beside wide names.

    By any order but that of time MLflow shows runs as a plain list, which needs no unfolding. The format is that of
    MLflow 3.17's user interface and is not documented.

    Args:
        columns: What it shows beside names and times; the first is in words.
        order_by: The column that it sorts by.
    """
    name, *rest = _WIDTHS
    order = ["0", name, *columns, *rest]
    state = {
        "searchFilter": "",
        "orderByKey": order_by,
        "orderByAsc": True,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": [*columns],
        "columnOrder": order,
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
    now = int(time.time() * 1000)
    packed = "deflate;" + base64.b64encode(zlib.compress(json.dumps(state).encode())).decode()
    view = {"name": "orgopt", "createdAt": now, "updatedAt": now, "state": packed}
    return f"mlflow.sharedViewState.{VIEW}", json.dumps(view)


def _width(column: str) -> int:
    """Pixels in which the name of a column has room, without its kind."""
    return max(_COLUMN, _AROUND + _LETTER * len(column.partition(".")[2].strip("`")))
