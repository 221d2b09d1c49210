"""The keys of `orgopt.toml` about commands that roles may run, `[agents.NAME]`."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields
from math import isfinite
from pathlib import Path
from typing import Any, cast

from orgopt.basics.slug import slug
from orgopt.errors import UsageError

PLACEHOLDERS = ("prompt", "prompt_file", "worktree", "script", "model", "relay")
"""What words of a command, and values of its variables, may have between braces."""

MAX_OUTPUT_KB = 128
MAX_EXPERIMENTS = 10
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_VARIABLE = re.compile(r"[A-Za-z_]\w*(=.*)?", re.DOTALL)
_SECRET = re.compile(r"(KEY|TOKEN|SECRET|PASSWORD)=", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandSettings:
    """A command that a role may run.

    Attributes:
        name: As documents have it, after `command:`.
        command: Its words; those of `PLACEHOLDERS` stand in braces. Without a prompt in any of them, it is what the
            command reads on standard input.
        timeout_s: When it is ended.
        env: Names of the variables that it gets as they are here, and others as `NAME=value`.
        relay: Whether orgopt asks a model for it.
        network: Whether it may use the network.
        read, write: Absolute paths that it sees besides, and may change.
        max_output_kb: How much of its output is kept.
        usd_per_call: The most dollars that a call costs, which each is booked with where there is no relay; None where
            nobody says.
        tokens_per_call: The most tokens of a call, where there is a relay; None is no limit.
        max_experiments: How many of its commits become experiments, the last ones.
        memory_gb, disk_gb: What it may use.
    """

    name: str
    command: tuple[str, ...]
    timeout_s: float = 600.0
    env: tuple[str, ...] = ()
    relay: bool = False
    network: bool = False
    read: tuple[str, ...] = ()
    write: tuple[str, ...] = ()
    max_output_kb: int = 16
    usd_per_call: float | None = None
    tokens_per_call: int | None = None
    max_experiments: int = 3
    memory_gb: float = 4.0
    disk_gb: float = 1.0

    def uses(self, placeholder: str) -> bool:
        """Whether a placeholder stands in the command."""
        words = (*self.command, *self.sets.values())
        return any(placeholder in _PLACEHOLDER.findall(word) for word in words)

    @property
    def passes(self) -> tuple[str, ...]:
        """The names of variables that it gets as they are here."""
        return tuple(one for one in self.env if "=" not in one)

    @property
    def sets(self) -> dict[str, str]:
        """The variables whose values stand in the settings."""
        return dict(one.split("=", 1) for one in self.env if "=" in one)

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> "CommandSettings":
        """Settings from JSON values."""
        lists: dict[str, Any] = {key: tuple(data[key]) for key in ("command", "env", "read", "write")}
        return cls(**{**data, **lists})


def read_commands(table: Mapping[str, Any]) -> dict[str, CommandSettings]:
    """The commands of the table `agents`, by name.

    Raises:
        UsageError: One is not understood; says what to write.
    """
    return {name: _command(name, given) for name, given in table.items()}


def _command(name: str, given: Any) -> CommandSettings:
    where = f"[agents.{name}]"
    if not name or slug(name) != name:
        raise UsageError(
            f"orgopt.toml: {where}: a name has small letters, digits and single dashes: {slug(name) or 'my-cli'}"
        )
    if not isinstance(given, dict) or "command" not in given:
        raise UsageError(f'orgopt.toml: {where} needs a command, such as command = ["my-cli", "{{prompt_file}}"]')
    known = [one.name for one in fields(CommandSettings) if one.name != "name"]
    found: dict[str, Any] = {}
    for key, value in cast("dict[str, Any]", given).items():
        if key not in known:
            raise UsageError(f"orgopt.toml: {where} has no option '{key}': {', '.join(known)}")
        found[key] = _READ[key](f"{where} {key}", value)
    settings = CommandSettings(name=name, **found)
    for key, value in (("{relay}", settings.uses("relay")), ("tokens_per_call", settings.tokens_per_call)):
        if value and not settings.relay:
            raise UsageError(f"orgopt.toml: {where} has {key}, which needs relay = true")
    return settings


def _words(where: str, value: Any) -> tuple[str, ...]:
    words = _texts(where, value)
    if not words or not words[0].strip():
        raise UsageError(f'orgopt.toml: {where} is empty: write ["my-cli", "{{prompt_file}}"]')
    _require_known(where, words)
    return words


def _require_known(where: str, words: Iterable[str]) -> None:
    unknown = [name for word in words for name in _PLACEHOLDER.findall(word) if name not in PLACEHOLDERS]
    if unknown:
        allowed = ", ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise UsageError(f"orgopt.toml: {where} has {{{unknown[0]}}}, which stands for nothing: {allowed}")


def _texts(where: str, value: Any) -> tuple[str, ...]:
    texts = cast("list[Any]", value) if isinstance(value, list) else None
    if texts is None or not all(isinstance(one, str) and "\0" not in one for one in texts):
        raise UsageError(f'orgopt.toml: {where} must be a list of texts, such as ["a", "b"]')
    return tuple(texts)


def _variables(where: str, value: Any) -> tuple[str, ...]:
    for name in (names := _texts(where, value)):
        if not _VARIABLE.fullmatch(name):
            raise UsageError(f"orgopt.toml: {where} has names of variables, and NAME=value where that is no secret")
        if _SECRET.search(name):
            shown = name.partition("=")[0]
            raise UsageError(f"orgopt.toml: {where} has the value of {shown}: secrets belong into the environment")
    _require_known(where, (name for name in names if "=" in name))
    return names


def _paths(where: str, value: Any) -> tuple[str, ...]:
    """Absolute paths."""
    paths = tuple(Path(one).expanduser() for one in _texts(where, value))
    for path in paths:
        if not path.is_absolute() or path == Path("/"):
            raise UsageError(f"orgopt.toml: {where} has '{path}': write an absolute path, or one that begins with ~")
    return tuple(str(path) for path in paths)


def _flag(where: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise UsageError(f"orgopt.toml: {where} must be true or false")
    return value


def _number(where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0 or not isfinite(value):
        raise UsageError(f"orgopt.toml: {where} must be a number above zero")
    return float(value)


def _dollars(where: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value >= 0 or not isfinite(value):
        raise UsageError(f"orgopt.toml: {where} must be a number of dollars, 0 where a call costs nothing")
    return float(value)


def _whole(where: str, value: Any, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise UsageError(f"orgopt.toml: {where} must be a whole number from 1 to {most}")
    return value


_READ: dict[str, Callable[[str, Any], object]] = {
    "command": _words,
    "timeout_s": _number,
    "env": _variables,
    "relay": _flag,
    "network": _flag,
    "read": _paths,
    "write": _paths,
    "max_output_kb": lambda where, value: _whole(where, value, MAX_OUTPUT_KB),
    "usd_per_call": _dollars,
    "tokens_per_call": lambda where, value: _whole(where, value, 1_000_000_000),
    "max_experiments": lambda where, value: _whole(where, value, MAX_EXPERIMENTS),
    "memory_gb": _number,
    "disk_gb": _number,
}
