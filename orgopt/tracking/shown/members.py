"""The candidates of a study as runs of MLflow: their families, ranks and ledgers."""

from collections.abc import Callable, Mapping
from pathlib import Path

from orgopt.document import parse, read
from orgopt.ledger import read_ledger
from orgopt.study.records.names import SEARCH
from orgopt.study.view import StudyView
from orgopt.tracking import candidate_values
from orgopt.tracking.backend.entry import Entry
from orgopt.tracking.shown.candidate_note import Family, note


class Members:
    """The candidates of a study as entries."""

    def __init__(self, view: StudyView, folder: Path, address: Callable[[str], str], own: str) -> None:
        self.view, self.folder, self.address, self.own = view, folder, address, own
        self.by_name = {one.name: one for one in view.candidates}
        known = [one for one in view.candidates if one.standing]
        ranked = sorted(known, key=lambda one: -(one.standing.value if one.standing else 0.0))
        self.places = {one.name: place for place, one in enumerate(ranked, 1)}
        self.ended = {one.entrant: one.at for one in view.evaluations if one.phase == SEARCH}
        self.varied = candidate_values.varying(view.candidates)

    def entry(self, name: str) -> Entry:
        """The run of a candidate."""
        folder = self.folder / "candidates" / name
        paths = {task: folder / f"ledger-{task}.jsonl" for task in self.view.tasks}
        ledgers = {task: [event.to_dict() for event in read_ledger(path)] for task, path in paths.items()}
        return candidate_values.entry(self.family(name), ledgers, self.place(name))

    def family(self, name: str) -> Family:
        """A candidate and its parent."""
        own = self.by_name[name]
        parent = self.view.parent(own)
        address = self.address(parent.name) if parent else ""
        ended = self.ended.get(name, own.record.at)
        return Family(self.view, own, parent, address, self.own, self.address("study"), ended, self.varied)

    def note(self, name: str) -> str:
        """The note of a candidate."""
        return note(self.family(name), self.place(name))

    def place(self, name: str) -> int:
        """The rank of a candidate in the search, from 1."""
        return self.places.get(name, len(self.view.candidates))

    def differ(self, name: str, other: str) -> int:
        """In how many parameters two candidates differ."""
        one = {**self._params(name), **self.lacking(name, other)}
        two = {**self._params(other), **self.lacking(other, name)}
        return sum(one[key] != two[key] for key in {*one} & {*two})

    def lacking(self, name: str, other: str) -> dict[str, str]:
        """The parameters that another candidate has and one has not; of a role that it lacks, its agent alone.

        MLflow's table shows no row that lacks a value: a role that one of two lacks is one row.
        """
        own, found = self._params(name), self._params(other)
        roles = {key.partition(".")[0] for key in own if "." in key}
        missing = (key for key in found if key in self.varied and key not in own)
        shown = (key for key in missing if "." not in key or key.partition(".")[0] in roles or key.endswith(".agent"))
        names = {role.id: role.name for role in read(parse(self.by_name[other].record.program)).org.roles}
        return {key: self._no(key, names) for key in shown}

    @staticmethod
    def _no(key: str, names: Mapping[str, str]) -> str:
        """What a candidate has instead: `no Explorer` of a role, `no link` of a link."""
        role, dot, _ = key.partition(".")
        return f"no {names.get(role, role)}" if dot else candidate_values.NONE

    def _params(self, name: str) -> Mapping[str, str]:
        return candidate_values.params(self.by_name[name].record.program)

    def later(self) -> dict[str, dict[str, str]]:
        """The parameters of each candidate that differ now, and did not when its generation was sent."""
        found: dict[str, dict[str, str]] = {}
        for number in self.view.complete:
            members = self.view.generation(number)
            so_far = [one for one in self.view.candidates if one.record.generation <= number]
            new = self.varied - candidate_values.varying(so_far)
            found |= {one.name: more for one in members if (more := candidate_values.chosen(one, new))}
        return found
