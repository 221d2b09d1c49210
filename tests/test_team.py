"""Teams in virtual time: who hears what, what meetings cost, what is charged and what is submitted."""

import pytest

from orgopt.document import Program, parse
from orgopt.document.linting.lint import require_org
from orgopt.ledger import Event, Ledger
from orgopt.org import Org
from orgopt.task import Task
from orgopt.team import meetings
from orgopt.team.runtime import Team
from tests.conftest import ROOT
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
    return set(meetings.view(ledger.events, agent))


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
            assert event.data["parent"] in meetings.view(ledger.events[:index], event.data["agent"])


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
