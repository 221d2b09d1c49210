"""How many seeds would show a difference that is not shown yet, in words and as a command."""

from orgopt.study import statistics
from orgopt.study.verdict.ending_form import again
from orgopt.study.wording import count, duration

ENOUGH = 24
"""Seeds that are asked for at least: fewer give intervals that are too narrow."""
MANY = 1000
"""Seeds that nobody is asked for."""


def more_seeds(difference: float, sd: float, *, seeds: int, seed_s: float, command: str, option: str) -> str:
    """The seeds that show a difference as large as the one seen, were it true; empty where there is none.

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
    wanted = max(ENOUGH, statistics.seeds_for(sd, abs(difference)))
    if wanted > MANY:
        return f"More than {count(MANY)} seeds are needed to show a difference so small: take them as equal."
    seconds = round(seed_s * max(1, wanted - seeds))
    took = f" ({duration(seconds)} more)" if seconds else ""
    said = f": {again(command, option, wanted)}" if command else ""
    return (
        f"If the difference is what it seems, about {count(wanted, 'seed')} show it in four of five cases{took}{said}"
    )
