"""What language models are good at, as the ledger of a run tells it."""

import json

from orgopt.api.model_skills import ModelSkill, on_tasks
from orgopt.ledger import Ledger
from orgopt.org import Org, Role
from orgopt.study.model_skills import FEWEST, said_of_skill
from orgopt.tasks.task import Task
from orgopt.team.skill import Changes, Skill, skills_of, together
from tests.test_language_cli import invoke

LAB = Org(roles=(Role(id="lead", name="Lead", agent="llm"), Role(id="hand", name="Hand", headcount=2, agent="llm")))


def ledger_of(task: Task) -> Ledger:
    """A run in which one hand changes X twice, once for the better, and the lead Y and X at once."""
    told = Ledger()
    about = {"lead": {"model": "a/big"}, "hand": {"model": "a/small"}}
    told.add("start", 0.0, budget_s=9, slots=2, agents=3, commit="", baseline=task.baseline.metric, language=about)

    def tried(number: int, agent: str, knobs: dict, parent: int, metric: float | None) -> None:
        thought = {"purpose": "propose", "failure": "", "tokens": [100, 10], "usd": 0.5}
        told.add("thought", number, agent=agent, **thought)
        told.add("proposal", number, id=number, agent=agent, knobs=knobs, parent=parent, note="", commit="")
        ended = {"started": 0.0, "ended": 1.0, "metric": metric, "heldout": metric, "memory_gb": 0.0, "error": ""}
        told.add("outcome", number, id=number, agent=agent, status="ok" if metric else "crashed", **ended)

    base = task.baseline.metric
    tried(1, "hand-1", {"X": 0.3}, 0, base / 2)
    tried(2, "hand-2", {"X": 0.9}, 1, base)
    tried(3, "lead-1", {"X": 0.9, "Y": 0.2, "MODE": "crash"}, 0, None)
    told.add("thought", 4.0, agent="lead-1", purpose="propose", failure="invalid", tokens=[100, 10], usd=0.5)
    told.add("thought", 9.0, agent="lead-1", purpose="propose", failure="unfinished")
    return told


def test_changes_are_counted_by_their_kind_against_their_start(toy: Task) -> None:
    group = {knob.name: knob.group for knob in toy.knobs}
    gain = toy.quality(toy.baseline.metric / 2) - toy.quality(toy.baseline.metric)
    lead, hand = skills_of(LAB, toy, ledger_of(toy))
    assert (lead.model, lead.thoughts, lead.invalid, lead.tokens, lead.usd) == ("a/big", 2, 1, 220, 1.0)
    kind = "several" if len({group[name] for name in ("X", "Y", "MODE")}) > 1 else group["X"]
    assert lead.changes == {kind: Changes(tried=1, better=0, gained=0.0, kept=0.0)}  # it failed
    assert (hand.model, hand.thoughts, hand.invalid) == ("a/small", 2, 0)
    (own,) = hand.changes.values()
    assert set(hand.changes) == {group["X"]}
    assert (own.tried, own.better, round(own.gained, 6)) == (2, 1, 0.0)  # there and back again
    assert gain > 0
    assert own.kept == round(gain, 6)  # nobody goes on from what was worse
    older = {"X": Changes(tried=2, better=1, gained=0.5), "Y": Changes(tried=2, better=0, gained=-0.5)}
    assert [one.worth for one in older.values()] == [0.5, 0.0]
    (both,) = [one for one in together([hand, hand]) if one.role == "hand"]
    assert (both.thoughts, both.changes[group["X"]].tried) == (4, 4)


def test_models_are_chosen_by_what_they_did_on_the_same_tasks_where_that_is_known() -> None:
    def skill(model: str, task: str, thoughts: int = FEWEST) -> ModelSkill:
        return ModelSkill(task=task, runs=1, role="lead", model=model, thoughts=thoughts, invalid=0, tokens=9, usd=0.0)

    here = [skill("a", "digits"), skill("b", "digits")]
    elsewhere = [skill("a", "nk"), skill("b", "nk")]
    assert on_tasks([*here, *elsewhere], ["digits"]) == here
    assert on_tasks([*here, *elsewhere], ["speed"]) == [*here, *elsewhere]
    thin = [here[0], skill("b", "digits", FEWEST - 1)]
    assert on_tasks([*thin, *elsewhere], ["digits"]) == [*thin, *elsewhere]


def test_skills_are_said_in_a_line() -> None:
    changes = {
        "architecture": Changes(tried=5, better=0, gained=-0.2),
        "optimizer": Changes(tried=9, better=3, gained=0.4),
    }
    one = Skill(role="hand", model="a", thoughts=50, invalid=17, tokens=9, usd=0.0, changes=changes)
    assert said_of_skill(one) == "optimizer + (3 of 9), architecture − (0 of 5), 34% invalid"


def test_without_language_models_nothing_is_shown(tmp_path) -> None:
    assert "No language model" in invoke("skills", "--workspace", str(tmp_path)).stdout
    said = json.loads(invoke("skills", "--workspace", str(tmp_path), "--json").stdout)
    assert said["skills"] == []
