"""Text in MLflow's notes: documents' text made harmless there, and how numbers are written."""

from orgopt.draw.text import clean


def escape(text: str) -> str:
    """Document text as Markdown that shows it and does nothing else."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|&!~$" else char for char in clean(text))


def signed(value: float) -> str:
    """A research output: `+0.325`, with a true minus sign."""
    return f"{value:+.3f}".replace("-", "−")


def interval(low: float | None, high: float | None) -> str:
    """`[−0.266, +0.563]`; nothing for a single seed, which has none. The brackets make no link."""
    return "" if low is None or high is None else rf"\[{signed(low)}, {signed(high)}\]"
