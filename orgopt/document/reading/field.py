"""A field: a key with its value, and where both stand."""

from typing import Literal, NamedTuple

from orgopt.document.text.program import Span

Form = Literal["bold", "plain", "front matter", "cell", "heading"]


class Field(NamedTuple):
    """A key with its value.

    Attributes:
        key: In lower case, by its canonical name where it is known.
        value: As written, without the marks around it.
        line: The whole line, or the cell of a table.
        form: How it is written. Only bold and heading forms are claims that must be understood.
    """

    key: str
    value: str
    key_span: Span
    value_span: Span
    line: Span
    form: Form = "bold"
