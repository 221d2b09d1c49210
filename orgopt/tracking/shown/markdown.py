"""Text in MLflow's notes: documents' text made harmless there."""

from orgopt.draw.text import clean


def escape(text: str) -> str:
    """Document text as Markdown that shows it and does nothing else."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|&!~$" else char for char in clean(text))
