"""What came of a model's picks in a study: how often they beat their parent, and how far its predictions held."""

from collections.abc import Mapping, Sequence

from orgopt.study.model_fit import LEVELS
from orgopt.study.records.kinds import CandidateRecord, ModelRecord, Predicted, Record
from orgopt.study.records.result import Came, Feedback, LastModel
from orgopt.study.standing import Standing
from orgopt.study.wording import plain

PROPOSERS = ("screen", "write", "older")
"""Who proposes by what a model or other studies say."""


def predictions(records: Sequence[Record], told: Mapping[str, Standing]) -> Feedback | None:
    """What came of a study's models; None where none had a part in it.

    Args:
        records: Of the study.
        told: The standings of its candidates, by name.
    """
    candidates = [record for record in records if isinstance(record, CandidateRecord)]
    if not any(record.proposer in PROPOSERS for record in candidates):
        return None
    names = {record.index: record.name for record in candidates}
    first = min(record.generation for record in candidates if record.proposer in PROPOSERS)
    late = [one for one in candidates[1:] if one.generation >= first and one.name in told]
    by: dict[str, list[CandidateRecord]] = {}
    for one in late:
        by.setdefault(one.proposer, []).append(one)
    models = [record for record in records if isinstance(record, ModelRecord)]
    inside = [_inside(one.predicted, told[one.name]) for one in late if one.predicted]
    return Feedback(
        proposers={name: _came(ones, names, told) for name, ones in by.items()},
        coverage_80=round(sum(inside) / len(inside), 3) if inside else None,
        model=_last(models[-1]) if models else LastModel(),
    )


def said_of_predictions(found: Feedback) -> str:
    """The same in a sentence or two."""
    parts = [
        f"{name} {one.better} of {one.candidates} (mean {plain(one.mean)})" for name, one in found.proposers.items()
    ]
    text = f"Candidates that did better than their parent, by who proposed them: {', '.join(parts)}."
    if found.coverage_80 is not None:
        text += f" {100 * found.coverage_80:.0f} % of what the model picked came out within its 80 % intervals."
    if found.model.spearman is not None:
        text += f" On candidates that it had not seen its rank correlation was {found.model.spearman:.2f}."
    if related := found.model.related:
        known = ", ".join(f"{name} {one:+.1f}" for name, one in related.items())
        text += f" What other studies found counted with a correlation: {known}."
    return text


def _last(model: ModelRecord) -> LastModel:
    return LastModel(records=model.records, spearman=model.spearman, coverage=model.coverage, related=model.related)


def _inside(one: Predicted, now: Standing) -> bool:
    """Whether a candidate came out within the 80 % interval of what was predicted."""
    return abs(now.value - one.mean) <= LEVELS["80"] * (one.sd**2 + now.error**2) ** 0.5


def _came(ones: Sequence[CandidateRecord], names: Mapping[int, str], told: Mapping[str, Standing]) -> Came:
    pairs = [
        (told[one.name].value, told[names[one.parent]].value)  # what was measured, not what a model believes
        for one in ones
        if one.parent is not None and names[one.parent] in told
    ]
    mean = sum(told[one.name].value for one in ones) / len(ones)
    return Came(better=sum(new > old for new, old in pairs), candidates=len(pairs), mean=round(mean, 4))
