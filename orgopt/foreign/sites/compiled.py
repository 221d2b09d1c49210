"""Constants and options of programs in C, C++, Rust, Go, Julia and JavaScript, read by the form of their lines."""

import re
from collections.abc import Iterator, Mapping, Sequence

from orgopt.foreign.kinds import is_turned
from orgopt.foreign.sites.compiled_given import given
from orgopt.foreign.sites.python_text import number
from orgopt.foreign.sites.site import Form, Site

ENDINGS = (".c", ".h", ".cc", ".cpp", ".hpp", ".cu", ".rs", ".go", ".js", ".ts", ".jl", ".zig", ".java")
_NUMBER = r"(?P<value>-?\d[\d_]*(?:\.\d*)?(?:[eE][-+]?\d+)?)"
_TYPES = (
    r"(?:f32|f64|i32|i64|u8|u16|u32|u64|usize|isize|int|float32|float64|int64|uint|float|double|long|size_t|uint32_t|"
    r"number|auto)"
)
_WORDS = r"(?:const|static|constexpr|let|var|val|final|mut|pub|unsigned)"
_FORMS = tuple(
    re.compile(form, re.MULTILINE)
    for form in (
        rf"^[ \t]*#[ \t]*define[ \t]+(?P<name>[A-Za-z]\w*)[ \t]+\(?{_NUMBER}[fFlLuU]*\)?[ \t]*(?=$|/|\r)",
        (
            rf"\b{_WORDS}\b(?:[ \t]+(?:const|static|mut|int|unsigned))*[ \t]+(?:{_TYPES}[ \t]+)?(?P<name>[A-Za-z]\w*)"
            rf"[ \t]*(?::[ \t]*{_TYPES}[ \t]*|[ \t]+{_TYPES}[ \t]*)?:?=[ \t]*{_NUMBER}"
            rf"(?:_?{_TYPES}|[fFlLuU]*)?(?![\w.])[ \t]*[;,\n)]"
        ),
        rf"(?:^|[;{{(])[ \t]*(?:{_TYPES})[ \t]+(?P<name>[A-Za-z]\w*)[ \t]*=[ \t]*{_NUMBER}[fFlLuU]*(?=[ \t]*;)",
        rf"^[ \t]*(?:const[ \t]+)?(?P<name>[^\W\d]\w*)[ \t]*:?=[ \t]*{_NUMBER}(?:f0)?[ \t]*(?=$|\r|#)",
        rf"flag\.(?:Int|Int64|Float64|Uint)\([ \t]*\"(?P<name>[\w-]+)\"[ \t]*,[ \t]*{_NUMBER}[ \t]*,",
        rf"flag\.(?:Int|Int64|Float64|Uint)Var\([^,\n]+,[ \t]*\"(?P<name>[\w-]+)\"[ \t]*,[ \t]*{_NUMBER}[ \t]*,",
        (
            rf"default_value(?:_t)?[ \t]*=[ \t]*\"?{_NUMBER}\"?[^\n]*\)\]\s*(?:pub[ \t]+)?"
            rf"(?P<name>[a-z]\w*)[ \t]*:"
        ),
        rf"(?:^|[{{,])[ \t]*(?P<name>[A-Za-z]\w*)[ \t]*:[ \t]*{_NUMBER}(?![\w.])(?=[ \t]*(?:$|[/,\r}}]))",
        rf"(?:^|[{{,])[ \t]*\.(?P<name>[A-Za-z]\w*)[ \t]*=[ \t]*{_NUMBER}[fFlLuU]*(?=[ \t]*(?:$|[/,\r}}]))",
        # What builders are given: `.batch_size(20)`, `.with_epochs(3)`, `SGD::new(0.5)`.
        rf"\.(?:with_|set_)?(?P<name>[a-z][a-z0-9_]*)\([ \t]*{_NUMBER}(?:_?{_TYPES})?[ \t]*\)",
        rf"\b(?P<name>[A-Z]\w+)::new\([ \t]*{_NUMBER}[ \t]*\)",
        rf"^[ \t]*(?P<name>[A-Za-z]\w*)[ \t]*:[ \t]*Some\([ \t]*{_NUMBER}[ \t]*\)",
    )
)
_ENDS = (
    re.compile(rf"\bfor[ \t]+_?(?P<name>epoch|episode|iteration|step)s?[ \t]+in[ \t]+[01]\.\.=?{_NUMBER}(?![\w.])"),
    re.compile(rf"\bfor\b[^;\n]*;[ \t]*(?P<name>epoch|episode|iteration|step)s?[ \t]*<=?[ \t]*{_NUMBER}[ \t]*;"),
)
"""The ends of loops over what a person turns, in Rust and in C's family."""
_GIVEN = _FORMS[-3:-1]
"""Forms of calls, which count where a person turns what they name: all sorts of things are called with a number."""
_JULIA = tuple(
    re.compile(form)
    for form in (
        rf"[(,;][ \t\n]*(?P<name>[^\W\d]\w*)(?:::\w+)?[ \t]*=[ \t]*{_NUMBER}[ \t]*(?=[,;)\n])",
        rf"\b(?P<name>Adam|ADAM\w*|AdamW|Descent|Momentum|RMSProp|Nesterov|Dropout)\([ \t]*(?:Float32\()?{_NUMBER}",
        rf"^[ \t]*(?P<name>[^\W\d]\w*)[ \t]*=[ \t]*Float(?:32|64)\({_NUMBER}\)",
        rf"\bfor[ \t]+(?P<name>epoch|episode|iteration|step)[ \t]*(?:=|in|∈)[ \t]*1:{_NUMBER}",
    )
)
"""Forms of Julia alone: arguments by name, what optimizers are given, and ends of loops."""
_GREEK = {
    "γ": "gamma",
    "ϵ": "epsilon",
    "ε": "epsilon",
    "η": "eta",
    "α": "alpha",
    "λ": "lambda",
    "β": "beta",
    "τ": "tau",
}
_OPTIMIZERS = re.compile(r"Adam|ADAM|Descent|Momentum|RMSProp|Nesterov")
_ARRAY = re.compile(
    rf"\b(?:{_TYPES})[ \t]+(?P<name>[A-Za-z]\w*)[ \t]*\[\w*\][ \t]*=[ \t]*\{{(?P<parts>[^{{}};]*)\}}[ \t]*;"
)
_MOST_PARTS = 6  # of an array: longer ones are data
_LOOPS = re.compile(r"\b(?:for|while)\b[^\n]*$")


def literals(text: str, ending: str = "", defined: Mapping[str, Sequence[str]] | None = None) -> Iterator[Site]:
    """The numbers that have a name in such a program, in the order of the text; none of comments and loops.

    Args:
        text: The program.
        ending: How the name of its file ends, where its language has forms of its own.
        defined: What the program's own functions are given, in their order.
    """
    julia = ending == ".jl"
    plain = _without_hashes(text) if julia else _without_comments(text)
    if (tests := plain.find("#[cfg(test)]")) >= 0:
        plain = plain[:tests]
    found: dict[int, Site] = {}
    for form in (*_JULIA, *_FORMS) if julia else (*_FORMS, *_ENDS):
        for match in form.finditer(plain):
            start, end = match.span("value")
            value = number(match["value"].replace("_", ""))
            before = plain[plain.rfind("\n", 0, start) + 1 : start]
            if value is None or (_LOOPS.search(before) and form not in (*_JULIA, *_ENDS)) or start in found:
                continue
            name = _called(match["name"]) if julia or form in _ENDS else match["name"].replace("-", "_")
            if form in (*_GIVEN, *_JULIA) and not is_turned(name):
                continue
            found[start] = Site(
                name=name,
                value=value,
                start=start,
                end=end,
                line=plain.count("\n", 0, start) + 1,
                form=Form.BARE,
            )
    for site in [*_arrays(plain), *given(plain, defined or {})]:
        found.setdefault(site.start, site)
    yield from (found[start] for start in sorted(found))


def _arrays(plain: str) -> Iterator[Site]:
    """The numbers of an array that a person turns by its name; what is predicted gives the last size of layers."""
    for match in _ARRAY.finditer(plain):
        name, parts = match["name"], list(re.finditer(_NUMBER, match["parts"]))
        name = name.removesuffix("_data") if len(parts) == 1 else name  # a scalar, as libraries of tensors take it
        if not is_turned(name) or len(parts) > _MOST_PARTS or "shape" in name.lower():
            continue
        inner = name.lower().startswith("hidden") or not re.search("layer|size|neuron|node", name, re.IGNORECASE)
        kept = parts if inner or len(parts) == 1 else parts[:-1]
        for k, part in enumerate(kept):
            value = number(part["value"].replace("_", ""))
            start = match.start("parts") + part.start("value")
            if value is not None and value > 0:
                yield Site(
                    name=f"{name}_{k}" if len(kept) > 1 else name,
                    value=value,
                    start=start,
                    end=match.start("parts") + part.end("value"),
                    line=plain.count("\n", 0, start) + 1,
                    form=Form.BARE,
                    own=False,
                )


def _called(name: str) -> str:
    """What a name of Julia's is for a person: letters of Greek by their names, and what counts in a loop by its end."""
    if _OPTIMIZERS.match(name):
        return "learning_rate"
    name = {"epoch": "epochs", "episode": "episodes", "iteration": "iterations", "step": "steps"}.get(name, name)
    return "".join(_GREEK.get(letter, letter) for letter in name)


def _without_hashes(text: str) -> str:
    """A text of the same length with blanks for comments of Julia."""
    return re.sub(r"#=.*?=#|#[^\n]*", lambda match: re.sub(r"[^\n]", " ", match[0]), text, flags=re.DOTALL)


def _without_comments(text: str) -> str:
    """A text of the same length with blanks for comments."""
    return re.sub(r"//[^\n]*|/\*.*?\*/", lambda match: re.sub(r"[^\n]", " ", match[0]), text, flags=re.DOTALL)
