"""What a run says in the end: its score and its report read as an `Ending`."""

from collections.abc import Iterator, Sequence

from orgopt.document import Program
from orgopt.ledger import BASELINE
from orgopt.scoring.score import Score
from orgopt.study.folder import describe_task
from orgopt.study.score_parts import parts_of
from orgopt.study.verdict.ending_form import Ending, scale, unread
from orgopt.study.verdict.evidence import REMEDY, confirmed_by, doubt, gained, stamp
from orgopt.study.verdict.measures import form_of, measure
from orgopt.study.wording import count, listing, plain, unnegated
from orgopt.tasks.task import Task
from orgopt.team.cost_of_parts import Report, Share

_MOST = 3  # parts that are named


def ending(program: Program, task: Task, score: Score, report: Report, budget_s: float) -> Ending:
    """The end of a run."""
    told = describe_task(task)
    word, title = _result(score, task)
    measured = ", ".join(f"{key} {value}" for key, value in score.lab.items())
    reached = [] if score.submitted == BASELINE else [(_submitted(score), score.heldout)]
    steady = task.steady or (score.evidence is not None and not score.evidence.varies)
    return Ending(
        word=word,
        title=title,
        sure=" ".join(filter(None, (*_sure(score, task, steady=steady), _scored(score, budget_s)))),
        measures=(measure(task.name, told, [("untouched", task.baseline.heldout), *reached]),),
        headline=_headline(task, score) if reached else (),
        scale=scale(self_reported=task.self_reported),
        seeds="one seed",
        notes=(*unread(program), *_submission(score), *_notes(score, report), f"Measured on: {measured}."),
        advice=(*((REMEDY,) if steady else ()), _limit(report)),
    )


def _result(score: Score, task: Task) -> tuple[str, str]:
    """Whether the run improved its task: a lucky seed is no improvement."""
    if score.disqualified:
        return "worse", f"Disqualified: {score.disqualified}."
    if score.submitted == BASELINE:
        return "unchanged", f"No improvement of {task.name}: nothing was better than the untouched script."
    if score.confirmed:
        return "better", f"{task.name} is improved on this one seed: {_reached(task, score)}."
    return "no difference", f"No improvement of {task.name} is confirmed on this one seed: {_reached(task, score)}."


def _reached(task: Task, score: Score) -> str:
    """`heldout_nats 0.154 → 0.122 (lower is better)`."""
    change, about = _headline(task, score)
    return f"{about.split()[0]} {change} ({about.rpartition('; ')[2]})"


def _headline(task: Task, score: Score) -> tuple[str, str]:
    """The held-out metric before and after, and what it is."""
    name, before = unnegated(task.heldout, task.baseline.heldout)
    after = unnegated(task.heldout, score.heldout)[1]
    form = form_of([before, after])
    better = "lower" if name == task.heldout else "higher"
    return (
        f"{before:{form}} → {after:{form}}",
        f"{name} of {task.name}, from the untouched script to what was submitted; {better} is better",
    )


def _submitted(score: Score) -> str:
    if score.evidence is not None and not score.evidence.runs:
        return "submitted, both without noise"
    if score.evidence is None or not score.evidence.paired:
        return "submitted, trained again with fresh seeds"
    return f"submitted, in {count(score.evidence.runs, 'pair')} of runs"


def _sure(score: Score, task: Task, *, steady: bool) -> Iterator[str]:
    """What the seeds cannot tell, and the gain in the metric's own unit where there is no scale from 0 to 1."""
    if steady:
        yield stamp([task.name] if task.steady else [f"the script that was submitted on {task.name}"])
    if score.confirmed and score.submitted != BASELINE:
        yield f"{confirmed_by(score)} (95 %)."
    elif not (score.disqualified or steady or score.submitted == BASELINE):
        yield f"{doubt(score)[0].upper()}{doubt(score)[1:]}."
    if task.reference is None:
        yield gained(task, score)


def _scored(score: Score, budget_s: float) -> str:
    steady = score.evidence is not None and not score.evidence.varies
    noise = "" if steady else f", give or take {plain(score.q_error)} of seed noise,"
    parts = parts_of([score])
    found = f"Validation progress is {plain(parts.progress)}." if parts.progress is not None else ""
    return (
        f"It scores {plain(score.research_output)}: {plain(parts.q_final)} at the end{noise} and "
        f"{plain(parts.q_mean)} on average over {budget_s:g} s. {found}"
    ).strip()


def _submission(score: Score) -> Iterator[str]:
    """What the submission is, in the words of its task."""
    if score.submission:
        yield f"Submitted: {', '.join(f'{name} {value}' for name, value in score.submission.items())}."
    elif score.submitted != BASELINE:
        yield f"Submitted: the script, as experiment {score.submitted} has it."


def _notes(score: Score, report: Report) -> Iterator[str]:
    """What was done, and which parts of the team found something."""
    done = ", ".join(f"{number} {status}" for status, number in score.experiments.items())
    met = [
        count(number, noun) for number, noun in ((score.meetings, "stand-up"), (score.messages, "message")) if number
    ]
    yield f"{count(sum(score.experiments.values()), 'experiment')} ({done}){', ' if met else ''}{listing(met)}."
    if found := _finders(report):
        yield f"Improvements as it saw them: {found}."
    if score.common_error:
        yield f"Most that failed did with: {score.common_error}"
    if score.tokens or score.usd:
        yield f"Models and commands took {score.tokens} tokens, ${score.usd:.4f}."
    if score.failed_thoughts:
        failed = listing([f"{number} {reason}" for reason, number in score.failed_thoughts.items()])
        why = f" Most failed with: {score.common_thought_error}" if score.common_thought_error else ""
        yield f"Thoughts without a result: {failed}.{why}"


def _finders(report: Report) -> str:
    """Who found improvements, and how many of them started from what a link or a stand-up brought."""
    roles = _told(report.roles)
    brought = _told([*report.links, *([report.standup] if report.standup else [])])
    return f"{roles}{f'; from what was heard: {brought}' if roles and brought else ''}"


def _told(shares: Sequence[Share]) -> str:
    gained = sorted((one for one in shares if one.gains), key=lambda one: -one.gains)
    return ", ".join(f"{one.gains} by {one.name}" for one in gained[:_MOST])


def _met(report: Report) -> bool:
    """Whether stand-ups took more than half of what agents had between their experiments."""
    between = sum(one.agent_s for one in report.roles)
    return report.standup is not None and report.standup.agent_s > between / 2 and between > 0


def _limit(report: Report) -> str:
    """What more of would have helped."""
    if report.bound == "agents" and _met(report):
        return (
            f"Short of agents' time: the slots stood idle {100 * report.slots_idle:.0f} % of the time, and agents were "
            f"mostly in stand-ups when they did not experiment. Hold fewer, or with fewer agents."
        )
    if report.bound == "agents":
        full = f"about {report.full_headcount:.0f} would keep them busy"
        return (
            f"Short of agents: the slots stood idle {100 * report.slots_idle:.0f} % of the time with "
            f"{count(report.headcount, 'agent')}; {full}."
        )
    return (
        f"Short of hardware: the slots were busy {100 * (1 - report.slots_idle):.0f} % of the time, and agents spent "
        f"{100 * report.agents_waiting:.0f} % of theirs waiting for one. More slots would help, more agents would not."
    )
