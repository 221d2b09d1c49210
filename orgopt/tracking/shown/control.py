"""What MLflow shows of a control: who else ran on the test seeds, as a run beside the champion's. Pure functions."""

from orgopt.draw.text import clean
from orgopt.study.records.kinds import FinalRecord
from orgopt.study.view import StudyView
from orgopt.study.wording import MARKS, MEANINGS, SEED_DOCUMENT, count, entrant_name, plain
from orgopt.tracking import names
from orgopt.tracking.backend.entry import NOTE, RUN_NAME, Entry
from orgopt.tracking.names import COLOUR, STAR, order_ahead
from orgopt.tracking.shown import pictures, whiskers
from orgopt.tracking.shown.markdown import escape
from orgopt.tracking.shown.study_note import apart, fewer_seeds

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
        seeds = count(one.seeds, "seed")
        told = f"{STAR} champion, on the same {seeds}: {escape(apart(one))}"
        common = f"; it scored {plain(one.champion_mean)} on these, and ran on more" if fewer else ""
        both = f" on {seeds} ({STAR} {plain(one.champion_mean)})" if fewer else ""
        note = [
            f"**Control: {escape(name)} scored {plain(one.mean)} on test seeds**",
            f"{escape(MEANINGS.get(one.entrant, ''))}",
            f"{told}{common}",
        ]
        tags = {
            names.KIND.name: "control",
            names.PLACE.name: "control",
            names.ORDER.name: order_ahead(view.head, _FIRST + place),
            names.RESULT.name: f"{STAR} champion {apart(one)}{both}",
            names.TASKS.name: ", ".join(view.tasks),
            COLOUR: colours[ran],
            RUN_NAME: title,
            NOTE: "\n\n".join(filter(None, note)),
            **names.reporting(view.head),
        }
        points = (names.CONTROL_OUTPUT.at(one.mean), names.CONTROL_SEEDS.at(float(one.seeds)))
        points += (*pictures.budget_points(view, ran), *whiskers.of_other(final, one.entrant))
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
