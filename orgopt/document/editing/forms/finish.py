"""The program of a draft: what is planned of links and new roles is written last, when all of it is known."""

from orgopt.document.editing.draft import Draft
from orgopt.document.editing.forms.relations import write_lines, write_named
from orgopt.document.editing.forms.rosters import write_added
from orgopt.document.text.program import Program


def finish(draft: Draft) -> Program:
    """The program after all changes of a draft.

    Raises:
        DocumentError: The text cannot take one of them.
    """
    write_named(draft)
    write_added(draft)
    write_lines(draft)
    return draft.written()
