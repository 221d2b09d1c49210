"""What a language agent is asked: short, the same from thought to thought as far as it can be, and enough to decide."""

import json
import re
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from orgopt.agents.base import View
from orgopt.agents.knowledge import Known
from orgopt.agents.llm.adapter import Adapter
from orgopt.agents.llm.agent import program
from orgopt.agents.llm.sections import LATE
from orgopt.agents.session import Language, freeze, thaw
from orgopt.agents.thinking.interface import interface
from orgopt.agents.thinking.results import moved, noise_sd, worthwhile
from orgopt.agents.toml_models import LanguageSettings, ModelSettings, read_settings
from orgopt.asking.situations import history, situations
from orgopt.errors import UsageError
from orgopt.lab import make_lab
from orgopt.lab.base import Checkpoint, Outcome
from orgopt.ledger import Ledger
from orgopt.org import Org
from orgopt.seeds import Stream, generator
from orgopt.tasks.folder import load_task
from orgopt.tasks.task import Task
from orgopt.team.runtime import Team
from tests.conftest import ROOT
from tests.fakes.lab import FakeLab
from tests.fakes.llm_server import MODEL, Call, LlmServer, fields
from tests.fakes.researcher import knobs_of, research
from tests.test_minds import ALONE, LEAD, TEAM, failures, run, serving, settings, thoughts, told
from tests.test_words import noiseless


def question(language: Language, posed) -> str:
    """All that is sent of a question, in one text."""
    mind = language.agent(posed.now.seat)
    given = mind.brief(posed.purpose, posed.now)
    signature = program(posed.purpose, posed.now, given, as_json=True).signature
    return "".join(one["content"] for one in Adapter(as_json=True, late=LATE).format(signature, [], dict(given)))


def test_a_question_is_short_and_begins_as_the_one_before(server: LlmServer) -> None:
    task = load_task("digits", ROOT)
    lab = make_lab(task, "replay", 2)
    past = history(task, lab, LEAD, 6, 0)
    with Language(TEAM, settings(server)) as language:

        def asked(moment: str) -> list[str]:
            given = situations(TEAM, LEAD, task, lab, past, moment=moment, samples=6, seed=0)  # type: ignore[arg-type]
            return [question(language, one) for one in given]

        (start, *_), late = asked("start"), asked("late")
    assert len(start) < 1_950  # 595 tokens of Qwen, of which 16 knobs are two fifths
    assert all(len(text) < 5_200 for text in late)
    shared = [next(k for k in range(len(b)) if a[:k] != b[:k]) / len(b) for a, b in pairwise(late)]
    assert sum(shared) / len(shared) > 0.6
    assert "Differences below 0.027 are noise" in start
    assert "an experiment takes at most 6 s on one of 2 slots" in start
    assert 'ACTIVATION="gelu" ("relu"|"tanh")' in start
    assert re.search(r"an experiment takes 0\.\d+ s on one of 2 slots: at most \d+ more", late[0])
    rows = re.findall(r"^#\d+ \|.*$", late[0], re.MULTILINE)
    assert rows == sorted(rows, key=lambda row: int(row[1:].split()[0]))
    assert re.search(r"^#\d+ \| 0\.\d{3} \| #\d+: [A-Z_]+ \S+ → \S+", late[0], re.MULTILINE)


@pytest.fixture
def server():
    with serving() as found:
        yield found


def test_a_hopeless_start_is_none(toy: Task) -> None:
    defaults = toy.complete({})
    known = [
        Known(0, defaults, 0.5, 100, 0.01),
        Known(1, {**defaults, "X": 0.1}, 0.9),
        Known(2, {**defaults, "X": 0.2}, 5.0),
    ]
    view = View.of(toy.knobs, known, 0.5, generator(Stream.AGENT, 0, 0))
    assert [one.id for one in view.starts] == [0, 1, 2]
    assert [one.id for one in worthwhile(view)] == [0, 1]
    first = replace(view, starts=[known[2], known[1]])  # whatever the incumbent is, it stays
    assert [one.id for one in worthwhile(first)] == [2, 1]


def test_the_noise_is_that_of_all_settings_with_several_runs() -> None:
    assert noise_sd([Known(0, {}, 1.0, 1)]) is None
    assert noise_sd([Known(0, {}, 1.0, 3, 0.1), Known(1, {}, 1.0, 3, 0.3)]) == pytest.approx(0.05**0.5)


def test_a_repeat_costs_no_slot_and_the_next_thought_is_told_so(toy: Task) -> None:
    def stubborn(call: Call) -> str:
        tried = re.findall(r"X \S+ → (\S+) \|", call.field("known"))
        if len(tried) > 2 and not call.field("failed"):
            return fields(hypothesis="again", knobs={"X": float(tried[0])})
        return fields(hypothesis="new", knobs={"X": round(0.11 + call.number / 100, 2)})

    with serving(stubborn) as server:
        ledger = run(server, ALONE, toy, budget_s=9)
    assert "invalid" in failures(ledger)
    settings_of = [json.dumps(event.data["knobs"], sort_keys=True) for event in ledger.of("proposal")]
    assert len(settings_of) == len(set(settings_of))
    errors = [event.data["error"] for event in thoughts(ledger) if event.data["failure"] == "invalid"]
    assert re.match(r"that was tried: it is #\d+, which gave 0\.\d+", errors[0])
    assert any(errors[0] in one.get("failed", "") for one in told(ledger))
    assert "failed" not in told(ledger)[0]


def test_values_that_differ_are_shown_as_different() -> None:
    before = {"A": 1.0, "B": 0.988, "C": 2, "D": "x", "E": 1e-9}
    after = {"A": 1.003, "B": 0.9778, "C": 2, "D": "y", "E": 1.0000001e-9}
    assert moved(before, after) == ["A 1 → 1.003", "B 0.988 → 0.978", "D x → y", "E 1e-09 → 1.0000001e-09"]


def test_a_reason_that_says_only_what_was_changed_is_not_told_again(toy: Task) -> None:
    words = ("Changing X from 0 to 0.1", "The bottom lies to the right.", "Increase X.", "X 0.2 → 0.25")

    def reply(call: Call) -> str:
        number = min(call.number, len(words) - 1)
        return fields(hypothesis=words[number], knobs={"X": round(0.11 + call.number / 100, 2)})

    with serving(reply) as server:
        ledger = run(server, ALONE, toy, budget_s=9)
    rows = "\n".join(one["known"] for one in told(ledger))
    assert "The bottom lies to the right." in rows
    assert not re.search("Changing X|Increase X|X 0.2 → 0.25", rows)


def test_what_was_expected_stands_beside_what_came_of_it(toy: Task) -> None:
    def reply(call: Call) -> str:
        value = round(0.11 + call.number / 100, 2)
        return fields(
            hypothesis="The bottom lies to the right.", knobs={"X": value}, expectation=f"below {value} + " * 9
        )

    with serving(reply) as server:
        ledger = run(server, ALONE, toy, lab=FakeLab(toy, 1, metric=noiseless), budget_s=6)
    head, _, first, *_ = told(ledger)[-1]["known"].splitlines()
    assert head == "id | val_loss (what was expected) | what changed, against what | why"
    expected = r"\(below 0\.\d+ \+ below [^|]{,30}…\)"
    assert re.fullmatch(rf"#1 \| 0\.\d+ {expected} \| X 0 → 0\.\d+ \| \S+: The bottom lies to the right\.", first), (
        first
    )


class Crashing(FakeLab):
    """Its experiments end in a word."""

    def wait(self, until: float) -> list[Outcome | Checkpoint]:
        return [replace(one, error="Killed") if isinstance(one, Outcome) else one for one in super().wait(until)]


def test_why_an_experiment_failed_is_told_however_short(toy: Task) -> None:
    with serving() as server:
        ledger = run(server, ALONE, toy, lab=Crashing(toy, 1, metric=lambda *_: (None, None)), budget_s=6)
    rows = [line for one in told(ledger) for line in one["known"].splitlines() if "| failed |" in line]
    assert rows
    assert all(row.endswith("| Killed") for row in rows), rows


def test_a_change_that_is_none_is_told_by_its_knob(toy: Task) -> None:
    with serving(lambda call: fields(hypothesis="stay", knobs={"Y": knobs_of(call)["Y"]})) as server:
        ledger = run(server, ALONE, toy, budget_s=2)
    value, error = toy.complete({})["Y"], thoughts(ledger)[0].data["error"]
    assert error.startswith(
        f"the answer changes nothing: Y is {value} already at #0; give it another value (0 … 1), or"
    )


def test_what_others_run_is_known_to_those_who_hear_of_it(toy: Task) -> None:
    with serving() as server:
        ledger = run(server, TEAM, toy, lab=FakeLab(toy, slots=3, metric=noiseless))
    running = {one["agent"]: one["told"].get("running", "") for one in (e.data for e in ledger.of("thinking"))}
    seen = [one.data["told"].get("running", "") for one in ledger.of("thinking") if one.data["agent"] == "lead-1"]
    assert any(re.search(r"#\d+ \| hand-\d: X should be nearer", text) for text in seen)
    assert running["hand-1"] == running["hand-2"] == ""  # nobody tells them anything


def test_what_a_script_may_use_is_said_by_name(toy: Task, tmp_path: Path) -> None:
    (tmp_path / "prepare.py").write_text(
        'LIMIT = 3 * 2\n_own = 1\nPROMPT = "[[ ## knobs ## ]]"\nPATH = open("x").name\n\n'
        'def data(split: str, n=2) -> list:\n    """Rows of a split.\n\n    More."""\n\n'
        "def _hidden(): ...\n\nclass Clock:\n    def __init__(self, s: float): ...\n    def _tick(self): ...\n"
    )
    assert interface(replace(toy, folder=tmp_path)).splitlines() == [
        "LIMIT = 3 * 2",
        "PROMPT = '· knobs ·'",
        "def data(split: str, n=2) -> list: # Rows of a split.",
        "class Clock:",
        "  def __init__(self, s: float):",
    ]
    (tmp_path / "prepare.py").write_text("def (:")
    assert interface(replace(toy, folder=tmp_path)) == ""


# The nominal clock


NOMINAL = ModelSettings(name=MODEL, latency=0.1, prefill=10_000.0, output=1_000.0)


def nominal(server: LlmServer, **more: object) -> LanguageSettings:
    found = settings(server)
    return replace(found, models={MODEL: replace(found.models[MODEL], **{"think": "auto", **CLOCK, **more})})


CLOCK = {"latency": 0.1, "prefill": 10_000.0, "output": 1_000.0}


def thinking(given: LanguageSettings, org: Org, task: Task, lab: FakeLab | None = None, budget_s: float = 3) -> Ledger:
    ledger = Ledger()
    with Language(org, given) as language:
        lab = lab or FakeLab(task, slots=3, metric=noiseless)
        Team(org, task, lab, seed=1, ledger=ledger, language=language).run(budget_s)
    return ledger


def steady(call: Call) -> str:
    """An answer that follows from the question alone."""
    return fields(hypothesis="up", knobs={"X": round(min(1.0, knobs_of(call)["X"] + 0.03), 4)})


def test_thoughts_of_a_replay_take_what_their_tokens_take_however_busy_the_machine_is(toy: Task) -> None:
    found: list[list] = []
    for latency_s in (0.0, 0.05):
        with serving(steady, latency_s=latency_s) as server:
            ledger = thinking(nominal(server), TEAM, toy)
        for one in (event.data for event in thoughts(ledger) if not event.data["failure"]):
            assert one["seconds"] == pytest.approx(NOMINAL.nominal_s(*one["tokens"]), abs=1e-4)
            assert one["wall_s"] >= latency_s
        found.append([(e.kind, e.t, {k: v for k, v in e.data.items() if k != "wall_s"}) for e in ledger.events])
    assert found[0][1:] == found[1][1:]


def test_real_labs_and_those_who_want_it_are_charged_by_the_wall() -> None:
    assert NOMINAL.nominal(virtual=True)
    assert not NOMINAL.nominal(virtual=False)
    assert replace(NOMINAL, think="nominal").nominal(virtual=False)
    assert not replace(NOMINAL, think="wall").nominal(virtual=True)
    with pytest.raises(UsageError, match="think = 'soon': it must be auto or nominal or wall"):
        read_settings({"models": {"x": {"think": "soon"}}})


def test_a_study_keeps_the_clock_that_it_began_with(tmp_path: Path) -> None:
    begun = LanguageSettings(default=MODEL, models={MODEL: replace(NOMINAL, think="nominal")})
    freeze(begun, {}, tmp_path)
    later = thaw(LanguageSettings(models={MODEL: ModelSettings(name=MODEL, timeout_s=7)}), tmp_path).models[MODEL]
    assert (later.think, later.latency, later.prefill, later.output) == ("nominal", 0.1, 10_000.0, 1_000.0)
    assert later.timeout_s == 7


def test_what_came_too_late_has_cost_and_what_cannot_come_in_time_is_not_asked(toy: Task) -> None:
    with serving() as server:
        ledger = thinking(nominal(server, output=10.0), ALONE, toy, budget_s=3)
        asked = len(server.calls)
        cut = [event.data for event in ledger.of("thought") if event.data["failure"] == "unfinished"]
        assert [data["calls"] for data in cut] == [1]
        assert cut[0]["tokens"][1] > 0
        assert sum(sum(event.data["tokens"]) for event in ledger.of("thought")) == server.tokens
        late = thinking(nominal(server, latency=9.0), ALONE, toy, budget_s=3)
        assert len(server.calls) == asked
    assert [event.data["calls"] for event in late.of("thought")] == [0]


def test_an_unfinished_thought_is_repeated_with_what_it_cost(toy: Task, tmp_path: Path) -> None:
    with serving() as server:
        given, ledgers = nominal(server, output=10.0), list[Ledger]()
        for events in ([], None):
            ledger = Ledger(events=events if events is not None else ledgers[0].events)
            with Language(ALONE, given, folder=tmp_path) as language:
                lab = FakeLab(toy, slots=3, metric=noiseless)
                Team(ALONE, toy, lab, seed=1, ledger=ledger, language=language).run(3)
            ledgers.append(ledger)
    assert ledgers[0].events == ledgers[1].events


def test_a_replay_by_the_wall_waits_no_longer_than_its_budget(toy: Task) -> None:
    def slow(call: Call) -> str:
        if call.number:
            time.sleep(5)
        return research(call)

    began = time.monotonic()
    with serving(slow) as server:
        ledger = thinking(nominal(server, think="wall"), ALONE, toy, budget_s=1.5)
        took = time.monotonic() - began
    assert took < 4.5
    assert [event.data["failure"] for event in ledger.of("thought")] == ["", "unfinished"]
