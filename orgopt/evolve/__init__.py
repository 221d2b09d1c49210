"""Evolution: studies of documents on tasks, and contests between documents."""

from orgopt.evolve.arena import Arena, Job, Terms
from orgopt.evolve.contest import compare
from orgopt.evolve.search import optimize
from orgopt.evolve.watch import Candidate, Watch

__all__ = ["Arena", "Candidate", "Job", "Terms", "Watch", "compare", "optimize"]
