"""Which of a checkout's Python files is to be run, where no document says so: by its name, and by what it shows."""

import ast
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from orgopt.errors import TaskError
from orgopt.foreign.editable import does_something, script_of
from orgopt.foreign.kinds import is_turned
from orgopt.foreign.learning import learns
from orgopt.foreign.results.steering import shows_goal
from orgopt.foreign.results.tables import sent
from orgopt.foreign.sites.find import sites
from orgopt.foreign.source import parsed, read

_LIKELY = (
    (re.compile(r"^train$|^run_?train(ing)?$|^main_?train(ing)?$"), 6.0),
    (re.compile(r"^train_?\w*$|^\w+_train(er|ing)?$|^training$|^trainer$|^pretrain$|^fine_?tune$"), 4.0),
    (
        re.compile(
            r"^(?:main|fit|run)_\w+$|^\w+_main$|"
            r"^(main|run|pipeline|experiments?|fit|learn|model|solve|solution|benchmark|optimi[sz]e|search|simulate)$"
        ),
        2.5,
    ),
)
_OTHER = re.compile(
    r"(?<!back)test|eval|pred|infer|prepar|preproc|download|plot|visual|export|convert|demo|app|serve|server|setup|util|split|"
    r"generate|sample|dataset|data_|callback|config|sweep|(?<!fine)(?<!fine_)tune|quanti|tokeni[sz]er|vocab",
    re.IGNORECASE,
)
_ASIDE = {"tests", "test", "docs", "examples", "deprecated", "legacy", "archive", "old", "backup", "unused"}
ENOUGH = 2.0
"""The weight from which on a name alone says that a file is to be run."""
_FAR, _MOST_NEAR = 4.5, 6
"""How much less likely by its name a file may be for which all else speaks, and how many are looked at."""
_SHOWS, _UNSEEN, _LEARNS, _TAKEN = 2.1, 0.6, 1.0, 6.0
"""What it weighs that a file shows a goal, one of unseen data, trains, and is a module of another."""
_FIRST, _AGAIN, _MOST_AGAIN, _LATER = 0.9, 0.3, 3, 1.5
"""What it weighs that documents tell a command first, that they tell it again, and that it tunes a trained model."""
_MOST = 24
"""Files whose contents are looked at where no name says what is to be run."""
_TURNED, _MOST_TURNED, _ENOUGH_TURNED = 0.25, 6, 3

Modules = Callable[[str], Mapping[str, ast.Module]]
"""The checkout's own modules that a script of it imports, by path."""


class Likely(NamedTuple):
    """A file that may be the one to run, and how likely it is by its name."""

    weight: float
    name: str


def ranked(folder: Path, scripts: Iterable[PurePosixPath], commands: Sequence[Sequence[str]]) -> list[Likely]:
    """Python files by how likely each is what runs; weight 0 for what does nothing, or is for something else."""
    found = [Likely(_weight(folder, name, commands), str(name)) for name in scripts]
    return sorted(found, key=lambda one: (-one.weight, one.name.count("/"), len(one.name), one.name))


def chief(folder: Path, likely: Sequence[Likely], commands: Sequence[Sequence[str]], modules: Modules) -> str:
    """The file to run of those that are likely by their names: the one for which most speaks.

    What speaks for one is weighed together: its name, the commands of documents, whether it shows a goal, and one of
    unseen data, whether it trains, and how much it has to turn. One that another of them takes for a module is hardly
    what is run, unless a document says so.
    """
    near = [one for one in likely[:_MOST_NEAR] if one.weight > likely[0].weight - _FAR]
    if len(near) == 1:
        return near[0].name
    train = {one.name for one in near if any(map(learns, modules(one.name).values()))}
    told = [name for words in commands if (name := script_of(words)) in train]
    shows = {one.name: shows_goal(modules(one.name)) for one in near}

    def evidence(one: Likely) -> float:
        trees = modules(one.name)
        weight = one.weight + _SHOWS * shows[one.name] + _UNSEEN * shows_goal(trees, unseen=True)
        weight += _LEARNS * (learns(parsed(folder / one.name)) or 0.5 * any(map(learns, trees.values())))
        settings = turned(folder, one.name)
        weight += _TURNED * min(_ENOUGH_TURNED, settings) - (settings == 0)
        above = [other for other in near if other is not one and one.name in modules(other.name)]
        inner = any(shows_goal({other.name: parsed(folder / other.name)}) for other in above)
        if one.name in told:
            if "tune" in PurePosixPath(one.name).stem and not re.search("pre_?train|tune", PurePosixPath(told[0]).stem):
                weight -= _LATER
            again = min(_MOST_AGAIN, told.count(one.name) - 1)
            return weight + _FIRST / (1 + told.index(one.name)) + _AGAIN * again
        return weight - _TAKEN * inner

    weights = [evidence(one) for one in near]
    return near[weights.index(max(weights))].name


def by_contents(folder: Path, scripts: Sequence[PurePosixPath], modules: Modules) -> str:
    """The file to run where no name says so: the one that shows a goal and has most to turn, else the only one.

    Empty where there is none, or where several that show nothing could be meant.
    """
    kept = [name for name in scripts if not (_OTHER.search(name.stem) or _ASIDE & set(name.parts[:-1]))]
    names = [str(name) for name in kept if does_something(folder / name)][:_MOST]
    taken = {other for name in names for other in modules(name) if other != name}
    ways = [name for name in names if name not in taken] or names
    shown = [name for name in ways if shows_goal(modules(name))]
    if not shown:
        return ways[0] if len(ways) == 1 else ""
    return max(shown, key=lambda name: _TURNED * min(_MOST_TURNED, turned(folder, name)) - 0.4 * name.count("/"))


def shown_elsewhere(
    folder: Path, script: str, scripts: Sequence[PurePosixPath], commands: Sequence[Sequence[str]], modules: Modules
) -> str:
    """The file to run in place of one that shows nothing, sends nothing to a tracker, and is in no document."""
    told = any(script_of(words) == script for words in commands)
    trees = modules(script)
    if told or shows_goal(trees) or any(sent(tree) for tree in trees.values()):
        return script
    other = by_contents(folder, scripts, modules)
    return other if other and shows_goal(modules(other)) else script


def turned(folder: Path, name: str) -> int:
    """How many settings a file has that a person turns."""
    try:
        found = sites(read(folder / name), name, parsed(folder / name), script=True)
    except TaskError:
        return 0
    return sum(is_turned(site.identifier) for site in found)


def _weight(folder: Path, name: PurePosixPath, commands: Sequence[Sequence[str]]) -> float:
    weight = next((weight for form, weight in _LIKELY if form.search(_stem(name))), 0.0)
    told = any(script_of(words) == str(name) for words in commands)
    if _OTHER.search(name.stem) or _ASIDE & set(name.parts[:-1]):
        weight -= 4
    weight += 2.5 * told
    if weight <= 0 or not does_something(folder / name):
        return 0.0
    return weight - 0.4 * (len(name.parts) - 1)


def _stem(name: PurePosixPath) -> str:
    """The name of a file without a number at its end, as `experiment_v3` has one; of a package, `main`."""
    stem = name.stem.lower()
    return "main" if stem == "__main__" else re.sub(r"_?v?\d+$", "", stem) or stem
