"""Contracts for what packages add to orgopt: a class of tests for each kind, to inherit in the package's own tests.

Needs pytest, so that nothing else of orgopt imports it: `pip install 'orgopt[testing]'`.

Example:
    from orgopt.testing import AgentContract

    class TestMine(AgentContract):
        def make_agent(self):
            return Mine()
"""

import pytest

_CONTRACTS = ("agent", "lab", "sampler", "rewriter", "task", "exporter", "study_exporter")
pytest.register_assert_rewrite(*(f"orgopt.testing.{name}" for name in _CONTRACTS))

from orgopt.testing.agent import AgentContract  # noqa: E402  after its asserts were made to speak
from orgopt.testing.exporter import ExporterContract  # noqa: E402
from orgopt.testing.lab import LabContract  # noqa: E402
from orgopt.testing.rewriter import RewriterContract  # noqa: E402
from orgopt.testing.sampler import SamplerContract  # noqa: E402
from orgopt.testing.study_exporter import StudyExporterContract  # noqa: E402
from orgopt.testing.task import TaskContract  # noqa: E402

__all__ = [
    "AgentContract",
    "ExporterContract",
    "LabContract",
    "RewriterContract",
    "SamplerContract",
    "StudyExporterContract",
    "TaskContract",
]
