"""What is followed: a study, a contest or a run, whose numbered sections are made anew where its log has more."""

import json
import secrets
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any

from orgopt.api.results import Kept, is_busy
from orgopt.api.run_result import VERDICT, run_view
from orgopt.report import browser
from orgopt.report.contest_page import contest_page, contest_sections, contest_title
from orgopt.report.generations import NARROW, WIDE
from orgopt.report.page import page, sections
from orgopt.report.run_page import RunView, run_page, run_sections, run_title
from orgopt.report.shell import Sections
from orgopt.study.contest_view import ContestView, contest_view
from orgopt.study.folder import PAUSE
from orgopt.study.records.names import LOG
from orgopt.study.records.reader import Growing
from orgopt.study.verdict.study import ending
from orgopt.study.view import StudyView, study

REST = 4.0
"""How many times as long as making the sections takes, they are not made again: what runs has the machine."""


class Followed(ABC):
    """A study, a contest or a run that pages follow. Methods may be called from several threads.

    Args:
        kept: Where it lies.
    """

    def __init__(self, kept: Kept) -> None:
        self.kept, self.folder = kept, kept.folder
        self._boot, self._version = secrets.token_hex(4), 0
        self._lock = threading.Lock()
        self._mark: tuple[str, object, object] | None = None
        self._made, self._took = 0.0, 0.0
        self._state = ""
        self._parts: dict[bool, dict[str, tuple[int, str]]] = {}
        self._stale = set[bool]()

    @abstractmethod
    def page(self) -> str:
        """The page, which then asks for its sections."""

    @abstractmethod
    def _read(self) -> None:
        """Read what is new."""

    @abstractmethod
    def _sections(self, narrow: bool) -> Sections: ...

    @abstractmethod
    def _title(self) -> str: ...

    @abstractmethod
    def _over(self) -> bool:
        """Whether nothing is left to be done."""

    def _data(self) -> Mapping[str, Any] | None:
        """What the page's script reads beside the sections."""
        return None

    def news(self, since: str, *, narrow: bool) -> dict[str, Any]:
        """What is new since an answer before, by its `since`: sections by their ids, all ids in order, data, state.

        Args:
            since: Of the answer before; empty, or of another server, for all there is.
            narrow: Whether charts are drawn for a phone.

        Raises:
            UsageError, StoreError: Its log cannot be read.
        """
        with self._lock:
            self._look()
            boot, _, number = since.partition("-")
            known = int(number) if boot == self._boot and number.isdigit() else 0
            parts = self._numbered(narrow)
            said: dict[str, Any] = {"since": f"{self._boot}-{self._version}", "state": self._state}
            new = {name: text for name, (version, text) in parts.items() if version > known}
            if data := new.pop("data", ""):
                said["data"] = json.loads(data)
            if new or not known:
                said |= {"sections": new, "order": [name for name in parts if name != "data"], "title": self._title()}
            return said

    def _look(self) -> None:
        """Read the log and note the state, unless nothing changed, or it was only just done."""
        log, state = self.kept.log, self._now()
        stat = log.stat() if log.exists() else None
        mark = (state, stat and (stat.st_size, stat.st_mtime_ns), self._extra())
        known = self._mark
        # That it is over is told at once: its server may be about to end.
        resting = known is not None and known[0] == state and time.monotonic() - self._made < REST * self._took
        if mark == known or resting:
            return
        began = time.monotonic()
        self._read()
        self._mark, self._version, self._stale = mark, self._version + 1, set(self._parts)
        self._state = state if state != "stopped" or not self._over() else "done"
        self._made = time.monotonic()
        self._took = self._made - began

    def _extra(self) -> object:
        """What else than the log a page depends on."""
        return None

    def _now(self) -> str:
        if is_busy(self.kept):
            return "paused" if (self.folder / PAUSE).exists() else "running"
        return "stopped"

    def _numbered(self, narrow: bool) -> dict[str, tuple[int, str]]:
        """The sections in one width, each with the version in which it last changed."""
        before = self._parts.get(narrow, {})
        if before and narrow not in self._stale:
            return before
        began = time.monotonic()
        made: dict[str, str] = dict(self._sections(narrow))
        if (data := self._data()) is not None:
            made["data"] = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
        found = {
            name: before[name] if name in before and before[name][1] == text else (self._version, text)
            for name, text in made.items()
        }
        self._parts[narrow] = found
        self._stale.discard(narrow)
        self._took += time.monotonic() - began
        return found


class FollowedStudy(Followed):
    """A study; see `Followed`."""

    def __init__(self, kept: Kept) -> None:
        super().__init__(kept)
        self._log = Growing(self.folder / LOG)
        self.view: StudyView | None = None

    def page(self) -> str:
        with self._lock:
            self._look()
            return page(self._known(), live=True)

    def candidate(self, index: int) -> dict[str, Any] | None:
        """What a page asks for of a candidate; None where there is none of that number."""
        with self._lock:
            self._look()
            view = self._known()
            return browser.detail(view, view.candidates[index]) if 0 <= index < len(view.candidates) else None

    def _read(self) -> None:
        self.view = study(self._log.look(), self.folder)

    def _known(self) -> StudyView:
        if self.view is None:
            self._read()
        assert self.view is not None
        return self.view

    def _sections(self, narrow: bool) -> Sections:
        return sections(self._known(), (NARROW,) if narrow else (WIDE,))

    def _data(self) -> Mapping[str, Any]:
        return browser.rows(self._known())

    def _title(self) -> str:
        view = self._known()
        return f"{view.head.name}: {ending(view).title}"

    def _over(self) -> bool:
        view = self._known()
        return view.final is not None and view.final.at >= view.ended


class FollowedRun(Followed):
    """A run; see `Followed`."""

    def __init__(self, kept: Kept) -> None:
        super().__init__(kept)
        self.run: RunView | None = None

    def page(self) -> str:
        with self._lock:
            self._look()
            return run_page(self._known(), live=True)

    def _read(self) -> None:
        self.run = run_view(self.folder)

    def _known(self) -> RunView:
        self.run = self.run or run_view(self.folder)
        return self.run

    def _extra(self) -> object:
        return (self.folder / VERDICT).exists()

    def _sections(self, narrow: bool) -> Sections:  # noqa: ARG002  its charts are small
        return run_sections(self._known())

    def _title(self) -> str:
        return f"{self.kept.name}: {run_title(self._known())}"

    def _over(self) -> bool:
        events = self._known().events
        return bool(events) and events[-1].kind == "end"


class FollowedContest(Followed):
    """A contest; see `Followed`."""

    def __init__(self, kept: Kept) -> None:
        super().__init__(kept)
        self.view: ContestView | None = None

    def page(self) -> str:
        with self._lock:
            self._look()
            return contest_page(self._known(), live=True)

    def _read(self) -> None:
        self.view = contest_view(self.folder)

    def _known(self) -> ContestView:
        self.view = self.view or contest_view(self.folder)
        return self.view

    def _sections(self, narrow: bool) -> Sections:  # noqa: ARG002  its tables fold by themselves
        return contest_sections(self._known())

    def _title(self) -> str:
        return f"{self.kept.name}: {contest_title(self._known())}"

    def _over(self) -> bool:
        view = self._known()  # more seeds may follow, and none is under way
        return bool(view.runs) and len(view.runs) == view.seeds * len(view.entrants) * len(view.head.tasks)


def followed(kept: Kept) -> Followed:
    """A study, a contest or a run to be followed."""
    kinds: Mapping[str, type[Followed]] = {"study": FollowedStudy, "contest": FollowedContest, "run": FollowedRun}
    return kinds[kept.kind](kept)
