"""Who is linked to whom as sentences say it beside a roster: `The Planner hands its plan to the Coder`.

These stand outside of what is said of each role, which `charters` reads.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from itertools import pairwise

from orgopt.document.grammar.key_table import LINK_KEYS
from orgopt.document.grammar.words import alternatives, is_word, normal, words
from orgopt.document.reading.entry import Entry
from orgopt.document.reading.evidence.signs import Arrow
from orgopt.document.reading.written_fields import block_bullets
from orgopt.document.text.program import Block, Program, Span, apart

_MOST = 400  # characters of a line; longer ones are prose that nobody reads for its links
_MOST_BETWEEN = 60  # characters between two names
_FEWEST = 3  # letters of a name; of scripts without blanks one less
WIDE = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_FILLERS = re.compile(
    r"^(?:(?:is|are|being|wird|est|es|é|then|also|always|must|will|should|can|may|directly|only|agent|it|and|dann|immer|puis|luego|então|则|再|会|将)\s)+"
)
_ARTICLES = re.compile(r"(?:\s(?:the|den|die|das|dem|der|le|la|les|l|el|los|o|os|as|our|your))+$")
_PARTICLE = re.compile(r"^(?:[은는이가을를]|님이|님은|は|が)")
_MORE = re.compile(rf"\s*(?:[,、，/&+]|,?\s*(?:{alternatives('and')}))\s*(?:the\s+)?[*_`]*", re.IGNORECASE)
_ARROW = re.compile(r"^[→➜⇒]\s*|^[-=]+>\s*")
_MARKS = "*_`\"'“”「」@"


@lru_cache(maxsize=1)
def _passes() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Verbs with words inside, between two names, and those that stand behind the second."""
    inside = "|".join(map(_pattern, sorted(words("passes"))))
    behind = "|".join(map(re.escape, sorted(words("passed"), key=len, reverse=True)))
    return re.compile(rf"(?:{inside})"), re.compile(rf"\s*(?:{behind})")


def _pattern(verb: str) -> str:
    """A verb as it stands between two names, in a script without blanks behind other words."""
    if WIDE.search(verb):
        return rf".{{0,20}}?{re.escape(verb)}"
    return re.escape(verb).replace(r"\~", r".{1,40}?")


def said_in_sentences(
    program: Program, roles: Mapping[str, tuple[Entry, ...]], known: dict[str, str], taken: tuple[Span, ...]
) -> Iterator[Arrow]:
    """The links that sentences say.

    Args:
        program: The document.
        roles: Where its roles are written, by their ids.
        known: The roles by their names, as `called` gives them.
        taken: Spans that are read elsewhere.
    """
    if len(roles) < 2 or not known:
        return
    names = _any_of(tuple(known))
    own = (*taken, *(entry.span for entries in roles.values() for entry in entries))
    sections = (entry.span for entries in roles.values() for entry in entries if entry.kind != "item")
    yield from _of_lists(program, list(apart(program.blocks, (*taken, *sections))), names, known)
    for block in apart(program.blocks, own):
        if block.kind in {"list", "paragraph"} and names.search(program.text, block.span.start, block.span.end):
            for line in program.lines(block.span):
                text = program.slice(line).rstrip("\r\n")
                if len(text) <= _MOST:
                    yield from _of_line(text, line, names, known)


def _of_lists(program: Program, blocks: list[Block], names: re.Pattern[str], known: dict[str, str]) -> Iterator[Arrow]:
    """The links of a line above a list of names: `**Planner** → delegates to:`."""
    for before, block in pairwise(blocks):
        if before.kind != "paragraph" or block.kind != "list":
            continue
        line = [line for line in program.lines(before.span) if program.slice(line).strip()][-1]
        text = program.slice(line).strip().rstrip(_MARKS)
        source = names.search(text)
        said = _ARROW.sub("", text[source.end() :].strip(_MARKS + " ")).rstrip(":： ") if source else ""
        way = _way(said, "") if source and said != text and text.endswith((":", "：")) else None
        if not source or not way or len(text) > _MOST or text[: source.start()].strip(_MARKS + "- "):
            continue
        for bullet in block_bullets(program, block):
            target = names.match(bullet.text.lstrip(_MARKS))
            if target and known[target[0]] != known[source[0]]:
                ends = (known[source[0]], known[target[0]])
                ends = ends[::-1] if way[1] == "←" else ends
                kind = way[0]
                yield Arrow(source=ends[0], target=ends[1], kind=kind, mutual=way[1] == "↔", span=bullet.line)


def called(roles: Mapping[str, tuple[Entry, ...]]) -> dict[str, str]:
    """The names of roles as a sentence has them."""
    found: dict[str, str] = {}
    for role, entries in roles.items():
        for name in (entry.name for entry in entries):
            for text in _spoken(name.text, role):
                found.setdefault(text, role)
    return found


@lru_cache(maxsize=1024)
def _spoken(name: str, role: str) -> tuple[str, ...]:
    return tuple(text for text in (name, f"{name} Agent", role) if len(text) >= _FEWEST - bool(WIDE.search(text)))


@lru_cache(maxsize=16)  # an edit leaves the names as they were
def _any_of(names: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile("|".join(map(re.escape, sorted(names, key=len, reverse=True))))


def _of_line(text: str, line: Span, names: re.Pattern[str], called: dict[str, str]) -> Iterator[Arrow]:
    found = [match for match in names.finditer(text) if stands_alone(text, match)]
    for number, (left, right) in enumerate(pairwise(found)):
        way = _way(text[left.end() : right.start()], text[right.end() :])
        if not way:
            continue
        kind, arrow = way
        ends, last = [right], right
        for more in found[number + 2 :]:  # `… to the Coder and the Tester`
            if not _MORE.fullmatch(text[last.end() : more.start()].lstrip(_MARKS)):
                break
            ends, last = [*ends, more], more
        for end in ends:
            source, target = called[left[0]], called[end[0]]
            if source != target:
                source, target = (target, source) if arrow == "←" else (source, target)
                yield Arrow(source=source, target=target, kind=kind, mutual=arrow == "↔", span=line)


def stands_alone(text: str, match: re.Match[str]) -> bool:
    """Whether a name is no part of another word."""
    before, after = text[: match.start()][-1:], text[match.end() :][:1]
    joined = (before.isalnum() and not WIDE.match(before)) or (after.isalnum() and not WIDE.match(after))
    return not joined and before not in {"-", "/", "."} and not re.match(r"[-/]\w|\.\w", text[match.end() :])


def _way(between: str, after: str) -> tuple[str, str] | None:
    """The link that the words between two names, or behind the second, say, and its direction."""
    if len(between) > _MOST_BETWEEN or re.search(r"[.;:!?。；：|→]", between):
        return None
    verb = _FILLERS.sub("", normal(between) + " ").strip()
    verb = _ARTICLES.sub("", f" {verb}").strip()
    if verb in LINK_KEYS:
        return LINK_KEYS[verb]
    if is_word("given", verb):
        return "delegates to", "←"
    inside, behind = _passes()
    if inside.fullmatch(verb):
        return "delegates to", "→"
    if _PARTICLE.match(between.lstrip(" *_`")) and behind.match(after.lstrip(_MARKS)):
        return "delegates to", "→"
    return None
