"""The saved view of an experiment, which shows the columns that MLflow hides at first."""

import base64
import json
import time
import zlib

VIEW = "orgopt01"
"""The key of the view, which a link may name."""
_WIDTHS = {"attributes.`Run Name`": 460, "runDateAndNestInfo": 150, "duration": 80}
_COLUMN = 120  # pixels, of the others


def saved_view(columns: list[str]) -> tuple[str, str]:
    """The experiment tag, name and value, of a saved view that shows some columns beside wide names.

    The format is that of MLflow 3.17's user interface and is not documented.
    """
    name, *rest = _WIDTHS
    order = ["0", name, *columns, *rest]
    state = {
        "searchFilter": "",
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": columns,
        "columnOrder": order,
        "columnWidths": {"0": 73, **dict.fromkeys(columns, _COLUMN), **_WIDTHS},
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
