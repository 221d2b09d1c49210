"""What rewriters read of runs, and what a forecast says of their calls."""

import re
from dataclasses import replace

import pytest

from orgopt.agents.toml_models import LanguageSettings, Price
from orgopt.document import parse, read
from orgopt.evolve.cost_forecast.calls import Bounds, first_questions
from orgopt.evolve.cost_forecast.rewriters import asking_calls, rewriter_calls
from orgopt.evolve.proposers.rewrite import evidence
from orgopt.evolve.proposers.rewrite.evidence import EXPLAINED, Scored
from orgopt.evolve.space.allowed import PARTS
from orgopt.ledger import Ledger
from orgopt.org import Org, Role
from orgopt.scoring.evaluation import score
from orgopt.scoring.verification import Verified
from orgopt.study.config import StudyConfig
from orgopt.study.records.result import Importance
from orgopt.tasks.task import Task
from orgopt.team.runtime import Team
from orgopt.testing.documents import TRIO
from tests.fakes.lab import FakeLab
from tests.fakes.llm_server import MODEL
from tests.test_words import noiseless

ORG = Org(mission="Find the bottom.", roles=(Role(id="hand", name="Hand", agent="hill-climb"),))


@pytest.fixture
def scored(toy: Task) -> Scored:
    ledger = Ledger()
    Team(ORG, toy, FakeLab(toy, metric=noiseless), seed=1, ledger=ledger).run(12)
    found = Verified(heldout={event.data["id"]: 0.1 for event in ledger.of("submission")})
    return Scored("seed 0", ORG, toy, score(toy, ledger, found, 12), ledger)


def test_a_rewriter_reads_which_settings_were_changed_and_what_they_gave(scored: Scored) -> None:
    lines = evidence.role_record(scored, "hand").splitlines()
    assert lines[0].startswith("val_loss, lower is better; the baseline has 0.5; runs of one setting differ by 0.01 ")
    proposals = {event.data["id"]: event.data for event in scored.ledger.of("proposal")}
    outcomes = {event.data["id"]: event.data for event in scored.ledger.of("outcome")}
    for line in lines[1:]:
        found = re.match(r"#(\d+) from #(\d+) \((.*?)\): (.*?) gave (\S+); it said: ", line)
        assert found, line
        number, parent = int(found[1]), int(found[2])
        assert proposals[number]["parent"] == parent
        if outcomes[number]["status"] == "ok":
            assert found[5] == f"{outcomes[number]['metric']:.4g}"
        after = {**scored.task.complete({}), **proposals[number]["knobs"]}
        for change in found[4].split(", "):
            name, _, value = change.split(" ", 1)[0], *change.rsplit(" → ", 1)
            assert str(after[name]) == value
    assert "lower is better; the baseline has 0.5" in evidence.run_digest(scored)


def test_parts_are_explained_where_they_are_named() -> None:
    assert set(EXPLAINED) <= set(PARTS)
    text = evidence.learned(
        [], [Importance(part="copy-rule", importance=0.5), Importance(part="model", importance=0.1)]
    )
    assert "copy-rule 50%, model 10%" in text
    assert "(copy-rule: whose setting an agent starts from)" in text


def test_a_forecast_counts_the_rewriter_and_the_first_questions(toy: Task) -> None:
    settings = LanguageSettings(default=MODEL, prices={MODEL: Price(1.0, 2.0)})
    config = StudyConfig(budget_s=6, slots=2, generations=4, population=6, rewriter="reflect", rewrite_share=0.5)
    program = parse(TRIO, "trio.md")
    found = rewriter_calls(config, program, 1, settings)
    assert found
    assert found.calls == Bounds(9, 18)  # three in each generation but the first, repaired once at most
    assert found.usd.low == pytest.approx((found.input_tokens.low + 2 * found.output_tokens.low) / 1e6, rel=1e-3)
    gepa = rewriter_calls(replace(config, rewriter="gepa"), program, 1, settings)
    assert gepa
    assert gepa.calls.low == 3
    assert asking_calls(config, read(program).org, [], settings, None) is None
    asks = replace(config, rewriter="gepa", rewrite_metric="ask")
    team = Org(roles=(Role(id="a", name="A", agent="llm"), Role(id="b", name="B")))
    asked = asking_calls(asks, team, [toy], settings, None)
    assert asked
    # Three generations, six to twelve rounds each: one role at the start, in the middle and late, repaired or not.
    assert asked.calls == Bounds(3 * 6 * 3, 3 * 12 * 3 * 2)
    assert asked.usd.low > 0
    assert rewriter_calls(replace(config, rewriter="none"), program, 1, settings) is None
    first = first_questions(settings, [MODEL, MODEL])
    assert first.calls == Bounds(1, 2)
    both = found.plus(first)
    assert both.calls == Bounds(10, 20)
    assert both.hours.high == pytest.approx(found.hours.high + first.hours.high)
