"""What MLflow shows of a study and its generations: results, curves, tables and notes. Pure functions."""

from collections.abc import Sequence
from dataclasses import asdict
from statistics import median, stdev

from orgopt.document import parse, read
from orgopt.draw import svg
from orgopt.report import page
from orgopt.study.predictions import said_of_predictions
from orgopt.study.records.head import StudyRecord
from orgopt.study.records.kinds import FinalRecord
from orgopt.study.records.names import SEARCH, TEST
from orgopt.study.rewrites import said_of_rewrites
from orgopt.study.verdict.ending import Ending
from orgopt.study.verdict.study import ending, short
from orgopt.study.view import CandidateView, StudyView
from orgopt.study.wording import noise
from orgopt.tracking import names, tables
from orgopt.tracking.candidate import diff, parts_points, sources
from orgopt.tracking.entry import NOTE, Entry, Point
from orgopt.tracking.markdown import escape, interval, signed
from orgopt.tracking.names import (
    LONGEST_PARAM,
    LONGEST_VALUE,
    digest,
    experiment_name,
    generation_title,
    reporting,
)


def study(head: StudyRecord, commit: str) -> Entry:
    """The run of a study when it begins.

    Args:
        head: Its first record.
        commit: The version of the workspace; empty where it has none.
    """
    org = read(parse(head.program)).org
    settings = {key: value for key, value in head.settings.items() if key != "tasks"}
    tags = {
        names.KIND.name: "study",
        names.TASKS.name: ", ".join(head.identity.tasks),
        names.VERSION.name: head.orgopt,
        **reporting(head),
        names.COMMIT.name: commit or digest(head.program),
        "mlflow.source.name": head.source,
        "mlflow.source.type": "LOCAL",
        NOTE: f"**Running**: {escape(head.source)} on {escape(experiment_name(head))}.",
    }
    return Entry(
        key="study",
        name=head.name,
        began=head.at,
        at=head.at,
        ended=False,
        tags=tags | ({"mlflow.source.git.commit": commit} if commit else {}),
        params={key: str(value)[:LONGEST_PARAM] for key, value in settings.items()},
        files={"seed/program.md": head.program, "seed/chart.svg": svg(org)},
        sources=tuple(sources(head)),
    )


def generation(view: StudyView, number: int) -> tuple[Entry, tuple[Point, ...]]:
    """The run of a generation that is complete, and its points on the study's run, at a step of its number."""
    everybody = view.generation(number)
    members = [one for one in everybody if one.standing]  # who is disqualified has none
    values = {one.name: one.standing.value for one in members if one.standing}
    own, over = {names.GENERATION_SIZE: float(len(members))}, dict[names.Metric, float]()
    title, note = f"g{number:02d} · all disqualified", "**Every candidate is disqualified**: see their notes."
    if values:
        best = max(values, key=lambda name: values[name])
        spread = stdev(values.values()) if len(values) > 1 else 0.0
        middle = median(values.values())
        title = generation_title(number, best, values[best])
        said = f"**Best {signed(values[best])}** by {best} · median {signed(middle)} · spread {spread:.3f}"
        note = f"{said}\n\n{_ranking(members)}"
        own |= {
            names.GENERATION_BEST: values[best],
            names.GENERATION_MEDIAN: middle,
            names.GENERATION_SPREAD: spread,
        }
        over = {names.BEST: values[best], names.MEDIAN: middle, names.SPREAD: spread}
    run = Entry(
        key=f"generation {number}",
        name=title,
        began=min(one.record.at for one in everybody),
        at=_when(view, number),
        tags={
            names.KIND.name: "generation",
            names.GENERATION.name: str(number),
            names.TASKS.name: ", ".join(view.tasks),
            **reporting(view.head),
            NOTE: note[:LONGEST_VALUE],
        },
        points=tuple(Point(metric.name, value) for metric, value in own.items()),
    )
    over[names.DROPPED] = float(sum(one.dropped for one in members))
    ahead = view.best
    if ahead and ahead.standing:
        over |= {names.BEST_SO_FAR: ahead.standing.value, names.BEST_ESTIMATE: ahead.standing.estimate}
    return run, tuple(Point(metric.name, value, number) for metric, value in over.items())


def progress(view: StudyView) -> dict[str, str]:
    """The study's note while it runs."""
    told, done = ending(view), len(view.complete)
    return {NOTE: f"**Running**, {done} generation{'s' * (done != 1)} done. {escape(told.title)} {escape(told.sure)}"}


def conclusion(view: StudyView, final: FinalRecord, address: str) -> Entry:
    """What the end of a study adds to its run.

    Args:
        view: The study.
        final: Its result.
        address: Where the champion's run is.
    """
    champion, seed = view.best or view.candidates[0], view.candidates[0]
    program = champion.record.program
    files = {
        "report.html": page(view),
        "champion/program.md": program,
        "champion/chart.svg": svg(read(parse(program)).org),
        "champion/diff.md": diff(seed.record, champion.record, final.changes),
        "claims.json": tables.as_json(tables.claims(final.claims)),
    }
    if final.race:
        files["race.json"] = tables.as_json(tables.race(final.race))
    if final.ablations:
        files["ablations.json"] = tables.as_json(tables.ablations(final.ablations))
    best = champion.standing
    values = {names.CHAMPION_OUTPUT: best.value, names.CHAMPION_ESTIMATE: best.estimate} if best else {}
    single = [Point(metric.name, value) for metric, value in values.items()]
    told = ending(view)
    said = short(told)[:LONGEST_VALUE]
    tags = {names.CHAMPION.name: final.champion, names.VERDICT.name: said}
    return Entry(
        at=final.at,
        tags={**tags, NOTE: note(told, final, address)[:LONGEST_VALUE], **tables.shown_as_tables(files)},
        points=(*single, *_claim_points(final), *_part_points(view, final), *_cost(final)),
        files=files,
    )


def champion(final: FinalRecord) -> Entry:
    """What the end of a study adds to the champion's run."""
    race, test = final.estimates.race, final.estimates.test
    values = {names.RACE_OUTPUT: race, names.TEST_OUTPUT: test.mean if test else None}
    points = [Point(metric.name, value) for metric, value in values.items() if value is not None]
    known = [claim.champion_parts for claim in final.claims if claim.phase == TEST and claim.champion_parts]
    under = (names.TEST_PROGRESS, names.TEST_Q_FINAL, names.TEST_Q_MEAN)
    points = (*points, *(parts_points(known[0], under) if known else ()))  # the first is on all seeds and tasks
    return Entry(at=final.at, ended=False, tags={names.CHAMPION.name: "true"}, points=points)


def tested(final: FinalRecord) -> dict[str, str]:
    """What the test says of the champion, as tags of its version."""
    test = final.estimates.test
    if not test:
        return {}
    low, high = test.low, test.high
    score = {names.VERSION_TEST_SCORE.name: f"{test.mean:+.3f}"}
    return (
        score
        if low is None or high is None
        else score | {names.VERSION_TEST_INTERVAL.name: f"{low:+.3f} … {high:+.3f}"}
    )


def note(told: Ending, final: FinalRecord, address: str) -> str:
    """The result of a study in Markdown, the verdict first."""
    name = final.champion
    link = f"[{name}]({address})" if address else name
    parts = [f"**{escape(told.title)}** {escape(told.sure)}"]
    parts.append("\n".join(f"- {escape(line)}" for line in (*told.measures, *told.notes, *told.advice)))
    parts.append(f"Evolved team: {link}. {escape(told.scale)}")
    rows = [
        f"| {one.phase} | {escape(one.task)} | {escape(one.entrant)} | {signed(one.mean)} | "
        f"{signed(one.difference)} | {interval(one.low, one.high)} | {one.verdict} |"
        for one in final.claims
    ]
    head = "| on | task | against | its score | evolved team is ahead by | 95 % | evolved team is |"
    if rows:
        parts.append("\n".join([head, "|---|---|---|---|---|---|---|", *rows]))
    changes = "\n".join(f"- {escape(change)}" for change in told.changes)
    parts.append(f"What it changes:\n\n{changes or '- nothing'}")
    if told.losses:
        parts.append(f"What it loses: {escape('; '.join(told.losses))}.")
    if final.feedback:
        parts.append(escape(said_of_predictions(final.feedback)))
    if final.rewrites:
        parts.append(escape(said_of_rewrites(final.rewrites)))
    parts.append(f"{final.cost.evaluations:,} runs of {final.cost.experiments:,} experiments.")
    return "\n\n".join(parts)


def _claim_points(final: FinalRecord) -> list[Point]:
    found: list[Point] = []
    for one in final.claims:
        where = one.phase if one.task == "all" else f"{one.phase} {one.task}"
        # of several with this name the first stays: it is on the most seeds
        found.append(Point(names.CLAIM_CHAMPION.of(claim=where), one.champion_mean))
        found.append(Point(names.CLAIM_OTHER.of(claim=where, entrant=one.entrant), one.mean))
        found.append(Point(names.CLAIM_AHEAD.of(claim=where, entrant=one.entrant), one.difference))
    return list({point.name: point for point in reversed(found)}.values())[::-1]


def _part_points(view: StudyView, final: FinalRecord) -> list[Point]:
    last = max(view.complete, default=0)
    found = [Point(names.IMPORTANCE.of(part=one.part), one.importance, last) for one in final.importances]
    found += [Point(names.WITHOUT.of(part=one.part), one.difference) for one in final.ablations]
    return list({point.name: point for point in found}.values())


def _cost(final: FinalRecord) -> list[Point]:
    return [Point(names.SPENT.of(cost=name), float(value)) for name, value in asdict(final.cost).items()]


def _ranking(members: Sequence[CandidateView]) -> str:
    ranked = sorted(members, key=lambda one: -(one.standing.value if one.standing else 0.0))
    rows = [
        f"| {one.name} | {signed(one.standing.value)}{noise(one.standing.error)} | {one.standing.seeds} | "
        f"{escape('; '.join(one.record.changes)[:160])} |"
        for one in ranked[:12]
        if one.standing
    ]
    return "\n".join(["| candidate | research output | seeds | changes |", "|---|---|---|---|", *rows])


def _when(view: StudyView, number: int) -> float:
    """When a generation was complete."""
    members = {one.name for one in view.generation(number)}
    return max(one.at for one in view.evaluations if one.phase == SEARCH and one.entrant in members)
