"""Evolution: studies of documents on tasks, and contests between documents."""

from orgopt.evolve.compare.contest import compare
from orgopt.evolve.search import optimize
from orgopt.evolve.space.candidate import Candidate
from orgopt.evolve.trials.arena import Arena, Job, Terms
from orgopt.evolve.watch import Watch

__all__ = ["Arena", "Candidate", "Job", "Terms", "Watch", "compare", "optimize"]
