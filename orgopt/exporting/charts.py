"""Charts of documents as files: Mermaid and SVG."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from orgopt import draw
from orgopt.exporting.base import Exporter
from orgopt.org import Org, slug


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
        return {f"{slug(org.title) or 'organization'}{self.suffix}": self.draw(org)}


CHARTS: dict[str, Exporter] = {"mermaid": Chart(draw.mermaid, ".mmd"), "svg": Chart(draw.svg, ".svg")}
