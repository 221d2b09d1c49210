"""What was read of a text, moved to where the same text stands now: an edit leaves most of a document as it was."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache, wraps

from orgopt.document.reading.entry import Entry
from orgopt.document.reading.evidence.signs import Group
from orgopt.document.reading.field import Field
from orgopt.document.reading.names import moved_name
from orgopt.document.text.parser import alone
from orgopt.document.text.program import Block, BlockKind, Program, Section, Span, part_of

LONGEST = 20_000  # characters of a text that is remembered
_MOST = 1024  # texts


def of_block(
    group_of: Callable[[Program, Block, float], Group | None],
) -> Callable[[Program, Block, float], Group | None]:
    """A function of a block that depends on its text alone, asked once for each text."""

    @lru_cache(maxsize=_MOST)
    def known(text: str, kind: BlockKind, above: float) -> Group | None:
        program = alone(text, kind)
        return group_of(program, program.blocks[0], above)

    @wraps(group_of)
    def found(program: Program, block: Block, above: float) -> Group | None:
        text = program.slice(block.span)
        if len(text) > LONGEST:
            return group_of(program, block, above)
        group = known(text, block.kind, above)
        return group and _moved_group(group, block.span.start)

    return found


def of_section(entry_of: Callable[[Program, Section], Entry]) -> Callable[[Program, Section], Entry]:
    """A function of a section, or a file, that depends on its text alone, asked once for each text."""
    known: dict[str, Entry | None] = {}
    last: dict[str, Entry] = {}  # where it stood when it was asked for last: an edit moves only what is behind it

    @wraps(entry_of)
    def found(program: Program, section: Section) -> Entry:
        # A section that is most of a document changes with each edit.
        if section.span.end - section.span.start > min(LONGEST, len(program.text) // 2):
            return entry_of(program, section)
        text = program.slice(section.span)
        if text not in known:
            if len(known) >= _MOST:
                known.clear()
                last.clear()
            part = part_of(program, section.span)
            whole = part.sections[0] if part.sections else None
            fits = whole is not None and whole.span == (0, len(text))
            known[text] = entry_of(part, whole) if whole and fits else None
        if not (entry := known[text]):
            return entry_of(program, section)
        before = last.get(text)
        if before is None or before.span.start != section.span.start or before.section != section:
            before = last[text] = moved(entry, section.span.start, section)
        return before

    return found


def _moved_group(group: Group, by: int) -> Group:
    if not by:
        return group
    return replace(
        group,
        entries=tuple(moved(entry, by, None) for entry in group.entries),
        span=group.span.moved(by),
        links=tuple(replace(arrow, span=arrow.span.moved(by)) for arrow in group.links),
        left=tuple(moved(entry, by, None) for entry in group.left),
    )


def moved(entry: Entry, by: int, section: Section | None) -> Entry:
    """An entry that stands so many characters further on, as the section that it is there."""
    return Entry(
        kind=entry.kind,
        name=moved_name(entry.name, by),
        span=entry.span.moved(by),
        fields=_moved_fields(entry.fields, by),
        unknown=_moved_fields(entry.unknown, by),
        misread=_moved_fields(entry.misread, by),
        prose=tuple([Span(start + by, end + by) for start, end in entry.prose]),
        section=section,
        mind=entry.mind,
        told=entry.told,
    )


def _moved_fields(fields: Iterable[Field], by: int) -> tuple[Field, ...]:
    return tuple(
        [
            Field(
                field.key,
                field.value,
                field.key_span.moved(by),
                field.value_span.moved(by),
                field.line.moved(by),
                field.form,
            )
            for field in fields
        ]
    )
