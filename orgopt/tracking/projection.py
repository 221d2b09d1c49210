"""The projection of a study's log: study, generation and candidate runs, prompts and traces.

The store is where `mlflow ui` looks by default: `mlflow.db` beside `mlruns/` in the workspace. What is
sent is noted in the study's folder, so a projection that was interrupted goes on where it was. Tracking
never stops a study: it reports what went wrong instead of raising.
"""

import contextlib
import json
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from orgopt.document import parse, read
from orgopt.draw import svg
from orgopt.ledger import read_lines
from orgopt.tracking import content
from orgopt.tracking.store import SQLITE, create_database, store_uri
from orgopt.tracking.traces import trace_run

if TYPE_CHECKING:
    from mlflow import MlflowClient

Record = dict[str, Any]
PARENT, NOTE = "mlflow.parentRunId", "mlflow.note.content"
KIND, GENERATION = "orgopt.kind", "orgopt.generation"
NOTED = "mlflow.json"
"""The file in a study's folder that says what was sent."""
_PARAM_LIMIT = 500
_PROMPT_LIMIT = 100_000  # MLflow refuses longer texts


class Tracking:
    """The projection of a workspace's studies.

    Args:
        workspace: The folder with `mlflow.db` and `mlruns/`.
    """

    def __init__(self, workspace: Path) -> None:
        self.workspace = workspace.resolve()
        self._client: MlflowClient | None = None
        self._sent: dict[Path, dict[str, str]] = {}

    def open(self) -> str | None:
        """Import MLflow and open its store, which takes seconds; returns what went wrong, if anything."""
        try:
            self._connect()
        except Exception as error:  # noqa: BLE001  MLflow raises what its databases and servers raise
            return _reason(error)
        return None

    def sync(self, folder: Path) -> str | None:
        """Send what MLflow does not have yet of the study in a folder; returns what went wrong, if anything."""
        try:
            records = list(read_lines(folder / "study.jsonl"))
            if records:
                client = self._connect()
                if folder not in self._sent:
                    self._sent[folder] = self._noted(client, folder)
                _Projection(client, self.workspace, folder, records, self._sent[folder]).send()
        except Exception as error:  # noqa: BLE001  a study never depends on its tracking
            return _reason(error)
        return None

    def _connect(self) -> "MlflowClient":
        if self._client is None:
            import mlflow

            logging.getLogger("alembic").setLevel(logging.ERROR)  # hundreds of lines on a new database
            logging.getLogger("mlflow").setLevel(logging.ERROR)
            uri = store_uri(self.workspace)
            if uri.startswith(SQLITE):
                create_database(Path(uri.removeprefix(SQLITE)))
            mlflow.set_tracking_uri(uri)  # traces know no other way
            client = mlflow.MlflowClient(tracking_uri=uri)
            client.search_experiments(max_results=1)
            self._client = client
        return self._client

    def _noted(self, client: "MlflowClient", folder: Path) -> dict[str, str]:
        """Run ids by what they stand for, as far as they were sent to this store and are still there."""
        from mlflow.exceptions import MlflowException

        path = folder / NOTED
        noted = json.loads(path.read_text("utf-8")) if path.exists() else {"store": "", "runs": {}}
        runs: dict[str, str] = noted["runs"]
        if noted["store"] != store_uri(self.workspace) or "study" not in runs:
            return {}
        try:
            client.get_run(runs["study"])
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return {}
        return runs


class _Projection:
    """One pass over a study's records: sends what `sent` does not name, and keeps note of it."""

    def __init__(
        self,
        client: "MlflowClient",
        workspace: Path,
        folder: Path,
        records: list[Record],
        sent: dict[str, str],
    ) -> None:
        self.client, self.folder, self.sent, self.store = client, folder, sent, store_uri(workspace)
        self.head = records[0]
        self.candidates = [record for record in records if record["kind"] == "candidate"]
        self.final = next((record for record in reversed(records) if record["kind"] == "final"), None)
        self.experiment = self._experiment(workspace)
        self.by_index = {record["index"]: record for record in self.candidates}

    def send(self) -> None:
        study = self._once("study", self._study_run)
        self._once("study-document", lambda: self._study_document(study))
        for record in self.candidates:
            name, generation = record["name"], record["generation"]
            parent = self._once(f"generation-{generation}", lambda g=generation: self._generation_run(study, g))
            run_id = self._once(name, lambda r=record, p=parent: self._candidate_run(p, r))
            self._once(f"{name}-numbers", lambda r=record, i=run_id: self._numbers(i, r))
            self._once(f"{name}-files", lambda r=record, i=run_id: self._files(i, r))
            self._once(f"{name}-ledger", lambda r=record, i=run_id: self._ledger(i, r))
            self._once(f"{name}-trace", lambda r=record, i=run_id: self._trace(i, r))
        self._summaries(study)
        if self.final:
            tests = len(self.final["tests"]["seed"])
            self._once(f"final-{self.final['candidates']}-{tests}", lambda: self._champion(study))

    def _once(self, key: str, send: Callable[[], str | None]) -> str:
        """The id noted under a key; sends it first if there is none. Each key is one thing, so none goes twice."""
        if key not in self.sent:
            self.sent[key] = send() or ""
            partial = (self.folder / NOTED).with_suffix(".part")
            partial.write_text(json.dumps({"store": self.store, "runs": self.sent}, indent=1), "utf-8")
            partial.replace(self.folder / NOTED)
        return self.sent[key]

    def _experiment(self, workspace: Path) -> str:
        name = self.head["identity"]["task"]
        found = self.client.get_experiment_by_name(name)
        if found:
            return found.experiment_id
        local = self.store.startswith(SQLITE)
        place = (workspace / "mlruns" / name).as_uri() if local else None
        experiment = self.client.create_experiment(name, place)
        with contextlib.suppress(Exception):  # MLflow's own format of saved views, which it may change
            columns = [f"metrics.`{metric}`" for metric in ("research_output", self.head["task"]["heldout"])]
            columns += [f"params.`{param}`" for param in ("parent", "headcount", "standup")]
            self.client.set_experiment_tag(experiment, *content.saved_view(columns))
        return experiment

    def _study_run(self) -> str:
        tags = {KIND: "study", "orgopt.task": self.head["identity"]["task"], "orgopt.version": self.head["orgopt"]}
        return self.client.create_run(self.experiment, run_name=self.head["name"], tags=tags).info.run_id

    def _study_document(self, study: str) -> None:
        _log(self.client, study, params=self.head["identity"])
        self._document(study, self.head["program"], "seed/")

    def _generation_run(self, study: str, generation: int) -> str:
        tags = {PARENT: study, KIND: "generation", GENERATION: str(generation)}
        return self.client.create_run(self.experiment, run_name=f"generation {generation}", tags=tags).info.run_id

    def _candidate_run(self, generation_run: str, record: Record) -> str:
        parent = self.by_index.get(record["parent"])
        tags = {PARENT: generation_run, KIND: "candidate", GENERATION: str(record["generation"])}
        tags |= {"orgopt.parent": parent["name"] if parent else "", "orgopt.changes": record["changes"]}
        tags[NOTE] = content.note(record, parent)
        return self.client.create_run(self.experiment, run_name=content.run_name(record), tags=tags).info.run_id

    def _events(self, record: Record) -> list[Record]:
        return list(read_lines(self.folder / "candidates" / record["name"] / "ledger.jsonl"))

    def _numbers(self, run_id: str, record: Record) -> None:
        org = read(parse(record["program"])).org
        budget_s = self.head["identity"]["budget_s"]
        metrics = content.metrics(record["score"], self._events(record), self.head["task"], budget_s)
        params = content.params(org, record, self.by_index.get(record["parent"]))
        _log(self.client, run_id, params=params, metrics=metrics)

    def _files(self, run_id: str, record: Record) -> None:
        parent = self.by_index.get(record["parent"])
        self._document(run_id, record["program"])
        if parent:
            self.client.log_text(run_id, content.diff(parent, record), "diff.md")
        for name in ("ledger.jsonl", "results.tsv"):
            self.client.log_artifact(run_id, str(self.folder / "candidates" / record["name"] / name))
        self.client.set_terminated(run_id)

    def _ledger(self, run_id: str, record: Record) -> None:
        self.client.log_table(run_id, content.ledger_table(self._events(record)), "ledger.json")

    def _trace(self, run_id: str, record: Record) -> None:
        trace_run(record["name"], self._events(record), record["at"], self.experiment, run_id)

    def _summaries(self, study: str) -> None:
        """Best and median of each generation, on its run and on the study; a better champion as a prompt."""
        best: Record | None = None
        for generation in sorted({record["generation"] for record in self.candidates}):
            records = [record for record in self.candidates if record["generation"] == generation]
            outputs = [record["score"]["research_output"] for record in records]
            top = records[outputs.index(max(outputs))]
            if best is None or max(outputs) > best["score"]["research_output"]:
                best = top
            if len(records) < self.head["identity"]["population"]:
                return  # still running
            self._once(f"summary-{generation}", lambda g=generation, o=outputs, b=best: self._summary(study, g, o, b))
            self._once(f"prompt-{best['name']}", lambda b=best: self._prompt(b))

    def _summary(self, study: str, generation: int, outputs: list[float], best: Record) -> None:
        run_id = self.sent[f"generation-{generation}"]
        own = {"research_output": max(outputs), "median": median(outputs), "candidates": float(len(outputs))}
        _log(self.client, run_id, metrics=[(name, value, 0) for name, value in own.items()])
        ahead = {"best_so_far": best["score"]["research_output"], "best": max(outputs), "median": median(outputs)}
        _log(self.client, study, metrics=[(f"generations/{name}", value, generation) for name, value in ahead.items()])
        self.client.set_terminated(run_id)

    def _prompt(self, record: Record) -> None:
        """Register the best document so far as the next version of the study's prompt."""
        if len(record["program"]) > _PROMPT_LIMIT:
            return
        name = f"program-md.{self.head['name']}"
        score = f"{record['score']['research_output']:.3f}"
        tags = {"score": score, "generation": str(record["generation"]), "candidate": record["name"]}
        message = f"{record['name']}: {record['changes']}"[:1000]
        version = self.client.register_prompt(name, record["program"], commit_message=message, tags=tags).version
        self.client.set_prompt_alias(name, "champion", version)
        if record["index"] == 0:
            self.client.set_prompt_alias(name, "seed", version)

    def _champion(self, study: str) -> None:
        final = self.final
        if final is None:
            return
        champion, seed = self.by_index[final["champion"]], self.by_index[0]
        self.client.set_tag(self.sent[champion["name"]], "orgopt.champion", "true")
        self.client.set_tag(study, "orgopt.champion", champion["name"])
        self.client.set_tag(study, NOTE, content.study_note(champion, final))
        metrics = [
            (f"test/{name}.{side}", test[key], step)
            for side, tests in final["tests"].items()
            for step, test in enumerate(tests)
            for key, name in (("research_output", "research_output"), ("heldout", self.head["task"]["heldout"]))
        ]
        _log(self.client, study, metrics=[*metrics, ("research_output", champion["score"]["research_output"], 0)])
        self._document(study, champion["program"], "champion/")
        self.client.log_text(study, content.diff(seed, champion), "champion/diff.md")
        self.client.set_terminated(study)

    def _document(self, run_id: str, text: str, place: str = "") -> None:
        self.client.log_text(run_id, text, f"{place}program.md")
        self.client.log_text(run_id, svg(read(parse(text)).org), f"{place}chart.svg")


def _log(
    client: "MlflowClient",
    run_id: str,
    *,
    params: Mapping[str, Any] | None = None,
    metrics: Iterable[tuple[str, float, int]] = (),
) -> None:
    """Send parameters and metrics in as few batches as MLflow allows."""
    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    entities = [Metric(name, round(value, 5), now, step) for name, value, step in metrics]
    texts = [Param(key, str(value)[:_PARAM_LIMIT]) for key, value in (params or {}).items()]
    for start in range(0, max(len(entities), 1), 900):  # MLflow takes 1,000 metrics a batch
        client.log_batch(run_id, metrics=entities[start : start + 900], params=texts if start == 0 else [])


def _reason(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}"
