"""Trees drawn with lines, in a fence or not, as evidence: names on branches, those below reporting to those above."""

import re
from collections import Counter
from dataclasses import replace

from orgopt.document.grammar.words import is_word, says
from orgopt.document.reading.entry import Entry, count
from orgopt.document.reading.evidence.signs import (
    STEP,
    Arrow,
    Group,
    never,
    people,
    person,
    share,
    short,
    somebody,
    team,
)
from orgopt.document.reading.evidence.traits import parted
from orgopt.document.reading.names import read_name
from orgopt.document.reading.remembered import of_block
from orgopt.document.text.program import Block, Program, Span

_BRANCH = re.compile(r"(?P<lead>[\s│|]*)(?:[├└╰]|[+|`](?=--))[─\-╴]{1,3}[→>►▶]?\s*(?P<text>\S.*?)\s*$")
_LINE = re.compile(r"[\s│|↓↕↑▼▲]*$")  # between a root and its branches
# What follows a name on its line, outside of brackets.
_REST = re.compile(r"\s{2,}(?=\S)|(?:\s+(?:#|←|→|◄|◀|<-|->|//)(?![^()]{0,80}\))|(?<=[)）])[←→])\s*")
_FILE = re.compile(r"[/\\]\s*$|\.[A-Za-z0-9]{1,5}$|^\.")
_IN_BRACKETS = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_APART = re.compile(r"\s+[(（](?P<inner>[^()（）]{1,80})[)）]")  # in a column of their own
_PARTS = re.compile(r"\s*[,/;|·—–]\s*")  # of what stands behind a name: `Orchestrator/COO, Opus 4.6`
_ONWARD = re.compile(r"[→↔]|->")
_MERGES = re.compile(r"[┐┘]")  # lines that come together: what comes after what, and not who leads whom
# Two to five words with capitals, perhaps behind a job and a dot: `Leader · Ada May Wong`.
_FULL_NAME = re.compile(r"(?:[^·]{1,30} · )?[^\W\d_a-z][\w'’.-]*(?: [^\W\d_a-z][\w'’.-]*){1,4}")
_MOST_FULL = 0.6  # of names with a full one behind them
_TITLED = 0.8  # of the leaves of a tree
_MARK = re.compile(r"[├└╰]|[+|`]--")


@of_block
def tree_group(program: Program, block: Block, above: float) -> Group | None:
    """The group of a tree."""
    if not _MARK.search(program.text, block.span.start, block.span.end):
        return None
    tree = _Tree()
    for line in program.lines(block.span):
        tree.add(program.slice(line).rstrip("\r\n"), line)
    tree.leave_departments()
    found = tree.named()
    if len(found) < 2 or 2 * len(found) < tree.branches:
        return None
    called = [entry for entry, _ in tree.entries]
    score = above + people(called) + 1.5 - 4.0 * (tree.files > 0.2 * tree.branches)
    full = share(bool(_FULL_NAME.fullmatch(entry.name.title)) for entry in called)
    score += 1.5 * (above > 0 and full >= _MOST_FULL) - 1.5 * (share(map(somebody, called)) < 0.3 and full < _MOST_FULL)
    score -= 3.0 * (len({entry.name.id for entry in found}) < 0.7 * len(found))  # what happens, one after the other
    links = () if _MERGES.search(program.slice(block.span)) else tuple(tree.arrows())
    return Group(entries=tuple(found), score=score, span=block.span, what="a tree", links=links)


class _Tree:
    """The names on the branches of a tree, and below whom each stands."""

    def __init__(self) -> None:
        self.entries: list[tuple[Entry, int | None]] = []  # each with the place of the one above it
        self.bosses: list[tuple[int, int]] = []
        self.root: tuple[str, Span] | None = None
        self.branches = self.files = 0

    def add(self, text: str, line: Span) -> None:
        """Read a line."""
        match = _BRANCH.match(text)
        if match is None:
            if not _LINE.match(text) and not self._tells(text):
                self.bosses, self.root = [], (text, line)
            return
        if self.root:
            self._add_root(*self.root)
            self.root = None
        self.branches += 1
        raw = _REST.split(match["text"], maxsplit=1)[0]
        self.files += bool(_FILE.search(raw))
        depth = len(match["lead"].expandtabs(4))
        self.bosses = [(d, i) for d, i in self.bosses if d < depth]
        at = line.start + match.start("text")
        entry = _entry(raw, at, line, Span(at + len(raw), line.start + len(text)))
        if entry and not entry.name.title and (apart := _APART.match(match["text"], len(raw))):
            entry = replace(entry, name=entry.name._replace(title=apart["inner"].strip()))
        if entry:
            self.bosses.append((depth, len(self.entries)))
            self.entries.append((entry, self.bosses[-2][1] if len(self.bosses) > 1 else None))

    def _tells(self, text: str) -> bool:
        """Whether a line between branches is text of the one above it, as `│   Input: …` is."""
        bare = text.lstrip()
        indent = len(text.expandtabs(4)) - len(bare.expandtabs(4))
        if self.root:
            return indent > len(self.root[0]) - len(self.root[0].lstrip()) and bare[:1] in "-*•│|"
        return bool(self.bosses) and (bare[:1] in "│|" or indent > self.bosses[-1][0])

    def _add_root(self, text: str, line: Span) -> None:
        """Read the line from which branches go, if it names somebody."""
        raw = _REST.split(text.strip(), maxsplit=1)[0]
        at = line.start + len(text) - len(text.lstrip())
        entry = _entry(raw, at, line, Span(at + len(raw), line.start + len(text))) if raw else None
        if entry and (somebody(entry) or any(map(person, _PARTS.split(entry.name.title)))) and not _ONWARD.search(text):
            self.bosses = [(-1, len(self.entries))]
            self.entries.append((entry, None))

    def leave_departments(self) -> None:
        """Without branches that only hold people, where those say behind their names what each is."""
        holds = {boss for _, boss in self.entries if boss is not None}
        leaves = [entry for at, (entry, _) in enumerate(self.entries) if at not in holds]
        if share(bool(entry.name.title) for entry in leaves) < _TITLED or share(map(somebody, leaves)) < _TITLED:
            return
        drop = {at for at in holds if not self.entries[at][0].name.title and not somebody(self.entries[at][0])}
        places = {old: new for new, old in enumerate(at for at in range(len(self.entries)) if at not in drop)}

        def above(boss: int | None) -> int | None:
            while boss in drop:
                boss = self.entries[boss][1]
            return None if boss is None else places[boss]

        self.entries = [(e, above(boss)) for at, (e, boss) in enumerate(self.entries) if at not in drop]

    def named(self) -> list[Entry]:
        """Them; those who go by one name are told apart by what stands behind it."""
        often = Counter(i for i, _ in {(entry.name.id, entry.name.full) for entry, _ in self.entries})
        return [_in_full(entry) if often[entry.name.id] > 1 else entry for entry, _ in self.entries]

    def arrows(self) -> list[Arrow]:
        """Who reports to whom."""
        found = self.named()
        return [
            Arrow(source=one.name.id, target=found[boss].name.id, kind="reports to", mutual=False, span=one.span)
            for one, (_, boss) in zip(found, self.entries, strict=True)
            if boss is not None
        ]


def _in_full(entry: Entry) -> Entry:
    """Somebody by all that tells them from others of the same name: `Agent – Tests`, `Engineer (Tests)`."""
    name = entry.name
    bare = _IN_BRACKETS.sub("", name.raw).strip("*_` ")
    return replace(entry, name=name._replace(text=bare if bare.endswith(f" {name.title}") else name.full))


def _entry(raw: str, at: int, line: Span, rest: Span) -> Entry | None:
    """Who stands on a branch; None for files, sentences, and the titles of parts of a whole."""
    name = parted(read_name(raw, at))
    if STEP.match(name.text) and short(name.title):  # `Phase 1 Agent: Assessor`
        name = read_name(name.title, at + raw.rfind(name.title))
    unit = (says("unit", name.text) or is_word("group", name.text)) and not person(name.text)
    unit = unit or (bool(team(name.text)) and (name.text[-1] == "s" or not person(name.text)))
    if not name.id or not short(name.text) or never(name.text) or unit:
        return None
    return Entry(kind="node", name=name, span=line, fields=count(name), prose=(rest,))
