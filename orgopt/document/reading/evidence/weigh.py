"""Where the roles of a document stand: every form is asked for what it sees, and what has enough signs is taken."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from orgopt.document.grammar.words import is_word, says, without
from orgopt.document.reading.entry import Entry
from orgopt.document.reading.evidence.alike import lists_of_one_form, of_like_parts
from orgopt.document.reading.evidence.boxes import box_group
from orgopt.document.reading.evidence.cells import cell_group
from orgopt.document.reading.evidence.chains import chain_group
from orgopt.document.reading.evidence.crewai import crew_group
from orgopt.document.reading.evidence.folders import aside, file_entry, folder_of, workspace_entry, workspaces
from orgopt.document.reading.evidence.headings import cousins, section_entry, sisters
from orgopt.document.reading.evidence.labelled import listed_groups
from orgopt.document.reading.evidence.lines import line_group
from orgopt.document.reading.evidence.lists import items
from orgopt.document.reading.evidence.lists_of_things import lists_things
from orgopt.document.reading.evidence.mermaid import mermaid_group
from orgopt.document.reading.evidence.paragraphs import paragraph_group
from orgopt.document.reading.evidence.repeated_names import by_title, drawn_again, instead, named_again
from orgopt.document.reading.evidence.signs import (
    DOUBT,
    ENOUGH,
    HEADS,
    STEP,
    Arrow,
    Group,
    absent,
    group_title,
    leads,
    never,
    of_one_role,
    part_of,
    person,
    team,
)
from orgopt.document.reading.evidence.tables import html_group, table_group
from orgopt.document.reading.evidence.trees import tree_group
from orgopt.document.reading.names import read_name
from orgopt.document.reading.remembered import LONGEST
from orgopt.document.reading.written_fields import bullets
from orgopt.document.text.program import Block, Program, Section, Span

_SOME = 0.5  # of the signs of one group below a heading, that are worth a look at all of them
_MOST_OF_LINE = 40  # characters of a line that is a heading but for its mark
_MOST = 1024  # texts that are remembered
_NONE: set[tuple[str, float]] = set()  # texts of sections in which there is no group, and what the headings above say
_INHERITED, _OF_ONE = 1.5, 0.5  # what a heading further up says, at most; where that right above names somebody


@dataclass(frozen=True, slots=True, kw_only=True)
class Roster:
    """Where the roles of a document stand.

    Attributes:
        entries: The places of roles: of a section Roles first, then in document order.
        links: The arrows of charts and nested lists between them.
        doubtful: What may be roles and was left alone.
        left: What stands below a role, may be one too, and is read as what that does.
    """

    entries: tuple[Entry, ...] = ()
    links: tuple[Arrow, ...] = ()
    doubtful: tuple[Group, ...] = ()
    left: tuple[Entry, ...] = ()


def roster(program: Program, roles: Section | None, taken: tuple[Span, ...]) -> Roster:
    """The roles of a document.

    Args:
        program: The document.
        roles: Its section Roles, whose parts are roles whatever they say.
        taken: Spans that hold no roles: the sections Links and Rhythm.
    """
    if crew := crew_group(program):
        return Roster(entries=crew.entries, links=crew.links)
    found = list(declared(program, roles)) if roles else []
    files = [section for section in program.sections if section.level == 0]
    closed = (*taken, *(section.span for section in files), *((roles.span,) if roles else ()))
    groups = list(_Search(program, closed).groups())
    kept = _apart([group for group in groups if group.score >= ENOUGH])
    others = {entry.name.id for group in kept if group.what != "boxes" for entry in group.entries}
    kept = [group for group in kept if group.what != "boxes" or not (files or instead(others, group))]
    kept = _apart([*kept, *named_again(groups, kept)])
    found += [entry for group in kept for entry in group.entries]
    own = workspaces(files)
    found += [workspace_entry(program, folder, sections) for folder, sections in own.items()]
    found += [file_entry(program, s) for s in files if folder_of(s) not in own and not aside(s)]
    links = tuple(arrow for group in kept for arrow in group.links)
    links += tuple(drawn_again(groups, kept, found))
    doubtful = () if found else tuple(group for group in groups if DOUBT <= group.score < ENOUGH)
    left = tuple(entry for group in kept for entry in group.left)
    return Roster(entries=tuple(by_title(found)), links=links, doubtful=doubtful, left=left)


def declared(program: Program, roles: Section) -> Iterator[Entry]:
    """The roles of a section Roles: its subsections, its tables, its bullets."""
    sections = list(_members(roles))
    yield from (section_entry(program, child) for child in sections)
    for block in roles.blocks:
        if block.kind == "table" and (group := table_group(program, block, 3.0)) and group.score >= ENOUGH:
            yield from group.entries
    yield from items(program, bullets(program, roles), alone=not sections)


def _members(roles: Section) -> Iterator[Section]:
    """The subsections of a section Roles that are roles; those that only hold others, such as Active, are groups."""
    for child in roles.children:
        if part_of(child.title):
            continue
        bare = not child.blocks and child.children
        if bare and not any(grand.children for grand in child.children) and group_title(child.title):
            yield from _members(child)
        else:
            yield child


def _apart(groups: list[Group]) -> list[Group]:
    """Groups in document order, without those that stand in a place of another's."""
    kept: list[Group] = []
    for group in sorted(groups, key=lambda group: (group.span.start, -group.span.end)):
        inside = any(e.span.start <= group.span.start and group.span.end <= e.span.end for k in kept for e in k.entries)
        if not inside:
            kept.append(group)
    return kept


def _of_children(group: Group, parent: Section) -> bool:
    """Whether a group is that of a section's own subsections."""
    starts = {child.span.start for child in parent.children}
    return group.what == "sections" and any(entry.span.start in starts for entry in group.entries)


def _lifted(group: Group, certain: list[Entry]) -> Group:
    """A group with what is certain of it, if there is something, as roles."""
    own = tuple(entry for entry in certain if group.span.start <= entry.span.start < group.span.end)
    return replace(group, entries=own, score=ENOUGH) if own and group.score < ENOUGH else group


class _Search:
    """The walk over the sections of a document."""

    def __init__(self, program: Program, closed: tuple[Span, ...]) -> None:
        self.program, self.closed = program, closed

    def groups(self) -> Iterator[Group]:
        """What each form sees, inner sections first."""
        program = self.program
        first = next(
            (i for i, block in enumerate(program.blocks) if block.kind in {"heading", "file"}), len(program.blocks)
        )
        yield from self._of_blocks(None, program.blocks[:first], 0.0)
        yield from self._of_sections([section for section in program.sections if section.level], 0.0)

    def _of_sections(self, sections: list[Section], above: float) -> Iterator[Group]:
        """The groups in some sections of one heading, and the group that they are themselves."""
        if not sections:
            return
        for number, section in enumerate(sections[:-1], 1):
            if (said := self._announced(section, first=number == 1)) > above >= 0:
                yield from self._of_sections(sections[:number], above)
                sections, above = sections[number:], said
                break
        inside: dict[int, bool] = {}
        free = [section for section in sections if not self._closed(section.span)]
        found = of_like_parts({section.span.start: self._in_section(section, above) for section in free})
        found = lists_of_one_form(self.program, free, found, above)
        for section, below in zip(free, self._cousins(free, found, above), strict=True):
            if any(group.score >= ENOUGH for group in below):
                inside[section.span.start] = any(group.named for group in below)
            yield from below
        declared = any(
            self._closed(s.span) and part_of(s.title) == "roles" for s in sections
        )  # the others are chapters
        if group := sisters(self.program, free, 0.0 if declared else above, inside):
            yield group

    def _announced(self, section: Section, *, first: bool) -> float:
        """How much a heading says of a team whose members stand in sections beside it, and not below it."""
        last = section
        while last.children:
            last = last.children[-1]
        texts = [self.program.slice(block.span).strip() for block in last.blocks]
        lines = all(len(text) <= _MOST_OF_LINE and "\n" not in text for text in texts)
        alone = (not section.children and (first or lines)) or (first and team(section.title) >= ENOUGH)
        said = team(section.title if alone else last.title)  # above chapters as high as the title
        return min(said, _INHERITED) if not texts or (alone and section.level == 1) else 0.0

    def _in_section(self, section: Section, above: float) -> list[Group]:
        """The groups in a section."""
        own = team(section.title)
        context = self._context(section.title, own, above)
        text = "" if section.children else self.program.slice(section.span)
        if (text, context) in _NONE:
            return []
        below = self._of_sections(list(section.children), context)
        found = [*self._of_blocks(section, section.blocks, context), *below]
        if text and not found and len(text) <= LONGEST:
            if len(_NONE) >= _MOST:
                _NONE.clear()
            _NONE.add((text, context))
        return [replace(group, named=group.named or own > 0) for group in found]

    def _cousins(self, parents: list[Section], found: dict[int, list[Group]], above: float) -> Iterator[list[Group]]:
        """What is in some sections, where their subsections are of one kind as a whole: roles by phase, by layer."""
        spoken = [
            p for p in parents if team(p.title) or STEP.match(p.title) or not never(p.title)
        ]  # no chapters of rules
        weak = {group for parent in spoken for group in found[parent.span.start] if _of_children(group, parent)}
        kept: list[Entry] = []
        some = any(group.score >= _SOME for group in weak)
        if len(weak) > 1 and some and any(group.score < ENOUGH for group in weak):
            inner = [group for groups in found.values() for group in groups if group.score >= ENOUGH]
            inside = {group.span.start: group.named for group in inner if group.what != "sections"}
            children = [child for parent in spoken for child in parent.children]
            kept = cousins(self.program, children, min(max(above, 0.0), _INHERITED), inside)
        for parent in parents:
            yield [_lifted(group, kept) if group in weak else group for group in found[parent.span.start]]

    @staticmethod
    def _context(title: str, own: float, above: float) -> float:
        """How much a heading, and those above it, speak of a team; below 0 where it speaks of something else."""
        if is_word("about", read_name(title, 0).text):  # `Overview`: of what the heading above says
            return above
        if never(title) and not own and not leads(title):
            return 0.0 if says("team", title) and not absent(title) else -2.0
        name = read_name(title, 0)
        group = not without("group", name.text)
        if HEADS.search(title):
            own = max(own, _INHERITED)
        of_one = (person(name.title) and not own) or of_one_role(title)  # `Ada — Lead`: it says what she does
        inherited = _OF_ONE if of_one else _INHERITED
        return max(own, above if group else min(above, inherited))

    def _of_blocks(self, section: Section | None, blocks: tuple[Block, ...], above: float) -> Iterator[Group]:
        free = tuple(block for block in blocks if not self._closed(block.span))
        for number, block in enumerate(free):
            group: Group | None = None
            told = self._told_before(free[:number], above)
            if block.kind == "table":
                if crowd := cell_group(self.program, block, above):
                    yield crowd
                group = table_group(self.program, block, min(above, 2.0))
            elif block.kind == "paragraph":
                forms = (line_group, tree_group, chain_group)
                group = box_group(self.program, block, told)
                group = group or next((g for form in forms if (g := form(self.program, block, above))), None)
            elif block.kind == "list" and above >= 0:
                group = line_group(self.program, block, above)
            elif block.kind == "other":
                forms = (mermaid_group, tree_group, html_group, line_group, chain_group)
                group = box_group(self.program, block, told)
                group = group or next((g for form in forms if (g := form(self.program, block, above))), None)
            if group:
                yield group
        if above < 0:  # such headings speak against lists and labels more than these can speak for roles
            return
        yield from listed_groups(self.program, self._of_people(free), above)
        if free and (group := paragraph_group(self.program, section, free, above)):
            yield group

    def _told_before(self, blocks: tuple[Block, ...], above: float) -> float:
        """How much a heading, or a line right above that has no mark of one, speaks of a team."""
        text = self.program.slice(blocks[-1].span).strip() if blocks and blocks[-1].kind == "paragraph" else ""
        line = len(text) <= _MOST_OF_LINE and "\n" not in text
        return max(above, min(team(text.strip("*_:： ")), _INHERITED)) if line and above >= 0 else above

    def _of_people(self, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
        """Blocks without the lists that the sentence above says to be of things: `The sub-teams are:`."""
        above = (None, *blocks)
        return tuple(
            b
            for b, before in zip(blocks, above, strict=False)
            if not (before and lists_things(self.program, b, before))
        )

    def _closed(self, span: Span) -> bool:
        return any(start <= span.start < end for start, end in self.closed)
