"""The controls of a search: shipped searches, for which nothing was searched, on the same problems."""

from orgopt.document import Program, load, read
from orgopt.document.editing.diff import same
from orgopt.evolve.controls import Control, Entrant
from orgopt.study.wording import MEANINGS
from orgopt.tasks.source import shipped

SEARCHES = {
    "default search": "default",
    "TPE over the genome": "tpe",
    "one proposer": "one-proposer",
    "random search": "random",
}
"""The files of `orgs/search` that a search is compared with, by the names of the controls."""


def other_searches(champion: Program, seed: Program) -> list[Control]:
    """The shipped searches, without one that is the champion or the seed document, which is compared anyway."""
    known = [read(one).org for one in (champion, seed)]
    found = {
        name: load(path)
        for name, file in SEARCHES.items()
        for path in [root / "search" / f"{file}.md" for root in shipped("orgs")][:1]
        if path.is_file()
    }
    return [
        Control(name=name, about=MEANINGS[name], entrants=(Entrant(name=name, text=program.text),), inherits=False)
        for name, program in found.items()
        if not any(same(read(program).org, org) for org in known)
    ]
