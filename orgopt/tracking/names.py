"""What things are called in MLflow, and document text made harmless: pure functions.

The names of metrics stand where their values are: `candidate`, `overview` and `budget_curves`.
"""

import hashlib
import json
import re

from orgopt.draw.content import clean
from orgopt.study.records.head import StudyRecord
from orgopt.study.records.kinds import CandidateRecord
from orgopt.study.verdict.evidence import UNVARIED, unvaried

LONGEST_NAME = 90
LONGEST_VALUE = 5000
"""Characters of a tag; MLflow's own limit, of some servers 5,000, is an error or a warning."""
LONGEST_PARAM = 500


def study_id(head: StudyRecord) -> str:
    """What tells a study from every other of its name, in any store."""
    return hashlib.sha256(json.dumps([head.name, head.at, head.settings]).encode()).hexdigest()[:12]


def digest(text: str) -> str:
    """The digest of a document, as the study's log has it of the seed document."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def candidate_title(record: CandidateRecord) -> str:
    """A name that reads: `g03 · c07 · Explorer: headcount 2 → 3, Stand-up: off`."""
    generation, number = record.name.split("-")
    return _cut(f"{generation} · {number} · {clean(', '.join(record.changes))}")


def generation_title(number: int, best: str, value: float) -> str:
    """`g03 · best +0.325 by c08`."""
    return f"g{number:02d} · best {value:+.3f} by {best.split('-')[-1]}"


def experiment_name(head: StudyRecord) -> str:
    """The experiment of a study: its tasks."""
    return "+".join(head.identity.tasks)


def prompt_name(study: str) -> str:
    """The prompt of the champions of a study, by its name, in the letters that MLflow takes."""
    return "program-md." + re.sub(r"[^A-Za-z0-9._-]", "-", study)


def reporting(head: StudyRecord) -> dict[str, str]:
    """The tags of a study whose metric is self-reported, or the same with every seed; none where all are judged."""
    tasks, named = head.identity.tasks, head.identity.self_reported
    steady = unvaried(head.identity, head.tasks)
    found = {"orgopt.metric": ("self-reported", named)} if named else {}
    if steady:
        found["orgopt.seed"] = (UNVARIED, [*steady])
    return {tag: said + f": {', '.join(some)}" * (len(some) < len(tasks)) for tag, (said, some) in found.items()}


def metric_name(section: str, name: str) -> str:
    """A name that MLflow takes of a metric, in a section of its charts."""
    words = name.replace("→", " to ").replace("↔", " and ").replace("+", " and ")
    plain = " ".join(re.sub(r"[^\w.\- :]", " ", words).split())
    return f"{section}/{plain.strip('. ')[:LONGEST_NAME] or '-'}"


def escape(text: str) -> str:
    """Document text as Markdown that shows it and does nothing else."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>#|&!~$" else char for char in clean(text))


def signed(value: float) -> str:
    """A research output: `+0.325`, with a true minus sign."""
    return f"{value:+.3f}".replace("-", "−")


def interval(low: float | None, high: float | None) -> str:
    """`[−0.266, +0.563]`; nothing for a single seed, which has none. The brackets make no link."""
    return "" if low is None or high is None else rf"\[{signed(low)}, {signed(high)}\]"


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_NAME else text[: LONGEST_NAME - 1].rstrip() + "…"
