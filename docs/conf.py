"""Sphinx: Markdown pages with MyST."""

project = "orgopt"
copyright = "2026, the orgopt authors"  # noqa: A001  Sphinx's name
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "orgopt"
