"""`orgopt ui`: MLflow on the workspace's store."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing, suppress
from pathlib import Path

import click

from orgopt.cli.base import command, find_workspace, out
from orgopt.errors import LabError, UsageError
from orgopt.tracking import VIEW, store_uri

_START_LIMIT_S = 60
_ENVIRONMENT = {
    # A fast start: one worker, and no job processes, which a study does not use.
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "LITELLM_LOCAL_MODEL_COST_MAP": "True",
}


@click.command("ui", epilog="\b\nExamples:\n  orgopt ui\n  orgopt ui --port 8080 --workspace ~/research")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=5000, show_default=True, help="Taken or not: the next free one."
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--workspace", "folder", type=click.Path(path_type=Path), help="Folder with mlflow.db.  [default: from here upward]"
)
@command
def ui_command(port: int, host: str, folder: Path | None) -> None:
    """Open the generations of this workspace in MLflow; Ctrl-C ends it."""
    workspace = (folder or find_workspace()).resolve()
    uri = store_uri(workspace)
    if uri.startswith("sqlite:") and not (workspace / "mlflow.db").exists():
        raise UsageError(f"no mlflow.db in {workspace}: run `orgopt optimize` first, or name another --workspace")
    port = _free_port(host, port)
    server = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "mlflow",
            "server",
            "--backend-store-uri",
            uri,
            "--workers",
            "1",
            "--host",
            host,
            "--port",
            str(port),
        ],
        env={**os.environ, **_ENVIRONMENT},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        cwd=workspace,
    )
    try:
        _await(server, f"http://{host}:{port}/health")
        out.print(f"MLflow: [bold]http://{host}:{port}/#/{_landing(workspace)}[/]  (Ctrl-C ends it)")
        server.wait()
    except KeyboardInterrupt:
        out.print("Ended.")
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(5)
        except subprocess.TimeoutExpired:
            with suppress(ProcessLookupError):
                os.killpg(server.pid, signal.SIGKILL)


def _free_port(host: str, port: int) -> int:
    for candidate in range(port, min(port + 50, 65536)):
        with closing(socket.socket()) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, candidate))
            except OSError:
                continue
            return candidate
    raise UsageError(f"no free port from {port} on at {host}: name another --port")


def _await(server: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + _START_LIMIT_S
    while time.monotonic() < deadline:
        if server.poll() is not None:
            raise LabError(f"the MLflow server ended at once with exit code {server.returncode}")
        with suppress(urllib.error.URLError, OSError), urllib.request.urlopen(url, timeout=1):
            return
        time.sleep(0.1)
    raise LabError(f"the MLflow server did not answer within {_START_LIMIT_S} s")


def _landing(workspace: Path) -> str:
    """The page of the newest experiment's runs; MLflow's first page where there is none."""
    with suppress(sqlite3.Error), closing(sqlite3.connect(workspace / "mlflow.db")) as database:
        row = database.execute("SELECT experiment_id FROM runs ORDER BY start_time DESC LIMIT 1").fetchone()
        if row:
            return f"experiments/{row[0]}/runs?workflowType=machine_learning&viewStateShareKey={VIEW}"
    return ""
