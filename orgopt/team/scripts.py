"""The script of each experiment: the task's own with its settings, or what an agent made of it."""

import hashlib
from collections.abc import Iterator, Mapping

from orgopt.ledger import BASELINE
from orgopt.tasks.knob import Settings, with_values
from orgopt.tasks.task import Task


class Scripts(Mapping[int, str]):
    """Texts of the editable file by experiment; 0 is the task's own.

    Args:
        task: Whose script it is; of a world, the text that declares its knobs.
    """

    def __init__(self, task: Task) -> None:
        self._source, self._defaults = task.source, task.complete({})
        self._settings: dict[int, Settings] = {BASELINE: self._defaults}
        self._edited: dict[int, str] = {}
        self._keys: dict[int, str] = {}
        self._ran: set[str] = set()

    def put(self, experiment: int, settings: Settings, script: str | None) -> None:
        """Note an experiment; `script` is None for settings alone."""
        self._settings[experiment] = settings
        plain = None if script is None else with_values(script, self._defaults)
        if script is not None and plain is not None and plain != self._source:
            self._edited[experiment] = script
            self._keys[experiment] = _digest(plain)
            self._ran.add(self._keys[experiment])

    def child(self, parent: int, settings: Settings) -> str | None:
        """The script of an experiment that starts from another and turns its knobs; None for the task's own."""
        base = self._edited.get(parent)
        return None if base is None else with_values(base, settings)

    def describe(self, experiment: int) -> dict[str, object]:
        """An experiment's script as a ledger has it: what the knobs change, and the whole text if it was rewritten."""
        settings, edited = self._settings[experiment], self._edited.get(experiment)
        changed = {name: value for name, value in settings.items() if self._defaults[name] != value}
        return {"knobs": changed, **({} if edited is None else {"script": edited})}

    def rewritten(self, script: str) -> bool:
        """Whether a script is neither the task's own nor one that ran before, whatever its knobs."""
        plain = with_values(script, self._defaults)
        return plain != self._source and _digest(plain) not in self._ran

    def key(self, experiment: int) -> str:
        """What tells its script from others, whatever the knobs; empty for the task's own."""
        return self._keys.get(experiment, "")

    def edited(self, experiment: int) -> str | None:
        """The script where an agent rewrote it; None for settings alone."""
        return self._edited.get(experiment)

    def commit(self, experiment: int) -> str:
        """Seven hex digits that name the script's content."""
        return commit_of(self[experiment])

    def __getitem__(self, experiment: int) -> str:
        edited = self._edited.get(experiment)
        return with_values(self._source, self._settings[experiment]) if edited is None else edited

    def __iter__(self) -> Iterator[int]:
        return iter(self._settings)

    def __len__(self) -> int:
        return len(self._settings)


def _digest(plain: str) -> str:
    return hashlib.sha256(plain.encode()).hexdigest()[:12]


def commit_of(script: str) -> str:
    """Seven hex digits that name the script's content, as a git commit would."""
    return hashlib.sha256(script.encode()).hexdigest()[:7]
