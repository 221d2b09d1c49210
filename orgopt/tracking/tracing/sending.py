"""Sending the spans of a run to MLflow as a trace, with the run's score."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from orgopt.tracking.tracing.traces import Span

SCORE = "mean score"
"""The name of the assessment by which lists of traces sort: a run's own score may say the opposite of the verdict."""


def send(
    found: Sequence[Span],
    *,
    uri: str,
    experiment: str,
    run_id: str,
    tags: Mapping[str, str],
    score: float | None = None,
) -> str:
    """Send the spans of one trace that belongs to a run; returns its id.

    Args:
        found: The spans.
        uri: The address of MLflow's store.
        experiment: MLflow's id of the experiment that it belongs to.
        run_id: MLflow's id of the run that it belongs to.
        tags: Of the trace.
        score: The mean of all seeds of the run's phase, with the digits that are read; None where none is known.
    """
    from mlflow.entities import Span as MlflowSpan
    from mlflow.entities import TraceInfo, TraceLocation, TraceState
    from mlflow.tracing.client import TracingClient

    root = found[0]
    trace_id = json.loads(root["attributes"]["mlflow.traceRequestId"])
    began, ended = root["start_time_unix_nano"] // 10**6, root["end_time_unix_nano"] // 10**6
    info = TraceInfo(
        trace_id=trace_id,
        trace_location=TraceLocation.from_experiment_id(experiment),
        request_time=began,
        execution_duration=ended - began,
        state=TraceState.OK,
        # What the list of traces shows; it has no column for names.
        request_preview=root["name"],
        response_preview=json.loads(root["attributes"]["mlflow.spanOutputs"]).partition("\n\n")[0][:1000],
        trace_metadata={"mlflow.sourceRun": run_id, "mlflow.trace_schema.version": "3"},
        tags={"mlflow.traceName": root["name"], **tags},
        assessments=[] if score is None else [_assessed(trace_id, score, ended)],
    )
    client = TracingClient(uri)
    client.log_spans(experiment, [MlflowSpan.from_dict(span) for span in found])
    client.start_trace(info)
    return trace_id


def _assessed(trace_id: str, score: float, at: int) -> Any:
    """The mean score of a run's phase as an assessment of its trace: a column of lists."""
    from mlflow.entities import AssessmentSource, Feedback

    source = AssessmentSource("CODE", "orgopt")
    said = "mean of all seeds of its phase: 0 is the untouched script, 1 the best setting known"
    found = Feedback(
        SCORE,
        score,
        source=source,
        trace_id=trace_id,
        rationale=said,
        create_time_ms=at,
        last_update_time_ms=at,
    )
    found.assessment_id = f"a-{trace_id}"  # a trace that is sent twice has one
    return found
