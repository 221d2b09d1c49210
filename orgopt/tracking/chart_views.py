"""Views of one study as charts, in MLflow's own charts: how it went, and its champion beside its seed document.

They are views of the experiment that no menu names; the notes of the study and of its champion link to them.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from orgopt.study.view import StudyView
from orgopt.tracking import names
from orgopt.tracking.saved_view import PREFIX, packed, state

MOST_PARAMETERS = 4
"""Axes of a chart of parallel coordinates that can still be read."""
HEIGHT, HIGH = 250, 340
"""Pixels of a chart, so that two rows of them are on a screen, and of a table."""
_NO_ROOM = ("", "system", "budget", "test", "generations", "over the budget")
"""Sections that MLflow would add of itself, of every other metric; they come folded."""


def keys(study: str) -> tuple[str, str]:
    """The keys of the views of a study: its charts, and its champion beside its seed document."""
    return f"{study}-charts", f"{study}-teams"


def views(view: StudyView, study: str, varied: Collection[str], seed_run: str) -> dict[str, str]:
    """The experiment's tags that keep the views of a study.

    Args:
        view: The study.
        study: Its id.
        varied: The parameters in which its candidates differ, as far as all have them: the chart leaves others out.
        seed_run: MLflow's id of the seed document's run.
    """
    own = f"tags.`{names.STUDY.name}` = '{study}'"
    both = f"{own} AND tags.`{names.PLACE.name}` = '{names.TEAM}'"
    charts, teams = keys(study)
    found = {
        charts: _state(own, _of_study(varied), view.tasks),
        teams: _state(both, _of_teams(seed_run), view.tasks) | {"runListHidden": True},
    }
    return {f"{PREFIX}{key}": f"deflate;{packed(one)}" for key, one in found.items()}


def _state(
    wanted: str, sections: Mapping[str, tuple[int, Sequence[dict[str, Any]]]], tasks: Sequence[str]
) -> dict[str, Any]:
    """A page of charts, its sections as columns and charts by their names."""
    charts: list[dict[str, Any]] = []
    shown: list[dict[str, Any]] = []
    for at, (name, (columns, members)) in enumerate(sections.items()):
        place = f"orgopt-section-{at}"
        shown.append(
            _section(place, name, display=True) | {"columns": columns, "cardHeight": HEIGHT if columns > 1 else HIGH}
        )
        charts += [{**one, "uuid": f"{place}-{number}", "metricSectionId": place} for number, one in enumerate(members)]
    shown += [_section(f"orgopt-folded-{at}", name, display=False) for at, name in enumerate((*_NO_ROOM, *tasks))]
    return {
        **state(wanted),
        "runsHiddenMode": "SHOWALL",
        "compareRunCharts": charts,
        "compareRunSections": shown,
        "isAccordionReordered": True,
    }


def _section(place: str, name: str, *, display: bool) -> dict[str, Any]:
    return {
        "uuid": place,
        "name": name,
        "display": display,
        "isReordered": False,
        "deleted": False,
        "isGenerated": False,
    }


def _of_study(varied: Collection[str]) -> dict[str, tuple[int, Sequence[dict[str, Any]]]]:
    generations = [names.BEST.name, names.MEDIAN.name, names.BEST_SO_FAR.name]
    ways = sorted(set(varied) - {names.PARAM_STANDUP.name}, key=_worth)[:MOST_PARAMETERS]
    search = [_line("Score by generation: best, median, best so far", generations)]
    if ways:
        search.append(_parallel("Candidates: what varied, and their score", ways))
    return {
        "The search": (2, search),
        "The test": (
            2,
            [
                _line("Score over the budget, on test seeds", [names.TEST_BUDGET.name]),
                _bar("Score on test seeds", names.TEST_OUTPUT.name),
            ],
        ),
    }


def _worth(parameter: str) -> tuple[str, bool, str]:
    """Sorts parameters: the whole team's, then agents and headcounts of roles, then others."""
    return parameter[0], not parameter.endswith((".agent", ".headcount")), parameter


def _of_teams(seed_run: str) -> dict[str, tuple[int, Sequence[dict[str, Any]]]]:
    return {
        "What differs": (1, [_difference("Champion beside seed document", seed_run)]),
        "How well": (
            2,
            [
                _bar("Score on test seeds", names.TEST_OUTPUT.name),
                _line("Score over the budget, on test seeds", [names.TEST_BUDGET.name]),
            ],
        ),
    }


def _chart(kind: str, title: str) -> dict[str, Any]:
    return {"type": kind, "displayName": title, "runsCountToCompare": 10, "deleted": False, "isGenerated": False}


def _line(title: str, metrics: Sequence[str]) -> dict[str, Any]:
    return _chart("LINE", title) | {
        "metricKey": metrics[0],
        "selectedMetricKeys": [*metrics],
        "lineSmoothness": 0,
        "xAxisScaleType": "linear",
        "scaleType": "linear",
        "range": {},
        "xAxisKey": "step",
        "selectedXAxisMetricKey": "",
        "yAxisKey": "metric",
        "yAxisExpressions": [],
        "displayPoints": False,
        "ignoreOutliers": False,
        "useGlobalXaxisKey": True,
        "useGlobalLineSmoothing": True,
    }


def _bar(title: str, metric: str) -> dict[str, Any]:
    return _chart("BAR", title) | {"metricKey": metric, "selectedMetricKeys": [metric]}


def _parallel(title: str, parameters: Sequence[str]) -> dict[str, Any]:
    output = [names.OUTPUT.name]
    return _chart("PARALLEL", title) | {
        "selectedParams": [*parameters],
        "selectedMetrics": output,
        "showAllRuns": False,
    }


def _difference(title: str, baseline: str) -> dict[str, Any]:
    return _chart("DIFFERENCE", title) | {
        "chartName": title,
        "compareGroups": ["Parameters", "Model metrics"],
        "showChangeFromBaseline": True,
        "showDifferencesOnly": True,
        "baselineColumnUuid": baseline,
    }
