"""Finding a workspace's studies by name."""

from pathlib import Path

from orgopt.errors import UsageError
from orgopt.study.records.names import LOG


def find_study(workspace: Path, name: str | None = None) -> Path:
    """The folder of a study, by its name, its folder or its log; without a name, the newest.

    Raises:
        UsageError: There is none.
    """
    studies = workspace / "mlruns" / "studies"
    logs = sorted(studies.glob(f"*/{LOG}"), key=lambda log: log.stat().st_mtime, reverse=True)
    if name is None:
        if not logs:
            raise UsageError(f"no study in {studies}: run `orgopt optimize` first, or name another --workspace")
        return logs[0].parent
    for found in (studies / name, Path(name), Path(name).parent):
        if (found / LOG).is_file() and (found.name == Path(name).name or Path(name).name == LOG):
            return found
    known = ", ".join(log.parent.name for log in logs[:10]) or "none"
    raise UsageError(f"no study '{name}' in {studies}; there are: {known}")
