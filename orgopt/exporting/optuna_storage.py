"""Studies in Optuna's own storage, for optuna-dashboard and its like."""

import datetime as dt
import warnings
from collections.abc import Mapping, Sequence

import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import TrialState, create_trial

from orgopt.basics.addresses import without_passwords
from orgopt.errors import StoreError, UsageError
from orgopt.exporting.base import told
from orgopt.study.records.values import Value
from orgopt.study.view import CandidateView, StudyView

METRIC = "research output"
"""What dashboards write on their axes."""


class OptunaStorage:
    """Optuna's own storages: files, and databases by their address."""

    def export(self, view: StudyView, target: str) -> int:
        """Write the candidates that were told as the trials of a study of the same name; returns how many.

        Raises:
            UsageError: There is no such kind of storage.
            StoreError: It cannot be written.
        """
        return _write(view, target)


def _write(view: StudyView, storage: str) -> int:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    done = told(view)
    distributions = _distributions([one.record.params for one in done])
    name = view.head.name
    shown = without_passwords(storage)
    try:
        backend = optuna.storages.get_storage(storage)
        if name in {one.study_name for one in optuna.get_all_study_summaries(backend)}:
            optuna.delete_study(study_name=name, storage=backend)
        study = optuna.create_study(study_name=name, storage=backend, direction="maximize")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
            study.set_metric_names([METRIC])
        study.add_trials([_trial(one, distributions) for one in done])
    except (ValueError, ImportError) as error:
        raise UsageError(f"{shown} is no storage of Optuna's: {_said(error, storage)}") from None
    except Exception as error:
        if type(error).__module__.partition(".")[0] not in {"sqlalchemy", "optuna"}:
            raise
        what = _said(error, storage)
        if type(error).__name__ in {"ArgumentError", "NoSuchModuleError"}:
            raise UsageError(f"{shown} is no storage of Optuna's: {what}") from None
        raise StoreError(f"cannot write {shown}: {what}") from None
    return len(done)


def _said(error: Exception, storage: str) -> str:
    """The first line of an error that names a storage."""
    first = next(iter(str(error).splitlines()), type(error).__name__)
    return without_passwords(first.replace(storage, without_passwords(storage)))


def _trial(one: CandidateView, distributions: dict[str, BaseDistribution]) -> optuna.trial.FrozenTrial:
    assert one.standing
    record = one.record
    trial = create_trial(
        state=TrialState.PRUNED if one.dropped else TrialState.COMPLETE,
        value=one.standing.value,
        params={name: record.params[name] for name in distributions},
        distributions=distributions,
        user_attrs={
            "candidate": one.name,
            "generation": record.generation,
            "parent": record.parent,
            "changes": "; ".join(record.changes),
            "error": one.standing.error,
            "seeds": one.standing.seeds,
        },
    )
    trial.datetime_start = trial.datetime_complete = dt.datetime.fromtimestamp(record.at)  # noqa: DTZ006  Optuna's are naive
    return trial


def _distributions(params: Sequence[Mapping[str, Value]]) -> dict[str, BaseDistribution]:
    """Distributions that hold all values that are there, of parameters that have several.

    The log does not have those of the search; what never varied would fill a dashboard's charts with lines of nothing.
    """
    found: dict[str, BaseDistribution] = {}
    for name in params[0] if params else ():
        values = [one[name] for one in params]
        if all(value == values[0] for value in values):
            continue
        numbers = [value for value in values if isinstance(value, int | float) and not isinstance(value, bool)]
        whole = [value for value in numbers if isinstance(value, int)]
        if len(whole) == len(values):
            found[name] = optuna.distributions.IntDistribution(min(whole), max(whole))
        elif len(numbers) == len(values):
            found[name] = optuna.distributions.FloatDistribution(min(numbers), max(numbers))
        else:
            found[name] = optuna.distributions.CategoricalDistribution(list(dict.fromkeys(values)))
    return found
