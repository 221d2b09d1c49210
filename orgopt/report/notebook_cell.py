"""The course of a study as a notebook shows it: the page's chart of generations, in a frame of its own."""

from html import escape
from pathlib import Path

from orgopt.basics.markup import Markup, h
from orgopt.report.generations import WIDE, fitness
from orgopt.study.view import StudyView


def cell(study: StudyView) -> str:
    """The chart of generations; empty where nothing is measured yet. Its styles stay in their frame."""
    if not any(candidate.value is not None for candidate in study.candidates):
        return ""
    style = Path(__file__).with_name("page.css").read_text("utf-8")
    page = h("html", h("head", h("style", Markup(style))), h("body", fitness(study, WIDE)))
    frame = "width:100%;max-width:1000px;height:430px;border:0"
    return f'<iframe srcdoc="{escape(str(page), quote=True)}" style="{frame}" title="Fitness by generation"></iframe>'
