"""The small git repository that a command works on: how it begins, and what is read of it afterwards.

Whoever reads it takes nothing in it for more than data: a stranger's program may have changed all of it.
"""

import os
import stat
import subprocess
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any

UNCOMMITTED = "uncommitted edits"
"""The subject of what was edited and not committed, where the command printed nothing."""

_GIT_LIMIT_S = 10
_TASK_BYTES = 1 << 14
_LEFT_BYTES, _MOST_LEFT, _MOST_SEEN = 1 << 17, 64, 10_000  # of all files that stay for the next call
_NO_TEXT = {"\0", "\ufffd"}
_MAX_SUBJECT = 2_000
_AUTHOR = ("agent", "agent@localhost")
_WHEN = "2000-01-01T00:00:00Z"


class Git:
    """git in a repository that a stranger may have changed: no hooks, no helpers, little time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        env = {name: os.environ[name] for name in ("PATH", "LC_ALL", "LANG") if name in os.environ}
        # A fixed time gives commits the names that they had before, where a call is made again.
        env |= {"GIT_AUTHOR_DATE": _WHEN, "GIT_COMMITTER_DATE": _WHEN}
        self.env = {**env, "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": os.devnull}

    def __call__(self, *words: str) -> bytes:
        safe = ("-c", f"core.hooksPath={os.devnull}", "-c", "core.fsmonitor=false", "-c", "core.pager=cat")
        return subprocess.run(
            ("git", *safe, *words),
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            check=True,
            timeout=_GIT_LIMIT_S,
        ).stdout


def prepare(job: Mapping[str, Any], git: Git) -> str:
    """Make the repository, a commit for each state that is given; returns the last one."""
    git.folder.mkdir()
    git("init", "--quiet", "--initial-branch=work", "--template=")
    for name, value in zip(("user.name", "user.email"), _AUTHOR, strict=True):
        git("config", name, value)
    if job["task_file"]:
        ignored = git.folder / ".git" / "info" / "exclude"
        ignored.parent.mkdir(exist_ok=True)
        ignored.write_text(f"/{job['task_file']}\n")
    for name, text in job["files"].items():
        (git.folder / name).write_text(text, "utf-8")
    for subject, text in job["states"]:
        (git.folder / job["script"]).write_text(text, "utf-8")
        git("add", "--all")
        git("commit", "--quiet", "--allow-empty", "-m", subject)
    for name, text in job["left"].items():  # which no commit has, as in the folder that the last call left
        place = git.folder / name
        if _within(name) and not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, "utf-8")
    return git("rev-parse", "HEAD").decode().strip()


def commits(job: Mapping[str, Any], git: Git, base: str, *, finished: bool) -> dict[str, Any]:
    """The commits since the start that differ from it, the last ones where there are many.

    What was edited and not committed counts as one more where the command ended well.
    """
    script, most = job["script"], job["most_commits"]
    revisions = git("rev-list", "--reverse", "--topo-order", f"{base}..HEAD").decode().split()
    found: list[dict[str, Any]] = []
    for one in revisions[-most:]:
        text, subject = _text(job, git, one), git("log", "-1", "--format=%s", one).decode("utf-8", "replace").strip()
        others = _others(git, script, text, base, one)
        found.append({"subject": subject[:_MAX_SUBJECT], "others": others, "script": text})
    more = max(0, len(revisions) - most)
    if finished and git("diff", "--name-only", "-z", "HEAD"):
        text = read(git.folder / script, job["script_bytes"])
        last = {"subject": UNCOMMITTED, "others": _others(git, script, text, base), "script": text}
        found, more = [*found, last][-most:], more + (len(found) == most)
    return {"commits": found, "more": more}


def _others(git: Git, script: str, text: str | None, *between: str) -> list[str]:
    """The names of changed files besides the script; of new ones, such as a CLI's examples, what it may use."""
    names = {"a": list[str](), "A": list[str]()}  # all but new files, and new ones
    for kind, found in names.items():
        told = git("diff", "--name-only", "-z", "--no-renames", f"--diff-filter={kind}", *between)
        found += [name.decode("utf-8", "replace") for name in told.split(b"\0") if name]
    used = [name for name in names["A"] if any(part in (text or part) for part in Path(name).with_suffix("").parts)]
    return [name[:200] for name in (*names["a"], *used) if name != script][:10]


def _text(job: Mapping[str, Any], git: Git, revision: str) -> str | None:
    """The script of a commit; None where it is no file or too long."""
    try:
        if int(git("cat-file", "-s", f"{revision}:{job['script']}")) > job["script_bytes"]:
            return None
        return git("cat-file", "blob", f"{revision}:{job['script']}").decode("utf-8", "replace")
    except subprocess.CalledProcessError:
        return None


def read(path: Path, most: int) -> str | None:
    """A file of the folder; None where it is none, another kind of file, or too long."""
    try:
        source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return None
    with os.fdopen(source, "rb") as file:
        found = os.fstat(source)
        if not stat.S_ISREG(found.st_mode) or found.st_size > most:
            return None
        return file.read(most).decode("utf-8", "replace")


def left(job: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """What a task goes on with at its next call: its own file, and other files of text that are no part of its start.

    The smallest come first, so that a program's cache does not push out its notes.
    """
    found: dict[str, int] = {}
    for path in islice(_files(folder), _MOST_SEEN):
        name = str(path.relative_to(folder))
        if name not in {*job["files"], job["script"]} and _within(name):
            about = path.lstat()
            found |= {name: about.st_size} if stat.S_ISREG(about.st_mode) else {}
    texts: dict[str, str] = {}
    room = _LEFT_BYTES
    for name in sorted(found, key=lambda name: (found[name], name))[:_MOST_LEFT]:
        text = read(folder / name, room)
        if text is not None and not _NO_TEXT & {*text}:
            texts[name] = text
            room -= found[name]
    task = read(folder / job["task_file"], _TASK_BYTES) or ""
    return {"task_file": task, "left": texts, "not_left": len(found) - len(texts)}


def _files(folder: Path) -> Iterator[Path]:
    """The files below a folder, git's own left out, in an order that does not depend on the disk."""
    for here, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != ".git")
        yield from (Path(here, name) for name in sorted(names))


def _within(name: str) -> bool:
    """Whether a name is that of a file below the folder that git itself does not use, and can be written down."""
    parts = Path(name).parts
    return bool(parts) and name.isprintable() and not Path(name).is_absolute() and not {"..", ".git"} & {*parts}
