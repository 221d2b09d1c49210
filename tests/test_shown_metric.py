"""A metric of which more is better is negated inside and shown as its script prints it, wherever a person reads it."""

import re
from typing import Any

import pytest

from orgopt.cli.shared.run_status import RunStatus
from orgopt.errors import StoreError
from orgopt.ledger import BASELINE, MORE, Event, Ledger, as_shown, data_as_shown, results_tsv, shown_sign
from orgopt.report.run_page import RunView, run_page, run_title
from orgopt.tracking.shown import budget_curves, tables
from orgopt.tracking.tracing import traces

START = {"budget_s": 9.0, "slots": 1, "agents": ["researcher-1"], "seed": 0, "lab": {}, "commit": "a", "baseline": -0.5}


def run(better: str | None) -> list[Event]:
    """Two experiments, of which the second is kept."""
    asked = {"agent": "researcher-1", "knobs": {}, "parent": BASELINE, "note": "LR 1 → 2", "commit": "b"}
    came = {"agent": "researcher-1", "status": "ok", "memory_gb": 0.0, "error": ""}
    first = {**came, "id": 1, "started": 0.0, "ended": 1.0, "metric": -0.25, "heldout": -0.25}
    second = {**came, "id": 2, "started": 1.0, "ended": 3.0, "metric": -0.75, "heldout": -0.75}
    return [
        Event("start", 0.0, {**START, **({"better": better} if better else {})}),
        Event("submission", 0.0, {"id": BASELINE, "metric": -0.5}),
        Event("proposal", 0.0, {**asked, "id": 1}),
        Event("outcome", 1.0, first),
        Event("proposal", 1.0, {**asked, "id": 2}),
        Event("outcome", 3.0, second),
        Event("submission", 3.0, {"id": 2, "metric": -0.75}),
        Event("end", 9.0, {}),
    ]


def flat(events: list[Event]) -> list[dict[str, Any]]:
    return [{"kind": event.kind, "t": event.t, **event.data} for event in events]


def test_the_page_of_a_run_shows_no_negated_value() -> None:
    view = RunView(name="x", settings={}, program="", events=run("more"))
    reached = "0.500 → 0.750 on this one seed (higher is better)"
    assert run_title(view) == f"Not verified yet: {reached}, after 2 of 2 experiments."
    text = re.sub(r"<(script|style).*?</\1>", "", run_page(view), flags=re.DOTALL)
    assert "Higher is better" in text
    assert "Submits #2, 0.750 (0.250 better)" in text
    assert not re.search(r"[-−]0?\.[257]", re.sub(r"<[^>]*>", " ", text))


def test_a_run_of_which_less_is_better_stays_as_it_is() -> None:
    view = RunView(name="x", settings={}, program="", events=run(None))
    reached = "-0.500 → -0.750 on this one seed (lower is better)"
    assert run_title(view) == f"Not verified yet: {reached}, after 2 of 2 experiments."
    assert "Lower is better" in run_page(view)
    assert as_shown(run(None)) == run(None)
    assert budget_curves.best("t", flat(run(None)), 9.0)[-1].value == -0.75


def test_the_line_the_table_and_the_pages_of_mlflow_show_what_the_script_prints() -> None:
    events = run("more")
    assert shown_sign(events[0].data) == -1
    assert data_as_shown(events[3].data)["metric"] == 0.25
    status = RunStatus(9.0, "-val_acc")
    for event in events:
        status.take(event)
    assert "val_acc 0.750" in status.said()
    assert "-" not in status.said()
    lines = results_tsv(Ledger(events=events), "-val_acc").splitlines()
    assert [line.split("\t")[1] for line in lines] == ["val_acc", "0.500000", "0.250000", "0.750000"]
    curve = [point.value for point in budget_curves.best("t", flat(events), 9.0)]
    assert (curve[0], curve[-1]) == (0.5, 0.75)
    assert set(tables.ledger(flat(events))["metric"]) == {"", 0.25, 0.5, 0.75}
    spans = " ".join(str(span) for span in traces.spans(traces.Told("x", "val_acc"), "k", flat(events), 0.0))
    assert "val_acc 0.500 → 0.750 (higher is better)" in spans
    assert "best 0.750" in spans


def test_a_run_that_was_begun_by_a_version_that_did_not_say_so_goes_on() -> None:
    old = Ledger(events=run(None))
    assert old.add("start", 0.0, **START, better=MORE).data == START
    with pytest.raises(StoreError):
        Ledger(events=run(None)).add("start", 0.0, **{**START, "slots": 2}, better=MORE)
    with pytest.raises(StoreError):
        Ledger(events=run(MORE)).add("start", 0.0, **START)
