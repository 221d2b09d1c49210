"""Exports: documents in the form of another tool, and studies in its storage."""

from orgopt.exporting.base import EXPORTER_KIND, STUDY_EXPORTER_KIND, Exporter, StudyExporter


def find_exporter(name: str) -> Exporter:
    """An exporter of documents by its name: one of orgopt's own, or an installed package's.

    Raises:
        UsageError: There is no such exporter.
        PluginError: The package that has it does not work, or the name is taken twice.
    """
    EXPORTER_KIND.check(name)
    if name not in EXPORTER_KIND.own:
        return EXPORTER_KIND.make(name, Exporter)
    from orgopt.exporting.own import OWN

    return OWN[name]


def find_study_exporter(name: str) -> StudyExporter:
    """An exporter of studies by its name: one of orgopt's own, or an installed package's.

    Raises:
        UsageError: There is no such exporter.
        PluginError: The package that has it does not work, or the name is taken twice.
    """
    STUDY_EXPORTER_KIND.check(name)
    if name not in STUDY_EXPORTER_KIND.own:
        return STUDY_EXPORTER_KIND.make(name, StudyExporter)
    from orgopt.exporting.optuna_storage import OptunaStorage

    return OptunaStorage()
