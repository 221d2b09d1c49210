"""The charter of a role, rewritten in its main place: fields with unknown keys and the like are kept beside it."""

import re
from collections.abc import Iterable

from orgopt.basics.slug import slug
from orgopt.document.editing.draft import Draft
from orgopt.document.editing.forms import crews, lists, tables
from orgopt.document.editing.forms.keys import add_section
from orgopt.document.editing.forms.like import one_line
from orgopt.document.editing.splice import set_prose
from orgopt.document.reading.entry import Entry, EntryKind
from orgopt.document.text.program import Program, Section, Span

_MOST_WORDS = 8  # of a field with an unknown key
_ORDER: tuple[EntryKind, ...] = ("plain", "file", "section", "paragraph", "key", "item", "row", "node")


def set_charter(draft: Draft, role: str, text: str, *, whole: bool) -> None:
    """Rewrite the charter of a role.

    Args:
        draft: Where the change is planned.
        role: The id of the role.
        text: The charter.
        whole: Whether all that is read as the charter goes: in other places, and fields with unknown keys.
    """
    entries = draft.places(role)
    entry = min(entries, key=lambda one: _ORDER.index(one.kind))
    spans = [span for one in (entries if whole else (entry,)) for span in one.prose]
    if not whole:
        kept = _kept(draft.program, entry)
        text = _without(text, [draft.program.slice(span) for span in kept])
        spans = [part for span in spans for part in _apart(span, kept)]
    match entry.kind:
        case "key" if not whole or len(entries) == 1:
            crews.set_texts(draft, entry, text)
        case "row" if not whole:
            if not tables.set_text(draft, entry, one_line(text)):
                _below(draft, entry, text)
        case "item" if not _filled(draft.program, spans):
            if not lists.set_text(draft, entry, one_line(text)):
                _below(draft, entry, text)
        case "node" if not _filled(draft.program, spans):
            _below(draft, entry, text)
        case kind:
            flat = kind in {"item", "row", "node"}
            text = one_line(text) if flat else text
            text = text.replace("\\|", "|").replace("|", "\\|") if kind == "row" else text
            draft.flush()
            draft.flush(set_prose(draft.program, spans, text, start_of(draft.program, entry)))


def _filled(program: Program, spans: Iterable[Span]) -> bool:
    return any(program.slice(span).strip() for span in spans)


def _below(draft: Draft, entry: Entry, text: str) -> None:
    """Write a charter as a section where the form of a role has no place for it."""
    if text.strip():
        add_section(draft, f"# {entry.name.text}\n\n{text}\n")


def _kept(program: Program, entry: Entry) -> list[Span]:
    """The lines of a role's text that are no prose: bullets with unknown keys, the title of its file."""
    section = entry.section
    if section is None:
        return []
    # What says more is prose with a bold lead.
    kept = [f.line for f in entry.unknown if f.form == "bold" and len(f.value.split()) <= _MOST_WORDS]
    told = {field.line for field in entry.fields if field.form == "cell"}
    tables = [
        b.span for b in section.blocks if b.kind == "table" and any(line.start in range(*b.span) for line in told)
    ]
    kept += [Span(start, _text_end(program, Span(start, end))) for start, end in tables]  # of keys and values
    if entry.kind == "file" and section.children and (title := section.children[0]).level == 1:
        at = title.heading.span
        start = at.start + len(program.slice(at)) - len(program.slice(at).lstrip())
        if entry.name.id in slug(title.title) or at.start <= entry.name.span.start < at.end:
            kept.append(Span(start, program.end_of_line(start)))
    return sorted(kept)


def _text_end(program: Program, span: Span) -> int:
    """The end of the last line of a span that is not blank."""
    return [line for line in program.lines(span) if program.slice(line).strip()][-1].end


def _apart(span: Span, kept: list[Span]) -> list[Span]:
    """A span without some lines in it."""
    parts, start = list[Span](), span.start
    for line in kept:
        if line.end > start and line.start < span.end:
            parts.append(Span(start, max(start, line.start)))
            start = line.end
    return [*parts, Span(start, max(start, span.end))]


def _without(text: str, kept: list[str]) -> str:
    """A text without the lines that stay where they are."""
    lines = {line.strip() for line in kept}
    return re.sub(
        r"\n{3,}", "\n\n", "\n".join(one for one in text.split("\n") if one.strip() not in lines or not one.strip())
    )


def start_of(program: Program, entry: Entry) -> int:
    """Where a charter is written when there was none: after the fields."""
    section: Section | None = entry.section
    if section is None:
        ends = [field.line.end for field in entry.fields if field.form != "heading"]
        if entry.kind == "paragraph":
            return max([program.end_of_line(entry.span.start), *ends])
        return body_start(program)
    if section.level == 0 and section.children and section.children[0].level == 1:
        section = section.children[0]
    return max([section.heading.span.end, *(block.span.end for block in section.blocks)])


def body_start(program: Program) -> int:
    """Where the text of a document begins, below its front matter."""
    return next((block.span.start for block in program.blocks if block.kind != "front_matter"), len(program.text))
