"""The study's result in a sentence: what the claims on test seeds say, and no more."""

from typing import NamedTuple

from orgopt.report.records import Record, Study, finite
from orgopt.study.wording import count, entrant_name, interval, listing, plain, signed


class Verdict(NamedTuple):
    """The result.

    Attributes:
        word: `better`, `worse`, `no difference`, `running`, or `unchanged` where the seed document won.
        title: The headline.
        detail: What stands below it: the difference, its interval, what it was measured on.
        controls: What the other comparisons on test seeds say; empty without any.
    """

    word: str
    title: str
    detail: str
    controls: str


def verdict(study: Study) -> Verdict:
    """The verdict of a study, as far as it has come."""
    claim = claim_against_seed(study)
    if not study.final:
        return _running(study)
    if study.champion is study.seed:
        title = f"None of {count(len(study.candidates))} candidates was better than the seed document"
        return Verdict(
            "unchanged", title, "The race was won by the document that the search began with.", _controls(study)
        )
    if claim is None:
        name = study.champion.name if study.champion else "none"
        return Verdict(
            "running", "The evolved organization was not tested", f"Its champion is {name}.", _controls(study)
        )
    word = str(claim.get("verdict", ""))
    evolved, seed = plain(finite(claim.get("champion_mean"))), plain(finite(claim.get("mean")))
    against = f"the evolved organization gets {evolved} research output against {seed} of the seed document"
    title = {"better": against[0].upper() + against[1:], "worse": f"Worse: {against}"}.get(
        word, f"No difference shown: {against}"
    )
    return Verdict(word, title, _detail(claim, word), _controls(study))


def claim_against_seed(study: Study, phase: str = "test") -> Record | None:
    """The claim of a phase about the seed document, over all tasks."""
    names = {"seed document", study.seed.name if study.seed else ""}
    found = [c for c in study.claims if c.get("phase") == phase and c.get("entrant") in names]
    return next((c for c in found if c.get("task") == "all"), found[0] if len(found) == 1 else None)


def _detail(claim: Record, word: str) -> str:
    difference, low, high = (finite(claim.get(key)) for key in ("difference", "low", "high"))
    seeds = claim.get("seeds")
    on = f" on {count(seeds, 'test seed')}" if isinstance(seeds, int) else ""
    text = f"{signed(difference)} {interval(low, high)}{on} that the search did not use."
    mdd = finite(claim.get("mdd"))
    if word not in {"better", "worse"} and mdd is not None:
        text += f" Differences below {plain(mdd)} cannot be seen with so few."
    return text


def _controls(study: Study) -> str:
    seed, champion = (c.name if c else "" for c in (study.seed, study.champion))
    claims = [c for c in study.claims if c.get("phase") == "test"]
    tasks = {str(c.get("task")) for c in claims}
    wanted = "all" if "all" in tasks else next(iter(tasks), "")
    by: dict[str, list[str]] = {}
    for claim in claims:
        if claim.get("task") == wanted and claim.get("entrant") not in {seed, "seed document"}:
            by.setdefault(str(claim.get("verdict")), []).append(entrant_name(str(claim.get("entrant")), seed, champion))
    parts = [
        f"{lead} {listing(by[word])}"
        for word, lead in (("better", "better than"), ("no difference", "no difference to"), ("worse", "worse than"))
        if word in by
    ]
    return f"Against its controls: {'; '.join(parts)}." if parts else ""


def _running(study: Study) -> Verdict:
    best, known = study.champion, [c for c in study.candidates if c.value is not None]
    if not known or best is None or best.value is None:
        return Verdict("running", "Nothing is measured yet", f"{count(len(study.candidates), 'candidate')} so far.", "")
    title = f"Not finished: {best.name} is ahead with {plain(best.value)}"
    seed = f", the seed document has {plain(study.seed.value)}" if study.seed and study.seed is not best else ""
    detail = (
        f"{count(len(known), 'candidate')} measured{seed}. These are search seeds, on which the best of many is "
        "flattered; nothing is claimed before the tests."
    )
    return Verdict("running", title, detail, "")
