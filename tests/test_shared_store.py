"""A store where a team shares studies: MLflow on a real PostgreSQL, artifacts on a server of S3's protocol."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fakes.board import contested

pytest.importorskip("psycopg", reason="psycopg is not installed: pip install 'orgopt[shared]'")
boto3 = pytest.importorskip("boto3", reason="boto3 is not installed: pip install 'orgopt[shared]'")
pytest.importorskip("moto", reason="moto's server is not installed: pip install 'moto[server]'")

ROOT = Path(__file__).parents[1]
_SERVERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
_KEYS = {"AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_DEFAULT_REGION": "us-east-1"}

pytestmark = [
    pytest.mark.cluster,
    pytest.mark.skipif(not _SERVERS, reason="PostgreSQL is not installed: apt install postgresql"),
]


class Shared(NamedTuple):
    """Where what is."""

    tracking: str
    postgres: str
    bucket: Callable[[], list[str]]


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextmanager
def server(command: list[str], port: int, env: dict[str, str] | None = None) -> Iterator[None]:
    """A server, from when it takes connections to its end."""
    with subprocess.Popen(
        command, env=os.environ | (env or {}), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as one:
        try:
            deadline = time.monotonic() + 600  # MLflow makes its tables first, slowly on a busy machine
            while time.monotonic() < deadline:
                try:
                    socket.create_connection(("127.0.0.1", port), timeout=1).close()
                    break
                except OSError:
                    assert one.poll() is None, f"{command[0]} ended"
                    time.sleep(0.2)
            yield
        finally:
            one.terminate()


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """A database server of the test's own; it refuses to be root's."""
    bin_, port = _SERVERS[-1], free_port()
    folder.mkdir()
    as_who: list[str] = []
    if os.getuid() == 0:
        shutil.chown(folder, "postgres")
        as_who = ["/usr/sbin/runuser", "-u", "postgres", "--"]
    data = folder / "data"
    subprocess.run(
        [*as_who, str(bin_ / "initdb"), "-D", str(data), "-A", "trust", "-U", "team"],
        check=True,
        cwd="/",
        stdout=subprocess.DEVNULL,
    )
    options = ["-D", str(data), "-p", str(port), "-k", str(folder), "-c", "listen_addresses=127.0.0.1"]
    with server([*as_who, str(bin_ / "postgres"), *options], port):
        url = f"postgresql://team@127.0.0.1:{port}"
        for name in ("mlflow", "optuna"):
            _made(bin_, port, name)
        yield url


def _made(bin_: Path, port: int, name: str) -> None:
    command = [str(bin_ / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "team", name]
    for _ in range(50):  # it takes connections before it answers them
        if subprocess.run(command, check=False, stderr=subprocess.DEVNULL).returncode == 0:
            return
        time.sleep(0.2)
    raise AssertionError(f"no database {name}")


def test_a_board_in_postgresql_decides_each_claim_once() -> None:
    folder = Path("/tmp") / f"orgopt-board-{os.getpid()}"  # short, and open to PostgreSQL's user
    try:
        with postgres(folder) as url:
            found = contested(f"{url}/optuna")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    assert not [one.id for one in found if one.status.open]
    assert len({one.test for one in found}) == len(found)


@pytest.fixture
def shared() -> Iterator[Shared]:
    folder = Path("/tmp") / f"orgopt-shared-{os.getpid()}"  # short, and open to PostgreSQL's user
    storage, port = free_port(), free_port()
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        url = stack.enter_context(postgres(folder))
        moto = [sys.executable, "-c", "from moto.server import main; main()", "-p", str(storage)]
        stack.enter_context(server(moto, storage))
        s3 = boto3.client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{storage}",
            region_name="us-east-1",
            aws_access_key_id="k",
            aws_secret_access_key="s",
        )
        s3.create_bucket(Bucket="team")
        mlflow = [sys.executable, "-m", "mlflow", "server", "--backend-store-uri", f"{url}/mlflow", "--workers", "1"]
        mlflow += ["--artifacts-destination", "s3://team/artifacts", "--port", str(port)]
        env = {"MLFLOW_S3_ENDPOINT_URL": f"http://127.0.0.1:{storage}", **_KEYS}
        stack.enter_context(server(mlflow, port, env))
        tracking = f"http://127.0.0.1:{port}"
        with urllib.request.urlopen(f"{tracking}/health", timeout=60):
            pass
        yield Shared(
            tracking, url, lambda: [one["Key"] for one in s3.list_objects_v2(Bucket="team").get("Contents", [])]
        )


def orgopt(folder: Path, *arguments: str, tracking: str) -> None:
    folder.mkdir(exist_ok=True)
    env = os.environ | {"MLFLOW_TRACKING_URI": tracking, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "orgopt", *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_studies_of_two_people_share_a_server_and_do_not_mix(shared: Shared, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    people = [tmp_path / "ada", tmp_path / "ben"]
    for seed, folder in enumerate(people):
        study = [
            "--budget",
            "10s",
            "--generations",
            "1",
            "--population",
            "3",
            "--search-seeds",
            "1",
            "--race-seeds",
            "0",
        ]
        study += ["--test-seeds", "2", "--controls", "none", "--seed", str(seed), "--name", "same"]
        document = str(ROOT / "orgs" / "solo.md")
        orgopt(folder, "optimize", document, "--task", "digits", "--lab", "replay", *study, tracking=shared.tracking)
        orgopt(folder, "sync", "same", tracking=shared.tracking)
        url = f"{shared.postgres}/optuna"
        if folder == people[0]:
            orgopt(folder, "export", "same", "--optuna", url, tracking=shared.tracking)
    client = MlflowClient(tracking_uri=shared.tracking)
    (experiment,) = [one for one in client.search_experiments() if one.name == "digits"]
    runs = client.search_runs([experiment.experiment_id])
    by_study = Counter(run.data.tags["orgopt.study"] for run in runs)
    assert len(by_study) == 2
    assert len(set(by_study.values())) == 1, "both have the same runs"
    assert any(key.endswith("program.md") for key in shared.bucket())
    (exported,) = studies_of(f"{shared.postgres}/optuna")
    assert exported.startswith("same")


def studies_of(url: str) -> list[str]:
    """The studies' names in an Optuna database, which keeps its connections open until it is told to close them."""
    import optuna

    storage = optuna.storages.RDBStorage(url)
    try:
        return optuna.get_all_study_names(storage)
    finally:
        storage.remove_session()
        storage.engine.dispose()
