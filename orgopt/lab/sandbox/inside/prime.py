"""Data that all experiments share, read by a process that ends: what it read beside that, nobody else ever had.

An experiment is a fork of the warm process and can read all of its memory, freed parts included. So the warm process
reads no data itself: a child calls the functions of `prepare` that the task names, and hands over what they return.
"""

import functools
import os
import pickle
import sys
import traceback
from collections.abc import Callable, Sequence
from typing import IO, Any, NoReturn, cast

from . import isolate

# These types alone, and no subclasses: an object of such a one can carry anything.
_PLAIN = (bool, int, float, complex, str, bytes, type(None))


def prime(calls: Sequence[str], hidden: Sequence[str]) -> None:
    """Let functions of `prepare` know what they return, as if they had been called here.

    Args:
        calls: Each a function's name and its arguments, which are text.
        hidden: Covered files that they may read.

    Raises:
        SystemExit: One of them failed; the child has said why.
    """
    if not calls:
        return
    source, target = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(source)
        _call(calls, hidden, target)
    os.close(target)
    found: dict[str, dict[tuple[str, ...], Any]] = {}
    # Read before the child is waited for: one that has more to write than a pipe holds would never end.
    with os.fdopen(source, "rb") as values:
        for call in calls:
            name, *arguments = call.split()
            try:
                found.setdefault(name, {})[tuple(arguments)] = pickle.load(values)
            except (EOFError, pickle.UnpicklingError):
                break
    if os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]):
        raise SystemExit(1)
    prepare = sys.modules["prepare"]
    for name, answers in found.items():
        setattr(prepare, name, _knowing(getattr(prepare, name), answers))


def _call(calls: Sequence[str], hidden: Sequence[str], target: int) -> NoReturn:
    """Call the functions and write what they return; ends this process."""
    code = 1
    try:
        isolate.close_to_others()
        isolate.uncover(hidden)
        with os.fdopen(target, "wb") as values:
            for call in calls:
                name, *arguments = call.split()
                _write(call, getattr(sys.modules["prepare"], name)(*arguments), values)
        code = 0
    except BaseException:  # noqa: BLE001  a forked child must never return into what its parent does next
        traceback.print_exc()
    finally:
        os._exit(code)


def _write(call: str, value: Any, values: IO[bytes]) -> None:
    if value is None:
        raise TypeError(f"[sandbox] prime: prepare.py's {call} returned nothing: let it return the data")
    try:
        own = copied(value)
    except TypeError as error:
        raise TypeError(f"[sandbox] prime: prepare.py's {call} returned {error}") from None
    pickle.dump(own, values, protocol=5)
    values.flush()


def copied(value: Any) -> Any:
    """The value with arrays of its own: a view's base may hold more than the view shows.

    Raises:
        TypeError: It has something else than arrays, numbers and text in tuples, lists and dicts.
    """
    if type(value) in _PLAIN:
        return value
    if type(value) in (tuple, list):
        return type(value)(copied(one) for one in value)
    if type(value) is dict:
        return {copied(key): copied(one) for key, one in cast("dict[Any, Any]", value).items()}
    numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
    if numpy is not None and type(value) is numpy.ndarray and not value.dtype.hasobject:
        return value.copy()
    if numpy is not None and isinstance(value, numpy.generic):
        return value
    if torch is not None and type(value) is torch.Tensor:
        return value.detach().clone()
    kind = type(cast("object", value))
    what = "what is shared are arrays, numbers and text, in tuples, lists and dicts"
    raise TypeError(f"a {kind.__module__}.{kind.__qualname__}: {what}")


def _knowing(function: Callable[..., Any], answers: dict[tuple[str, ...], Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def known(*arguments: Any, **named: Any) -> Any:
        if not named and arguments in answers:
            return answers[arguments]
        return function(*arguments, **named)

    return known
