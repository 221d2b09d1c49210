"""A new role in the form of the roster: a row, a bullet, a section, a node, an agent of a crew, a file; or two."""

from orgopt.agent_names import DEFAULT_AGENT
from orgopt.document.editing.draft import Draft, NewRole
from orgopt.document.editing.forms import charts, crews, files, lists, sections, tables
from orgopt.document.editing.forms.keys import add_section, set_field
from orgopt.document.editing.forms.tables import COLUMNS
from orgopt.document.editing.splice import with_roles
from orgopt.document.grammar.key_table import KEYS
from orgopt.document.reading.entry import Entry
from orgopt.org import Role


def write_added(draft: Draft) -> None:
    """Write the roles that are to be added."""
    for role_id, new in list(draft.added.items()):
        if draft.reading.plain:
            draft.flush(with_roles(draft.program))
        model = draft.model()
        if any(entry.kind == "row" for entry in model):
            draft.settle(COLUMNS)
            model = draft.model()
        if draft.added_to & {entry.kind for entry in model} & {"item", "node"}:
            draft.flush()  # its number, or its id, follows from the one before
            model = draft.model()
        left = _written(draft, new, model)
        draft.added_to |= {entry.kind for entry in model}
        left = [(key, value) for key, value in left if (key.lower(), value) != ("agent", DEFAULT_AGENT)]
        if left:
            _elsewhere(draft, role_id, new, left)
        del draft.added[role_id]
    draft.added_to.clear()


def add_apart(draft: Draft) -> None:
    """Write the roles that are to be added as sections, beside a roster of another form."""
    for new in draft.added.values():
        add_section(draft, new.text)
    draft.added.clear()


def _written(draft: Draft, new: NewRole, model: tuple[Entry, ...]) -> list[tuple[str, str]]:
    """Write a role as another is; gives what its form cannot hold, the charter included."""
    by_kind = {entry.kind: entry for entry in model}
    file = by_kind.get("file")
    path = files.path_for(draft, new, file) if file else ""
    left = _in_roster(draft, new, by_kind, path)
    if file:
        return files.add(draft, new, file, path)
    return left


def _in_roster(draft: Draft, new: NewRole, by_kind: dict[str, Entry], path: str) -> list[tuple[str, str]]:
    if row := by_kind.get("row"):
        return tables.add(draft, new, row, path)
    if item := by_kind.get("item"):
        return lists.add(draft, new, item, path)
    if (node := by_kind.get("node")) and charts.is_chart(draft.program, node):
        return charts.add(draft, new, node)
    if key := by_kind.get("key"):
        return crews.add(draft, new, key)
    if paragraph := by_kind.get("paragraph"):
        return sections.add(draft, new, paragraph)
    if section := by_kind.get("section"):
        return sections.add(draft, new, section)
    if "file" not in by_kind:
        add_section(draft, new.text)
    return []


def _elsewhere(draft: Draft, role_id: str, new: NewRole, left: list[tuple[str, str]]) -> None:
    """Write what the form of the roster has no place for: in a place that takes it, else as a section of its own."""
    draft.flush()
    role = draft.reading.org.role(role_id)
    charter = next((value for key, value in left if key == "charter"), "")
    rest = [(key, value) for key, value in left if key != "charter" and not _is(role, key, value)]
    if charter:
        lines = [f"# {new.name}", *(f"- **{key}:** {value}" for key, value in rest), "", charter]
        add_section(draft, "\n".join(lines) + "\n")
        return
    for key, value in rest:
        set_field(draft, role_id, key, value)


def _is(role: Role | None, key: str, value: str) -> bool:
    """Whether a role has a value already."""
    of = KEYS.get(key.lower())
    own = getattr(role, of.attribute) if role and of else None
    return of is not None and own is not None and of.format(own) == value
