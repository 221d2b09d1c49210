"""Edits of links: add, remove, and who of the agents of both ends is joined."""

from dataclasses import dataclass, replace
from typing import Any, Self

from orgopt.document.editing.base import Edit, names
from orgopt.document.editing.draft import Draft
from orgopt.document.editing.forms.finish import finish
from orgopt.document.editing.forms.relations import add_link, is_crew, link_text, remove_link
from orgopt.document.grammar import arrows
from orgopt.document.reading.links import LinkPlace
from orgopt.document.reading.reader import Reading, read
from orgopt.document.text.program import Program
from orgopt.errors import DocumentError
from orgopt.org import Link, Org


@dataclass(frozen=True, slots=True)
class _LinkEdit(Edit):
    link: Link

    def to_dict(self) -> dict[str, Any]:
        return {"edit": type(self).__name__, "link": arrows.format_link(self.link, {})}

    @classmethod
    def parse(cls, data: dict[str, Any]) -> Self:
        return cls(arrows.parse_link(data["link"]))

    def _place(self, reading: Reading) -> tuple[Link, LinkPlace] | None:
        """The link as the document has it, and where."""
        found = zip(reading.org.links, reading.links, strict=True)
        return next(((link, place) for link, place in found if link.key == self.link.key), None)


@dataclass(frozen=True, slots=True)
class AddLink(_LinkEdit):
    """Add a link between two roles of the document."""

    def plan(self, draft: Draft) -> None:
        if self._place(draft.reading) is None:
            add_link(draft, self.link)

    def apply(self, program: Program) -> Program:
        draft = Draft(program)
        self.plan(draft)
        after = finish(draft)
        if not self._alone(program, after) and not is_crew(draft):
            lines = Draft(program)  # an arrow more may make another chart of it
            lines.links.append(self.link)
            after = finish(lines)
        if self._place(read(after)) is None:
            raise DocumentError(f"{program.source}: the link cannot be written there: is a block unclosed?")
        return after

    def _alone(self, before: Program, after: Program) -> bool:
        """Whether the link is there, and all else as it was."""
        old, new = read(before), read(after)
        expected = {link.key for link in old.org.links} | {self.link.key}
        return {link.key for link in new.org.links} == expected and set(old.roles) == set(new.roles)

    def describe(self, org: Org) -> str:
        return f"+ {arrows.format_link(self.link, names(org))}"


@dataclass(frozen=True, slots=True)
class RemoveLink(_LinkEdit):
    """Remove a link."""

    def plan(self, draft: Draft) -> None:
        found = self._place(draft.reading)
        if found is None:
            raise DocumentError(f"{draft.program.source}: no such link: {arrows.format_link(self.link, {})}")
        remove_link(draft, *found)

    def apply(self, program: Program) -> Program:
        before, after = read(program).roles.keys(), self._without(program, keeps=False)
        if read(after).roles.keys() != before:  # the field makes its section a role
            after = self._without(program, keeps=True)
        if read(after).roles.keys() != before:
            raise DocumentError(f"{program.source}: without that link, others would no longer be read as roles")
        return after

    def _without(self, program: Program, *, keeps: bool) -> Program:
        after = program
        while after is program or self._place(read(after)):  # a document may say it twice
            draft = Draft(after, keeps=keeps)
            self.plan(draft)
            if (written := finish(draft)).text == after.text:
                raise DocumentError(f"{program.source}: the link cannot be removed there")
            after = written
        return after

    def describe(self, org: Org) -> str:
        return f"− {arrows.format_link(self.link, names(org))}"


@dataclass(frozen=True, slots=True)
class SetPattern(_LinkEdit):
    """Give a link, which is told by its ends and kind, the pattern of `link`."""

    def plan(self, draft: Draft) -> None:
        found = self._place(draft.reading)
        if found and found[1].field is None and not found[1].drawn:
            link, place = found
            text = link_text(draft, replace(link, pattern=self.link.pattern), names(draft.reading.org))
            draft.replace(place.span, text)
        else:
            RemoveLink(self.link).plan(draft)
            add_link(draft, self.link)

    def apply(self, program: Program) -> Program:
        draft = Draft(program)
        self.plan(draft)
        after = finish(draft)
        found = self._place(read(after))
        if found is None or found[0].pattern != self.link.pattern:
            return AddLink(self.link).apply(RemoveLink(self.link).apply(program))
        return after

    def describe(self, org: Org) -> str:
        old = next((link for link in org.links if link.key == self.link.key), self.link)
        name = arrows.format_link(replace(self.link, pattern=""), names(org))
        return f"{name}: pattern {old.pattern or 'full'} → {self.link.pattern or 'full'}"
