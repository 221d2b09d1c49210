"""What a person says before a rewritten script runs: asked once, kept in the ledger, repeated from there."""

import os
import select
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import click
import pytest

from orgopt.agent_names import LANGUAGE_AGENT
from orgopt.agents.approval import Approve, Rewritten
from orgopt.agents.base import Agent, Proposal, Thinking, Thought, View
from orgopt.cli.shared.approve import approver, forget_typed
from orgopt.errors import UsageError
from orgopt.ledger import Ledger
from orgopt.org import Org
from orgopt.tasks.task import Task
from orgopt.team.runtime import Team
from tests.fakes.lab import FakeLab
from tests.test_words import role

BUDGET_S = 12.0


class Editor(Agent):
    """Writes a line more each time, turns a knob every third time, and notes what it hears."""

    def __init__(self, task: Task) -> None:
        self.task, self.heard, self.number = task, list[str](), 0

    def think(self, view: View) -> Thinking:
        self.number += 1
        settings = self.task.complete({"X": 0.01 * self.number})
        script = f"{self.task.source}# line {self.number}\n" if self.number % 3 else None
        note = f"writes line {self.number}" if script else "turns X"
        return Thinking(Thought(Proposal(settings=settings, parent=0, note=note, script=script)))

    def hear(self, text: str) -> None:
        self.heard.append(text)


def run(
    task: Task, approve: Approve | None, events: Any = (), budget_s: float = BUDGET_S
) -> tuple[Ledger, Editor, FakeLab]:
    task = replace(task, think_s=0.5)
    lab, ledger, editor = FakeLab(task, slots=1), Ledger(events=events), Editor(task)
    lab.takes_scripts = True
    language: Any = SimpleNamespace(agent=lambda _: editor, approve=approve, shared=False)
    org = Org(roles=(role("Hand", agent=LANGUAGE_AGENT),))
    Team(org, task, lab, seed=1, ledger=ledger, language=language).run(budget_s)
    return ledger, editor, lab


def test_what_is_refused_does_not_run_and_its_agent_is_told_why(toy: Task) -> None:
    asked: list[Rewritten] = []

    def even(one: Rewritten) -> str | None:
        asked.append(one)
        return None if one.note[-1] in "02468" else "it is odd"

    ledger, editor, lab = run(toy, even)
    said = ledger.of("approval")
    assert [one.data["approved"] for one in said] == [one.note[-1] in "02468" for one in asked]
    assert {one.data["note"] for one in said if not one.data["approved"]} == {"it is odd"}
    assert {one.data["note"][-1] for one in ledger.of("proposal") if "line" in one.data["note"]} <= set("02468")
    assert all(int(one.script.split("# line ")[1]) % 2 == 0 for one in lab.submitted if one.script)
    assert any(one.script for one in lab.submitted)
    assert any(not one.script for one in lab.submitted)  # knobs alone are nobody's script
    refused = [text for text in editor.heard if "refused" in text]
    assert refused
    assert all("it is odd" in text for text in refused)
    assert asked[0].diff()[-1] == "+# line 1"


def test_a_ledger_repeats_what_was_said_and_asks_only_beyond_its_end(toy: Task) -> None:
    def no(one: Rewritten) -> str | None:
        return "no" if "1" in one.note else None

    whole = run(toy, no)[0]
    cut = next(i for i, event in enumerate(whole.events) if event.kind == "approval" and event.t > BUDGET_S / 2)
    asked: list[str] = []

    def later(one: Rewritten) -> str | None:
        asked.append(one.note)
        return no(one)

    again = run(toy, later, whole.events[:cut])[0]
    assert again.events == whole.events
    assert len(asked) == sum(event.kind == "approval" for event in whole.events[cut:]) > 0
    # Without anybody to ask, what was said still stands.
    assert run(toy, None, whole.events)[0].events == whole.events


def test_a_run_that_nobody_watched_is_repeated_without_a_question(toy: Task) -> None:
    whole = run(toy, None)[0]
    assert not whole.of("approval")

    def never(one: Rewritten) -> str | None:
        raise AssertionError(one.note)

    assert run(toy, never, whole.events)[0].events == whole.events


def test_the_terminal_asks_until_all_may_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    answers = iter(["no", "too slow", "yes", "all"])
    monkeypatch.setattr(click, "prompt", lambda *_, **__: next(answers))
    shown: list[str] = []
    live: Any = SimpleNamespace(stop=lambda: shown.append("stop"), start=lambda: shown.append("start"))
    ask = approver(True, lambda: live)
    assert ask
    one = Rewritten(agent="hand-1", note="\x1b[31mfaster", before="a\n", after="b\n")
    assert [ask(one) for _ in range(4)] == ["too slow", None, None, None]
    assert next(answers, None) is None
    assert shown == ["stop", "start"] * 3
    said = capsys.readouterr().err
    assert "[U+001B][31mfaster" in said
    assert "\x1b[31m" not in said
    assert approver(False, lambda: None) is None


def test_what_was_typed_before_the_question_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    master, slave = os.openpty()
    with os.fdopen(slave, "r") as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        os.write(master, b"yes\n")
        assert select.select([terminal], [], [], 1)[0]
        forget_typed()
        assert not select.select([terminal], [], [], 0)[0]
    os.close(master)


def test_without_a_terminal_it_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin.isatty", lambda: False, raising=False)
    with pytest.raises(UsageError, match="asks in a terminal"):
        approver(True, lambda: None)
