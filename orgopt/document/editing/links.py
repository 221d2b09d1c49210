"""Edits of links: add, remove, and who of the agents of both ends is joined."""

from dataclasses import dataclass, replace
from typing import Any, Self

from orgopt.document.editing.base import Edit, names
from orgopt.document.editing.splice import (
    heading_marks,
    insert_block,
    insert_lines,
    main_end,
    replace_field,
    require_markdown,
    splice,
)
from orgopt.document.grammar import values
from orgopt.document.reading.reader import Reading, read
from orgopt.document.text.program import Program
from orgopt.errors import DocumentError
from orgopt.org import Link, Org

_DRAWN = "a link that is drawn cannot be removed there; `orgopt fmt FILE --out NEW` writes the document in words"


@dataclass(frozen=True, slots=True)
class _LinkEdit(Edit):
    link: Link

    def to_dict(self) -> dict[str, Any]:
        return {"edit": type(self).__name__, "link": values.format_link(self.link, {})}

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Self:
        return cls(values.parse_link(data["link"]))


@dataclass(frozen=True, slots=True)
class AddLink(_LinkEdit):
    """Add a link between two roles of the document."""

    def apply(self, program: Program) -> Program:
        reading = read(program)
        require_markdown(program, reading)
        if any(link.key == self.link.key for link in reading.org.links):
            return program
        after = self._add(program, reading)
        if all(link.key != self.link.key for link in read(after).org.links):
            raise DocumentError(f"{program.source}: the link cannot be written there: is a block unclosed?")
        return after

    def _add(self, program: Program, reading: Reading) -> Program:
        line = f"- {values.format_link(self.link, names(reading.org))}{program.newline}"
        part = reading.parts.get("links")
        if part is None:
            before = reading.parts.get("rhythm")
            heading = f"{heading_marks(reading)} Links{program.newline * 2}{line}"
            return insert_block(program, before.span.start if before else main_end(program), heading)
        bullets = [place.line for place in reading.links if place.field is None and not place.drawn]
        if bullets:
            return insert_lines(program, bullets[-1].end, line)
        return insert_block(program, part.heading.span.end, line)

    def describe(self, org: Org) -> str:
        return f"+ {values.format_link(self.link, names(org))}"


@dataclass(frozen=True, slots=True)
class RemoveLink(_LinkEdit):
    """Remove a link."""

    def apply(self, program: Program) -> Program:
        removed = self._remove(program)
        if removed is None:
            raise DocumentError(f"{program.source}: no such link: {values.format_link(self.link, {})}")
        while removed:  # a document may say it twice
            program, removed = removed, self._remove(removed)
        return program

    def describe(self, org: Org) -> str:
        return f"− {values.format_link(self.link, names(org))}"

    def _remove(self, program: Program) -> Program | None:
        reading = read(program)
        for link, place in zip(reading.org.links, reading.links, strict=True):
            if link.key != self.link.key:
                continue
            if place.drawn:
                raise DocumentError(f"{program.source}: {_DRAWN}")
            if place.field is None:
                return splice(program, place.line, "")
            left = [name for name in values.split_names(place.field.value) if name != place.name]
            after = replace_field(program, place.field, ", ".join(left) or None)
            if not left and read(after).roles.keys() != reading.roles.keys():
                after = replace_field(program, place.field, "—")  # the field makes its section a role
            return after
        return None


@dataclass(frozen=True, slots=True)
class SetPattern(_LinkEdit):
    """Give a link, which is told by its ends and kind, the pattern of `link`."""

    def apply(self, program: Program) -> Program:
        reading = read(program)
        for link, place in zip(reading.org.links, reading.links, strict=True):
            if link.key == self.link.key and place.field is None and not place.drawn:
                text = values.format_link(replace(link, pattern=self.link.pattern), names(reading.org))
                return splice(program, place.span, text)
        return AddLink(self.link).apply(RemoveLink(self.link).apply(program))

    def describe(self, org: Org) -> str:
        old = next((link for link in org.links if link.key == self.link.key), self.link)
        name = values.format_link(replace(self.link, pattern=""), names(org))
        return f"{name}: pattern {old.pattern or 'full'} → {self.link.pattern or 'full'}"
