"""MLflow as a projection of a study's log: study, generation and candidate runs, nested.

The store is where `mlflow ui` looks by default: `mlflow.db` beside `mlruns/` in the workspace. What is
sent is noted in the study's folder, so a projection that was interrupted goes on where it was. Tracking
never stops a study: `sync` reports what went wrong instead of raising.
"""

import json
import logging
import os
import sqlite3
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from orgopt.document import parse, read
from orgopt.draw import svg
from orgopt.ledger import read_lines

if TYPE_CHECKING:
    from mlflow import MlflowClient

Record = dict[str, Any]
PARENT, KIND, GENERATION = "mlflow.parentRunId", "orgopt.kind", "orgopt.generation"
NOTE, NAME = "mlflow.note.content", "mlflow.runName"
_PARAM_LIMIT = 500


def store_uri(workspace: Path) -> str:
    """The tracking URI of a workspace: the one of the environment, or its own database."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{(workspace / 'mlflow.db').resolve()}"


class Tracking:
    """The projection of one study.

    Args:
        workspace: The folder with `mlflow.db` and `mlruns/`.
        folder: The study's folder.
    """

    def __init__(self, workspace: Path, folder: Path) -> None:
        self.workspace, self.folder = workspace.resolve(), folder
        self._sent_path = folder / "mlflow.json"
        self._client: MlflowClient | None = None

    def open(self) -> str | None:
        """Import MLflow and open its store, which takes seconds; returns what went wrong, if anything."""
        try:
            self._connect()
        except Exception as error:  # noqa: BLE001  MLflow raises what its databases and servers raise
            return _reason(error)
        return None

    def sync(self) -> str | None:
        """Send what MLflow does not have yet; returns what went wrong, if anything."""
        try:
            self._project(self._connect(), list(read_lines(self.folder / "study.jsonl")))
        except Exception as error:  # noqa: BLE001  a study never depends on its tracking
            return _reason(error)
        return None

    def _connect(self) -> "MlflowClient":
        if self._client is None:
            uri = store_uri(self.workspace)
            if uri.startswith("sqlite:///"):
                with sqlite3.connect(uri.removeprefix("sqlite:///")) as database:
                    database.execute("PRAGMA journal_mode=WAL")  # three to four times faster, and it persists
            logging.getLogger("alembic").setLevel(logging.ERROR)  # hundreds of lines on a new database
            from mlflow import MlflowClient

            logging.getLogger("mlflow").setLevel(logging.ERROR)  # it configures itself when it is imported

            client = MlflowClient(tracking_uri=uri)
            client.search_experiments(max_results=1)  # creates the tables
            self._client = client
        return self._client

    def _project(self, client: "MlflowClient", records: list[Record]) -> None:
        if not records:
            return
        head, candidates = records[0], [record for record in records if record["kind"] == "candidate"]
        sent = self._sent()
        experiment = self._experiment(client, head["identity"]["task"])
        study = self._study_run(client, experiment, head, sent)
        for record in candidates:
            if record["name"] not in sent:
                parent = self._generation_run(client, experiment, study, record["generation"], sent)
                sent[record["name"]] = self._candidate_run(client, experiment, parent, head, record, candidates)
                self._keep(sent)
        self._summaries(client, study, candidates, sent)
        final = next((record for record in reversed(records) if record["kind"] == "final"), None)
        if final and sent.get("final") != str(final["candidates"]):
            self._champion(client, study, head, candidates, final, sent)
            sent["final"] = str(final["candidates"])
            self._keep(sent)

    def _experiment(self, client: "MlflowClient", name: str) -> str:
        found = client.get_experiment_by_name(name)
        if found:
            return found.experiment_id
        local = store_uri(self.workspace).startswith("sqlite:")
        place = (self.workspace / "mlruns" / name).as_uri() if local else None
        return client.create_experiment(name, artifact_location=place)

    def _study_run(self, client: "MlflowClient", experiment: str, head: Record, sent: dict[str, str]) -> str:
        if "study" not in sent:
            tags = {KIND: "study", "orgopt.task": head["identity"]["task"], "orgopt.version": head["orgopt"]}
            run = client.create_run(experiment, run_name=head["name"], tags=tags)
            sent["study"] = run.info.run_id
            _log(client, sent["study"], params=head["identity"])
            client.log_text(sent["study"], head["program"], "seed/program.md")
            client.log_text(sent["study"], svg(read(parse(head["program"])).org), "seed/chart.svg")
            self._keep(sent)
        return sent["study"]

    def _generation_run(
        self, client: "MlflowClient", experiment: str, study: str, generation: int, sent: dict[str, str]
    ) -> str:
        key = f"generation-{generation}"
        if key not in sent:
            tags = {PARENT: study, KIND: "generation", GENERATION: str(generation)}
            run = client.create_run(experiment, run_name=f"generation {generation}", tags=tags)
            sent[key] = run.info.run_id
            self._keep(sent)
        return sent[key]

    def _candidate_run(
        self, client: "MlflowClient", experiment: str, parent: str, head: Record, record: Record, all_: list[Record]
    ) -> str:
        score, org = record["score"], read(parse(record["program"])).org
        before = next((r for r in all_ if r["index"] == record["parent"]), None)
        tags = {
            PARENT: parent,
            KIND: "candidate",
            GENERATION: str(record["generation"]),
            "orgopt.parent": before["name"] if before else "",
            "orgopt.changes": record["changes"],
            NOTE: _note(record, before),
        }
        short = record["changes"] if len(record["changes"]) <= 70 else record["changes"][:69] + "…"
        run = client.create_run(experiment, run_name=f"{record['name']} · {short}", tags=tags)
        run_id = run.info.run_id
        params: Record = {
            "headcount": org.headcount,
            "links": len(org.links),
            "parent": before["name"] if before else "-",
        }
        params |= {
            f"{role.id}.{key}": value for role in org.roles for key, value in _role_params(org.risk_of(role), role)
        }
        params["standup"] = f"{org.standup.every:g} {org.standup.unit}" if org.standup else "off"
        scalars = ("research_output", "q_final", "q_mean", "utilisation", "agent_s", "meetings", "messages")
        metrics: list[tuple[str, float, int]] = [(name, float(score[name]), 0) for name in scalars]
        metrics += [("experiments", float(sum(score["experiments"].values())), 0)]
        metrics += [(head["task"]["heldout"], score["heldout"], 0)]
        events = list(read_lines(self.folder / "candidates" / record["name"] / "ledger.jsonl"))
        budget = head["identity"]["budget_s"]
        metrics += _over_budget(score["curve"], events, head["task"]["metric"], budget)
        _log(client, run_id, params=params, metrics=metrics)
        client.log_text(run_id, record["program"], "program.md")
        client.log_text(run_id, svg(org), "chart.svg")
        if before:
            client.log_text(run_id, _diff(before, record), "diff.md")
        for name in ("ledger.jsonl", "results.tsv"):
            path = self.folder / "candidates" / record["name"] / name
            if path.exists():
                client.log_artifact(run_id, str(path))
        client.set_terminated(run_id)
        return run_id

    def _summaries(self, client: "MlflowClient", study: str, candidates: list[Record], sent: dict[str, str]) -> None:
        """Best and median of the generations that are new, on the study and on the generation runs."""
        by_generation: dict[int, list[float]] = {}
        for record in candidates:
            by_generation.setdefault(record["generation"], []).append(record["score"]["research_output"])
        best = float("-inf")
        for generation, outputs in sorted(by_generation.items()):
            best = max(best, *outputs)
            key = f"summary-{generation}-{len(outputs)}"
            if key in sent:
                continue
            own = [("best", max(outputs), 0), ("median", median(outputs), 0), ("candidates", float(len(outputs)), 0)]
            _log(client, sent[f"generation-{generation}"], metrics=own)
            ahead = [("best_so_far", best, generation), ("generation_best", max(outputs), generation)]
            _log(client, study, metrics=[*ahead, ("generation_median", median(outputs), generation)])
            client.set_terminated(sent[f"generation-{generation}"])
            sent[key] = ""
            self._keep(sent)

    def _champion(
        self,
        client: "MlflowClient",
        study: str,
        head: Record,
        candidates: list[Record],
        final: Record,
        sent: dict[str, str],
    ) -> None:
        champion = next(record for record in candidates if record["index"] == final["champion"])
        seed = candidates[0]
        client.set_tag(sent[champion["name"]], "orgopt.champion", "true")
        client.set_tag(study, "orgopt.champion", champion["name"])
        outputs = {side: [f"{test['research_output']:.3f}" for test in tests] for side, tests in final["tests"].items()}
        rows = [f"| {side} | {', '.join(texts) or '–'} |" for side, texts in outputs.items()]
        changes = "\n".join(f"- {change}" for change in final["changes"]) or "- none: the seed document was best"
        table = "\n".join(["| document | research output on test seeds |", "|---|---|", *rows])
        client.set_tag(study, NOTE, f"**Champion: {champion['name']}**\n\n{table}\n\n{changes}\n")
        for side, tests in final["tests"].items():
            scored = [("research_output", "test_research_output"), ("heldout", f"test_{head['task']['heldout']}")]
            found = [(f"{name}.{side}", test[key], step) for step, test in enumerate(tests) for key, name in scored]
            _log(client, study, metrics=found)
        client.log_text(study, champion["program"], "champion/program.md")
        client.log_text(study, svg(read(parse(champion["program"])).org), "champion/chart.svg")
        client.log_text(study, _diff(seed, champion), "champion/diff.md")
        client.set_terminated(study)

    def _sent(self) -> dict[str, str]:
        """Run ids by what they stand for, as far as they were sent to this store."""
        if not self._sent_path.exists():
            return {}
        noted = json.loads(self._sent_path.read_text("utf-8"))
        return noted["runs"] if noted["store"] == store_uri(self.workspace) else {}

    def _keep(self, sent: Mapping[str, str]) -> None:
        partial = self._sent_path.with_suffix(".part")
        partial.write_text(json.dumps({"store": store_uri(self.workspace), "runs": sent}, indent=1), "utf-8")
        partial.replace(self._sent_path)


def _log(
    client: "MlflowClient",
    run_id: str,
    *,
    params: Mapping[str, Any] | None = None,
    metrics: Iterable[tuple[str, float, int]] = (),
) -> None:
    """Send parameters and metrics in one batch."""
    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    entities: list[Metric] = [Metric(name, value, now, step) for name, value, step in metrics]
    texts = [Param(key, str(value)[:_PARAM_LIMIT]) for key, value in (params or {}).items()]
    for start in range(0, max(len(entities), 1), 900):  # MLflow takes 1,000 metrics a batch
        client.log_batch(run_id, metrics=entities[start : start + 900], params=texts if start == 0 else [])


def _over_budget(
    curve: list[list[float]], events: list[Record], metric: str, budget_s: float
) -> list[tuple[str, float, int]]:
    """Metrics over the budget, a step a second: quality, and the best metric that the team had seen."""
    best = float("inf")
    quality = {round(t): value for t, value in [*curve, [budget_s, curve[-1][1]]]}
    found = [("q", value, step) for step, value in quality.items()]
    lows: dict[int, float] = {}
    for event in events:
        value = event["metric"] if event["kind"] == "outcome" else event.get("baseline")
        if value is not None:
            best = min(best, value)
            lows[round(event["t"])] = best
    return found + [(f"best_{metric}", value, step) for step, value in lows.items()]


def _role_params(risk: float, role: Any) -> list[tuple[str, Any]]:
    return [("headcount", role.headcount), ("agent", role.agent), ("risk", risk)]


def _note(record: Record, before: Record | None) -> str:
    score = record["score"]
    origin = (
        f"Changed from {before['name']} ({before['score']['research_output']:.3f})" if before else "The seed document"
    )
    done = ", ".join(f"{count} {status}" for status, count in score["experiments"].items())
    parts = f"final {score['q_final']:.3f} ± {score['q_error']:.3f} seed noise, mean {score['q_mean']:.3f}"
    return (
        f"**Research output {score['research_output']:.3f}** ({parts})\n\n"
        f"{origin}: {_escape(record['changes'])}\n\n"
        f"Experiments: {done}. Slots busy {score['utilisation']:.0%}."
    )


def _diff(before: Record, after: Record) -> str:
    """Both diffs of two records' documents, in Markdown: what changed in words, and as text."""
    import difflib

    lines = difflib.unified_diff(
        before["program"].splitlines(), after["program"].splitlines(), before["name"], after["name"], lineterm=""
    )
    changes = after["changes"] if after["parent"] == before["index"] else f"{before['name']} → {after['name']}"
    body = "\n".join(lines).replace("```", "ʼʼʼ")
    return f"{_escape(changes)}\n\n```diff\n{body}\n```\n"


def _escape(text: str) -> str:
    """Document text as Markdown that shows it and does nothing else."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|" else char for char in text)


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
