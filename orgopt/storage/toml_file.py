"""A file of TOML, read whole, with a message of one line where it cannot be."""

import tomllib
from pathlib import Path
from typing import Any

from orgopt.errors import OrgoptError
from orgopt.storage import regular_files


def read_toml(path: Path, failure: type[OrgoptError]) -> tuple[str, dict[str, Any]]:
    """The text of a file, and what it says.

    Args:
        path: The file.
        failure: The error of whoever wants it.

    Raises:
        failure: It cannot be read, or is no TOML.
    """
    try:
        text = regular_files.read_text(path)
        return text, tomllib.loads(text)
    except OSError as error:
        raise failure(f"{path}: {error.strerror}") from None
    except RecursionError:
        raise failure(f"{path}: brackets in brackets without end") from None
    except ValueError as error:
        raise failure(f"{path}: {error}") from None
