"""What every StudyExporter must do: inherit `StudyExporterContract`, give `make_exporter` and `target`."""

from pathlib import Path

import pytest

from orgopt.exporting.base import StudyExporter, told
from orgopt.study.view import StudyView
from orgopt.testing.study import small_study


class StudyExporterContract:
    """Exports a small study."""

    def make_exporter(self) -> StudyExporter:
        """The exporter."""
        raise NotImplementedError

    def target(self, folder: Path) -> str:
        """Where it can write, below a folder that is there."""
        raise NotImplementedError

    @pytest.fixture
    def study(self, tmp_path: Path) -> StudyView:
        return small_study(tmp_path / "studies" / "small")

    def test_it_says_how_many_candidates_it_wrote(self, study: StudyView, tmp_path: Path) -> None:
        target = self.target(tmp_path)
        assert 0 < self.make_exporter().export(study, target) <= len(told(study))

    def test_a_second_export_replaces_the_first(self, study: StudyView, tmp_path: Path) -> None:
        exporter, target = self.make_exporter(), self.target(tmp_path)
        first = exporter.export(study, target)
        assert exporter.export(study, target) == first
