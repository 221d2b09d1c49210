"""Names of roles for files and for tools that take letters, digits and dashes alone."""

import hashlib
import re
import unicodedata

from orgopt.org import Org

_MOST = 40  # characters: names of files end at 255 bytes, and a person reads these
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)")  # no file of Windows can be called so


def plain_names(org: Org) -> dict[str, str]:
    """A name for each role by its id, of `a-z`, `0-9` and dashes inside, and no two the same.

    It is the id where that will do. A name that loses letters by it (`探索员`, one that is too long) ends with some
    digits of its hash, so that it stays the same when roles around it change.
    """
    found: dict[str, str] = {}
    for role in org.roles:
        name = first = plain_name(role.id)
        number = 1
        while name in found.values():
            number += 1
            name = f"{first}-{number}"
        found[role.id] = name
    return found


def plain_name(role_id: str) -> str:
    """A name of `a-z`, `0-9` and dashes inside for an id, or any text: itself where that will do."""
    text = unicodedata.normalize("NFKD", role_id).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "-", text)[:_MOST].strip("-")
    if name == role_id and not _RESERVED.fullmatch(name):
        return name
    mark = hashlib.sha256(role_id.encode("utf-8", "replace")).hexdigest()[:6]
    return f"{name or 'role'}-{mark}"
