"""Who hands work to whom, as documents say it beside their rosters: `Planner → Coder → Reviewer`, one below the other.

Only names that are read as roles elsewhere count, and both ends of an arrow must be some: what lies between is a step.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import NamedTuple

from orgopt.basics.slug import slug
from orgopt.document.grammar.words import alternatives
from orgopt.document.reading.evidence.chains import ARROW, BACK, LABEL, LEAD
from orgopt.document.reading.evidence.signs import Arrow
from orgopt.document.reading.role_aliases import AGENTS, without_agent
from orgopt.document.text.program import Block, Program, Span

_LOOKS = re.compile(r"[→⟶➜➔➝⇒▶►↓⬇▼⇩]|[-=]>|^\W*from\w*[*_`]*:|\|\s*\n\s*[vV]\s*\n", re.MULTILINE)
_KEY = re.compile(
    r"\s*(?:[-*]\s+)?[*_`]*(?P<key>from|to)(?:_agent|_role| agent)?[*_`]*\s*:[*_`\"'\s]*(?P<name>[^\"'#]{2,80})",
    re.IGNORECASE,
)
_DOWN = re.compile(r"[\s│┃|]*[↓⬇▼⇩][\s│┃|↓⬇▼⇩\ufe0f]*(?:[^→↓]{1,40})?$|\s*[vV]\s*$")
_BAR = re.compile(r"[\s│┃|┌┐└┘├┤┬┴┼─━═║╔╗╚╝╭╮╰╯+-]*$")
_BRANCH = re.compile(r"[\s│┃|]*[├└╰]")
_TO_BRANCH = re.compile(r"[\s│┃|]*[├└╰][─━═-]+[►▶→>]")
_SIDES = " \t│┃|║├└╰"
_STROKES = "─━═-►▶→>"
_NONE = re.compile(r"(?!)")
_ASIDE = re.compile(r"\([^()]*\)|（[^（）]*）|\[\^[^\]]*\]")
_TAIL = re.compile(r"\s*(?:[:：;；,，。]|\.\s|\.$|\s[—–-]\s|\s{2,}|\bif\b|\bwhen\b).*", re.DOTALL)
_HEAD = re.compile(r"(?P<name>[^→←↓│├└┌─:：—–|()（）]{1,60}?)(?=\s{2,}|\s*[(（:：→←—–]|\s*[-=]>|\s*<-|\s-\s|\s*$)")
_BETWEEN = re.compile(rf"\s*(?:[+&,，、/|]|{alternatives('and')})\s*", re.IGNORECASE)
_MARKS = " \t*_`[]\"'“”「」@#."
_MOST = 400  # characters of a line; longer ones are prose
_LONGEST = 80  # characters of a name with all that is beside it
_DEEP = 8  # columns from which on an arrow stands below another on purpose
_SLACK = 1  # columns by which arrows below each other may miss
_LEADING = 4  # words of a name with text behind it
_TOGETHER = 6  # names between two arrows


class Names:
    """The ids of roles by what a text calls them."""

    def __init__(self, roles: Mapping[str, object], resolve: Callable[[str], str]) -> None:
        self._roles, self._resolve = roles, resolve

    def one(self, text: str) -> str:
        """The id of the role that a text names and nothing else, or nothing."""
        bare = _ASIDE.sub("", text).strip(_MARKS)
        if not bare or len(bare) > _LONGEST:
            return ""
        word = slug(bare)
        for other in (word, without_agent(word), *(f"{word}-{agent}" for agent in AGENTS)):
            if other and (found := self._resolve(other)) in self._roles:
                return found
        return ""

    def leading(self, text: str) -> tuple[str, ...]:
        """The id of the role that a text begins with, and says what it does: `Coder implements the plan`."""
        bare = _ASIDE.sub("", text).strip(_MARKS)
        words = bare.split()[: _LEADING + 1]
        for number in range(min(len(words) - 1, _LEADING), 0, -1):
            rest = words[number]
            says = rest[:1].isalpha() and (rest[:1].islower() or not rest[:1].isascii())
            if says and (found := self.one(_bare(" ".join(words[:number])))):
                return (found,)
        return ()

    def several(self, text: str) -> tuple[str, ...]:
        """The ids of all whom a text names, as in `Tester + Auditor`; none where it names something else, too."""
        if found := self.one(text):
            return (found,)
        parts = _BETWEEN.split(_ASIDE.sub("", text).strip(_MARKS))
        ids = tuple(self.one(part) for part in parts[: _TOGETHER + 1])
        return ids if 1 < len(ids) <= _TOGETHER and all(ids) else ()


def _bare(text: str) -> str:
    """A text without emoji and other signs before it."""
    return re.sub(r"^[^\w]+", "", text)


class _Pair(NamedTuple):
    source: str
    target: str
    span: Span


def handed_over(
    program: Program, roles: Mapping[str, object], resolve: Callable[[str], str], taken: tuple[Span, ...]
) -> Iterator[Arrow]:
    """The links that lines with arrows draw between roles.

    Args:
        program: The document.
        roles: Its roles by their ids.
        resolve: Gives the id of a role by any of its names.
        taken: Spans whose arrows are read elsewhere, or are the text of roles.
    """
    if len(roles) < 2 or not _LOOKS.search(program.text):
        return
    names = Names(roles, resolve)
    seen: set[tuple[str, str]] = set()
    for block in _drawn(program, taken):
        lines = [(line, program.slice(line).rstrip("\r\n")) for line in program.lines(block.span)]
        for pair in (*_across(block, lines, names), *_downwards(block, lines, names), *_keyed(lines, names)):
            if pair.source != pair.target and pair[:2] not in seen:
                seen.add(pair[:2])
                yield Arrow(
                    source=pair.source,
                    target=pair.target,
                    kind="delegates to",
                    mutual=False,
                    span=pair.span,
                    implied=True,
                )


def _drawn(program: Program, taken: tuple[Span, ...]) -> Iterator[Block]:
    """The blocks that have an arrow and are read by nobody else."""
    starts = [block.span.start for block in program.blocks]
    known = -1
    for match in _LOOKS.finditer(program.text):
        at = bisect_right(starts, match.start()) - 1
        block = program.blocks[at]
        if at == known or block.kind in {"front_matter", "file"}:
            continue
        known = at
        first = program.slice(program.first_line(block.span)).lower()
        if "mermaid" not in first and not any(s.start <= block.span.start < s.end for s in taken):
            yield block


def _across(block: Block, lines: list[tuple[Span, str]], names: Names) -> Iterator[_Pair]:
    """The pairs of arrows that lie in a line, or in a cell of a table; a line may go on where one before it was."""
    before, above = _NOTHING, list[tuple[int, tuple[str, ...]]]()
    for line, text in lines:
        if len(text) > _MOST or _BAR.match(text):
            continue
        for part in text.split("|") if block.kind == "table" else [text]:
            known = _Chain((_below(above, part),), ()) if _BRANCH.match(part) else before
            chain = _chained(part, names, known)
            alone = len(chain.columns) == 1 and chain.columns == before.columns and chain.led and known is before
            if alone:  # what is listed with arrows for bullets
                continue
            for left, right in pairwise(chain.groups):
                yield from (_Pair(source, target, line) for source in left for target in right)
            before = chain
        above.append((len(text) - len(text.lstrip(_SIDES + _STROKES)), _ends(text, names)[0]))


def _below(above: list[tuple[int, tuple[str, ...]]], text: str) -> tuple[str, ...]:
    """Whom the line names from which a branch goes."""
    column = len(text) - len(text.lstrip(" │┃|"))
    return next((ids for at, ids in reversed(above) if at <= column + _SLACK), ())


class _Chain(NamedTuple):
    """Whom the parts of a line between arrows name, in which columns these stand, and if one stands before all else."""

    groups: tuple[tuple[str, ...], ...]
    columns: tuple[int, ...]
    led: bool = False

    def left_of(self, column: int) -> tuple[str, ...]:
        """Whom an arrow comes from that stands below this line: what the one above it does, or the last."""
        columns = self.columns if column >= _DEEP else ()  # a line that is moved in a little goes on at the end
        at = next((i for i, own in enumerate(columns) if abs(own - column) <= _SLACK), -1)
        return self.groups[at] if self.groups else ()


_NOTHING = _Chain((), ())


def _chained(text: str, names: Names, before: _Chain) -> _Chain:
    """The chain in a line; its first name may stand behind a label, its last before more text."""
    text = text[: back.start()] if (back := BACK.search(text)) else text
    start = lead.end() if (lead := LEAD.match(text)) else 0
    arrows = list(ARROW.finditer(text, start))
    if not arrows:
        return _NOTHING
    ends = [start, *(arrow.end() for arrow in arrows)], [*(arrow.start() for arrow in arrows), len(text)]
    parts = [text[left:right] for left, right in zip(*ends, strict=True)]
    columns = tuple(arrow.end() - len(arrow[0].lstrip()) for arrow in arrows)
    led = not parts[0].strip(_SIDES)
    if led:
        first = before.groups[0] if _BRANCH.match(text) else before.left_of(columns[0])
    else:
        first = next(filter(None, (names.several(cut.sub("", parts[0])) for cut in (_NONE, LABEL, _TAIL))), ())
    if not first and not led and before.groups and _BRANCH.match(text):  # what comes first is a condition
        first = before.groups[0]
    rest = [names.several(part) or names.several(_TAIL.sub("", part)) or names.leading(part) for part in parts[1:]]
    return _Chain((first, *rest), columns, led)


def _downwards(block: Block, lines: list[tuple[Span, str]], names: Names) -> Iterator[_Pair]:
    """The pairs of names that stand below each other with an arrow between them."""
    if block.kind in {"table", "heading"} or not any(_DOWN.match(text) for _, text in lines):
        return
    above: tuple[str, ...] = ()
    opened: tuple[str, ...] = ()  # those above a line that names what branches from it, as `Handed to:` does
    arrow = False
    for line, text in lines:
        if _DOWN.match(text):
            arrow = True
            continue
        if _BAR.match(text) or len(text) > _MOST:
            continue
        first, last = _ends(text, names)
        below = bool(opened) and _BRANCH.match(text) is not None
        if arrow or below:
            yield from (_Pair(source, target, line) for source in (opened if below else above) for target in first)
        if below:
            continue
        opened = above if arrow and not first and text.rstrip().endswith((":", "：")) else ()
        if first or arrow:  # what stands below an arrow and names nobody is a step
            above, arrow = last, False


def _keyed(lines: list[tuple[Span, str]], names: Names) -> Iterator[_Pair]:
    """The pairs of the keys `from` and `to`, a line each."""
    source: tuple[str, ...] = ()
    for line, text in lines:
        if match := _KEY.match(text):
            ids = names.several(match["name"])
            if match["key"].lower() == "from":
                source = ids
            else:
                yield from (_Pair(one, target, line) for one in source for target in ids)
                source = ()


def _ends(text: str, names: Names) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Whom a line names first, and to whom its arrows lead in the end."""
    bare = LEAD.sub("", text.strip(_SIDES), count=1)
    groups = _chained(bare, names, _NOTHING).groups
    if len(groups) > 1 and all(groups):
        return groups[0], groups[-1]
    head = _HEAD.match(bare)
    first = names.several(bare) or (names.several(head["name"]) if head else ())
    if not first and (not _BRANCH.match(text) or _TO_BRANCH.match(text)):
        first = names.leading(bare)
    return first, first
