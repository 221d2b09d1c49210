"""Documents on disk: a file, a roster with the role files that it links to, or a folder of role files.

Several files become one Program, each below a line `<!-- file: path -->`, so that edits, diffs and studies know one
text; `saving.save` puts each back where it came from. References stay inside the document's folder.
"""

import codecs
import re
import stat
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from orgopt.basics.nearest import nearest
from orgopt.document.findings import Finding
from orgopt.document.reading.evidence.folders import OF_ONE
from orgopt.document.reading.reader import Reading, read
from orgopt.document.text.parser import parse
from orgopt.document.text.program import FILE_MARK, Program, Span, printable
from orgopt.errors import DocumentError

_OF_SOMEBODY = re.compile(r"---[ \t]*\r?\n(?:(?!---)[^\n]*\n)*?(?:name|role|agent|model|tools|reports_to)[ \t]*:")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_HEAD = 1024  # bytes that show whether every other one is zero
MAX_BYTES = 256 * 1024
MAX_FILES = 100
MAIN_NAMES = ("program.md", "org.md", "team.md", "roster.md", "agents.md", "index.md", "readme.md")
"""Names of the file of a folder that is its main document, in any letter case; the first of them that there is."""

_SUFFIXES = (".md", ".markdown", ".yaml", ".yml")


CREW_NAMES = ("agents.yaml", "agents.yml")
"""Names of the file of CrewAI's agents in a folder without Markdown."""


def load(path: str | Path) -> Program:
    """Read a document, keeping line ends and a byte-order mark.

    Args:
        path: A Markdown file, with the role files that its roster links to; the agents of a CrewAI project, as a YAML
            file or the folder of one, with the tasks beside it; or a folder of role files.

    Raises:
        DocumentError: Nothing to read there, larger than 256 KiB in all, more than 100 files, or not UTF-8.
    """
    path = Path(path)
    folder = _is_folder(path)
    members = _members(path) if folder else []
    if folder and not members and (crew := next((path / name for name in CREW_NAMES if inside(path, name)), None)):
        path, folder = crew, False
    mains = sorted((name for name in members if name.lower() in MAIN_NAMES), key=lambda n: MAIN_NAMES.index(n.lower()))
    main = next(iter(mains), "") if folder else path.name
    root = path if folder else path.parent
    text = _read(root / main) if main else ""
    files = _role_files(root, main, text, members)
    if not files:
        return parse(text, str(root / main)) if main else _nothing(path)
    for name, content in {main: text, **files}.items():
        if FILE_MARK.search(content):
            raise DocumentError(f"{root / name}: has a line '<!-- file: … -->', which marks a file of several in one")
    for name, content in files.items():
        if not FILE_MARK.fullmatch(f"<!-- file: {name} -->"):
            raise DocumentError(f"{root / name}: rename it: no <, > or line end, and 200 characters at most")
        text += f"{chr(10) * bool(text)}<!-- file: {name} -->\n{content}"
    if len(text.encode()) > MAX_BYTES:
        raise DocumentError(f"{path}: its files are larger than 256 KiB, the limit of a program.md")
    return parse(text, str(root / main) if main else str(path), str(root))


def _role_files(root: Path, main: str, text: str, members: list[str]) -> dict[str, str]:
    """The texts of the files that a roster links to, and of the role files among the members of a folder."""
    linked = [name for name, _ in references(parse(text)) if found(root, name)] if main else []
    linked += _beside(root, main)
    linked += [beside for name in linked for beside in _of_workspace(root, name)]
    seen = {(root / main).resolve()} if main else set[Path]()
    of_files = not main or _names_nobody(text)
    files: dict[str, str] = {}
    for name in dict.fromkeys([*linked, *members]):
        target = (found(root, name) or root / name).resolve()
        if target in seen:  # one file may be linked to in several ways
            continue
        seen.add(target)
        content = _read(target)
        if name not in linked and _is_document(content):
            raise DocumentError(f"{root} is a folder of documents: name one of them, such as {root / name}")
        # Beside a main document, other Markdown is a role only by its front matter.
        if of_files or name in linked or _OF_SOMEBODY.match(content):
            files[name] = content
        if len(files) > MAX_FILES:
            raise DocumentError(f"{root}: more than {MAX_FILES} files of roles")
    return files


def _names_nobody(text: str) -> bool:
    """Whether a main document has nothing but links and the rhythm of roles that are files, as `save` writes one."""
    reading = read(parse(text))
    return reading.plain and bool(reading.parts) and "roles" not in reading.parts and not _prose(parse(text), reading)


def _prose(program: Program, reading: Reading) -> bool:
    parts = [section.span for section in reading.parts.values()]
    return any(not any(start <= block.span.start < end for start, end in parts) for block in program.blocks)


def documents_in(path: str | Path) -> list[Path]:
    """The documents at a path: a file, a folder of role files as one, or every file of a folder of documents."""
    path = Path(path)
    try:
        folder = _is_folder(path)
    except DocumentError:  # `load` says so
        return [path]
    files = [path / name for name in _members(path) if "/" not in name] if folder else []
    return files if any(_holds_roles(file) for file in files if file.name.lower() not in MAIN_NAMES) else [path]


def _holds_roles(path: Path) -> bool:
    try:
        return _is_document(_read(path))
    except DocumentError:  # said when it is its turn
        return False


def _is_document(text: str) -> bool:
    return any(section.title.lower() == "roles" for section in parse(text).walk())


def references(program: Program) -> Iterator[tuple[str, Span]]:
    """The Markdown files that the roster of a document links to, as written, and where."""
    for places in read(program).roles.values():
        for entry in places:
            if entry.kind in {"item", "row"} and PurePosixPath(entry.name.path).suffix.lower() in {".md", ".markdown"}:
                yield entry.name.path, entry.name.span


def missing_references(program: Program) -> Iterator[Finding]:
    """A finding for the files that a roster links to outside of the folder, and one for those that are not there."""
    source = Path(program.source)
    root = source if source.is_dir() else source.parent
    have = {block.title for block in program.blocks if block.kind == "file"}
    outside, lost, there = list[tuple[str, Span]](), list[tuple[str, Span]](), 0
    for name, span in references(program) if source.exists() else ():
        if name in have or found(root, name):
            there += 1
            continue
        away = "://" in name or {"..", "~"} & {*PurePosixPath(name).parts} or not inside(root, name, exists=False)
        (outside if away else lost).append((name, span))
    if outside:
        message = f"{_first_of(outside)} outside the document's folder, and not read"
        yield Finding("ORG029", "info", message, outside[0][1], "open the folder that has both, or copy what is needed")
    if lost:
        help_ = "create what is missing, or remove its link"
        severity = "warning" if there else "info"  # of which none is there, the paths may be meant from elsewhere
        yield Finding("ORG029", severity, f"{_first_of(lost)} not there", lost[0][1], help_)


def _first_of(names: list[tuple[str, Span]]) -> str:
    """The first of some files, how many others there are, and the verb."""
    others = len(names) - 1
    more = f" and {others} other{'s' * (others > 1)} are" if others else " is"
    return f"'{printable(names[0][0])}'{more}"


def found(root: Path, name: str) -> Path | None:
    """Where a reference leads, from the document's folder or from one above it, if that is inside the folder."""
    if inside(root, name):
        return root / name
    above = root.resolve()
    for _ in range(len(PurePosixPath(name).parts)):
        above = above.parent
        try:
            target = (above / name).resolve()
            if target.is_file() and target.is_relative_to(root.resolve()):
                return target
        except (OSError, ValueError, RuntimeError):  # see `_inside`
            return None
    return None


def _beside(root: Path, main: str) -> list[str]:
    """The files beside an AGENTS.md that say who its agent is, that with a crew's tasks, or a team's ceremonies."""
    if main.lower() in CREW_NAMES:
        return [name for name in ("tasks.yaml", "tasks.yml") if inside(root, name)][:1]
    if main.lower() == "team.md":
        return [name for name in ("ceremonies.md",) if inside(root, name)]
    if main.lower() != "agents.md":
        return []
    return [path.name for path in sorted(root.glob("*.md")) if path.stem.lower() in OF_ONE and inside(root, path.name)]


def _of_workspace(root: Path, name: str) -> list[str]:
    """The files that say who an agent is, beside its AGENTS.md in a folder of its own."""
    parent = PurePosixPath(name).parent
    if PurePosixPath(name).stem.lower() not in {"agents", *OF_ONE} or parent == PurePosixPath("."):
        return []
    beside = [(parent / path.name).as_posix() for path in sorted((root / parent).glob("*.md"))]
    return [path for path in beside if PurePosixPath(path).stem.lower() in {"agents", *OF_ONE} and inside(root, path)]


def inside(root: Path, name: str, *, exists: bool = True) -> bool:
    """Whether a reference stays in a folder, symbolic links followed."""
    target = root / name
    try:
        return target.resolve().is_relative_to(root.resolve()) and (not exists or target.is_file())
    except (OSError, ValueError, RuntimeError):  # a name with a NUL or too long, or links that go round
        return False


def _members(folder: Path) -> list[str]:
    """The Markdown files of a folder and its subfolders, without hidden ones."""

    def real_first(path: Path) -> tuple[bool, Path]:
        return path.is_symlink() or path.parent.is_symlink(), path

    every = [path for pattern in ("*.md", "*/*.md") for path in sorted(folder.glob(pattern), key=real_first)]
    names = [path.relative_to(folder) for path in every]
    return [
        path.as_posix()
        for path in names
        if not any(part.startswith(".") for part in path.parts) and inside(folder, str(path))
    ]


def _is_folder(path: Path) -> bool:
    """Whether a path is a folder.

    Raises:
        DocumentError: It cannot be told, or the path is a pipe that nobody may ever write to.
    """
    try:
        mode = path.stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DocumentError(f"{path}: cannot be read ({reason})") from None
    # What a shell connects is below /dev: `orgopt lint <(command)`.
    if stat.S_ISFIFO(mode) and not path.is_relative_to("/dev"):
        raise DocumentError(f"{path}: is a pipe, not a file")
    return stat.S_ISDIR(mode)


def _nothing(path: Path) -> Program:
    raise DocumentError(f"{path} is a folder without Markdown files: name a file, or put role files into it")


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise DocumentError(f"{path}: no such file{_beside_it(path)}") from None
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        raise DocumentError(f"{path}: cannot be read ({reason})") from None
    if len(raw) > MAX_BYTES:
        raise DocumentError(f"{path}: larger than 256 KiB, the limit of a program.md")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if raw.startswith(_UTF_16) or raw[:_HEAD].count(0) > len(raw[:_HEAD]) // 4:
            raise DocumentError(f"{path}: is UTF-16, as some editors of Windows save: save it as UTF-8") from None
        line = raw.count(b"\n", 0, error.start) + 1
        raise DocumentError(
            f"{path}:{line}: byte {raw[error.start]:#04x} is not UTF-8: save the file as UTF-8"
        ) from None


def _beside_it(path: Path) -> str:
    """The question whether a document with a like name was meant, where there is one in the same folder."""
    try:
        every = [one for one in path.parent.iterdir() if one.suffix.lower() in _SUFFIXES or one.is_dir()]
    except OSError:
        return ""
    by_stem = {one.stem: one for one in sorted(every, key=lambda one: one.suffix == path.suffix)}
    meant = nearest(path.stem, by_stem)
    return f": did you mean '{by_stem[meant]}'?" if meant else ""
