"""What sections side by side say of each other: where most hold a roster of one form, so do the others."""

from dataclasses import replace

from orgopt.document.reading.evidence.lists import list_group
from orgopt.document.reading.evidence.signs import DOUBT, ENOUGH, Group, share, somebody, team
from orgopt.document.reading.written_fields import block_bullets
from orgopt.document.text.program import Block, Program, Section

_FEW_PARTS, _FEW_LISTS = 3, 2  # of one kind, side by side
_SPEAKS = 2.0  # of a heading right above
_INHERITED = 1.5  # what a heading further up says
_TEAMS = 0.5  # of some headings that speak of a team
_MARKS = "*_`["


def of_like_parts(found: dict[int, list[Group]]) -> dict[int, list[Group]]:
    """The groups of some sections: lists of people are roles in all if they are in two, numbered labels in a third."""
    lists = [
        g for groups in found.values() for g in groups if g.what == "a list" and share(map(somebody, g.entries)) == 1
    ]
    if sum(group.score >= ENOUGH for group in lists) >= _FEW_LISTS:
        found = {
            at: [_raised(g) if g in lists and g.score >= DOUBT else g for g in groups] for at, groups in found.items()
        }
    labels = [g for groups in found.values() for g in groups if g.what == "paragraphs" and _numbered(g)]
    if len(labels) < _FEW_PARTS or 3 * sum(group.score >= ENOUGH for group in labels) < len(labels):
        return found
    return {
        at: [_raised(g) if g in labels and g.score >= _INHERITED else g for g in groups] for at, groups in found.items()
    }


def lists_of_one_form(
    program: Program, sections: list[Section], found: dict[int, list[Group]], above: float
) -> dict[int, list[Group]]:
    """The groups of some sections of a team: lists as most have are roles, whatever the titles above them speak of.

    Args:
        program: The document.
        sections: Them, each of which may have one list.
        found: By where each starts, what was seen in it.
        above: How much the heading above them speaks of a team.
    """
    lists = {s.span.start: blocks[0] for s in sections if len(blocks := _lists(s)) == 1 and not s.children}
    are = [at for at in lists if any(g.what == "a list" and g.score >= ENOUGH for g in found[at])]
    teams = share(bool(team(s.title)) for s in sections if s.span.start in lists) >= _TEAMS
    most = 3 * len(are) >= 2 * len(lists) and len(are) >= _FEW_PARTS and above >= _INHERITED
    if not (above >= _SPEAKS or teams or most) or len(are) < _FEW_LISTS or 2 * len(are) < len(lists):
        return found
    forms = {form for at in are for form in _forms(program, lists[at])}
    if len(forms) > 1 or "" in forms:
        return found
    return {at: _like(program, lists[at], forms, of) if at in lists else of for at, of in found.items()}


def _like(program: Program, block: Block, forms: set[str], found: list[Group]) -> list[Group]:
    """What was seen in a section, or its list as roles."""
    if any(group.score >= ENOUGH for group in found) or _forms(program, block) != forms:
        return found
    group = list_group(program, block, _INHERITED)
    if not group or len(group.entries) < len(block_bullets(program, block)):
        return found
    return [_raised(group), *(one for one in found if one.what != "a list")]


def _forms(program: Program, block: Block) -> set[str]:
    """The marks with which the bullets of a list begin."""
    texts = [bullet.text for bullet in block_bullets(program, block)]
    return {text[: len(text) - len(text.lstrip(_MARKS))] for text in texts}


def _lists(section: Section) -> list[Block]:
    return [block for block in section.blocks if block.kind == "list"]


def _raised(group: Group) -> Group:
    return replace(group, score=max(group.score, ENOUGH))


def _numbered(group: Group) -> bool:
    """Whether all names of a group end with a number."""
    return all(entry.name.text[-1:].isdecimal() for entry in group.entries)
