"""Policies: legal proposals, deterministic by seed, better than chance where there is something to learn."""

import re
from itertools import pairwise

import numpy as np
import pytest

from orgopt.agent_names import WORKING_AGENTS
from orgopt.agents import Knowledge, Known, View, make_agent
from orgopt.agents.knowledge import Array
from orgopt.agents.policy.gaussian_process_model import Process
from orgopt.agents.policy.gp import STARTUP
from orgopt.agents.policy.gp import STEPS as FIRST_STEPS
from orgopt.errors import TaskError, UsageError
from orgopt.lab.base import Status
from orgopt.tasks.folder import load_task
from orgopt.tasks.knob import active, parse_knobs, settled
from orgopt.tasks.task import Settings, Task, Value
from tests.conftest import ROOT


def loss(settings: Settings) -> float:
    return (float(settings["X"]) - 0.7) ** 2 + (float(settings["Y"]) - 0.2) ** 2


def work(task: Task, name: str, risk: float, seed: int, steps: int = 40, loss=loss) -> list[Known]:
    """What an agent that works alone knows after some experiments; none fails but every seventh of the toy's."""
    known = [Known(id=0, settings=task.complete({}), metric=loss(task.complete({})))]
    agent, rng = make_agent(name), np.random.default_rng(seed)
    for number in range(1, steps + 1):
        proposal = agent.act(View.of(task.knobs, known, risk, rng))
        metric = None if number % 7 == 0 and task.name == "toy" else loss(proposal.settings)
        known.append(Known(id=number, settings=proposal.settings, metric=metric))
    return known


def test_every_agent_of_the_documents_exists() -> None:
    for name in WORKING_AGENTS:
        make_agent(name)
    with pytest.raises(UsageError, match="no agent 'wizard': choose random, "):
        make_agent("wizard")


@pytest.mark.sweep(4)
@pytest.mark.parametrize("risk", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("name", WORKING_AGENTS)
def test_proposals_are_legal_new_and_repeatable(toy: Task, name: str, risk: float) -> None:
    known = work(toy, name, risk, seed=3)
    assert [k.settings for k in known] == [k.settings for k in work(toy, name, risk, seed=3)]
    assert [k.settings for k in known] != [k.settings for k in work(toy, name, risk, seed=4)]
    for one in known:
        assert toy.complete(one.settings) == one.settings
    if name not in {"replicate", "imitate"}:
        for before, after in pairwise(known):
            assert before.settings != after.settings


@pytest.mark.sweep(3)
@pytest.mark.parametrize("name", ["hill-climb", "evolution", "tpe", "gp", "freeze-thaw", "imitate"])
def test_learning_agents_beat_chance_over_many_knobs(name: str) -> None:
    task = load_task("tinygpt", ROOT)
    target = {knob.name: knob.unit(knob.at(0.31)) for knob in task.knobs}

    def distance(settings: Settings) -> float:
        return sum((knob.unit(settings[knob.name]) - target[knob.name]) ** 2 for knob in task.knobs)

    def best(agent: str, risk: float) -> float:
        lows = [min(k.metric or 0.0 for k in work(task, agent, risk, seed, 60, distance)) for seed in range(10)]
        return float(np.mean(lows))

    assert best(name, 0.4) < 0.65 * best("random", 1.0)


@pytest.mark.parametrize("known", [STARTUP, 13])
def test_a_process_is_fitted_when_it_first_sees_results_however_many_there_are(
    toy: Task, known: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    learn = Process.learn

    def watched(process: Process, x: Array, y: Array, seeds: Array, steps: int) -> None:
        asked.append(steps)
        learn(process, x, y, seeds, steps)

    monkeypatch.setattr(Process, "learn", watched)
    rng, agent = np.random.default_rng(0), make_agent("gp")
    results = [Known(id=0, settings=toy.complete({}), metric=1.0)]
    for number in range(1, known):
        drawn = {knob.name: knob.at(rng.random()) for knob in toy.knobs}
        results.append(Known(id=number, settings=drawn, metric=float(rng.random())))
    for _ in range(2):
        agent.act(View.of(toy.knobs, results, 0.3, rng))
    assert asked == list(FIRST_STEPS)


def test_risk_widens_the_steps(toy: Task) -> None:
    def moved(risk: float) -> float:
        start = toy.complete({})
        total = 0
        for seed in range(50):
            known = [Known(id=0, settings=start, metric=1.0)]
            view = View.of(toy.knobs, known, risk, np.random.default_rng(seed))
            settings = make_agent("hill-climb").act(view).settings
            total += sum(settings[name] != value for name, value in start.items())
        return total / 50

    assert moved(0.0) == 1.0
    assert moved(1.0) > 2.5


def test_a_note_says_what_differs_from_the_parent(toy: Task) -> None:
    known = [Known(id=0, settings=toy.complete({}), metric=0.5)]
    proposal = make_agent("hill-climb").act(View.of(toy.knobs, known, 0, np.random.default_rng(0)))
    (name,) = [k for k, v in proposal.settings.items() if toy.complete({})[k] != v]
    assert proposal.note == f"{name} {toy.complete({})[name]} → {proposal.settings[name]}"


SIZES = """
WIDTH = 64  # knob: one of 16|32|64|128
RATE = 0.1  # knob: 0..1
STEPS = 100  # knob: log int 25..200
KIND = "a"  # knob: one of a|b|c
"""


def works(settings: Settings) -> bool:
    """What a script takes: nothing in its text says so."""
    return float(settings["STEPS"]) <= 120 and settings["WIDTH"] != 32 and settings["KIND"] != "c"


def failures(name: str, steps: int = 60) -> list[bool]:
    """Which experiments of an agent failed, in order."""
    knobs = parse_knobs(SIZES)
    known = [Known(id=0, settings={knob.name: knob.default for knob in knobs}, metric=1.0)]
    agent, rng = make_agent(name), np.random.default_rng(5)
    for number in range(1, steps + 1):
        settings = agent.act(View.of(knobs, known, 0.6, rng)).settings
        metric = (float(settings["RATE"]) - 0.6) ** 2 + 10 / float(settings["STEPS"]) if works(settings) else None
        known.append(Known(id=number, settings=settings, metric=metric, failed=metric is None))
    return [one.failed for one in known[1:]]


@pytest.mark.parametrize("name", ["random", "hill-climb", "evolution", "tpe", "gp", "freeze-thaw", "imitate"])
def test_what_fails_for_a_reason_is_tried_no_more(name: str) -> None:
    failed = failures(name)
    assert sum(failed[30:]) <= 5  # half of all settings would fail


def test_one_failure_says_nothing_of_a_knob() -> None:
    knobs = parse_knobs(SIZES)
    defaults = {knob.name: knob.default for knob in knobs}

    def known(number: int, failed: bool, **changed: Value) -> Known:
        return Known(id=number, settings={**defaults, **changed}, metric=None if failed else 1.0, failed=failed)

    knowledge = Knowledge(knobs, [known(0, False), known(1, True, STEPS=150, KIND="c"), known(2, True, RATE=0.9)])
    assert not knowledge.fails({**defaults, "STEPS": 180})
    knowledge.put(3, known(3, True, STEPS=140, RATE=0.95))
    assert knowledge.fails({**defaults, "STEPS": 140})
    assert not knowledge.fails({**defaults, "STEPS": 139})
    assert knowledge.fails({**defaults, "RATE": 0.9})
    knowledge.put(4, known(4, False, RATE=1.0))  # so it was the other knob
    assert not knowledge.fails({**defaults, "RATE": 0.9})
    assert not knowledge.fails({**defaults, "KIND": "c"})
    knowledge.put(5, known(5, True, WIDTH=16, KIND="c"))
    assert knowledge.fails({**defaults, "KIND": "c"})
    knowledge.put(5, known(5, False, WIDTH=16, KIND="c"))  # it ran well with another seed
    assert not knowledge.fails({**defaults, "KIND": "c"})


def test_stopped_experiments_do_not_count_as_failed() -> None:
    assert [status for status in Status if status.failed] == [
        *(Status.CRASHED, Status.TIMEOUT, Status.OOM, Status.DISK, Status.OUTPUT_LIMIT),
        *(Status.INVALID_METRIC, Status.TAMPERED),
    ]


def test_a_process_climbs_the_likelihood_of_what_it_saw() -> None:
    """One feature decides: its length scale becomes short, and that of the other long."""
    rng = np.random.default_rng(0)
    x = rng.random((60, 2))
    y = np.sin(12 * x[:, 0])
    y = (y - y.mean()) / y.std()
    process, runs = Process(2), np.ones(60)
    before = process.fit(x, y, runs)
    process.learn(x, y, runs, 60)
    after = process.fit(x, y, runs)
    at = rng.random((200, 2))
    truth = np.sin(12 * at[:, 0])
    missed = [float(np.abs(fitted.predict(at)[0] - truth).mean()) for fitted in (before, after)]
    assert after.log_scales[0] < after.log_scales[1] - 1
    assert missed[1] < 0.7 * missed[0]


def test_more_runs_of_a_setting_make_a_process_surer_of_it() -> None:
    x, y = np.array([[0.2], [0.8]]), np.array([1.0, -1.0])
    process = Process(1)
    seen = process.fit(x, y, np.ones(2))
    assert seen.smooth == pytest.approx(seen.predict(x)[0], abs=1e-4)
    one, many = (process.fit(x, y, np.array([1.0, seeds])).predict(x[1:])[1][0] for seeds in (1.0, 9.0))
    assert many < 0.5 * one


def test_tpe_keeps_away_from_what_two_knobs_together_make_fail() -> None:
    """No single knob tells where it fails, so that its densities are blind to it."""
    knobs = parse_knobs("A = 0.2  # knob: 0..1\nB = 0.2  # knob: 0..1\n")

    def failures(seed: int) -> int:
        agent, rng = make_agent("tpe"), np.random.default_rng(seed)
        known = [Known(id=0, settings={"A": 0.2, "B": 0.2}, metric=1.0)]
        for number in range(1, 61):
            settings = agent.act(View.of(knobs, known, 0.3, rng)).settings
            a, b = float(settings["A"]), float(settings["B"])
            metric = None if a + b > 1.2 else (a - 0.75) ** 2 + (b - 0.75) ** 2
            known.append(Known(id=number, settings=settings, metric=metric, failed=metric is None))
        return sum(one.failed for one in known)

    assert np.mean([failures(seed) for seed in range(6)]) < 15


def test_freeze_thaw_goes_on_with_a_run_whose_curve_promised_most() -> None:
    """Where all that is near was tried, a run that was ended at half and would be the best is run to its end."""
    knobs = parse_knobs("A = 2  # knob: int 0..15\n")
    known = [Known(id=0, settings={"A": 2}, metric=1.2)]
    for number, a in enumerate((0, 1, 3, 4, 5, 6, 7, 8, 9, 14, 15), 1):
        end = 2 - 0.1 * a
        known.append(Known(id=number, settings={"A": a}, metric=end, curve=(end + 1, end + 0.5, end)))
    for number, a in enumerate((10, 11, 12, 13), 12):
        end = abs(a - 12) - 2.0
        known.append(Known(id=number, settings={"A": a}, metric=None, curve=(end + 1, end + 0.5)))
    rng = np.random.default_rng(0)
    proposal = make_agent("freeze-thaw").act(View.of(knobs, known, 0.3, rng))
    assert proposal.settings == {"A": 12}
    assert proposal.note == "goes on with 14"


BRANCHES = """
KIND = "a"  # knob: one of a|b|c
RATE = 0.5  # knob: 0..1
DEPTH = 3  # knob: int 1..9 if KIND=b|c
MODE = "x"  # knob: one of x|y if KIND=b
WIDTH = 0.5  # knob: 0..1 if MODE=y
"""


def test_a_knob_is_turned_only_where_its_condition_holds() -> None:
    knobs = parse_knobs(BRANCHES)

    def turned_by(**settings: Value) -> list[str]:
        return [knob.name for knob in active(knobs, {"KIND": "a", "RATE": 0.1, "MODE": "x", "WIDTH": 0.1, **settings})]

    assert turned_by() == ["KIND", "RATE"]
    assert turned_by(MODE="y") == ["KIND", "RATE"], "what depends on an idle knob is idle"
    assert turned_by(KIND="c") == ["KIND", "RATE", "DEPTH"]
    assert turned_by(KIND="b", MODE="y") == ["KIND", "RATE", "DEPTH", "MODE", "WIDTH"]
    given = {"KIND": "c", "RATE": 0.1, "DEPTH": 9, "MODE": "y", "WIDTH": 0.9}
    assert settled(knobs, given) == {"KIND": "c", "RATE": 0.1, "DEPTH": 9, "MODE": "x", "WIDTH": 0.5}
    assert [knob.range for knob in knobs][2:] == ["1 … 9 if KIND=b|c", "x | y if KIND=b", "0 … 1 if MODE=y"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("X = 1  # knob: int 1..4 if NONE=b", "'if NONE=b' names no knob above it; put the knob NONE first"),
        ("X = 1  # knob: int 1..4 if RATE=0.5", "needs a knob with choices, and RATE has the range 0 … 1"),
        ("X = 1  # knob: int 1..4 if KIND=b|z", "KIND is never z; it is one of a|b|c"),
        ("X = 1  # knob: int 1..4 if KIND", "not understood"),
    ],
)
def test_a_condition_that_cannot_hold_is_refused(line: str, message: str) -> None:
    with pytest.raises(TaskError, match=re.escape(message)):
        parse_knobs(BRANCHES + line + "\n")


@pytest.mark.parametrize("name", ["random", "hill-climb", "evolution", "tpe", "gp", "freeze-thaw"])
def test_no_policy_runs_twice_what_differs_in_idle_knobs_alone(name: str) -> None:
    knobs = parse_knobs(BRANCHES)
    defaults = {knob.name: knob.default for knob in knobs}
    known = [Known(id=0, settings=defaults, metric=1.0)]
    agent, rng, seen = make_agent(name), np.random.default_rng(3), set[tuple[Value, ...]]()
    repeated = 0
    for number in range(1, 41):
        settings = settled(knobs, agent.act(View.of(knobs, known, 0.4, rng)).settings)
        repeated += tuple(settings.values()) in seen
        seen.add(tuple(settings.values()))
        metric = abs(float(settings["RATE"]) - 0.3) + (settings["KIND"] != "b") + abs(float(settings["WIDTH"]) - 0.8)
        known.append(Known(id=number, settings=settings, metric=metric))
    assert repeated <= (4 if name == "random" else 1)
    if name != "random":
        assert min(one.metric or 9.0 for one in known) < 0.4  # it found the branch of a branch that is best
