"""The goal of a checkout as its program.md or its README says it: "maximize total_pnl", "lower is better".

Prose is read with caution: a verb counts for the name that follows it at once, a comparison for the name that stands
before it in its sentence.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_DOCUMENTS = ("program.md", "readme.md", "readme.rst", "readme.txt", "readme")
_BYTES = 1 << 18  # of a document; goals stand near its beginning
_NAME = r"[A-Za-z][\w/.-]*\w"
_VERB = re.compile(
    r"\b(?:(?P<up>maximi[sz](?:e|es|ing)|highest|higher|largest|greatest)|(?:minimi[sz](?:e|es|ing)|lowest|lower|smallest))\b",
    re.IGNORECASE,
)
_NEXT = re.compile(rf"[ ]*\(?[ ]*(?P<tick>`?)(?P<name>{_NAME})(?P=tick)\)?")
_STOP = re.compile(
    r"while|and|or|with|without|keeping|subject|to|but|for|is|are|was|on|in|when|than|memory|time", re.IGNORECASE
)
_WEAK = re.compile(r"higher|lower|larger|smaller", re.IGNORECASE)
_WORDS = 6  # from a verb to its name
_BETTER = re.compile(
    r"\b(?:(?P<up>higher|larger|bigger|more)|(?P<down>lower|smaller|less))(?:[ ]+values?)?"
    r"(?:[ ]+(?:is|are|=|means))?[ ]+better\b",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"(?<=[.!?])[ ]+(?=[A-Z])|[ ]\|[ ](?=\w+[ ]\|[ ]\w)")
_CHIEF = re.compile(
    r"\b(?:goal|objective|primary|the metric|main metric|target metric|optimi[sz]e for)\b", re.IGNORECASE
)
_LESSER = re.compile(r"\b(?:secondary|tie[- ]?break|diagnostic|constraint|also|then)", re.IGNORECASE)
_FILES = (".py", ".md", ".tsv", ".csv", ".json", ".toml")
_FORMULA = re.compile(r"\s*([A-Za-z]\w*)\s*=\s*[^=\s]")
_PARTS = {
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "dev",
    "eval": "eval",
    "evaluation": "eval",
    "test": "test",
}
"""Words for a part of the data, and how names begin that have it."""
_FAR = 90  # characters between a name and what is said of it


class Goal(NamedTuple):
    """What a document says of a metric.

    Attributes:
        name: The metric.
        up: Whether more of it is better.
        chief: Whether the sentence, or the heading above it, calls it the goal.
        printed: Whether the scripts print it.
        weak: Whether it is a comparative, as in "a lower val_loss", which counts where nothing else is said.
        where: The document and the line.
        text: The words, for a message.
    """

    name: str
    up: bool
    chief: bool
    printed: bool
    weak: bool
    where: str
    text: str


def said(folder: Path, printed: Sequence[str]) -> list[Goal]:
    """What a checkout's documents say of metrics; of the first document that says anything."""
    names = {path.name.lower(): path for path in sorted(folder.iterdir()) if path.is_file()}
    others = [name for name in names if name.endswith(".md") and name not in _DOCUMENTS]
    for document in [*_DOCUMENTS, *others]:
        if document in names:
            text = names[document].read_bytes()[:_BYTES].decode("utf-8", "replace")
            goals = list(_goals(text, names[document].name, printed))
            if document != "program.md":  # a README speaks of much else
                goals = [goal for goal in goals if goal.printed]
            if goals:
                return [goal for goal in goals if not goal.weak] or goals
    return []


def _goals(text: str, document: str, printed: Sequence[str]) -> Iterator[Goal]:
    heading, fenced, formula = "", False, ""
    for number, line in enumerate(text.splitlines(), 1):
        fenced ^= line.lstrip().startswith("```")
        if fenced:
            match = _FORMULA.match(line)
            formula = match[1] if match and match[1] in printed else formula
            continue
        if line.startswith("#") or (line.strip().endswith(":") and len(line) < _FAR):
            heading = line
        plain = re.sub(r"\*\*|__(?=\w)|(?<=\w)__|\*(?=\w)|(?<=\w)\*", "", line)
        for sentence in _SENTENCE.split(plain):
            about = f"{heading} {sentence}"
            chief = bool(_CHIEF.search(about)) and not _LESSER.search(about)
            for name, up, said_so in _statements(sentence, printed):
                weak = bool(_WEAK.match(said_so))
                where = f"{document}:{number}"
                yield Goal(name, up, chief and not weak, name in printed, weak, where, f"'{said_so.strip()}'")
            if formula and (better := _BETTER.match(sentence.strip())):  # "Lower is better.", below `score = …`
                up = better["up"] is not None
                yield Goal(formula, up, True, True, False, f"{document}:{number}", f"'{formula}: {better[0]}'")
                formula = ""


def _is_part(shown: str, part: str, name: str) -> bool:
    """Whether what is shown is a metric on a part of the data that a sentence names before it."""
    first, _, rest = re.sub(r"[\W_]+", "_", shown.lower()).partition("_")
    return bool(part) and _PARTS.get(first) == _PARTS[part] and rest == name.lower()


def _statements(sentence: str, printed: Sequence[str]) -> Iterator[tuple[str, bool, str]]:
    """Metrics of a sentence, whether more of each is better, and the words that say so."""
    for verb in _VERB.finditer(sentence):
        end, part = verb.end(), ""
        for _ in range(_WORDS):
            match = _NEXT.match(sentence, end)
            if match is None or _STOP.fullmatch(match["name"]):
                break
            name, end = match["name"], match.end()
            if whole := next((one for one in printed if name in printed and _is_part(one, part, name)), ""):
                name = whole  # "lowest validation loss" speaks of val_loss, where loss is shown, too
            if name.lower() in _PARTS:  # of which data, and no metric, though a script may print one's size
                part = name.lower()
                continue
            quoted = match["tick"] and "_" in name and not name.endswith(_FILES)
            if name in printed or quoted:
                yield name, verb["up"] is not None, sentence[verb.start() : end]
                break
    for match in _BETTER.finditer(sentence):
        before = sentence[max(0, match.start() - _FAR) : match.start()]
        known = [found for found in re.finditer(rf"(?<![\w/.-]){_NAME}", before) if found[0] in printed]
        if known:
            yield known[-1][0], match["up"] is not None, before[known[-1].start() :] + match[0]
