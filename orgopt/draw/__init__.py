"""Drawings of an organization: SVG and Mermaid text. The terminal tree is the CLI's."""

from orgopt.draw.chart import svg
from orgopt.draw.content import settings
from orgopt.draw.flowchart import mermaid
from orgopt.draw.weights import Weight, Weights

__all__ = ["Weight", "Weights", "mermaid", "settings", "svg"]
