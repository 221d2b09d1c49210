"""Tasks larger than an experiment: handed out, held over several experiments and calls, passed on, merged."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from orgopt.agents.base import Agent, HeldAssignment, Thinking, Thought, View, propose
from orgopt.agents.command import task_file
from orgopt.agents.knowledge import Known
from orgopt.document import lint, parse
from orgopt.document.editing.canonical import org_text
from orgopt.document.grammar.rhythm import format_task_length, parse_task_length
from orgopt.document.linting.lint import require_org
from orgopt.lab.sandbox.inside import repository
from orgopt.ledger import Ledger
from orgopt.org import Link, Org, Role, Standup, TaskLength
from orgopt.tasks.task import Task
from orgopt.team import desk as desk_module
from orgopt.team.assignment_words import ending_of, words_of
from orgopt.team.merging import merged, three_way
from orgopt.team.runtime import Team
from orgopt.team.scripts import Scripts
from orgopt.testing.toy_task import TOY
from tests.fakes.lab import FakeLab
from tests.fakes.processes import needs_sandbox, wait_until
from tests.test_command_agents import CLI, run
from tests.test_words import noiseless

LEAD = Role(id="lead", name="Lead", agent="tpe", task_length=TaskLength(experiments=3))
HAND = Role(id="hand", name="Hand", headcount=2, agent="hill-climb", risk=0.0)
LINKS = (
    Link(source="lead", target="hand", kind="delegates to"),
    Link(source="hand", target="lead", kind="reports to"),
)
ORG = Org(title="Lab", mission="Find the bottom.", roles=(LEAD, HAND), links=LINKS)


def events(ledger: Ledger, kind: str) -> list[dict]:
    return [event.data for event in ledger.of(kind)]


def team(task: Task, org: Org = ORG, budget_s: float = 8.0) -> Ledger:
    ledger = Ledger()
    Team(org, task, FakeLab(task, slots=3, metric=noiseless), seed=1, ledger=ledger).run(budget_s)
    return ledger


# In documents


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("3 experiments", TaskLength(experiments=3)),
        ("1 run", TaskLength(experiments=1)),
        ("20 min", TaskLength(seconds=1200)),
        ("3 experiments or 90 s", TaskLength(experiments=3, seconds=90)),
        ("2 h, 5 experiments", TaskLength(experiments=5, seconds=7200)),
        ("off", None),
    ],
)
def test_a_task_length_is_read_and_written(text: str, length: TaskLength | None) -> None:
    assert parse_task_length(text) == length
    assert parse_task_length(format_task_length(length)) == length


@pytest.mark.parametrize("text", ["soon", "3", "0 runs", "2.5 experiments", "3-5 experiments", "20 min or 3 h", ""])
def test_another_one_is_refused_with_what_to_write(text: str) -> None:
    with pytest.raises(ValueError, match="write '3 experiments', '20 min', both, or 'off'"):
        parse_task_length(text)
    with pytest.raises(ValueError, match="at most 100 experiments, not 500"):
        parse_task_length("500 experiments")


def test_documents_and_lint_know_it() -> None:
    text = org_text(ORG)
    assert "**Task length:** 3 experiments" in text
    assert require_org(parse(text)) == ORG
    assert not [one for one in lint(parse(text)) if one.code == "ORG007"]
    found = [one for one in lint(parse(org_text(replace(ORG, links=LINKS[1:])))) if one.code == "ORG007"]
    assert [one.message for one in found] == ["'task length' has no effect: Lead delegates to nobody"]
    assert ORG.to_dict()["roles"][0]["task_length"] == {"experiments": 3, "seconds": None}
    assert ORG.to_dict()["roles"][1]["task_length"] is None


def test_an_assignment_has_a_task_for_each() -> None:
    names = ["hand-1", "hand-2"]
    text = "hand-1: Go right. Steps: X up; Y down. Done when: val_loss below 0.25. | Hand-2: look left"
    one = words_of(text, "hand-1", names)
    assert one
    assert (one.goal, one.steps, one.done_when, one.below) == (
        "Go right",
        ("X up", "Y down"),
        "val_loss below 0.25",
        0.25,
    )
    other = words_of(text, "hand-2", names)
    assert other
    assert (other.goal, other.below) == ("look left", None)
    assert words_of("hand-1: go", "hand-2", names) is None
    assert words_of("Everybody: go", "hand-2", names) == words_of("Everybody: go", "hand-1", names) is not None
    assert words_of("", "hand-1", names) is None


@pytest.mark.parametrize(
    ("words", "below"),
    [
        ("val_loss below 1e+3", 1000.0),
        ("val_loss <= .5.", 0.5),
        ("val_loss under 1,000", None),
        ("val_loss at most 5 % more", None),
        ("it is flat", None),
    ],
)
def test_a_number_is_what_counts_as_done_where_it_is_one(words: str, below: float | None) -> None:
    found = words_of(f"Go. Done when {words}", "hand-1", ["hand-1"])
    assert found is not None
    assert found.below == below


@pytest.mark.parametrize(
    ("note", "expected"),
    [
        ("done: it is flat now", ("done", "", "it is flat now")),
        ("Give up: it diverges", ("gave up", "", "it diverges")),
        ("hand over to hand-2: needs patience", ("handed over", "hand-2", "needs patience")),
        ("hand over: no idea", ("handed over", "", "no idea")),
        ("X 0.1 → 0.2", None),
        ("a wider net is done better", None),
    ],
)
def test_who_holds_a_task_says_how_it_ends(note: str, expected: tuple[str, str, str] | None) -> None:
    assert ending_of(note) == expected


# In a run


def test_each_holds_a_task_over_three_experiments_and_starts_from_its_own_work(toy: Task) -> None:
    ledger = team(toy)
    begun, ended = events(ledger, "task"), events(ledger, "task-end")
    assert [one["agent"] for one in begun[:2]] == ["hand-1", "hand-2"]
    assert [(one["how"], one["experiments"]) for one in ended[:2]] == [("length", 3), ("length", 3)]
    mine = {name: [one for one in events(ledger, "proposal") if one["agent"] == name] for name in ("hand-1", "hand-2")}
    metrics = {one["id"]: one["metric"] for one in events(ledger, "outcome")} | {0: 0.5}
    for rows in mine.values():
        best = 0
        for row in rows[:3]:
            assert row["parent"] == best, "it goes on from the best of its own task, whatever others found"
            best = min(best, row["id"], key=metrics.__getitem__)
    second = next(one for one in begun if one["id"] > 2)
    known = min(metrics[one["id"]] for one in events(ledger, "outcome")[:8] if one["metric"] is not None)
    assert metrics[second["base"]] <= known + 0.2, "the next one begins with what its giver has then"


def test_without_a_length_settings_alone_are_handed_on(toy: Task) -> None:
    org = replace(ORG, roles=(replace(LEAD, task_length=None), HAND))
    assert not events(team(toy, org), "task")


def test_a_deadline_ends_a_task(toy: Task) -> None:
    org = replace(ORG, roles=(replace(LEAD, task_length=TaskLength(seconds=2.5)), HAND))
    ended = events(team(toy, org), "task-end")
    assert {one["how"] for one in ended} == {"deadline"}
    assert all(one["experiments"] >= 3 for one in ended), "what runs at the deadline still counts"


def test_a_stand_up_has_the_progress_of_tasks(toy: Task) -> None:
    met = events(team(toy, replace(ORG, standup=Standup(every=5, unit="experiments"))), "meeting")
    assert "Task 1 of lead-1: make the baseline (0.5) better. 2 of 3 experiments used" in met[0]["tasks"]["hand-1"]


class Worded(Agent):
    """An agent of the test's own, with words: what it says is the note of what it proposes, in turn."""

    def __init__(self, notes: list[str], assignment: str = "") -> None:
        self.notes, self.assignment, self.heard = notes, assignment, list[str]()
        self.assigns = bool(assignment)

    def think(self, view: View) -> Thinking:
        moved = propose(view.starts[0], {"X": round(min(1.0, float(view.starts[0].settings["X"]) + 0.1), 4)})
        note = self.notes.pop(0) if self.notes else moved.note
        return Thinking(Thought(replace(moved, note=note), assignment=self.assignment))

    def hear(self, text: str) -> None:
        self.heard.append(text)


def worded(monkeypatch: pytest.MonkeyPatch, agents: dict[str, Agent]) -> None:
    """Seat agents of the test's own where they have the names."""
    seated = desk_module.seated
    monkeypatch.setattr(desk_module, "seated", lambda seat, language: agents.get(seat.name) or seated(seat, language))


def test_a_task_in_words_ends_by_what_counts_as_done(toy: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    lead = Worded([], "hand-1: go right. Steps: X up. Done when: val_loss below 0.3.")
    hand = Worded([])
    worded(monkeypatch, {"lead-1": lead, "hand-1": hand})
    ledger = team(toy, replace(ORG, roles=(replace(LEAD, task_length=TaskLength(experiments=9)), HAND)))
    (task,) = events(ledger, "task")
    assert (task["goal"], task["steps"], task["done_when"]) == ("go right", ["X up"], "val_loss below 0.3")
    (ended,) = events(ledger, "task-end")
    assert ended["how"] == "done"
    assert ended["metric"] <= 0.3
    assert any("hand-1 ended task 1 (done)" in text for text in lead.heard)
    assert any("You hand out tasks of up to 9 experiments to hand-1, hand-2" in text for text in lead.heard)
    assert any(text.startswith("Task 1 of lead-1: go right Steps: X up.") for text in hand.heard), hand.heard[:3]


def test_a_task_is_handed_over_and_given_up_and_no_longer_than_there_is_somebody(
    toy: Task, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = Worded([], "hand-1: go right")
    one = Worded(["first", "hand over to hand-2: my legs hurt"])
    other = Worded(["", "", "", "give up: mine, too"])
    worded(monkeypatch, {"lead-1": lead, "hand-1": one, "hand-2": other})
    ledger = team(toy, replace(ORG, roles=(replace(LEAD, task_length=TaskLength(experiments=9)), HAND)), budget_s=12)
    assert [(event["agent"], event["goal"]) for event in events(ledger, "task")] == [
        ("hand-1", "go right"),
        ("hand-2", "go right"),
    ]
    ended = events(ledger, "task-end")
    assert [(event["agent"], event["how"], event["why"]) for event in ended] == [
        ("hand-1", "handed over", "my legs hurt"),
        ("hand-2", "gave up", "mine, too"),
    ]
    settings = {one["id"]: one["knobs"] for one in events(ledger, "proposal")}
    assert settings[events(ledger, "task")[1]["base"]] == settings[ended[0]["best"]], "it goes on where the other was"


def test_who_says_that_it_is_done_is_done_after_that_experiment(toy: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    worded(monkeypatch, {"lead-1": Worded([], "go right"), "hand-1": Worded(["", "done: it is flat"])})
    ledger = team(toy, replace(ORG, roles=(replace(LEAD, task_length=TaskLength(experiments=9)), HAND)))
    ended = next(one for one in events(ledger, "task-end") if one["agent"] == "hand-1")
    assert (ended["how"], ended["why"], ended["experiments"]) == ("done", "it is flat", 2)


def test_what_won_in_two_tasks_is_tried_together(toy: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    class Turns(Worded):
        def __init__(self, name: str, value: float) -> None:
            super().__init__([])
            self.turns = {name: value}

        def think(self, view: View) -> Thinking:
            return Thinking(Thought(propose(view.starts[0], self.turns)))

    worded(monkeypatch, {"hand-1": Turns("X", 0.6), "hand-2": Turns("Y", 0.2)})
    ledger = team(toy, replace(ORG, roles=(replace(LEAD, task_length=TaskLength(experiments=1)), HAND)), budget_s=4)
    tried = next(one for one in events(ledger, "proposal") if one["note"].startswith("merges tasks"))
    assert tried["agent"] == "lead-1"
    assert tried["knobs"] == {"X": 0.6, "Y": 0.2}
    assert tried["note"] == "merges tasks 2 and 1"


# Merging


def known(number: int, **settings: object) -> Known:
    return Known(id=number, settings=settings, metric=1.0, seeds=1, believed=True, mine=True)  # type: ignore[arg-type]


TEXT = "a\nb\nc\nd\ne\n"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("A\nb\nc\nd\ne\n", "a\nb\nc\nd\nE\n", "A\nb\nc\nd\nE\n"),
        ("a\nb\nnew\nc\nd\ne\n", "a\nb\nc\ne\n", "a\nb\nnew\nc\ne\n"),
        ("a\nB\nc\nd\ne\n", "a\nB\nc\nd\ne\n", "a\nB\nc\nd\ne\n"),
        ("a\nB\nc\nd\ne\n", "a\nX\nc\nd\ne\n", None),
        ("a\nb\none\nc\nd\ne\n", "a\nb\ntwo\nc\nd\ne\n", None),
        (TEXT, "", ""),
    ],
)
def test_lines_of_two_texts_are_merged(one: str, other: str, expected: str | None) -> None:
    assert three_way(TEXT, one, other) == expected
    assert three_way(TEXT, other, one) == expected


def test_scripts_are_merged_with_their_knobs(toy: Task) -> None:
    scripts = Scripts(toy)
    defaults = toy.complete({})
    first = toy.source.replace("import sys\n", "import sys  # first\n")
    last = toy.source.replace("# A test finds it by its arguments.", "# last")
    scripts.put(1, {**defaults, "X": 0.5}, first)
    scripts.put(2, {**defaults, "Y": 0.1}, last)
    base = known(0, **defaults)
    one, other = known(1, **{**defaults, "X": 0.5}), known(2, **{**defaults, "Y": 0.1})
    found = merged(base, one, other, scripts)
    assert found
    assert (found.settings["X"], found.settings["Y"]) == (0.5, 0.1)
    assert found.script
    assert "# first" in found.script
    assert "# last" in found.script
    assert "X = 0.5" in found.script
    scripts.put(3, defaults, toy.source.replace("import sys\n", "import sys  # third\n"))
    assert merged(base, one, known(3, **defaults), scripts) is None, "both rewrote one line"
    assert merged(base, known(4, **defaults), known(5, **{**defaults, "X": 0.5}), Scripts(toy)) is None


# With commands


@pytest.mark.slow
@needs_sandbox
def test_a_command_has_the_history_and_the_file_of_its_task(toy: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    lead = Role(id="lead", name="Lead", agent="tpe", task_length=TaskLength(experiments=3))
    hand = Role(id="hand", name="Hand", agent="command:cli")
    org = replace(ORG, roles=(lead, hand))
    worded(monkeypatch, {"lead-1": Worded([], "go right. Steps: X up; Y down")})
    ledger = run(toy, "hold", org=org, budget_s=6.5, max_output_kb=64)
    (ended,) = events(ledger, "task-end")
    assert (ended["how"], ended["why"], ended["experiments"]) == ("done", "X should be nearer to 0.7", 2)
    first, second = [one["said"] for one in events(ledger, "thought")][:2]
    assert "# Task 1" in first
    assert "- [ ] X up" in first
    assert "- [x] X up" in second
    assert "a note of call 1" in second
    log = second.split("log: ")[1].splitlines()
    assert log[0].startswith("experiment ")
    assert log[1] == "baseline"
    assert "You hold a task over several calls" in first
    assert "files: ['TASK.md', 'prepare.py', 'train.py']" in first
    assert "files: ['TASK.md', 'helper.py', 'notes/diary of mine.txt', 'prepare.py', 'train.py']" in second
    assert "diary: 1" in first
    assert "diary: 2" in second


@pytest.mark.parametrize(
    "name", ["../out", "/etc/out", ".git/hooks/post-commit", "a/.git/config", "line\nend", "a/../../out"]
)
def test_what_a_command_left_is_written_within_its_repository_alone(tmp_path: Path, name: str) -> None:
    job = {
        "task_file": "TASK.md",
        "files": {"TASK.md": "# Task 1\n"},
        "script": "train.py",
        "states": [("baseline", "")],
    }
    left = {name: "a stranger's", "notes.txt": "mine"}
    place = tmp_path / "in" / "repository"
    place.parent.mkdir()
    repository.prepare({**job, "states": [("baseline", "")], "left": left}, repository.Git(place))
    assert (place / "notes.txt").read_text() == "mine"
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and "a stranger's" in path.read_text("latin-1")]
    assert not Path("/etc/out").exists()


def test_of_what_a_command_leaves_the_smallest_texts_go_on(tmp_path: Path) -> None:
    job = {"task_file": "TASK.md", "files": {"TASK.md": "", "prepare.py": ""}, "script": "train.py"}
    for number in range(70):
        (tmp_path / f"note-{number:02}.txt").write_text("x" * (4_000 - number))
    for name, text in (
        ("TASK.md", "# Task 1\n"),
        ("prepare.py", "changed"),
        ("train.py", "X = 1"),
        ("big", "x" * 2**18),
    ):
        (tmp_path / name).write_text(text)
    (tmp_path / "loop").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "fifo")
    found = repository.left(job, tmp_path)
    assert found["task_file"] == "# Task 1\n"
    assert sum(map(len, found["left"].values())) <= 2**17
    assert sorted(found["left"]) == [f"note-{number:02}.txt" for number in range(70 - len(found["left"]), 70)]
    assert 30 < len(found["left"]) <= 64
    assert found["not_left"] == 71 - len(found["left"])


def test_files_of_one_task_do_not_come_to_the_next() -> None:
    base = known(0)
    one, other = (HeldAssignment(number, "go on", ("look",), base, ()) for number in (1, 2))
    done = {"left": {"notes.txt": "of one"}, "task_file": "# Task 1\n\n- [x] look\n"}
    notes = task_file.notes_of(one, done)
    assert task_file.files_left(one, notes) == {"notes.txt": "of one", "TASK.md": done["task_file"]}
    new = task_file.files_left(other, notes)
    assert list(new) == ["TASK.md"]
    assert new["TASK.md"].startswith("# Task 2\n\ngo on\n\n- [ ] look\n")
    assert task_file.files_left(one, task_file.notes_of(one, {"task_file": ""}))["TASK.md"].startswith("# Task 1\n")


DOCUMENT = """\
# Lab

Find the bottom.

## Roles

### Lead
- **Agent:** tpe
- **Task length:** 3 experiments

### Hand
- **Headcount:** 2
- **Agent:** command:cli

## Links
- Lead → Hand: delegates to
- Hand → Lead: reports to
"""


def workspace(folder: Path) -> list[str]:
    (folder / "lab.md").write_text(DOCUMENT)
    listed = json.dumps([sys.executable, str(CLI), "climb"])
    (folder / "orgopt.toml").write_text(f'[agents.cli]\ncommand = {listed}\nread = ["{CLI}"]\n')
    return [sys.executable, "-m", "orgopt", "run", "lab.md", "--task", str(TOY), "--budget", "40s", "--slots", "2"]


def recorded(folder: Path) -> list[dict]:
    found = list(folder.glob("mlruns/runs/*/ledger.jsonl"))
    text = found[0].read_text() if found else ""
    return [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]


@pytest.mark.nightly
@pytest.mark.slow
@pytest.mark.fault
@needs_sandbox
def test_two_agents_that_hold_tasks_are_killed_and_go_on(tmp_path: Path) -> None:
    def hands(kind: str) -> list[dict]:
        return [one for one in recorded(tmp_path) if one["kind"] == kind and str(one.get("agent")).startswith("hand")]

    process = subprocess.Popen(workspace(tmp_path), cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: {one["agent"] for one in hands("outcome")} == {"hand-1", "hand-2"}, within_s=120)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    before = recorded(tmp_path)
    assert len(hands("task")) == 2
    assert not hands("task-end"), "both are killed within their tasks"
    folder = next(tmp_path.glob("mlruns/runs/*"))
    again = subprocess.run(
        [sys.executable, "-m", "orgopt", "run", "--resume", str(folder), "--json"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    assert again.returncode == 0, again.stderr
    assert recorded(tmp_path)[: len(before)] == before
    ended = {one["agent"]: one for one in reversed(hands("task-end"))}
    assert {name: (one["id"], one["how"], one["experiments"]) for name, one in ended.items()} == {
        "hand-1": (1, "length", 3),
        "hand-2": (2, "length", 3),
    }
    for name, end in ended.items():
        mine = [one["id"] for one in hands("proposal") if one["agent"] == name][:3]
        assert end["best"] in mine
