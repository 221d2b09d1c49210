"""The saved view of an experiment, which shows the columns that MLflow hides at first."""

import base64
import json
import time
import zlib

VIEW = "orgopt01"
"""The key of the view, which a link may name."""


def saved_view(columns: list[str]) -> tuple[str, str]:
    """The experiment tag, name and value, of a saved view that shows some columns, which MLflow hides at first.

    The format is that of MLflow 3.17's user interface and is not documented.
    """
    state = {
        "searchFilter": "",
        "orderByKey": "attributes.start_time",
        "orderByAsc": False,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": columns,
        "columnOrder": [],
        "columnWidths": {},
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
