"""Stand-ins for W&B, SwanLab, MLflow and TensorBoard, which keep what a script sends to them in a file of JSON lines.

An experiment has no network and no account, and what it sends to a tracker alone would be lost. The stand-ins take all
calls; what they are told of numbers is written down, everything else does nothing.
"""

import json
import sys
from collections.abc import Callable, Mapping
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import Any, cast

TRACKED = "tracked.jsonl"
"""The file that a task names as the one that its metric is written to."""


class Nothing:
    """What takes every call, attribute and use as a context, and does nothing."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Nothing()

    def __call__(self, *given: Any, **named: Any) -> Any:  # noqa: ARG002
        return given[0] if len(given) == 1 and callable(given[0]) else Nothing()  # a decorator leaves what it is given

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *given: object) -> None:
        return None

    def __setitem__(self, key: object, value: object) -> None:
        return None

    def __iter__(self) -> Any:
        return iter(())

    def __bool__(self) -> bool:
        return False


class Settings(dict[str, Any]):
    """What a script gives a run as its configuration, by key and by attribute."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value

    def update(self, *given: Any, **named: Any) -> None:
        named.pop("allow_val_change", None)
        for one in given:
            super().update(
                {} if one is None else cast("Mapping[str, Any]", one if isinstance(one, Mapping) else vars(one))
            )
        super().update(named)


class Run(Nothing):
    """A run of W&B or SwanLab, and what both offer as a module."""

    def __init__(self, keep: Callable[[Mapping[str, Any]], None]) -> None:
        self._keep = keep
        self.config = Settings()
        self.summary = Settings()
        self.id = self.name = "run"
        self.dir = "."

    def init(self, *given: Any, config: Any = None, **named: Any) -> Any:  # noqa: ARG002
        self.config.update(config)
        return self

    def log(self, data: Any, *given: Any, **named: Any) -> None:  # noqa: ARG002
        if isinstance(data, Mapping):
            self._keep(cast("Mapping[str, Any]", data))

    def finish(self, *given: Any, **named: Any) -> None:  # noqa: ARG002
        if self.summary:
            self._keep(self.summary)


class Writer(Nothing):
    """TensorBoard's writer, and MLflow's functions."""

    def __init__(self, keep: Callable[[Mapping[str, Any]], None]) -> None:
        self._keep = keep

    def add_scalar(self, tag: str, scalar_value: Any, *given: Any, **named: Any) -> None:  # noqa: ARG002
        self._keep({tag: scalar_value})

    def add_scalars(self, main_tag: str, tag_scalar_dict: Mapping[str, Any], *given: Any, **named: Any) -> None:  # noqa: ARG002
        self._keep({f"{main_tag}/{tag}": value for tag, value in tag_scalar_dict.items()})

    def log_metric(self, key: str, value: Any, *given: Any, **named: Any) -> None:  # noqa: ARG002
        self._keep({key: value})

    def log_metrics(self, metrics: Mapping[str, Any], *given: Any, **named: Any) -> None:  # noqa: ARG002
        self._keep(metrics)


def stand_in(path: Path) -> None:
    """Put stand-ins in the place of trackers, for this process; what they are told goes to a file."""

    def keep(data: Mapping[str, Any]) -> None:
        numbers = {str(name): one for name, value in data.items() if (one := _number(value)) is not None}
        if numbers:
            with path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(numbers) + "\n")

    run, writer = Run(keep), Writer(keep)
    for name in ("wandb", "swanlab"):
        _put(name, run, {"run": run, "Settings": Nothing()})
    _put("mlflow", writer, {})
    for name in ("pytorch", "sklearn", "keras", "tensorflow", "xgboost", "lightgbm", "models", "tracking"):
        _put(f"mlflow.{name}", writer, {})

    def made(*given: Any, **named: Any) -> Writer:  # noqa: ARG001
        return writer

    for name in ("torch.utils.tensorboard", "torch.utils.tensorboard.writer", "tensorboardX"):
        _put(name, Nothing(), {"SummaryWriter": made})


def _number(value: Any) -> float | None:
    """A number, as Python, NumPy and torch have them; None for anything else."""
    try:
        return None if isinstance(value, str | bytes | bool) else float(value)
    except (TypeError, ValueError):
        return None


def _put(name: str, offers: Any, more: Mapping[str, Any]) -> None:
    """Set up a module that offers what an object does."""
    module = _Module(name)
    module.__dict__.update(__offers=offers, __path__=[], __spec__=ModuleSpec(name, None, is_package=True), **more)
    sys.modules[name] = module


class _Module(ModuleType):
    """A module whose attributes are those of an object."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return sys.modules.get(f"{self.__name__}.{name}") or getattr(self.__dict__["__offers"], name)
