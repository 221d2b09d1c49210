"""Evolution: studies of documents on tasks, and contests between documents."""

from orgopt.evolve.search import optimize
from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.trials.arena import Arena
from orgopt.evolve.trials.job import ArenaConfig, Job

__all__ = ["Arena", "ArenaConfig", "Candidate", "Job", "optimize"]
