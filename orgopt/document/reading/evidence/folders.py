"""Files as evidence: each file of a folder is a role; beside an AGENTS.md some say who its one agent is."""

from functools import lru_cache
from pathlib import PurePosixPath

from orgopt.document.grammar.keys import ROLE_KEYS
from orgopt.document.grammar.words import says
from orgopt.document.reading.entry import Entry, mind
from orgopt.document.reading.evidence.headings import section_entry, with_fields
from orgopt.document.reading.evidence.signs import never
from orgopt.document.reading.field import Field
from orgopt.document.reading.fields import fields
from orgopt.document.reading.front_matter import front_matter, unindented
from orgopt.document.reading.names import Name, read_name
from orgopt.document.reading.remembered import of_section
from orgopt.document.text.program import Program, Section, Span
from orgopt.org import slug

OF_ONE = {"soul": "persona", "identity": "persona", "memory": "memory", "heartbeat": "charter"}
"""The files that say who an agent is, beside the one that says what it does: their stems, and the key that each is."""

_ASIDE = {"user", "tools", "capabilities", "bootstrap", "readme", "changelog", "license", "contributing"}


def of_one(section: Section) -> str:
    """What of a document's one agent a file is, `aside` for one that is no role either, or nothing."""
    return _of_one(section.title) if section.level == 0 else ""


@lru_cache(maxsize=1024)
def _of_one(path: str) -> str:
    stem = PurePosixPath(path).stem.lower()
    return OF_ONE.get(stem) or ("aside" if stem in _ASIDE else "")


def aside(section: Section) -> bool:
    """Whether a file beside a document is no role: its agent's persona, or a text about how all work together."""
    if of_one(section):
        return True
    heading = section.children[0] if section.children and section.children[0].level == 1 else None
    front = any(block.kind == "front_matter" for block in section.blocks)
    return bool(heading and not front and never(heading.title) and says("team", heading.title))


@of_section
def file_entry(program: Program, section: Section) -> Entry:
    """A role that is a file: `name` and other keys in front matter, the body its charter."""
    front = [f for block in section.blocks if block.kind == "front_matter" for f in front_matter(program, block)]
    named = next((field for field in front if field.key == "name" and slug(field.value)), None)
    heading = section.children[0] if section.children and section.children[0].level == 1 else None
    mark = section.heading.span
    mark = Span(mark.start + (program.text[mark.start] == "\n"), mark.end)
    if named:
        name = read_name(named.value, named.value_span.start)
    elif heading:
        name = section_entry(program, heading).name
    else:
        stem = PurePosixPath(section.title).stem.replace("-", " ").replace("_", " ")
        name = Name(stem[:1].upper() + stem[1:], program.first_line(mark), raw=stem)
    entry = with_fields(
        program, Entry(kind="file", name=name._replace(path=section.title), span=section.span, section=section)
    )
    description = next((field for field in front if field.key == "description"), None)
    prose = entry.prose
    if description and not any(program.slice(span).strip() for span in prose):
        prose = tuple(unindented(program, description.value_span))
    return Entry(
        kind="file",
        name=entry.name,
        span=entry.span,
        fields=entry.fields,
        unknown=entry.unknown,
        misread=entry.misread,
        prose=prose,
        section=section,
        mind=mind(front) or entry.mind,
    )


def plain_entry(program: Program, prose: tuple[Span, ...]) -> Entry:
    """The one Researcher of a document without roles; front matter, or a file IDENTITY.md, may name it otherwise."""
    front = [
        field for block in program.blocks if block.kind == "front_matter" for field in front_matter(program, block)
    ]
    every = [*_identity(program), *front]
    named = next((field for field in every if field.key == "name" and slug(field.value)), None)
    name = read_name(named.value, named.value_span.start) if named else Name("Researcher", Span(0, 0), raw="Researcher")
    known = tuple(field for field in front if field.key in ROLE_KEYS)
    says = mind(front) or (
        "a file SOUL.md or IDENTITY.md" if any(of_one(s) == "persona" for s in program.sections) else ""
    )
    return Entry(kind="plain", name=name, span=Span(0, len(program.text)), fields=known, prose=prose, mind=says)


def _identity(program: Program) -> list[Field]:
    """The fields of a file IDENTITY.md, its title's section included."""
    files = [section for section in program.sections if PurePosixPath(section.title).stem.lower() == "identity"]
    return [field for file in files for section in (file, *file.children) for field in fields(program, section)]
