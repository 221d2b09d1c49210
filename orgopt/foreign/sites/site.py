"""A site: a literal in a file of a checkout that may be a knob, and how another value is written in its place."""

import json
import re
from dataclasses import dataclass
from enum import StrEnum

from orgopt.foreign.source import words
from orgopt.tasks.knob import Value


class Form(StrEnum):
    """How a value is written in place of a site."""

    PYTHON = "python"
    """As Python has it."""
    TEXT = "text"
    """In quotes that are there, as in `os.environ.get("LR", "0.6")`."""
    JSON = "json"
    """As JSON, YAML and TOML have it."""
    BARE = "bare"
    """As the languages of C's family have numbers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A literal that may be a knob.

    Attributes:
        name: What its file calls it, such as `lr`, `--batch-size` or `optimizer.lr`.
        value: What stands there.
        start, end: The characters of the file's text that another value replaces.
        line: The line that it stands in, from 1.
        form: How another value is written there.
        before: What is written before another value, as in `, default=` where an option has none.
        choices: The values that its file allows; empty where it says none.
        low, high: The bounds that its file says; None for none.
        quotes: Characters of the quotes around it, of `Form.TEXT`.
        own: Whether a name of its own stands for it, which conditions and calls then use.
    """

    name: str
    value: Value
    start: int
    end: int
    line: int
    form: Form = Form.PYTHON
    before: str = ""
    choices: tuple[Value, ...] = ()
    low: float | None = None
    high: float | None = None
    quotes: int = 0
    own: bool = True

    @property
    def identifier(self) -> str:
        """The last part of its name, as an attribute or a variable has it."""
        return re.sub(r"\W", "_", self.name.rsplit(".", 1)[-1].lstrip("-"))


_WORD = r"[\"']?[A-Za-z][\w.-]*[\"']?"
LISTED = rf"(?<![\w.-]){_WORD}(?:[ \t]*(?:\||,|/|\bor\b)[ \t]*{_WORD})+"
"""A list of texts, as a comment or a help has it: `adam | sgd`."""


def listed(text: str, value: Value) -> tuple[str, ...]:
    """The texts of a list, where the value is one of them; else none."""
    found = tuple(word.strip("\"'") for word in re.split(r"\s*(?:\||,|/|\bor\b)\s*", text))
    return found if len(found) > 1 and value in found else ()


def knob_name(name: str) -> str:
    """A name as knobs have it: `--batch-size` is `BATCH_SIZE`, `optimizer.lr` is `OPTIMIZER_LR`."""
    upper = "_".join(words(name)).upper()
    return upper if upper[:1].isalpha() else f"N_{upper}"


def written(value: Value, form: Form) -> str:
    """A value as it stands in a file."""
    match form:
        case Form.PYTHON:
            return f'"{value}"' if isinstance(value, str) else repr(value)
        case Form.TEXT:
            return str(value)
        case Form.JSON:
            # YAML 1.1 reads 1e-05 as a text, and 1.0e-05 as a number.
            text = json.dumps(value)
            return re.sub(r"^(-?\d+)e", r"\1.0e", text) if isinstance(value, float) else text
        case Form.BARE:
            if isinstance(value, bool):
                return str(value).lower()
            return f"{value:.17g}" if isinstance(value, float) and value % 1 else repr(value)
