"""What MLflow does not have yet of a study is sent, each thing once.

The values are `candidate_values`' and `study_values`'.

The log is read as far as it goes; each generation that is complete, and the end, is shown as the
log had it at that place, whenever it is sent.
"""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from orgopt.errors import StoreError
from orgopt.ledger import read_ledger
from orgopt.study.folder import MODEL
from orgopt.study.records.head import StudyRecord
from orgopt.study.records.kinds import EnsembleRecord, FinalRecord, GenerationRecord, Record
from orgopt.study.records.reader import written
from orgopt.study.verdict.study import ending
from orgopt.study.view import CandidateView, StudyView, study
from orgopt.tracking import logged_model, names, study_values
from orgopt.tracking.backend import mlflow_addresses
from orgopt.tracking.backend.entry import OWN, PROMPTS, Entry
from orgopt.tracking.backend.store import Store
from orgopt.tracking.names import digest
from orgopt.tracking.prompts import LONGEST, Prompt
from orgopt.tracking.sent_record import Noted
from orgopt.tracking.shown import chart_views, control
from orgopt.tracking.shown.members import Members
from orgopt.tracking.shown.study_note import in_words
from orgopt.tracking.tracing import sending, span_names, traces

_KEPT = ("test", "real", "held-out", "race", "candidates")
"""Folders of runs that become traces: what counts first."""
_APART_S = 0.01
"""Traces of one moment are this far apart: lists have the newest first, and pairs beside each other."""
_NOTHING: Mapping[str, str] = MappingProxyType({})


class Unsent:
    """One pass over a study's records: sends what is not noted, and notes it."""

    def __init__(self, store: Store, prompt: Prompt, folder: Path, workspace: Path, noted: Noted) -> None:
        self.store, self.prompt, self.folder, self.workspace, self.noted = store, prompt, folder, workspace, noted
        self.found: dict[str, str] = {}

    def send(self, records: Sequence[Record]) -> Iterator[str]:
        """The keys of what is sent, each after it was.

        Raises:
            StoreError: The study was deleted in MLflow.
            Exception: What MLflow raises.
        """
        self._check()
        yield from self._once(["study"], lambda _: self._study(study(records[:1]).head))
        for at, record in enumerate(records):
            if isinstance(record, GenerationRecord):
                yield from self._generation(records[: at + 1], record.generation)
        finals = [(at, record) for at, record in enumerate(records) if isinstance(record, FinalRecord)]
        for at, final in finals[-1:]:
            yield from self._end(records[: at + 1], final)

    def _check(self) -> None:
        """Ask for what was perhaps sent, and whether the study is still there."""
        state = self.store.state(self.noted.ids["study"]) if "study" in self.noted.ids else "active"
        if not state:
            self.noted.forget()
        if state == "deleted":
            raise StoreError("the study's run was deleted in MLflow: restore it there, or choose another name for it")
        if self.noted.doubtful or not self.noted.ids:
            self.found = dict([*self.store.find(), *self.prompt.find()])

    def _once(self, keys: Sequence[str], send: Callable[[str], str]) -> Iterator[str]:
        """Send what is not noted of some keys."""
        missing = [key for key in keys if key not in self.noted.ids]
        self.noted.intend(missing)
        for key in missing:
            self.noted.put(key, send(key))
            yield key

    def _study(self, head: StudyRecord) -> str:
        return self.store.send(study_values.study(head, _commit(self.workspace)), known=self.found.get("study", ""))

    def _generation(self, records: Sequence[Record], number: int) -> Iterator[str]:
        """A generation's run, its candidates' runs, the study's points, and the seed document as a prompt."""
        done = f"generation {number} done"
        if done in self.noted.ids:
            return
        view = study(records)
        run, points = study_values.generation(view, number)
        study_run = self.noted.ids["study"]
        yield from self._once([run.key], lambda key: self.store.send(run, parent=study_run, known=self._known(key)))
        members = self._members(view)
        own = [one.name for one in view.generation(number)]
        parent = self.noted.ids[run.key]

        yield from self._once(
            own, lambda name: self.store.send(members.entry(name), parent=parent, known=self._known(name))
        )
        seed = view.candidates[0]
        if number == 0:
            yield from self._version(seed, "seed", told=study_values.untested())
            # Spans cost MLflow more than all the rest: of the others, only the champion's are sent, at the end.
            yield from self._traces(view, records[-1].at, [("candidates", seed.name)])
        ended = max(entry.at for entry in records)
        update = Entry(at=ended, ended=False, points=points, tags={} if view.final else study_values.progress(view))

        def close(_: str) -> str:
            self._add(run.key, study_values.listed(view, number, self._address))
            return self._add("study", update)

        yield from self._once([done], close)

    def _version(
        self, one: CandidateView, alias: str, parent: CandidateView | None = None, told: Mapping[str, str] = _NOTHING
    ) -> Iterator[str]:
        """A candidate's document as a version of the prompt, with an alias, and tags that lead the others."""
        if len(one.record.program) > LONGEST:
            return
        key = f"prompt {one.name}"
        known = self.found.get(key)
        yield from self._once(
            [key], lambda _: known or self.prompt.register(key, one, parent.name if parent else "", told)
        )
        self.prompt.alias(alias, self.noted.ids[key])

    def _traces(self, view: StudyView, at: float, kept: Sequence[tuple[str, str]]) -> Iterator[str]:
        """The kept runs of some places and candidates as traces, in the order in which lists have them."""
        for row, (place, name) in enumerate(kept):
            when = at - row * _APART_S
            for path in sorted((self.folder / place / name).glob("ledger-*.jsonl")):
                key = f"trace {place} {name} {path.stem.removeprefix('ledger-')}"
                send = partial(self._trace, name=name, where=(place, path), view=view, at=when)
                if key not in self.noted.ids:
                    yield from self._once([key], send)

    def _trace(self, key: str, name: str, where: tuple[str, Path], view: StudyView, at: float) -> str:
        place, path = where
        events = [event.to_dict() for event in read_ledger(path)]
        if len(events) < 2:
            return "none"
        trace = sending.send(
            traces.spans(span_names.told(view, name, place, path), f"{self.store.study} {key}", events, at),
            uri=self.store.uri,
            experiment=self.store.experiment,
            run_id=self.noted.ids[name],
            tags={names.STUDY.name: self.store.study, names.KEY.name: key, names.CANDIDATE.name: name},
            score=span_names.mean_of(view, name, place, path),
        )
        self.store.client.link_traces_to_run([trace], self.noted.ids["study"])
        return trace

    def _end(self, records: Sequence[Record], final: FinalRecord) -> Iterator[str]:
        view = study(records, self.folder)
        key = f"final {digest(str(written(final)))}"
        if key in self.noted.ids:
            return
        champion, members = view.candidate(final.champion), self._members(view)
        found = self._ways(final)
        seed = view.candidates[0]
        differ = members.differ(seed.name, final.champion)
        self.store.views(chart_views.views(view, self.store.study, self.noted.ids[seed.name], differ))
        yield from self._varied(key, members, final)
        for former in {one.champion for one in records if isinstance(one, FinalRecord)} - {final.champion}:
            again = study_values.former(view.head, members.by_name[former], members.note(former), final.at)
            yield from self._once([f"{key} former {former}"], lambda _, n=former, e=again: self._add(n, e))
        if champion:
            yield from self._version(champion, "champion", view.parent(champion), study_values.tested(final))
            both = dict.fromkeys((seed.name, champion.name))
            kept = [(place, name) for place in _KEPT for name in both]
            yield from self._traces(view, records[-1].at, kept[: -len(both)])
            # The seed document's run in the search was sent when it was over: the champion's stands below it.
            searched = next(one.at for one in records if isinstance(one, GenerationRecord))
            yield from self._traces(view, searched - _APART_S, kept[-1:])
            yield from self._tested(key, view, final)
            more = {words: found[words] for words in study_values.OF_CHAMPION if words in found}
            update = study_values.champion(members.family(champion.name), final, more)
            linked = self._linked((view.candidates[0].name, champion.name))
            update = replace(update, tags={**update.tags, **linked})
            yield from self._once([f"{key} champion"], lambda _: self._add(champion.name, update))
        for one in control.controls(view, final):
            again = Entry(at=one.at, ended=False, tags=one.tags, points=one.points)
            yield from self._once([one.key], partial(self._child, one))
            yield from self._once([f"{key} {one.key}"], lambda _, n=one.key, e=again: self._add(n, e))
        yield from self._model(records)
        conclusion = study_values.conclusion(view, final, self._address(final.champion), found)
        conclusion = replace(
            conclusion, tags={**conclusion.tags, **self._linked((view.candidates[0].name, final.champion))}
        )
        yield from self._once([key], lambda _: self._add("study", conclusion))

    def _members(self, view: StudyView) -> Members:
        return Members(view, self.folder, self._address, self.store.address(OWN))

    def _ways(self, final: FinalRecord) -> dict[str, str]:
        """Where the views of an ended study are, by what they show."""
        experiment, study = self.store.experiment, self._address("study")
        charts, teams = chart_views.keys(self.store.study)
        champion = self._address(final.champion)
        return {
            "Seed document beside champion": mlflow_addresses.charts(experiment, teams),
            "their documents in colours": mlflow_addresses.artifact(study, "champion/diff.html"),
            "champion's runs, step by step": mlflow_addresses.traces(champion) if champion else "",
            "charts": mlflow_addresses.charts(experiment, charts),
            "all candidates": mlflow_addresses.every(experiment),
            "report": mlflow_addresses.artifact(study, "report.html"),
            "prompt versions": mlflow_addresses.prompt(experiment, self.prompt.name),
        }

    def _linked(self, candidates: Sequence[str]) -> dict[str, str]:
        """The tag by which a run's page links to versions of the prompt, as far as there are any."""
        keys = dict.fromkeys(f"prompt {name}" for name in candidates)
        versions = [self.noted.ids[key] for key in keys if key in self.noted.ids]
        told = [{"name": self.prompt.name, "version": version} for version in versions]
        return {PROMPTS: json.dumps(told)} if told else {}

    def _varied(self, key: str, members: Members, final: FinalRecord) -> Iterator[str]:
        """Parameters of runs that were sent: those that vary since, and what champion or seed document lacks alone."""
        later, seed = members.later(), members.view.candidates[0].name
        for one, other in ((seed, final.champion), (final.champion, seed)):
            later[one] = {**later.get(one, {}), **members.lacking(one, other)}
        for name, found in later.items():
            more = Entry(at=final.at, ended=False, params=found)
            yield from self._once([f"{key} parameters {name}"], lambda _, n=name, e=more: self._add(n, e))

    def _tested(self, key: str, view: StudyView, final: FinalRecord) -> Iterator[str]:
        """What the test says, on the run and the version of the seed document, and on the champion's version."""
        seed = view.candidates[0]
        update = study_values.seed_tested(view, final)
        if update and seed.name != final.champion:
            yield from self._once([f"{key} seed"], lambda _: self._add(seed.name, update))
        tags = {seed.name: study_values.seed_tags(final), final.champion: study_values.tested(final)}
        for name, told in tags.items():
            if version := self.noted.ids.get(f"prompt {name}"):
                self.prompt.tag(version, told)
        if any(f"prompt {name}" in self.noted.ids for name in tags):
            version = self.noted.ids.get(f"prompt {final.champion}", "")
            self.prompt.tell({names.PROMPT_CHAMPION.name: in_words(final, version, ending(view).word)})

    def _model(self, records: Sequence[Record]) -> Iterator[str]:
        """The feedback model as it was at the end."""
        record = next((one for one in reversed(records) if isinstance(one, EnsembleRecord)), None)
        path = self.folder / MODEL
        if record is None or not path.is_file():
            return
        key, store = f"model {record.digest}", self.store
        where, study = (store.client, store.experiment, self.noted.ids["study"]), store.study
        send = partial(logged_model.send, *where, study=study, key=key, record=record, path=path)
        yield from self._once([key], lambda _: send())

    def _child(self, entry: Entry, key: str) -> str:
        """Send a run below the study's."""
        return self.store.send(entry, parent=self.noted.ids["study"], known=self._known(key))

    def _add(self, key: str, entry: Entry) -> str:
        self.store.add(self.noted.ids[key], entry)
        return "done"

    def _known(self, key: str) -> str:
        return self.found.get(key, "")

    def _address(self, name: str) -> str:
        """Where the run of a candidate is; empty where it is not."""
        run_id = self.noted.ids.get(name)
        return self.store.address(run_id) if run_id else ""


def _commit(workspace: Path) -> str:
    """The git commit of a workspace; empty where there is none."""
    with suppress(OSError, subprocess.SubprocessError):
        command = ["git", "-C", str(workspace), "rev-parse", "HEAD"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=5, check=True)
        return done.stdout.strip()
    return ""
