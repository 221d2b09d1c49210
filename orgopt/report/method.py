"""How it was measured: the facts that a reader needs to doubt the result, or to repeat it."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, cast

from orgopt.report.markup import Child, Markup, h
from orgopt.report.records import Record, Study, finite, mapping
from orgopt.study.predictions import said_of_predictions
from orgopt.study.rewrites import said_of_rewrites
from orgopt.study.wording import PHASES, count, date, duration, lab_words

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
    "what the script printed. q is then its relative improvement over the unedited script, 1 would be all of it, and "
    "there is no held-out data: submissions were run again."
)


def facts(study: Study) -> list[tuple[str, Child]]:
    """What a reader wants to know first: task, budget, lab, cost, date."""
    identity, cost = study.identity, mapping(study.final.get("cost"))
    budget, slots = finite(identity.get("budget_s")), finite(identity.get("slots"))
    hardware = [duration(budget)] if budget else []
    hardware += [f"× {count(slots, 'slot')}"] if slots else []
    experiments = finite(cost.get("experiments")) or _experiments(study)
    lab_s = finite(cost.get("lab_slot_s")) or sum(_spent(study))
    wall_s = finite(cost.get("wall_s")) or (study.ended or 0.0) - (study.started or 0.0)
    found: list[tuple[str, Child]] = [
        ("Tasks" if len(study.tasks) > 1 else "Task", ", ".join(study.tasks)),
        ("Budget of a run", " ".join(hardware)),
        ("Lab", "; ".join(labs(study))),
        ("Searched", f"{count(len(study.candidates), 'candidate')} in {count(_generations(study), 'generation')}"),
        ("Runs", f"{count(len(study.evaluations))} of {count(experiments, 'experiment')}"),
        ("Cost", f"{duration(wall_s)} of wall time, {duration(lab_s)} of lab slots" if lab_s else ""),
        ("Date", date(study.ended)),
    ]
    if feedback := mapping(study.final.get("feedback")):
        found.append(("Feedback", said_of_predictions(feedback)))
    if rewrites := mapping(study.final.get("rewrites")):
        found.append(("Rewriting", said_of_rewrites(rewrites)))
    return [(name, value) for name, value in found if value]


def labs(study: Study) -> list[str]:
    """The kinds of lab that scores were measured in, and whether the metric was self-reported there."""
    stamps = [mapping(mapping(record.get("score")).get("lab")) for record in study.evaluations]
    found = {lab_words({key: one[key] for key in ("lab", "metric") if key in one}) for one in stamps}
    return sorted(found - {""})


def method(study: Study) -> Markup:
    """Text, seeds by phase, versions and digests."""
    printed = h("p", _PRINTED) if any("self-reported" in lab for lab in labs(study)) else None
    return h("div", h("p", _TEXT), printed, _phases(study), _tasks(study), _versions(study), _more())


def _phases(study: Study) -> Markup | None:
    found = Counter((str(r.get("phase", "")), str(r.get("task", ""))) for r in study.evaluations)
    if not found:
        return None
    body: list[Sequence[Child]] = []
    for phase in [p for p in PHASES if any(key[0] == p for key in found)]:
        mine = [r for r in study.evaluations if r.get("phase") == phase]
        seeds = sorted({r["seed"] for r in mine if isinstance(r.get("seed"), int)})
        body.append(
            (
                phase,
                ", ".join(dict.fromkeys(str(r.get("task", "")) for r in mine)),
                count(len({str(r.get("entrant", "")) for r in mine})),
                f"{count(len(seeds))}" + (f" ({seeds[0]} … {seeds[-1]})" if len(seeds) > 1 else ""),
                count(len(mine)),
            )
        )
    return _table("Runs by phase", ("phase", "tasks", "entrants", "seeds", "runs"), body)


def _tasks(study: Study) -> Markup | None:
    named = mapping(study.header.get("tasks"))
    body: list[Sequence[Child]] = []
    for name, value in named.items():
        task, identity = mapping(value), mapping(mapping(study.identity.get("tasks")).get(name))
        baseline, reference = mapping(task.get("baseline")), mapping(task.get("reference"))
        unit = f"{task.get('heldout', '')} ({task['unit']})" if task.get("unit") else task.get("heldout", "")
        body.append(
            (
                h("span", str(name), h("small", str(task.get("title", "")))),
                str(unit),
                _figure(baseline.get("heldout")),
                _figure(reference.get("heldout")),
                _figure(baseline.get("sd")),
                h("code", str(identity.get("digest", ""))),
                lab_words(mapping(identity.get("lab"))),
            )
        )
    columns = ("task", "counts", "baseline, q = 0", "reference, q = 1", "noise sd", "digest", "lab")
    return _table("Tasks", columns, body) if body else None


def _versions(study: Study) -> Markup:
    identity = study.identity
    skipped = {"tasks", "population", "budget_s", "slots"}
    pairs: list[tuple[str, str]] = [
        ("study", str(study.header.get("name", ""))),
        ("seed document", str(study.header.get("source", ""))),
        ("orgopt", str(study.header.get("orgopt", ""))),
        *((str(key).replace("_", " "), _said(value)) for key, value in identity.items() if key not in skipped),
    ]
    named = [(name, value) for name, value in pairs if value]
    return h("dl", ([h("dt", name), h("dd", value)] for name, value in named), cls="facts small")


def _more() -> Markup:
    return h("p", "More in orgopt's documentation: Scoring, Worlds, Studies.", cls="legend")


def _table(title: str, columns: Sequence[str], body: Sequence[Sequence[Child]]) -> Markup:
    head = h("tr", (h("th", column, scope="col") for column in columns))
    lines = [h("tr", h("th", row[0], scope="row"), (h("td", cell) for cell in row[1:])) for row in body]
    table = h("table", h("caption", title), h("thead", head), h("tbody", lines), cls="plain")
    return h("div", table, cls="scroll", tabindex="0", role="region", aria_label=title)


def _said(value: object) -> str:
    if isinstance(value, list | tuple):
        return ", ".join(map(str, cast("list[object]", value))) or "none"
    return "" if value is None else str(value)


def _figure(value: object) -> str:
    known = finite(value)
    return "" if known is None else f"{known:.4g}"


def _generations(study: Study) -> int:
    return len({candidate.generation for candidate in study.candidates})


def _experiments(study: Study) -> int:
    counts = (mapping(mapping(record.get("score")).get("experiments")) for record in study.evaluations)
    return sum(int(finite(number) or 0) for found in counts for number in found.values())


def _spent(study: Study) -> Iterator[float]:
    for record in study.evaluations:
        yield finite(mapping(record.get("score")).get("spent_slot_s")) or 0.0


def command(record: Record) -> str:
    """The command that repeats the study; empty where the record does not have it."""
    said: Any = record.get("command", "")
    return " ".join(map(str, cast("list[object]", said))) if isinstance(said, list) else str(said or "")
