"""The protocols of exports: Exporter writes a document for another tool, StudyExporter a study."""

from collections.abc import Mapping
from typing import NamedTuple, Protocol, runtime_checkable

from orgopt.org import Org
from orgopt.plugins import PluginKind
from orgopt.study.view import CandidateView, StudyView

EXPORTER_KIND = PluginKind(
    group="orgopt.exporters",
    noun="exporter",
    own=("agents-md", "claude-agents", "crewai", "mermaid", "openclaw", "squad", "svg"),
)
STUDY_EXPORTER_KIND = PluginKind(group="orgopt.study_exporters", noun="study exporter", own=("optuna",))


class Exporter(Protocol):
    """Writes organizations in the form of another tool."""

    def export(self, org: Org) -> Mapping[str, str]:
        """The texts of the files that the other tool reads, by their paths in a folder of its own.

        The same organization always gives the same texts.
        """
        ...


class Lack(NamedTuple):
    """What of an organization another form has no place for, in words such as `the stand-up`.

    Attributes:
        as_text: What its files say all the same, in text that whoever reads them can follow.
        left_out: What its files do not say.
    """

    as_text: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()


@runtime_checkable
class PartialExporter(Exporter, Protocol):
    """An exporter that knows what its form cannot hold, so that a person is told."""

    def lack(self, org: Org) -> Lack:
        """What of an organization the form has no place for."""
        ...


class StudyExporter(Protocol):
    """Writes studies where another tool finds them."""

    def export(self, view: StudyView, target: str) -> int:
        """Write the candidates that were told; returns how many. What an earlier export wrote there is replaced.

        Args:
            view: The study.
            target: Where it goes, in the words of the other tool: a file, or the address of a storage.

        Raises:
            UsageError: There is no such target.
            StoreError: It cannot be written.
        """
        ...


def told(view: StudyView) -> list[CandidateView]:
    """The candidates of a study that were told: those of complete generations that have a score."""
    return [one for one in view.candidates if one.standing and one.record.generation in view.complete]
