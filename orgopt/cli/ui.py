"""`orgopt ui`: MLflow on the workspace's store with live pages beside it, or the newest study's own page."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from contextlib import closing, suppress
from http import HTTPStatus
from pathlib import Path
from typing import NamedTuple

import click

from orgopt.api.run_result import LEDGER
from orgopt.api.study_result import study_folders
from orgopt.basics.addresses import without_passwords
from orgopt.cli.shared.base import near, out, print_json
from orgopt.cli.shared.exits import command
from orgopt.errors import LabError, UsageError
from orgopt.ledger import write_text
from orgopt.live import PREFIX
from orgopt.live import address as address_of
from orgopt.live.serving import Serving
from orgopt.report import page
from orgopt.study.records.names import LOG
from orgopt.study.view import load_study
from orgopt.tracking import VIEW, store_uri
from orgopt.workspace import find_workspace

HOST = "127.0.0.1"
"""The server is for whoever sits at this machine: MLflow has no password."""
PORTS = 50  # tried from the given one on
_ATTEMPTS = 3
_END_LIMIT_S = 5
_START_LIMIT_S = 180  # seconds; five on an idle machine
_ENVIRONMENT = {
    # A fast start: one worker, and no job processes, which a study does not use.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    # Other sites that the browser has open may not ask it anything.
    "MLFLOW_SERVER_DISABLE_SECURITY_MIDDLEWARE": "false",
}


class _Newest(NamedTuple):
    """The newest study in a store."""

    name: str
    experiment: str
    run: str


@click.command("ui", epilog="\b\nExamples:\n  orgopt ui\n  orgopt ui --report\n  orgopt ui --workspace ~/research")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=5000, show_default=True, help="Taken or not: the next free one."
)
@click.option("--browser/--no-browser", default=True, help="Whether to open it in the browser, where there is one.")
@click.option("--report", is_flag=True, help="Open the page of the newest study instead, which needs no server.")
@click.option(
    "--workspace", "folder", type=click.Path(path_type=Path), help="Folder with mlflow.db.  [default: from here upward]"
)
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as JSON, once they answer.")
@command
def ui_command(port: int, browser: bool, report: bool, folder: Path | None, as_json: bool) -> None:
    """Open the generations of this workspace in MLflow, and pages that follow what runs; Ctrl-C ends it.

    It serves this machine only. Where MLflow has nothing, as of runs and of studies with --no-tracking, there are the
    pages alone.
    """
    workspace = (folder or find_workspace()).resolve()
    if report:
        path = _report(workspace)
        _say(f"Report: {near(path)}", address=path.as_uri(), as_json=as_json)
        _show(path.as_uri(), browser)
        return
    uri = store_uri(workspace)
    if uri.startswith("http"):
        shown = without_passwords(uri)
        _say(f"MLflow: {shown} (by MLFLOW_TRACKING_URI)", address=shown, as_json=as_json)
        _show(uri, browser)
        return
    if uri.startswith("sqlite:") and not (workspace / "mlflow.db").exists():
        if not (newest := _newest_kept(workspace)):
            raise UsageError(f"no mlflow.db in {workspace}: run `orgopt optimize` first, or name another --workspace")
        _serve_pages(workspace, newest, port, browser, as_json=as_json)
        return
    _serve(workspace, uri, port, browser, as_json=as_json)


def _serve(workspace: Path, uri: str, port: int, browser: bool, *, as_json: bool) -> None:
    newest = _newest(workspace)
    server, address = _started(workspace, uri, port, newest)
    try:
        page_address = f"{address}/#/{_study_page(newest)}"
        said = [f"MLflow: {address}/#/{_listing(newest)}  (Ctrl-C ends it)"]
        said += [f"Newest study, {newest.name}: {page_address}"] if newest else []
        kept = _newest_kept(workspace)
        live = f"{address}{kept or f'{PREFIX}/'}"
        said += [f"Live: {live}"]
        _say("\n".join(said), address=page_address, study=newest.name if newest else None, live=live, as_json=as_json)
        _show(page_address, browser)
        server.wait()
    except KeyboardInterrupt:
        if not as_json:
            out.print("Ended.")
    finally:
        _end(server)


def _serve_pages(workspace: Path, newest: str, port: int, browser: bool, *, as_json: bool) -> None:
    """Serve live pages without MLflow."""

    def ready(server: str) -> None:
        where = f"{server}{newest}"
        if server:
            text = f"Live: {where}  (Ctrl-C ends it; MLflow has nothing of this workspace)"
            _say(text, address=where, live=where, as_json=as_json)
            _show(where, browser)

    with Serving(workspace, ready, port) as serving:
        try:
            code = serving.wait()
        except KeyboardInterrupt:
            if not as_json:
                out.print("Ended.")
            return
    raise LabError(f"the server of live pages ended with exit code {code}")


def _newest_kept(workspace: Path) -> str:
    """The path of the page of the study or the run that was written last; empty where there is none."""
    logs = [*workspace.glob(f"mlruns/studies/*/{LOG}"), *workspace.glob(f"mlruns/runs/*/{LEDGER}")]
    if not logs:
        return ""
    log = max(logs, key=lambda path: path.stat().st_mtime)
    return address_of("study" if log.name == LOG else "run", log.parent.name)


def _say(text: str, *, address: str, study: str | None = None, live: str = "", as_json: bool) -> None:
    """Say where something is to be seen."""
    if as_json:
        print_json("ui", {"address": address, "study": study, "live": live})
        sys.stdout.flush()
    else:
        out.print(text, markup=False)


def _started(workspace: Path, uri: str, port: int, newest: _Newest | None) -> tuple[subprocess.Popen[bytes], str]:
    """A server that answers, and its address; another program may take its port while it starts."""
    for _ in range(_ATTEMPTS):
        port = _free_port(port)
        address = f"http://{HOST}:{port}"
        options = ["--backend-store-uri", uri, "--workers", "1", "--host", HOST, "--port", str(port)]
        server = subprocess.Popen(
            [sys.executable, "-m", "orgopt.live.with_mlflow", "server", *options],
            env={**os.environ, **_ENVIRONMENT},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            cwd=workspace,
        )
        try:
            _await(server, f"{address}/health")
            _require_guarded(address)
            if newest is None or _answers(f"{address}/api/2.0/mlflow/runs/get?run_id={newest.run}", 10):
                return server, address
        except BaseException:
            _end(server)
            raise
        _end(server)
        port += 1
    raise LabError("other servers took the ports of this one: name another --port")


def _end(server: subprocess.Popen[bytes]) -> None:
    """End a server with its workers, which may take longer than the process that began them."""
    with suppress(ProcessLookupError):
        os.killpg(server.pid, signal.SIGTERM)
        deadline = time.monotonic() + _END_LIMIT_S
        while time.monotonic() < deadline:
            server.poll()
            os.killpg(server.pid, 0)
            time.sleep(0.05)
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()


def _report(workspace: Path) -> Path:
    """The page of the newest study, made now where it is not there or older than the log."""
    studies = study_folders(workspace)
    if not studies:
        raise UsageError(f"no studies in {workspace}: run `orgopt optimize` first, or name another --workspace")
    log, path = studies[0] / LOG, studies[0] / "report.html"
    if not path.exists() or path.stat().st_mtime < log.stat().st_mtime:
        write_text(path, page(load_study(log.parent)))
    return path


def _show(address: str, browser: bool) -> None:
    """Open an address in a browser of windows; one of the terminal would take it over."""
    windows = sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if browser and windows:
        with suppress(webbrowser.Error, OSError):
            webbrowser.open(address)


def _free_port(port: int) -> int:
    for candidate in range(port, min(port + PORTS, 65536)):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, candidate))
            except OSError:
                continue
            return candidate
    raise UsageError(f"no free port from {port} on: name another --port")


def _await(server: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise LabError(f"the MLflow server ended at once with exit code {server.returncode}")
        if _answers(url, 1):
            return
        time.sleep(0.1)
    raise LabError(f"the MLflow server did not answer within {_START_LIMIT_S} s")


def _require_guarded(address: str) -> None:
    """Serve nothing that pages of other origins could change.

    Raises:
        LabError: The server takes their requests.
    """
    asked = urllib.request.Request(f"{address}/api/2.0/mlflow/experiments/search", data=b"{}")
    asked.add_header("Origin", "http://localhost:1")
    try:
        with urllib.request.urlopen(asked, timeout=10):
            pass
    except urllib.error.HTTPError as error:
        if error.code == HTTPStatus.FORBIDDEN:
            return
    raise LabError("this version of MLflow lets other web pages change it: use `orgopt report`, or another version")


def _answers(url: str, limit_s: float) -> bool:
    with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=limit_s):
        return True
    return False


def _listing(newest: _Newest | None) -> str:
    """The page of the runs beside the newest study; MLflow's first page where there is none."""
    if newest is None:
        return ""
    return f"experiments/{newest.experiment}/runs?workflowType=machine_learning&viewStateShareKey={VIEW}"


def _study_page(newest: _Newest | None) -> str:
    return f"experiments/{newest.experiment}/runs/{newest.run}?workflowType=machine_learning" if newest else ""


def _newest(workspace: Path) -> _Newest | None:
    query = (
        "SELECT name, experiment_id, runs.run_uuid FROM runs JOIN tags ON tags.run_uuid = runs.run_uuid "
        "WHERE tags.key = 'orgopt.kind' AND tags.value = 'study' AND lifecycle_stage = 'active' "
        "ORDER BY start_time DESC LIMIT 1"
    )
    with suppress(sqlite3.Error), closing(sqlite3.connect(workspace / "mlflow.db")) as database:
        row = database.execute(query).fetchone()
        return _Newest(row[0], str(row[1]), row[2]) if row else None
    return None
