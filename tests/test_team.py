"""Teams in virtual time: who hears what, what meetings cost, what is charged and what is submitted."""

import gc
import weakref
from cProfile import Profile

import pytest

from orgopt.agents.base import Agent, Thinking, Thought, View, propose
from orgopt.document import Program, parse
from orgopt.document.linting.lint import require_org
from orgopt.ledger import Event, Ledger
from orgopt.org import Link, LinkKind, Org, Role
from orgopt.tasks.task import Task
from orgopt.team.runtime import Team
from orgopt.team.timers import Due, Timer, Timers
from tests.conftest import ROOT
from tests.fakes import recall
from tests.fakes.lab import FakeLab


def org_of(roles: str, links: str = "", rhythm: str = "") -> Org:
    parts = [
        f"### {name}\n- **Headcount:** {count}\n" for name, count in (item.split("×") for item in roles.split(", "))
    ]
    link_lines = "".join(f"- {link}\n" for link in links.split("; ") if link)
    text = "## Roles\n\n" + "\n".join(parts) + f"\n## Links\n{link_lines}\n"
    return require_org(parse(text + (f"## Rhythm\n- **Stand-up:** {rhythm}\n" if rhythm else "")))


def run(org: Org, task: Task, lab: FakeLab, budget_s: float = 30, seed: int = 1) -> Ledger:
    ledger = Ledger()
    Team(org, task, lab, seed=seed, ledger=ledger).run(budget_s)
    return ledger


def knowledge(ledger: Ledger, agent: str) -> set[int]:
    return set(recall.view(ledger.events, agent))


def ran(ledger: Ledger, agent: str) -> set[int]:
    return {e.data["id"] for e in ledger.of("outcome") if e.data["agent"] == agent and e.data["status"] != "unfinished"}


def test_results_flow_along_links_and_nowhere_else(toy: Task) -> None:
    org = org_of(
        "Chief×1, Lead×1, Hand×2, Peer×1", "Hand → Lead: reports to; Lead → Chief: reports to; Peer → Hand: shares with"
    )
    ledger = run(org, toy, FakeLab(toy, slots=5))
    own = {agent: ran(ledger, agent) for agent in ("chief-1", "lead-1", "hand-1", "hand-2", "peer-1")}
    assert all(own.values())
    assert knowledge(ledger, "chief-1") == own["chief-1"] | own["lead-1"] | own["hand-1"] | own["hand-2"]
    assert knowledge(ledger, "lead-1") == own["lead-1"] | own["hand-1"] | own["hand-2"]
    assert knowledge(ledger, "hand-1") == own["hand-1"] | own["peer-1"]
    assert knowledge(ledger, "peer-1") == own["peer-1"]


def test_sharing_among_a_role_and_both_ways(toy: Task) -> None:
    ledger = run(org_of("A×2, B×1", "A ↔ A: shares with; A ↔ B: shares with"), toy, FakeLab(toy))
    everything = ran(ledger, "a-1") | ran(ledger, "a-2") | ran(ledger, "b-1")
    assert knowledge(ledger, "a-1") == knowledge(ledger, "b-1") == everything


def test_an_agent_knows_only_what_it_was_shown(toy: Task) -> None:
    """Each proposal's parent was known to its agent when it was made."""
    ledger = run(
        org_of("A×3, B×2", "A → B: reports to", "every 7 experiments, everyone, best 1"), toy, FakeLab(toy, slots=3)
    )
    for index, event in enumerate(ledger.events):
        if event.kind == "proposal" and event.data["parent"]:
            assert event.data["parent"] in recall.view(ledger.events[:index], event.data["agent"])


def test_a_standup_shares_the_best_of_each(toy: Task) -> None:
    ledger = run(org_of("A×2", rhythm="every 6 experiments, everyone, best 1"), toy, FakeLab(toy))
    first, *_ = ledger.of("meeting")
    before = [e for e in ledger.of("outcome") if e.t <= first.t]
    best = {
        min((e.data["metric"], e.data["id"]) for e in before if e.data["agent"] == agent)[1] for agent in ("a-1", "a-2")
    }
    assert set(first.data["shared"]) == best
    assert len(before) == 6
    assert first.data["agents"] == ["a-1", "a-2"]


def test_a_standup_stops_thinking_and_not_experiments(toy: Task) -> None:
    costly = toy.__class__(**{**{n: getattr(toy, n) for n in toy.__dataclass_fields__}, "meeting_s": 3.0})
    rhythm = "every 5 s, everyone, all"
    ledger = run(org_of("A×2", rhythm=rhythm), costly, FakeLab(costly, slots=2), budget_s=30)
    meeting = ledger.of("meeting")[0]
    assert meeting.t == pytest.approx(5.0)
    assert meeting.data["seconds"] == pytest.approx(3.02)
    during = [e.kind for e in ledger.events if 5.0 < e.t < 8.0 and e.kind in {"proposal", "outcome"}]
    assert "outcome" in during
    assert "proposal" not in during
    silent = run(org_of("A×2"), costly, FakeLab(costly, slots=2), budget_s=30)
    assert len(ledger.of("proposal")) < len(silent.of("proposal"))


def test_slots_are_charged_to_the_budget_and_no_further(toy: Task) -> None:
    ledger = run(org_of("A×5"), toy, FakeLab(toy, slots=2, seconds=4.0), budget_s=10)
    outcomes = [e.data for e in ledger.of("outcome")]
    assert [o["status"] for o in outcomes] == ["ok"] * 4 + ["unfinished"] * 2
    assert all(o["ended"] <= 10 for o in outcomes)
    # Two slots are busy from the first proposal (0.01 s of thought) to the end.
    assert sum(o["ended"] - o["started"] for o in outcomes) == pytest.approx(2 * 9.99, abs=0.01)


def test_one_agent_cannot_fill_two_slots(toy: Task) -> None:
    ledger = run(org_of("A×1"), toy, FakeLab(toy, slots=2), budget_s=10)
    assert sum(e.data["ended"] - e.data["started"] for e in ledger.of("outcome")) < 10


def test_only_the_roots_submit(toy: Task) -> None:
    """A peer outside the chain of reports finds the optimum, and nobody who submits hears of it."""

    def metric(settings, seed):
        return loss(settings), loss(settings)

    def loss(settings):
        return 0.4 - 0.01 * float(settings["X"])

    org = org_of("Lead×1, Hand×1, Peer×1", "Hand → Lead: reports to")
    ledger = run(org, toy, FakeLab(toy, slots=3, metric=metric))
    submitted = {e.data["id"] for e in ledger.of("submission")} - {0}
    assert submitted
    assert submitted <= ran(ledger, "lead-1") | ran(ledger, "hand-1")


def test_failures_are_known_and_never_submitted(toy: Task) -> None:
    ledger = run(org_of("A×2"), toy, FakeLab(toy, metric=lambda *_: (None, None)))
    assert {e.data["status"] for e in ledger.of("outcome")} == {"crashed", "unfinished"}
    assert [e.data["id"] for e in ledger.of("submission")] == [0]


@pytest.mark.sweep(3)
@pytest.mark.parametrize("path", sorted((ROOT / "orgs").glob("*.md")), ids=lambda path: path.stem)
def test_a_run_is_decided_by_its_seed(toy: Task, path) -> None:
    org = require_org(parse(path.read_text()))
    first, second, other = (run(org, toy, FakeLab(toy), seed=seed).events for seed in (5, 5, 6))
    assert first == second
    assert first != other


def test_every_event_is_watched(toy: Task, trio: Program) -> None:
    seen: list[Event] = []
    ledger = Ledger()
    Team(require_org(trio), toy, FakeLab(toy), seed=1, ledger=ledger, watch=seen.append).run(20)
    assert seen == ledger.events
    assert seen[0].kind == "start"
    assert seen[-1].kind == "end"


class Slow(Agent):
    """Is neither a policy nor has it words: it says that its thoughts took half a second, and fails every third one."""

    def __init__(self) -> None:
        self.asked = 0

    def think(self, view: View) -> Thinking:
        self.asked += 1
        if self.asked % 3 == 0:
            return Thinking(Thought(seconds=0.5, failure="tired"))
        step = propose(view.starts[0], {"X": view.rng.random()})
        return Thinking(Thought(proposal=step, seconds=0.5), told={"left": f"{view.left_s:.1f}"})


class Hiring:
    """Gives slow agents to roles that think."""

    approve = None

    def agent(self, seat) -> Agent:
        return Slow()


def with_slow(task: Task, ledger: Ledger) -> list[Event]:
    org = require_org(
        parse("## Roles\n\n### Slow\n- **Agent:** llm\n\n### Quick\n\n## Links\n- Slow → Quick: reports to\n")
    )
    Team(org, task, FakeLab(task, slots=2), seed=1, ledger=ledger, language=Hiring()).run(6)  # type: ignore[arg-type]
    return ledger.events


def test_an_agent_of_another_kind_is_asked_as_all_are(toy: Task) -> None:
    ledger = Ledger()
    whole = with_slow(toy, ledger)
    ended = [event for event in ledger.of("thought") if event.data["failure"] != "unfinished"]
    assert {event.data["failure"] for event in ended} == {"", "tired"}
    assert all(event.t == pytest.approx(event.data["began"] + 0.5, abs=2e-4) for event in ended)
    begun = ledger.of("thinking")
    assert begun[0].data["told"] == {"left": f"{6 - begun[0].t:.1f}"}
    proposed = [event.t for event in ledger.of("proposal") if event.data["agent"] == "slow-1"]
    assert proposed == [event.t for event in ended if not event.data["failure"]]
    quick = [event.t for event in ledger.of("proposal") if event.data["agent"] == "quick-1"]
    assert any(one.data["began"] < t < one.t for one in ended for t in quick), "others do not wait for it"
    for cut in range(1, len(whole), 7):
        assert with_slow(toy, Ledger(events=whole[:cut])) == whole


def test_what_is_due_at_one_time_comes_in_a_fixed_order() -> None:
    timers = Timers()
    assert timers.first == float("inf")
    later, reports, standup = Timer(2.0, Due.AGENT), Timer(1.0, Due.REPORTS), Timer(1.0, Due.STANDUP)
    second, first = Timer(1.0, Due.AGENT, 1), Timer(1.0, Due.AGENT, 0)
    for timer in (later, reports, standup, second, first):
        timers.set(timer)
    due = timers.due(1.5, 10.0)
    assert next(due) == first
    meanwhile = Timer(1.2, Due.AGENT, 7)
    timers.set(meanwhile)
    assert list(due) == [second, standup, reports, meanwhile]
    assert timers.first == 2.0
    assert list(timers.due(3.0, 2.0)) == []  # what is due at the end of the budget is not done


def test_a_team_is_freed_when_nobody_holds_it(toy: Task, trio: Program) -> None:
    """A search runs thousands of teams: what only the garbage collector finds costs time in every run."""
    gc.disable()
    try:
        team = Team(require_org(trio), toy, FakeLab(toy), seed=1, ledger=Ledger())
        team.run(5)
        held = weakref.ref(team)
        del team
        assert held() is None
    finally:
        gc.enable()


@pytest.mark.parametrize(("kind", "pattern"), [("shares with", "ring"), ("delegates to", "line")])
def test_what_an_experiment_costs_does_not_grow_with_the_team(toy: Task, kind: LinkKind, pattern: str) -> None:
    def calls(heads: int) -> float:
        """Calls of functions for each experiment of a team."""
        role = Role(id="a", name="A", headcount=heads, agent="random")
        org = Org(roles=(role,), links=(Link(source="a", target="a", kind=kind, pattern=pattern),))
        ledger, profile = Ledger(), Profile()
        team = Team(org, toy, FakeLab(toy, slots=heads), seed=1, ledger=ledger)
        profile.runcall(team.run, 4)
        return sum(entry.callcount for entry in profile.getstats()) / len(ledger.of("outcome"))

    assert calls(80) < 1.2 * calls(8)
