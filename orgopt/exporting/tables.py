"""A study, or a run, as tables in CSV or Parquet: its candidates, its runs, and the experiments of runs that were kept.

One row a candidate, a run or an experiment, with the names of the study's log; parameters and knobs have a column each.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orgopt.errors import StoreError, UsageError
from orgopt.ledger import Event, read_ledger
from orgopt.study.records.kinds import EvaluationRecord
from orgopt.study.view import StudyView

if TYPE_CHECKING:
    import pandas as pd

FORMS = ("csv", "parquet")
Row = dict[str, Any]


def study_tables(view: StudyView, folder: Path) -> dict[str, list[Row]]:
    """The tables of a study by name: `candidates`, `runs`, and `experiments` of the runs that its folder has."""
    experiments = [row for path in sorted(folder.rglob("ledger*.jsonl")) for row in _experiments(path, folder)]
    return {
        "candidates": list(_candidates(view)),
        "runs": [_run(one) for one in view.evaluations],
        "experiments": experiments,
    }


def run_tables(folder: Path) -> dict[str, list[Row]]:
    """The table of one run's `experiments`."""
    return {"experiments": [row for path in sorted(folder.glob("ledger*.jsonl")) for row in _experiments(path, folder)]}


def write_tables(tables: Mapping[str, list[Row]], form: str, folder: Path) -> list[str]:
    """Write tables into a folder, a file each; returns the names of the files.

    Args:
        tables: Rows by the table's name.
        form: `csv` or `parquet`.
        folder: Made if it is not there; files of these names are replaced.

    Raises:
        UsageError: There is no such form.
        StoreError: They cannot be written.
    """
    if form not in FORMS:
        raise UsageError(f"no form of tables '{form}': choose {' or '.join(FORMS)}")
    names: list[str] = []
    for name, rows in tables.items():
        path = folder / f"{name}.{form}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            table = frame(rows)
            if form == "csv":
                table.to_csv(path, index=False)
            else:
                table.to_parquet(path, index=False)
        except OSError as error:
            raise StoreError(f"cannot write {path}: {error.strerror}") from None
        names.append(path.name)
    return names


def frame(rows: list[Row]) -> "pd.DataFrame":
    """Rows as a table with all their columns; a column whose values are of several kinds has them as text."""
    import pandas as pd

    names = list(dict.fromkeys(name for row in rows for name in row))
    columns: dict[str, list[object]] = {name: [row.get(name) for row in rows] for name in names}
    for name, values in columns.items():
        kinds = {type(value) for value in values if value is not None}
        if len(kinds) > 1 and not kinds <= {int, float}:
            columns[name] = [None if value is None else str(value) for value in values]
    return pd.DataFrame(columns)


def _candidates(view: StudyView) -> Iterator[Row]:
    for one in view.candidates:
        known = one.standing
        yield {
            "candidate": one.name,
            "generation": one.record.generation,
            "parent": None if one.record.parent is None else view.candidates[one.record.parent].name,
            "proposer": one.record.proposer,
            "score": known.value if known else None,
            "error": (known.error or None) if known else None,
            "estimate": known.estimate if known else None,
            "seeds": known.seeds if known else 0,
            "dropped": one.dropped,
            "disqualified": one.disqualified,
            "changes": "; ".join(one.record.changes),
            **{f"param_{key}": value for key, value in one.record.params.items()},
        }


def _run(one: EvaluationRecord) -> Row:
    score = one.score
    told = {
        name: getattr(score, name)
        for name in ("research_output", "q_final", "q_mean", "q_error", "progress", "heldout", "metric", "confirmed",
                     "submitted", "utilisation", "agent_s", "spent_slot_s", "meetings", "messages", "tokens", "usd",
                     "disqualified", "common_error")
    }  # fmt: skip
    place = {"phase": one.phase, "entrant": one.entrant, "task": one.task, "k": one.k, "seed": one.seed}
    counts = {f"experiments_{status}": number for status, number in score.experiments.items()}
    return {**place, **told, **counts, "wall_s": one.wall_s, "at": one.at}


def _experiments(path: Path, root: Path) -> Iterator[Row]:
    """The experiments of a ledger that ended, in the order in which they did."""
    events = read_ledger(path)
    proposals = {event.data["id"]: event for event in events if event.kind == "proposal"}
    submitted = {event.data["id"] for event in events if event.kind == "submission"}
    where = str(path.relative_to(root).with_suffix(""))
    for event in events:
        if event.kind == "outcome":
            yield _experiment(event, proposals[event.data["id"]], where, submitted)


def _experiment(outcome: Event, proposal: Event, where: str, submitted: set[int]) -> Row:
    told = {
        name: outcome.data[name]
        for name in ("id", "agent", "status", "started", "ended", "metric", "heldout", "memory_gb", "error")
    }
    asked = {"proposed": proposal.t, "parent": proposal.data.get("parent"), "commit": proposal.data["commit"]}
    kept = {"submitted": outcome.data["id"] in submitted, "note": proposal.data["note"]}
    knobs = {f"knob_{name}": value for name, value in proposal.data.get("knobs", {}).items()}
    return {"run": where, **told, **asked, **kept, **knobs}
