"""MLflow: a projection of what a study's log already holds."""

from orgopt.tracking.content import VIEW
from orgopt.tracking.projection import Tracking
from orgopt.tracking.store import store_uri

__all__ = ["VIEW", "Tracking", "store_uri"]
