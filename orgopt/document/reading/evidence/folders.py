"""Files as evidence: each file of a folder is a role; beside an AGENTS.md some say who its one agent is."""

import re
from collections.abc import Iterable
from functools import lru_cache
from pathlib import PurePosixPath

from orgopt.basics.slug import slug
from orgopt.document.grammar.key_table import ROLE_KEYS
from orgopt.document.grammar.rhythm import parse_standup
from orgopt.document.grammar.words import is_word, says
from orgopt.document.reading.entry import Entry, mind
from orgopt.document.reading.evidence.headings import section_entry, with_fields
from orgopt.document.reading.evidence.signs import never, person
from orgopt.document.reading.field import Field
from orgopt.document.reading.front_matter import front_matter, unindented
from orgopt.document.reading.names import Name, read_name
from orgopt.document.reading.remembered import of_section
from orgopt.document.reading.written_fields import fields
from orgopt.document.text.program import Program, Section, Span

OF_ONE = {"soul": "persona", "identity": "persona", "memory": "memory", "heartbeat": "charter"}
"""The files that say who an agent is, beside the one that says what it does: their stems, and the key that each is."""

SOUL = "a file SOUL.md or IDENTITY.md"
"""What says of an agent that it thinks with language, in words."""

_REST = re.compile(
    r"^(?:#.*|[-*+][ \t]+[*_]*Stand-up\b.*)$", re.IGNORECASE | re.MULTILINE
)  # of a heartbeat: the rhythm
_INTERVAL = re.compile(
    r"[ \t]*(?:#{1,6}[ \t]+|[-*+][ \t]+)?(?:[*_]*(?:interval|every|heartbeat|timer)[*_]*[:：][*_]*[ \t]*|(?=every\b))"
    r"(?P<value>[^:：`*_]{2,80})",
    re.IGNORECASE,
)  # of a heartbeat: how often it is
_FORM = re.compile(r"(?:^|/)(?:templates?|examples?|archived?|_alumni)/", re.IGNORECASE)
# What a file is, behind the name of whose it is, or alone.
_PAPER = re.compile(
    r"(?:^|(?<=\s))(?:(?:the |role |agent |system )?"
    r"(?:charter|instructions?|prompt|profile|definition|manual|playbook|persona|job description)"
    r"|anweisung(?:en)?|profil|fiche|consignes|instrucciones|ficha|instruções|指示書|プロンプト|说明书|说明|指令|章程|提示词|지침|지시서|프롬프트)\s*$",
    re.IGNORECASE,
)
_OF_KIND = re.compile(r"\.(?:agent|chatmode|prompt|instructions|role)$", re.IGNORECASE)  # `tester.agent.md`
_CAPITALS = re.compile(r"[A-Z][A-Z0-9_-]{2,}$")  # `MODEL-ROUTING.md`, beside files that are called as people are
_MOST_WORDS = 8  # of a name
_BLANK = re.compile(r"\{[\w -]+\}")  # to be filled in
_ASIDE = {
    "system-prompt",
    "prompt",
    "user",
    "tools",
    "capabilities",
    "bootstrap",
    "ceremonies",
    "readme",
    "changelog",
    "license",
    "contributing",
}


def of_one(section: Section) -> str:
    """What of a document's one agent a file is, `aside` for one that is no role either, or nothing."""
    kind = _of_one(section.title) if section.level == 0 else ""
    return "" if kind and (title := _title(section)) and _titled_as_agent(title.title) else kind


@lru_cache(maxsize=1024)
def _of_one(path: str) -> str:
    stem = PurePosixPath(path).stem.lower()
    return OF_ONE.get(stem) or ("aside" if stem in _ASIDE else "")


def _title(section: Section) -> Section | None:
    """The section of a file's own title."""
    return section.children[0] if section.children and section.children[0].level == 1 else None


def _titled_as_agent(title: str) -> bool:
    """Whether a file's title is the name of somebody, as in `# Memory Agent`, and no `# SOUL.md - Ada`."""
    return len(read_name(title, 0).text.split()) > 1 and person(read_name(title, 0).text)


def aside(section: Section) -> bool:
    """Whether a file beside a document is no role: its agent's persona, a form to fill in, or a text about all."""
    if of_one(section) or _FORM.search(section.title) or section.title.endswith((".yaml", ".yml")):
        return True
    title = _title(section)
    if title is None:
        return False
    front = any(block.kind == "front_matter" for block in section.blocks)
    speaks = says("team", title.title) + never(title.title) + _of_capitals(section, title)
    about_all = not front and speaks > 1
    return about_all or bool(_BLANK.search(title.title))


def _of_capitals(section: Section, title: Section) -> bool:
    """Whether a file is called in capitals and its title is that of nobody: `MODEL-ROUTING.md`."""
    stem = PurePosixPath(section.title).stem
    return bool(_CAPITALS.match(stem)) and not person(read_name(title.title, 0).text) and "-" in stem


@of_section
def file_entry(program: Program, section: Section) -> Entry:
    """A role that is a file: `name` and other keys in front matter, the body its charter."""
    front = [f for block in section.blocks if block.kind == "front_matter" for f in front_matter(program, block)]
    named = next((field for field in front if field.key == "name" and slug(field.value)), None)
    heading = _title(section)
    mark = section.heading.span
    mark = Span(mark.start + (program.text[mark.start] == "\n"), mark.end)
    if named:
        name = read_name(named.value, named.value_span.start)
    elif heading and (own := _without_paper(section_entry(program, heading).name)):
        name = own
    else:
        stem = _OF_KIND.sub("", PurePosixPath(section.title).stem).replace("-", " ").replace("_", " ")
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


def _without_paper(name: Name) -> Name | None:
    """The name in the title of a role's file, without what the file is, as in `Tester Charter`; None where it is none.

    A title that is a sentence, or says only what the file is, names nobody: the file's own name does.
    """
    match = _PAPER.search(name.text)
    text = name.text[: match.start()].rstrip(" -–—:'’") if match else name.text
    if not slug(text):  # `Charter — Ada`
        return name._replace(text=name.title, raw=name.raw, title="") if slug(name.title) and match else None
    if not match:
        return name if len(name.text.split()) <= _MOST_WORDS or name.digits else None
    return name._replace(
        text=text, span=Span(name.span.start, name.span.start + len(text)), title=name.title or name.text
    )


def workspaces(files: list[Section]) -> dict[str, list[Section]]:
    """The files of each subfolder that has what one agent is given, such as a SOUL.md, by the subfolder's path."""
    found: dict[str, list[Section]] = {}
    for section in files:
        found.setdefault(folder_of(section), []).append(section)
    return {
        folder: own
        for folder, own in found.items()
        if folder[:1] not in {"", "_"} and any(OF_ONE.get(_stem(section)) == "persona" for section in own)
    }


def beats(program: Program, files: list[Section]) -> list[Field]:
    """The fields of files HEARTBEAT.md and ceremonies.md, which say what comes again and again.

    After them come lines that say nothing but an interval (`Interval: 30m`, `## Every 20 minutes`): each is a stand-up.
    """
    own = [section for section in files if _stem(section) in {"heartbeat", "ceremonies"}]
    timed = [field for section in own for line in program.lines(section.span) if (field := _timer(program, line))]
    return [*(field for s in own for part in (s, *s.children) for field in fields(program, part)), *timed]


def _timer(program: Program, line: Span) -> Field | None:
    """The stand-up of a line that is an interval and nothing else."""
    match = _INTERVAL.fullmatch(program.slice(line).rstrip())
    if not match:
        return None
    try:
        parse_standup(match["value"])
    except ValueError:
        return None
    value = Span(line.start + match.start("value"), line.start + match.end("value"))
    return Field("stand-up", match["value"], value, value, line, "plain")


def folder_of(section: Section) -> str:
    """The path of a file's folder; nothing for one beside the document."""
    return _folder(section.title)


@lru_cache(maxsize=1024)  # asked of each file for each role, and again after each edit
def _folder(path: str) -> str:
    parent = PurePosixPath(path).parent.as_posix()
    return "" if parent == "." else parent


def _stem(section: Section) -> str:
    return _stem_of(section.title)


@lru_cache(maxsize=1024)
def _stem_of(path: str) -> str:
    return PurePosixPath(path).stem.lower()


def workspace_entry(program: Program, folder: str, own: list[Section]) -> Entry:
    """A role that is a folder: its AGENTS.md says what it does, its IDENTITY.md or the folder how it is called."""
    main = next((section for section in own if _stem(section) == "agents"), own[0])
    entry = file_entry(program, main)
    called = [f for s in own if _stem(s) == "identity" for part in (s, *s.children) for f in fields(program, part)]
    named = next((field for field in called if is_word("name", field.key) and slug(field.value)), None)
    raw = PurePosixPath(folder).name
    if named:
        name = read_name(named.value, named.value_span.start)._replace(raw=raw)
    else:
        words = raw.replace("-", " ").replace("_", " ")
        mark = main.heading.span
        at = program.first_line(Span(mark.start + (program.text[mark.start] == "\n"), mark.end))
        name = Name(words[:1].upper() + words[1:], at, raw=raw)
    prose = tuple(Span(section.heading.span.end, section.span.end) for section in duties(program, own))
    return Entry(
        kind="file",
        name=name._replace(path=main.title),
        span=entry.span,
        fields=entry.fields,
        unknown=entry.unknown,
        misread=entry.misread,
        prose=(*(entry.prose if _stem(main) == "agents" else ()), *prose),
        section=main,
        mind=entry.mind or SOUL,
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
    says = mind(front) or (SOUL if any(of_one(s) == "persona" for s in program.sections) else "")
    return Entry(kind="plain", name=name, span=Span(0, len(program.text)), fields=known, prose=prose, mind=says)


def duties(program: Program, own: Iterable[Section]) -> list[Section]:
    """The files HEARTBEAT.md that say more than when a stand-up is."""
    beats = (section for section in own if _stem(section) == "heartbeat" and of_one(section))
    return [s for s in beats if _REST.sub("", program.slice(Span(s.heading.span.end, s.span.end))).strip()]


def _identity(program: Program) -> list[Field]:
    """The fields of a file IDENTITY.md, its title's section included."""
    files = [section for section in program.sections if _stem(section) == "identity"]
    return [field for file in files for section in (file, *file.children) for field in fields(program, section)]
