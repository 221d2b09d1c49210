"""What MLflow shows of a control: who else ran on the test seeds, as a run beside the champion's. Pure functions."""

from orgopt.draw.text import clean
from orgopt.study.records.kinds import FinalRecord
from orgopt.study.records.result import Claim
from orgopt.study.view import StudyView
from orgopt.study.wording import MARKS, MEANINGS, SEED_DOCUMENT, count, digits_of, entrant_name, interval, marked, plain
from orgopt.tracking import names, pictures, whiskers
from orgopt.tracking.entry import NOTE, RUN_NAME, Entry
from orgopt.tracking.markdown import escape
from orgopt.tracking.names import COLOUR, STAR, order_ahead
from orgopt.tracking.study_note import ahead, fewer_seeds

_FIRST = 2  # after champion and seed document


def controls(view: StudyView, final: FinalRecord) -> list[Entry]:
    """The controls of a study as runs, the best on test seeds first."""
    found = [one for one in whiskers.in_order(final) if one.entrant != SEED_DOCUMENT]
    entries: list[Entry] = []
    colours = pictures.control_colours(final)
    for place, one in enumerate(found):
        ran = pictures.ran_as(one.entrant, final)
        name = clean(entrant_name(one.entrant, view.candidates[0].name, final.champion))
        name += f" ({ran})" if ran != one.entrant else ""
        fewer = fewer_seeds(one, found)
        title = f"control · {name}{fewer}" + f" {MARKS[one.verdict]}" * (one.verdict == "no difference")
        seeds, said = count(one.seeds, "seed"), marked(one.verdict)
        apart = f"The champion is ahead by {escape(ahead(one))} on the same {seeds}: {said}"
        common = f"; it scored {plain(one.champion_mean)} on these, and ran on more" if fewer else ""
        both = f" on the {seeds} both had (★ {plain(one.champion_mean)} there)" if fewer else ""
        note = [
            f"**Control: {escape(name)} scored {plain(one.mean)} on test seeds**",
            f"{escape(MEANINGS.get(one.entrant, ''))}",
            f"{apart}{common}",
        ]
        tags = {
            names.KIND.name: "control",
            names.PLACE.name: "control",
            names.ORDER.name: order_ahead(view.head, _FIRST + place),
            names.RESULT.name: _beside_champion(one) + both,
            names.TASKS.name: ", ".join(view.tasks),
            COLOUR: colours[ran],
            RUN_NAME: title,
            NOTE: "\n\n".join(filter(None, note)),
            **names.reporting(view.head),
        }
        points = (names.CONTROL_OUTPUT.at(one.mean), *pictures.budget_points(view, ran))
        points += whiskers.of_other(final, one.entrant)
        entries.append(
            Entry(
                key=f"control {one.entrant}",
                name=title,
                began=final.at,
                at=final.at,
                tags=tags,
                points=points,
            )
        )
    return entries


def _beside_champion(claim: Claim) -> str:
    """How a control stands to the champion, in a few words: `behind ★ by 0.23 [0.08, 0.41]`.

    A figure is how far it is behind where the words say *behind*, and how far ahead where they say *ahead*.
    """
    low, high, gap = claim.low, claim.high, claim.difference
    digits, behind = digits_of(gap, low, high), gap >= 0
    far = plain(abs(gap), digits)
    if low is None or high is None:
        return f"{far} {'behind' if behind else 'ahead of'} {STAR}, one seed"
    ends = interval(low, high, digits=digits) if behind else interval(-high, -low, digits=digits)
    if claim.verdict in {"better", "worse"}:
        return f"{'behind' if behind else 'ahead of'} {STAR} by {far} {ends}"
    return f"{marked(claim.verdict)}: {far} {'behind' if behind else 'ahead of'} {STAR} {ends}"
