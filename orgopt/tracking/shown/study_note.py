"""What MLflow tells of a study in words: the verdict in a few, and its note in Markdown. Pure functions."""

import re
from collections.abc import Mapping, Sequence

from orgopt.study.predictions import said_of_predictions
from orgopt.study.records.kinds import FinalRecord
from orgopt.study.records.names import TEST
from orgopt.study.records.result import Claim
from orgopt.study.rewrites import said_of_rewrites
from orgopt.study.verdict.ending_form import Ending, scale_alone
from orgopt.study.wording import (
    MARKS,
    MEANINGS,
    MORE_AGENTS,
    SEED_DOCUMENT,
    compared,
    count,
    entrant_name,
    plain,
)
from orgopt.tracking.backend import mlflow_addresses
from orgopt.tracking.names import STAR
from orgopt.tracking.shown.markdown import escape

MOST_BESIDE = 3
"""Entrants beside the champion in the first lines of a note, and the nearest by score."""


def against_seed(final: FinalRecord) -> Claim | None:
    """The claim over the seed document on test seeds, over all tasks."""
    claims = [one for one in final.claims if (one.phase, one.entrant) == (TEST, SEED_DOCUMENT)]
    return next((one for one in claims if one.task == "all"), next(iter(claims), None))


def note(told: Ending, final: FinalRecord, address: str, more: Mapping[str, str], shown: str) -> str:
    """The result of a study in Markdown: the verdict and the claims in the few lines that MLflow shows unasked.

    Args:
        told: What is said in the end.
        final: The result.
        address: Where the champion's run is.
        more: Addresses of what else there is, by what they lead to.
        shown: The pictures, as Markdown.
    """
    name = final.champion
    link = f"[{STAR} {name}]({address})" if address else f"{STAR} {name}"
    head = [f"**{escape(told.title)}** {escape(told.sure)}", *(f"**→ {escape(line)}**" for line in told.advice[:1])]
    meanings = {**MEANINGS, MORE_AGENTS: next((bar.meaning for bar in told.bars if bar.name == MORE_AGENTS), "")}
    parts = ["  \n".join(head), _figures(final, link, meanings), _joined(told), mlflow_addresses.line(more), shown]
    parts.append("\n".join(f"- {escape(line)}" for line in (*told.notes, *told.advice[1:])))
    rows = [
        f"| {count(one.seeds, f'{one.phase} seed')} | {escape(one.task)} | {escape(one.entrant)} | {plain(one.mean)} | "
        f"{plain(one.champion_mean)} | {escape(apart(one))} |"
        for one in final.claims
    ]
    columns = f"| on the same | task | against | its score | {STAR} champion's | {STAR} champion is |"
    if rows:
        parts.append("\n".join([columns, "|---|---|---|---|---|---|", *rows]))
    changes = "\n".join(f"- {escape(change)}" for change in told.changes)
    parts.append(f"What it changes:\n\n{changes or '- nothing'}")
    if told.losses:
        parts.append(f"What it loses: {escape('; '.join(told.losses))}.")
    if final.feedback:
        parts.append(escape(said_of_predictions(final.feedback)))
    if final.rewrites:
        parts.append(escape(said_of_rewrites(final.rewrites)))
    parts.append(f"{final.cost.evaluations:,} runs of {final.cost.experiments:,} experiments.")
    return "\n\n".join(filter(None, parts))


def _joined(told: Ending) -> str:
    """What the scores are in the tasks' own metrics, in a line each."""
    lines = (f"{escape(scale_alone(told))} In metrics:", *(escape(line) for line in told.measures))
    return "  \n".join(lines) if len(lines) > 2 else " ".join(lines)


def result(final: FinalRecord, told: Ending) -> str:
    """The verdict in a few words: `★ g04-c03 ▲ better than seed document by 0.36 [0.31, 0.40]`."""
    claim = against_seed(final)
    return f"{STAR} {final.champion} {apart(claim, told.word, than=SEED_DOCUMENT) if claim else 'untested'}"


def apart(claim: Claim, word: str = "", than: str = "") -> str:
    """How the champion stands to somebody: `▲ better by 0.36 [0.31, 0.40]`; another word as it is."""
    told = word or claim.verdict
    return compared(told, claim.difference, claim.low, claim.high, than=than) if told in MARKS else told


def main_claims(final: FinalRecord) -> list[Claim]:
    """The claims on test seeds over all tasks: the seed document first, then those that are told first."""
    tested = [one for one in final.claims if one.phase == TEST]
    whole = [one for one in tested if one.task == "all"] or tested
    first = {SEED_DOCUMENT: 0, MORE_AGENTS: 1}
    return sorted(whole, key=lambda one: first.get(one.entrant, 2))


def fewer_seeds(claim: Claim, every: Sequence[Claim]) -> str:
    """`, 8 seeds` of a claim on fewer than others: what it says is of those, and follows from no scores on more."""
    most = max((one.seeds for one in every), default=claim.seeds)
    return f", {count(claim.seeds, 'seed')}" if claim.seeds < most else ""


def lead(final: FinalRecord) -> str:
    """`★ against the seed document: ▲ better by 0.38 [0.11, 0.57]`; empty where that was not tested."""
    claim = against_seed(final)
    return f"{STAR} against the seed document: {apart(claim)}" if claim else ""


def in_words(final: FinalRecord, version: str, word: str) -> str:
    """The verdict of versions, `★ version 2 is the champion: ▲ better by 0.38 [0.1, 0.6], seed document 0.05 → 0.43 …`.

    Args:
        final: The result.
        version: The number of the champion's; empty where its document is none.
        word: The verdict in a word or two.
    """
    claim, test = against_seed(final), final.estimates.test
    who = f"{STAR} version {version} is the champion" if version else f"{STAR} {final.champion} is the champion"
    if claim is None:
        return f"{who}: {plain(test.mean)}" if test else f"{who}, untested"
    scores = f"{SEED_DOCUMENT} {plain(claim.mean)} → {plain(claim.champion_mean)}"
    return f"{who}: {apart(claim, word)}, {scores} on {count(claim.seeds, 'test seed')}"


def unbroken(ends: str) -> str:
    """An interval, or a verdict with its mark, that stays in one line of a narrow column."""
    return re.sub(r"(, |^[▲▼○] |by )", lambda found: f"{found[0][:-1]}\u00a0", ends)


def _beside(final: FinalRecord) -> list[Claim]:
    """Who stands beside the champion: those that are told first, and the nearest by score."""
    every = main_claims(final)
    found = every[:MOST_BESIDE]
    nearest = max(every, key=lambda one: one.mean, default=None)
    return [*found, nearest] if nearest and nearest not in found else found


def _figures(final: FinalRecord, champion: str, said: Mapping[str, str]) -> str:
    """The champion beside some, as a table: who they are, everybody's score on the same seeds, and who is ahead."""
    found = _beside(final)
    if not found:
        return f"Evolved team: {champion}"
    names = [
        escape(entrant_name(one.entrant, SEED_DOCUMENT, final.champion)) + fewer_seeds(one, found) for one in found
    ]
    most = max(one.seeds for one in found)
    whole = next(one for one in found if one.seeds == most)
    scores = [
        plain(one.mean) + f" ({STAR}\u00a0{plain(one.champion_mean)} on these)" * (one.seeds < most) for one in found
    ]
    who = ["what you had" if one.entrant == SEED_DOCUMENT else said.get(one.entrant, "") for one in found]
    stands = [unbroken(escape(apart(one))) for one in found]
    at = int(found[0].entrant == SEED_DOCUMENT)  # from what there was to what came of it, then who else was tried
    told = (
        ("", names, f"{STAR} champion, the evolved team"),
        ("---", ["---:" for _ in found], "---:"),
        ("who", [*map(escape, who)], champion),
        (f"score of {count(most, 'seed')}", scores, f"**{plain(whole.champion_mean)}**"),
        (f"{STAR}\u00a0is", stands, ""),
    )
    rows = [(first, *cells[:at], own, *cells[at:]) for first, cells, own in told]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
