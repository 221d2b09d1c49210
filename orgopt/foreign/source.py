"""Python sources as people have them: with a byte order mark, in the encoding that they name, with any line ends."""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

from orgopt.basics import syntax
from orgopt.errors import TaskError

_KEPT = 64
"""Files whose syntax is kept: a checkout is read by many eyes, and walking a tree is most of what they take."""
_CODING = re.compile(r"^([ \t\f]*#.*?coding[:=][ \t]*)([-\w.]+)")


def read(path: Path) -> str:
    """The text of a Python source, as one that can be written in UTF-8.

    It is decoded as Python does (PEP 263), and a line that names another encoding names UTF-8 afterwards, because
    experiments are given this text in UTF-8.

    Raises:
        TaskError: It cannot be read.
    """
    try:
        raw = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        text = io.TextIOWrapper(io.BytesIO(raw), encoding).read()
    except SyntaxError as error:  # an encoding that nobody knows, or bytes that are none of it
        raise TaskError(f"{path}: {error.msg}") from None
    except (OSError, ValueError) as error:
        raise TaskError(f"{path} cannot be read: {error}") from None
    lines = text.split("\n")
    if encoding not in {"utf-8", "utf-8-sig"}:
        lines[:2] = [_CODING.sub(r"\1utf-8", line) for line in lines[:2]]
    return "\n".join(lines)


def parsed(path: Path) -> ast.Module:
    """A script's syntax.

    Raises:
        TaskError: It cannot be read, or is no Python.
    """
    return tree(read(path), path)


def tree(text: str, path: Path) -> ast.Module:
    """The syntax of a text that was read from a file.

    Raises:
        TaskError: It is no Python.
    """
    try:
        return _tree(text)
    except SyntaxError as error:
        own = "Python {}.{}".format(*sys.version_info)
        raise TaskError(
            f"{path}:{error.lineno}: it is not {own}, in which orgopt runs: {error.msg}. Where it is a newer one, "
            "install orgopt with that"
        ) from None
    except ValueError as error:  # null bytes
        raise TaskError(f"{path} cannot be read: {error}") from None
    except RecursionError:
        raise TaskError(f"{path} cannot be read: it is nested too deeply") from None


@lru_cache(maxsize=_KEPT)
def _tree(text: str) -> ast.Module:
    return syntax.tree(text)


def nodes(tree: ast.AST) -> Sequence[ast.AST]:
    """All nodes of a tree, as `ast.walk` has them; those of a whole file are gone through once for all that asks."""
    return _nodes(tree) if isinstance(tree, ast.Module) else tuple(ast.walk(tree))


@lru_cache(maxsize=_KEPT)
def _nodes(tree: ast.Module) -> Sequence[ast.AST]:
    return tuple(ast.walk(tree))


def words(name: str) -> list[str]:
    """The words of a name, in lower case: of `val/top1_Acc`, `valBpb` or `VAL_ACC`."""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z][a-z])", "_", name)
    return [word for word in re.split(r"[^a-z0-9]+", spaced.lower()) if word]


def vocabulary(text: str) -> frozenset[str]:
    """The words of a list that is written as a text."""
    return frozenset(text.split())
