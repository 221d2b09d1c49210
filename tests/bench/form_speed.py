"""What the form of a document costs: reading, an edit and a candidate of a search, of one team in every form.

`python -m tests.bench.form_speed` prints the table; `make bench` writes its worst rows into docs/benchmarks.md. All
forms are measured in turns within one run, and the least CPU time of some rounds counts, so that other work does not.
"""

import time
from collections.abc import Callable, Iterator
from itertools import cycle

import numpy as np

from orgopt.document import Program, load, parse, read
from orgopt.document.editing.base import Edit, SetKey
from orgopt.document.editing.canonical import role_text
from orgopt.document.editing.edits_of_links import AddLink, RemoveLink
from orgopt.document.editing.edits_of_roles import AddRole, RemoveRole
from orgopt.document.editing.edits_of_text import SetCharter
from orgopt.errors import DocumentError
from orgopt.evolve.space.genome import Params, Space
from orgopt.org import Link, Role
from tests.conftest import ROOT
from tests.fakes.forms import FORMS, written

ROUNDS = 7
CANDIDATES = 40
EDITS = 30
SIZES = (8, 20)


def cpu_ms(body: Callable[[], object]) -> float:
    """CPU time of one call, in milliseconds."""
    began = time.process_time()
    body()
    return (time.process_time() - began) * 1e3


def points(space: Space) -> list[Params]:
    """Points of a search space that differ from its origin in five parameters, as candidates do."""
    rng = np.random.default_rng(2)
    found: list[Params] = []
    for _ in range(CANDIDATES):
        params = dict(space.origin)
        for _ in range(5):
            name = str(rng.choice(space.active(params)))
            distribution = space.distributions[name]
            if hasattr(distribution, "choices"):
                params[name] = distribution.choices[int(rng.integers(len(distribution.choices)))]
            else:
                params[name] = type(distribution.low)(rng.uniform(distribution.low, distribution.high))
        found.append(params)
    return found


def edits(program: Program) -> list[Edit]:
    """Edits of every kind, of each role in turn."""
    org = read(program).org
    ids = [role.id for role in org.roles]
    scout = Role(id="scout", name="Scout", headcount=2, agent="tpe", charter="Looks for new ways.")
    kinds: Iterator[Callable[[int, str], Edit]] = cycle(
        [
            lambda n, role: SetKey(role, "headcount", 4 + n),
            lambda n, role: SetKey(role, "agent", ("random", "gp")[n % 2]),
            lambda n, role: SetCharter(role, f"Writes what was found, in {n} words."),
            lambda n, role: AddLink(Link(source=role, target=ids[(n + 1) % len(ids)], kind="reviews")),
            lambda n, role: RemoveLink(org.links[n % len(org.links)]) if org.links else SetKey(role, "confirm", n % 5),
            lambda _, role: AddRole(role_text(scout)) if role == ids[0] else RemoveRole(role),
        ]
    )
    return [next(kinds)(n, ids[n % len(ids)]) for n in range(EDITS)]


def edit_ms(program: Program) -> float:
    """The mean CPU time of an edit, each of the same program; one that the form cannot hold is left out."""
    took = list[float]()
    for edit in edits(program):
        try:
            took.append(cpu_ms(lambda edit=edit: edit.apply(program)))
        except DocumentError:
            continue
    return sum(took) / len(took)


def _tried(space: Space, params: Params) -> None:
    try:
        space.program(params)
    except DocumentError:  # a crew's file has no place for some links
        return


def _search_ms(space: Space, tried: list[Params]) -> float:
    return cpu_ms(lambda: [_tried(space, params) for params in tried])


def measured() -> dict[int, dict[str, tuple[float, float, float]]]:
    """Milliseconds of reading, of an edit and of a candidate, by the number of roles and the form."""
    library = load(ROOT / "orgs" / "library.md")
    best: dict[int, dict[str, tuple[float, float, float]]] = {}
    for size in SIZES:
        seeds = {form: written(form, size) for form in FORMS}
        spaces = {form: Space(seed, library, 60) for form, seed in seeds.items()}
        tried = {form: points(space) for form, space in spaces.items()}
        found: dict[str, list[tuple[float, float, float]]] = {form: [] for form in FORMS}
        for number in range(ROUNDS):
            for form, seed in seeds.items():
                fresh = parse(f"{seed.text}{' ' * (number + 1)}", seed.source, seed.root)
                reading = cpu_ms(lambda fresh=fresh: read(fresh))
                search = _search_ms(spaces[form], tried[form])
                found[form].append((reading, edit_ms(seed), search / CANDIDATES))
        best[size] = {form: tuple(min(column) for column in zip(*rows, strict=True)) for form, rows in found.items()}
    return best


def rows() -> list[tuple[str, str, str]]:
    """The rows of `make bench`."""
    found = measured()
    large = found[max(SIZES)]
    slowest = max(large, key=lambda form: large[form][1])
    ratios = {
        size: max((of[2] / forms["canonical"][2], form) for form, of in forms.items()) for size, forms in found.items()
    }
    return [
        (
            f"an edit of a document of {max(SIZES)} roles, the slowest form ({slowest}); canonical",
            f"{large[slowest][1]:.1f} ms; {large['canonical'][1]:.1f} ms",
            "at most 2 ms",
        ),
        *(
            (
                f"a candidate of a search, {size} roles, in the slowest form ({form}) against the canonical one",
                f"{ratio:.2f} × of {found[size]['canonical'][2]:.1f} ms",
                "at most 1.5 ×",
            )
            for size, (ratio, form) in ratios.items()
        ),
    ]


def main() -> None:
    """Print the table of all forms."""
    print(
        "| roles | form | reading, ms | an edit, ms | a candidate, ms | against canonical |\n|---|---|---|---|---|---|"
    )
    for size, forms in measured().items():
        for form, (reading, edit, search) in forms.items():
            ratio = search / forms["canonical"][2]
            print(f"| {size} | {form} | {reading:.1f} | {edit:.1f} | {search:.1f} | {ratio:.2f} |")


if __name__ == "__main__":
    main()
