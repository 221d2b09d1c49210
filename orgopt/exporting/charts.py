"""Charts of documents as files: Mermaid and SVG."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from orgopt import draw
from orgopt.basics.slug import slug
from orgopt.exporting.base import Lack
from orgopt.exporting.names import plain_name
from orgopt.exporting.wording import lack
from orgopt.org import Org


@dataclass(frozen=True, slots=True)
class Chart:
    """One file with a chart.

    Attributes:
        draw: The text of the chart.
        suffix: Of the file.
    """

    draw: Callable[[Org], str]
    suffix: str

    def export(self, org: Org) -> Mapping[str, str]:
        """A file named after the organization."""
        title = slug(org.title)
        return {f"{plain_name(title) if title else 'organization'}{self.suffix}": self.draw(org)}

    def lack(self, org: Org) -> Lack:
        """What agents are told."""
        return lack(org, left_out=("mission", "charters", "persona", "memory"))


MERMAID, SVG = Chart(draw.mermaid, ".mmd"), Chart(draw.svg, ".svg")
