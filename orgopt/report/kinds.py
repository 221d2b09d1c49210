"""The kinds of organizations that a study tried, by size and agents, and the best of each."""

from collections import Counter

from orgopt.basics.markup import Markup, h
from orgopt.report.browser import organization
from orgopt.report.claims import pick
from orgopt.report.interval_tables import Column, Row, forest
from orgopt.study.best_of_kinds import elites, kind_of
from orgopt.study.view import StudyView
from orgopt.study.wording import digits_of, plain

_COLUMNS = (Column("agents"), Column(""), Column("tried", 4), Column("the best", 6), Column("its estimate", 5))


def kinds(study: StudyView) -> Markup | None:
    """A row for each kind, the best kind first; None where there is only one, or the study is under way.

    Each document has to be read for it: of a thousand, that takes longer than all other sections together.
    """
    if not study.final:
        return None
    known = [(one, org) for one in study.candidates if one.standing and (org := organization(one.record.program))]
    found = [(kind_of(org), one.standing.estimate, one) for one, org in known if one.standing]
    tried, best = Counter(kind for kind, _, _ in found), elites(found)
    if len(best) < 2:
        return None
    worth = {kind: standing for kind, one in best.items() if (standing := one.standing)}
    digits = digits_of(*(one.estimate for one in worth.values()))
    rows = [
        Row(
            label=f"{kind.size}: {kind.agents}",
            value=standing.estimate,
            low=standing.estimate - standing.doubt,
            high=standing.estimate + standing.doubt,
            look="main" if best[kind] is study.best else "other",
            cells=[str(tried[kind]), pick(study, best[kind].name), plain(standing.estimate, digits)],
        )
        for kind, standing in sorted(worth.items(), key=lambda item: -item[1].estimate)
    ]
    text = (
        "Candidates by how many agents they have and how these search, and the best of each kind with one standard "
        "deviation of doubt. Its estimate is drawn towards all others, as far as it is noise."
    )
    return h("div", h("p", text), forest(rows, columns=_COLUMNS, axis="estimated research output", zero=False))
