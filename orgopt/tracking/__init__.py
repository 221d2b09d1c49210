"""MLflow: a projection of what a study's log already holds.

Each name loads its module when it is first used: a study begins a process that sends it, and needs nothing else here.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orgopt.tracking.backend.store import has_store, store_uri
    from orgopt.tracking.prompts import PREFIX, load_prompt, load_version
    from orgopt.tracking.shown.saved_view import VIEW
    from orgopt.tracking.sync import Sent, Tracking

_HOMES = {
    "PREFIX": "prompts",
    "VIEW": "shown.saved_view",
    "Sent": "sync",
    "Tracking": "sync",
    "has_store": "backend.store",
    "load_prompt": "prompts",
    "load_version": "prompts",
    "store_uri": "backend.store",
}


__all__ = ["PREFIX", "VIEW", "Sent", "Tracking", "has_store", "load_prompt", "load_version", "store_uri"]


if not TYPE_CHECKING:  # else a name that is misspelled would be anything at all

    def __getattr__(name: str) -> Any:
        if name not in _HOMES:
            raise AttributeError(f"module 'orgopt.tracking' has no attribute '{name}'")
        return getattr(import_module(f"orgopt.tracking.{_HOMES[name]}"), name)
