"""How an optimizer tries charters: by whole runs of the team, or by putting fixed questions to its roles.

Needs DSPy where roles are asked, so that it is imported late.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from orgopt.agents.session import Means
from orgopt.agents.thinking.failures import UNANSWERED, Failure
from orgopt.agents.thinking.spend import OverBudgetError
from orgopt.agents.thinking.texts import bounded, clean
from orgopt.asking.ask import Reply, ask, worth
from orgopt.document import Program, read
from orgopt.errors import ModelError
from orgopt.evolve.proposers.rewrite.evidence import Scored, role_record, run_digest
from orgopt.evolve.trials.runs import Runs, Wanted
from orgopt.org import Role
from orgopt.seeds import Stream, derive
from orgopt.study.config import BY_ASKING, StudyConfig
from orgopt.study.records.names import REWRITE
from orgopt.tasks.task import Task

FAILED = -1.0
"""What charters count that could not be tried: below what doing nothing gives."""
_MAX_DID = 2_000  # characters of what a role answered


class Played(NamedTuple):
    """What came of trying charters: a score, its story, and what each role did."""

    output: float
    story: str
    did: Mapping[str, str]


class Plays(Protocol):
    """Tries documents on the seeds of rewriting.

    Attributes:
        measure: What is counted, in words.
        nouns: What tries are, in words.
        runs: How many runs of teams were done.
        calls, tokens, usd: What was asked of language models besides, and what it cost.
    """

    measure: str
    nouns: str
    runs: int
    calls: int
    tokens: int
    usd: float

    def play(self, program: Program, entrant: str, task: str, k: int) -> Played | None:
        """Try a document on the k-th seed; None where nothing came of it.

        Raises:
            OrgoptError: The study has to stop.
        """
        ...


class TeamRuns(Plays):
    """Tries documents by runs of the team, which are in the study's log.

    Args:
        runs: Does runs, and remembers them.
        roles: Whose records are wanted.
    """

    def __init__(self, runs: Runs, roles: Sequence[Role]) -> None:
        self._runs, self._roles = runs, roles
        self.measure, self.nouns = "research output", "runs"
        self.runs, self.calls, self.tokens, self.usd = 0, 0, 0, 0.0
        self._done = set[tuple[str, str, int]]()

    def play(self, program: Program, entrant: str, task: str, k: int) -> Played | None:
        self._runs.do(REWRITE, [Wanted(entrant, program.text, k)], [task])
        log = self._runs.log
        score, ledger = log.score(REWRITE, entrant, task, k), log.kept_run(REWRITE, entrant, task, k)
        if score is None:
            return None
        self._done.add((entrant, task, k))
        self.runs = len(self._done)
        if ledger is None:
            return Played(score.research_output, f"research output {score.research_output:+.3f}", {})
        run = Scored(f"seed {k}", read(program).org, self._runs.arena.tasks[task], score, ledger)
        return Played(score.research_output, run_digest(run), {one.id: role_record(run, one.id) for one in self._roles})


class Questions(Plays):
    """Tries documents by asking each role once in each situation that it meets, in a replay; answers are kept.

    Args:
        runs: In whose arena the replay is, and where answers are kept.
        roles: Whose answers are wanted.
    """

    def __init__(self, runs: Runs, roles: Sequence[Role]) -> None:
        self._runs, self._roles = runs, roles
        self.measure, self.nouns = "valid answers and their gain", "rounds of questions"
        self.runs, self.calls, self.tokens, self.usd = 0, 0, 0, 0.0
        self._known: dict[tuple[str, str, int], Played] = {}

    def play(self, program: Program, entrant: str, task: str, k: int) -> Played | None:
        key = (entrant, task, k)
        if key not in self._known:
            self._known[key] = self._asked(program, entrant, task, k)
        return self._known[key]

    def _asked(self, program: Program, entrant: str, name: str, k: int) -> Played:
        arena, replies = self._runs.arena, list[Reply]()
        org, task = read(program).org, arena.tasks[name]
        folder = self._runs.log.run_folder(REWRITE, entrant) / f"ask-{name}-{k}"
        folder.mkdir(parents=True, exist_ok=True)
        seed = derive(Stream.REWRITE, self._runs.seed, k)
        with (arena.terms.means or Means()).open(org, folder=folder) as language:
            ask(
                org, task, arena.lab(name), language, samples=1, seed=seed, told=lambda one: replies.append(_sound(one))
            )
        for thought in (reply.thought for reply in replies):
            self.calls += thought.calls
            self.tokens += thought.input_tokens + thought.output_tokens
            self.usd += thought.usd
        lines = defaultdict[str, list[str]](list)
        for reply in replies:
            lines[reply.role].append(_came(reply, task))
        value = worth(replies)
        story = [f"{self.measure} {value:+.3f}", *(f"{role}: {line}" for role, row in lines.items() for line in row)]
        did = {one.id: bounded(lines[one.name], _MAX_DID) for one in self._roles}
        return Played(value, bounded(story, _MAX_DID), did)


def plays_of(config: StudyConfig, runs: Runs, roles: Sequence[Role]) -> Plays:
    """How the optimizer of a study tries charters."""
    return (Questions if config.rewrite_metric == BY_ASKING else TeamRuns)(runs, roles)


def _sound(reply: Reply) -> Reply:
    """A reply that says something of its charter.

    Raises:
        OverBudgetError: The study's money is spent.
        ModelError: Nobody answered.
    """
    thought = reply.thought
    if thought.failure == Failure.OVER_BUDGET:
        raise OverBudgetError(f"{reply.role} could not be asked within {thought.error}")
    if thought.failure in UNANSWERED:
        raise ModelError(f"{reply.role} could not be asked: {thought.failure}: {thought.error}")
    return reply


def _came(reply: Reply, task: Task) -> str:
    """What a role answered in a situation, and what that would give."""
    thought = reply.thought
    if thought.failure:
        return f"{reply.moment}: the answer could not be used: {clean(thought.error)}"
    if thought.proposal is None:
        return f"{reply.moment}: {clean(thought.text)}"
    before = reply.start or task.complete({})
    moved = [f"{name} {before[name]} → {to}" for name, to in thought.proposal.settings.items() if before[name] != to]
    gain = "" if reply.gain is None else f", {reply.gain:+.3f} as a quality against its start"
    return f"{reply.moment}: {clean(', '.join(moved) or 'the same again', 160)}{gain}: {clean(thought.proposal.note)}"
