"""Which folders a program needs beside itself: the venv, the npm packages and the interpreter that it is a part of."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

_MODULES = "node_modules"
_SHEBANG_BYTES = 256


def roots_of(program: Path) -> tuple[str, ...]:
    """The folders and files outside of the system's that a program is run from, as far as its place tells.

    Args:
        program: Its absolute path, which may be a link.
    """
    found: dict[str, None] = {}
    for path in (program, program.resolve()):
        for root in (*_venv(path), *_packages(path), *_interpreter(path)):
            if not _too_wide(root):
                found[str(root)] = None
    return tuple(found)


def _venv(path: Path) -> Iterator[Path]:
    """The virtual environment that a program lies in, and the Python that this one was made from."""
    settings = path.parent.parent / "pyvenv.cfg"
    if path.parent.name != "bin" or not settings.is_file():
        return
    yield path.parent.parent
    python = path.parent / "python3"
    if python.exists() and not (base := python.resolve()).is_relative_to("/usr"):
        yield base.parent.parent if base.parent.name == "bin" else base.parent


def _packages(path: Path) -> Iterator[Path]:
    """The npm packages that a program is one of: the outermost folder of such, for they share what they depend on."""
    if _MODULES in path.parts:
        yield Path(*path.parts[: path.parts.index(_MODULES) + 1])


def _interpreter(path: Path) -> Iterator[Path]:
    """What the first line of a script names, where that lies elsewhere than in the system."""
    try:
        with path.open("rb") as file:
            head = file.read(_SHEBANG_BYTES)
    except OSError:
        return
    if not head.startswith(b"#!"):
        return
    words = head[2:].split(b"\n")[0].decode("utf-8", "replace").split()
    name = next((word for word in words[1:] if not word.startswith("-")), "") if _is_env(words) else (words or [""])[0]
    found = shutil.which(name) if name else None
    if found is None:
        return
    interpreter = Path(found).absolute()
    yield from _venv(interpreter)
    if not interpreter.is_relative_to("/usr"):
        yield interpreter.parent
        yield interpreter.resolve().parent


def _is_env(words: list[str]) -> bool:
    return bool(words) and words[0].endswith("/env")


def _too_wide(root: Path) -> bool:
    """Whether a folder has more than a program: the home, what is above it, or the top."""
    real = Path(os.path.realpath(root))
    return real == Path("/") or Path.home().resolve().is_relative_to(real) or real.is_relative_to("/usr")
