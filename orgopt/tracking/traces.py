"""A team's run as an MLflow trace: agents, their experiments and the stand-ups as spans over the budget."""

from typing import Any

Record = dict[str, Any]
MAX_EXPERIMENTS = 300  # a trace with more is slow to open; the ledger table has them all


def trace_run(name: str, events: list[Record], ended_at: float, experiment_id: str, run_id: str) -> None:
    """Send one trace that belongs to a run.

    Args:
        name: Name of the root span.
        events: The ledger of the run.
        ended_at: When the run was recorded, in seconds since the epoch; lab time is counted back from it.
        experiment_id: MLflow's id of the experiment that it belongs to.
        run_id: MLflow's id of the run that it belongs to.
    """
    import mlflow

    budget_s = events[0]["budget_s"]

    def at(t: float) -> int:
        return int((ended_at - budget_s + t) * 1e9)

    outcomes = {event["id"]: event for event in events if event["kind"] == "outcome"}
    metadata = {"mlflow.sourceRun": run_id}
    root = mlflow.start_span_no_context(
        name, span_type="WORKFLOW", experiment_id=experiment_id, start_time_ns=at(0), metadata=metadata
    )
    root.set_inputs({"agents": events[0]["agents"], "budget_s": budget_s, "slots": events[0]["slots"]})
    desks: dict[str, Any] = {}
    for agent in events[0]["agents"]:
        desks[agent] = mlflow.start_span_no_context(agent, span_type="AGENT", parent_span=root, start_time_ns=at(0))
    for event in events:
        if event["kind"] == "proposal" and event["id"] <= MAX_EXPERIMENTS:
            outcome = outcomes.get(event["id"])
            span = mlflow.start_span_no_context(
                f"experiment {event['id']}",
                span_type="TOOL",
                parent_span=desks[event["agent"]],
                start_time_ns=at(event["t"]),
            )
            span.set_inputs({"change": event["note"], "from": event["parent"]})
            span.set_outputs({key: outcome[key] for key in ("status", "metric", "heldout")} if outcome else {})
            span.end(end_time_ns=at(outcome["ended"] if outcome else budget_s))
        elif event["kind"] == "meeting":
            span = mlflow.start_span_no_context(
                "stand-up", span_type="CHAIN", parent_span=root, start_time_ns=at(event["t"])
            )
            span.set_inputs({"attendees": event["agents"]})
            span.set_outputs({"shared": event["shared"]})
            span.end(end_time_ns=at(event["t"] + event["seconds"]))
    for span in desks.values():
        span.end(end_time_ns=at(budget_s))
    submissions = [event for event in events if event["kind"] == "submission"]
    root.set_outputs({"submitted": submissions[-1]["id"], "metric": submissions[-1]["metric"]})
    root.end(end_time_ns=at(budget_s))
