"""How the end of a study, a contest or a run looks in a terminal."""

from rich.text import Text

from orgopt.cli.shared.base import out
from orgopt.study.verdict.ending_form import WIDTH, Ending, lines

STYLES = {"better": "bold green", "worse": "bold red", "no difference": "bold yellow"}
_NARROWEST = 40


def print_ending(ending: Ending) -> None:
    """Print an ending: the result in its colour, bars in green."""
    width = max(_NARROWEST, min(WIDTH, out.width))
    for number, line in enumerate(lines(ending, width)):
        shown = Text(line, style=STYLES.get(ending.word, "bold") if number == 0 else "")
        shown.highlight_regex("█+", "green")
        shown.highlight_regex("^Score: .*", "dim")
        out.print(shown)
