"""What programs in other languages print, by their format strings, streams and sums of texts."""

import re
from collections.abc import Iterator

from orgopt.foreign.results.templates import Shown, named
from orgopt.foreign.results.texts import BRACES, HOLE, PERCENT

_FORMATS = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`([^`\n]*)`')
# What a piece may begin with tells it from all others, and no value has `<<` in it: there is one way to read a chain.
_FAULT = re.compile(
    r"(?:Errorf|Fatalf?|Panicf?|panic!?|bail!|anyhow!|expect|assert\w*!?|errors\.New|perror|throw [\w: ]*|Err|Error)"
    r"\s*\(\s*(?:[^()\"\n]*,\s*)?$"
)
"""What stands before a text that is told as a fault, and is no result."""
_COMPLAINS = re.compile(
    r"(?:eprintln?!|fprintf|cerr|console\.error|log\.(?:Fatal|Error)\w*)\s*(?:\(|<<)\s*(?:stderr,\s*)?$"
)
_COMPLAINT = re.compile(r"\s*(?:error|warning)\b", re.IGNORECASE)
_NEAR = 80
_INTERPOLATED = re.compile(r"\$(?:[^\W\d][\w!]*(?:\[[^\[\]\n]*\])?|\((?:[^()\n]|\([^()\n]*\))*\))")
"""A value in a text of Julia's: `$loss`, `$(round(loss, digits=4))`."""
_STREAM = re.compile(
    r"\b(?:cout|cerr|clog)\b\s*((?:<<(?:\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'|(?!<<)[^;\"'])*)+);"
)
_SUM = re.compile(r"\b(?:println|print|log|echo)\(\s*(\"(?:[^\"\\\n]|\\.)*\"\s*[+,*][^;\n]*)\)")
_PIECE = re.compile(r'"((?:[^"\\\n]|\\.)*)"|<<|\+|,|((?:[^"<+,]|<(?!<))+)')
_MANNER = re.compile(r"^\s*(?:std::)?(?:fixed|flush|left|right|scientific|setw|setprecision|setfill|boolalpha)\b")


def shown_elsewhere(text: str, file: str) -> Iterator[Shown]:
    """The numbers that a file of another language shows, by its format strings."""
    for match in _FORMATS.finditer(text):
        if _FAULT.search(text, max(0, match.start() - _NEAR), match.start()):
            continue
        if _COMPLAINT.match(match[1] or "") and _COMPLAINS.search(text, max(0, match.start() - _NEAR), match.start()):
            continue
        template = (
            (match[1] or match[2] or "")
            .replace("${", "{")
            .replace("\\n", "\n")
            .replace("\\t", "\t")
            .replace("\\r", "\n")
        )
        if file.endswith(".jl"):
            template = _INTERPOLATED.sub(HOLE, template)
        template = PERCENT.sub(HOLE, template) if PERCENT.search(template) else BRACES.sub(HOLE, template)
        if HOLE in template:
            place = f"{file}:{text.count(chr(10), 0, match.start()) + 1}"
            yield from named(template, [""] * template.count(HOLE), place, "")

    for form in (_STREAM, _SUM):
        for match in form.finditer(text):
            template = _joined(match[1])
            if HOLE in template:
                place = f"{file}:{text.count(chr(10), 0, match.start()) + 1}"
                yield from named(template, [""] * template.count(HOLE), place, "")


def _joined(pieces: str) -> str:
    """The template of texts and values that are put together by `<<`, `+` or commas."""
    template = ""
    for match in _PIECE.finditer(pieces):
        if match[1] is not None:
            template += match[1].replace("\\n", "\n").replace("\\t", "\t").replace("\\r", "\n")
        elif match[2] and match[2].strip() and not _MANNER.match(match[2]):
            template += "\n" if re.fullmatch(r"\s*(?:std::)?endl\s*", match[2]) else HOLE * (template[-1:] != HOLE)
    return template
