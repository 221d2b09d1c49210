"""`orgopt ask`: fixed situations are put to a model, and what it would do is judged without a run."""

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

import orgopt
from orgopt.agents.session import Language
from orgopt.agents.thinking import look
from orgopt.asking.ask import ask
from orgopt.asking.situations import history, moments, situations
from orgopt.errors import UsageError
from orgopt.lab.replay import ReplayLab
from orgopt.org import Link, Org, Standup
from orgopt.tasks.task import Task
from tests.fakes.arena import toy_replay
from tests.fakes.llm_server import MODEL, Call, LlmServer, fields
from tests.fakes.researcher import knobs_of, research
from tests.test_language_cli import QUIET, configure, invoke, nk
from tests.test_language_cli import workspace as workspace
from tests.test_minds import ALONE, HAND, TEAM, serving, settings

REVIEWS = replace(
    TEAM,
    links=(*TEAM.links, Link(source="lead", target="hand", kind="reviews")),
    standup=Standup(every=5, unit="experiments", attendees=("lead",)),
)


@pytest.fixture
def lab(toy: Task) -> ReplayLab:
    return toy_replay(toy, 2)


def asked(server: LlmServer, org: Org, task: Task, lab: ReplayLab, **more: object):
    with Language(org, settings(server)) as language:
        return ask(org, task, lab, language, samples=3, **more)


def test_roles_are_asked_in_the_situations_that_they_meet(toy: Task, lab: ReplayLab) -> None:
    def reply(call: Call) -> str:
        cases = re.findall(r"^Experiment (\d+) of", call.user, re.MULTILINE)
        if not cases:
            return research(call)
        return fields(verdicts=dict.fromkeys(cases, "pass: it is better"), hypothesis="on", knobs={"SCALE": 1.77})

    with serving(reply) as server:
        rows = asked(server, REVIEWS, toy, lab)
    assert [(one.role, one.moment) for one in rows] == [
        *(("Lead", moment) for moment in ("start", "middle", "late", "review", "report")),
        *(("Hand", moment) for moment in ("start", "middle", "late")),
    ]
    assert len(server.calls) == 3 * len(rows)
    assert all((one.samples, one.valid, one.first, one.error) == (3, 1, 1, "") for one in rows)
    assert all(one.input_tokens > 100 and one.output_tokens > 5 for one in rows)
    gains = {(one.role, one.moment): one.gain for one in rows}
    assert gains["Lead", "start"] > 0.02  # X goes towards the bottom, and the world knows by how much
    assert gains["Lead", "review"] is gains["Lead", "report"] is None


def test_what_is_known_grows_and_is_the_same_for_every_charter(toy: Task, lab: ReplayLab) -> None:
    role = TEAM.roles[1]
    past = history(toy, lab, role, 3, 0)
    assert history(toy, lab, replace(role, charter="Another.", model="x"), 3, 0).events == past.events
    for moment, least in {"start": 0, "middle": 10, "late": 40}.items():
        given = [one.now for one in situations(TEAM, role, toy, lab, past, moment=moment, samples=3, seed=0)]
        ended = [sum(one.seconds is not None for one in now.work.attempts.values()) for now in given]
        assert all(number >= least + at * (moment != "start") for at, number in enumerate(ended))
        assert all(len(now.view.knowledge.all) <= number + 1 for now, number in zip(given, ended, strict=True))
    assert moments(ALONE, HAND) == ("start", "middle", "late")


def test_answers_of_no_use_and_repeats_are_told_apart(toy: Task, lab: ReplayLab) -> None:
    def reply(call: Call) -> str:
        if not call.problem:
            return fields(hypothesis="the same again", knobs=dict.fromkeys(["X"], knobs_of(call)["X"]))
        return "I would rather not."

    with serving(reply) as server:
        (row,) = asked(server, ALONE, toy, lab, only=("middle",))
    assert (row.valid, row.first, row.repeats) == (0, 0, 0)
    assert row.gain == 0
    assert row.error == "there is no key hypothesis"

    def again(call: Call) -> str:
        tried = re.search(r"X [-\d.e]+ → ([-\d.e]+) *$", call.field("known"), re.MULTILINE)
        return research(call) if call.problem or not tried else fields(hypothesis="a", knobs={"X": float(tried[1])})

    with serving(again) as server:
        (row,) = asked(server, ALONE, toy, lab, only=("late",))
    assert row.valid == 1


@pytest.mark.parametrize("schema", [True, False])
def test_an_agent_may_look_at_what_it_knows_before_it_answers(toy: Task, lab: ReplayLab, *, schema: bool) -> None:
    thoughts, shown = [], []

    asks = json.dumps({"look": [0, 3, 99], "hypothesis": "", "knobs": {}}) if schema else fields(look="#0 and #3")

    def reply(call: Call) -> str:
        if not call.problem and "- look:" in call.user:
            return asks
        shown.extend(filter(None, [call.problem]))
        return research(call)

    with serving(reply) as server:
        given = settings(server)
        model = replace(given.models[MODEL], looks=1, schema=schema)
        with Language(ALONE, replace(given, models={MODEL: model})) as language:
            told = ask(ALONE, toy, lab, language, samples=2, told=lambda one: thoughts.append(one.thought))
    start, middle, late = told
    assert (start.valid, middle.valid, late.valid, middle.first) == (1, 1, 1, 1)
    assert not any("look" in call.system + call.user for call in server.calls[:2])  # nothing is known at the start
    assert "- look: instead of all the rest" in server.calls[2].user
    assert all(text.endswith("Now answer, in the same form.") for text in shown)
    assert "#0 | 0.5" in shown[0]
    assert "its setting: the baseline" in shown[0]
    assert "\n#3 | " in shown[0]
    assert re.search(r"#0 against #3, which gave 0.5\d* ± .* and .*: \w+ .* → ", shown[0])
    looked = thoughts[2:]
    assert all(len(one.facts["tokens_of_calls"]) == 2 and "repaired" not in one.facts for one in looked)
    kept = [text.removesuffix("\n\nNow answer, in the same form.") for text in shown]
    assert [one.facts["shown"] for one in looked] == [[text] for text in kept]


def test_what_is_shown_is_what_an_agent_knows_and_no_more(toy: Task, lab: ReplayLab) -> None:
    role = TEAM.roles[1]
    past = history(toy, lab, role, 3, 0)
    (posed,) = situations(TEAM, role, toy, lab, past, moment="late", samples=1, seed=0)
    assert look.shown(posed.now, "log").count("\n") >= len(posed.now.view.knowledge.all) - 1
    assert len(look.shown(posed.now, "log")) < 3_100
    for asked in ("", "none", [], None, "#99999", "x" * 10_000):
        assert look.shown(posed.now, asked) == ""


def test_rewritten_scripts_are_shown_by_the_lines_that_differ(toy: Task, lab: ReplayLab) -> None:
    role = TEAM.roles[1]
    (posed,) = situations(TEAM, role, toy, lab, history(toy, lab, role, 3, 0), moment="late", samples=1, seed=0)
    one, other = (known.id for known in posed.now.view.knowledge.all[1:3])
    work = posed.now.work
    work = replace(work, script={**work.script, one: work.script[one] + "\nprint('warmer')\n"})
    now = replace(posed.now, seat=replace(posed.now.seat, work=work))
    alone, pair = look.shown(now, f"#{one}"), look.shown(now, [one, other])
    assert "train.py against the baseline's:\n@@" in alone
    assert "\n+print('warmer')" in alone
    assert "\n-print('warmer')" in pair.rpartition("against")[2]
    assert "warmer" not in look.shown(now, other)


@pytest.mark.sweep(3)
@pytest.mark.parametrize(
    "odd",
    [
        {"expectation": 0.3},
        {"hypothesis": ["it moves", "down"]},
        {"hypothesis": None, "expectation": True},
        {"hypothesis": {"why": "it moves"}},
        {"knobs": [{"name": "X", "value": 0.2}]},
        {"knobs": {"name": "X", "value": 0.2}},
        {"knobs": {"X": {"value": 0.2}}},
        {"knobs": {"X": [0.2]}},
    ],
    ids=json.dumps,
)
def test_an_answer_of_other_types_is_read(toy: Task, lab: ReplayLab, odd: dict) -> None:
    answer = {"hypothesis": "it moves", "knobs": {"X": 0.2}, "expectation": "less", **odd}
    with serving(lambda _: json.dumps(answer)) as server:
        (row,) = asked(server, ALONE, toy, lab, only=("start",))
    assert (row.first, row.error) == (1, "")


def test_nobody_is_asked_where_nobody_thinks(toy: Task, lab: ReplayLab) -> None:
    org = replace(ALONE, roles=(replace(HAND, agent="tpe"),))
    with serving() as server, pytest.raises(UsageError, match="nobody to ask"):
        asked(server, org, toy, lab)
    assert not server.calls


def test_the_command_prints_what_the_function_gives(workspace: Path) -> None:
    with LlmServer(nk) as server:
        configure(workspace, server)
        words = ("ask", "pair.md", "--task", "nk", "--samples", "2", "--only", "start")
        printed = json.loads(invoke(*words, "--json").stdout)
        assert printed["answered"][0]["valid"] == 1
        assert printed["models"] == {MODEL: False}
        text = invoke(*words).stdout
        assert "100%" in text
        assert "nothing holds its answers to a schema" in text
        (workspace / "quiet.md").write_text(QUIET)
        assert invoke("ask", "quiet.md", *words[2:]).exit_code == 2
        assert invoke("ask", "quiet.md", *words[2:], "--model", MODEL).exit_code == 0
        calls = len(server.calls)
    assert calls == 6
    assert not (workspace / "mlruns").exists()
    with pytest.raises(UsageError, match="there is no situation 'noon'"):
        orgopt.ask("pair.md", task="nk", only=["noon"])


REWRITER = """\
# Mine

## Roles

### Sampler
- **Agent:** tpe

### Scribe
- **Headcount:** 2
- **Agent:** reflect

Hire whoever is missing.

## Rhythm
- **Proposes:** documents
"""


@pytest.mark.slow
def test_the_rewriter_of_a_search_is_asked_by_its_charter_and_what_it_proposes_is_run(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = iter(["risk/nobody", "headcount/explorer", "risk/nobody", "risk/nobody"])

    def rewrite(call: Call) -> str:
        if "improve the document" not in call.system:
            return "Yes."
        change = {"place": next(places), "to": 4, "reason": "too few"}
        return fields(thinking="Few agents.", changes=[change])

    monkeypatch.setattr("orgopt.api.asking.BUDGET", "3x")
    (workspace / "mine.md").write_text(REWRITER)
    with LlmServer(rewrite) as server:
        configure(workspace, server)
        found = orgopt.ask("mine.md", task="nk", samples=2)
        told = [call.system for call in server.calls if "improve the document" in call.system]
    (row,) = found.answered
    assert len(told) == 4
    assert all("Hire whoever is missing." in text and "noise: do not explain" not in text for text in told)
    # The first names nobody and then somebody, the second nobody twice.
    assert (row.role, row.moment, row.samples, row.valid) == ("Scribe", "rewrite", 2, 0.5)
    assert (row.first, row.repeats) == (0, 0)
    assert row.gain
    assert row.input_tokens > 500
    assert "risk/nobody" in row.error
    with pytest.raises(UsageError, match="one situation"):
        orgopt.ask("mine.md", task="nk", only=["start"])
    (workspace / "none.md").write_text(REWRITER.replace("reflect", "gepa"))
    with pytest.raises(UsageError, match="nobody to ask"):
        orgopt.ask("none.md", task="nk")
    assert not (workspace / "mlruns").exists()
