"""The names in MLflow: of every metric (with its unit and meaning), tag and parameter, and of runs and prompts.

A name stands here once; `candidate_values` and `study_values` give the values. The tables of
`docs/reference/mlflow.md` are compared with this one. What stands in capitals in a name is filled in: `TASK/METRIC` is
`digits/heldout_loss`.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from typing import NamedTuple

from orgopt.draw.text import clean
from orgopt.org import Org, Role
from orgopt.study.records.head import StudyRecord
from orgopt.study.records.kinds import CandidateRecord
from orgopt.study.verdict.evidence import UNVARIED, unvaried
from orgopt.study.wording import SEED_DOCUMENT, plain
from orgopt.tracking.backend.entry import Point

LONGEST_NAME = 90
LONGEST_VALUE = 5000
"""Characters of a tag; MLflow's own limit, of some servers 5,000, is an error or a warning."""
LONGEST_PARAM = 500
STAR = "★"
"""Stands before the name of the champion."""
TEAM = "team"
"""The place of champion and seed document, which are compared."""
COLOUR = "mlflow.runColor"
"""The tag of a run's colour in MLflow's lists and charts."""
COLOURS = {"study": "#1b1b1b", "generation": "#b5b5b5", "champion": "#0072b2", "seed document": "#d55e00"}
"""Okabe and Ito's of champion and seed document, as in pictures."""
DECIMALS = 3
"""Of what is no score: MLflow shows as many as it is given."""
_SCORES = {"q", "0 to 1"}
_LEAST_SHOWN = 0.01  # smaller values of a task's own metric would lose too much
_LATEST = 10**11  # seconds; what comes later sorts first


class Metric(NamedTuple):
    """A metric of runs.

    Attributes:
        run: Whose runs have it: candidate, generation, study.
        name: What it is called.
        unit: In what it is measured; `q` is 0 at a task's baseline and 1 at its reference.
        meaning: What it is.
    """

    run: str
    name: str
    unit: str
    meaning: str

    def of(self, **filled: str) -> str:
        """Its name for a task, an entrant or a part, in letters that MLflow takes."""
        return _filled(self.name, {word: _legal(value) for word, value in filled.items()})

    def at(self, value: float, step: int = 0, **filled: str) -> Point:
        """A value of it, with as many digits as are read; a score has all, until it is sent (`Entry.shown`)."""
        name = self.of(**filled) if filled else self.name
        if self.unit in _SCORES:
            return Point(name, value, step, score=True)
        if self.unit == "the metric's" and abs(value) < _LEAST_SHOWN:
            return Point(name, float(f"{value:.{DECIMALS}g}"), step)
        return Point(name, round(value, DECIMALS), step)


class Label(NamedTuple):
    """A tag or a parameter of runs, traces or versions of a prompt."""

    run: str
    name: str
    meaning: str

    def of(self, **filled: str) -> str:
        """Its name for a role or a link."""
        return _filled(self.name, filled)


# Of candidates, as far as the study was when their generation ended.
OUTPUT = Metric("candidate", "search/score", "q", "mean over its seeds, and over tasks")
ERROR = Metric("candidate", "search/error", "q", "standard error of that mean, from the noise of all candidates")
ESTIMATE = Metric("candidate", "search/estimate", "q", "the mean drawn to that of all candidates, as few seeds flatter")
SEEDS = Metric("candidate", "search/seeds", "runs", "seeds on which it ran, on each task")
Q_FINAL = Metric("candidate", "search/q_final", "q", "held-out improvement of what was submitted last, mean over runs")
Q_MEAN = Metric("candidate", "search/q_mean", "q", "mean over the budget of what would be submitted, mean over runs")
PROGRESS = Metric(
    "candidate",
    "search/validation_progress",
    "0 to 1",
    "the metric that steers of what was submitted last, mean over runs",
)
UTILISATION = Metric("candidate", "utilisation", "share", "of the slots' time that experiments ran, mean over runs")
AGENT_S = Metric("candidate", "agent_s", "agent-seconds", "spent thinking and meeting, mean over runs")
EXPERIMENTS = Metric("candidate", "experiments", "experiments", "in all of its runs")
TASK_OUTPUT = Metric("candidate", "TASK/score", "q", "mean over its seeds on one task")
TASK_HELDOUT = Metric(
    "candidate",
    "TASK/METRIC",
    "the metric's",
    "held-out metric of what was submitted, as the script has it, mean over seeds",
)
BUDGET_Q = Metric(
    "candidate", "budget/q.TASK", "q", "what would be submitted, mean over seeds; a step a second of budget"
)
BUDGET_BEST = Metric(
    "candidate", "budget/best.TASK", "the metric's", "best that the team has seen, on the first seed; a step a second"
)
TEST_OUTPUT = Metric("candidate", "test/score", "q", "of champion and seed document: mean on test seeds")
TEST_BUDGET = Metric(
    "candidate", "test/over the budget", "q", "of both: what would be submitted, mean over seeds; a step a second"
)
TEST_SEEDS = Metric("candidate", "test/seeds", "runs", "of both: test seeds on which it ran, on each task")
TEST_SECONDS = Metric("candidate", "seconds of the budget", "s", "the axis of charts over it, by step")
TEST_ENDS = Metric(
    "candidate",
    "score by which the champion is better",
    "q above",
    "of the seed document: the ends and what is between; of the champion 0: the axis of a chart, by step",
)
TEST_ROW = Metric("candidate", "test/row", "number", "of both: the row of that chart, by step")
TEST_PROGRESS = Metric(
    "candidate", "test/validation_progress", "0 to 1", "of the champion alone: of what it submitted last"
)
TEST_Q_FINAL = Metric("candidate", "test/q_final", "q", "likewise")
TEST_Q_MEAN = Metric("candidate", "test/q_mean", "q", "likewise")

# Of controls, which ran on the test seeds alone.
CONTROL_OUTPUT = Metric("control", TEST_OUTPUT.name, "q", "its mean on test seeds")
CONTROL_BUDGET = Metric("control", TEST_BUDGET.name, "q", "what it would submit, mean over seeds; a step a second")
CONTROL_SEEDS = Metric("control", TEST_SEEDS.name, "runs", "test seeds on which it ran, on each task")
CONTROL_ENDS = Metric("control", TEST_ENDS.name, "q above", "as the seed document's")
CONTROL_ROW = Metric("control", TEST_ROW.name, "number", "likewise")
CONTROL_SECONDS = Metric("control", TEST_SECONDS.name, "s", "likewise")

# Of generations.
GENERATION_BEST = Metric("generation", "search/score", "q", "of its best candidate that kept all its seeds")
GENERATION_MEDIAN = Metric("generation", "median", "q", "of its candidates")
GENERATION_SIZE = Metric("generation", "candidates", "candidates", "that counted and ran")

# Of studies: a step a generation at first, then what the test says.
BEST = Metric("study", "generations/best", "q", "of the generation's best candidate that kept all its seeds")
MEDIAN = Metric("study", "generations/median", "q", "of the generation's candidates")
BEST_SO_FAR = Metric("study", "generations/best_so_far", "q", "the greatest best of all generations so far")
BY_GENERATION = Metric("study", "generation", "number", "the axis of charts by generation, by step")
STUDY_TEST = Metric("study", "test/score", "q", "of the champion on test seeds, all tasks")
CLAIM_OTHER = Metric("study", "CLAIM/ENTRANT", "q", "of others on the same seeds; CLAIM is a phase, such as `test`")
STUDY_AHEAD = Metric("study", "test/ahead of seed document", "q", "how far the champion is ahead of it")
STUDY_RUNS = Metric("study", "runs", "runs", "of teams, in all")
STUDY_EXPERIMENTS = Metric("study", "experiments", "experiments", "in all runs")

# Tags, by which runs are searched and grouped.
KIND = Label("all", "orgopt.kind", "study, generation, candidate or control")
STUDY = Label("all", "orgopt.study", "which study it belongs to: the digest of its name and settings")
KEY = Label("all", "orgopt.key", "what it stands for in its study, such as `g01-c05`")
ORDER = Label(
    "all",
    "orgopt.order",
    "sorts runs: the newest study first, below it seed document, champion and controls, then as they happened",
)
PLACE = Label(
    "all",
    "orgopt.place",
    "study, generation, control, team (champion and seed document) or former champion; else there is none",
)
RESULT = Label(
    "all", "orgopt.result", "what is known of it in a few words: of studies the verdict, of others their place"
)
TASKS = Label("all", "orgopt.task", "the tasks of the study")
METRIC = Label("all", "orgopt.metric", "`self-reported` where the script prints its own; else there is none")
SEED = Label("all", "orgopt.seed", "`does not vary with the seed` where fresh seeds change nothing; else there is none")
CANDIDATE = Label("candidate", "orgopt.candidate", "its name; traces have it, too")
GENERATION = Label("candidate", "orgopt.generation", "its number; runs of generations have it, too")
PARENT = Label("candidate", "orgopt.parent", "the candidate that it is a change of; empty for the seed document")
PROPOSER = Label("candidate", "orgopt.proposer", "who proposed it")
CHANGES = Label("candidate", "orgopt.changes", "what it changes, in words")
STUDIES = Label("candidate", "orgopt.studies", "of a search: the studies that its runs were, each with its seed")
WAS_DROPPED = Label("candidate", "orgopt.dropped", "`true` if it got no more seeds, being clearly worse")
COMMIT = Label("candidate", "orgopt.commit", "digest of the document; of a study the commit of its workspace, if any")
CHAMPION = Label("candidate", "orgopt.champion", "`true` on the champion; the study has its name")
VERSION = Label("study", "orgopt.version", "the version of orgopt")
VERDICT = Label("study", "orgopt.verdict", "the verdict with its interval, in a line or two")
TRAINING_SET = Label("feedback model", "orgopt.training_set", "digest of what it learned from")
PROMPT_CHAMPION = Label("prompt", "verdict", "the verdict of the study in a few words")
VERSION_CANDIDATE = Label("prompt version", "candidate", "whose document it is")
VERSION_GENERATION = Label("prompt version", "generation", "of which generation")
VERSION_TEST_SCORE = Label(
    "prompt version", "score on test seeds", "the score with its 95 % interval: the one to quote"
)
VERSION_SCORE = Label(
    "prompt version", "score in the search", "the score in the search, for which it was chosen: flattered"
)

# Parameters, by which candidates are compared, as far as they vary in the study. Their names are short and have no
# spaces but in links, since MLflow breaks and cuts others. A study's parameters are its settings, as its log has them.
PARAM_HEADCOUNT = Label("candidate", "agents", "in all")
PARAM_LINKS = Label("candidate", "links", "in all")
PARAM_STANDUP = Label("candidate", "stand-up", "as the document writes it, or off")
PARAM_ROLE = Label("candidate", "ROLE.KEY", "what a role with agents works with, such as `explorer.agent`")
PARAM_LINK = Label("candidate", "SOURCE to TARGET", "kind and pattern of a link")
PARAM_MUTUAL = Label("candidate", "SOURCE and TARGET", "kind and pattern of a mutual link")

# Collected from what stands above, so that no name can be used and missing in the table.
_ALL = tuple(globals().values())
METRICS = tuple(one for one in _ALL if isinstance(one, Metric))
LABELS = tuple(one for one in _ALL if isinstance(one, Label))


def study_id(head: StudyRecord) -> str:
    """What tells a study from every other of its name, in any store."""
    return hashlib.sha256(json.dumps([head.name, head.at, head.settings]).encode()).hexdigest()[:12]


def digest(text: str) -> str:
    """The digest of a document, as the study's log has it of the seed document."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def candidate_title(record: CandidateRecord, org: Org) -> str:
    """A name that reads: `g03 · c07 · Explorer: headcount 2 → 3, Stand-up: off`; the seed document's says who it is."""
    if record.parent is None:
        return _cut(f"{SEED_DOCUMENT} · {record.name} · {_team(org)}")
    return _cut(f"{_place(record)} · {clean(', '.join(record.changes))}")


def champion_title(record: CandidateRecord, org: Org) -> str:
    """The champion by what it is, not by its last change: `★ champion · g03-c07 · Lead (gp) × 2, Explorer (tpe)`."""
    return _cut(f"{STAR} champion · {record.name} · {_team(org)}")


def _team(org: Org) -> str:
    return clean(", ".join(_who(role) for role in org.roles if role.headcount))


def _who(role: Role) -> str:
    return f"{role.name} ({role.agent})" + f" × {role.headcount}" * (role.headcount > 1)


def _place(record: CandidateRecord) -> str:
    return record.name.replace("-", " · ")


def order(head: StudyRecord, *places: int) -> str:
    """Sorts runs: the newest study first, its generations and their candidates as they happened."""
    return " ".join([f"{_LATEST - int(head.at):011d}", *(f"{place:05d}" for place in places)])


def order_ahead(head: StudyRecord, place: int) -> str:
    """Sorts runs right below their study, before its generations: seed document, champion, controls."""
    return f"{order(head)} - {place:02d}"


def generation_title(number: int, best: str, value: float) -> str:
    """`g03 · best 0.33 by c08`."""
    return f"g{number:02d} · best {plain(value)} by {best.split('-')[-1]}"


def experiment_name(head: StudyRecord) -> str:
    """The experiment of a study: its tasks."""
    return "+".join(head.identity.tasks)


def prompt_name(study: str) -> str:
    """The prompt of the documents of a study, by its name, in the letters that MLflow takes."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", study) + ".md"


def former_prompt_name(study: str) -> str:
    """How orgopt 0.1 named it."""
    return "program-md." + prompt_name(study).removesuffix(".md")


def reporting(head: StudyRecord) -> dict[str, str]:
    """The tags of a study whose metric is self-reported, or the same with every seed; none where all are judged."""
    tasks, named = head.identity.tasks, head.identity.self_reported
    steady = unvaried(head.identity, head.tasks)
    found = {METRIC.name: ("self-reported", named)} if named else {}
    if steady:
        found[SEED.name] = (UNVARIED, [*steady])
    return {tag: said + f": {', '.join(some)}" * (len(some) < len(tasks)) for tag, (said, some) in found.items()}


def _filled(name: str, words: Mapping[str, str]) -> str:
    return re.sub(r"[A-Z]{2,}", lambda word: words[word[0].lower()], name)


def _legal(name: str) -> str:
    """A name in letters that MLflow takes of metrics and parameters."""
    words = name.replace("→", " to ").replace("↔", " and ").replace("+", " and ")
    plain = " ".join(re.sub(r"[^\w.\- :]", " ", words).split())
    return plain.strip(". ")[:LONGEST_NAME] or "-"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1].rstrip() + "…"
