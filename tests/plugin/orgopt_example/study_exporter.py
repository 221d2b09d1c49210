"""Studies as tables that spreadsheets read."""

import csv
from pathlib import Path

from orgopt.errors import StoreError
from orgopt.exporting.base import told
from orgopt.study.view import StudyView


class Csv:
    """A row for each candidate: its name, its generation, what it brought and over how many seeds."""

    def export(self, view: StudyView, target: str) -> int:
        """Write the file `target`; returns how many candidates it has."""
        rows = [(one.name, one.record.generation, one.standing) for one in told(view)]
        try:
            with Path(target).open("w", newline="") as file:
                table = csv.writer(file)
                table.writerow(["candidate", "generation", "research_output", "seeds"])
                table.writerows((name, number, found.value, found.seeds) for name, number, found in rows if found)
        except OSError as error:
            raise StoreError(f"cannot write {target}: {error.strerror}") from None
        return len(rows)
