"""Numbers that a person turns because of where they flow to, whatever they are called."""

import re
from collections.abc import Iterator, Sequence

from orgopt.foreign.flow import Reached
from orgopt.foreign.flow.sinks import Strength
from orgopt.foreign.kinds import is_beside, is_turned, why_fixed
from orgopt.foreign.sites.python_text import Source
from orgopt.foreign.sites.site import Site

_PASSED = 2
"""Steps that a number has gone where it was given a name and then passed on, as settings are."""
_COUNTS = re.compile(r"^(?:n|num|no|nb|max|min)_?(?:nodes?|points?|machines?|agents?)$")
"""How much there is of what is solved."""


_PLACES = set("xyzijn")
"""Letters of places, and of how much there is."""


def flowing(source: Source, reached: Sequence[Reached], *, few: bool) -> Iterator[Site]:
    """The numbers above zero of a file that flow to where a method takes them, by their names and how surely.

    Args:
        source: The file.
        reached: Its numbers that flow anywhere.
        few: Whether the script has few settings with a name of their own, so that those that nothing but their flow
            shows are looked at.
    """
    for one in reached:
        site = source.site(one.name, one.node, own=False)
        if site is None or isinstance(site.value, str | bool) or site.value <= 0 or why_fixed(one.name):
            continue
        if _is_meant(one, site.value, few=few):
            yield site


def _is_meant(one: Reached, value: float, *, few: bool) -> bool:
    if is_turned(one.name):
        return few or one.strength is Strength.METHOD
    if not few or _COUNTS.search(one.name.lower()):
        return False
    if one.strength is Strength.METHOD:
        return is_beside(one.name) or (isinstance(value, float) and len(one.name) == 1)
    if len(one.name) == 1:  # `ants(graph, a, b)`, where both are exponents
        return one.steps >= _PASSED and one.strength is Strength.FACTOR and one.name.lower() not in _PLACES
    weighs = one.strength is Strength.FACTOR and isinstance(value, float)
    return (weighs or one.steps >= _PASSED) and is_beside(one.name)
