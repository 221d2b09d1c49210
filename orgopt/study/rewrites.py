"""What came of rewriting in a study: how many proposals, what they cost, how often they beat their parent."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from orgopt.study.records.kinds import CandidateRecord, Record, RewriteRecord
from orgopt.study.records.result import Rewrites
from orgopt.study.standing import Standing


def rewriting(records: Sequence[Record], told: Mapping[str, Standing]) -> Rewrites | None:
    """What came of a study's rewriter; None where none had a part in it.

    Args:
        records: Of the study.
        told: The standings of its candidates, by name.
    """
    done = [record for record in records if isinstance(record, RewriteRecord)]
    if not done:
        return None
    every = [record for record in records if isinstance(record, CandidateRecord)]
    names = {record.index: record.name for record in every}
    candidates = [record for record in every if record.parent is not None]
    rewriter = done[0].rewriter
    rewritten = [one for one in candidates if one.proposer == rewriter]
    sampled = [one for one in candidates if one.proposer != rewriter and one.generation > 0]
    outcomes = Counter(record.outcome for record in done)
    return Rewrites(
        rewriter=rewriter,
        asked=len(done),
        **{outcome: outcomes[outcome] for outcome in ("proposed", "refused", "unchanged", "failed")},
        better=_better(rewritten, names, told),
        sampler_better=_better(sampled, names, told),
        calls=sum(record.calls for record in done),
        tokens=sum(record.tokens for record in done),
        usd=round(sum(record.usd for record in done), 6),
        runs=sum(record.runs for record in done),
    )


def said_of_rewrites(found: Rewrites) -> str:
    """The same in a sentence or two."""
    failures = {"refused": found.refused, "unchanged": found.unchanged, "failed": found.failed}
    nothing = [f"{number} {word}" for word, number in failures.items() if number]
    came = f" ({', '.join(nothing)})" if nothing else ""
    (better, number), (others, all_others) = found.better, found.sampler_better
    against = f"{others} of {all_others}" if all_others else "none"
    runs = f", {found.runs} runs of its own" if found.runs else ""
    asked = f"{found.proposed} of the {found.asked} candidates that it was asked for"
    return (
        f"{found.rewriter} proposed {asked}{came}. "
        f"In the search {better} of {number} did better than their parent, of the sampler's in the same generations "
        f"{against}. It used {found.tokens} tokens, ${found.usd:.4f}{runs}."
    )


def _better(
    candidates: Iterable[CandidateRecord], names: Mapping[int, str], told: Mapping[str, Standing]
) -> tuple[int, int]:
    """How many candidates have a higher estimate than their parent, and of how many that is known."""
    pairs = [
        (told[one.name].estimate, told[names[one.parent]].estimate)
        for one in candidates
        if one.parent is not None and one.name in told and names[one.parent] in told
    ]
    return sum(new > old for new, old in pairs), len(pairs)
