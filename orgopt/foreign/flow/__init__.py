"""How numbers flow through a checkout: from where they are written to optimizers, layers, loops and searches."""

from orgopt.foreign.flow.reach import Reached, by_file

__all__ = ["Reached", "by_file"]
