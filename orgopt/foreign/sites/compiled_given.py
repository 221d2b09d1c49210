"""Numbers that programs in other languages give to their own functions by place: `train(net, x, y, 100, 256, 0.05)`."""

import re
from collections.abc import Iterator, Mapping, Sequence

from orgopt.foreign.kinds import is_beside, is_turned
from orgopt.foreign.sites.python_text import number
from orgopt.foreign.sites.site import Form, Site

_INSIDE = r"\((?P<given>[^(){}]*(?:\([^(){}]*\)[^(){}]*)*)\)"
_MADE: Mapping[str, re.Pattern[str]] = {
    ".jl": re.compile(rf"^[ \t]*function[ \t]+(?P<name>[\w!]+){_INSIDE}", re.MULTILINE),
    ".go": re.compile(rf"^func[ \t]*(?:\([^)]*\)[ \t]*)?(?P<name>\w+){_INSIDE}", re.MULTILINE),
    ".rs": re.compile(rf"\bfn[ \t]+(?P<name>\w+)(?:<[^>]*>)?{_INSIDE}"),
    ".js": re.compile(rf"\bfunction[ \t]+(?P<name>\w+){_INSIDE}"),
    ".c": re.compile(rf"^[A-Za-z][\w \t*&:<>]*?[ \t*&:](?P<name>\w+){_INSIDE}\s*\{{", re.MULTILINE),
}
"""How functions are defined, by the ending of a file; those of C's family as in C."""
_DEFINES = re.compile(r"[^\n]*\)[^\n;]*\{[ \t]*$", re.MULTILINE)
"""What follows the name and the parenthesis of what is defined and not called, in C's family."""
_NUMBER = re.compile(r"-?\d[\d_]*(?:\.\d*)?(?:[eE][-+]?\d+)?")


def definitions(text: str, ending: str) -> dict[str, list[str]]:
    """The names of what each function of a file is given, in their order."""
    form = _MADE.get(ending, _MADE[".c"])
    found: dict[str, list[str]] = {}
    for match in form.finditer(text):
        names = [_name(part, ending) for _, part in _parts(match["given"])]
        found[match["name"]] = names[1:] if names[:1] == ["self"] else names
    return found


def _name(argument: str, ending: str) -> str:
    """What an argument is called, as its language writes it: before its type, or behind it."""
    words = re.findall(r"[^\W\d]\w*", argument.split("=")[0])
    if ending == ".rs":
        words = re.findall(r"[^\W\d]\w*", argument.split(":")[0])[-1:]  # `mut self`, `learning_rate: f64`
    behind = ending not in {".jl", ".go", ".rs", ".js", ".ts"}
    return (words[-1] if behind else words[0]) if words else ""


def given(plain: str, known: Mapping[str, Sequence[str]]) -> Iterator[Site]:
    """Numbers that own functions are given by place and that a person turns, of those that are called once.

    Args:
        plain: A program, without its comments.
        known: What functions are given, by name.
    """
    for name, arguments in known.items():
        if not any(map(is_turned, arguments)):
            continue
        calls = list(re.finditer(rf"(?<!function )(?<!func )(?<!fn )\b{re.escape(name)}\(", plain))
        calls = [match for match in calls if not _DEFINES.match(plain, match.end())]
        if len(calls) != 1:
            continue
        start = calls[0].end()
        inside = _inside(plain, start)
        lengths = {length for word, length in _lengths(plain) if re.search(rf"\b{word}\b", inside)}
        for (offset, part), argument in zip(_parts(inside), arguments, strict=False):
            match = _NUMBER.fullmatch(part.strip())
            value = number(match[0].replace("_", "")) if match else None
            if (
                value is not None
                and value not in lengths
                and (is_turned(argument) or (is_beside(argument) and value > 0))
            ):
                place = start + offset + len(part) - len(part.lstrip())
                line = plain.count("\n", 0, place) + 1
                yield Site(
                    name=argument, value=value, start=place, end=place + len(part.strip()), line=line, form=Form.BARE
                )


def _lengths(plain: str) -> Iterator[tuple[str, int]]:
    """The arrays of a program and how many parts each has, which calls in C are told beside it."""
    for match in re.finditer(r"\b(\w+)[ \t]*\[\w*\][ \t]*=[ \t]*\{([^{};]*)\}", plain):
        yield match[1], match[2].rstrip(", \n\t").count(",") + 1


def _inside(text: str, start: int) -> str:
    """What stands in the parentheses that open before a place."""
    depth = 1
    for k in range(start, min(len(text), start + 2000)):
        depth += (text[k] in "([{") - (text[k] in ")]}")
        if not depth:
            return text[start:k]
    return ""


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """The parts between commas that stand in no parentheses, and where each begins."""
    depth, start = 0, 0
    for k, char in enumerate(f"{text},"):
        depth += (char in "([{") - (char in ")]}")
        if char in ",;" and not depth:
            yield start, text[start:k]
            start = k + 1
