"""Controls that keep scores honest: planted cheaters gain nothing, nor does doing nothing, nor another seed."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from orgopt.document import parse
from orgopt.lab.base import Experiment, Outcome, Status
from orgopt.lab.local import LocalLab
from orgopt.lab.plausible import implausible, weigh
from orgopt.lab.sandbox.choice import Sandbox
from orgopt.lab.worlds.recording import load_records
from orgopt.lab.worlds.recording_files import records_path
from orgopt.ledger import Ledger
from orgopt.scoring.calibration import train_all
from orgopt.scoring.evaluation import DISQUALIFIED, evaluate
from orgopt.tasks.folder import load_task
from orgopt.tasks.knob import Settings
from orgopt.tasks.task import Task
from orgopt.testing.lab import drain
from orgopt.testing.toy_task import TOY
from tests.conftest import ROOT
from tests.fakes.cheaters import EDITORS, NEEDS_NAMESPACES, ON_DIGITS, ON_TINYGPT, ON_TOY, Cheater, script_of
from tests.fakes.lab import FakeLab
from tests.fakes.processes import gone, needs_sandbox

TOKEN = f"orgopt-cheater-{os.getpid()}"
KINDS = [pytest.param(Sandbox.BUBBLEWRAP, marks=needs_sandbox), Sandbox.PROCESS]
POOR = 0.13  # held out, of what the cheaters that are measured honestly left


def test_there_are_twenty() -> None:
    assert len(ON_TOY) + len(EDITORS) + len(ON_TINYGPT) + len(ON_DIGITS) >= 20


@pytest.fixture(scope="module", params=KINDS)
def lab(request: pytest.FixtureRequest) -> Iterator[LocalLab]:
    toy = load_task(str(TOY))
    with LocalLab(replace(toy, limit_s=1.5), 2, request.param) as lab:
        lab.reset()
        yield lab


@pytest.mark.fault
@pytest.mark.parametrize("name", ON_TOY)
def test_a_cheater_on_the_toy_gains_nothing(lab: LocalLab, name: str) -> None:
    cheater = ON_TOY[name]
    if name in NEEDS_NAMESPACES and lab.sandbox is Sandbox.PROCESS:
        pytest.skip("not held without namespaces, as docs/explanation/security.md says")
    if name == "returns a cached answer":
        lab.task = replace(lab.task, limits=replace(lab.task.limits, flops=1e13))
    lab.reset()
    lab.submit(Experiment(id=1, settings={}, seed=1, script=script_of(cheater, TOKEN)))
    lab.submit(Experiment(id=2, settings={"X": 0.0, "Y": 0.9, "MODE": "slow"}, seed=1))
    by_id = {outcome.id: outcome for outcome in drain(lab, 2)}
    assert caught(by_id[1], cheater, POOR)
    assert by_id[2].heldout == pytest.approx(0.98), "its neighbour's result is its own"
    assert gone(TOKEN)


def caught(outcome: Outcome, cheater: Cheater, honest: float) -> bool:
    """Whether a cheater has no score, or the one of what it honestly left."""
    assert outcome.status in cheater.ends, (outcome.status, outcome.error)
    if outcome.status is Status.OK:
        return outcome.heldout == pytest.approx(honest)
    return outcome.metric is None and outcome.heldout is None and cheater.reason in outcome.error


@pytest.fixture
def copied(tmp_path: Path) -> Task:
    folder = tmp_path / "toy"
    shutil.copytree(TOY, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return load_task(str(folder))


@pytest.mark.sweep(4)
@pytest.mark.parametrize("name", EDITORS)
@pytest.mark.parametrize("sandbox", KINDS)
def test_who_edits_the_harness_is_caught_and_it_is_put_back(copied: Task, sandbox: Sandbox, name: str) -> None:
    path = copied.folder / EDITORS[name]
    before = path.read_bytes()
    place = f"/orgopt-lab/task/{path.name}" if sandbox is Sandbox.BUBBLEWRAP else str(path)
    script = script_of(Cheater(f"open({place!r}, 'a').write('\\n# mine')\nleave(0.7, 0.2)", ()), TOKEN)
    with LocalLab(copied, 1, sandbox) as lab:
        lab.submit(Experiment(id=1, settings={}, seed=1, script=script))
        lab.submit(Experiment(id=2, settings={}, seed=1))
        first, second = drain(lab, 2)
    if sandbox is Sandbox.BUBBLEWRAP:
        assert first.status is Status.CRASHED
        assert "Read-only file system" in first.error or "Permission denied" in first.error
    else:
        assert (first.status, first.error) == (Status.TAMPERED, f"it changed {path.name}")
    assert first.metric is None
    assert second.status is Status.OK
    assert path.read_bytes() == before


@needs_sandbox
@pytest.mark.fault
@pytest.mark.parametrize(("task", "cheaters"), [("tinygpt", ON_TINYGPT), ("digits", ON_DIGITS)])
def test_cheaters_on_the_shipped_tasks_are_caught(task: str, cheaters: dict[str, Cheater]) -> None:
    loaded = replace(load_task(task, ROOT), limit_s=60)  # however busy the machine is
    with LocalLab(loaded, 2, Sandbox.BUBBLEWRAP) as lab:
        experiments = [
            Experiment(id=number, settings={}, seed=1, script=cheater.script)
            for number, cheater in enumerate(cheaters.values(), 1)
        ]
        outcomes = train_all(lab, experiments, 60)
    for outcome, cheater in zip(outcomes, cheaters.values(), strict=True):
        assert caught(outcome, cheater, float(cheater.reason) if outcome.status is Status.OK else 0.0)


def by_night(*names: str) -> list:
    """Tasks whose judge is of a kind that another has, too."""
    return [pytest.param(name, marks=pytest.mark.nightly) for name in names]


@needs_sandbox
@pytest.mark.slow
@pytest.mark.parametrize("name", ["biopsy", "swingup", *by_night("digits", "tinygpt", "pixels")])
def test_a_script_that_nobody_changed_scores_the_same_to_the_bit_however_it_is_judged(name: str) -> None:
    task = replace(load_task(name, ROOT), limit_s=60)
    rewritten = [
        Experiment(id=1, settings={}, seed=5),
        Experiment(id=2, settings={}, seed=5, script=task.source + "\n"),
    ]
    with LocalLab(task, 2, Sandbox.BUBBLEWRAP) as lab:
        own, answered = train_all(lab, rewritten, 60)
    with LocalLab(task, 1, Sandbox.PROCESS) as lab:
        (plain,) = train_all(lab, rewritten[:1], 60)
    assert own.status is answered.status is plain.status is Status.OK
    assert (own.metric, own.heldout) == (answered.metric, answered.heldout) == (plain.metric, plain.heldout)
    assert own.curve == answered.curve == plain.curve


@needs_sandbox
@pytest.mark.slow
@pytest.mark.parametrize("name", ["digits", "biopsy", "swingup", *by_night("pixels")])
def test_an_experiment_sees_its_training_data_and_none_of_what_it_is_judged_by(name: str) -> None:
    task = replace(load_task(name, ROOT), limit_s=120)
    look = {"digits": "images", "pixels": "pixels", "biopsy": "biopsies", "swingup": "starts"}[name]
    what = "" if name == "swingup" else "'val'"
    peeks = (
        f"import prepare\nlook = prepare.{look}\ntry:\n    look({what})\n"
        "except Exception:  # of a file that is empty\n    raise SystemExit('nothing to see')\n"
    )
    with LocalLab(task, 1, Sandbox.BUBBLEWRAP) as lab:
        own, peeking = train_all(
            lab,
            [Experiment(id=1, settings={}, seed=5), Experiment(id=2, settings={}, seed=5, script=peeks + task.source)],
            120,
        )
    assert own.status is Status.OK
    assert (peeking.status, peeking.error) == (Status.CRASHED, "nothing to see")


@pytest.mark.slow
def test_what_answering_code_prints_is_not_kept_where_it_fails() -> None:
    """It sees what it is judged by: what later experiments could read of that would be known to them."""
    task = replace(load_task("biopsy", ROOT), limit_s=60)
    tells = "\n\ndef predict(x, arrays):\n    print(x[:40].tolist())\n    print('more')\n    raise ValueError\n"
    with LocalLab(task, 1, Sandbox.PROCESS) as lab:
        (outcome,) = train_all(lab, [Experiment(id=1, settings={}, seed=5, script=task.source + tells)], 60)
    assert outcome.status is Status.CRASHED
    assert outcome.output == ""


@pytest.mark.parametrize("name", ["digits", "tinygpt"])
def test_no_honest_run_on_record_is_implausible(name: str) -> None:
    task = load_task(name, ROOT)
    records = load_records(records_path(task), task)
    rows = [row for row in range(len(records)) if records.status[row] == "ok"]
    for row in rows:
        metrics = float(records.metric[row]), float(records.heldout[row])
        # One thread of the machine that recorded them reaches about 6e10.
        assert not implausible(task, *metrics, train_s=float(records.seconds[row]), flops_per_s=6e10)
    assert implausible(task, task.reference.metric, task.reference.heldout, train_s=0.01, flops_per_s=6e10)
    assert implausible(task, (task.limits.best or 0) / 2, 1.0, train_s=9, flops_per_s=6e10)
    assert not implausible(task, task.baseline.metric + 1, 9.0, train_s=0.01, flops_per_s=6e10), "it gave up early"


@pytest.mark.parametrize(("metric", "counts"), [(1e99, True), (2e300, False), (-2e300, False), (-1e101, False)])
def test_a_metric_without_squares_does_not_count(toy: Task, metric: float, counts: bool) -> None:
    toy = replace(toy, limits=replace(toy.limits, best=None))
    found = weigh(toy, {"val_loss": metric, "heldout_loss": 0.5}, 1.0, 0.0)
    assert (found.status is Status.OK) == counts
    assert counts or "val_loss is" in found.error
    assert counts or "beyond the 1e+100 that a metric can be" in found.error


def tampering(at: int) -> FakeLab:
    """A lab in which one experiment is tampered with."""
    toy = load_task(str(TOY))
    lab = FakeLab(toy)
    plain = lab.wait

    def wait(until: float) -> list:
        return [
            replace(event, status=Status.TAMPERED, metric=None, heldout=None, error="it changed prepare.py")
            if isinstance(event, Outcome) and event.id == at
            else event
            for event in plain(until)
        ]

    lab.wait = wait
    return lab


def test_one_tampered_experiment_disqualifies_the_organization(trio) -> None:
    honest = evaluate(trio, tampering(0).task, tampering(0), budget_s=30, seed=1)
    assert (honest.disqualified, honest.research_output > 0.2) == ("", True)
    found = evaluate(trio, tampering(7).task, tampering(7), budget_s=30, seed=1)
    assert found.disqualified == "experiment 7: it changed prepare.py"
    assert found.research_output == DISQUALIFIED < nothing(found_task := tampering(0).task).research_output
    assert found.q_final > 0, "what it reached is told, and does not count"
    assert found.experiments["tampered"] == 1
    assert found.to_dict()["disqualified"]
    assert found_task.quality(found_task.baseline.heldout) == 0


def test_tampering_in_a_verification_disqualifies_too(trio) -> None:
    lab = tampering(1)
    team, ran = lab.wait, len

    def wait(until: float) -> list:
        return team(until) if verifying(lab) else FakeLab.wait(lab, until)

    lab.wait = wait
    found = evaluate(trio, lab.task, lab, budget_s=30, seed=1)
    assert found.disqualified == "a verification of its submission: it changed prepare.py"
    assert found.research_output == DISQUALIFIED
    assert ran(found.curve) > 1


def verifying(lab: FakeLab) -> bool:
    """Whether experiments are numbered from one again, as in a verification."""
    return [one.id for one in lab.submitted].count(1) > 1


def nothing(task: Task):
    """The score of an organization whose budget is over before anything ends."""
    program = parse("## Roles\n### A\n- **Headcount:** 1\n- **Agent:** random\n")
    return evaluate(program, task, FakeLab(task), budget_s=0.5, seed=1)


def test_an_organization_that_does_nothing_gains_nothing(toy: Task) -> None:
    found = nothing(toy)
    assert (found.research_output, found.q_final, found.submission) == (0.0, 0.0, {})
    assert found.disqualified == ""


@pytest.mark.slow
def test_another_seed_is_no_improvement(toy: Task) -> None:
    """All settings are worth the same: what a team sees is luck, and what is verified is nothing."""

    def luck(settings: Settings, seed: int) -> tuple[float, float]:
        noise = FakeLab(toy).metric({}, seed)[0] - FakeLab(toy).metric({}, seed)[1]
        return toy.baseline.metric + 30 * noise, toy.baseline.heldout + 30 * noise

    program = parse("## Roles\n### A\n- **Headcount:** 4\n- **Agent:** replicate\n")
    scores = [
        evaluate(program, toy, FakeLab(toy, metric=luck), budget_s=40, seed=seed, verify_seeds=4) for seed in range(20)
    ]
    seen = sum(toy.baseline.metric - score.metric for score in scores) / len(scores)
    assert seen > 0.2, "what it saw improved"
    assert abs(sum(score.q_final for score in scores) / len(scores)) < 0.15, "what counts did not"


def test_a_lucky_run_of_the_baseline_is_never_submitted(toy: Task) -> None:
    program = parse(
        "## Roles\n### A\n- **Headcount:** 2\n- **Agent:** random\n- **Risk tolerance:** 0\n- **Confirm:** 5\n"
    )
    ledger = Ledger()
    evaluate(program, toy, FakeLab(toy), budget_s=20, seed=1, ledger=ledger)
    again = {event.data["id"] for event in ledger.of("proposal") if not event.data["knobs"]}
    assert not again & {event.data["id"] for event in ledger.of("submission")}
