"""Studies as the front door gives them, finished or not: what the log says, and the words for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orgopt.basics.nearest import did_you_mean
from orgopt.document import Program, parse
from orgopt.errors import UsageError
from orgopt.invocation import argument
from orgopt.report.notebook_cell import cell
from orgopt.study.folder import PAUSE, is_written
from orgopt.study.records.kinds import FinalRecord
from orgopt.study.records.names import LOG
from orgopt.study.records.reader import written
from orgopt.study.verdict.ending_form import Ending
from orgopt.study.verdict.html import to_html
from orgopt.study.verdict.study import ending
from orgopt.study.view import CandidateView, StudyView, load_study

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True, kw_only=True)
class StudyResult:
    """A study, finished or not.

    Attributes:
        folder: Its log, documents and report.
        view: What its log says.
    """

    folder: Path
    view: StudyView

    @staticmethod
    def read(folder: Path) -> "StudyResult":
        """The study of a folder.

        Raises:
            UsageError: Its log cannot be read.
        """
        return StudyResult(folder=folder, view=load_study(folder))

    @property
    def name(self) -> str:
        """Its name."""
        return self.folder.name

    @property
    def finished(self) -> bool:
        """Whether the winner was tested."""
        return self.view.final is not None

    @property
    def state(self) -> str:
        """`running` or `paused` while a process is at work on it; else `done` where nothing is left, or `stopped`."""
        if is_written(self.folder):
            return "paused" if (self.folder / PAUSE).exists() else "running"
        return "done" if self.view.final and self.view.final.at >= self.view.ended else "stopped"

    @property
    def final(self) -> FinalRecord | None:
        """The last record of its log, with all claims; None before its end."""
        return self.view.final

    @property
    def ending(self) -> Ending:
        """The result in plain words, or how far it has come."""
        return ending(self.view)

    @property
    def seed(self) -> Program:
        """The document that it began with."""
        return parse(self.view.head.program, self.view.head.source or "seed.md")

    @property
    def champion(self) -> Program | None:
        """The winner's document; before the end, that of who leads; None where nothing is measured."""
        best = self.view.best
        return None if best is None else parse(best.record.program, f"{best.name}.md")

    @property
    def candidates(self) -> Sequence[CandidateView]:
        """All candidates, in the order in which they were proposed."""
        return self.view.candidates

    def to_dict(self) -> dict[str, Any]:
        """The study as JSON values."""
        places = {"study": self.name, "folder": str(self.folder), "state": self.state}
        final = written(self.view.final) if self.view.final else {}
        final.pop("kind", None)  # the record's, and not that of what is printed
        return {**places, "best": str(self.folder / "best.md"), **final, "ending": self.ending.to_dict()}

    def to_pandas(self) -> "pd.DataFrame":
        """The candidates as a table: where they come from, what is known of them, and their parameters."""
        import pandas as pd

        rows = [
            {
                "candidate": one.name,
                "generation": one.record.generation,
                "parent": one.record.parent,
                "proposer": one.record.proposer,
                "score": one.standing.value if one.standing else None,
                "error": one.standing.error if one.standing else None,
                "seeds": one.standing.seeds if one.standing else 0,
                "dropped": one.dropped,
                "changes": "; ".join(one.record.changes),
                **{f"param_{key}": value for key, value in one.record.params.items()},
            }
            for one in self.candidates
        ]
        return pd.DataFrame(rows, columns=None if rows else ["candidate", "score"]).set_index("candidate")

    def tables(self) -> "dict[str, pd.DataFrame]":
        """Its `candidates`, its `runs`, and the `experiments` of those that were kept, as `export --csv` has them."""
        from orgopt.exporting.tables import frame, study_tables

        return {name: frame(rows) for name, rows in study_tables(self.view, self.folder).items()}

    def __repr__(self) -> str:
        return f"StudyResult({self.name}: {self.ending.title})"

    def _repr_html_(self) -> str:
        return to_html(self.ending) + cell(self.view)


def study_folders(workspace: Path) -> list[Path]:
    """The folders of a workspace's studies, the newest first."""
    logs = (workspace / "mlruns" / "studies").glob(f"*/{LOG}")
    return [log.parent for log in sorted(logs, key=lambda log: log.stat().st_mtime, reverse=True)]


def find_study(workspace: Path, name: str | None = None) -> Path:
    """The folder of a study, by its name, its folder or its log; without a name, the newest.

    Raises:
        UsageError: There is none.
    """
    studies, folders = workspace / "mlruns" / "studies", study_folders(workspace)
    if name is None:
        if not folders:
            raise UsageError(
                f"no study in {studies}: run `orgopt optimize` first, or name another {argument('workspace')}"
            )
        return folders[0]
    for found in (studies / name, Path(name), Path(name).parent):
        if (found / LOG).is_file() and (found.name == Path(name).name or Path(name).name == LOG):
            return found.resolve()
    names = [one.name for one in folders]
    known = ", ".join(names[:10]) or "none"
    raise UsageError(f"no study '{name}' in {studies}: {did_you_mean(name, names)}there are: {known}")
