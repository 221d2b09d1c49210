"""Documents back on disk: a file, or each file of a folder of roles where it belongs.

A role that was added gets its file, one that was removed loses it, and links and a rhythm of a folder without a main
document get one.
"""

from pathlib import Path, PurePosixPath

from orgopt.document.files import MAIN_NAMES, found, inside, load
from orgopt.document.text.parser import parse
from orgopt.document.text.program import FILE_MARK, Program, printable
from orgopt.errors import DocumentError

MAIN = "team.md"
"""The main document of a folder that gets one."""


def save(program: Program, path: str | Path | None = None, *, replaces: Program | None = None) -> list[Path]:
    """Write a program back to the files that it was read from, or to a path.

    Args:
        program: What is written.
        path: A file for all of it, or a folder, which gets each of its files; None for where it came from. Files of
            roles that are in the folder's document and no longer in the program are removed.
        replaces: What the folder is known to have had; only files of it are removed, as long as they are as they were.

    Returns:
        The files that were removed.

    Raises:
        DocumentError: A file cannot be written, or is outside the document's folder.
    """
    if path is not None and not Path(path).is_dir():
        _write({Path(path): program.text})
        return []
    if path is None and not program.root:
        _write({Path(program.source): program.text})
        return []
    program = program if path is None else in_folder(program.text, Path(path), Path(program.source).name)
    files, root = _split(program), Path(program.root)
    had = _role_files(program) if replaces is None else _unchanged(in_folder(replaces.text, root))
    gone = sorted(had - {file.resolve() for file in files})
    _write(files)
    for file in gone:
        file.unlink(missing_ok=True)
        if file.parent != root.resolve() and not any(file.parent.iterdir()):
            file.parent.rmdir()  # `agents/scout/charter.md` was alone there
    return gone


def _unchanged(program: Program) -> set[Path]:
    """The files of a program that are on disk as it has them, without its main document."""
    marks = [_target(Path(program.root), mark["path"]).resolve() for mark in FILE_MARK.finditer(program.text)]
    texts = {file.resolve(): text for file, text in _split(program).items()}
    return {file for file in marks if file.is_file() and _read(file) == texts.get(file)}


def _read(file: Path) -> str:
    return file.read_bytes().decode("utf-8", "replace")


def in_folder(text: str, folder: Path, main: str = "") -> Program:
    """The program of a text as that of a folder; its main document has the name that is there, or a given one."""
    names = sorted(
        (one.name for one in folder.glob("*.md") if one.name.lower() in MAIN_NAMES),
        key=lambda name: MAIN_NAMES.index(name.lower()),
    )
    suffix = PurePosixPath(main).suffix.lower()
    own = suffix in {".yaml", ".yml"}  # of a crew, which is no Markdown
    given = main if suffix in {".md", ".markdown"} or own else MAIN
    marks = list(FILE_MARK.finditer(text))
    headed = not marks or text[: marks[0].start()].strip()
    return parse(
        text, str(folder / (given if own else next(iter(names), given))) if headed else str(folder), str(folder)
    )


def _role_files(program: Program) -> set[Path]:
    """The files of roles that the document on disk has, as `load` finds them."""
    for path in (program.root, program.source):  # a folder has more files than its main document links to
        try:
            before = load(path)
        except DocumentError:  # there is none yet, or there are several
            continue
        if before.source == program.source:
            return {_target(Path(before.root), one.title).resolve() for one in before.blocks if one.kind == "file"}
    return set()


def _split(program: Program) -> dict[Path, str]:
    """The text of each file of a program."""
    root, source = Path(program.root), Path(program.source)
    marks = list(FILE_MARK.finditer(program.text))
    ends = [*(mark.start() for mark in marks[1:]), len(program.text)][: len(marks)]
    for mark in marks:
        if not inside(root, mark["path"], exists=False):
            raise DocumentError(f"'{printable(mark['path'])}' is outside the folder {program.root}: it is not written")
    files = {_target(root, mark["path"]): program.text[mark.end() : end] for mark, end in zip(marks, ends, strict=True)}
    main = program.text[: marks[0].start()] if marks else program.text
    if source.is_dir() or source == root:
        return {root / MAIN: main, **files} if main.strip("\ufeff \t\r\n") else files
    return {source: main, **files}


def _target(root: Path, name: str) -> Path:
    """Where a file of a program lies, or shall lie: below its folder, or by its path from one above that."""
    if known := found(root, name):
        return known
    above, nearest = root.resolve(), root / name
    for _ in range(len(PurePosixPath(name).parts)):
        above = above.parent
        here = (above / name).resolve()
        if here.is_relative_to(root.resolve()) and _depth(here) > _depth(nearest):
            nearest = here
    return nearest


def _depth(path: Path) -> int:
    """How many of the folders of a path there are."""
    return next((len(folder.parts) for folder in path.resolve().parents if folder.is_dir()), 0)


def _write(texts: dict[Path, str]) -> None:
    for path, text in texts.items():
        try:
            if text != (_read(path) if path.is_file() else None):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(text.encode("utf-8"))
        except OSError as error:
            raise DocumentError(f"{path}: cannot be written ({error.strerror})") from None
