"""MLflow: a projection of what a study's log already holds."""

from orgopt.tracking.projection import Tracking, store_uri

__all__ = ["Tracking", "store_uri"]
