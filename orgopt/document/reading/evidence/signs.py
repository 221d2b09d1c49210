"""Signs in words: whether a heading speaks of a team or of rules, and whether a name is that of somebody at work."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from orgopt.document.grammar.words import is_word, normal, says, without, words
from orgopt.document.reading.entry import Entry
from orgopt.document.reading.names import FILE, NUMBERED, read_name
from orgopt.document.text.program import Span

ENOUGH = 3.0
"""Signs that make a group of like things roles; with fewer, they are left alone, and said to be from `DOUBT` on."""

DOUBT = 2.25

PARTS = {
    "roles": (
        "roles", "team", "the team", "our team", "team members", "agents", "the agents", "roster", "team roster",
        "agent roster", "members", "crew", "the crew", "team of agents", "agent team", "personas", "people",
        "roles and responsibilities",
    ),
    "links": ("links", "relations", "relationships", "reporting lines", "communication"),
    "rhythm": ("rhythm", "cadence", "meetings", "rituals", "ceremonies"),
}  # fmt: skip
"""The sections that are read, by the names under which they go; the first is the canonical one."""

_YOURS = re.compile(r"\W*(?:your|deine?|votre|ton|tu|su|seu|sua|o seu|あなたの|你的|당신의)\s*(?=\S)", re.IGNORECASE)
# `For Agents` says who shall read on, and `Use Agents For:` when to do what.
_TO = re.compile(
    r"\W*(?:for|für|pour|para|use|using|nutze|utiliser|usar)\s|\S.*\s(?:for|für|pour|para):?\s*$", re.IGNORECASE
)
_SMALL = frozenset(
    {"the", "our", "my", "all", "full", "who", "is", "are", "on", "in", "at", "a", "an", "of", "and", "with", "for"}
    | {"das", "der", "die", "unser", "unsere", "und", "les", "le", "la", "l", "de", "des", "d", "du", "nos", "notre"}
    | {"et", "el", "los", "las", "nuestro", "y", "o", "os", "as", "nosso", "do", "da", "dos", "e", "em", "en"}
)
STEP = re.compile(
    r"\W*(?:step|phase|stage|étape|schritt|paso|passo|etapa|fase|day|week|sprint|version|v|part|단계|步骤|阶段|ステップ)\s*\d|"
    r"\W*第\S{1,3}(?:步|阶段|章|部分)|\W*\d{4}-\d\d",
    re.IGNORECASE,
)
_OF_ONE = re.compile(r"(?P<who>.+?)\s+role", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\s*(?:\([^()]*\)|（[^（）]*）)\s*$")
_LONGEST_TITLE = 300  # characters; what is longer is prose, and the forms below would cost the square of it
_INTRODUCTION = re.compile(r"\s*(?:소개|紹介|介绍|介紹)\s*$")
_A_TEAM = re.compile(r"(?!How\b|Using\b|Working\b)[A-Z][\w&-]+(?: [\w&-]+)? (?:Team|Squad|Crew|Leadership)")
_OF_NAMES = re.compile(r"[(（][^\W\d][\w.-]*(?:\s[\w.-]+)?(?:[,、，]\s*[^\W\d][\w.-]*(?:\s[\w.-]+)?)+[)）]\s*$")
_OF_ROLES = re.compile(  # they are its parts, whatever the second word says elsewhere
    r"\W*(?:agents?|teams?|crew|squad|fleet) (?:structure|directory|catalog(?:ue)?|registry|hierarchy)"
    r"|\W*(?:(?:agent|team) )?roles? (?:model|definitions?|descriptions?|catalogu?e?|overview|list|structure|breakdown)"
    r"|\W*rollen(?:modell|definition(?:en)?|beschreibung(?:en)?|übersicht)|\W*définition des rôles"
    r"|\W*(?:definición|definição|descripción|descrição) (?:de|dos) (?:los )?(?:roles|papéis)|\W*角色(?:定义|模型|说明)"
    r"|\W*役割(?:定義|一覧)|\W*(?:에이전트 )?역할 ?(?:정의|개요|목록)",
    re.IGNORECASE,
)
EACH = re.compile(
    r"\W*(?:(?:each|every|any|no|this|your|only|jede[rs]?|chaque|cada|каждый)\b"
    r"|(?:an|the|ein|un|une|um|uma) (?:agente?|role)\b"
    r"|每个|各|모든|각)",
    re.IGNORECASE,
)
"""What stands before a name that is that of everybody, or of nobody in particular."""
_ANYBODY = re.compile(
    r"\W*(?:relevant|appropriate|responsible|respective|other|next|same|all|multiple|several|remaining)\s"
    r"(?:specialist )?(?:agents?|roles?)\W*",
    re.IGNORECASE,
)
HEADS = re.compile(
    r"[(（]\s*\d+\s*(?:人|名|体|명|people|members|persons?|Personen|personnes|personas|pessoas|agent[es]*n?)\s*[)）]",
    re.IGNORECASE,
)
"""How many stand below a heading."""
_OF = {"of", "de", "do", "da", "du", "des", "d", "für", "di", "del", "dos"}
_TO_WHOM = {"for", "per", "by", "to", "about", "por", "para", "pour", "par", "für", "pro", "vom", "zum"}
_CAMEL = re.compile(r"(?<=[a-zß-ÿ])(?=[A-Z])")
_LATIN_END = re.compile(r"[a-z]+$")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]")
_ABBREVIATED = re.compile(r"(?<=\b[A-Z][a-z])\.$|(?<=\b[A-Z])\.$")  # `Plankton Jr.`
_NO_NAME = re.compile(
    r"[→{}`=<>|\"]|->|, |、|，|\bvs\b|\S\sby\s\S|[가-힣][은는을를]\s\S|\S\s?的\S"
    r"|\S(?:から\S+へ|에서\s*\S+(?:으?로|에게))$|^从.+[到给]"  # from whom to whom
)
_FILE = re.compile(r"\.(?:md|py|ts|js|tsx|jsx|json|ya?ml|toml|sh|go|rs|txt|html|css|sql)\b|\s/\w", re.IGNORECASE)
_PATH = re.compile(r"^\W*\.?[\w.-]*/|[\w-]+/[\w./-]+|\.[A-Za-z]{1,4}\b`?\s*$|^[A-Z]{3,7} /|\w\(.*\)$")
_ATTRIBUTES = ("name", "agent", "role", "duty", "file", "number", "value", "headcount", "model")
_MOST_REST = 6  # words of a heading beside those of a team
_MOST_WORDS, _MOST_LETTERS = 7, 22  # of a name; the second where a script has no blanks


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Like things that stand together and may be roles.

    Attributes:
        entries: Them, in order.
        score: How much speaks for it; `ENOUGH` decides.
        span: Where they stand.
        what: What they are, for a finding.
        links: Who reports to whom and so on, as the ids of two entries and what the line between them says.
        named: Whether the heading right above speaks of a team.
        left: What stands below some of them, may be roles, and is read as what those do.
    """

    entries: tuple[Entry, ...]
    score: float
    span: Span
    what: str
    links: tuple["Arrow", ...] = ()
    named: bool = False
    left: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """A line of a chart or of a nested list between two names: what it says, in the words of links, and where.

    One that is implied, as by the order of work, only counts where nothing else is said of the two; one that the text
    of a role has spoken only where no field says the same from the other end.
    """

    source: str
    target: str
    kind: str
    mutual: bool
    span: Span
    implied: bool = False
    spoken: bool = False


@lru_cache(maxsize=1024)
def part_of(title: str) -> str:
    """Which of `PARTS` a section's title names, or nothing."""
    name = read_name(title, 0)
    word = "" if name.path else " ".join(name.text.lower().split())  # `# AGENTS.md` is the name of a file
    return next((part for part, names in PARTS.items() if word in names), "")


@lru_cache(maxsize=1024)
def team(title: str) -> float:
    """How much a heading says that roles stand below it: 3 where it says nothing else, 0 where it says otherwise."""
    if len(title) > _LONGEST_TITLE:
        return 0.0
    title = _introduced(title).rstrip(":： ")
    if FILE.fullmatch(title.strip()) or _PATH.search(title) or _TO.match(title) or of_one_role(title):
        return 0.0
    if part_of(title) == "roles" or _OF_ROLES.fullmatch(title.strip()):
        return 3.0
    if (_somebody(title) or is_word("duty", title)) and not is_word("team", title):  # `担当業務`: what somebody does
        return 0.0
    if _OF_NAMES.search(title):  # `Members (Ada, Bo)`: they are named here, and what they do stands below
        return 0.0
    title = _IN_BRACKETS.sub("", title) or title
    if part_of(title) or not says("team", title) or (never(title) and not leads(title)):
        return 0.0
    if _YOURS.match(title):
        return 0.0 if is_word("role", _YOURS.sub("", title)) else 1.5
    if is_word("role", title):
        return 1.5  # of one role, it may be the heading of what that does
    rest = [word for word in re.findall(r"\w+", without("team", title)) if word not in _SMALL and not word.isdigit()]
    if len(rest) > _MOST_REST or any(_CJK.search(word) and len(word) > 2 * _MOST_REST for word in rest):
        return 1.0  # more of a sentence than of a title
    return 3.0 if not rest else 2.0 if len(rest) == 1 or all(is_word("group", word) for word in rest) else 1.5


def of_one_role(title: str) -> bool:
    """Whether a heading is that of what one role does: `Manager Agent Role`."""
    return bool((match := _OF_ONE.fullmatch(title)) and person(match["who"]))


@lru_cache(maxsize=1024)
def group_title(title: str) -> bool:
    """Whether a heading is that of a group of roles, where there are roles below it."""
    return bool(team(title) or HEADS.search(title)) or (
        (says("group", title) or says("unit", title)) and not _somebody(title)
    )


@lru_cache(maxsize=1024)
def never(title: str) -> bool:
    """Whether a heading is that of rules, steps, tools and the like, and not the name of somebody."""
    title = _introduced(title)
    if STEP.match(title) or absent(title):
        return True
    if _OF_ROLES.fullmatch(title.strip()):
        return False
    bare = _IN_BRACKETS.sub("", title)
    if bare != title and says("never", bare) and not _somebody(bare) and not says("unit", bare):
        return True  # `Usage (for the coding agent)`
    return says("never", title) and not _somebody(title) and not says("unit", title)


def _introduced(title: str) -> str:
    """Whom a heading introduces, as `팀원 소개` does; all of another heading."""
    bare = _INTRODUCTION.sub("", title)
    return bare if bare != title and says("team", bare) else title


def leads(title: str) -> bool:
    """Whether a heading is that of a team, or of those who lead, whatever they do: `Documentation Team`."""
    return bool(_A_TEAM.fullmatch(title.strip())) and not absent(title)


def absent(title: str) -> bool:
    """Whether a heading is that of those who are not there yet, or no more: `Planned agents`, `Former members`."""
    return says("absent", title)


def _somebody(title: str) -> bool:
    """Whether a name of several words ends, or begins, with what somebody is: `Project Manager`, `Chef de Projet`."""
    if NUMBERED.search(title):
        return True
    name = read_name(title, 0)
    return _ends_as_person(name.text) or bool(name.title and _ends_as_person(name.title))


@lru_cache(maxsize=1024)
def attribute(title: str) -> bool:
    """Whether a title is that of a field or a column, as `Agent ID` and `Responsibilities`, and of nobody."""
    word = normal(title)
    return any(is_word(kind, word) or is_word(kind, word.removesuffix(" id")) for kind in _ATTRIBUTES)


def _ends_as_person(name: str) -> bool:
    parts = normal(_CAMEL.sub(" ", name)).split()
    while len(parts) > 1 and parts[-1].isdecimal():  # `Designer 2`
        parts.pop()
    if not parts or (is_word("team", parts[-1]) and not is_word("person", parts[-1])):
        return False  # `Builder Agents` are several
    if _CJK.search(parts[-1]):  # the head of what is called stands last: `测试Agent`, `팀장님`
        latin = _LATIN_END.search(parts[-1])
        return is_word("person", latin[0]) if latin else parts[-1].rstrip("님들们達").endswith(_cjk_people())
    if len(parts) > 1 and parts[-2] in _TO_WHOM:  # `Rules for agents`, `Modelos por agente`
        return False
    first = (
        len(parts) > 1 and parts[0] != "agent" and (parts[1] in _OF or len(parts) == 2) and is_word("person", parts[0])
    )
    return is_word("person", parts[-1]) or first


@lru_cache(maxsize=1)
def _cjk_people() -> tuple[str, ...]:
    return tuple(word for word in words("person") if _CJK.search(word))


@lru_cache(maxsize=1024)
def person(name: str) -> bool:
    """Whether a name says what somebody does for a living; that of more than two words ends or begins with it."""
    if " / " in name:
        return any(map(person, name.split(" / ")))
    if "/" in name and " " not in name and name.islower():  # a path, a branch
        return False
    if _CJK.search(name):  # the head of what is called stands last
        return any(map(_ends_as_person, _CAMEL.sub(" ", name).split()))
    return _ends_as_person(name) if len(name.split()) > 2 else says("person", _CAMEL.sub(" ", name))


def short(name: str) -> bool:
    """Whether a text is short enough to be a name, and no sentence."""
    words = name.split()
    if not words or (is_word("opens", words[0]) and not _does_for_a_living(words)) or _NO_NAME.search(name):
        return False
    if _ANYBODY.fullmatch(name):
        return False
    name = _ABBREVIATED.sub("", name) or name
    return (
        len(words) <= _MOST_WORDS
        and len(name) <= (_MOST_LETTERS if _CJK.search(name) else 60)
        and (name[-1] not in ".!?;,。！？；" and name[0] not in "[{<$/-#" and not _FILE.search(name))
    )


def _does_for_a_living(words: list[str]) -> bool:
    """Whether a verb is what somebody does, as in `Build Agent`; `Each Agent` is everybody."""
    return len(words) == 2 and words[1][0].isupper() and EACH.match(words[0]) is None and person(words[1])


def share(flags: Iterable[bool]) -> float:
    """The share of those that hold."""
    every = list(flags)
    return sum(every) / len(every) if every else 0.0


def somebody(entry: Entry) -> bool:
    """Whether the name of an entry, or what stands beside it, says what somebody does for a living."""
    return person(entry.name.text) or bool(entry.name.title and person(entry.name.title))


def people(entries: Iterable[Entry]) -> float:
    """What the names of a group say for it: up to 1.5."""
    part = share(map(somebody, entries))
    return 1.5 if part >= 0.6 else 0.75 if part >= 0.3 else 0.0
