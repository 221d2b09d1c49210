"""The report of a run: what held it back, and what came of each part."""

from dataclasses import replace

import pytest

from orgopt.ledger import Ledger
from orgopt.org import Org, Standup
from orgopt.tasks.task import Task
from orgopt.team.cost_of_parts import Report, report
from orgopt.team.runtime import Team
from tests.fakes.lab import FakeLab
from tests.test_words import link, role


def run(org: Org, task: Task, slots: int, budget_s: float = 30) -> tuple[Ledger, Report]:
    ledger = Ledger()
    Team(org, task, FakeLab(task, slots=slots), seed=2, ledger=ledger).run(budget_s)
    return ledger, report(org, ledger)


def test_few_agents_leave_slots_idle_and_many_wait_for_them(toy: Task) -> None:
    slow = replace(toy, think_s=1.0)
    _, few = run(Org(roles=(role("A", 2),)), slow, slots=2)
    assert few.bound == "agents"
    assert few.slots_idle == pytest.approx(0.5, abs=0.05)
    assert few.agents_waiting == pytest.approx(0.0, abs=0.01)
    assert (few.think_s, few.run_s) == (pytest.approx(1.0), pytest.approx(1.0))
    assert few.full_headcount == pytest.approx(4.0)
    _, many = run(Org(roles=(role("A", 8),)), slow, slots=2)
    assert many.bound == "slots"
    assert many.slots_idle < 0.05
    assert many.agents_waiting > 0.3


def test_each_part_has_what_it_cost_and_brought(toy: Task) -> None:
    org = Org(
        roles=(role("Lead"), role("Hand", 2), role("Nobody", 0)),
        links=(link("hand", "reports to", "lead"),),
        standup=Standup(every=6, unit="experiments", share=1),
    )
    ledger, found = run(org, toy, slots=3)
    lead, hand = found.roles
    assert lead.proposals + hand.proposals == len(ledger.of("proposal"))
    assert lead.gains + hand.gains == len(ledger.of("submission")) - 1
    first, last = ledger.of("submission")[0].data["metric"], ledger.of("submission")[-1].data["metric"]
    assert lead.gained + hand.gained == pytest.approx(first - last)
    (reports,) = found.links
    assert reports.name == "Hand → Lead: reports to"
    assert reports.messages == hand.messages == len([e for e in ledger.of("outcome") if e.data["agent"] < "lead"]) - 2
    assert 0 < reports.proposals <= lead.proposals
    assert found.standup
    assert found.standup.messages == len(ledger.of("meeting"))
    assert found.standup.agent_s == pytest.approx(sum(3 * e.data["seconds"] for e in ledger.of("meeting")))
    assert found.standup.proposals > 0
    assert found.to_dict()["roles"][0]["name"] == "Lead"


def test_replicates_are_counted(toy: Task) -> None:
    _, found = run(Org(roles=(role("A", 2),), confirm=1), toy, slots=2)
    assert found.roles[0].replicates > 0
    assert run(Org(roles=(role("A", 2),)), toy, slots=2)[1].roles[0].replicates == 0


def test_a_review_is_named_as_it_is_written(toy: Task) -> None:
    org = Org(roles=(role("Hand", 2), role("Reviewer")), links=(link("reviewer", "reviews", "hand"),))
    _, found = run(org, toy, slots=3)
    (reviews,) = found.links
    assert reviews.name == "Reviewer → Hand: reviews"
    assert reviews.replicates > 0
