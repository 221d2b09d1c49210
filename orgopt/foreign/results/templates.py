"""What scripts print, as templates: texts with holes for values, and the names that stand before the holes.

Read are calls of `print` and the like, with f-strings, `%`, `format`, sums and variables that hold a template; numbers
in JSON that is printed or written to a file; and, in other languages, format strings.
"""

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from orgopt.foreign.results.metric import METRIC_WORDS, in_english
from orgopt.foreign.results.tables import held, joined, keys, opened, written_to
from orgopt.foreign.results.texts import HOLE, NUMBER, functions, templates
from orgopt.foreign.sites.python_text import called, calls, values_of, words_of
from orgopt.foreign.source import nodes

_PRINTS = re.compile(
    r"\w*print\w*|write|log|log_(?:info|message|msg|line|rank_?0|main)|info|echo|warning|debug|error|set_description\w*|set_postfix\w*|secho|put|msg|"
    r"progress(?:_?bar)?|display|show_progress|status"
)
_PROSE = 3
"""Blanks in what stands before a value without a colon, from which on it is a sentence and no name."""
_MEASURED = re.compile(r"metric|result|score|eval|report|summary", re.IGNORECASE)
_FAULTS = {"error", "warning", "warn", "exception", "debug"}
_PART = re.compile(
    r"(?<![A-Za-z])(train(?:ing)?|val(?:id(?:ation)?)?|test(?:ing)?|eval(?:uation)?|dev)(?![A-Za-z])", re.IGNORECASE
)
_REMARK = re.compile(r"\s*\([^()\0\n]*\)\s*[:=]\s*$")
"""What stands in parentheses between a name and its value, as a unit does."""
_SLASH = re.compile(r"%?[ \t]*[/|][ \t]*")
_COUNTED = re.compile(
    rf"(?:[^|,;]*[|,;])?(?P<name>[^|,;:={HOLE}]*[A-Za-z])\s*(?:after|at|for|in|on)?\s*"
    rf"(?:epoch|step|iteration|iter|episode|fold|generation|gen|round)s?\s*[\[(#]?{HOLE}(?:\s*/\s*{HOLE})?[\])]?\s*(?:[:=]|is|was|->)\s*[%$]?\s*",
    re.IGNORECASE,
)
_FITS = {"validation_data", "validation_split", "validation_set", "epochs", "n_epoch"}
"""Arguments by which `fit` is that of Keras or TFLearn, which print each epoch."""
_PAIR = re.compile(rf"{HOLE}\s*[:=]\s*{HOLE}")
"""A name and its value, as of a table that is shown one after the other."""
_LABEL = re.compile(
    r"(?P<label>[^\W\d_][\w@²/.+-]*(?:[ _][\w@²/.+-]+){0,4}?)"
    r"(?P<gap>(?:\s*\([^()]*\))?\W{0,6}?[:=：]?[\s*$(\[{'\"]*)$"
)
_LINKS = re.compile(r"(\s+(is|was|are|were|equals|of|on|at|to|now|reached|after|the|model))+$", re.IGNORECASE)
_STOPS = re.compile(r"[|,;\t\n\r\0()\[\]{}<>!?*•→]|(?<!\w)[-–—]+(?!\w)|\.{2,}|\. |: (?=\w)|%")


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


def shown(tree: ast.Module, file: str, tables: Sequence[str] = ()) -> Iterator[Shown]:
    """The numbers that a Python file shows, in the order of its text.

    Args:
        tree: Its syntax.
        file: Its path.
        tables: The keys of tables that it may get from elsewhere and show whole.
    """
    known, listed, own, files = held(tree), _listed(tree), _own_prints(tree), opened(tree)
    within = functions(tree)
    live = any(isinstance(node, ast.ImportFrom) and (node.module or "").startswith("dvclive") for node in tree.body)
    for call in calls(tree):
        last = called(call.func).rsplit(".", 1)[-1]
        place, function = f"{file}:{call.lineno}", within.get(call.lineno, "")
        if last in _FAULTS:
            continue
        yield from _framework(call, last, place, function)
        if live and last == "log_metric" and call.args and isinstance(call.args[0], ast.Constant):
            name = str(call.args[0].value)
            expression = ast.unparse(call.args[1]) if len(call.args) > 1 else ""
            file = "dvclive/metrics.json"
            yield Shown(name=name, file=file, key=name, place=place, within=function, expression=expression)
        if last == "dump" and called(call.func).startswith("json") and call.args:
            target = written_to(tree, call)
            for key in keys(call.args[0], known) or tables:
                yield Shown(name=joined(key), file=target, key=key, place=place, within=function)
        elif _PRINTS.fullmatch(last) or last in own:
            goes = written_to(tree, call) if last == "write" else ""
            found = [
                *_printed(call, known, tables, (place, function)),
                *_looped(call, known, listed, (place, function)),
            ]
            hidden = _is_written(call, files)
            yield from (replace(one, file=goes) if one.key else one for one in found if one.key or not hidden)


def _is_written(call: ast.Call, files: Collection[str]) -> bool:
    """Whether a call writes into a file that the script opened, and not to its output."""
    goes = words_of(call).get("file")
    if goes is not None:
        return not called(goes).startswith(("sys.std", "tqdm"))
    receiver, _, last = called(call.func).rpartition(".")
    return last == "write" and receiver in files


def _printed(
    call: ast.Call, known: Mapping[str, ast.expr], tables: Sequence[str], where: tuple[str, str]
) -> Iterator[Shown]:
    """The numbers that a call prints, by its texts, and by the names of tables that it prints whole."""
    place, function = where
    yield from (as_table(name, place, function) for name in _whole(call, known, tables))
    for template, holes in templates(call, known):
        yield from named(template, holes, place, function)
        if _PAIR.search(template):
            each = dict.fromkeys([*tables, *(key for value in known.values() for key in keys(value, {}))])
            yield from (Shown(name=key, place=place, within=function) for key in each if "." not in key)
    for part in ast.walk(call):
        if isinstance(part, ast.Call) and called(part.func) == "json.dumps" and part.args:
            for key in keys(part.args[0], known) or tables:
                yield Shown(name=joined(key), key=key, place=place, within=function)


def _whole(call: ast.Call, known: Mapping[str, ast.expr], tables: Sequence[str]) -> Sequence[str]:
    """The names in a table that is printed as it is: a dictionary, or what an evaluation gave."""
    last = called(call.func).rsplit(".", 1)[-1]
    for one in call.args[-1:] if re.fullmatch(r"p?print|info|echo|print\w*0", last) else ():
        if isinstance(one, ast.Dict) or (isinstance(one, ast.Name) and isinstance(known.get(one.id), ast.Dict)):
            return [key for key in keys(one, known) if "." not in key]
        if isinstance(one, ast.Name) and _MEASURED.search(one.id) and one.id not in known:
            return [key for key in tables if "." not in key]
    return ()


def as_table(name: str, place: str, within: str) -> Shown:
    """A number with its name as tables have it: `val_loss: 0.5`, `'val_loss': 0.5`, `accuracy    0.9`."""
    pattern = rf"(?<![\w/.-]){re.escape(name)}[^\w.+-]{{1,60}}?{NUMBER}"
    return Shown(name=name, pattern=pattern, place=place, within=within, expression=name)


def _own_prints(tree: ast.Module) -> set[str]:
    """The names of a file's own functions that print an argument, as `def log0(text): print(text)`."""
    found: set[str] = set()
    for node in nodes(tree):
        if isinstance(node, ast.FunctionDef) and node.args.args:
            given = {argument.arg for argument in node.args.args}
            prints = [call for call in calls(node) if called(call.func) == "print" and call.args]
            if any(isinstance(call.args[0], ast.Name) and call.args[0].id in given for call in prints):
                found.add(node.name)
    return found


def _looped(
    call: ast.Call, known: Mapping[str, ast.expr], listed: Mapping[str, Sequence[str]], where: tuple[str, str]
) -> Iterator[Shown]:
    """The numbers of a loop over names, as `for name in ("loss", "acc"): print(f"{name}: {found[name]}")`."""
    place, function = where
    for template, holes in templates(call, known):
        for match in _PAIR.finditer(template):
            place_of = template.count(HOLE, 0, match.start())
            name = holes[place_of] if place_of < len(holes) else ""  # a text with more places than values
            yield from (Shown(name=one, place=place, within=function) for one in listed.get(name, ()))


def _listed(tree: ast.Module) -> dict[str, list[str]]:
    """The texts that the variable of a loop goes through, by its name."""
    return {
        node.target.id: [text for text in values_of(node.iter) if isinstance(text, str)]
        for node in nodes(tree)
        if isinstance(node, ast.For) and isinstance(node.target, ast.Name) and values_of(node.iter)
    }


def _framework(call: ast.Call, last: str, place: str, within: str) -> Iterator[Shown]:
    """What Lightning, Keras, TFLearn, Stable-Baselines3 and the trainer of Hugging Face print by themselves."""
    names: list[str] = []
    if called(call.func) in {"self.log", "self.log_dict"} and call.args:
        first = call.args[0]
        named = isinstance(first, ast.Constant) and isinstance(first.value, str) and len(call.args) > 1
        names = [str(first.value)] if named and isinstance(first, ast.Constant) else keys(first, {})
    elif last in {"fit", "fit_generator"} and _FITS & words_of(call).keys():
        unseen = (_FITS - {"epochs", "n_epoch"}) & words_of(call).keys()
        names = ["val_loss"] if unseen else ["loss"]
    elif last == "compile" and "metrics" in words_of(call):
        names = [f"val_{name}" for name in values_of(words_of(call)["metrics"])]
    elif last == "learn" and "total_timesteps" in words_of(call):  # of Stable-Baselines3
        names = ["ep_rew_mean"]
    elif last == "EvalCallback" and call.args:
        names = ["episode_reward"]
    elif last.endswith("Trainer") and {"eval_dataset", "train_dataset"} & words_of(call).keys():
        names = ["eval_loss" if "eval_dataset" in words_of(call) else "train_loss"]
    yield from (as_table(name, place, within) for name in names)


def named(template: str, holes: Sequence[str], place: str, within: str) -> Iterator[Shown]:
    """The named numbers of one template.

    A part of the data that stands before a name in its line belongs to it, as in `Validation - Loss: 0.5, Acc: 0.9`.
    """
    starts = [k for k, char in enumerate(template) if char == HOLE]
    last: Shown | None = None
    for before, start, expression in zip([-1, *starts], starts, [*holes, *[""] * len(starts)], strict=False):
        head = template[before + 1 : start]
        remark = _REMARK.search(head)
        core = head[: remark.start()] if remark else head.rstrip(" :=$([\t")
        cut = [match.end() for match in _STOPS.finditer(core)]
        part = head[cut[-1] if cut else 0 :]
        label = _LABEL.search(part)
        if label is None:
            line = template[:start].rsplit("\n", 1)[-1]
            last = _counted(line, place, within, expression) or (_second(last, head, expression) if last else None)
            if last is not None:
                yield last
            continue
        told = label["label"]
        text = _LINKS.sub("", told)  # `accuracy is 0.5`
        open_ended = not re.search("[:=]", label["gap"]) and text == told and not _is_end(template, start)
        tagged = bool(re.match(r"\S*_\S*_\S* ", text))  # `final_int8_exact val_bpb`
        prose = not re.search("[:=]", label["gap"]) and text.count(" ") >= _PROSE
        text = known_end(text) if open_ended or tagged or prose else text
        name = re.sub(r"\W+", "_", in_english(text).replace("²", "2")).strip("_")
        if not name.isascii():
            continue
        rest = template[start + 1 :].split("\n", 1)[0]
        line = template[:start].rsplit("\n", 1)[-1]
        alone = re.fullmatch(rf"\s*{re.escape(text)}\s*[:=]\s*", line) and not rest.strip() and name == text
        pattern = "" if alone else _pattern(part[part.rindex(text, 0, label.end("label")) :])
        if scope := _scope(line, text):
            name = f"{scope.lower()}_{name}"
            pattern = rf"(?<![\w/.-]){re.escape(scope)}[^\n]*?{pattern or _pattern(text)}"
        last = Shown(name=name, pattern=pattern, place=place, within=within, expression=expression)
        yield last


def _counted(line: str, place: str, within: str, expression: str) -> Shown | None:
    """A number after its name and a count, as in `Validation loss after epoch [3/9]: 0.5`."""
    match = _COUNTED.fullmatch(line)
    if match is None:
        return None
    text = _LINKS.sub("", known_end(match["name"].strip()))
    pattern = _pattern(text).removesuffix(NUMBER) + rf"[^\n:=]*(?:[:=]|is|was|->)\s*[%$]?\s*{NUMBER}"
    return Shown(
        name=re.sub(r"\W+", "_", in_english(text)), pattern=pattern, place=place, within=within, expression=expression
    )


def _second(first: Shown, between: str, expression: str) -> Shown | None:
    """The second of two numbers after one name, as in `Loss: 0.5/0.6`, where what is shown says of which data it is."""
    part = _PART.search(expression.replace("_", " "))
    train = "train" in first.expression.lower()  # and no count of all, as in `Accuracy: 98/100`
    if part is None or not train or not _SLASH.fullmatch(between) or not first.pattern:
        return None
    pattern = first.pattern.replace(NUMBER, r"(?:[-+.\deE]+|nan|inf)") + re.escape(between.strip()) + r"\s*" + NUMBER
    return replace(first, name=f"{part[1].lower()}_{first.name}", pattern=pattern, expression=expression)


def _scope(line: str, label: str) -> str:
    """The part of the data that is said last before a label of its line; nothing where the label says one itself."""
    if label not in line:  # it stands in the line above its value
        return ""
    before = line[: line.rindex(label)]
    found = _PART.findall(before)
    return found[-1] if found and not _PART.search(label) else ""


def known_end(text: str) -> str:
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
