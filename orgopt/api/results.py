"""What a workspace keeps: studies, contests and runs, each with its state; found by name, removed, and cleaned up."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orgopt.api.run_result import LEDGER, SETTINGS, is_run
from orgopt.api.study_result import StudyResult
from orgopt.basics.nearest import did_you_mean
from orgopt.errors import OrgoptError, StoreError, UsageError
from orgopt.ledger import Ledger, read_ledger, shown_sign
from orgopt.storage.locks import is_held
from orgopt.study.contest_log import LOG as CONTEST_LOG
from orgopt.study.folder import PAUSE, is_written
from orgopt.study.records.kinds import EvaluationRecord
from orgopt.study.records.names import LOG
from orgopt.study.records.reader import read_records
from orgopt.study.wording import metric, plain
from orgopt.workspace import find_workspace

_PLACES = {"study": ("studies", LOG), "contest": ("contests", CONTEST_LOG), "run": ("runs", LEDGER)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A study, a contest or a run that a workspace keeps.

    Attributes:
        kind: `study`, `contest` or `run`.
        name: Of its folder.
        folder: Its folder.
        state: `running`, `paused`, `stopped` or `done`; `empty` where nothing was measured, `damaged` where its log
            cannot be read.
        changed: When its log was last written, in seconds since the epoch.
        runs: Runs of a study or a contest that are done; experiments of a run.
        said: What came of it so far, in a line.
    """

    kind: str
    name: str
    folder: Path
    state: str
    changed: float
    runs: int
    said: str

    @property
    def log(self) -> Path:
        """Its log."""
        return self.folder / _PLACES[self.kind][1]

    @property
    def busy(self) -> bool:
        """Whether a process is at work on it."""
        return self.state in {"running", "paused"}

    def to_dict(self) -> dict[str, Any]:
        """It as JSON values."""
        place = {"result": self.kind, "name": self.name, "folder": str(self.folder)}
        return {**place, "state": self.state, "changed": self.changed, "runs": self.runs, "said": self.said}


def results(*, workspace: str | Path | None = None) -> list[Kept]:
    """All studies, contests and runs of a workspace, the newest first.

    Args:
        workspace: The folder with its mlruns; None finds it.
    """
    home = find_workspace() if workspace is None else Path(workspace).resolve()
    found = [_kept(kind, folder) for kind, folder in _folders(home)]
    return sorted(found, key=lambda one: -one.changed)


def logs(workspace: str | Path | None = None) -> list[Path]:
    """The logs of a workspace's studies and contests, without those that cannot be read.

    Args:
        workspace: The folder with its mlruns; None finds it.
    """
    return [one.log for one in results(workspace=workspace) if one.kind != "run" and one.state != "damaged"]


def kept_of(home: Path, kind: str, name: str) -> Kept | None:
    """A study, a contest or a run of a workspace by its name, without reading its log; None where it has none."""
    found = next((folder for one, folder in _folders(home) if (one, folder.name) == (kind, name)), None)
    if found is None:
        return None
    return Kept(kind=kind, name=name, folder=found, state="", changed=0.0, runs=0, said="")


def find_result(name: str | Path | None = None, *, workspace: str | Path | None = None) -> Kept:
    """A study, a contest or a run, by its name or its folder.

    Args:
        name: None is the newest of all.
        workspace: The folder with its mlruns; None finds it.

    Raises:
        UsageError: There is none.
    """
    home = find_workspace() if workspace is None else Path(workspace).resolve()
    places = list(_folders(home))
    if name is None:
        if not places:
            raise UsageError(f"nothing is kept in {home / 'mlruns'}: run `orgopt run` or `orgopt optimize` first")
        kind, folder = max(places, key=lambda place: _changed(*place))
        return _kept(kind, folder)
    for kind, folder in places:
        if folder.name == str(name):
            return _kept(kind, folder)
    path = Path(name)
    for kind, (_, log) in _PLACES.items():
        if (path / log).is_file():
            return _kept(kind, path.resolve())
    names = [folder.name for _, folder in places]
    known = f"there are: {', '.join(names[:10])}" if names else "there is nothing"
    raise UsageError(f"no study, contest or run '{name}' in {home}: {did_you_mean(str(name), names)}{known}")


def remove(several: Sequence[Kept], *, workspace: Path, tracking: bool = True) -> int:
    """Remove results with all their files, and their runs in MLflow; returns how many of those.

    Args:
        several: What is removed.
        workspace: Whose MLflow has their runs.
        tracking: Whether MLflow's runs are removed, too.

    Raises:
        UsageError: One is at work: nothing is removed.
        StoreError: A folder cannot be removed.
    """
    if busy := [one.name for one in several if is_busy(one)]:
        raise UsageError(f"{', '.join(busy)}: a process is at work there: stop it first (Ctrl-C, or kill)")
    forgotten = 0
    for one in several:
        if tracking and one.kind == "study" and one.state != "damaged":
            from orgopt.tracking import has_store
            from orgopt.tracking.backend.forget import forget

            forgotten += forget(workspace, one.folder) if has_store(workspace) else 0
        try:
            shutil.rmtree(one.folder)
        except OSError as error:
            raise StoreError(f"cannot remove {one.folder}: {error.strerror}") from None
    return forgotten


def leftovers(*, workspace: str | Path | None = None) -> list[Kept]:
    """What a workspace keeps without any use: results in which nothing was measured, and nobody is at work."""
    return [one for one in results(workspace=workspace) if one.state == "empty" and not is_busy(one)]


def forget_stale(*, workspace: str | Path | None = None) -> int:
    """Remove kept runs of plain Optuna that nothing reads again, see `orgopt.evolve.trials.kept_plain`; how many."""
    from orgopt.evolve.trials.kept_plain import plain_folder, stale

    found = stale(plain_folder(Path(workspace) if workspace else find_workspace()))
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def size_of(folder: Path) -> int:
    """The bytes of all files below a folder; links are not followed."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and not path.is_symlink())


def is_busy(one: Kept) -> bool:
    """Whether a process is at work on a result at this moment."""
    return is_held(one.folder / SETTINGS) if one.kind == "run" else is_written(one.folder)


def _folders(home: Path) -> Iterator[tuple[str, Path]]:
    for kind, (place, log) in _PLACES.items():
        for folder in sorted((home / "mlruns" / place).glob("*")):
            if (folder / log).is_file() or (kind == "run" and is_run(folder)) or (folder / "lock").is_file():
                yield kind, folder


def _changed(kind: str, folder: Path) -> float:
    log = folder / _PLACES[kind][1]
    return (log if log.exists() else folder).stat().st_mtime


def _kept(kind: str, folder: Path) -> Kept:
    state, runs, said = "damaged", 0, ""
    try:
        state, runs, said = {"study": _study, "contest": _contest, "run": _run}[kind](folder)
    except OrgoptError as error:
        said = str(error).partition("\n")[0].partition(";")[0]  # what to do stands in `orgopt log verify`
        if not (folder / _PLACES[kind][1]).is_file() or not (folder / _PLACES[kind][1]).stat().st_size:
            state, said = "empty", "nothing was measured"
    changed = _changed(kind, folder)
    return Kept(kind=kind, name=folder.name, folder=folder, state=state, changed=changed, runs=runs, said=said)


def _study(folder: Path) -> tuple[str, int, str]:
    found = StudyResult.read(folder)
    return found.state, len(found.view.evaluations), found.ending.title


def _contest(folder: Path) -> tuple[str, int, str]:
    records = read_records(folder / CONTEST_LOG)
    runs = [one for one in records if isinstance(one, EvaluationRecord)]
    counts = {(one.entrant, one.task): 0 for one in runs}
    for one in runs:
        counts[one.entrant, one.task] += 1
    entrants, tasks = {who for who, _ in counts}, {task for _, task in counts}
    even = len(set(counts.values())) == 1 and len(counts) == len(entrants) * len(tasks)
    at_work = "paused" if (folder / PAUSE).exists() else "running"
    state = at_work if is_written(folder) else "done" if even else "stopped" if runs else "empty"
    whole = [one for one in runs if one.k < min(counts.values(), default=0)]  # seeds that all entrants had
    means = {who: [one.score.research_output for one in whole if one.entrant == who] for who in entrants}
    if not whole or not all(means.values()):
        return state, len(runs), "no seed that all entrants had" if runs else "nothing was measured"
    ranked = sorted(means, key=lambda who: -sum(means[who]) / len(means[who]))
    said = ", ".join(f"{who} {plain(sum(means[who]) / len(means[who]))}" for who in ranked)
    return state, len(runs), f"{said} (means; `orgopt compare` says what differs)"


def _run(folder: Path) -> tuple[str, int, str]:
    ledger = Ledger(events=read_ledger(folder / LEDGER))
    done = [event for event in ledger.of("outcome") if event.data["status"] == "ok"]
    state = "done" if ledger.of("end") else "stopped" if ledger.events else "empty"
    state = "running" if is_held(folder / SETTINGS) else state
    submitted = ledger.of("submission")
    if not submitted:
        return state, len(done), "nothing was measured"
    sign = shown_sign(ledger.events[0].data)
    best, first = (sign * event.data["metric"] for event in (submitted[-1], submitted[0]))
    return state, len(done), f"{metric(first)} → {metric(best)} after {len(done)} experiments"
