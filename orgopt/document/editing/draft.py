"""A draft: changes of a program that are planned against one reading of it, and written together.

A document is read once for all of them. Where one needs what another wrote, the draft is read again (`flush`).
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from orgopt.document.editing.splice import block_gaps
from orgopt.document.reading.entry import Entry
from orgopt.document.reading.reader import Reading, read
from orgopt.document.text.parser import parse
from orgopt.document.text.program import LINE_END, Program, Span
from orgopt.errors import DocumentError
from orgopt.org import Link


class _Piece(NamedTuple):
    """A change of the text. A block is set apart by blank lines, lines start on a line of their own."""

    span: Span
    text: str
    form: Literal["", "lines", "block"] = ""
    rank: int = 0

    @property
    def order(self) -> tuple[Span, bool, int]:
        """Which of two pieces comes first; at one place lines of what stands there, then blocks by their rank."""
        return self.span, self.form == "block", self.rank


@dataclass(slots=True)
class NewRole:
    """A role that is to be added.

    Attributes:
        name: Its name.
        fields: Its keys and values.
        charter: Its charter.
        text: All of it as Markdown.
        brief: What a roster says of it, where its file has the charter; None for the first sentence of that.
    """

    name: str
    fields: list[tuple[str, str]]
    charter: str
    text: str
    brief: str | None = None


@dataclass(slots=True)
class NamedRoles:
    """The roles that a field of a role is to name: those that it names now, and those that it shall."""

    key: str
    before: tuple[str, ...]
    after: list[str] = field(default_factory=list[str])


class Draft:
    """Changes of a program.

    Attributes:
        program: What they change.
        added: Roles that are to be added, by id; they are written last, with what else was planned of them.
        named: Fields that name roles, by the role that has the field and its key.
        keeps: Whether fields stay that name nobody any more.
        names: The names of the roles that were to be added, by id.
        links: Links that are to be bullets of the section Links.
    """

    def __init__(self, program: Program, *, keeps: bool = False) -> None:
        self.program, self.keeps = program, keeps
        self.added: dict[str, NewRole] = {}
        self.named: dict[tuple[str, str], NamedRoles] = {}
        self.links: list[Link] = []
        self.names: dict[str, str] = {}
        self.added_to: set[str] = set()
        self._reading: Reading | None = None
        self._pieces: list[_Piece] = []
        self._unsettled: set[str] = set()

    @property
    def reading(self) -> Reading:
        """What the program says before the changes."""
        if self._reading is None:
            self._reading = read(self.program)
        return self._reading

    def places(self, role_id: str) -> tuple[Entry, ...]:
        """Where a role is written.

        Raises:
            DocumentError: There is no such role.
        """
        return places(self.program, role_id)

    def model(self) -> tuple[Entry, ...]:
        """Where the role is written that a new one is to be like: the last of those written as most are."""
        every = list(self.reading.roles.values())
        kinds = [tuple(sorted(entry.kind for entry in entries)) for entries in every]
        usual = max(kinds, key=kinds.count, default=())
        return next(
            (entries for entries, own in zip(reversed(every), reversed(kinds), strict=True) if own == usual), ()
        )

    def replace(self, span: Span, text: str) -> None:
        """Replace a span."""
        self._pieces.append(_Piece(span, text))

    def lines(self, at: int, *lines: str) -> None:
        """Insert whole lines at the start of a line, or at the end of the text."""
        self._pieces.append(_Piece(Span(at, at), self._text(lines), "lines"))

    def block(self, at: int, *lines: str, rank: int = 0) -> None:
        """Insert lines as a block of their own: a blank line before and, unless it ends the file, after.

        Of blocks at one place, those of a lower rank come first: roles (0), links (1), the rhythm (2).
        """
        self._pieces.append(_Piece(Span(at, at), self._text(lines), "block", rank))

    def _text(self, lines: tuple[str, ...]) -> str:
        end = self.program.newline
        return "".join(LINE_END.sub(end, line) + end for line in lines)

    def flush(self, program: Program | None = None) -> None:
        """Write what is planned, and go on with the program that it gives; or with another program."""
        self.program, self._pieces = program or self.written(), []
        self._reading = None
        self._unsettled.clear()

    def unsettle(self, role: str) -> None:
        """Note that a role has something new, which must be read before more is written there."""
        self._unsettled.add(role)

    def settle(self, role: str) -> None:
        """Read again what is new of a role."""
        if role in self._unsettled:
            self.flush()

    def written(self) -> Program:
        """The program after the changes."""
        if not self._pieces:
            return self.program
        text, out, at = self.program.text, "", 0
        for span, inserted, form in (piece[:3] for piece in sorted(self._pieces, key=lambda piece: piece.order)):
            if span.start < at:  # inside of what is gone
                continue
            out += text[at : span.start]
            at = span.end
            before, behind = self._gaps(out, span.start, form, text[at:])
            out += before + inserted + behind
        return parse(out + text[at:], self.program.source, self.program.root)

    def _gaps(self, before: str, at: int, form: str, after: str) -> tuple[str, str]:
        """The line ends that are needed before and behind lines, or a block, between two texts."""
        if form == "block":
            return block_gaps(self.program, before, at, after)
        return self.program.newline * bool(form and before and before[-1] not in "\r\n"), ""


def places(program: Program, role_id: str) -> tuple[Entry, ...]:
    """Where a role is written.

    Raises:
        DocumentError: There is no such role.
    """
    roles = read(program).roles
    if role_id not in roles:
        raise DocumentError(f"{program.source}: no role '{role_id}'; the roles are: {', '.join(roles) or 'none'}")
    return roles[role_id]
