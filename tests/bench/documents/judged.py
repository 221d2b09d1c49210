"""The judgements of `expected.toml`, and how a reading agrees with one."""

import tomllib
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path

from orgopt.document.reading.reader import Reading
from orgopt.org import Org


@dataclass(frozen=True)
class Judged:
    """What a person reads in a document.

    Attributes:
        half: A was looked at while the reader was written, B was set aside until it was, C was gathered after both; D1
            and D2, later E1 and E2, then F1 and F2, are halves of what was gathered after those: the first was learned
            from before the second was run. F3 was gathered when F1 was learned from, F4 when F2 and F3 were, G1
            and G2 after all those, H1 and H2 after them; H3 was gathered when those were learned from, H4 when H3 was.
            I1 was learned from before I2 was run, and I2 before I3, likewise J1, J2, J3 and J4.
        roles: The names under which each role may go; those of an optional one begin with `?`.
        links: Each as `Source > Target: kind`, or `kind|kind` where a document does not say which; `?` as above.
    """

    half: str
    language: str
    repository: str
    path: str
    roles: tuple[str, ...]
    links: tuple[str, ...] = ()

    def at(self, folder: Path) -> Path:
        """Where the document lies in a folder of repositories, each under `owner+name`."""
        return folder / self.repository.replace("/", "+") / self.path


@dataclass
class Counts:
    """Found as expected, expected and not found, found and not expected."""

    right: int = 0
    missing: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Counts") -> None:
        """Count another document's, too."""
        self.right += other.right
        self.missing += other.missing
        self.wrong += other.wrong

    @property
    def precision(self) -> float:
        """The share of what was found that was expected."""
        return self.right / (self.right + len(self.wrong)) if self.right or self.wrong else 1.0

    @property
    def recall(self) -> float:
        """The share of what was expected that was found."""
        return self.right / (self.right + len(self.missing)) if self.right or self.missing else 1.0


def judgements() -> list[Judged]:
    """All judgements, in the order of the table."""
    table = tomllib.loads(Path(__file__).with_name("expected.toml").read_text())
    return [
        Judged(
            half=row["half"],
            language=row["language"],
            repository=row["repository"],
            path=row["path"],
            roles=tuple(row["roles"]),
            links=tuple(row.get("links", ())),
        )
        for row in table["document"]
    ]


def compare(judged: Judged, reading: Reading) -> tuple[Counts, Counts]:
    """The roles and the links of a reading against a judgement."""
    nobody = reading.plain and not reading.org.roles[0].persona  # unless a file beside it says who its one agent is
    org = Org() if nobody else reading.org
    places: dict[str, int] = {}  # by the id of a role found, which one of the judgement it is
    free = dict(enumerate(judged.roles))
    roles = Counts()
    for role in org.roles:
        at = next((n for n, names in free.items() if _same(role.name, names) or _same(role.id, names)), None)
        if at is None:
            roles.wrong.append(role.name)
            continue
        places[role.id] = at
        roles.right += not free.pop(at).startswith("?")
    roles.missing = [names for names in free.values() if not names.startswith("?")]
    return roles, _links(judged, org, places)


def _links(judged: Judged, org: Org, places: dict[str, int]) -> Counts:
    expected: dict[tuple[int, int, str], str] = {}
    for line in judged.links:
        ends, _, kind = line.removeprefix("?").partition(": ")
        source, target = (
            next(n for n, names in enumerate(judged.roles) if _same(end, names)) for end in ends.split(" > ")
        )
        for one in kind.split("|"):
            expected[source, target, one] = line
    links = Counts()
    for link in org.links:
        ends = places.get(link.source, -1), places.get(link.target, -1)
        found = expected.pop((*ends, link.kind), "") or (link.mutual and expected.pop((*ends[::-1], link.kind), ""))
        if not found:
            links.wrong.append(f"{org.name(link.source)} > {org.name(link.target)}: {link.kind}")
        links.right += bool(found) and not found.startswith("?")
        expected = {key: line for key, line in expected.items() if line != found}
    links.missing = [line for line in dict.fromkeys(expected.values()) if not line.startswith("?")]
    return links


def _same(name: str, names: str) -> bool:
    return any(_plain(name) == _plain(other) for other in names.removeprefix("?").split("|"))


def _plain(name: str) -> str:
    """A name without its case, accents' forms, blanks and signs, and without an article."""
    word = unicodedata.normalize("NFKC", name).casefold().strip().removeprefix("the ")
    return "".join(char for char in word if char.isalnum())
