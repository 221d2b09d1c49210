"""The end of studies and runs in plain words, and the signs of life before it."""

import io
import json
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from orgopt.agent_names import DEFAULT_AGENT
from orgopt.cli.shared import heartbeat
from orgopt.cli.shared.heartbeat import Heartbeat
from orgopt.cli.shared.study_progress import StudyProgress
from orgopt.document import effects, parse
from orgopt.evolve.controls import controls, more_agents
from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.space.genome import Space
from orgopt.ledger import Ledger
from orgopt.org import Org, Role
from orgopt.scoring.gain_evidence import Pair, known, paired
from orgopt.scoring.verification import Verified
from orgopt.study.config import StudyConfig
from orgopt.study.folder import StudyLog
from orgopt.study.records.kinds import EntrantRecord
from orgopt.study.records.names import RACE, SEARCH, TEST
from orgopt.study.score_parts import Parts
from orgopt.study.standing import Standing
from orgopt.study.verdict.ending_form import SCALE, WIDTH, Bar, Ending, again, bars, lines, scale, text
from orgopt.study.verdict.evidence import improvement
from orgopt.study.verdict.html import to_html
from orgopt.study.verdict.measures import measure
from orgopt.study.verdict.run import ending as run_ending
from orgopt.study.verdict.study import ending, short
from orgopt.study.view import StudyView
from orgopt.study.wording import MORE_AGENTS, plain
from orgopt.tasks.task import Measure, Task
from orgopt.team.cost_of_parts import Report, Share
from orgopt.tracking.names import reporting
from tests.fakes.study import records, task_record
from tests.fakes.study import view as study
from tests.test_scoring import ledger_of, score, twice

SOLO = "# Solo\n\n## Roles\n\n### Researcher\n- **Headcount:** 1\n- **Agent:** hill-climb\n"
Record = dict[str, Any]


@pytest.fixture(scope="module")
def told() -> list[Record]:
    return records(generations=2, population=4, tests=12)


def changed(told: list[Record], change: Callable[[Record], object]) -> StudyView:
    """The study with another final record."""
    copy = json.loads(json.dumps(told))
    change(next(record for record in copy if record["kind"] == "final"))
    return study(copy)


def with_claim(told: list[Record], **values: Any) -> StudyView:
    """The study with other figures of the champion against the seed document."""

    def change(final: Record) -> None:
        against_seed = (TEST, "seed document", "all")
        next(c for c in final["claims"] if (c["phase"], c["entrant"], c["task"]) == against_seed).update(values)

    return changed(told, change)


def test_an_end_says_whether_it_is_better_by_how_much_and_how_sure(told: list[Record]) -> None:
    figures = {"mean": 0.212, "champion_mean": 0.566, "difference": 0.354, "low": 0.27, "high": 0.42, "seeds": 24}
    said = ending(with_claim(told, verdict="better", **figures))
    assert said.word == "better"
    assert said.title == "Better than trio.md: the evolved team scores 0.57, trio.md 0.21."
    known = "with 95 % confidence, on 24 fresh seeds that the search did not use."
    assert said.sure == f"▲ better by 0.35 [0.27, 0.42] {known}"
    assert said.seeds == "12 test seeds"  # of whom the scores are means
    assert short(said) == f"{said.title} {said.sure}"
    assert said.advice[0].startswith("Use the evolved document, best.md: it is better than trio.md")


def test_what_a_gain_does_not_show_stands_in_the_advice_and_not_beside_it(told: list[Record]) -> None:
    def change(final: Record) -> None:
        for claim in final["claims"]:
            if claim["phase"] == TEST and claim["entrant"] == "silent":
                claim.update(verdict="no difference")

    beside = ending(changed(told, lambda _: None)).advice[0]
    assert "it is better than trio.md, and not shown to be better than " in beside
    assert "without links" not in beside
    assert "without links" in ending(changed(told, change)).advice[0]

    def clear(final: Record) -> None:
        for claim in final["claims"]:
            claim.update(verdict="better")

    assert (
        ending(changed(told, clear))
        .advice[0]
        .startswith("Use the evolved document, best.md: it is better than trio.md.")
    )


def test_a_control_that_beats_the_champion_is_said_beside_the_headline(told: list[Record]) -> None:
    def change(final: Record) -> None:
        for claim in final["claims"]:
            if claim["phase"] == TEST and claim["entrant"] == "silent":
                claim.update(verdict="worse", mean=0.71)

    said = ending(changed(told, change))
    assert "Clearly better than the evolved team (" in said.sure
    assert "): without links (0.71)." in said.sure
    assert "Clearly better" not in ending(changed(told, lambda _: None)).sure


def test_worse_and_level_are_said_as_plainly_with_what_follows(told: list[Record]) -> None:
    worse = ending(with_claim(told, verdict="worse", difference=-0.1, low=-0.2, high=-0.02))
    assert worse.title.startswith("Worse than trio.md:")
    assert worse.advice == ("Keep trio.md.",)
    level = ending(with_claim(told, verdict="no difference", difference=0.02, low=-0.1, high=0.14))
    assert level.title.startswith("No difference to trio.md is shown:")
    assert level.advice[0] == "Keep trio.md."
    tiny = ending(with_claim(told, verdict="no difference", difference=0.0001, low=-0.1, high=0.1))
    assert re.match(r"With \d+ more, differences of 0\.05 show in four of five cases \(", tiny.advice[1])

    def smallest(final: Record) -> None:
        final["simplest"] = "g00-c00"
        for claim in final["claims"]:
            claim["verdict"] = "no difference"

    assert ending(changed(told, smallest)).advice[0] == "Keep trio.md, which is smaller."


def test_the_seeds_that_are_missing_are_a_command(told: list[Record]) -> None:
    said = ending(with_claim(told, verdict="no difference", difference=0.06, low=-0.01, high=0.14)).advice[1]
    command = told[0]["command"]
    assert said.startswith("If the difference is what it seems, about ")
    assert f"{command} --test-seeds " in said
    assert int(said.split()[-1]) == int(said.split("about ")[1].split()[0]) >= 24


def test_few_seeds_claim_nothing(told: list[Record]) -> None:
    said = ending(with_claim(told, seeds=1, low=None, high=None, difference=0.2, verdict="better"))
    assert said.word == "no difference"
    assert said.advice == (f"Keep trio.md until more seeds tell: {told[0]['command']} --test-seeds 24",)
    assert said.title == "Too few seeds to tell: the evolved team is ahead of trio.md by 0.20."
    assert "luck cannot be told from skill" in said.sure
    assert "is behind trio.md by 0.05" in ending(with_claim(told, seeds=4, difference=-0.05)).title


def test_a_study_that_found_nothing_says_so(told: list[Record]) -> None:
    said = ending(changed(told, lambda final: final.update(champion="g00-c00")))
    assert (said.word, said.title) == (
        "unchanged",
        "Nothing better than trio.md was found among 7 other candidates.",
    )
    assert said.advice[0].startswith("Keep trio.md. A longer search may still find something: ")
    assert said.advice[0].endswith(" --generations 4")


def test_a_study_that_runs_claims_nothing(told: list[Record]) -> None:
    without = study([record for record in told if record["kind"] != "final"])
    said = ending(without)
    assert said.word == "running"
    assert said.title.startswith("Not finished: g0")
    assert "nothing is claimed" in said.sure
    assert ending(study(told[:2])).title == "Nothing is measured yet: 1 candidate so far."


def printed(told: list[Record], sd: float) -> StudyView:
    """The study on scripts that print their metric, with such seed noise."""
    copy = json.loads(json.dumps(told))
    for name, task in copy[0]["tasks"].items():
        copy[0]["identity"]["tasks"][name]["lab"]["metric"] = "self-reported"
        task["baseline"]["sd"] = sd
        del task["reference"]
    return study(copy)


def test_what_does_not_vary_with_the_seed_is_stamped(told: list[Record]) -> None:
    said = ending(printed(told, 0.0))
    stamp = (
        "The metric of digits and tinygpt does not vary with the seed, so that the luck of this one seed cannot be told"
    )
    assert stamp in said.sure
    assert said.advice[0].startswith("Let the script take its seed from the variable ORGOPT_SEED")
    assert not any("more seeds" in line or "more)" in line for line in said.advice)
    assert reporting(printed(told, 0.0).head)["orgopt.seed"] == "does not vary with the seed"
    noisy = printed(told, 0.014)
    assert "does not vary" not in ending(noisy).sure
    assert "orgopt.seed" not in reporting(noisy.head)


def test_without_a_reference_the_metric_has_its_own_noise(told: list[Record]) -> None:
    """In a study, that between its runs."""
    known = r"3\.115 untouched → \d\.\d+ \[\d\.\d+, \d\.\d+\] with trio\.md"
    assert re.search(known, ending(printed(told, 0.014)).measures[0])
    assert "[" not in ending(study(told)).measures[0]


def test_raw_metrics_stand_beside_the_score(told: list[Record]) -> None:
    first, second, *others = ending(study(told)).measures
    assert first.startswith("digits heldout_loss: 3.115 untouched → ")
    assert first.endswith(" evolved (nats, lower is better)")
    assert second.startswith("tinygpt heldout_loss: ")
    assert others[0].startswith("On held-out tasks: ")
    assert others[1].startswith("In real training: ")
    task = task_record(heldout="-accuracy", unit="")
    shown = measure("mine", task, [("untouched", -0.5), ("evolved", -0.75)])
    assert shown == "mine accuracy: 0.500 untouched → 0.750 evolved (higher is better)"
    small = measure("mine", task_record(heldout="loss", unit="nats"), [("untouched", 2e-07), ("evolved", 1.25e-07)])
    assert small.startswith("mine loss: 2e-07 untouched → 1.25e-07 evolved")
    close = measure("mine", task_record(heldout="loss", unit="nats"), [("untouched", 0.15412), ("evolved", 0.15414)])
    assert close == "mine loss: 0.15412 untouched → 0.15414 evolved (nats, lower is better)"


def test_what_more_agents_alone_bring_is_told_apart(told: list[Record]) -> None:
    def change(final: Record) -> None:
        figures = {"difference": 0.08, "low": 0.01, "high": 0.15, "verdict": "better"}
        for claim in final["claims"]:
            if claim["entrant"] == "seed document":
                claim.update(verdict="better", difference=0.35)
            if claim["entrant"] == "silent":
                claim.update(entrant=MORE_AGENTS, **figures)

    view, rest = changed(told, change), "who they are and how they are organized"
    crowd = EntrantRecord(entrant=MORE_AGENTS, role="control", program="", about="2 × tpe")
    view = replace(view, entrants={**view.entrants, MORE_AGENTS: crowd})
    assert ending(view).notes == (f"Of these 0.35, headcount alone (2 × tpe) brings 0.27; {rest}, 0.08 [0.01, 0.15].",)


def test_bars_are_as_long_as_scores_and_say_what_they_mean() -> None:
    shown = [
        Bar(name="evolved team", value=0.4, meaning="3 agents"),
        Bar(name="mine.md", value=0.2, meaning="what you had: 1 agent", verdict="better"),
        Bar(name="random teams", value=-0.1, meaning="drawn", verdict="no difference"),
    ]
    first, second, third = bars(shown)
    assert first.count("█") == 2 * second.count("█") > 0
    assert third.count("█") == 0
    assert re.search(r"behind +what you had: 1 agent", second)
    assert "○ no difference" in third
    assert plain(-0.1) in third
    for narrow, bar in zip(bars(shown, 40), shown, strict=True):
        assert len(narrow) <= 40
        assert f" {plain(bar.value)}" in narrow  # the bar is cut, not the number
    assert [line.count("█") for line in bars([Bar(name="a", value=0.02), Bar(name="b", value=0.01)])] == [2, 1]


def test_parts_of_scores_stand_in_columns_beside_them_where_they_are_known() -> None:
    one, two = Parts(progress=1.26, q_final=0.6, q_mean=0.2), Parts(progress=0.5, q_final=0.3, q_mean=-0.1)
    shown = [Bar(name="a", value=0.4, parts=one), Bar(name="b", value=0.1, parts=two), Bar(name="c", value=0.1)]
    assert [line.replace("█", "").split() for line in bars(shown)] == [
        ["score", "valid.", "end", "mean"],
        ["a", "0.40", "1.26", "0.60", "0.20"],
        ["b", "0.10", "0.50", "0.30", "−0.10"],
        ["c", "0.10", "–", "–", "–"],
    ]
    page = to_html(Ending(word="better", title="t", bars=tuple(shown)))
    assert all(f">{cell}</td>" in page for cell in ("valid.", "1.26", "−0.10"))
    blind = [replace(bar, parts=replace(two, progress=None)) for bar in shown]
    assert next(bars(blind)).split() == ["score", "end", "mean"]
    assert "valid." in scale(self_reported=False, shown=shown)
    assert "valid." not in scale(self_reported=False, shown=blind)
    assert scale(self_reported=False, shown=[Bar(name="c", value=0.1)]) == SCALE


def test_an_end_is_about_twenty_lines_and_is_never_wider_than_asked(told: list[Record]) -> None:
    said = ending(study(told))
    assert len(list(lines(said))) <= 30  # with two tasks, a held-out one, real runs and eight controls
    assert max(map(len, lines(said))) <= WIDTH
    assert max(map(len, text(said, 60).split("\n"))) <= 60
    assert json.loads(json.dumps(said.to_dict()))["title"] == said.title


def test_a_command_is_told_with_one_value_of_an_option() -> None:
    assert again("orgopt compare a b --seeds 8 --lab replay", "--seeds", 40) == (
        "orgopt compare a b --lab replay --seeds 40"
    )
    assert again("orgopt optimize a", "--test-seeds", 40) == "orgopt optimize a --test-seeds 40"


def test_changes_of_nobody_are_not_told() -> None:
    before = parse(f"{SOLO}\n### Junior\n- **Headcount:** 8\n- **Agent:** hill-climb\n\n## Links\n"
                   "- Junior → Researcher: reports to\n")  # fmt: skip
    after = parse(
        before.text.replace("- **Headcount:** 8\n- **Agent:** hill-climb", "- **Headcount:** 0\n- **Agent:** tpe")
    )
    assert effects(before, after) == ["− role Junior"]
    hired = parse(f"{SOLO}\n### Modeler\n- **Headcount:** 2\n- **Agent:** gp\n")
    assert effects(parse(SOLO), hired) == ["+ role Modeler: 2 × gp"]
    memo = parse("We are four.\n")
    assert effects(memo, parse("We are four.\n\n## Roles\n\n### Researcher\n- **Agent:** tpe\n")) == [
        "Researcher: agent hill-climb → tpe"
    ]
    assert effects(hired, parse(hired.text.replace("gp", "tpe"))) == ["Modeler: agent gp → tpe"]


def test_more_agents_are_the_seed_documents_own_and_share_everything() -> None:
    org = more_agents(Org(roles=(Role(id="a", name="A"), Role(id="b", name="B", headcount=2, agent="tpe"))), 5)
    assert [(role.id, role.headcount, role.agent) for role in org.roles] == [("b", 5, "tpe")]
    assert [(link.source, link.target, link.kind) for link in org.links] == [("b", "b", "shares with")]
    champion = parse(SOLO.replace("Headcount:** 1", "Headcount:** 3"))
    space = Space(parse(SOLO), None, 20)
    (control,) = [one for one in controls(champion, space, 0, 4) if one.name == MORE_AGENTS]
    assert control.about == f"3 × {DEFAULT_AGENT}, who share everything"
    assert not control.inherits
    assert "shares with" in control.entrants[0].text
    assert MORE_AGENTS not in [one.name for one in controls(parse(SOLO), space, 0, 4)]  # that is the seed document


REPORT = Report(bound="agents", slots_idle=0.54, agents_waiting=0.0, think_s=1, queue_s=0, run_s=2, headcount=1,
                full_headcount=2.2, roles=(), links=(), standup=None)  # fmt: skip


def test_a_run_says_whether_it_is_an_improvement(toy: Task) -> None:
    document = parse(SOLO)

    def said(heldout: float, ledger: Ledger | None = None, tampered: str = "", report: Report = REPORT) -> Ending:
        ledger = ledger or ledger_of((0, 0, 0.5), (2, 1, 0.2))
        found = score(toy, ledger, twice(toy, {1: heldout}, tampered), budget_s=10)
        return run_ending(document, toy, found, report, 10)

    better = said(0.25)
    reached = "heldout_loss 0.500 → 0.250 (lower is better)"
    assert (better.word, better.title) == ("better", f"toy is improved on this one seed: {reached}.")
    assert better.sure.startswith("Fresh seeds confirm it (95 %).")
    assert "0.500 untouched → 0.250 submitted" in better.measures[0]
    assert better.advice == (
        "Short of agents: the slots stood idle 54 % of the time with 1 agent; about 2 would keep them busy.",
    )
    assert "Submitted: X 0.1." in better.notes
    standup, roles = Share(name="stand-up", agent_s=6.0), (Share(name="A", agent_s=10.0),)
    (advice,) = said(0.25, report=replace(REPORT, standup=standup, roles=roles)).advice
    assert "Hold fewer, or with fewer agents." in advice  # more of them would only meet for longer
    assert said(0.495).title.startswith(
        "No improvement of toy is confirmed on this one seed: heldout_loss 0.500 → 0.495 ("
    )
    assert said(0.495).sure.startswith("It is within the seed noise.")
    assert "behind the untouched script" in said(0.6).sure
    assert " of seed noise," in better.sure
    assert said(0.25, tampered="a verification").title.startswith("Disqualified: a verification")
    kept = said(0.5, ledger_of((0, 0, 0.5)))
    assert kept.title == "No improvement of toy: nothing was better than the untouched script."
    document = parse("We are four. Maria runs the group.\n", "memo.md")
    assert said(0.25).notes[0] == (
        "memo.md names no roles: it ran as 1 hill-climb agent, and its text had no part in it (orgopt lint memo.md)."
    )


def candidate(index: int, generation: int) -> Candidate:
    return Candidate(index=index, generation=generation, parent=0 if index else None, proposer="tpe", params={},
                     program=parse(SOLO), changes=())  # fmt: skip


def standing(value: float) -> Standing:
    return Standing(value=value, seeds=2, error=0.1, estimate=value, doubt=0.1)


def test_a_study_says_what_is_done_what_is_left_and_the_best_so_far(tmp_path: Path, toy: Task) -> None:
    console = Console(file=io.StringIO(), width=160)
    config = StudyConfig(generations=2, population=2, budget_s=10, slots=2)
    made = config.identity(parse(SOLO), {"toy": toy}, None, {"toy": {"lab": "fake"}})
    with StudyProgress(console, quiet=True) as progress, StudyLog(tmp_path / "s", made, parse(SOLO), {}) as log:
        progress.study_begun(config, {"toy": toy}, "replay", log)
        progress.planned(SEARCH, 4)
        for index, value in enumerate((0.2, 0.4, 0.3, 0.6)):
            progress.told(candidate(index, index // 2), standing(value), dropped=False)
        progress.planned(RACE, 6)
        progress.planned(TEST, 5)
        progress.planned(TEST, 2)
    shown = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert shown[0].startswith("generation 1 of 2: 2 of 4 candidates, ")
    assert shown[0].endswith("left, best so far g00-c01 0.40 (the document it began with: 0.20)")
    assert (
        shown[1] == "generation 2 of 2: 4 of 4 candidates, best so far g01-c03 0.60 (the document it began with: 0.20)"
    )
    assert shown[2:] == [
        "racing the best on fresh seeds: 0 of 6 runs",
        "testing the winner beside its controls: 0 of 5 runs",
    ]


def test_a_long_silence_is_broken_and_no_terminal_is_disturbed() -> None:
    said = iter(["one", "", "two"])
    pipe, terminal = Console(file=io.StringIO()), Console(file=io.StringIO(), force_terminal=True)
    with Heartbeat(pipe, lambda: next(said, "on"), every_s=0.01):
        until = time.monotonic() + 60
        while "two" not in pipe.file.getvalue() and time.monotonic() < until:  # type: ignore[attr-defined]
            time.sleep(0.01)
    assert pipe.file.getvalue().startswith("one\ntwo\n")  # type: ignore[attr-defined]
    with Heartbeat(terminal, lambda: "never", every_s=0) as heart:
        heart.say("nor this")
    assert terminal.file.getvalue() == ""  # type: ignore[attr-defined]


def test_what_has_not_changed_is_said_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    now, pipe = [0.0], Console(file=io.StringIO())

    class Clock:
        """Waiting takes no time; after three minutes all is over."""

        def wait(self, seconds: float) -> bool:
            now[0] += seconds
            return now[0] > 180

    monkeypatch.setattr(heartbeat, "time", SimpleNamespace(monotonic=lambda: now[0]))
    heart = Heartbeat(pipe, lambda: "paused" if now[0] < 130 else f"on {now[0]:g}")
    heart._ended = cast("Any", Clock())
    heart._run()
    told = pipe.file.getvalue().split("\n")[:-1]  # type: ignore[attr-defined]
    assert told == ["paused", "paused", "on 130", "on 140", "on 150", "on 160", "on 170", "on 180"]


def test_a_replay_is_confirmed_by_its_world(toy: Task) -> None:
    """No seed was run again: the world knows the metric without noise."""

    def told(value: float) -> tuple[str, str, str]:
        found = Verified(heldout={1: value}, evidence=known(value, toy.baseline))
        one = score(toy, ledger_of((0, 0, 0.5), (2, 1, 0.2)), found, 10)
        end = run_ending(parse(SOLO), toy, one, REPORT, 10)
        return end.title, end.sure.partition(" It scores")[0], improvement(one)

    assert told(0.25) == (
        "toy is improved on this one seed: heldout_loss 0.500 → 0.250 (lower is better).",
        "Without noise, too, it beats the untouched script (95 %).",
        "confirmed by the value without noise (95 %)",
    )
    why = "without noise it is behind the untouched script"
    reached = "heldout_loss 0.500 → 0.600 (lower is better)"
    title = f"No improvement of toy is confirmed on this one seed: {reached}."
    assert told(0.6) == (title, f"{why[0].upper()}{why[1:]}.", f"not confirmed: {why}")


def test_a_run_of_a_script_that_prints_its_metric_is_told_in_its_own_unit(toy: Task) -> None:
    """The gain, its noise and what could have been shown; without a seed that changes something, no noise at all."""
    base = Measure(metric=-0.75, heldout=-0.75, sd=0.01, seeds=3)
    task = replace(toy, printed="val_acc", metric="-val_acc", heldout="-val_acc", reference=None, baseline=base)

    def said(pairs: Sequence[Pair], task: Task = task) -> Ending:
        evidence = paired(pairs, task.baseline, ratios=task.timed, varies=task.baseline.varies)
        found = Verified(heldout={1: task.baseline.heldout - evidence.gain}, evidence=evidence)
        return run_ending(parse(SOLO), task, score(task, ledger_of((0, 0, 0.5), (2, 1, 0.2)), found, 10), REPORT, 10)

    better = said([(-0.75, -0.80), (-0.74, -0.80), (-0.76, -0.80), (-0.75, -0.80)])
    assert (better.word, better.title) == (
        "better",
        "toy is improved on this one seed: val_acc 0.750 → 0.800 (higher is better).",
    )
    assert better.sure.startswith(
        "4 pairs of runs with the untouched script confirm it (95 %). "
        "val_acc 0.7500 → 0.8000 (+0.0500 ± 0.0041); gains from 0.0170 on are shown in four of five cases. It scores "
    )
    assert "0.750 untouched → 0.800 submitted, in 4 pairs of runs" in better.measures[0]
    steady = said([(-0.75, -0.80)] * 8, replace(task, baseline=replace(base, sd=0.0)))
    assert steady.word == "no difference"
    assert steady.title.startswith("No improvement of toy is confirmed on this one seed: val_acc 0.750 → 0.800 (")
    assert "luck of this one seed cannot be told from a gain. val_acc 0.750 → 0.800 (+0.050). It scores" in steady.sure
    assert "seed noise" not in steady.sure
    assert "ORGOPT_SEED" in steady.advice[0]
    behind = said([(-0.75, -0.7), (-0.75, -0.71)]).sure
    assert behind.startswith("In 2 pairs of runs it is behind the untouched script.")
    noisy = said([(-0.75, -0.76), (-0.75, -0.85)]).sure
    assert noisy.startswith("It is within the noise of 2 pairs of runs with the untouched script.")
    assert said([(-0.75, -0.76)]).sure.startswith("1 run cannot tell luck from gain: --verify-seeds 8 can.")
    fast = replace(task, heldout="latency_ms", timed=True, baseline=replace(base, heldout=20.0, sd=1.0))
    sure = said([(20.0, 10.0), (30.0, 15.0), (20.0, 10.4)], fast).sure.partition(" (95 %). ")[2]
    assert sure.startswith("latency_ms 20.00 → 10.13 (−9.87 ± 0.13, −49.3 %); gains from ")
