"""Block positions from mistune: which top-level block starts where."""

import re
from typing import Any

from mistune import BlockParser, BlockState, Markdown
from mistune.plugins.table import table


class _State(BlockState):
    """A block state that notes where each paragraph starts."""

    def add_paragraph(self, text: str) -> None:
        count = len(self.tokens)
        super().add_paragraph(text)
        for token in self.tokens[count:]:
            token["start"] = self.cursor


class _Parser(BlockParser):
    """A block parser that notes where each other token starts, and leaves inner ones alone."""

    state_cls = _State

    def parse(self, state: BlockState, rules: list[str] | None = None) -> None:
        # What stands in lists and quotes is read by line: their blocks would cost most of the time.
        if state.parent is None:
            super().parse(state, rules)

    def parse_method(self, m: re.Match[str], state: BlockState) -> int | None:
        count = len(state.tokens)
        end = super().parse_method(m, state)
        for token in state.tokens[max(0, count - 1) :]:  # a block quote may be inserted before the last token
            token.setdefault("start", m.start())
        return end

    def _parse_indent_code_fast(self, state: BlockState) -> int | None:
        # A shortcut of mistune's that bypasses parse_method.
        count, start = len(state.tokens), state.cursor
        end = super()._parse_indent_code_fast(state)
        for token in state.tokens[count:]:
            token["start"] = start
        return end


_markdown = Markdown(renderer=None, block=_Parser(), plugins=[table])


def tokens(text: str) -> list[dict[str, Any]]:
    """The top-level tokens of a text whose lines end with a line feed, by position; each has `type` and `start`."""
    state = _State()
    state.process(text)
    _markdown.block.parse(state, _markdown.block.rules)
    # A block quote that a list ends is noted after that list.
    return sorted((token for token in state.tokens if token["type"] != "blank_line"), key=lambda t: t["start"])
