"""What the words of a document do to a team, in virtual time: each test fails where its word has no effect."""

import math
from dataclasses import replace

import numpy as np
import pytest

from orgopt.agent_names import POLICIES
from orgopt.agents import Known
from orgopt.ledger import Ledger
from orgopt.org import CopyRule, Link, Org, Role, Standup
from orgopt.tasks.knob import Settings
from orgopt.tasks.task import Task
from orgopt.team import links
from orgopt.team.beliefs import Beliefs, Finished
from orgopt.team.copying import heeded, starts
from orgopt.team.desk import Desk
from orgopt.team.early_stopping import AUDIT, ByForecast, Quantile, curves_of
from orgopt.team.runtime import Team
from orgopt.team.trust import Trust, trusts
from tests.fakes import recall
from tests.fakes.lab import FakeLab


def role(name: str, headcount: int = 1, **keys) -> Role:
    return Role(id=name.lower(), name=name, headcount=headcount, **keys)


def link(source: str, kind: str, target: str, **keys) -> Link:
    return Link(source=source, target=target, kind=kind, **keys)


def noiseless(settings: Settings, seed: int) -> tuple[float, float]:
    loss = (float(settings.get("X", 0.0)) - 0.7) ** 2 + (float(settings.get("Y", 0.3)) - 0.2) ** 2
    return loss, loss


def run(org: Org, task: Task, lab: FakeLab | None = None, budget_s: float = 30, seed: int = 1) -> Ledger:
    ledger = Ledger()
    Team(org, task, lab or FakeLab(task, slots=3), seed=seed, ledger=ledger).run(budget_s)
    return ledger


def settings_of(ledger: Ledger) -> dict[int, dict]:
    return {0: {}} | {e.data["id"]: e.data["knobs"] for e in ledger.of("proposal")}


def runs_of(ledger: Ledger, agent: str = "") -> list[dict]:
    return [e.data for e in ledger.of("proposal") if e.data["agent"].startswith(agent)]


def replicates(ledger: Ledger, agent: str = "") -> list[dict]:
    return [data for data in runs_of(ledger, agent) if data["note"].startswith("replicates")]


def changed(ledger: Ledger, data: dict) -> set[str]:
    """The knobs in which a proposal differs from its parent."""
    settings = settings_of(ledger)
    parent = settings[data["parent"]]
    return {name for name in {*parent, *data["knobs"]} if parent.get(name) != data["knobs"].get(name)}


@pytest.mark.parametrize("agent", [name for name in POLICIES if name not in {"replicate", "evolution"}])
def test_focus_changes_only_knobs_of_its_groups(toy: Task, agent: str) -> None:
    org = Org(roles=(role("A", 2, agent=agent, focus=("Point", "unknown"), risk=0.8),))
    ledger = run(org, toy)
    assert {name for data in runs_of(ledger) for name in changed(ledger, data)} == {"X", "Y"}
    anywhere = run(Org(roles=(role("A", 2, agent=agent, focus=("unknown",), risk=0.8),)), toy)
    assert {name for data in runs_of(anywhere) for name in changed(anywhere, data)} - {"X", "Y"}


def test_evolution_crosses_only_knobs_in_focus(toy: Task) -> None:
    ledger = run(Org(roles=(role("A", 2, agent="evolution", focus=("point",), risk=0.8),)), toy)
    assert {name for data in runs_of(ledger) for name in data["knobs"]} == {"X", "Y"}


def test_confirm_submits_only_what_was_replicated(toy: Task) -> None:
    org = Org(roles=(role("A", 2),), links=(link("a", "shares with", "a"),), confirm=2)
    ledger = run(org, toy, budget_s=60)
    settings = settings_of(ledger)
    submitted = [e for e in ledger.of("submission") if e.data["id"]]
    assert submitted
    for event in submitted:
        values = [
            e.data["metric"]
            for e in ledger.of("outcome")
            if e.t <= event.t and e.data["status"] == "ok" and settings[e.data["id"]] == settings[event.data["id"]]
        ]
        assert len(values) >= 3
        assert event.data["metric"] == pytest.approx(sum(values) / len(values))
    believed = {event.data["id"] for event in submitted}
    starts = {data["parent"] for data in runs_of(ledger) if not data["note"].startswith("replicates")}
    assert starts <= believed | {0} | {e.data["id"] for e in ledger.of("outcome")}
    assert len(replicates(ledger)) > 4
    assert not replicates(run(replace(org, confirm=0), toy, budget_s=60))


def test_a_lucky_result_is_dropped_by_its_replicate(toy: Task) -> None:
    """Every first run of a setting looks good, every second shows the truth."""
    seen: dict[str, int] = {}

    def lucky(settings: Settings, seed: int) -> tuple[float, float]:
        seen[str(settings)] = seen.get(str(settings), 0) + 1
        return (0.1, 2.0) if seen[str(settings)] == 1 else (2.0, 2.0)

    careful = Org(roles=(role("A", 2),), confirm=1)
    assert [e.data["id"] for e in run(careful, toy, FakeLab(toy, metric=lucky)).of("submission")] == [0]
    seen.clear()
    assert len(run(replace(careful, confirm=0), toy, FakeLab(toy, metric=lucky)).of("submission")) > 1


def test_a_careful_role_confirms_what_it_hears(toy: Task) -> None:
    org = Org(roles=(role("Lead", confirm=1), role("Hand", 3)), links=(link("hand", "reports to", "lead"),))
    ledger = run(org, toy)
    by = {e.data["id"]: e.data["agent"] for e in ledger.of("outcome")}
    assert {by[data["parent"]].split("-")[0] for data in replicates(ledger, "lead")} >= {"hand"}
    assert not replicates(ledger, "hand")


def test_stop_early_ends_bad_curves_and_charges_to_the_stop(toy: Task) -> None:
    org = Org(roles=(role("A", 3, agent="random", risk=1.0),), links=(link("a", "shares with", "a"),), stop_early=0.3)
    ledger = run(org, toy)
    stopped = [e.data for e in ledger.of("outcome") if e.data["status"] == "stopped"]
    assert len(stopped) > 5
    for data in stopped:
        (stop,) = [e for e in ledger.of("stop") if e.data["id"] == data["id"]]
        assert data["ended"] == pytest.approx(stop.t, abs=1e-3)
        assert data["ended"] - data["started"] < 0.999
        assert data["metric"] is None
    patient = run(replace(org, stop_early="off"), toy)
    assert not patient.of("stop")
    assert len(patient.of("outcome")) < len(ledger.of("outcome"))


def test_stopping_needs_three_curves_and_compares_point_by_point() -> None:
    curves = Quantile(0.5)
    curves.add((3.0, 1.0, 1.0), 1.0)
    curves.add((2.0, 1.0, 1.0), 1.0)
    assert not curves.stops(1, 0, 99.0)
    curves.add((1.0,), None)
    assert curves.stops(1, 0, 2.1)
    assert not curves.stops(1, 0, 2.0)
    assert not curves.stops(1, 1, 99.0), "only two curves came so far"
    curves.add((1.0, 1.0, 1.0), 1.0)
    assert curves.stops(1, 1, 99.0)
    assert not curves.stops(1, 2, 99.0), "nothing is left to save"


def forecasting(tells: float, seed: int = 0, runs: int = 30) -> ByForecast:
    """Stopping by forecast that knows runs whose values half-way tell their ends so much, 0 to 1."""
    rng, curves = np.random.default_rng(seed), ByForecast()
    for _ in range(runs):
        end = rng.normal()
        half = tells * end + (1 - tells) * rng.normal()
        curves.add((half + 1, half + 0.5, half, half, half, half, half, end), end)
    return curves


def test_auto_ends_what_will_hardly_be_the_best_and_audits_some_of_it() -> None:
    curves = forecasting(0.95)
    assert not any(curves.stops(n, 3, -3.0) for n in range(50)), "it may be the best"
    ended = [curves.stops(n, 3, 2.0) for n in range(100, 112)]
    assert ended == [n % AUDIT != 0 for n in range(12)]
    assert not curves.stops(100, 4, 2.0), "what is audited goes on to its end"
    assert not curves.stops(99, 7, 9.0), "nothing is left to save"
    assert [curves.stops(n, 3, math.inf) for n in (97, 98)] == [False, True]


def test_auto_ends_nothing_where_curves_do_not_tell_the_end() -> None:
    for seed in range(20):
        for tells in (0.0, -0.9):
            curves = forecasting(tells, seed)
            assert not any(
                curves.stops(n, step, value) for n, (step, value) in enumerate([(0, 9.0), (3, 3.0), (5, 9.0)])
            )
    few = forecasting(0.95, runs=7)
    assert not few.stops(1, 3, 9.0)


@pytest.mark.slow
def test_a_team_that_stops_by_forecast_ends_runs_and_replicates_none_early(toy: Task) -> None:
    org = Org(roles=(role("A", 3, agent="freeze-thaw", risk=1.0),), links=(link("a", "shares with", "a"),))
    assert curves_of("off", freezes=True) is not None
    assert curves_of("off", freezes=False) is None
    ledger = run(org, toy)
    assert ledger.of("outcome")
    stopped = {event.data["id"] for event in ledger.of("stop")}
    assert not run(replace(org, roles=(replace(org.roles[0], stop_early="off"),)), toy).of("stop")
    again = [data["id"] for data in runs_of(ledger) if "goes on with" in data["note"]]
    assert not stopped & set(again)


def test_copy_rule_decides_whose_setting_is_moved(toy: Task) -> None:
    def starts(rule: str) -> list[bool]:
        org = Org(roles=(role("A", 3, risk=0.0),), links=(link("a", "shares with", "a"),), copy_rule=rule)
        ledger = run(org, toy)
        by = {0: "", **{e.data["id"]: e.data["agent"] for e in ledger.of("outcome")}}
        return [by[data["parent"]] in {"", data["agent"]} for data in runs_of(ledger)]

    assert all(starts("own"))
    assert not all(starts("best"))
    assert not all(starts("majority"))
    assert not all(starts("best of 3"))


def beliefs(toy: Task, **trust) -> Beliefs:
    return Beliefs(toy.knobs, toy.complete({}), toy.baseline, Trust(me="me", **trust))


def test_the_majority_decides_ties_by_metric_and_all_different_by_chance(toy: Task) -> None:
    mind = beliefs(toy, watches=frozenset("abcde"))
    points = {number: toy.complete({"X": number / 10}) for number in (1, 2, 3)}
    for run_id, agent, setting, metric in [
        (1, "a", 1, 0.4),
        (2, "b", 2, 0.2),
        (3, "c", 3, 0.3),
        (4, "d", 3, 0.3),
        (5, "e", 2, 0.2),
    ]:
        mind.learn(Finished(run_id, agent, setting, points[setting], metric))

    def start(neighbours: str, choice: float = 0.0) -> float:
        return starts(mind, "majority", list(neighbours), choice)[0].settings["X"]

    assert start("acd") == 0.3
    assert start("bcde") == 0.2
    assert {start("abc", choice) for choice in (0.1, 0.5, 0.9)} == {0.1, 0.2, 0.3}
    mind.learn(Finished(6, "me", 4, toy.complete({"X": 0.7}), 0.1))
    assert start("acd") == 0.7, "the majority is followed when it beats the agent's own best"


def test_of_two_settings_that_tie_an_agent_keeps_the_one_that_it_had(toy: Task) -> None:
    mind = beliefs(toy, watches=frozenset("a"))
    points = {number: toy.complete({"X": number / 10}) for number in (1, 2, 3)}
    for run_id, agent, setting, metric in [(1, "a", 1, 0.3), (2, "me", 3, 0.3), (3, "me", 1, 0.3), (4, "me", 2, 0.3)]:
        mind.learn(Finished(run_id, agent, setting, points[setting], metric))
    assert mind.chosen("own") == 3, "not the one that somebody tried first"
    assert starts(mind, "best of 3", ["a"], 0.0)[0].settings["X"] == 0.3


def test_three_neighbours_are_sampled_and_only_what_two_of_them_have_is_a_majority(toy: Task) -> None:
    mind = beliefs(toy, watches=frozenset("abcdef"))
    points = {number: toy.complete({"X": number / 10}) for number in (1, 2, 3, 4)}
    for run_id, (agent, setting) in enumerate(zip("abcdef", (1, 2, 3, 4, 3, 3), strict=True), 1):
        mind.learn(Finished(run_id, agent, setting, points[setting], 0.5 - setting / 10))
    own = mind.known(0)

    def start(rule: CopyRule, neighbours: str) -> Known:
        return starts(mind, rule, list(neighbours), 0.0)[0]

    assert start("best of 3", "abc").settings["X"] == 0.3
    assert start("majority of 3", "dce").settings["X"] == 0.3, "the fourth is better, and alone"
    assert start("majority of 3", "abd") == start("majority of 3", "d") == own
    rng = np.random.default_rng(1)
    asked = [heeded("best of 3", list("abcdef"), rng) for _ in range(99)]
    seen = [starts(mind, "best of 3", *one)[0].settings["X"] for one in asked]
    assert set(seen) == {0.3, 0.4}, "of six neighbours, three are asked, and one of those has 3 or 4"
    assert seen.count(0.4) == pytest.approx(99 / 2, abs=15)


def test_patterns_link_neighbours_of_a_mixed_row() -> None:
    def pairs(pattern: str, *counts: int, mutual: bool = True) -> set[frozenset[str]]:
        roles = tuple(role(name, count) for name, count in zip("AB", counts, strict=False))
        one = Link(source="a", target=roles[-1].id, kind="shares with", mutual=mutual, pattern=pattern)
        return {frozenset(pair) for pair in links.pairs(Org(roles=roles, links=(one,)), one, np.random.default_rng(1))}

    assert pairs("line", 3) == {frozenset({"a-1", "a-2"}), frozenset({"a-2", "a-3"})}
    assert len(pairs("ring", 5)) == 5
    assert len(pairs("lattice 4", 9)) == 18
    assert len(pairs("", 4)) == len(pairs("full", 4)) == 6
    assert len(pairs("ring", 50, 50)) == 100
    assert len(pairs("line", 50, 50)) == 99
    assert 150 < len(pairs("random 0.2", 50)) < 350
    assert pairs("random 0.2", 50) == pairs("random 0.2", 50)
    assert pairs("random 1", 3, 2) == pairs("", 3, 2)


def test_a_ring_carries_results_to_its_neighbours_only(toy: Task) -> None:
    ring = Org(roles=(role("A", 5),), links=(link("a", "shares with", "a", pattern="ring"),))
    ledger = run(ring, toy, FakeLab(toy, slots=5))
    by = {e.data["id"]: e.data["agent"] for e in ledger.of("outcome")}
    assert {by[number] for number in recall.view(ledger.events, "a-1")} == {"a-1", "a-2", "a-5"}


def test_random_links_are_decided_by_the_seed() -> None:
    org = Org(roles=(role("A", 20),), links=(link("a", "shares with", "a", pattern="random 0.3"),))
    assert links.network(org, 1) == links.network(org, 1)
    assert links.network(org, 1) != links.network(org, 2)


def test_delegating_hands_down_an_incumbent_and_a_focus(toy: Task) -> None:
    roles = (role("Lead", focus=("point",)), role("Hand", 2), role("Scout", focus=("other",)))
    down = (link("lead", "delegates to", "hand"), link("lead", "delegates to", "scout"))
    ledger = run(Org(roles=roles, links=down), toy, FakeLab(toy, slots=4, metric=noiseless))
    assert {name for data in runs_of(ledger, "hand") for name in changed(ledger, data)} == {"X", "Y"}
    assert not {name for data in runs_of(ledger, "scout") for name in changed(ledger, data)} & {"X", "Y"}
    by = {0: "", **{e.data["id"]: e.data["agent"] for e in ledger.of("outcome")}}
    assert "lead-1" in {by[data["parent"]] for data in runs_of(ledger, "hand")}
    orders = [e.data for e in ledger.of("message")]
    assert {order["link"] for order in orders} == {"delegates to"}
    assert orders[0]["focus"] == ["point"]
    free = run(Org(roles=roles), toy, FakeLab(toy, slots=4, metric=noiseless))
    assert {name for data in runs_of(free, "hand") for name in changed(free, data)} - {"X", "Y"}


def test_delegates_start_from_it_even_under_own(toy: Task) -> None:
    roles = (role("Lead", risk=0.0), role("Hand", copy_rule="own", agent="hill-climb", risk=0.0))
    ledger = run(Org(roles=roles, links=(link("lead", "delegates to", "hand"),)), toy, FakeLab(toy, metric=noiseless))
    by = {0: "", **{e.data["id"]: e.data["agent"] for e in ledger.of("outcome")}}
    assert "lead-1" in {by[data["parent"]] for data in runs_of(ledger, "hand")}


def test_an_incumbent_is_handed_on_from_agent_to_agent(toy: Task) -> None:
    """In a line of delegates the best reaches the last, who hears of nobody but its neighbour."""
    roles = tuple(role(name, risk=0.2) for name in "ABCD")
    down = tuple(link(a, "delegates to", b) for a, b in ("ab", "bc", "cd"))
    ledger = run(Org(roles=roles, links=down), toy, FakeLab(toy, slots=4, metric=noiseless))
    by = {e.data["id"]: e.data["agent"] for e in ledger.of("outcome")}
    assert "a-1" in {by[number] for number in recall.view(ledger.events, "d-1")}


def test_reviewed_results_count_only_once_they_were_replicated(toy: Task) -> None:
    roles = (role("Lead"), role("Hand", 2), role("Reviewer"))
    reports = link("hand", "reports to", "lead")
    org = Org(roles=roles, links=(reports, link("reviewer", "reviews", "hand")))
    ledger = run(org, toy, FakeLab(toy, slots=4), budget_s=60, seed=2)
    settings = settings_of(ledger)
    assert len(replicates(ledger, "reviewer")) > 2
    ran = {e.data["id"]: e for e in ledger.of("outcome") if e.data["status"] == "ok"}
    from_hands = [e for e in ledger.of("submission") if e.data["id"] and ran[e.data["id"]].data["agent"] < "lead"]
    assert from_hands
    for event in from_hands:
        reviews = [
            one
            for one in ran.values()
            if one.t <= event.t
            and one.data["agent"] in {"reviewer-1", "lead-1"}
            and settings[one.data["id"]] == settings[event.data["id"]]
        ]
        assert reviews
    alone = run(Org(roles=roles, links=(reports,)), toy, FakeLab(toy, slots=4), budget_s=60)
    assert not replicates(alone)


def test_a_verdict_reaches_who_heard_the_result(toy: Task) -> None:
    mind = beliefs(toy, reviewers={"hand": frozenset({"reviewer"})})
    settings = toy.complete({"X": 0.5})
    mind.learn(Finished(1, "hand", 1, settings, 0.1))
    assert not mind.believes(1)
    mind.learn(Finished(2, "peer", 2, toy.complete({"X": 0.6}), 0.2))
    assert mind.believes(2)
    mind.learn(Finished(3, "reviewer", 1, settings, 0.3))
    assert mind.believes(1)
    assert mind.known(1).metric == pytest.approx(0.2)
    assert mind.known(1).seeds == 2


def test_replicate_settles_what_is_most_in_doubt(toy: Task) -> None:
    pair = (role("A", 2), role("Checker", agent="replicate"))
    shares = (link("a", "shares with", "checker"),)
    ledger = run(Org(roles=pair, links=shares), toy, FakeLab(toy, slots=3))
    own = replicates(ledger, "checker")
    assert len(own) > len(runs_of(ledger, "checker")) / 2
    seen = {}
    for e in ledger.of("outcome"):
        if e.data["status"] == "ok":
            seen.setdefault(str(settings_of(ledger)[e.data["id"]]), []).append(e.data["metric"])
    repeated = [sum(v) / len(v) for v in seen.values() if len(v) > 1]
    once = [v[0] for v in seen.values() if len(v) == 1]
    assert sum(repeated) / len(repeated) < sum(once) / len(once)


def test_imitate_copies_a_better_neighbour_else_moves_one_knob(toy: Task) -> None:
    org = Org(roles=(role("A", 4, agent="imitate", risk=0.0),), links=(link("a", "shares with", "a", pattern="line"),))
    ledger = run(org, toy, FakeLab(toy, slots=4, metric=noiseless))
    copies = [data for data in runs_of(ledger) if data["note"].startswith("copies")]
    assert copies
    assert all(not changed(ledger, data) for data in copies)
    assert all(len(changed(ledger, data)) == 1 for data in runs_of(ledger) if data not in copies)
    alone = run(replace(org, links=()), toy, FakeLab(toy, slots=4, metric=noiseless))
    assert not [data for data in runs_of(alone) if data["note"].startswith("copies")]


@pytest.mark.sweep(3)
@pytest.mark.parametrize("agent", POLICIES)
def test_agents_start_at_random_where_the_task_says_so(toy: Task, agent: str) -> None:
    org = Org(roles=(role("A", 3, agent=agent, focus=("point",)),), links=(link("a", "shares with", "a"),))
    started = replace(toy, random_start=True)
    ledger = run(org, started)
    first = [next(iter(runs_of(ledger, f"a-{n}"))) for n in (1, 2, 3)]
    assert [data["note"] for data in first] == ["starts at random"] * 3
    assert len({data["knobs"]["X"] for data in first}) == 3
    assert all("Y" in data["knobs"] for data in first)
    assert all(data["note"] != "starts at random" for data in runs_of(ledger) if data not in first)
    assert run(org, started).events == ledger.events
    assert all(data["note"] != "starts at random" for data in runs_of(run(org, toy)))


def test_a_hundred_agents_in_two_roles(toy: Task) -> None:
    roles = (role("A", 50, risk=0.0), role("B", 50, risk=0.0))
    ring = Org(roles=roles, links=(Link(source="a", target="b", kind="shares with", mutual=True, pattern="ring"),))
    ledger = run(ring, toy, FakeLab(toy, slots=100), budget_s=5)
    assert len(ledger.of("proposal")) > 400
    assert all(len(to) == 2 for to in (e.data["to"] for e in ledger.of("message")))


BUSY = Org(
    roles=(
        role("Lead", agent="gp", confirm=1),
        role("Hand", 2, stop_early=0.6, agent="evolution"),
        role("Odd", agent="hill-climb", copy_rule="majority"),
        role("Checker", agent="replicate"),
    ),
    links=(
        link("hand", "reports to", "lead"),
        link("lead", "delegates to", "hand"),
        link("checker", "reviews", "hand"),
        link("hand", "shares with", "odd", mutual=True, pattern="line"),
    ),
    standup=Standup(every=9, unit="experiments", share=2),
)


def test_what_an_agent_sees_follows_from_the_ledger(toy: Task, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the team keeps up to date for an agent equals what its view of the ledger says."""
    ledger, checked = Ledger(), []
    network = links.network(BUSY, 1)
    trust = trusts(BUSY, network)

    def spy(self: Desk, *args):
        fresh, kept = recall.recall(toy, self.beliefs.trust, ledger.events), self.beliefs
        assert list(fresh.runs) == list(kept.runs)
        assert [fresh.known(n) for _, n in fresh.knowledge.measured] == kept.knowledge.ranked()
        assert fresh.knowledge.believed == kept.knowledge.believed
        assert fresh.handed == kept.handed
        checked.append(kept.trust)
        return original(self, *args)

    original = Desk.view
    monkeypatch.setattr(Desk, "view", spy)
    Team(BUSY, toy, FakeLab(toy, slots=3), seed=1, ledger=ledger).run(25)
    assert {one.me for one in checked} == set(trust)
    assert all(trust[one.me] == one for one in checked)


def test_runs_repeat_by_their_seed(toy: Task) -> None:
    first, again, other = (run(BUSY, toy, seed=seed).events for seed in (4, 4, 5))
    assert first == again
    assert first != other
