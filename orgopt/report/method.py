"""How it was measured: the facts that a reader needs to doubt the result, or to repeat it."""

from collections.abc import Sequence
from typing import cast

from orgopt.basics.markup import Child, Markup, h
from orgopt.report.interval_tables import plain_table
from orgopt.study.predictions import said_of_predictions
from orgopt.study.records.head import Identity
from orgopt.study.records.names import PHASES
from orgopt.study.rewrites import said_of_rewrites
from orgopt.study.view import StudyView
from orgopt.study.wording import count, date, duration, lab_words, phase_name, unnegated

_TEXT = (
    "Research output is (q at the end + mean of q over the budget) / 2. q is the held-out improvement of what the team "
    "would submit at a time: 0 at the task's baseline, 1 at its verified reference. The data that steer a team and the "
    "held-out data that count are different, and so are the seeds: those of the search choose the finalists, those of "
    "the race the champion, and the claims are made on test seeds, which chose nothing. Controls ran on the same "
    "hardware for the same budget. Intervals are bootstrapped over seeds; the smallest difference seen is what a test "
    "of this size would show in four of five cases."
)
_PRINTED = (
    "Where the metric is self-reported, nobody but the script measured it, which an agent may have edited: it is "
    "what the script printed. q is then the gain over the unedited script as a share of the metric, or of ten times "
    "its seed noise where that is more, and there is no held-out data: submissions were run again, side by side."
)


def facts(study: StudyView) -> list[tuple[str, Child]]:
    """What a reader wants to know first: task, budget, lab, time and cost."""
    identity, final = study.head.identity, study.final
    experiments = final.cost.experiments if final else _experiments(study)
    lab_s = final.cost.lab_slot_s if final else sum(one.score.spent_slot_s for one in study.evaluations)
    runs_s = final.cost.wall_s if final else sum(one.wall_s for one in study.evaluations)
    took = f"{duration(study.ended - study.head.at)}, until {date(study.ended)}" if study.ended else ""
    found: list[tuple[str, Child]] = [
        ("Tasks" if len(study.tasks) > 1 else "Task", ", ".join(study.tasks)),
        ("Budget of a run", f"{_budgets(identity)} × {count(identity.slots, 'slot')}"),
        ("Lab", "; ".join(labs(study))),
        ("Searched", f"{count(len(study.candidates), 'candidate')} in {count(_generations(study), 'generation')}"),
        ("Runs", f"{count(len(study.evaluations))} of {count(experiments, 'experiment')}"),
        ("Took", took),
        ("Cost", f"{duration(runs_s)} of computing in all runs, {duration(lab_s)} of lab slots" if lab_s else ""),
    ]
    if final and final.feedback:
        found.append(("Feedback", said_of_predictions(final.feedback)))
    if final and final.rewrites:
        found.append(("Rewriting", said_of_rewrites(final.rewrites)))
    return [(name, value) for name, value in found if value]


def _budgets(identity: Identity) -> str:
    """One time for all tasks, or that of each."""
    if not identity.budgets_s:
        return duration(identity.budget_s)
    return ", ".join(f"{duration(value)} on {task}" for task, value in identity.budgets_s.items())


def labs(study: StudyView) -> list[str]:
    """The kinds of lab that scores were measured in, and whether the metric was self-reported there."""
    stamps = [record.score.lab for record in study.evaluations]
    found = {lab_words({key: one[key] for key in ("lab", "metric") if key in one}) for one in stamps}
    return sorted(found - {""})


def method(study: StudyView) -> Markup:
    """Text, seeds by phase, versions and digests."""
    printed = h("p", _PRINTED) if any("self-reported" in lab for lab in labs(study)) else None
    return h("div", h("p", _TEXT), printed, _phases(study), _tasks(study), _versions(study), _more())


def _phases(study: StudyView) -> Markup | None:
    present = {run.phase for run in study.evaluations}
    if not present:
        return None
    body: list[Sequence[Child]] = []
    for phase in [phase for phase in PHASES if phase in present]:
        mine = [run for run in study.evaluations if run.phase == phase]
        seeds = sorted({run.seed for run in mine})
        body.append(
            (
                phase_name(phase),
                ", ".join(dict.fromkeys(run.task for run in mine)),
                count(len({run.entrant for run in mine})),
                f"{count(len(seeds))}" + (f" ({seeds[0]} … {seeds[-1]})" if len(seeds) > 1 else ""),
                count(len(mine)),
            )
        )
    columns = ("phase", "tasks", "entrants", "seeds", "runs")
    return plain_table("Runs by phase", columns, body, captioned=True)


def _tasks(study: StudyView) -> Markup:
    body: list[Sequence[Child]] = []
    reported = study.head.identity.self_reported  # none of these was verified, whatever older versions wrote
    for name, task in study.head.tasks.items():
        identity = study.head.identity.tasks[name]
        counts, baseline = unnegated(task.heldout, task.baseline.heldout)
        known = task.reference if name not in reported else None
        body.append(
            (
                h("span", name, h("small", task.title)),
                f"{counts} ({task.unit})" if task.unit and task.unit != counts else counts,
                f"{baseline:.4g}",
                f"{unnegated(task.heldout, known.heldout)[1]:.4g}" if known else "–",
                f"{task.baseline.sd:.4g}",
                h("code", identity.digest),
                lab_words(identity.lab),
            )
        )
    columns = ("task", "counts", "baseline, q = 0", "reference, q = 1", "noise sd", "digest", "lab")
    return plain_table("Tasks", columns, body, captioned=True)


def _versions(study: StudyView) -> Markup:
    head, skipped = study.head, {"tasks", "population", "budget_s", "budgets_s", "slots"}
    pairs: list[tuple[str, str]] = [
        ("study", head.name),
        ("seed document", head.source),
        ("orgopt", head.orgopt),
        *((key.replace("_", " "), _said(value)) for key, value in head.settings.items() if key not in skipped),
    ]
    named = [(name, value) for name, value in pairs if value]
    return h("dl", ([h("dt", name), h("dd", value)] for name, value in named), cls="facts small")


def _more() -> Markup:
    return h("p", "More in orgopt's documentation: Scoring, Worlds, Studies.", cls="legend")


def _said(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, cast("Sequence[object]", value))) or "none"
    return "" if value is None else str(value)


def _generations(study: StudyView) -> int:
    return len({candidate.record.generation for candidate in study.candidates})


def _experiments(study: StudyView) -> int:
    return sum(sum(record.score.experiments.values()) for record in study.evaluations)
