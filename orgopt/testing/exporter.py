"""What every Exporter must do: inherit `ExporterContract` and give `make_exporter`."""

from pathlib import PurePosixPath

import pytest

from orgopt.document import Program, require_org
from orgopt.exporting.base import Exporter, PartialExporter
from orgopt.testing.documents import solo, trio


class ExporterContract:
    """Exports documents, one with little in it."""

    def make_exporter(self) -> Exporter:
        """The exporter."""
        raise NotImplementedError

    @pytest.fixture(params=[trio, solo], ids=["trio", "solo"])
    def program(self, request: pytest.FixtureRequest) -> Program:
        return request.param()

    def test_it_gives_texts_of_files_below_a_folder(self, program: Program) -> None:
        texts = self.make_exporter().export(require_org(program))
        assert texts
        for name, text in texts.items():
            path = PurePosixPath(name)
            assert path.parts
            assert not path.is_absolute()
            assert ".." not in path.parts
            assert text.encode()

    def test_every_role_is_in_it(self, program: Program) -> None:
        org = require_org(program)
        text = "\n".join(self.make_exporter().export(org).values())
        assert [role.name for role in org.roles if role.name not in text] == []

    def test_the_same_document_gives_the_same_texts(self, program: Program) -> None:
        org = require_org(program)
        assert dict(self.make_exporter().export(org)) == dict(self.make_exporter().export(org))

    def test_what_it_lacks_is_said_in_words(self, program: Program) -> None:
        exporter = self.make_exporter()
        if not isinstance(exporter, PartialExporter):
            pytest.skip("it says nothing of what its form cannot hold")
        lack = exporter.lack(require_org(program))
        assert all(part.strip() == part and part for part in (*lack.as_text, *lack.left_out))
        assert not {*lack.as_text} & {*lack.left_out}
