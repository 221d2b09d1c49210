"""Views of one study as charts, in MLflow's own charts: how it went, and its champion beside its seed document.

They are views of the experiment that no menu names; the notes of the study and of its champion link to them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from orgopt.study.view import StudyView
from orgopt.tracking import names
from orgopt.tracking.shown import whiskers
from orgopt.tracking.shown.legend import explained
from orgopt.tracking.shown.saved_view import PREFIX, packed, state
from orgopt.tracking.shown.study_note import lead

HEIGHT, BARS, ROW, TABLE = 226, 280, 33, 120
"""Pixels of a chart, so that two rows of them are on a screen; of one with a bar for everybody, so that numbers have
room in them; of a table's row and what is around its rows."""
NAMED = 1.75
"""How much longer an axis is on which curves have their names at their ends."""
_HALVES = "a score is half the end of its curve, half its mean"
MOST_MEANT = 3
"""Words that a heading explains."""
_NO_ROOM = ("", "system", "budget", "search", "test", "generations", "over the budget")
"""Sections that MLflow would add of itself, of every other metric; they come folded."""


def keys(study: str) -> tuple[str, str]:
    """The keys of the views of a study: its charts, and its champion beside its seed document."""
    return f"{study}-charts", f"{study}-teams"


def views(view: StudyView, study: str, seed_run: str, differ: int) -> dict[str, str]:
    """The experiment's tags that keep the views of a study.

    Args:
        view: The study.
        study: Its id.
        seed_run: MLflow's id of the seed document's run.
        differ: In how many parameters champion and seed document do.
    """
    own, place = f"tags.`{names.STUDY.name}` = '{study}'", f"tags.`{names.PLACE.name}`"
    charts, teams = keys(study)
    found = {
        # Who was tested: of the others there is no point in these charts, and their names would fill the legends.
        charts: _state(f"{own} AND {place} LIKE '%' AND {place} != 'generation'", _of_study(view), view.tasks),
        teams: _state(f"{own} AND {place} = '{names.TEAM}'", _of_teams(view, seed_run, differ), view.tasks)
        | {"runListHidden": True},
    }
    return {f"{PREFIX}{key}": f"deflate;{packed(one)}" for key, one in found.items()}


class _Section(NamedTuple):
    """Charts under a heading, which says what they show: MLflow names each chart by its metrics alone."""

    name: str
    charts: Sequence[dict[str, Any]]
    height: int = HEIGHT


def _state(wanted: str, sections: Sequence[_Section], tasks: Sequence[str]) -> dict[str, Any]:
    """A page of charts."""
    charts: list[dict[str, Any]] = []
    shown: list[dict[str, Any]] = []
    for at, one in enumerate(sections):
        place = f"orgopt-section-{at}"
        shown.append(_section(place, one.name, display=True) | {"columns": len(one.charts), "cardHeight": one.height})
        charts += [
            {**chart, "uuid": f"{place}-{number}", "metricSectionId": place} for number, chart in enumerate(one.charts)
        ]
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


def _found(words: str, view: StudyView) -> str:
    """What a section shows, and what the test says."""
    said = lead(view.final) if view.final else ""
    return f"{words}: {said}" if said else words


def _of_study(view: StudyView) -> list[_Section]:
    course = f"By generation, and over the budget ({_HALVES})"
    return [
        _Section(_found("Who scored what on test seeds", view), [_bar(names.TEST_OUTPUT.name), _whiskers(view)], BARS),
        _Section(course, [_by_generation(view), _over_the_budget(view, named=True)]),
    ]


def _of_teams(view: StudyView, seed_run: str, differ: int) -> list[_Section]:
    """The scores, and all in which two teams differ: a table as high as it has rows."""
    title = "Seed document beside champion"
    changed = (view.final.changes if view.final.effects is None else view.final.effects) if view.final else ()
    meant = explained(changed, MOST_MEANT)
    return [
        _Section(
            _found(f"How well, on test seeds ({_HALVES})", view), [_bar(names.TEST_OUTPUT.name), _over_the_budget(view)]
        ),
        _Section(
            f"What differs ({meant})" if meant else "What differs",
            [_difference(title, seed_run)],
            TABLE + ROW * max(differ, 1),
        ),
    ]


def _by_generation(view: StudyView) -> dict[str, Any]:
    """Curves over generations, with room beside the first and the last, so that both have their numbers."""
    chart = _line([names.BEST.name, names.MEDIAN.name, names.BEST_SO_FAR.name], names.BY_GENERATION.name)
    return chart | {"range": {"xMin": -0.1, "xMax": max(len(view.complete) - 1, 1) + 0.1}}


def _over_the_budget(view: StudyView, *, named: bool = False) -> dict[str, Any]:
    """Curves; right of them is room for names where there are many."""
    chart = _line([names.TEST_BUDGET.name], names.TEST_SECONDS.name)
    return chart | ({"range": {"xMin": 0, "xMax": NAMED * view.head.identity.budget_s}} if named else {})


def _whiskers(view: StudyView) -> dict[str, Any]:
    """How sure each distance is, a row a run, with room for names left of them."""
    chart = _line([names.TEST_ROW.name], names.TEST_ENDS.name) | {"displayPoints": True}
    if view.final is None or not (claims := whiskers.in_order(view.final)):
        return chart
    low, high = whiskers.room(view.final)
    return chart | {"range": {"xMin": low, "xMax": high, "yMin": -0.5, "yMax": len(claims) + 1.5}}


def _chart(kind: str) -> dict[str, Any]:
    return {"type": kind, "runsCountToCompare": 20, "deleted": False, "isGenerated": False}


def _line(metrics: Sequence[str], axis: str) -> dict[str, Any]:
    """Curves over another metric, whose name the axis then has."""
    return _chart("LINE") | {
        "metricKey": metrics[0],
        "selectedMetricKeys": [*metrics],
        "lineSmoothness": 0,
        "xAxisScaleType": "linear",
        "scaleType": "linear",
        "range": {},
        "xAxisKey": "metric",
        "selectedXAxisMetricKey": axis,
        "yAxisKey": "metric",
        "yAxisExpressions": [],
        "displayPoints": False,
        "ignoreOutliers": False,
        "useGlobalXaxisKey": False,
        "useGlobalLineSmoothing": True,
    }


def _bar(metric: str) -> dict[str, Any]:
    return _chart("BAR") | {"metricKey": metric, "selectedMetricKeys": [metric]}


def _difference(title: str, baseline: str) -> dict[str, Any]:
    return _chart("DIFFERENCE") | {
        "chartName": title,
        "compareGroups": ["Parameters"],
        "showChangeFromBaseline": True,
        "showDifferencesOnly": True,
        "baselineColumnUuid": baseline,
    }
