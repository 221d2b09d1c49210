"""MLflow: a projection of what a study's log already holds."""

from orgopt.tracking.forget import forget
from orgopt.tracking.prompts import PREFIX, load_prompt, load_version
from orgopt.tracking.saved_view import VIEW
from orgopt.tracking.store import has_store, store_uri
from orgopt.tracking.sync import Sent, Tracking

__all__ = ["PREFIX", "VIEW", "Sent", "Tracking", "forget", "has_store", "load_prompt", "load_version", "store_uri"]
