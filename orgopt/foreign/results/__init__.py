"""Results of a checkout: what its scripts print or write, which of it steers, and how it is read."""

from orgopt.foreign.results.metric import Metric, direction, metric

__all__ = ["Metric", "direction", "metric"]
