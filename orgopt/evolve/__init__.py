"""Evolution: a study of documents on a task."""

from orgopt.evolve.search import SAMPLERS, Candidate, Watch, optimize
from orgopt.evolve.study_log import StudyConfig, StudyLog, study_name

__all__ = ["SAMPLERS", "Candidate", "StudyConfig", "StudyLog", "Watch", "optimize", "study_name"]
