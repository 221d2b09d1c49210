"""Who is linked to whom as the text of a role says it: `Hands the plan to the Coder`, `Invoked by the Lead`.

The role itself is meant where a line names nobody before its verb.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

from orgopt.document.grammar.key_table import LINK_KEYS
from orgopt.document.grammar.words import alternatives, normal, words
from orgopt.document.reading.entry import Entry
from orgopt.document.reading.evidence.signs import Arrow
from orgopt.document.reading.sentences import WIDE, stands_alone
from orgopt.document.text.program import Program, Span

_MOST = 300  # characters of a line; longer ones are prose that nobody reads for its links
_REMEMBERED = 1024  # roles whose texts are remembered
_FENCE = re.compile(r"\s*(?:[-*+]\s+)?(?:```|~~~)")
_DRAWING = re.compile(r"[│┃├└┌┐┘─▼↓→⇒]|[-=]>|\|.*\|")
_STOP = re.compile(r"[.;!?。；！？]\s*")
_NOT = re.compile(
    r"\b(?:not|never|no longer|cannot|without|unless|don't|doesn't|nicht|nie|kein|ne|jamais|nunca|não)\b|不|禁止",
    re.IGNORECASE,
)
# What stands before a verb whose subject is the role: a mark, another verb, a pronoun.
_SUBJECT_END = re.compile(
    r"(?:[.;:!,，。；：)）/&+–—*_`-]|\b(?:and|then|und|dann|et|puis|y|luego|e|depois|it|will|must|should|can|may|also|only"
    r"|always|or|finally|directly|i|you|we))$",
    re.IGNORECASE,
)
_LEADS = re.compile(r"[\s*_`>•]*(?:\d{1,2}[.)]\s*)?$")
_LOOSE = re.compile(r"(?:send|route|routing|forward|give|submit|deliver|pass)", re.IGNORECASE)  # things as well as work
_MARKS = r"[*_`\"'“”@\[]*"
_ARTICLE = r"(?:(?:the|a|an|to|den|die|das|dem|der|le|la|les|el|los|o|os|as|au|al|ao|our|your|either)\s+)?"


def said_of_themselves(
    program: Program, roles: Mapping[str, tuple[Entry, ...]], names: dict[str, str], taken: tuple[Span, ...]
) -> Iterator[Arrow]:
    """The links that the texts of roles say.

    Args:
        program: The document.
        roles: Where its roles are written, by their ids.
        names: The roles by their names, as `called` gives them.
        taken: Spans whose roles say their links in fields.
    """
    if len(roles) < 2 or not names:
        return
    says = _says(tuple(names.items()))
    for role, entry in ((role, entry) for role, entries in roles.items() for entry in entries):
        if entry.kind in {"plain", "key"} or any(span.start <= entry.span.start < span.end for span in taken):
            continue
        texts = tuple([program.slice(span) for span in entry.prose])
        for number, line, (other, kind, way) in says.of(role, texts):
            source, target = (other, role) if way == "←" else (role, other)
            span = line.moved(entry.prose[number].start)
            yield Arrow(source=source, target=target, kind=kind, mutual=way == "↔", span=span, spoken=True)


def _prose(texts: tuple[str, ...]) -> Iterator[tuple[int, Span, str]]:
    """The lines of what is said of a role, without examples in fences, and the number of the text that each is of."""
    fenced = False
    for number, whole in enumerate(texts):
        program = Program(whole, ())
        for line in program.lines(Span(0, len(whole))) if whole else ():
            text = program.slice(line)
            if _FENCE.match(text):
                fenced = not fenced
            elif not fenced and len(text) <= _MOST:
                yield number, line, text


@lru_cache(maxsize=4096)
def _has_verb(text: str) -> bool:
    """Whether a line has any of the words that link two, whoever they are, and is no drawing."""
    some = any(pattern.search(text) for pattern in (*_verbs(), words_behind()))
    return some and not _DRAWING.search(text)


@lru_cache(maxsize=16)  # an edit leaves nearly all lines as they were
def _says(names: tuple[tuple[str, str], ...]) -> "_Says":
    return _Says(dict(names))


class _Says:
    """What lines say of whom a role is linked to, given the names of all."""

    def __init__(self, names: dict[str, str]) -> None:
        self._ids = {name.casefold(): role for name, role in names.items()}
        one = "|".join(map(re.escape, sorted(self._ids, key=len, reverse=True)))
        self._names = re.compile(f"(?:{one})", re.IGNORECASE)
        end = rf"{_ARTICLE}{_MARKS}(?:{one})(?![\w-])(?:'s\b)?{_MARKS}"
        more = rf"(?:\s*[,、，/&+]\s*(?:(?:{alternatives('and')})\s+)?|\s*(?:{alternatives('and')})\s*)"
        self._several = re.compile(rf"{_MARKS}\s*{end}(?:{more}{end})*", re.IGNORECASE)
        self._known: dict[tuple[str, tuple[str, ...]], tuple[tuple[int, Span, tuple[str, str, str]], ...]] = {}

    def of(self, role: str, texts: tuple[str, ...]) -> tuple[tuple[int, Span, tuple[str, str, str]], ...]:
        """The links that the texts of a role say: which text, where the line stands in it, and the link.

        A link is the other role, its kind, and its direction as seen from the role whose text it is.
        """
        key = (role, texts)
        if key not in self._known:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            lines = (line for line in _prose(texts) if _has_verb(line[2]) and self._names.search(line[2]))
            self._known[key] = tuple(
                (number, line, link) for number, line, text in lines for link in self._read(role, text.rstrip())
            )
        return self._known[key]

    def _read(self, role: str, text: str) -> Iterator[tuple[str, str, str]]:
        active, passive = _verbs()
        for match in active.finditer(text):
            way = LINK_KEYS.get(normal(match[0]), ("delegates to", "→"))
            if self._of_role(role, text[: match.start()]):
                loose = _LOOSE.match(match[0]) is not None
                yield from ((other, *way) for other in self._ends(role, text, match.end(), loose=loose))
        for match in passive.finditer(text):
            way = LINK_KEYS.get(normal(match[0]), ("delegates to", "←"))
            if not self._others(role, text[: match.start()]):
                yield from ((other, *way) for other in self._ends(role, text, match.end(), loose=False))
        for name in self._names.finditer(text):
            behind = words_behind().match(text[name.end() :].lstrip("*_`」』"))
            if behind and stands_alone(text, name) and not self._others(role, text[: name.start()]):
                yield self._ids[name[0].casefold()], "delegates to", "→"

    def _of_role(self, role: str, before: str) -> bool:
        """Whether the words before a verb make the role its subject."""
        bare = before.rstrip()
        opens = not bare or _LEADS.match(before) or _SUBJECT_END.search(bare)
        return bool(opens) and not self._others(role, before)

    def _others(self, role: str, before: str) -> bool:
        """Whether the words before a verb speak of somebody else, or deny it."""
        sentence = _STOP.split(before)[-1]
        found = (self._ids[m[0].casefold()] for m in self._names.finditer(sentence) if stands_alone(sentence, m))
        return bool(_NOT.search(sentence)) or any(other != role for other in found)

    def _ends(self, role: str, text: str, at: int, *, loose: bool) -> Iterator[str]:
        """Whom the names from a place on mean; a word in small letters behind words of any kind may be no name."""
        match = re.compile(r"[\s*_`:：]*").match(text, at)
        names = self._several.match(text, match.end() if match else at)
        for name in self._names.finditer(text, names.start(), names.end()) if names else ():
            word = loose and name[0].isalpha() and name[0].islower() and text[name.start() - 1] not in "*_`@"
            other = self._ids[name[0].casefold()]
            if other != role and not word and stands_alone(text, name):
                yield other


@lru_cache(maxsize=1)
def _verbs() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """The verbs before those to whom a role hands work or reports, and the words before who gives it some."""
    plain = {key for key in LINK_KEYS if " " in key and not key.endswith(" by")}
    plain |= {verb for verb in words("passes") if "~" not in verb}
    split = [verb.split(" ~") for verb in words("passes") if "~" in verb]
    around = {
        rf"{_spaced(first)}\s[^.;:|]{{1,60}}?\s{_spaced(last)}" if last else _spaced(first) for first, last in split
    }
    wide = {verb for verb in plain if WIDE.search(verb)}
    narrow = sorted({*map(_spaced, plain - wide), *around}, key=len, reverse=True)
    active = rf"(?<![\w-])(?:{'|'.join(narrow)})(?![\w-])|(?:{'|'.join(map(re.escape, wide))})"
    given = {key for key in LINK_KEYS if key.endswith(" by")} | words("given")
    passive = rf"(?<![\w-])(?:{'|'.join(map(_spaced, sorted(given, key=len, reverse=True)))})(?![\w-])"
    return re.compile(active, re.IGNORECASE), re.compile(passive, re.IGNORECASE)


@lru_cache(maxsize=1)
def words_behind() -> re.Pattern[str]:
    """The words behind who is handed work, in languages whose verbs stand last."""
    return re.compile(r"\s*(?:{})".format("|".join(map(re.escape, sorted(words("passed"), key=len, reverse=True)))))


def _spaced(verb: str) -> str:
    return r"[\s-]+".join(map(re.escape, verb.split()))
