"""What MLflow shows of a study and its generations: results, curves, tables and notes. Pure functions."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median

from orgopt.document import parse, read
from orgopt.draw import svg
from orgopt.draw.text import clean
from orgopt.report import page
from orgopt.study.records.head import StudyRecord
from orgopt.study.records.kinds import FinalRecord
from orgopt.study.records.names import SEARCH, TEST
from orgopt.study.verdict.study import ending, short
from orgopt.study.view import CandidateView, StudyView
from orgopt.study.wording import SEED_DOCUMENT, count, interval, plain
from orgopt.tracking import names
from orgopt.tracking.backend import mlflow_addresses
from orgopt.tracking.backend.entry import NOTE, OWN, RUN_NAME, Entry, Point
from orgopt.tracking.candidate_values import parts_points, placed, sources, team_picture
from orgopt.tracking.names import (
    COLOUR,
    COLOURS,
    LONGEST_PARAM,
    LONGEST_VALUE,
    STAR,
    candidate_title,
    champion_title,
    digest,
    experiment_name,
    generation_title,
    order,
    reporting,
)
from orgopt.tracking.shown import pictures, tables, whiskers
from orgopt.tracking.shown.budget_curves import Bundle, picture
from orgopt.tracking.shown.candidate_note import TEST_CURVES, Family, champion_note, standing_words
from orgopt.tracking.shown.diffs import diff, diff_page
from orgopt.tracking.shown.markdown import escape
from orgopt.tracking.shown.study_note import against_seed, apart, note, result

OF_CHAMPION = ("Seed document beside champion", "their documents in colours", "champion's runs, step by step")
"""The ways that its own note names, too, of those of its study."""
PICTURES = ("generations.svg", "budget.svg", "effects.svg")
"""The pictures of a study, which its note shows."""


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
        names.ORDER.name: order(head),
        names.PLACE.name: "study",
        COLOUR: COLOURS["study"],
        names.RESULT.name: "running",
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
    kept = {one.name: one.standing.value for one in members if one.standing and not one.dropped} or values
    own, over = [names.GENERATION_SIZE.at(float(len(members)))], list[Point]()
    title, note = f"g{number:02d} · all disqualified", "**Every candidate is disqualified**: see their notes."
    told, changed = f"generation of {len(everybody)}", {one.name: one.record.changes for one in everybody}
    if kept:
        best = max(kept, key=lambda name: kept[name])
        middle, changes = median(values.values()), ", ".join(changed[best])
        told = f"best of {len(everybody)}: {clean(changes) or 'the seed document'}"[:LONGEST_VALUE]
        title = generation_title(number, best, kept[best])
        note = f"**Best {plain(kept[best])}** by {best} · median {plain(middle)}\n\n{_ranking(members)}"
        own += [names.GENERATION_BEST.at(kept[best]), names.GENERATION_MEDIAN.at(middle)]
        over += [names.BEST.at(kept[best], number), names.MEDIAN.at(middle, number)]
    run = Entry(
        key=f"generation {number}",
        name=title,
        began=min(one.record.at for one in everybody),
        at=_when(view, number),
        tags={
            names.KIND.name: "generation",
            names.GENERATION.name: str(number),
            names.ORDER.name: order(view.head, number),
            names.PLACE.name: "generation",
            COLOUR: COLOURS["generation"],
            names.RESULT.name: told,
            names.TASKS.name: ", ".join(view.tasks),
            **reporting(view.head),
            NOTE: note[:LONGEST_VALUE],
        },
        points=tuple(own),
    )
    so_far = [one.standing.value for one in view.candidates if one.standing and not one.dropped]
    if so_far:
        over.append(names.BEST_SO_FAR.at(max(so_far), number))
    if over:
        over.append(names.BY_GENERATION.at(float(number), number))
    return run, tuple(over)


def progress(view: StudyView) -> dict[str, str]:
    """The study's note while it runs."""
    told, done = ending(view), len(view.complete)
    return {NOTE: f"**Running**, {done} generation{'s' * (done != 1)} done. {escape(told.title)} {escape(told.sure)}"}


def conclusion(view: StudyView, final: FinalRecord, address: str, more: Mapping[str, str]) -> Entry:
    """What the end of a study adds to its run.

    Args:
        view: The study.
        final: Its result.
        address: Where the champion's run is.
        more: Addresses of what else there is, by what they lead to.
    """
    champion, seed = view.best or view.candidates[0], view.candidates[0]
    program, told = champion.record.program, ending(view)
    files = {
        "report.html": page(view),
        "champion/program.md": program,
        "champion/chart.svg": team_picture(read(parse(program)).org),
        "champion/diff.md": diff(seed.record, champion.record, told.changes),
        "champion/diff.html": diff_page(seed.record, champion.record, told.changes, _scores(final), champion=True),
        "claims.json": tables.as_json(tables.claims(final.claims)),
    }
    if final.race:
        files["race.json"] = tables.as_json(tables.race(final.race))
    if final.ablations:
        files["ablations.json"] = tables.as_json(tables.ablations(final.ablations))
    files |= pictures.of_study(view)
    tags = {
        names.CHAMPION.name: final.champion,
        names.VERDICT.name: short(told)[:LONGEST_VALUE],
        names.RESULT.name: result(final, told),
    }
    shown = [name for name in PICTURES if name in files]
    text = note(told, final, address, more, mlflow_addresses.pictures(OWN, *shown))
    return Entry(
        at=final.at,
        tags={**tags, NOTE: text[:LONGEST_VALUE], **tables.shown_as_tables(files)},
        points=(*_claim_points(final), *_cost(final)),
        files=files,
    )


def champion(family: Family, final: FinalRecord, more: Mapping[str, str]) -> Entry:
    """What the end of a study adds to the champion's run.

    Args:
        family: The champion and its parent.
        final: The result.
        more: Addresses of what only a champion has, by what they lead to.
    """
    test, claim = final.estimates.test, against_seed(final)
    known = [one.champion_parts for one in final.claims if one.phase == TEST and one.champion_parts]
    under = (names.TEST_PROGRESS, names.TEST_Q_FINAL, names.TEST_Q_MEAN)
    points = (names.TEST_OUTPUT.at(test.mean), names.TEST_SEEDS.at(float(test.n))) if test else ()
    points += tuple(parts_points(known[0], under)) if known else ()  # the first is on all seeds and tasks
    points += (*pictures.budget_points(family.view, family.own.name), *whiskers.of_champion(final))
    verdict = f"{STAR} champion" + (f": {apart(claim, than=SEED_DOCUMENT)}" if claim else "")
    tags = {
        names.CHAMPION.name: "true",
        RUN_NAME: champion_title(family.own.record, read(parse(family.own.record.program)).org),
        names.RESULT.name: verdict,
        **placed(family.view.head, family.own.record, champion=True),
        NOTE: champion_note(family, final, more, ending(family.view).advice)[:LONGEST_VALUE],
    }
    files = {TEST_CURVES: _test_curves(family)} if test else {}
    return Entry(at=final.at, ended=False, tags=tags, points=points, files=files)


def _test_curves(family: Family) -> str:
    """The champion's curves on test seeds beside the seed document's, means over seeds and one seed each."""
    view, own, seed = family.view, family.own, family.view.candidates[0]
    named = [(f"{STAR} champion", own, COLOURS["champion"]), (SEED_DOCUMENT, seed, COLOURS["seed document"])]
    several = len(view.tasks) > 1
    shown = [
        Bundle(f"{words}{f', {task}' * several}", colour, curves)
        for words, one, colour in named[: 1 + (seed is not own)]
        for task in view.tasks
        if (curves := [score.curve for score in view.scores(TEST, one.name, task)])
    ]
    seeds = count(min(len(one.curves) for one in shown), "test seed") if shown else "test seeds"
    budget_s = max(map(view.head.identity.budget_of, view.tasks))
    return picture(f"On {seeds}: mean, thin: a seed", shown, budget_s)


def former(head: StudyRecord, one: CandidateView, note: str, at: float) -> Entry:
    """What makes a champion of an earlier end a candidate again."""
    title = candidate_title(one.record, read(parse(one.record.program)).org)
    tags = {names.CHAMPION.name: "false", RUN_NAME: title, names.RESULT.name: "former champion"}
    where = {names.PLACE.name: "former champion", COLOUR: "", **placed(head, one.record)}
    return Entry(at=at, ended=False, tags={**tags, **where, NOTE: note[:LONGEST_VALUE]})


def seed_tested(view: StudyView, final: FinalRecord) -> Entry | None:
    """What the end of a study adds to the seed document's run; None where it was not tested."""
    claim = against_seed(final)
    if claim is None:
        return None
    points = (names.TEST_OUTPUT.at(claim.mean), names.TEST_SEEDS.at(float(claim.seeds)))
    points += (*pictures.budget_points(view, view.candidates[0].name), *whiskers.of_other(final, SEED_DOCUMENT))
    return Entry(at=final.at, ended=False, points=points)


def untested() -> dict[str, str]:
    """What stands first on a version before there is a test: a tag keeps its place when it gets another value."""
    return {names.VERSION_TEST_SCORE.name: "not tested yet"}


def tested(final: FinalRecord) -> dict[str, str]:
    """What the test says of the champion, as tags of its version."""
    test = final.estimates.test
    if not test:
        return {}
    return {names.VERSION_TEST_SCORE.name: f"{plain(test.mean)} {interval(test.low, test.high)}".strip()}


def seed_tags(final: FinalRecord) -> dict[str, str]:
    """The same of the seed document."""
    claim = against_seed(final)
    return {names.VERSION_TEST_SCORE.name: plain(claim.mean)} if claim else {}


def _scores(final: FinalRecord) -> str:
    """What seed document and champion scored on the same test seeds, and how far they are apart."""
    claim = against_seed(final)
    if claim is None:
        return ""
    seeds = count(claim.seeds, "test seed")
    return f"Score on {seeds}: {plain(claim.mean)} → {plain(claim.champion_mean)}, {apart(claim)}"


def _claim_points(final: FinalRecord) -> list[Point]:
    test, found = final.estimates.test, list[Point]()
    if test:
        found.append(names.STUDY_TEST.at(test.mean))
    if claim := against_seed(final):
        found.append(names.STUDY_AHEAD.at(claim.difference))
    several = any(one.task == "all" for one in final.claims)
    # of several with this name the first stays: it is on the most seeds
    found += [
        names.CLAIM_OTHER.at(one.mean, claim=one.phase, entrant=one.entrant)
        for one in final.claims
        if one.task == "all" or not several
    ]
    return list({point.name: point for point in reversed(found)}.values())[::-1]


def _cost(final: FinalRecord) -> list[Point]:
    cost = final.cost
    return [names.STUDY_RUNS.at(float(cost.evaluations)), names.STUDY_EXPERIMENTS.at(float(cost.experiments))]


def listed(view: StudyView, number: int, address: Callable[[str], str]) -> Entry:
    """The note of a generation once its candidates have pages, which its table then links to."""
    run, _ = generation(view, number)
    rows = run.tags[NOTE]
    for one in view.generation(number):
        rows = rows.replace(f"| {one.name} |", f"| [{one.name}]({address(one.name)}) |")
    return Entry(at=_when(view, number), ended=False, tags={NOTE: rows[:LONGEST_VALUE]})


def _ranking(members: Sequence[CandidateView]) -> str:
    ranked = sorted(members, key=lambda one: -(one.standing.value if one.standing else 0.0))
    rows = [
        f"| {one.name} | {standing_words(one.standing)} | {escape('; '.join(one.record.changes)[:160])} |"
        for one in ranked[:12]
        if one.standing
    ]
    return "\n".join(["| candidate | score, 95 % interval | changes |", "|---|---|---|", *rows])


def _when(view: StudyView, number: int) -> float:
    """When a generation was complete."""
    members = {one.name for one in view.generation(number)}
    return max(one.at for one in view.evaluations if one.phase == SEARCH and one.entrant in members)
