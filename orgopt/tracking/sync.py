"""Sending studies to MLflow: what it does not have yet, and what went wrong. Tracking never stops a study."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from orgopt.basics.addresses import without_passwords
from orgopt.errors import OrgoptError
from orgopt.study.records.head import StudyRecord
from orgopt.study.records.names import LOG
from orgopt.study.records.reader import read_records
from orgopt.study.view import study
from orgopt.tracking.backend.store import Store, connect, require_answer, store_uri
from orgopt.tracking.names import experiment_name, prompt_name, study_id
from orgopt.tracking.prompts import Prompt
from orgopt.tracking.sent_record import Noted
from orgopt.tracking.unsent import Unsent

if TYPE_CHECKING:
    from mlflow import MlflowClient

LONGEST_REASON = 240  # characters: the errors of requests repeat themselves


class Sent(NamedTuple):
    """What a pass over a study did: how many things it sent, and what stopped it, if anything."""

    things: int
    problem: str = ""


class Tracking:
    """The unsent of a workspace's studies.

    Args:
        workspace: The folder with `mlflow.db` and `mlruns/`.
        heard: Called after each thing that MLflow took.
    """

    def __init__(self, workspace: Path, heard: Callable[[], None] = lambda: None) -> None:
        self.workspace, self.heard = workspace.resolve(), heard
        self._client: MlflowClient | None = None
        self._stores: dict[str, tuple[Store, Prompt]] = {}

    def open(self) -> str:
        """Import MLflow and open its store, which takes seconds; returns what went wrong, if anything."""
        try:
            self._connect()
        except Exception as error:  # noqa: BLE001  MLflow raises what its databases and servers raise
            return _reason(error)
        return ""

    def sync(self, folder: Path) -> Sent:
        """Send what MLflow does not have yet of the study in a folder."""
        sent = 0
        try:
            records = read_records(folder / LOG)
            if not records:
                return Sent(0)
            head, client = study(records[:1]).head, self._connect()
            with Noted(folder, store_uri(self.workspace)) as noted:
                store, prompt = self._store(client, head)
                unsent = Unsent(store, prompt, folder, self.workspace, noted)
                for _ in unsent.send(records):
                    sent += 1
                    self.heard()
        except Exception as error:  # noqa: BLE001  a study never depends on its tracking
            self._stores.clear()
            return Sent(sent, _reason(error))
        return Sent(sent)

    def _connect(self) -> "MlflowClient":
        if self._client is None:
            self._client = connect(self.workspace)
        elif (uri := store_uri(self.workspace)).startswith("http"):
            require_answer(uri)
        return self._client

    def _store(self, client: "MlflowClient", head: StudyRecord) -> tuple[Store, Prompt]:
        key = study_id(head)
        if key not in self._stores:
            store = Store(client, experiment_name(head), self.workspace, key)
            self._stores[key] = store, Prompt(client, prompt_name(head.name), key, store.experiment)
        return self._stores[key]


def _reason(error: Exception) -> str:
    if isinstance(error, OrgoptError):
        return without_passwords(str(error))
    first = next(iter(str(error).splitlines()), "no message")
    text = without_passwords(f"{type(error).__name__}: {first}")
    return text if len(text) <= LONGEST_REASON else text[: LONGEST_REASON - 1] + "…"
