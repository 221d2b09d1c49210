"""How many seeds would show a difference that is not shown yet, in words and as a command."""

from orgopt.study import statistics
from orgopt.study.verdict.ending_form import again
from orgopt.study.wording import count, duration

ENOUGH = 24
"""Seeds that are asked for at least: fewer give intervals that are too narrow."""
MANY = 1000
"""Seeds that nobody is asked for."""
_AFFORDED = 100
"""Seeds up to which a larger difference is offered in place of one that would take so many."""
_STEPS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""The differences that are offered."""


def more_seeds(difference: float, sd: float, *, seeds: int, seed_s: float, command: str, option: str) -> str:
    """The seeds that show a difference as large as the one seen, were it true; empty where there is none.

    Of one that would take too many, what is said is how many show the smallest difference that can be afforded: that so
    few seeds show nothing does not make two equal.

    Args:
        difference: What was seen.
        sd: Standard deviation of paired differences, between seeds.
        seeds: Those that were run.
        seed_s: Wall seconds that one takes.
        command: What was called; empty where that is not known.
        option: Its option that says how many seeds.
    """
    if not difference or not sd:
        return ""
    wanted, shown = max(ENOUGH, statistics.seeds_for(sd, abs(difference))), ""
    if wanted > MANY:
        offered = ((step, max(ENOUGH, statistics.seeds_for(sd, step))) for step in _STEPS)
        step, wanted = next(((step, n) for step, n in offered if n <= _AFFORDED), (_STEPS[-1], MANY))
        if wanted <= seeds or wanted > _AFFORDED:
            return f"A difference as small as the one seen takes more than {count(MANY)} seeds."
        shown = f"With {count(wanted - seeds)} more, differences of {step:g} show in four of five cases"
    seconds = round(seed_s * max(1, wanted - seeds))
    took = f" ({duration(seconds)} more)" if seconds else ""
    said = f": {again(command, option, wanted)}" if command else ""
    shown = shown or f"If the difference is what it seems, about {count(wanted, 'seed')} show it in four of five cases"
    return f"{shown}{took}{said}"
