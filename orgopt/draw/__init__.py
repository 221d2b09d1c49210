"""Drawings of an organization: SVG and Mermaid text. The terminal tree is the CLI's."""

from orgopt.draw.chart import svg
from orgopt.draw.content import settings
from orgopt.draw.flowchart import mermaid

__all__ = ["mermaid", "settings", "svg"]
