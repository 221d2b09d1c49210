"""Programs: lossless for any text, positions as a second Markdown parser sees them."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from orgopt.document import load, parse, render
from orgopt.document.files import MAX_BYTES
from orgopt.document.reading.written_fields import fields
from orgopt.errors import DocumentError

GOLDEN = sorted((Path(__file__).parent / "programs").glob("*.md"))
SHIPPED = sorted((Path(__file__).parent.parent / "orgs").glob("*.md"))

LINES = st.sampled_from(
    [
        "# A",
        "## Roles",
        "### Lead",
        "- **Headcount:** 2",
        "* x",
        "  - y",
        "```",
        "~~~ py",
        "> q",
        "| a | b |",
        "|---|---|",
        "text",
        "    code",
        "",
        "---",
        "===",
        "<div>",
        "[x]: y",
        "1. n",
        "\t tab",
        "\u2028",
        "\x0b",
        "\x00",
        "ü → ↔",
    ]
)
DOCUMENTS = st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r\n", "\r", "\n\n"]))).map(
    lambda parts: "".join(line + end for line, end in parts)
)


@pytest.mark.parametrize("path", GOLDEN + SHIPPED, ids=lambda path: path.name)
def test_rendering_gives_the_bytes_of_the_file(path: Path) -> None:
    program = load(path)
    assert render(program).encode() == path.read_bytes()


@given(st.text() | DOCUMENTS)
@settings(max_examples=150, deadline=None)
def test_rendering_gives_any_text_back(text: str) -> None:
    program = parse(text)
    assert render(program) == text
    ends = [block.span.end for block in program.blocks]
    assert [block.span.start for block in program.blocks] == [0, *ends[:-1]] if program.blocks else text == ""


@pytest.mark.parametrize("path", GOLDEN + SHIPPED, ids=lambda path: path.name)
def test_headings_stand_where_another_parser_sees_them(path: Path) -> None:
    program = load(path)
    start = next((block.span.end for block in program.blocks if block.kind == "front_matter"), 0)
    # The other parser takes a byte-order mark for text.
    body = program.text[start:].removeprefix("\ufeff")
    skipped = program.position(start)[0] - 1
    tokens = MarkdownIt().enable("table").parse(body)
    theirs = [token.map[0] + 1 + skipped for token in tokens if token.type == "heading_open" and token.level == 0]
    ours = [program.position(block.span.start)[0] for block in program.blocks if block.kind == "heading"]
    assert ours == theirs


@given(DOCUMENTS)
@settings(max_examples=100, deadline=None)
def test_positions_and_lines_agree(text: str) -> None:
    program = parse(text)
    for block in program.blocks:
        line, column = program.position(block.span.start)
        assert column == 1
        assert program.text[block.span.start :].startswith(program.line(line))


def test_a_field_in_a_fence_or_a_nested_list_is_not_a_field() -> None:
    program = load(GOLDEN[0].parent / "folded.md")
    lead = next(section for section in program.walk() if section.title == "Lead")
    assert [(field.key, field.value) for field in fields(program, lead)] == [
        ("headcount", "2"),
        ("risk tolerance", "0.25"),
    ]


def test_files_that_cannot_be_read_say_why(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match="no such file"):
        load(tmp_path / "missing.md")
    with pytest.raises(DocumentError, match="is a folder without Markdown files"):
        load(tmp_path)
    bad = tmp_path / "latin.md"
    bad.write_bytes(b"# A\n\nna\xefve\n")
    with pytest.raises(DocumentError, match=r"latin\.md:3: byte 0xef is not UTF-8"):
        load(bad)
    bad.write_bytes(b"x" * (MAX_BYTES + 1))
    with pytest.raises(DocumentError, match="256 KiB"):
        load(bad)
    bad.write_bytes(b"x" * MAX_BYTES)
    assert len(load(bad).text) == MAX_BYTES
