"""Reads the documents of `expected.toml`, which must lie in a folder, and prints how well they were read.

It fetches nothing: a folder has `owner+name/path` for each document, at the commit of the table. Run `python -m
tests.bench.documents FOLDER [--half A] [--details] [--findings]`.
"""

import argparse
from collections import Counter
from pathlib import Path

from orgopt.document import lint, load, read, render
from orgopt.document.editing.base import SetKey
from orgopt.document.text.program import Program
from orgopt.errors import DocumentError
from tests.bench.documents.judged import Counts, Judged, compare, judgements


class Figures:
    """What is counted over some documents."""

    def __init__(self) -> None:
        self.roles, self.links = Counts(), Counts()
        self.documents = self.loaded = self.identical = self.undone = self.right = self.refused = 0

    def line(self, name: str) -> str:
        """A row of the table."""
        shares = (self.roles.precision, self.roles.recall, self.links.precision, self.links.recall)
        numbers = [f"{share:.2f}" for share in shares]
        of = [f"{n}/{self.documents}" for n in (self.right, self.loaded, self.refused, self.identical, self.undone)]
        return f"| {name} | {self.documents} | {' | '.join(numbers)} | {' | '.join(of)} |"


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument(
        "--half",
        choices=[
            "A",
            "B",
            "C",
            "D1",
            "D2",
            "E1",
            "E2",
            "F1",
            "F2",
            "F3",
            "F4",
            "G1",
            "G2",
            "H1",
            "H2",
            "H3",
            "H4",
            "I1",
            "I2",
            "I3",
            "J1",
            "J2",
            "J3",
            "J4",
        ],
    )
    parser.add_argument("--details", action="store_true", help="what was wrong and what was missing, by document")
    parser.add_argument("--findings", action="store_true", help="every warning and error, to be judged by hand")
    given = parser.parse_args()
    total: dict[str, Figures] = {"all": Figures()}
    codes: Counter[tuple[str, str]] = Counter()
    for judged in judgements():
        path = judged.at(given.folder)
        if given.half not in {None, judged.half}:
            continue
        if not path.exists():
            print(f"not there: {path}")
            continue
        figures = [total["all"], total.setdefault(judged.language, Figures())]
        _measure(judged, path, figures, codes, given)
    print("| documents | number | roles' precision | recall | links' precision | recall | roles and links right "
          "| loaded | refused | byte-identical | edit undone |")  # fmt: skip
    print("|" + "---|" * 11)
    for name, found in total.items():
        print(found.line(name))
    print("\n| finding | severity | number |\n|---|---|---|")
    for (code, severity), number in sorted(codes.items()):
        print(f"| {code} | {severity} | {number} |")


def _measure(
    judged: Judged,
    path: Path,
    figures: list[Figures],
    codes: Counter[tuple[str, str]],
    given: argparse.Namespace,
) -> None:
    for one in figures:
        one.documents += 1
    try:
        program = load(path)
    except DocumentError as error:
        print(f"not loaded: {error}")
        return
    reading = read(program)
    roles, links = compare(judged, reading)
    found = lint(program)
    codes.update((finding.code, finding.severity) for finding in found)
    for one in figures:
        one.loaded += 1
        one.identical += render(program) == program.text and _as_on_disk(program, path)
        one.undone += _undone(program)
        one.refused += any(finding.severity == "error" for finding in found)
        one.right += not (roles.wrong or roles.missing or links.wrong or links.missing)
        one.roles.add(roles)
        one.links.add(links)
    if given.details and (roles.wrong or roles.missing or links.wrong or links.missing):
        print(f"{judged.language} {judged.repository} {judged.path}")
        for name, counts in (("roles", roles), ("links", links)):
            print(f"   {name}: {counts.right} right, wrong {counts.wrong[:30]}, missing {counts.missing[:30]}")
    for finding in found if given.findings else ():
        if finding.severity != "info":
            place = program.place(finding.span.start)[1]
            line = program.line(program.position(finding.span.start)[0]).strip()[:90]
            print(f"{judged.repository} {judged.path}:{place} {finding.code} {finding.severity}: {finding.message}")
            print(f"    {line}")


def _as_on_disk(program: Program, path: Path) -> bool:
    return path.is_dir() or program.text.encode().startswith(path.read_bytes())


def _undone(program: Program) -> bool:
    """Whether an edit of every role is undone to the byte; what cannot be edited is not changed."""
    for role in read(program).org.roles:
        edit = SetKey(role.id, "headcount", role.headcount + 1)
        try:
            after = edit.apply(program)
        except DocumentError:
            continue
        if edit.inverse(program).apply(after).text != program.text:
            return False
    return True


if __name__ == "__main__":
    main()
