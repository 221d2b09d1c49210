"""Documents of the front door: read, checked and compared, from wherever they are kept."""

from orgopt.api.inputs import Document, program_of
from orgopt.document import diff as diff_of
from orgopt.document import lint as lint_of
from orgopt.document import read as read_of
from orgopt.document.editing.base import Edit
from orgopt.document.findings import Finding
from orgopt.document.reading.reader import Reading


def read(document: Document) -> Reading:
    """A document read as an organization (`.org`), with where each part stands.

    Raises:
        DocumentError: It cannot be read.
    """
    return read_of(program_of(document))


def lint(document: Document) -> list[Finding]:
    """What is doubtful in a document, in its order.

    Raises:
        DocumentError: It cannot be read.
    """
    return lint_of(program_of(document))


def diff(before: Document, after: Document) -> tuple[Edit, ...]:
    """The edits that make one document of another.

    Raises:
        DocumentError: One cannot be read.
    """
    return diff_of(program_of(before, "before"), program_of(after, "after"))
