"""Sphinx: Markdown pages with MyST."""

import shutil
from pathlib import Path

from sphinx.application import Sphinx

project = "orgopt"
copyright = "2026, the orgopt authors"  # noqa: A001  Sphinx's name
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
autodoc_typehints = "description"
autodoc_member_order = "bysource"
autoclass_content = "class"
napoleon_use_ivar = True
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = "orgopt"
html_extra_path = ["llms.txt"]


def setup(app: Sphinx) -> None:
    """Put the sources of all pages beside them, where llms.txt has them."""

    def copy(app: Sphinx, error: Exception | None) -> None:
        for page in () if error else Path(app.srcdir).glob("*/*.md"):
            shutil.copy(page, Path(app.outdir) / page.relative_to(app.srcdir))

    app.connect("build-finished", copy)
