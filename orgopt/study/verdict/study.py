"""What a study says in the end: its records read as an `Ending`. The one wording of a study's result."""

from collections.abc import Iterator, Sequence

import numpy as np

from orgopt.document import parse, read
from orgopt.study.records.names import HELD_OUT, REAL, TEST
from orgopt.study.records.result import Ablation, Claim
from orgopt.study.score_parts import Parts, parts_of
from orgopt.study.verdict.ending_form import Bar, Ending, again, scale, unread
from orgopt.study.verdict.evidence import REMEDY, stamp, unvaried
from orgopt.study.verdict.measures import measure
from orgopt.study.verdict.more_seeds import ENOUGH, more_seeds
from orgopt.study.verdict.running import so_far, source_name
from orgopt.study.view import StudyView
from orgopt.study.wording import (
    MEANINGS,
    MORE_AGENTS,
    SEED_DOCUMENT,
    compared,
    count,
    digits_of,
    entrant_name,
    interval,
    listing,
    plain,
)

FEW = 5  # test seeds below which luck cannot be told from skill
_SHORT = 4  # losses that are told one by one


def ending(view: StudyView) -> Ending:
    """The end of a study, or how far it has come."""
    return _Story(view).ending() if view.final and view.best else so_far(view)


def short(ending: Ending) -> str:
    """The result in one line."""
    return f"{ending.title} {ending.sure}".strip()


class _Story:
    """What the records of a study that has ended say."""

    def __init__(self, view: StudyView) -> None:
        final, best = view.final, view.best
        assert final is not None and best is not None  # noqa: PT018  the caller looked
        self.view, self.final, self.champion, self.seed = view, final, best, view.candidates[0]
        self.source, self.steady = source_name(view), unvaried(view.head.identity, view.head.tasks)
        self.claims = _main_claims(final.claims, TEST)
        self.against_seed = self.claims.get(SEED_DOCUMENT)

    def ending(self) -> Ending:
        title, sure = self._result()
        sure, shown = " ".join(filter(None, (sure, self._beaten(), stamp(self.steady)))), tuple(self._bars())
        return Ending(
            word=self._word(),
            title=title,
            sure=sure,
            measures=(*self._measures(), *self._elsewhere()),
            scale=scale(self_reported=bool(self.view.head.identity.self_reported), shown=shown),
            seeds=self._seeds(),
            bars=shown,
            notes=(*unread(parse(self.view.head.program, self.source)), *self._notes()),
            advice=tuple(self._advice()),
            changes=self.final.changes if self.final.effects is None else self.final.effects,
            losses=tuple(_losses(self.final.ablations)),
        )

    def _word(self) -> str:
        if self.champion is self.seed:
            return "unchanged"
        if self.against_seed is None:
            return "running"
        return "no difference" if self._few else self.against_seed.verdict

    def _seeds(self) -> str:
        test = self.final.estimates.test
        return count(test.n, "test seed") if test else ""

    @property
    def _few(self) -> bool:
        """Whether there are too few test seeds to tell skill from luck."""
        claim = self.against_seed
        return claim is not None and (claim.low is None or claim.seeds < FEW)

    def _result(self) -> tuple[str, str]:
        """The headline, and how sure it is."""
        claim, tried = self.against_seed, count(len(self.view.candidates) - 1, "other candidate")
        if self.champion is self.seed:
            return f"Nothing better than {self.source} was found among {tried}.", ""
        if claim is None:
            return f"The evolved team {self.champion.name} was not tested against {self.source}.", ""
        evolved, seed, apart = claim.champion_mean, claim.mean, claim.difference
        digits = digits_of(apart, claim.low, claim.high)
        against = f"the evolved team scores {plain(evolved, digits)}, {self.source} {plain(seed, digits)}"
        known = compared(claim.verdict, apart, claim.low, claim.high, digits=digits)
        on = f"on {count(claim.seeds, 'fresh seed')} that the search did not use"
        if self._few:
            word = "ahead of" if apart > 0 else "behind"
            title = f"Too few seeds to tell: the evolved team is {word} {self.source} by {plain(abs(apart), digits)}."
            return title, f"{on[0].upper()}{on[1:]}, luck cannot be told from skill."
        title = {
            "better": f"Better than {self.source}: {against}.",
            "worse": f"Worse than {self.source}: {against}.",
        }.get(claim.verdict, f"No difference to {self.source} is shown: {against}.")
        return title, f"{known} with 95 % confidence, {on}."

    def _beaten(self) -> str:
        """What is clearly better than the champion, beside the seed document; empty where nothing is."""
        test = self.final.estimates.test
        ahead = [one for name, one in self.claims.items() if one.verdict == "worse" and name != SEED_DOCUMENT]
        if not ahead or not test or self._few:
            return ""
        ranked = sorted(ahead, key=lambda one: -one.mean)
        digits = digits_of(test.mean, *(one.mean for one in ranked))
        named = [(entrant_name(one.entrant, self.seed.name, self.champion.name), one.mean) for one in ranked]
        told = listing([f"{name} ({plain(mean, digits)})" for name, mean in named])
        return f"Clearly better than the evolved team ({plain(test.mean, digits)}): {told}."

    def _measures(self) -> Iterator[str]:
        """The raw held-out metric of each task: untouched, with the seed document, evolved; noise is between runs."""
        for name, task in self.view.head.tasks.items():
            found, errors = [("untouched", task.baseline.heldout)], dict[str, float]()
            for label, candidate in ((f"with {self.source}", self.seed), ("evolved", self.champion)):
                scores = self.view.scores(TEST, candidate.name, name)
                if scores and (label, candidate) != ("evolved", self.seed):
                    values = [score.heldout for score in scores]
                    found.append((label, float(np.mean(values))))
                    if task.reference is None and len(values) > 1:  # there is no scale on which its noise is told
                        errors[label] = float(np.std(values, ddof=1)) / len(values) ** 0.5
            yield measure(name, task, found, errors)

    def _elsewhere(self) -> Iterator[str]:
        """What was found on tasks that were held out, and in real training."""
        for phase, where in ((HELD_OUT, "On held-out tasks"), (REAL, "In real training")):
            claim = _main_claims(self.final.claims, phase).get(SEED_DOCUMENT)
            if claim:
                known = compared(claim.verdict, claim.difference, claim.low, claim.high, than=self.source)
                seeds = f" on {count(claim.seeds, 'seed')}" if claim.low is not None else ", which cannot tell"
                yield f"{where}: {known}{seeds}."

    def _bars(self) -> Iterator[Bar]:
        """The champion, then everything that it was compared with, the best first."""
        test = self.final.estimates.test
        if not test:
            return
        size, known = self._headcount(self.champion.record.program), any(one.parts for one in self.claims.values())
        own = self.source if self.champion is self.seed else "evolved team"
        yield Bar(name=own, value=test.mean, meaning=size, parts=self._parts() if known else None)
        for name, claim in sorted(self.claims.items(), key=lambda pair: -pair[1].mean):
            label = self.source if name == SEED_DOCUMENT else entrant_name(name, self.seed.name, self.champion.name)
            fewer = claim.seeds if claim.seeds < test.n else 0
            few = f"{count(fewer, 'seed')}: " if fewer else ""
            meaning = f"{few}{self._meaning(name)}"
            low, high = (None if end is None else test.mean - end for end in (claim.high, claim.low))
            yield Bar(
                name=label,
                value=claim.mean,
                meaning=meaning,
                verdict=claim.verdict,
                parts=claim.parts,
                low=low,
                high=high,
                fewer=fewer,
                first=claim.champion_mean if fewer else None,
            )

    def _parts(self) -> Parts | None:
        """What the champion's score is made of, over all of its tests."""
        scores = [score for task in self.view.tasks for score in self.view.scores(TEST, self.champion.name, task)]
        return parts_of(scores) if scores else None

    def _meaning(self, control: str) -> str:
        if control == SEED_DOCUMENT:
            return f"what you had: {self._headcount(self.view.head.program)}"
        if control == MORE_AGENTS:
            crowd = self.view.entrants.get(MORE_AGENTS)
            return crowd.about if crowd else ""
        return MEANINGS.get(control, "")

    def _headcount(self, text: str) -> str:
        return count(read(parse(text)).org.headcount, "agent")

    def _notes(self) -> Iterator[str]:
        """How much of a gain more agents alone bring, and that other seeds were used where they were."""
        crowd, seed = self.claims.get(MORE_AGENTS), self.against_seed
        if seed and crowd and seed.verdict == "better":
            alone = seed.difference - crowd.difference
            digits = digits_of(seed.difference, crowd.difference, crowd.low, crowd.high)
            known = interval(crowd.low, crowd.high, digits=digits)
            word = "" if crowd.verdict == "better" else ", which may be nothing"
            yield (
                f"Of these {plain(seed.difference, digits)}, headcount alone ({self._meaning(MORE_AGENTS)}) brings "
                f"{plain(alone, digits)}; who they are and how they are organized, "
                f"{plain(crowd.difference, digits)} {known}{word}."
            )
        if self.view.head.identity.other_seeds:
            yield f"Made with the seeds of orgopt {self.view.head.orgopt}: it can be read, and not continued."

    def _advice(self) -> Iterator[str]:
        """What follows, with the command where there is one."""
        word, simplest = self._word(), self.final.simplest
        if self.steady:
            yield REMEDY
        if word == "unchanged":
            searched = max((one.record.generation for one in self.view.candidates), default=0) + 1
            longer = self._again("--generations", 2 * searched)
            yield f"Keep {self.source}. A longer search may still find something{longer}"
        elif self._few:
            yield f"Keep {self.source} until more seeds tell{self._again('--test-seeds', ENOUGH)}"
        elif word == "better":
            smaller = self.view.candidate(simplest) if simplest != self.champion.name else None
            also = ""
            if smaller and smaller is not self.seed:
                size = self._headcount(smaller.record.program)
                also = f" {simplest} ({size}) is simpler and was as good in the race."
            yield f"Use the evolved document, best.md: it is better than {self.source}{self._unshown()}.{also}"
        else:
            why = ", which is smaller" if simplest == self.seed.name and word != "worse" else ""
            yield f"Keep {self.source}{why}."
            if word == "no difference" and not self.steady and (more := self._more_seeds()):
                yield more

    def _unshown(self) -> str:
        """Whom the champion is not shown to be better than, in one sentence with the advice to take it."""
        level = [one for name, one in self.claims.items() if one.verdict == "no difference" and name != SEED_DOCUMENT]
        ranked = sorted(level, key=lambda one: -one.mean)
        named = [entrant_name(one.entrant, self.seed.name, self.champion.name) for one in ranked]
        return f", and not shown to be better than {listing(named)}" if named else ""

    def _again(self, option: str, value: int) -> str:
        """The command that was called with another value of an option, after a colon; a full stop if it is unknown."""
        command = self.view.head.command
        return f": {again(command, option, value)}" if command else "."

    def _more_seeds(self) -> str:
        """How many more test seeds would show a difference such as this one, how long, and the command."""
        claim = self.against_seed
        if claim is None:
            return ""
        one, two = (_outputs(self.view, name) for name in (self.champion.name, self.seed.name))
        n = min(len(one), len(two))
        return more_seeds(
            claim.difference,
            float(np.std(one[:n] - two[:n], ddof=1)),
            seeds=n,
            seed_s=self._test_s(n),
            command=self.view.head.command,
            option="--test-seeds",
        )

    def _test_s(self, seeds: int) -> float:
        """Wall seconds that a test seed took, everybody who was tested on it included."""
        ats = [one.at for one in self.view.evaluations if one.phase == TEST]
        return (max(ats) - min(ats)) / seeds if ats else 0.0


def _main_claims(claims: Sequence[Claim], phase: str) -> dict[str, Claim]:
    """The claims of a phase by whom they are against: over all tasks, where there are several."""
    found = [claim for claim in claims if claim.phase == phase]
    tasks = {claim.task for claim in found}
    wanted = "all" if "all" in tasks else next(iter(tasks), "")
    return {claim.entrant: claim for claim in found if claim.task == wanted}


def _outputs(view: StudyView, entrant: str) -> np.ndarray:
    """The scores of an entrant's tests, a seed each, means over tasks."""
    by_task = [[score.research_output for score in view.scores(TEST, entrant, task)] for task in view.tasks]
    n = min(len(one) for one in by_task)
    return np.mean([one[:n] for one in by_task], axis=0)


def _losses(ablations: Sequence[Ablation]) -> Iterator[str]:
    """What the champion loses without each part: those that are sure one by one, the others together."""
    ranked = sorted(ablations, key=lambda one: -one.difference)
    sure = [one for one in ranked if one.low is not None and one.low > 0]
    digits = digits_of(*(end for one in ablations for end in (one.difference, one.low, one.high)))
    for one in sure[:_SHORT]:
        yield f"{plain(one.difference, digits)} {interval(one.low, one.high, digits=digits)} without {one.part}"
    rest = [one.part for one in ranked if one not in sure[:_SHORT]]
    if rest and not sure:
        yield "nothing that can be shown, whichever it is"
    elif rest:
        told = rest[:_SHORT]
        more = [f"{len(rest) - len(told)} more"] if len(rest) > len(told) else []
        yield f"nothing that can be shown without {listing([*told, *more])}"
