"""MLflow's store of a workspace: its address, making its database, and what is sent to it and asked of it."""

import contextlib
import logging
import os
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlparse

from orgopt.basics.addresses import without_passwords
from orgopt.errors import StoreError
from orgopt.tracking.backend import mlflow_addresses
from orgopt.tracking.backend.database import SQLITE, create_database, relax
from orgopt.tracking.backend.direct import Direct
from orgopt.tracking.backend.entry import CONTEXT, NOTE, OWN, SOURCE_TYPE, Entry, Source
from orgopt.tracking.names import KEY, STUDY
from orgopt.tracking.shown.saved_view import saved_views

if TYPE_CHECKING:
    from mlflow import MlflowClient

PARENT = "mlflow.parentRunId"
KIND = "mlflow.experimentKind"
"""The tag of an experiment that decides which of its pages MLflow leads to: those of runs."""
ANSWER_S = 1.0
"""How long a server may take to say that it is there."""
_BATCH = 900  # MLflow takes 1,000 metrics a batch
_LIMITS = {
    # MLflow's own wait for minutes: 120 s an attempt, seven of them.
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "0",  # a request that was answered may not be sent again unasked
    "MLFLOW_ENABLE_ASYNC_TRACE_LOGGING": "false",  # a trace is sent when it is noted
    "MLFLOW_DISABLE_TELEMETRY": "true",
}


def store_uri(workspace: Path) -> str:
    """The tracking URI of a workspace: the one of the environment, or its own database."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"{SQLITE}{(workspace / 'mlflow.db').resolve()}"


def has_store(workspace: Path) -> bool:
    """Whether a workspace has a store to read from."""
    uri = store_uri(workspace)
    return not uri.startswith(SQLITE) or Path(uri.removeprefix(SQLITE)).exists()


def connect(workspace: Path) -> "MlflowClient":
    """MLflow on the store of a workspace; its import takes seconds.

    Raises:
        StoreError: A server does not answer.
        Exception: What MLflow raises on a store that it cannot open.
    """
    for name, value in _LIMITS.items():
        os.environ.setdefault(name, value)
    uri = store_uri(workspace)
    if uri.startswith("http"):
        require_answer(uri)
    import mlflow

    logging.getLogger("alembic").setLevel(logging.ERROR)  # hundreds of lines on a new database
    logging.getLogger("mlflow").setLevel(logging.ERROR)
    if uri.startswith(SQLITE):
        create_database(Path(uri.removeprefix(SQLITE)))
        relax()
    mlflow.set_tracking_uri(uri)  # traces know no other way
    client = mlflow.MlflowClient(tracking_uri=uri)
    client.search_experiments(max_results=1)
    return client


def require_answer(uri: str) -> None:
    """Ask a server whether it is there, in little time.

    Raises:
        StoreError: It is not, or is too slow.
    """
    scheme, _, rest = uri.rstrip("/").partition("://")
    place, slash, path = rest.partition("/")
    bare = f"{scheme}://{place.rpartition('@')[2]}{slash}{path}"  # the name and password are for MLflow to send
    try:
        with urllib.request.urlopen(f"{bare}/health", timeout=ANSWER_S):
            return
    except urllib.error.HTTPError:
        return  # an answer
    except OSError as error:
        reason = getattr(error, "reason", error)
        raise StoreError(without_passwords(f"{uri} does not answer: {reason}")) from None
    except ValueError as error:
        raise StoreError(without_passwords(f"{uri} is no address of a server: {error}")) from None


class Store:
    """Where the runs of one study go.

    Args:
        client: MLflow's.
        experiment: The name of the experiment; made when it is not there.
        workspace: Where artifacts lie when the store is the workspace's own.
        study: The id of the study, which marks its runs.
    """

    def __init__(self, client: "MlflowClient", experiment: str, workspace: Path, study: str) -> None:
        self.client, self.study = client, study
        self.uri = str(cast("Any", client).tracking_uri)
        self.direct = _direct(self.uri)
        self.experiment = self._experiment(experiment, workspace)
        self.views({**saved_views(), KIND: "custom_model_development"})

    def address(self, run_id: str) -> str:
        """Where a run is in MLflow's pages, from any of them."""
        return mlflow_addresses.run(self.experiment, run_id)

    def state(self, run_id: str) -> str:
        """`active`, `deleted`, or `` when there is no such run."""
        from mlflow.exceptions import MlflowException

        try:
            return self.client.get_run(run_id).info.lifecycle_stage
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            return ""

    def find(self) -> Iterator[tuple[str, str]]:
        """The key and the id of each run of the study, deleted ones too."""
        from mlflow.entities import ViewType

        token: str | None = None
        while True:
            page = self.client.search_runs(
                [self.experiment],
                f"tags.`{STUDY.name}` = '{self.study}'",
                run_view_type=ViewType.ALL,
                max_results=1000,
                page_token=token,
            )
            yield from ((run.data.tags[KEY.name], run.info.run_id) for run in page)
            token = cast("str | None", page.token)
            if not token:
                return

    def send(self, entry: Entry, *, parent: str = "", known: str = "") -> str:
        """Make a run with everything that is in it, or complete one that is there already; returns its id."""
        tags = {**entry.tags, STUDY.name: self.study, KEY.name: entry.key, **({PARENT: parent} if parent else {})}
        if known:
            self.add(known, entry, tags=tags)
            return known
        if self.direct:
            run_id, place = self.direct.fresh(self.experiment)
            self._files(run_id, entry.files, place)
            self.direct.write(run_id, entry, _told(tags, run_id), (self.experiment, place))
            return run_id
        run = self.client.create_run(
            self.experiment, start_time=int(entry.began * 1000), tags=tags, run_name=entry.name
        )
        run_id = run.info.run_id
        told = {name: value for name, value in _told(tags, run_id).items() if value != tags[name]}
        self._add(run_id, entry, told, run.info.artifact_uri or "")
        return run_id

    def add(self, run_id: str, entry: Entry, *, tags: Mapping[str, str] | None = None) -> None:
        """Add to a run what an entry has; `tags` instead of its own."""
        marks = _told(entry.tags if tags is None else tags, run_id)
        if self.direct:
            self._files(run_id, entry.files, self.direct.place(run_id))
            self.direct.write(run_id, entry, marks, None)
        else:
            self._add(run_id, entry, marks, "")

    def _add(self, run_id: str, entry: Entry, tags: Mapping[str, str], place: str) -> None:
        """The same through MLflow; an empty place of its artifacts is asked for."""
        from mlflow.entities import Metric, Param, RunTag

        at = int(entry.at * 1000)
        points = [Metric(point.name, point.value, at, point.step) for point in entry.shown]
        params = [Param(name, value) for name, value in entry.params.items()]
        marks = [RunTag(name, value) for name, value in tags.items()]
        for start in range(0, max(len(points), 1), _BATCH):
            some = points[start : start + _BATCH]
            self.client.log_batch(run_id, some, params=[] if start else params, tags=[] if start else marks)
        if entry.sources:
            self.client.log_inputs(run_id, [_dataset(source) for source in entry.sources])
        self._files(run_id, entry.files, place)
        if entry.ended:
            self.client.set_terminated(run_id, end_time=at)

    def _files(self, run_id: str, files: Mapping[str, str], place: str) -> None:
        if not files:
            return
        place = place or self.client.get_run(run_id).info.artifact_uri or ""
        if place.startswith("file:"):  # the same as MLflow does, in a tenth of the time
            _write(Path(unquote(urlparse(place).path)), files)
            return
        with tempfile.TemporaryDirectory() as scratch:
            _write(Path(scratch), files)
            self.client.log_artifacts(run_id, scratch)

    def views(self, found: Mapping[str, str]) -> None:
        """Keep views of the experiment, as its tags; the pages work without them."""
        from mlflow.exceptions import MlflowException

        for name, value in found.items():
            with contextlib.suppress(MlflowException):
                self.client.set_experiment_tag(self.experiment, name, value)

    def _experiment(self, name: str, workspace: Path) -> str:
        from mlflow.exceptions import MlflowException

        found = self.client.get_experiment_by_name(name)
        if found is None:
            local = self.uri.startswith(SQLITE)
            place = (workspace / "mlruns" / name).as_uri() if local else None
            try:
                experiment = self.client.create_experiment(name, place)
            except MlflowException as error:
                if error.error_code != "RESOURCE_ALREADY_EXISTS":
                    raise
                return self._experiment(name, workspace)  # another study was first
        else:
            experiment = found.experiment_id
            if found.lifecycle_stage != "active":
                raise StoreError(f"experiment {name} was deleted in MLflow: restore it there")
        return experiment


def _direct(uri: str) -> Direct | None:
    """The fast way into a store; None where there is none."""
    if uri.startswith(SQLITE):
        with contextlib.suppress(StoreError):
            return Direct(Path(uri.removeprefix(SQLITE)))
    return None


def _dataset(source: Source) -> Any:
    from mlflow.entities import Dataset, DatasetInput, InputTag

    dataset = Dataset(name=source.name, digest=source.digest, source_type=SOURCE_TYPE, source=source.address)
    return DatasetInput(dataset, [InputTag(CONTEXT, source.kind)])


def _told(tags: Mapping[str, str], run_id: str) -> dict[str, str]:
    """Tags whose note names its own run."""
    return {name: value.replace(OWN, run_id) if name == NOTE else value for name, value in tags.items()}


def _write(folder: Path, files: Mapping[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
