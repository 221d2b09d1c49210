"""Settings that a script gives to models and optimizers in a call, as in `Forest(n_estimators=100)`."""

from collections.abc import Iterator

from orgopt.foreign.kinds import is_turned
from orgopt.foreign.sites.python_text import Source, called, calls
from orgopt.foreign.sites.site import Site

_MAKERS = {"fit", "compile", "train", "DataLoader"}


def arguments(source: Source) -> Iterator[Site]:
    """Arguments by name, of calls of what has a name of a class, that are numbers or texts which a person turns."""
    for call in calls(source.tree):
        made = called(call.func).rsplit(".", 1)[-1]
        if not (made[:1].isupper() or made in _MAKERS):
            continue
        for word in call.keywords:
            if word.arg and is_turned(word.arg):
                site = source.site(word.arg, word.value, own=False)
                if site is not None and not isinstance(site.value, str):
                    yield site
