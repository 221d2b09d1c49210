"""What scripts print, as templates: texts with holes for values, and the names that stand before the holes.

Read are calls of `print` and the like, with f-strings, `%`, `format`, sums and variables that hold a template; numbers
in JSON that is printed or written to a file; and, in other languages, format strings.
"""

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from orgopt.foreign.results.metric import METRIC_WORDS
from orgopt.foreign.sites.python_text import called, calls, values_of, words_of

NUMBER = r"([-+.\deE]+|nan|inf)"
_PRINTS = re.compile(
    r"print|pprint|write|log|info|echo|warning|debug|error|set_description\w*|set_postfix\w*|secho|put|msg"
)
_HOLE = "\0"
_MEASURING = re.compile(r"val|test|eval|metric|score|measure|report|summar", re.IGNORECASE)
_FAULTS = {"error", "warning", "warn", "exception", "debug"}
_PAIR = re.compile(rf"{_HOLE}\s*[:=]\s*{_HOLE}")
"""A name and its value, as of a table that is shown one after the other."""
_LABEL = re.compile(r"(?P<label>[A-Za-z][\w@²/.+-]*(?:[ _][\w@²/.+-]+){0,4}?)(?P<gap>\W{0,6}?[:=]?[\s*$(\[{'\"]*)$")
_LINKS = re.compile(r"(\s+(is|was|are|were|equals|of|on|at|to|now|reached|after|the|model))+$", re.IGNORECASE)
_STOPS = re.compile(r"[|,;\t\n\r\0()\[\]{}<>!?*•→]|(?<!\w)[-–—]+(?!\w)|\.{2,}|\. |: (?=\w)|%")
_PERCENT = re.compile(r"%(?:\(\w+\))?[-+ #0]*[\d*]*(?:\.[\d*]+)?[hlL]*[diouxXeEfFgGcrsa]")
_BRACES = re.compile(r"\{[^{}]*\}")
_FORMATS = re.compile(r'"((?:[^"\\\n]|\\.)*)"|`([^`\n]*)`')


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A number that a script shows.

    Attributes:
        name: Its name, from what stands before it or the key that it has.
        pattern: The regular expression that finds it in the output, with one group; empty where it stands in a line of
            its own after its name.
        file: The file of JSON that it is written to; empty where it is printed.
        key: Its key in JSON; empty where it is none.
        place: The file and line that show it.
        within: The function that shows it, by its name.
        expression: What is shown, as the script has it.
    """

    name: str
    pattern: str = ""
    file: str = ""
    key: str = ""
    place: str = ""
    within: str = ""
    expression: str = ""


def returned(tree: ast.Module) -> list[str]:
    """The keys of tables that functions return whose names say that they measure."""
    found: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and _MEASURING.search(node.name):
            held = _held(node)
            for part in ast.walk(node):
                if isinstance(part, ast.Return) and part.value is not None:
                    found += _keys(part.value, held)
    return list(dict.fromkeys(found))


def shown(tree: ast.Module, file: str, tables: Sequence[str] = ()) -> Iterator[Shown]:
    """The numbers that a Python file shows, in the order of its text.

    Args:
        tree: Its syntax.
        file: Its path.
        tables: The keys of tables that it may get from elsewhere and show whole.
    """
    known = _held(tree)
    within = _functions(tree)
    for call in calls(tree):
        last = called(call.func).rsplit(".", 1)[-1]
        place, function = f"{file}:{call.lineno}", within.get(call.lineno, "")
        if last in _FAULTS:
            continue
        yield from _framework(call, last, place, function)
        if last == "dump" and called(call.func).startswith("json") and call.args:
            target = _written(tree, call)
            for key in _keys(call.args[0], known) or tables:
                yield Shown(name=_joined(key), file=target, key=key, place=place, within=function)
        elif _PRINTS.fullmatch(last):
            yield from _printed(call, known, tables, (place, function))


def _printed(
    call: ast.Call, known: Mapping[str, ast.expr], tables: Sequence[str], where: tuple[str, str]
) -> Iterator[Shown]:
    """The numbers that a call prints, by its texts, and by the names of tables that it prints whole."""
    place, function = where
    for template, holes in _templates(call, known):
        yield from _of(template, holes, place, function)
        if _PAIR.search(template):
            each = dict.fromkeys([*tables, *(key for value in known.values() for key in _keys(value, {}))])
            yield from (Shown(name=key, place=place, within=function) for key in each if "." not in key)
    for part in ast.walk(call):
        if isinstance(part, ast.Call) and called(part.func) == "json.dumps" and part.args:
            for key in _keys(part.args[0], known) or tables:
                yield Shown(name=_joined(key), key=key, place=place, within=function)


def _framework(call: ast.Call, last: str, place: str, within: str) -> Iterator[Shown]:
    """What Lightning, Keras and the trainer of Hugging Face print by themselves."""
    names: list[str] = []
    if called(call.func) in {"self.log", "self.log_dict"} and call.args:
        first = call.args[0]
        named = isinstance(first, ast.Constant) and isinstance(first.value, str) and len(call.args) > 1
        names = [str(first.value)] if named and isinstance(first, ast.Constant) else _keys(first, {})
    elif last in {"fit", "fit_generator"} and {"validation_data", "validation_split", "epochs"} & words_of(call).keys():
        unseen = {"validation_data", "validation_split"} & words_of(call).keys()
        names = ["val_loss"] if unseen else ["loss"]
    elif last == "compile" and "metrics" in words_of(call):
        names = [f"val_{name}" for name in values_of(words_of(call)["metrics"])]
    elif last in {"Trainer", "SFTTrainer", "Seq2SeqTrainer"} and "eval_dataset" in words_of(call):
        names = ["eval_loss"]
    for name in names:
        # `val_loss: 0.5`, `val_loss=0.5`, `'val_loss': 0.5`, and the rows of a table.
        pattern = rf"(?<![\w/.-]){re.escape(name)}[^\w.+-]{{1,60}}?{NUMBER}"
        yield Shown(name=name, pattern=pattern, place=place, within=within, expression=name)


def shown_elsewhere(text: str, file: str) -> Iterator[Shown]:
    """The numbers that a file of another language shows, by its format strings."""
    for match in _FORMATS.finditer(text):
        template = (
            (match[1] or match[2] or "")
            .replace("${", "{")
            .replace("\\n", "\n")
            .replace("\\t", "\t")
            .replace("\\r", "\n")
        )
        template = _PERCENT.sub(_HOLE, template) if _PERCENT.search(template) else _BRACES.sub(_HOLE, template)
        if _HOLE in template:
            place = f"{file}:{text.count(chr(10), 0, match.start()) + 1}"
            yield from _of(template, [""] * template.count(_HOLE), place, "")


def _of(template: str, holes: Sequence[str], place: str, within: str) -> Iterator[Shown]:
    """The named numbers of one template."""
    starts = [k for k, char in enumerate(template) if char == _HOLE]
    for before, start, expression in zip([-1, *starts], starts, [*holes, *[""] * len(starts)], strict=False):
        head = template[before + 1 : start]
        cut = [match.end() for match in _STOPS.finditer(head.rstrip(" :=$(["))]
        part = head[cut[-1] if cut else 0 :]
        label = _LABEL.search(part)
        if label is None:
            continue
        told = label["label"]
        text = _LINKS.sub("", told)  # `accuracy is 0.5`
        open_ended = not re.search("[:=]", label["gap"]) and text == told and not _is_end(template, start)
        text = _known_end(text) if open_ended else text
        name = re.sub(r"\W+", "_", text.replace("²", "2")).strip("_")
        rest = template[start + 1 :].split("\n", 1)[0]
        line = template[:start].rsplit("\n", 1)[-1]
        alone = re.fullmatch(rf"\s*{re.escape(text)}\s*[:=]\s*", line) and not rest.strip() and name == text
        pattern = "" if alone else _pattern(part[part.rindex(text, 0, label.end("label")) :])
        yield Shown(name=name, pattern=pattern, place=place, within=within, expression=expression)


def _known_end(text: str) -> str:
    """The last words of a text as far as they are those of metrics, at least one: `val loss` of `the val loss`."""
    parts = text.split()
    first = len(parts) - 1
    while first and parts[first - 1].lower() in METRIC_WORDS:
        first -= 1
    return " ".join(parts[first:])


def _is_end(template: str, start: int) -> bool:
    return not template[start + 1 :].strip(" %.)\n")


def _pattern(before: str) -> str:
    """A regular expression for what stands before a number, and the number."""
    pieces = re.split(r"\s+", before)
    return r"(?<![\w/.-])" + r"\s*".join(re.escape(piece) for piece in pieces if piece) + r"\s*" + NUMBER


def _templates(call: ast.Call, known: Mapping[str, ast.expr]) -> Iterator[tuple[str, list[str]]]:
    """What a call writes, its arguments with blanks between; those of `print` and the like that are given by name."""
    text, holes = "", list[str]()
    first = call.args[0] if call.args else None
    arguments = call.args
    told = first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""
    if first is not None and len(_PERCENT.findall(told)) == len(call.args) - 1 > 0:  # as logging has it
        together = ast.Tuple(elts=call.args[1:], ctx=ast.Load())
        arguments = [ast.BinOp(left=first, op=ast.Mod(), right=together)]
    for argument in arguments:
        part, more = _template(argument, known)
        text += (" " * bool(text)) + part
        holes += more
    if text:
        yield text, holes
    last = called(call.func).rsplit(".", 1)[-1]
    if last.startswith("set_postfix"):
        for name, value in words_of(call).items():
            yield f"{name}={_HOLE}", [ast.unparse(value)]


def _template(node: ast.expr, known: Mapping[str, ast.expr], depth: int = 0) -> tuple[str, list[str]]:
    """A text with a hole for each value, and the expressions of the holes."""
    if depth > 6:
        return _HOLE, [""]
    match node:
        case ast.Constant(value=str() as text):
            return text, []
        case ast.JoinedStr(values=parts):
            found = [_template(part, known, depth + 1) for part in parts]
            return "".join(text for text, _ in found), [hole for _, holes in found for hole in holes]
        case ast.FormattedValue(value=value):
            return _HOLE, [ast.unparse(value)]
        case ast.BinOp(left=ast.Constant(value=str() as text), op=ast.Mod(), right=right):
            values = right.elts if isinstance(right, ast.Tuple) else [right]
            return _PERCENT.sub(_HOLE, text).replace("%%", "%"), [ast.unparse(value) for value in values]
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            (first, holes), (second, more) = (_template(one, known, depth + 1) for one in (left, right))
            return first + second, holes + more
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str() as text), attr="format"), args=given):
            names = [*given, *words_of(node).values()]
            return _BRACES.sub(_HOLE, text), [ast.unparse(value) for value in names]
        case ast.Name(id=name) if name in known:
            return _template(known[name], {}, depth + 1)
        case _:
            return _HOLE, [ast.unparse(node)]


def _held(tree: ast.AST) -> dict[str, ast.expr]:
    """Variables that hold a text with holes or a dictionary, as they are set last."""
    found: dict[str, ast.expr] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            texts = isinstance(node.value, ast.JoinedStr | ast.Dict) or (
                isinstance(node.value, ast.BinOp | ast.Call)
                and any(
                    isinstance(part, ast.Constant) and isinstance(part.value, str) and len(part.value) > 4
                    for part in ast.walk(node.value)
                )
            )
            if texts:
                found[node.targets[0].id] = node.value
    return found


def _keys(node: ast.expr, known: Mapping[str, ast.expr], depth: int = 0) -> list[str]:
    """The keys of a dictionary, those of dictionaries in it with dots between."""
    if isinstance(node, ast.Name):
        node = known.get(node.id, node)
    if not isinstance(node, ast.Dict) or depth > 4:
        return []
    found: list[str] = []
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            inner = _keys(value, known, depth + 1)
            found += [f"{key.value}.{name}" for name in inner] or [key.value]
    return found


def _joined(key: str) -> str:
    """A key in tables as one name."""
    return key.replace(".", "_")


def _written(tree: ast.Module, call: ast.Call) -> str:
    """The file that a call of `json.dump` writes, as far as a text beside it says."""
    around = [
        item.context_expr
        for node in ast.walk(tree)
        if isinstance(node, ast.With) and any(inner is call for inner in ast.walk(node))
        for item in node.items
    ]
    parts = [part for one in [*call.args[1:], *around] for part in ast.walk(one)]
    names = {part.id for part in parts if isinstance(part, ast.Name)}
    parts += [
        part
        for node in ast.walk(tree)
        if isinstance(node, ast.Assign) and any(isinstance(one, ast.Name) and one.id in names for one in node.targets)
        for part in ast.walk(node.value)
    ]
    texts = [part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return next((text for text in texts if text.endswith((".json", ".jsonl"))), "")


def _functions(tree: ast.Module) -> dict[int, str]:
    """The innermost function of each line."""
    found: dict[int, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found |= dict.fromkeys(range(node.lineno, (node.end_lineno or node.lineno) + 1), node.name)
    return found
