"""Links: a name in a role's field, an arrow of a chart, a place below another, or a bullet of the section Links.

A new one is written as those of its kind are.
"""

import re
from collections import Counter

from orgopt.basics.slug import slug
from orgopt.document.editing.draft import Draft, NamedRoles
from orgopt.document.editing.forms import charts, lists, tables
from orgopt.document.editing.forms.keys import replace_field, set_field
from orgopt.document.editing.forms.rosters import write_added
from orgopt.document.editing.forms.tables import block_of
from orgopt.document.editing.splice import heading_marks, main_end
from orgopt.document.grammar import arrows
from orgopt.document.grammar.key_table import LINK_KEYS
from orgopt.document.reading.entry import Entry
from orgopt.document.reading.field import Field
from orgopt.document.reading.links import LinkPlace, is_everyone
from orgopt.document.text.program import Block, Program, Span
from orgopt.errors import DocumentError
from orgopt.org import Link

_FIELDS = {
    "reports to": "Reports to",
    "reviews": "Reviews",
    "delegates to": "Delegates to",
    "shares with": "Shares with",
}
_DRAWN = (
    "a link that is drawn, or said in a sentence, cannot be removed there; `orgopt fmt FILE --out NEW` writes lines"
)


def add_link(draft: Draft, link: Link) -> None:
    """Add a link.

    Raises:
        DocumentError: The document has no place for it.
    """
    block, key = _form(draft, link)
    if block is not None and _draw(draft, link, block):
        return
    if key is not None and not link.pattern:
        holder, other = _ends(link, key)
        if _holds(draft, holder, key):
            named = _named(draft, holder, key)
            named.after.append(_written(draft, other))
            return
    if is_crew(draft):
        shown = arrows.format_link(link, {})
        raise DocumentError(
            f"{draft.program.source}: a crew's YAML file takes no such change: it has no place for '{shown}'; write it "
            f"as Markdown first: orgopt fmt {draft.program.source} --out team.md"
        )
    draft.links.append(link)


def _form(draft: Draft, link: Link) -> tuple[Block | None, str | None]:
    """How most links of a kind are written: the chart or list that draws them, or the key of roles' fields."""
    reading = draft.reading
    alike = [(one, place) for one, place in zip(reading.org.links, reading.links, strict=True) if one.kind == link.kind]
    alike = [(one, place) for one, place in alike if one.mutual == link.mutual] or alike
    forms = Counter("field" if place.field else "drawn" if place.drawn else "line" for _, place in alike)
    usual = forms.most_common(1)[0][0] if forms else ""
    if usual == "drawn":
        return _block(draft.program, next(place for _, place in alike if place.drawn).span), None
    if usual == "field":
        keys = Counter(place.field.key for one, place in alike if place.field and one.mutual == link.mutual)
        return None, keys.most_common(1)[0][0] if keys else _default(link)
    nobody = "links" not in reading.parts and not any(not place.field and not place.drawn for place in reading.links)
    files = draft.program.blocks[:1] and draft.program.blocks[0].kind == "file"
    if not forms and nobody and (files or is_crew(draft) or any(place.field for place in reading.links)):
        return None, _default(link)
    node = next((e for entries in reading.roles.values() for e in entries if e.kind == "node"), None)
    if not forms and nobody and node and charts.is_chart(draft.program, node):
        return block_of(draft.program, node), None
    return None, None


def _default(link: Link) -> str:
    return "works with" if link.mutual and link.kind == "shares with" else link.kind


def is_crew(draft: Draft) -> bool:
    """Whether a draft is of the YAML file of a crew."""
    return any(entry.kind == "key" for entries in draft.reading.roles.values() for entry in entries)


def _block(program: Program, span: Span) -> Block:
    return next(block for block in program.blocks if block.span.start <= span.start < block.span.end)


def _draw(draft: Draft, link: Link, block: Block) -> bool:
    """Whether a link could be drawn: as an arrow, or by a place below another."""
    if block.kind != "list":
        return charts.add_arrow(draft, link, block)
    if link.kind != "reports to" or link.pattern:
        return False
    if {link.source, link.target} & set(draft.added):
        write_added(draft)
        draft.flush()
    ends = [e for end in (link.source, link.target) for e in draft.places(end)[:1] if e.kind == "item"]
    return len(ends) > 1 and lists.put_below(draft, *ends)


def _ends(link: Link, key: str) -> tuple[str, str]:
    """The role that has the field, and the one that it names."""
    way = LINK_KEYS[key][1]
    return (link.target, link.source) if way == "←" else (link.source, link.target)


def _holds(draft: Draft, role: str, key: str) -> bool:
    """Whether a role is written in a form that can have a field."""
    if role in draft.added:
        model = draft.model()
        return any(_takes(draft, entry, key) for entry in model)
    entries = draft.reading.roles.get(role, ())
    return any(field.key == key for e in entries for field in e.fields) or any(_takes(draft, e, key) for e in entries)


def _takes(draft: Draft, entry: Entry, key: str) -> bool:
    if entry.kind == "row":
        return tables.has_column(draft.program, entry, key)
    return entry.kind in {"section", "file", "paragraph", "key"} or (
        entry.kind == "item" and not lists.bare(draft, entry)
    )


def _named(draft: Draft, role: str, key: str) -> NamedRoles:
    """The roles that a field is to name, with those that it names now."""
    if (role, key) not in draft.named:
        before = tuple(arrows.split_names(field.value)) if (field := _field(draft, role, key)) else ()
        draft.named[role, key] = NamedRoles(key, before, list(before))
    return draft.named[role, key]


def _field(draft: Draft, role: str, key: str) -> Field | None:
    entries = draft.reading.roles.get(role, ())
    return next((field for entry in reversed(entries) for field in reversed(entry.fields) if field.key == key), None)


def _written(draft: Draft, role: str) -> str:
    """A role as fields name it: by its name, or its id where others are named so or the name would be split."""
    name = draft.added[role].name if role in draft.added else draft.reading.org.name(role)
    names = [place.name for place in draft.reading.links if place.field]
    by_id = bool(names) and all(one == slug(one) for one in names)
    return role if by_id or arrows.split_names(name) != [name] else name


def write_named(draft: Draft) -> None:
    """Write the fields that name other roles."""
    for (role, key), names in draft.named.items():
        if tuple(names.after) == names.before:
            continue
        title = _FIELDS.get(key, key.capitalize())
        if role in draft.added:
            draft.added[role].fields.append((title, ", ".join(names.after)))
            continue
        field = _field(draft, role, key)
        if field is None:
            set_field(draft, role, title, ", ".join(names.after))
        else:
            _rewrite(draft, field, names)
    draft.named.clear()


def _rewrite(draft: Draft, field: Field, names: NamedRoles) -> None:
    """Give a field other names and leave what else it says."""
    program, span = draft.program, field.value_span
    gone = [name for name in names.before if name not in names.after]
    new = [name for name in names.after if name not in names.before]
    if not gone and names.before and (match := re.search(re.escape(names.before[-1]), field.value)):
        close = re.match(r"[*_`\])]*(?:\s*\([^()]*\))?", field.value[match.end() :])
        at = span.start + match.end() + (len(close[0]) if close else 0)
        draft.replace(Span(at, at), "".join(f", {name}" for name in new))
    elif not names.after:
        dash = field.form == "cell" and "—" in program.slice(_block(program, span).span)
        replace_field(draft, field, "—" if dash or draft.keeps else None)
    else:
        replace_field(draft, field, _without(field.value, gone, names.after, new))


def _without(value: str, gone: list[str], left: list[str], new: list[str]) -> str:
    """A list of names without some, and with others; what stands beside the others is kept where it can be."""
    for name in gone:
        part = rf"[*_`\[@]*{re.escape(name)}[*_`\]]*(?:\([^()\s]*\))?(?:\s*\([^()]*\))?"
        cut = re.sub(
            rf"(?:^{part}(?:\s*[,;+&、，；]\s*|\s+and\s+|\s*$)|(?:\s*[,;+&、，；]\s*|\s+and\s+){part}(?=$|\W))",
            "",
            value,
            count=1,
        )
        value = cut
    kept = [name for name in left if name not in new]
    if arrows.split_names(value) != kept:
        return ", ".join(left)
    return ", ".join([value, *new]) if value else ", ".join(new)


def remove_link(draft: Draft, link: Link, place: LinkPlace) -> None:
    """Remove a link where it is written.

    Raises:
        DocumentError: It is drawn where nothing can be taken out.
    """
    if place.field is not None:
        _take_name(draft, link, place.field, place.name)
    elif not place.drawn:
        draft.replace(place.line, "")
    else:
        block = _block(draft.program, place.span)
        entry = next((e for e in draft.places(link.source) if e.kind == "item"), None)
        listed = block.kind == "list" and entry is not None and entry.span == place.span
        done = lists.put_below(draft, entry, None) if listed and entry else charts.remove_arrow(draft, link, block)
        if not done:
            raise DocumentError(f"{draft.program.source}: {_DRAWN}")


def _take_name(draft: Draft, link: Link, field: Field, name: str) -> None:
    roles = draft.reading.roles
    holder = next(r for r, entries in roles.items() if any(field in entry.fields for entry in entries))
    named = _named(draft, holder, field.key)
    if name in named.after:
        named.after.remove(name)
    if is_everyone(name):
        other = link.target if holder == link.source else link.source
        named.after += [_written(draft, role) for role in roles if role not in {holder, other}]
    elif not named.before or name not in named.before:  # all of the field is one name
        named.before, named.after = (name,), []


def write_lines(draft: Draft) -> None:
    """Write the bullets of the section Links."""
    if not draft.links:
        return
    reading = draft.reading
    names = {role.id: role.name for role in reading.org.roles} | draft.names
    part, rhythm = reading.parts.get("links"), reading.parts.get("rhythm")
    listed = [place for place in reading.links if place.field is None and not place.drawn]
    last = listed[-1] if listed else None
    mark = re.match(r"[-*+][ \t]+", draft.program.slice(last.line)) if last else None
    lines = [(mark[0] if mark else "- ") + link_text(draft, link, names) for link in draft.links]
    if part and last:
        draft.lines(last.line.end, *lines)
    elif part:
        draft.block(part.heading.span.end, *lines)
    else:
        at = rhythm.span.start if rhythm else main_end(draft.program)
        draft.block(at, f"{heading_marks(reading)} Links", "", *lines, rank=1)
    draft.links.clear()


def link_text(draft: Draft, link: Link, names: dict[str, str]) -> str:
    """A link in words, with the arrow that the others have."""
    written = [draft.program.slice(place.span) for place in draft.reading.links if not place.field and not place.drawn]
    usual = [arrow for arrow in ("→", *arrows.TYPED) if any(arrow in line and "<" not in line for line in written)]
    text = arrows.format_link(link, names)
    return text.replace("→", usual[0], 1) if usual and not link.mutual else text
