"""What was read of a document: the organization, where its parts stand, and what was not understood."""

from dataclasses import dataclass

from orgopt.document.findings import Finding
from orgopt.document.reading.entry import Entry
from orgopt.document.reading.links import LinkPlace
from orgopt.document.text.program import Section, Span
from orgopt.org import Org


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An Org and where its parts stand in the program.

    Attributes:
        org: The organization; parts with errors are left out or take their defaults.
        findings: What was inferred or not understood, in document order.
        roles: Where each role is written, by id; a role may stand in several places.
        links: The places of `org.links`, in the same order.
        parts: The sections named `roles`, `links` and `rhythm`, where there are.
        mission: The spans of the mission's text.
    """

    org: Org
    findings: tuple[Finding, ...]
    roles: dict[str, tuple[Entry, ...]]
    links: tuple[LinkPlace, ...]
    parts: dict[str, Section]
    mission: tuple[Span, ...]

    @property
    def plain(self) -> bool:
        """Whether the document has no roles, and is read as one."""
        return any(entry.kind == "plain" for places in self.roles.values() for entry in places)

    def __repr__(self) -> str:
        return f"Reading({self.org!r}, {len(self.findings)} findings)"

    def _repr_html_(self) -> str:
        return self.org._repr_html_()  # pyright: ignore[reportPrivateUsage]
