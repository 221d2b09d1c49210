"""Documents that contracts use."""

from orgopt.document import Program, parse

TRIO = """\
# Trio

Find the bottom.

## Roles

### Lead
- **Headcount:** 1
- **Agent:** tpe
- **Risk tolerance:** 0.2

Decide.

### Explorer
- **Headcount:** 2
- **Agent:** hill-climb
- **Risk tolerance:** 0.5

Explore.

## Links
- Explorer → Lead: reports to

## Rhythm
- **Stand-up:** every 8 experiments, everyone, best 2
"""

SOLO = """\
# Solo

## Roles

### One
- **Headcount:** 1
- **Agent:** random
"""


def trio() -> Program:
    """Three agents who report and meet."""
    return parse(TRIO, "trio.md")


def solo() -> Program:
    """One agent alone, without a word of charter."""
    return parse(SOLO, "solo.md")
