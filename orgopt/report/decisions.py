"""The log of decisions: what was decided when, and on what; of a study by generation, of a run by event."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from orgopt.basics.markup import Child, Markup, h
from orgopt.ledger import BASELINE, Event, shown_sign
from orgopt.report.claims import pick
from orgopt.study.records.names import PHASES, RACE, SEARCH
from orgopt.study.view import CandidateView, StudyView
from orgopt.study.wording import count, duration, listing, metric, phase_name, plain

SHOWN = 12
"""The last decisions, which stand open; those before are folded."""
_NAMED = 6  # of those that left a generation early


class Decision(NamedTuple):
    """A line of the log: when, what was decided, and on what."""

    when: str
    what: Child
    why: Child = None


def decisions(study: StudyView) -> Markup | None:
    """The decisions of a study: what each generation was made of and who led after it, the race, the result."""
    return listed([*_search(study), *_rewrites(study), *_race(study), *_result(study)])


def run_decisions(events: Sequence[Event]) -> Markup | None:
    """The decisions of a run: what the team submitted, stopped and assigned, what it was told; stand-ups folded."""
    found = list(_of_run(events))
    met = [one for one in found if one[0].kind == "meeting"]
    shown = listed([said._replace(when=_moment(event)) for event, said in found if event.kind != "meeting"])
    if not met:
        return shown
    folded = h("details", h("summary", count(len(met), "stand-up")), _list(list(_merged(iter(met)))))
    return h("div", shown, h("div", folded, cls="decisions"))


def listed(found: Sequence[Decision]) -> Markup | None:
    """Decisions as a list, the newest open; None where there are none."""
    if not found:
        return None
    earlier, shown = found[:-SHOWN], found[-SHOWN:]
    folded = h("details", h("summary", f"{count(len(earlier), 'earlier decision')}"), _list(earlier))
    return h("div", folded if earlier else None, _list(shown), cls="decisions")


def _list(found: Sequence[Decision]) -> Markup:
    items = [
        h("li", h("span", one.when, cls="when"), h("div", h("b", one.what), h("span", one.why) if one.why else None))
        for one in found
    ]
    return h("ol", items)


def _search(study: StudyView) -> Iterator[Decision]:
    """A decision a generation: who leads by the estimate of today, and who left early."""
    leader: CandidateView | None = None
    ends = _ends(study)
    for number in sorted({one.record.generation for one in study.candidates}):
        mine = study.generation(number)
        known = [one for one in mine if one.standing]
        best = max(known, key=lambda one: one.standing.estimate if one.standing else 0.0, default=None)
        if best is None:
            continue
        new = leader is None or _estimate(best) > _estimate(leader)
        leader = best if new else leader
        who: Child = [f"Generation {number}: ", pick(study, best.name), " leads" if new else " is its best"]
        state = "" if number in study.complete else f"so far {len(known)} of {len(mine)} measured. "
        why: list[Child] = [state, f"Estimate {plain(_estimate(best))}"]
        if best.record.changes:
            why.append(f", by {listing(best.record.changes[:3])}")
        if not new and leader:
            why += ["; ", pick(study, leader.name), f" stays ahead with {plain(_estimate(leader))}"]
        out = [one.name for one in mine if one.dropped]
        if out:
            names = listing(out) if len(out) <= _NAMED else f"{count(len(out))} candidates"
            why.append(f". Clearly worse, and given no more seeds: {names}")
        yield Decision(ends.get(number, ""), who, [*why, "."])


def _estimate(one: CandidateView) -> float:
    return one.standing.estimate if one.standing else 0.0


def _ends(study: StudyView) -> Mapping[int, str]:
    """When the last run of each generation ended."""
    generation = {one.name: one.record.generation for one in study.candidates}
    last: dict[int, float] = {}
    for run in study.evaluations:
        if run.phase == SEARCH and run.entrant in generation:
            last[generation[run.entrant]] = run.at
    return {number: _since(study, at) for number, at in last.items()}


def _since(study: StudyView, at: float) -> str:
    return f"+{duration(max(0.0, round(at - study.head.at)))}"


def _rewrites(study: StudyView) -> Iterator[Decision]:
    for name, one in study.rewrites.items():
        if one.outcome != "proposed":
            why = f"{one.reason}; the sampler proposed instead."
            yield Decision(_since(study, one.at), [pick(study, name), f": the rewriter's part was {one.outcome}"], why)


def _race(study: StudyView) -> Iterator[Decision]:
    runs = [run for run in study.evaluations if run.phase == RACE]
    if not runs:
        return
    names = list(dict.fromkeys(run.entrant for run in runs))
    yield Decision(
        _since(study, runs[0].at),
        f"The race begins with {count(len(names), 'finalist')}",
        [_joined([pick(study, name) for name in names]), ", the best estimates of the search, on fresh seeds."],
    )
    if study.final:
        gone = [one for one in study.final.race if one.dropped_at]
        for one in sorted(gone, key=lambda one: one.dropped_at or 0):
            why = f"Clearly behind on {count(one.dropped_at or 0, 'seed')}, with {plain(one.mean)}."
            yield Decision(_since(study, runs[-1].at), [pick(study, one.entrant), " leaves the race"], why)


def _result(study: StudyView) -> Iterator[Decision]:
    for phase in PHASES:
        ats = [run.at for run in study.evaluations if run.phase == phase]
        if phase not in {SEARCH, RACE} and ats:
            entrants = {run.entrant for run in study.evaluations if run.phase == phase}
            what = f"{phase_name(phase).capitalize()}: {count(len(ats), 'run')} of {count(len(entrants), 'entrant')}"
            yield Decision(_since(study, ats[0]), what)
    if study.final:
        final = study.final
        why = f"The simplest that was as good in the race is {final.simplest}."
        yield Decision(_since(study, final.at), ["The champion is ", pick(study, final.champion)], why)


def _joined(children: Sequence[Child]) -> Child:
    return [[", " if i else "", child] for i, child in enumerate(children)]


def _of_run(events: Sequence[Event]) -> Iterator[tuple[Event, Decision]]:
    asked = {event.data["id"]: event.data for event in events if event.kind == "proposal"}
    best, known = 0.0, {BASELINE}
    sign = shown_sign(events[0].data) if events else 1.0
    for event in events:
        if event.kind == "submission":
            yield event, _submission(event, asked.get(event.data["id"]), best, sign)
            best = event.data["metric"]
        elif event.kind == "meeting":
            yield event, _meeting(event, [one for one in event.data["shared"] if one not in known])
            known.update(event.data["shared"])
        elif event.kind in _EVENTS and (found := _EVENTS[event.kind](event)):
            yield event, found


def _merged(found: Iterator[tuple[Event, Decision]]) -> Iterator[Decision]:
    """Decisions with their times; stand-ups one after the other that brought nothing new are one line."""
    quiet: list[Event] = []
    for event, said in found:
        if event.kind == "meeting" and not said.why:
            quiet.append(event)
            continue
        yield from _quiet(quiet)
        quiet = []
        yield said._replace(when=_moment(event))
    yield from _quiet(quiet)


def _quiet(events: Sequence[Event]) -> Iterator[Decision]:
    if len(events) == 1:
        yield Decision(_moment(events[0]), f"Stand-up of {count(len(events[0].data['agents']), 'agent')}, nothing new")
    elif events:
        when = f"{_moment(events[0])} – {_moment(events[-1])}"
        yield Decision(when, f"{count(len(events), 'stand-up')}, nothing new")


def _moment(event: Event) -> str:
    return duration(round(event.t, 1)) if event.t else "0"


def _submission(event: Event, asked: Mapping[str, Any] | None, before: float, sign: float) -> Decision:
    data, value = event.data, metric(sign * event.data["metric"])
    if data["id"] == BASELINE:
        return Decision("", f"Begins with the untouched script, {value}")
    by = f" ({metric(before - data['metric'])} better)" if data["metric"] < before else ""
    who = f"{asked['agent']}: {asked['note']}" if asked else None
    return Decision("", f"Submits #{data['id']}, {value}{by}", who)


def _meeting(event: Event, new: Sequence[int]) -> Decision:
    data = event.data
    shown = ", ".join(f"#{number}" for number in new[:_NAMED])
    more = f" and {len(new) - _NAMED} more" if len(new) > _NAMED else ""
    said = [f"A person said: {text}" for text in data.get("told", ())]
    said += [f"{who} reported: {text}" for who, text in data.get("reports", {}).items()]
    what = f"Stand-up of {count(len(data['agents']), 'agent')}"
    return Decision("", what, " ".join([*([f"New to all: {shown}{more}."] if new else []), *said]) or None)


def _message(event: Event) -> Decision | None:
    data = event.data
    if "assignment" not in data:
        return None
    return Decision("", f"{data['sender']} assigns a task to {', '.join(data['to'])}", data["assignment"])


def _stop(event: Event) -> Decision:
    data = event.data
    return Decision("", f"{data['agent']} stops #{data['id']} early", f"Its curve was at {metric(data['value'])}.")


def _approval(event: Event) -> Decision:
    data = event.data
    word = "approved" if data["approved"] else "refused"
    return Decision("", f"A person {word} the script that {data['agent']} rewrote", data.get("note") or None)


_EVENTS: Mapping[str, Callable[[Event], Decision | None]] = {
    "message": _message,
    "stop": _stop,
    "approval": _approval,
    "end": lambda _: Decision("", "The budget is spent"),
}
"""What of a ledger is a decision by itself; submissions and stand-ups depend on what was before."""
